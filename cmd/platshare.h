/* SPDX-License-Identifier: MIT */
/*
 * platshare.h - pool4 is an address of this machine, of which the NAT64 has
 * some of the ports (platform's share.h)
 *
 * It is shared while the machine has it, which may be from later on, or not
 * for all time. What is routed into the device otherwise is not then: the
 * kernel would not look at the route.
 */
#ifndef XLAT_CMD_PLATSHARE_H
#define XLAT_CMD_PLATSHARE_H

#include "nat64/nat64.h"
#include "trans.h"

/**
 * struct platshare - how it stands
 * @watch:	tells of changes; first member
 * @trans:	the daemon
 * @config:	its pools and static bindings
 * @links:	of --no-setup, without a helper
 * @ports:	of ours
 * @addr:	a pool4 with one address and not all ports; 0: there is none
 * @on:		the machine has @addr
 * @wrong:	an address that the machine has and that cannot be shared
 */
struct platshare {
	struct ev watch; /* first member */
	struct trans *trans;
	const struct nat64_config *config;
	struct share share;
	struct share_links links;
	struct share_ports ports;
	uint32_t addr;
	bool on;
	uint32_t wrong;
};

/**
 * platshare_open() - load what may be needed, before trans_open()
 * @s:		@trans and @config set
 *
 * Return: 0, or -errno for platshare_find()
 */
XL_MUST_USE int platshare_open(struct platshare *s);

/**
 * platshare_find() - does the machine have an address of pool4? After
 * trans_open()
 * @err:	what platshare_open() has returned
 *
 * Says in the log what has to be otherwise.
 */
XL_MUST_USE enum exit_status platshare_find(struct platshare *s, int err);

/* platshare_start() - share it; when the device is up. */
XL_MUST_USE enum exit_status platshare_start(struct platshare *s);

/* platshare_choose() - which address @config would have shared. */
uint32_t platshare_choose(const struct platshare *s);

/**
 * platshare_reload() - @config has changed
 *
 * Return: how many things did not work
 */
XL_MUST_USE int platshare_reload(struct platshare *s);

/* platshare_has() - is this range no matter of routes? */
bool platshare_has(const struct platshare *s, const struct nat64_range *r);

void platshare_report(const struct platshare *s, struct report *r);

void platshare_close(struct platshare *s);

#endif
