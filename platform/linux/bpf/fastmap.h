/* SPDX-License-Identifier: MIT */
/*
 * fastmap.h - the memory that a daemon's eBPF programs share with it: what is
 * the same for all
 *
 * One value of an array map, mapped into the daemon: it is changed with plain
 * stores, by whoever has no privilege any more. Made only by the daemon,
 * except for the counters, and for what quick.h says.
 */
#ifndef XLAT_LINUX_BPF_FASTMAP_H
#define XLAT_LINUX_BPF_FASTMAP_H

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

/* By protocol. */
enum { FAST_UDP, FAST_TCP, FAST_PROTOCOLS };

/**
 * struct fast_head - the first member of the value
 * @active:	which configuration is in force
 * @paused:	not 0: nothing is translated meanwhile
 * @ident:	counters that both sides take from
 */
struct fast_head {
	uint32_t active;
	uint32_t paused;
	struct fast_count count[FAST_PROTOCOLS];
	struct ident ident;
};

_Static_assert(sizeof(struct fast_head) ==
		       8 + FAST_PROTOCOLS * 32 + 16 +
			       sizeof(uint32_t) * IDENT_COUNTERS,
	       "the same for every word size");

#endif
