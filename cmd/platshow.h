/* SPDX-License-Identifier: MIT */
/*
 * platshow.h - what a stateful NAT64 says about itself
 */
#ifndef XLAT_CMD_PLATSHOW_H
#define XLAT_CMD_PLATSHOW_H

#include "fastpath.h"
#include "plat_options.h"
#include "platshare.h"
#include "platwarn.h"
#include "state.h"
#include "trans.h"

/**
 * struct plat - the running NAT64
 * @expiry:	when the next session runs out
 * @reviewer:	after a reload, goes through the sessions
 * @review:	how far it has come
 * @state:	the file that they survive in
 * @record:	what is told of them
 * @share:	an address of the machine, if pool4 is one
 * @warn:	what the log was told of refusals
 */
struct plat {
	struct trans trans; /* first member */
	struct fastpath fastpath;
	struct plat_options *opt;
	struct nat64 *nat64;
	struct ev_timer expiry;
	struct ev_timer reviewer;
	struct nat64_review review;
	struct state state;
	struct record *record;
	struct platshare share;
	struct platwarn warn;
};

/* The records "status" and "counters"; of a struct plat. */
void platshow_status(const void *ctx, struct report *r);
void platshow_counters(const void *ctx, struct report *r);

/* What ctl may ask, and what Prometheus gets; of a struct plat. */
extern const struct control_command platshow_commands[];
extern void (*const platshow_metrics[])(const void *ctx, struct report *r);

#endif
