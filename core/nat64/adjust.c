/* SPDX-License-Identifier: MIT */
/*
 * adjust.c - another configuration for the tables that there are
 */
#include "nat64/binding.h"
#include "nat64/path.h"
#include "nat64/quicken.h"

static bool same_statics(const struct nat64_config *a,
			 const struct nat64_config *b)
{
	if (a->static_count != b->static_count)
		return false;
	for (uint32_t i = 0; i < a->static_count; i++) {
		const struct nat64_static *x = &a->statics[i];
		const struct nat64_static *y = &b->statics[i];

		if (!addr6_equal(x->client, y->client) || x->pool != y->pool ||
		    x->client_port != y->client_port ||
		    x->pool_port != y->pool_port || x->proto != y->proto)
			return false;
	}
	return true;
}

/* What is not named here is looked at when tables are made. */
static void take_over(struct nat64_config *to, const struct nat64_config *c)
{
	to->tr = c->tr;
	to->statics = c->statics;
	to->allow6 = c->allow6;
	to->allow6_count = c->allow6_count;
	to->deny4 = c->deny4;
	to->deny4_count = c->deny4_count;
	mem_copy(to->timeout, c->timeout, sizeof(to->timeout));
	to->refuse_inbound_tcp = c->refuse_inbound_tcp;
	to->max_subscribers = c->max_subscribers;
	to->max_per_subscriber = c->max_per_subscriber;
	to->max_bindings = c->max_bindings;
	to->max_rate = c->max_rate;
	to->max_per_binding = c->max_per_binding;
	to->max_blocks = c->max_blocks;
	to->hold_down = c->hold_down;
	to->any_parity = c->any_parity;
	to->no_ping = c->no_ping;
	to->outside = c->outside;
	mem_copy(to->alarm, c->alarm, sizeof(to->alarm));
}

bool nat64_adjust(struct nat64 *n, const struct nat64_config *c)
{
	struct nat64_config then = n->cfg;

	if (!same_statics(&then, c))
		return false;
	take_over(&then, c);
	if (!mem_equal(&then, c, sizeof(then)))
		return false;
	quicken_clear(n);
	n->cfg = then;
	return true;
}

static bool exceeds(uint32_t count, uint32_t limit)
{
	return limit && count > limit;
}

static bool is_allowed(const struct nat64 *n, const struct session *s)
{
	const struct nat64_config *c = &n->cfg;
	const struct binding *b = binding_at(n, s->binding);
	const struct subscriber *sub = binding_subscriber(n, b);

	return !path_refused(n, s->remote) &&
	       !(s->bib == BIB_ICMP && c->no_ping) &&
	       path_serves(n, s->client) &&
	       !exceeds(sub->sessions, c->max_per_subscriber) &&
	       !exceeds(sub->bindings, c->max_bindings) &&
	       !exceeds(b->sessions, c->max_per_binding);
}

bool nat64_review(struct nat64 *n, struct nat64_review *r, uint32_t budget)
{
	for (; budget; budget--) {
		r->cursor = slab_next(&n->sessions, r->cursor);
		if (!r->cursor)
			return false;
		if (is_allowed(n, session_at(n, r->cursor))) {
			session_hasten(n, r->cursor);
			r->kept++;
		} else {
			session_close(n, r->cursor);
			r->closed++;
		}
	}
	return true;
}
