/* SPDX-License-Identifier: MIT */
/*
 * platshow.h - what a stateful NAT64 says about itself
 */
#ifndef XLAT_CMD_PLATSHOW_H
#define XLAT_CMD_PLATSHOW_H

#include "fastpath.h"
#include "plat_options.h"
#include "platshard.h"
#include "platshare.h"
#include "state.h"
#include "trans.h"

/**
 * struct plat - the running NAT64
 * @nat64:	one for each thread
 * @shards:	the threads
 * @reviewer:	after a reload, goes through the sessions
 * @review:	how far it has come
 * @reviewed:	in whose NAT64
 * @state:	the file that they survive in
 * @record:	what is told of them
 * @share:	an address of the machine, if pool4 is one
 */
struct plat {
	struct trans trans; /* first member */
	struct fastpath fastpath;
	struct plat_options *opt;
	struct nat64 *nat64[CREW_MAX];
	struct shard shards[CREW_MAX];
	struct ev_timer reviewer;
	struct nat64_review review;
	uint32_t reviewed;
	struct state state;
	struct record *record;
	struct platshare share;
};

/* platshow_stats() - of all threads together, which stop for it. */
void platshow_stats(struct plat *d, struct nat64_stats *out);

/* platshow_pool() - an address of the pool; as nat64_next_pool(), of all. */
XL_MUST_USE bool platshow_pool(const struct plat *d, uint32_t *cursor,
			       struct nat64_pool_view *out);

/* The records "status" and "counters"; of a struct plat. */
void platshow_status(const void *ctx, struct report *r);
void platshow_counters(const void *ctx, struct report *r);

/* What ctl may ask, and what Prometheus gets; of a struct plat. */
extern const struct control_command platshow_commands[];
extern void (*const platshow_metrics[])(const void *ctx, struct report *r);

#endif
