/* SPDX-License-Identifier: MIT */
/*
 * fastpath.h - clat's fast path: whether there is one, and what it is told
 *
 * It only makes things faster. Where it cannot be had, one line of the log
 * says why, and the packet loop does it all.
 */
#ifndef XLAT_CMD_FASTPATH_H
#define XLAT_CMD_FASTPATH_H

#include "fast.h"
#include "trans.h"

/**
 * struct fastpath - how it stands
 * @wanted:	false: nobody misses it
 * @device:	index of the TUN
 * @why:	why there is none; NULL: there is
 */
struct fastpath {
	struct fast fast;
	bool wanted;
	uint32_t device;
	const char *why;
};

/**
 * fastpath_open() - load it, before trans_open()
 * @wanted:	false: it is to stay off
 * @host:	also what spares a host to forward IPv6
 */
void fastpath_open(struct fastpath *p, struct trans *t, bool wanted, bool host);

/**
 * fastpath_start() - attach it to the device, after trans_open(); still with
 * privileges
 */
void fastpath_start(struct fastpath *p, struct trans *t);

/**
 * fastpath_tell() - translate as @s does, from now on; nothing if not @on
 * @ours:	the IPv6 addresses, or networks, that are for us
 * @uplink:	device that IPv6 leaves by; 0: the kernel forwards it
 */
void fastpath_tell(struct fastpath *p, const struct siit *s,
		   const struct net6 ours[2], int uplink, bool on);

/* A field of status. */
void fastpath_report(const struct fastpath *p, struct report *r);

void fastpath_close(struct fastpath *p);

#endif
