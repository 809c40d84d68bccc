/* SPDX-License-Identifier: MIT */
/*
 * nat44.h - the kernel's NAT44 for a LAN behind one address
 *
 *	table ip xlat-DEVICE {
 *		flags owner
 *		chain postrouting {
 *			type nat hook postrouting priority srcnat
 *			oif DEVICE ip saddr LAN masquerade [to :PORT-PORT]
 *		}
 *	}
 *
 * The kernel has connections, helpers and offload for it; a NAPT of our own
 * would add nothing. The table belongs to the netlink socket that made it
 * (Linux 5.12): nobody else changes or flushes it, and it goes with us,
 * however we end. An older kernel gets an ordinary one.
 */
#ifndef XLAT_LINUX_NAT44_H
#define XLAT_LINUX_NAT44_H

#include "nl.h"

/**
 * struct nat44 - a table of nftables; zeroed: none, and none can be made
 * @nl:		its owner
 * @table:	name; "": it is not there
 */
struct nat44 {
	struct nl nl;
	char table[24];
};

/* Open the socket, with CAP_NET_ADMIN. Return: 0 or -errno. */
XL_MUST_USE int nat44_open(struct nat44 *n);

/**
 * nat44_add() - sources in @lan get the address of the device that they leave
 * by
 * @lan:	IPv4
 * @first, @last: and ports, and identifiers of pings, from these; 0: from all
 *
 * Return: 0 or -errno; @n->nl.error is what the kernel says
 */
XL_MUST_USE int nat44_add(struct nat44 *n, int ifindex, const char *device,
			  const struct nl_net *lan, uint16_t first,
			  uint16_t last);

/* The table goes, if there is one, and the socket. */
void nat44_close(struct nat44 *n);

#endif
