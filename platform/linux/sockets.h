/* SPDX-License-Identifier: MIT */
/*
 * sockets.h - which sockets of this machine have ports that are not for them?
 */
#ifndef XLAT_LINUX_SOCKETS_H
#define XLAT_LINUX_SOCKETS_H

#include "siit/share.h"

/**
 * struct sockets_found - what there is
 * @count:	sockets
 * @port:	of the first one
 * @proto:	its protocol, "tcp" or "udp"
 */
struct sockets_found {
	uint32_t count;
	uint16_t port;
	char proto[4];
};

/**
 * sockets_find() - those that get, or want, packets to ports of an address
 * @addr:	IPv4
 */
struct sockets_found sockets_find(uint32_t addr, const struct share_ports *p);

#endif
