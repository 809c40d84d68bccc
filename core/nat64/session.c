/* SPDX-License-Identifier: MIT */
#include "nat64/session.h"

#include "nat64/binding.h"
#include "nat64/clock.h"
#include "nat64/path.h"
#include "nat64/peer.h"
#include "nat64/tell.h"
#include "nat64/wheel.h"

void session_hasten(struct nat64 *n, uint32_t index)
{
	struct session *s = session_at(n, index);

	quicken_remove(n, s);
	if (session_end(n, s) < s->due)
		wheel_move(n, index);
}

XL_APART static void enter_state(struct nat64 *n, struct session *s,
				 enum tcpfsm_state next)
{
	n->states[s->tcp]--;
	n->states[next]++;
	s->tcp = (uint8_t)next;
}

void session_event(struct nat64 *n, uint32_t index, enum tcpfsm_event event)
{
	struct session *s = session_at(n, index);
	const struct tcpfsm_step step = tcpfsm_next(s->tcp, event);

	if (step.next != s->tcp)
		enter_state(n, s, step.next);
	if (step.life == TCPFSM_LIVE_EST)
		session_use(n, index, NAT64_TCP_EST);
	else if (step.life == TCPFSM_LIVE_TRANS)
		session_use(n, index,
			    tcpfsm_is_half(step.next) ? NAT64_TCP_HALF
						      : NAT64_TCP_TRANS);
}

/* It only counts where it changes something. */
XL_APART void session_overhear(struct nat64 *n, uint32_t index,
			       enum tcpfsm_event event)
{
	const struct session *s = session_at(n, index);

	if (s->bib == BIB_TCP && tcpfsm_next(s->tcp, event).next != s->tcp)
		session_event(n, index, event);
}

static struct flow6 flow6_of(const struct session *s)
{
	return (struct flow6){ s->client, s->remote, s->client_port,
			       s->remote_port, s->bib };
}

static struct flow4 flow4_of(const struct session *s)
{
	return (struct flow4){ s->pool, s->remote, s->pool_port, s->remote_port,
			       s->bib };
}

static bool enter(struct nat64 *n, uint32_t index)
{
	const struct session *s = session_at(n, index);
	const struct flow6 f6 = flow6_of(s);
	const struct flow4 f4 = flow4_of(s);

	if (!table_insert(&n->sessions_by6, session_hash6(n, &f6), index))
		return false;
	if (table_insert(&n->sessions_by4, session_hash4(n, &f4), index)) {
		if (peer_add(n, s->binding, s->remote))
			return true;
		table_remove(&n->sessions_by4, session_hash4(n, &f4), index);
	}
	table_remove(&n->sessions_by6, session_hash6(n, &f6), index);
	return false;
}

static enum nat64_class first_class(uint8_t bib)
{
	return bib == BIB_UDP    ? NAT64_UDP
	       : bib == BIB_ICMP ? NAT64_ICMP
				 : NAT64_TCP_HALF;
}

/* A limit of 0 is none. */
static bool is_reached(uint32_t limit, uint32_t count)
{
	return limit && count >= limit;
}

XL_APART enum xlat_why session_open(struct nat64 *n, uint32_t binding,
				    uint32_t remote, uint16_t remote_port,
				    uint32_t *index)
{
	struct binding *b = binding_at(n, binding);
	struct subscriber *sub = binding_subscriber(n, b);
	struct session *s;

	if (is_reached(n->cfg.max_per_subscriber, sub->sessions))
		return WHY_SUBSCRIBER_LIMIT;
	if (is_reached(n->cfg.max_per_binding, b->sessions))
		return WHY_BINDING_LIMIT;
	*index = slab_take(&n->sessions);
	if (!*index)
		return WHY_TABLE_FULL;
	s = session_at(n, *index);
	s->client = b->client;
	s->pool = binding_pool_addr(n, b);
	s->remote = remote;
	s->client_port = b->client_port;
	s->pool_port = b->pool_port;
	s->remote_port = remote_port;
	s->bib = b->bib;
	s->binding = binding;
	s->hairpin = path_turns_back(n, remote, remote_port, s->bib);
	if (!enter(n, *index)) {
		slab_give(&n->sessions, *index);
		return WHY_TABLE_FULL;
	}
	s->class = (uint8_t)first_class(s->bib);
	s->used = n->now;
	s->quick[0] = s->quick[1] = s->warm = 0;
	wheel_add(n, *index);
	if (b->sessions++ == 0)
		tell_binding(n, b, EVENT_BINDING_CREATED);
	sub->sessions++;
	n->states[s->tcp]++;
	n->of[s->bib].sessions++;
	n->of[s->bib].sessions_created++;
	tell_session(n, s, EVENT_SESSION_CREATED);
	return WHY_NONE;
}

void session_set(struct nat64 *n, uint32_t index, enum tcpfsm_state tcp,
		 enum nat64_class class, uint32_t used)
{
	struct session *s = session_at(n, index);

	enter_state(n, s, tcp);
	s->class = (uint8_t) class;
	s->used = used;
	session_hasten(n, index);
}

void session_close(struct nat64 *n, uint32_t index)
{
	struct session *s = session_at(n, index);
	const struct flow6 f6 = flow6_of(s);
	const struct flow4 f4 = flow4_of(s);
	struct binding *b = binding_at(n, s->binding);

	quicken_remove(n, s);
	tell_session(n, s, EVENT_SESSION_DELETED);
	table_remove(&n->sessions_by6, session_hash6(n, &f6), index);
	table_remove(&n->sessions_by4, session_hash4(n, &f4), index);
	peer_drop(n, s->binding, s->remote);
	wheel_remove(n, index);
	n->states[s->tcp]--;
	n->of[s->bib].sessions--;
	binding_subscriber(n, b)->sessions--;
	if (--b->sessions == 0)
		tell_binding(n, b, EVENT_BINDING_DELETED);
	binding_release(n, s->binding);
	slab_give(&n->sessions, index);
}
