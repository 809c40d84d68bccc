/* SPDX-License-Identifier: MIT */
/*
 * siit.h - the stateless translator: RFC 7915 with the address mappings of
 * RFC 6052 and RFC 7757
 */
#ifndef XLAT_SIIT_SIIT_H
#define XLAT_SIIT_SIIT_H

#include "siit/eam.h"
#include "siit/error.h"
#include "siit/pref64.h"
#include "siit/translate.h"

enum hairpin { HAIRPIN_OFF, HAIRPIN_SIMPLE, HAIRPIN_INTRINSIC };

/**
 * struct siit - one stateless translator; the caller fills it in and it
 * stays constant while packets flow, but for the last two
 * @tr:		how headers are translated
 * @pool6:	prefix under which the IPv4 Internet appears; len 0: none
 * @eam:	explicit address mappings
 * @wkp_strict:	refuse non-global IPv4 under 64:ff9b::/96 (RFC 6052, 3.1),
 *		but for what @tr.allow4 names
 * @deny4:	IPv4 networks that are not translated
 * @deny4_count: their number
 * @error4:	sources for ICMP errors from IPv6 addresses without mapping
 *		(RFC 6791); len counts only if @error4_on
 * @error4_on:	there are such; else those errors are dropped
 * @error6:	the same for ICMPv4 errors from addresses that pool6 and @eam
 * @error6_on:	cannot express
 * @error_ext:	how such an error tells the address it came from
 * @hairpin:	RFC 7757, section 4
 * @random:	state of the choice among several such addresses, not 0
 * @hairpinned:	packets that went back to IPv6
 */
struct siit {
	struct translate tr;
	struct pref64 pool6;
	struct eam eam;
	bool wkp_strict;
	const struct net4 *deny4;
	uint32_t deny4_count;
	struct net4 error4;
	struct net6 error6;
	bool error4_on;
	bool error6_on;
	enum node_extension error_ext;
	enum hairpin hairpin;
	uint64_t random;
	uint64_t hairpinned;
};

/**
 * siit_packet() - translate a packet of either family, in place
 * @s:		translator
 * @p:		packet as read, PKT_HEADROOM bytes of headroom
 *
 * Return: as translate_4to6(); XLAT_FORWARD may yield the family that came
 *         in, when the packet was hairpinned (RFC 7757, 4.2.2)
 */
XL_MUST_USE struct xlat_result siit_packet(struct siit *s, struct pkt *p);

/**
 * siit_any() - the same, of which siit_packet() makes short work where a
 * packet is a plain one: what it is held against
 */
XL_MUST_USE struct xlat_result siit_any(struct siit *s, struct pkt *p);

/**
 * siit_ahead() - packets will come next: get the memory that a large table of
 * mappings costs, for all of them at once
 * @p:		as they were read
 * @count:	how many; a few
 *
 * Changes nothing but how soon siit_packet() is done with them.
 */
void siit_ahead(const struct siit *s, const struct pkt *p, uint32_t count);

/**
 * siit_is_nonglobal() - is this address in one of the blocks that RFC 6052
 * section 3.1 keeps out of the well-known prefix?
 */
bool siit_is_nonglobal(uint32_t addr4);

#endif
