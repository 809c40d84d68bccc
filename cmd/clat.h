/* SPDX-License-Identifier: MIT */
/*
 * clat.h - the customer's side of 464XLAT, between its files: clat.c is the
 * daemon, clat_options.c its options, clat_packets.c what becomes of packets
 */
#ifndef XLAT_CMD_CLAT_H
#define XLAT_CMD_CLAT_H

#include "clat_options.h"
#include "fastpath.h"

/**
 * struct clat - a CLAT
 * @share:	sorts packets where the host has the same IPv6 address
 * @siit:	the translator
 * @old:	the same with the address before ours, while late packets come
 * @memory:	of their address tables
 * @told_stranger: that packets come from an address that is not ours
 */
struct clat {
	struct trans trans; /* first member */
	struct clat_options *opt;
	struct follow follow;
	struct fastpath fastpath;
	struct share share;
	struct share_ports ports;
	struct siit siit;
	struct siit old;
	void *memory[2];
	bool told_stranger;
};

/**
 * clat_packets_open() - take memory, and translate nothing yet
 *
 * Return: false: there is none, which is logged
 */
XL_MUST_USE bool clat_packets_open(struct clat *d);

/* clat_packets_adopt() - @d->trans.tr has changed */
void clat_packets_adopt(struct clat *d);

/* clat_packets_changed() - addresses, prefix or MTU are others now; as of
 * struct follow */
void clat_packets_changed(struct follow *f);

/* clat_packets_translate() - as of struct pump */
struct xlat_result clat_packets_translate(void *ctx, struct pkt *p,
					  uint64_t now);

#endif
