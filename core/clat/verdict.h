/* SPDX-License-Identifier: MIT */
/*
 * verdict.h - is a network ready for 464XLAT? What was found of it, judged
 * check by check
 *
 * Each verdict rests on findings alone, so that what is not known is told from
 * what is missing.
 */
#ifndef XLAT_CLAT_VERDICT_H
#define XLAT_CLAT_VERDICT_H

#include "clat/source.h"
#include "dns/named.h"

#define VERDICT_SERVERS 3u

/* Every check: enumerator, name, the function that judges. */
#define VERDICT_CHECKS(C)                                                      \
	C(ADDRESS, "address", address)                                         \
	C(ROUTE, "route", route)                                               \
	C(RESOLVER, "resolver", resolver)                                      \
	C(DNS64, "dns64", dns64)                                               \
	C(NAME, "name", name)                                                  \
	C(PREF64, "pref64", pref64)                                            \
	C(AGREEMENT, "agreement", agreement)                                   \
	C(PLAT_TCP, "plat-tcp", plat_tcp)                                      \
	C(PLAT_PING, "plat-ping", plat_ping)                                   \
	C(MTU_OUT, "mtu-out", mtu_out)                                         \
	C(MTU_IN, "mtu-in", mtu_in)                                            \
	C(FRAGMENTS, "fragments", fragments)                                   \
	C(OFFLOAD, "offload", offload)                                         \
	C(NATIVE4, "native-ipv4", native4)

enum verdict_check {
#define C(id, name, judge) VERDICT_##id,
	VERDICT_CHECKS(C)
#undef C
		VERDICT_COUNT
};

enum verdict_grade {
	VERDICT_OK,
	VERDICT_WARNING,
	VERDICT_FAIL,
	VERDICT_UNKNOWN,
};

/**
 * struct verdict - of one check
 * @found:	what is so, half a sentence
 * @advice:	what to do about it; NULL: nothing
 */
struct verdict {
	enum verdict_grade grade;
	const char *found;
	const char *advice;
};

/* How far a flow through the translator came. */
enum verdict_reach {
	REACH_NOT_TRIED,
	REACH_SILENT, /* no answer at all */
	REACH_ERROR,  /* somebody on the way refuses */
	REACH_DONE,
};

/**
 * struct findings - what was seen
 * @uplink:	there is one; @up: and it works
 * @route6:	it has the IPv6 default route; @native4: and an IPv4 one
 * @lro:	it merges packets beyond repair; @lro_known: or does not
 * @mtu:	its IPv6 MTU
 * @source:	the choice that a CLAT would make
 * @servers:	resolvers that were asked; @answered: of those that answered;
 *		@failed: and of those that said they cannot
 * @strays:	messages that were no answer
 * @only4:	AAAA records of ipv4only.arpa
 * @by_dns:	the prefixes that they show
 * @name_a, @name_aaaa: addresses of the name that was tried
 * @may_listen:	router advertisements could be received
 * @adverts:	that were; @damaged: malformed ones
 * @refused:	PREF64 options among them that nobody may use
 * @by_ra:	the prefix that routers announce; len 0: none
 * @given:	a prefix was given, so that none has to be found
 * @pref64:	the one that was tried; len 0: none
 * @target:	there is an IPv4 address to reach through it
 * @tcp, @ping:	how far they came
 * @may_ping:	echo requests can be sent
 * @out, @in:	by echo: size of the largest packet that got there, and of the
 *		largest that came back whole; 0: none did
 * @sent_all:	by TCP: whole segments were acknowledged; @closed: the answer
 *		is complete; @segment: the largest packet of it
 * @dns4, @dns4_large: a DNS server of the IPv4 Internet answers a question,
 *		and one in fragments; the size of its answer, 0: none
 */
struct findings {
	bool uplink;
	bool up;
	bool route6;
	bool native4;
	bool lro;
	bool lro_known;
	uint32_t mtu;
	struct source source;
	uint32_t servers;
	uint32_t answered;
	uint32_t failed;
	uint32_t strays;
	uint32_t only4;
	uint32_t by_dns_count;
	struct pref64 by_dns[NAMED_ADDRS];
	struct named name_a;
	struct named name_aaaa;
	bool may_listen;
	uint32_t adverts;
	uint32_t damaged;
	uint32_t refused;
	struct pref64 by_ra;
	bool given;
	struct pref64 pref64;
	bool target;
	bool may_ping;
	enum verdict_reach tcp;
	enum verdict_reach ping;
	uint32_t out;
	uint32_t in;
	bool sent_all;
	bool closed;
	uint32_t segment;
	uint32_t dns4;
	uint32_t dns4_large;
};

/* A check's name. */
const char *verdict_name(enum verdict_check check);

/* verdict_of() - judge one thing. */
struct verdict verdict_of(enum verdict_check check, const struct findings *f);

/**
 * verdict_ready() - nothing failed, and the translator was reached
 */
bool verdict_ready(const struct findings *f);

#endif
