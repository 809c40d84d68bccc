/* SPDX-License-Identifier: MIT */
/*
 * synth.h - which IPv6 addresses stand for an IPv4 address, and which AAAA
 * records are to be believed (RFC 6147, 5.1.4, 5.1.7 and 5.2)
 */
#ifndef XLAT_DNS_SYNTH_H
#define XLAT_DNS_SYNTH_H

#include "dns/msg.h"
#include "siit/pref64.h"

#define SYNTH_PREFIXES 8u
#define SYNTH_RULES    32u
#define SYNTH_NAMES    32u

/* The addresses of ipv4only.arpa (RFC 7050, 2.2). */
#define SYNTH_V4ONLY_A 0xc00000aau
#define SYNTH_V4ONLY_B 0xc00000abu

/**
 * struct synth_net6 - an IPv6 network; IPv4 as ::ffff:0:0/96
 */
struct synth_net6 {
	struct addr6 addr;
	uint8_t len;
};

/**
 * struct synth_map4 - what becomes of the IPv4 addresses of a network
 * @addr:	network; @len: its length
 * @never:	they are not mapped
 * @prefix:	the prefix they are mapped to; len 0: all prefixes
 */
struct synth_map4 {
	uint32_t addr;
	uint8_t len;
	bool never;
	struct pref64 prefix;
};

/**
 * struct synth - how to synthesise; constant while questions are answered
 * @prefixes:	the translators' prefixes, in the order of the answer
 * @map4:	the first that an IPv4 address lies in decides (RFC 6147, 5.2);
 *		if there are any, addresses in none of them are not mapped
 * @exclude6:	AAAA records in these do not exist (RFC 6147, 5.1.4)
 * @ignore:	names at and below which no AAAA record exists, unless there is
 *		no A record to take its place
 * @exempt:	names at and below which nothing is synthesised
 * @v4only:	serve ipv4only.arpa and synthesise nothing else (RFC 8880)
 * @pass_errors: an error of the AAAA question is the answer, though RFC 6147,
 *		5.1.2 has it count as absence
 * @ptr:	answer for the addresses under @prefixes (RFC 6147, 5.3.1)
 */
struct synth {
	struct pref64 prefixes[SYNTH_PREFIXES];
	struct synth_map4 map4[SYNTH_RULES];
	struct synth_net6 exclude6[SYNTH_RULES];
	struct msg_name ignore[SYNTH_NAMES];
	struct msg_name exempt[SYNTH_NAMES];
	uint32_t prefix_count;
	uint32_t map4_count;
	uint32_t exclude6_count;
	uint32_t ignore_count;
	uint32_t exempt_count;
	bool v4only;
	bool pass_errors;
	bool ptr;
};

/**
 * struct synth_set - what an IPv4 address is mapped to
 */
struct synth_set {
	struct addr6 addr[SYNTH_PREFIXES];
	uint32_t count;
};

/**
 * synth_map() - the IPv6 addresses that stand for @addr4
 *
 * The well-known prefix never carries an address that is not global
 * (RFC 6052, 3.1).
 */
struct synth_set synth_map(const struct synth *s, uint32_t addr4);

/**
 * synth_map_v4only() - the same for the addresses of ipv4only.arpa, which
 * stand under every prefix (RFC 7050, 3; RFC 8880, 7.1)
 */
struct synth_set synth_map_v4only(const struct synth *s, uint32_t addr4);

/* Is an AAAA record with @addr6 to be treated as if it did not exist? */
bool synth_excluded(const struct synth *s, struct addr6 addr6);

/* Is @name one whose AAAA records are ignored? */
bool synth_ignored(const struct synth *s, const struct msg_name *name);

/* Is @name one for which nothing is synthesised? */
bool synth_exempt(const struct synth *s, const struct msg_name *name);

bool synth_net6_contains(struct synth_net6 net, struct addr6 addr);

#endif
