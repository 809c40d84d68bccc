/* SPDX-License-Identifier: MIT */
/*
 * fast.h - the fast path: eBPF programs that translate in the kernel
 *
 * What they do is told in bpf/clat.c. They are loaded with privileges
 * (bpfload.h); after that they are told what to do through shared memory.
 */
#ifndef XLAT_LINUX_FAST_H
#define XLAT_LINUX_FAST_H

#include "bpf/fastmap.h"

/**
 * enum fast_program - where each one is attached
 * @FAST_TRANSLATE:	at the TUN, as packets leave
 * @FAST_LEAVE:		at the TUN, as packets come in
 * @FAST_ARRIVE:	at the uplink, as packets come in
 */
enum fast_program { FAST_TRANSLATE, FAST_LEAVE, FAST_ARRIVE, FAST_PROGRAMS };

/**
 * struct fast - the daemon's side
 * @map:	shared with the programs; NULL: there is no fast path
 * @programs:	descriptors of what is loaded, or -1
 * @links:	descriptors of what keeps it attached to the TUN, or -1
 * @last:	the configuration that was written last
 */
struct fast {
	struct fast_map *map;
	int programs[FAST_PROGRAMS];
	int links[FAST_PROGRAMS];
	uint32_t last;
};

/**
 * fast_open() - load the programs; needs privileges
 * @host:	all of them; else only what translates
 *
 * Until fast_tell() nothing is translated.
 *
 * Return: 0 or -errno; then there is nothing to close
 */
XL_MUST_USE int fast_open(struct fast *f, bool host);

/* fast_at_tun() - attach those to a TUN that belong there; 0 or -errno. */
XL_MUST_USE int fast_at_tun(struct fast *f, int ifindex);

/* fast_tell() - the configuration that holds from now on. */
void fast_tell(struct fast *f, const struct fast_config *c);

/* fast_pause() - all packets go through the daemon for a while, or do so no
 * more. */
void fast_pause(struct fast *f, bool yes);

/* fast_count() - what was translated so far. */
struct fast_count fast_count(const struct fast *f);

void fast_close(struct fast *f);

#endif
