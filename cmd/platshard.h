/* SPDX-License-Identifier: MIT */
/*
 * platshard.h - the threads of a stateful NAT64
 *
 * Each has a NAT64, with a part of everything (nat64/shard.h), a queue of the
 * device, and whatever else packets need; so none ever waits for another. A
 * packet that is another's is handed over (crew.h), and so is what is to be
 * recorded, to the first.
 */
#ifndef XLAT_CMD_PLATSHARD_H
#define XLAT_CMD_PLATSHARD_H

#include "nat64/event.h"
#include "platwarn.h"
#include "record.h"
#include "trans.h"

struct plat;

/**
 * struct shard - a thread's own
 * @pump:	its packets
 * @loop:	its events
 * @expiry:	when its next session runs out
 * @hand:	how the packet at hand came from another thread; NULL: it did
 *		not
 * @warn:	what the log was told of refusals
 * @ident:	of IPv4 packets; the first thread uses that of struct trans
 * @events:	to be recorded, but for the first thread's: @cursor says which
 *		are on their way, @lost how many never will be
 */
struct shard {
	struct plat *plat;
	uint32_t number;
	struct pump *pump;
	struct ev_loop *loop;
	struct ev_timer expiry;
	const struct nat64_hand *hand;
	struct platwarn warn;
	struct ident ident;
	struct nat64_events events;
	uint64_t cursor;
	uint64_t lost;
	unsigned long told; /* of @lost, for another thread: a word */
};

/* shard_prepare() - what does not need the device; the rest later. */
void shard_prepare(struct plat *d);

/* shard_begin() - packets are about to flow. */
void shard_begin(struct plat *d);

/* shard_end() - the threads end; what they have to be recorded is. */
void shard_end(struct plat *d);

/* shard_config() - the configuration of a thread's NAT64. */
struct nat64_config shard_config(struct plat *d, uint32_t number);

/* shard_listen() - have those events recorded that are to be, from now on. */
void shard_listen(struct plat *d);

/* shard_translate() - as of struct pump; its argument is a struct shard. */
XL_MUST_USE struct xlat_result shard_translate(void *ctx, struct pkt *p,
					       uint64_t now);

/* shard_done() - packets were handled, or tables changed, in its thread: see
 * to what follows. */
void shard_done(struct shard *s);

#endif
