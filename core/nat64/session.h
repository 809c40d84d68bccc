/* SPDX-License-Identifier: MIT */
/*
 * session.h - sessions: found from either side, used, removed
 *
 * Internal to nat64/.
 */
#ifndef XLAT_NAT64_SESSION_H
#define XLAT_NAT64_SESSION_H

#include "nat64/hash.h"
#include "nat64/quicken.h"
#include "nat64/tcpfsm.h"

/**
 * struct flow6 - a session as packets from the IPv6 side tell it
 * struct flow4 - and as those from the IPv4 side do
 * @remote_port: 0 for ICMP
 */
struct flow6 {
	struct addr6 client;
	uint32_t remote;
	uint16_t client_port;
	uint16_t remote_port;
	enum bib bib;
};

struct flow4 {
	uint32_t pool;
	uint32_t remote;
	uint16_t pool_port;
	uint16_t remote_port;
	enum bib bib;
};

XL_INLINE uint64_t session_hash6(const struct nat64 *n, const struct flow6 *f)
{
	const uint64_t words[] = {
		f->client.hi,
		f->client.lo,
		(uint64_t)f->remote << 32 | (uint32_t)f->client_port << 16 |
			f->remote_port,
		f->bib,
	};

	return hash_words(n->cfg.key, words, 4, HASH_SESSION6);
}

XL_INLINE uint64_t session_hash4(const struct nat64 *n, const struct flow4 *f)
{
	const uint64_t words[] = {
		(uint64_t)f->pool << 32 | f->remote,
		(uint64_t)f->pool_port << 32 | (uint32_t)f->remote_port << 16 |
			f->bib,
	};

	return hash_words(n->cfg.key, words, 2, HASH_SESSION4);
}

/**
 * session_find6(), session_find4() - look a packet's session up
 *
 * Return: its number; 0: there is none
 */
XL_INLINE uint32_t session_find6(const struct nat64 *n, const struct flow6 *f)
{
	struct table_probe p =
		table_probe(&n->sessions_by6, session_hash6(n, f));
	uint32_t i;

	while ((i = table_next(&p))) {
		const struct session *s = session_at(n, i);

		if (addr6_equal(s->client, f->client) &&
		    s->remote == f->remote &&
		    s->client_port == f->client_port &&
		    s->remote_port == f->remote_port && s->bib == f->bib)
			return i;
	}
	return 0;
}

XL_INLINE uint32_t session_find4(const struct nat64 *n, const struct flow4 *f)
{
	struct table_probe p =
		table_probe(&n->sessions_by4, session_hash4(n, f));
	uint32_t i;

	while ((i = table_next(&p))) {
		const struct session *s = session_at(n, i);

		if (s->pool == f->pool && s->remote == f->remote &&
		    s->pool_port == f->pool_port &&
		    s->remote_port == f->remote_port && s->bib == f->bib)
			return i;
	}
	return 0;
}

/**
 * session_hasten() - it has come to another class: see that it is looked at in
 * time
 */
void session_hasten(struct nat64 *n, uint32_t index);

XL_INLINE void session_use(struct nat64 *n, uint32_t index,
			   enum nat64_class class)
{
	struct session *s = session_at(n, index);

	s->used = n->now;
	if (s->class == class)
		return;
	s->class = (uint8_t) class;
	session_hasten(n, index);
}

/**
 * session_event() - a segment, or a timeout, happens to a TCP session
 *
 * When it is CLOSED afterwards, session_close() has to follow.
 */
void session_event(struct nat64 *n, uint32_t index, enum tcpfsm_event event);

/**
 * session_overhear() - a packet that does not keep the session alive belongs
 * to it
 * @event:	of TCP
 */
void session_overhear(struct nat64 *n, uint32_t index, enum tcpfsm_event event);

/**
 * session_packet() - a packet belongs to this session
 * @from6:	it came from the IPv6 side
 */
XL_INLINE void session_packet(struct nat64 *n, uint32_t index,
			      const struct pkt_view *v, bool from6)
{
	const struct session *s = session_at(n, index);

	if (n->quick)
		quicken_see(n, index);
	if (XL_UNLIKELY(n->cfg.outside == (from6 ? NAT64_IPV6 : NAT64_IPV4)))
		session_overhear(n, index, tcpfsm_event(v->tcp_flags, from6));
	else if (s->bib == BIB_TCP)
		session_event(n, index, tcpfsm_event(v->tcp_flags, from6));
	else
		session_use(n, index, s->class);
}

/**
 * session_open() - make one that does not exist yet; of TCP, in state CLOSED,
 * which session_event() has to follow
 *
 * Return: WHY_NONE, or why there can be none
 */
XL_MUST_USE enum xlat_why session_open(struct nat64 *n, uint32_t binding,
				       uint32_t remote, uint16_t remote_port,
				       uint32_t *index);

/**
 * session_set() - make one that was just opened what it was elsewhere
 * @used:	when it was used last, seconds
 */
void session_set(struct nat64 *n, uint32_t index, enum tcpfsm_state tcp,
		 enum nat64_class class, uint32_t used);

/**
 * session_close() - remove one, and its binding if that has no other
 */
void session_close(struct nat64 *n, uint32_t index);

#endif
