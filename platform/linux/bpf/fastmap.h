/* SPDX-License-Identifier: MIT */
/*
 * fastmap.h - the memory that clat's eBPF programs share with it
 *
 * One value of an array map, mapped into the daemon: it is changed with plain
 * stores, by whoever has no privilege any more. Made only by the daemon,
 * except for the counters.
 */
#ifndef XLAT_LINUX_BPF_FASTMAP_H
#define XLAT_LINUX_BPF_FASTMAP_H

#include "clat/fast.h"
#include "siit/ident.h"

/* Configurations, used in turn: one that a program still reads is not written
 * before all the others have been. A power of two. */
#define FAST_SLOTS 8u

/**
 * struct fast_count - packets translated, a super-packet counts once, and
 * their bytes before that
 */
struct fast_count {
	uint64_t packets4;
	uint64_t bytes4;
	uint64_t packets6;
	uint64_t bytes6;
};

/**
 * struct fast_map - the value
 * @active:	which configuration is in force
 * @paused:	not 0: nothing is translated meanwhile
 * @ident:	counters that both sides take from
 */
struct fast_map {
	uint32_t active;
	uint32_t paused;
	struct fast_config slots[FAST_SLOTS];
	struct fast_count count;
	struct ident ident;
};

_Static_assert(sizeof(struct fast_map) ==
		       8 + FAST_SLOTS * sizeof(struct fast_config) + 32 + 16 +
			       sizeof(uint32_t) * IDENT_COUNTERS,
	       "the same for every word size");

#endif
