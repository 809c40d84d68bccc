/* SPDX-License-Identifier: MIT */
/*
 * fast.h - the fast path: eBPF programs that translate in the kernel
 *
 * What they do is told in bpf/clat.c and bpf/plat.c. They are loaded with privileges
 * (bpfload.h); after that they are told what to do through shared memory.
 */
#ifndef XLAT_LINUX_FAST_H
#define XLAT_LINUX_FAST_H

#include "bpf/fastmap.h"
#include "bpfload.h"

/**
 * enum fast_program - where each one is attached
 * @FAST_TRANSLATE:	at the TUN, as packets leave
 * @FAST_LEAVE:		at the TUN, as packets come in
 * @FAST_ARRIVE:	at the uplink, as packets come in
 */
enum fast_program { FAST_TRANSLATE, FAST_LEAVE, FAST_ARRIVE, FAST_PROGRAMS };

/**
 * struct fast_kind - whose it is
 * @codes:	its programs; what it has not is empty
 * @size:	bytes of memory that it shares with them
 * @slots:	where in there its configurations are
 * @config:	bytes of each
 */
struct fast_kind {
	struct bpfload_code codes[FAST_PROGRAMS];
	size_t size;
	size_t slots;
	size_t config;
};

extern const struct fast_kind fast_clat;
extern const struct fast_kind fast_plat;

/**
 * struct fast - the daemon's side
 * @head:	shared with the programs; NULL: there is no fast path
 * @programs:	descriptors of what is loaded, or -1
 * @links:	descriptors of what keeps it attached to the TUN, or -1
 * @last:	the configuration that was written last
 */
struct fast {
	const struct fast_kind *kind;
	struct fast_head *head;
	int programs[FAST_PROGRAMS];
	int links[FAST_PROGRAMS];
	uint32_t last;
};

/**
 * fast_open() - load the programs; needs privileges
 * @all:	all of them; else only what translates
 *
 * Until fast_tell() nothing is translated.
 *
 * Return: 0 or -errno; then there is nothing to close
 */
XL_MUST_USE int fast_open(struct fast *f, const struct fast_kind *kind,
			  bool all);

/* fast_at_tun() - attach those to a TUN that belong there; 0 or -errno. */
XL_MUST_USE int fast_at_tun(struct fast *f, int ifindex);

/* fast_tell() - the configuration that holds from now on: @kind->config
 * bytes. */
void fast_tell(struct fast *f, const void *config);

/* fast_pause() - all packets go through the daemon for a while, or do so no
 * more. */
void fast_pause(struct fast *f, bool yes);

/* fast_count() - what was translated so far; @protocol: FAST_UDP or FAST_TCP. */
struct fast_count fast_count(const struct fast *f, unsigned int protocol);

void fast_close(struct fast *f);

#endif
