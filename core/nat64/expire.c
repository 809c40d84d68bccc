/* SPDX-License-Identifier: MIT */
/*
 * expire.c - what happens when nothing happens
 */
#include "nat64/clock.h"
#include "nat64/cooling.h"
#include "nat64/fragment.h"
#include "nat64/held.h"
#include "nat64/session.h"
#include "nat64/tell.h"
#include "nat64/wheel.h"

#define PROBE_HOP_LIMIT 64u

/*
 * A segment that the client has to answer if the connection still exists
 * (RFC 6146, 3.5.2.2): no data, sequence and acknowledgement 0.
 */
static void probe(const struct nat64 *n, const struct session *s,
		  struct pkt *out)
{
	const struct addr6 from = pref64_embed(n->cfg.pool6, s->remote);
	uint8_t *tcp = out->data + IP6_HDR_LEN;
	uint64_t sum;

	hdr6_store(out->data, (struct hdr6){
				      .src = from,
				      .dst = s->client,
				      .len = TCP_HDR_LEN,
				      .hlim = PROBE_HOP_LIMIT,
				      .proto = IP_TCP,
			      });
	mem_zero(tcp, TCP_HDR_LEN);
	be_put16(tcp, s->remote_port);
	be_put16(tcp + 2, s->client_port);
	tcp[12] = TCP_HDR_LEN / 4 << 4;
	tcp[13] = TCP_ACK;
	sum = csum_bytes(tcp, TCP_HDR_LEN) + addr6_sum(from) +
	      addr6_sum(s->client) + TCP_HDR_LEN + IP_TCP;
	be_put16(tcp + 16, (uint16_t)~csum_fold(sum));
	out->len = IP6_HDR_LEN + TCP_HDR_LEN;
	out->tailroom -= out->len;
	out->gso = PKT_GSO_NONE;
	out->partial = false;
	out->cut = 0;
}

/* Return: a probe was built in @out. */
static bool time_out(struct nat64 *n, uint32_t index, struct pkt *out)
{
	const struct session *s = session_at(n, index);

	if (s->bib == BIB_TCP)
		session_event(n, index, TCPFSM_TIMEOUT);
	if (s->tcp == TCPFSM_CLOSED) {
		session_close(n, index);
		return false;
	}
	probe(n, s, out);
	wheel_move(n, index);
	return true;
}

/* A session's second has come; it may have been used since it was set. */
static bool look_at(struct nat64 *n, uint32_t index, struct pkt *out)
{
	if (session_end(n, session_at(n, index)) <= n->now)
		return time_out(n, index, out);
	wheel_move(n, index);
	return false;
}

bool nat64_expire(struct nat64 *n, uint64_t now, struct pkt *out,
		  uint32_t budget)
{
	bool built = false;
	uint64_t when;
	uint32_t i;

	clock_set(n, now);
	for (; budget && !built; budget--) {
		if (fragment_release(n, out, &built) || fragment_expire(n) ||
		    held_expire(n, out, &built) || cooling_expire(n) ||
		    tell_parameters(n))
			continue;
		when = wheel_first(n, &i);
		wheel_turn(n, when);
		if (when > n->now)
			return false;
		built = look_at(n, i, out);
	}
	return built;
}

static uint64_t sooner(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

uint64_t nat64_next_expiry(const struct nat64 *n)
{
	uint32_t unused;
	const uint64_t next = sooner(
		tell_next_parameters(n),
		sooner(sooner(wheel_first(n, &unused), held_next_expiry(n)),
		       sooner(fragment_next_expiry(n),
			      cooling_next_expiry(n))));

	return next == UINT64_MAX ? next : next * NS_PER_S;
}
