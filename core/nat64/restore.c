/* SPDX-License-Identifier: MIT */
#include "nat64/restore.h"

#include "nat64/binding.h"
#include "nat64/block.h"
#include "nat64/clock.h"
#include "nat64/cooling.h"
#include "nat64/owner.h"
#include "nat64/path.h"
#include "nat64/tell.h"

/* Could a session be like this? */
static bool is_sane(const struct session *s)
{
	if (s->bib >= BIB_COUNT || !s->pool_port)
		return false;
	if (s->bib == BIB_TCP)
		return s->tcp != TCPFSM_CLOSED && s->tcp < TCPFSM_STATE_COUNT &&
		       (s->class == NAT64_TCP_EST ||
			s->class == NAT64_TCP_TRANS ||
			s->class == NAT64_TCP_HALF);
	return s->tcp == TCPFSM_CLOSED &&
	       s->class == (s->bib == BIB_UDP ? NAT64_UDP : NAT64_ICMP);
}

/* Its binding, made if it is new; 0: it cannot be. */
static uint32_t bind(struct nat64 *n, const struct session *s)
{
	uint32_t i = binding_find6(n, s->client, s->client_port, s->bib);
	const struct binding *b = binding_at(n, i);

	if (i)
		return binding_pool_addr(n, b) == s->pool &&
				       b->pool_port == s->pool_port
			       ? i
			       : 0;
	return binding_restore(n, s, &i) ? 0 : i;
}

static bool open_session(struct nat64 *n, const struct session *s,
			 uint32_t used)
{
	const struct flow6 f = { s->client, s->remote, s->client_port,
				 s->remote_port, s->bib };
	uint32_t binding;
	uint32_t i;

	if (session_find6(n, &f))
		return false;
	binding = bind(n, s);
	if (!binding)
		return false;
	if (session_open(n, binding, s->remote, s->remote_port, &i)) {
		binding_release(n, binding);
		return false;
	}
	session_set(n, i, s->tcp, s->class, used);
	return true;
}

XL_RARE bool restore_session(struct nat64 *n, const struct session *s,
			     uint64_t age)
{
	if (!is_sane(s) || age > n->cfg.timeout[s->class] ||
	    path_refused(n, s->remote) || !path_serves(n, s->client))
		return false;
	if (owner_is_shared(n) && owner_of_client(n, s->client) != n->cfg.shard)
		return false;
	/* What is older than the clock is as old: whoever minds begins later. */
	return open_session(n, s, age < n->now ? n->now - (uint32_t)age : 0);
}

static bool has_binding(const struct nat64 *n, const struct nat64_event *e,
			const struct binding *b)
{
	const uint32_t i = binding_find4(n, e->pool, e->pool_port, b->bib);
	const struct binding *now = binding_at(n, i);

	return i && now->client_port == b->client_port &&
	       addr6_equal(now->client, b->client);
}

/* Bindings that stayed behind; whoever listened to @from is told. */
XL_RARE static void tell_lost(const struct nat64 *n, const struct nat64 *from)
{
	uint32_t i = 0;

	while (from->events && (i = slab_next(&from->bindings, i))) {
		const struct binding *b = binding_at(from, i);
		const struct nat64_event e =
			tell_of_binding(from, b, EVENT_BINDING_DELETED);

		if (!b->fixed && !has_binding(n, &e, b))
			tell_event(from, e);
	}
}

/* Of what was, and not of what is. */
XL_RARE static void take_counters(struct nat64 *n, const struct nat64 *from)
{
	for (unsigned int i = 0; i < NAT64_OF; i++) {
		const size_t at =
			offsetof(struct nat64_count, sessions_created);

		mem_copy((uint8_t *)&n->of[i] + at,
			 (const uint8_t *)&from->of[i] + at,
			 sizeof(n->of[i]) - at);
	}
}

XL_RARE uint32_t nat64_move(struct nat64 *n, struct nat64 *from, uint64_t now)
{
	uint32_t i;

	quicken_clear(from);
	n->quick = from->quick;
	n->draws = from->draws;
	clock_set(n, now);
	clock_set(from, now);
	for (i = 0; (i = slab_next(&from->sessions, i));) {
		const struct session *s = session_at(from, i);
		const uint32_t age = n->now > s->used ? n->now - s->used : 0;

		if (!restore_session(n, s, age))
			tell_session(from, s, EVENT_SESSION_DELETED);
	}
	cooling_move(n, from);
	tell_lost(n, from);
	n->events = from->events;
	block_tell(from, n, EVENT_BLOCK_DELETED);
	block_tell(n, from, EVENT_BLOCK_CREATED);
	/* None of them is new. */
	take_counters(n, from);
	n->subscribers_created = from->subscribers_created;
	n->blocks_created = from->blocks_created;
	n->hairpinned = from->hairpinned;
	return n->sessions.used;
}
