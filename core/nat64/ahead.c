/* SPDX-License-Identifier: MIT */
/*
 * ahead.c - have in the processor's cache what packets will need
 *
 * In a large table each packet waits for memory twice: for its session's place
 * in the hash table, then for the session. Several packets can wait together.
 * Only a guess is made here, of TCP and UDP without options or extension
 * headers; nat64_packet() asks nothing of it.
 */
#include "nat64/session.h"

#define PORTS_LEN 4u
#define FEW       4096u /* sessions that are in the cache anyway */

/**
 * struct guess - where a session may be found
 * @in:		hash table; NULL: nothing is guessed
 */
struct guess {
	const struct table *in;
	uint64_t hash;
};

static enum bib guess_bib(uint8_t proto)
{
	return proto == IP_TCP ? BIB_TCP : proto == IP_UDP ? BIB_UDP : BIB_ICMP;
}

static struct guess guess4(const struct nat64 *n, const uint8_t *ip)
{
	const struct flow4 f = {
		.pool = be_get32(ip + 16),
		.remote = be_get32(ip + 12),
		.pool_port = be_get16(ip + IP4_HDR_LEN + 2),
		.remote_port = be_get16(ip + IP4_HDR_LEN),
		.bib = guess_bib(ip[9]),
	};

	return (struct guess){ &n->sessions_by4, session_hash4(n, &f) };
}

static struct guess guess6(const struct nat64 *n, const uint8_t *ip)
{
	const struct flow6 f = {
		.client = addr6_load(ip + 8),
		.remote = pref64_extract(n->cfg.pool6, addr6_load(ip + 24)),
		.client_port = be_get16(ip + IP6_HDR_LEN),
		.remote_port = be_get16(ip + IP6_HDR_LEN + 2),
		.bib = guess_bib(ip[6]),
	};

	return (struct guess){ &n->sessions_by6, session_hash6(n, &f) };
}

static struct guess guess(const struct nat64 *n, const struct pkt *p)
{
	if (p->len < IP6_HDR_LEN + PORTS_LEN) /* or 20 more than IPv4's */
		return (struct guess){ NULL, 0 };
	return p->data[0] >> 4 == 4 ? guess4(n, p->data) : guess6(n, p->data);
}

void nat64_ahead(const struct nat64 *n, const struct pkt *p, uint32_t count)
{
	struct guess g[NAT64_AHEAD];
	struct table_probe probe;

	if (n->sessions.used < FEW)
		return;
	for (uint32_t i = 0; i < count; i++) {
		g[i] = guess(n, &p[i]);
		if (g[i].in)
			__builtin_prefetch(
				table_bucket(g[i].in, g[i].hash, false), 1);
	}
	for (uint32_t i = 0; i < count; i++) {
		if (!g[i].in)
			continue;
		probe = table_probe(g[i].in, g[i].hash);
		__builtin_prefetch(session_at(n, table_next(&probe)), 1);
	}
}
