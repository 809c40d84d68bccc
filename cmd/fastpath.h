/* SPDX-License-Identifier: MIT */
/*
 * fastpath.h - a fast path: whether there is one, and what it is told
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
 * @all:	as of fast_open()
 */
void fastpath_open(struct fastpath *p, struct trans *t,
		   const struct fast_kind *kind, bool wanted, bool all);

/**
 * fastpath_start() - attach it to the device, after trans_open(); still with
 * privileges
 */
void fastpath_start(struct fastpath *p, struct trans *t);

/* fastpath_tell() - the configuration that holds from now on, as of
 * fast_tell(). */
void fastpath_tell(struct fastpath *p, const void *config);

/* A field of status. */
void fastpath_report(const struct fastpath *p, struct report *r);

void fastpath_close(struct fastpath *p);

#endif
