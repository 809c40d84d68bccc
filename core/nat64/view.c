/* SPDX-License-Identifier: MIT */
/*
 * view.c - the tables, to be shown
 */
#include "nat64/clock.h"
#include "nat64/cooling.h"
#include "nat64/determ.h"
#include "nat64/held.h"

/* Cursors: number of the last session shown, then this and the place among
 * the SYNs held. */
#define CURSOR_HELD 0x80000000u

const char *nat64_state_name(unsigned int state)
{
	static const char *const names[NAT64_STATES] = {
		[TCPFSM_CLOSED] = "",
		[TCPFSM_V4_INIT] = "V4_INIT",
		[TCPFSM_V6_INIT] = "V6_INIT",
		[TCPFSM_ESTABLISHED] = "ESTABLISHED",
		[TCPFSM_V4_FIN] = "V4_FIN_RCV",
		[TCPFSM_V6_FIN] = "V6_FIN_RCV",
		[TCPFSM_V4_V6_FIN] = "V4_FIN_V6_FIN_RCV",
		[TCPFSM_TRANS] = "TRANS",
	};

	return names[state];
}

bool nat64_next_session(const struct nat64 *n, uint32_t *cursor,
			struct nat64_session_view *out)
{
	uint32_t at;
	bool more;

	if (!(*cursor & CURSOR_HELD)) {
		const uint32_t i = slab_next(&n->sessions, *cursor);
		const struct session *s = session_at(n, i);

		*cursor = i ? i : CURSOR_HELD;
		if (i) {
			*out = (struct nat64_session_view){
				.client = s->client,
				.pool = s->pool,
				.remote = s->remote,
				.client_port = s->client_port,
				.pool_port = s->pool_port,
				.remote_port = s->remote_port,
				.proto = bib_proto(s->bib),
				.state = nat64_state_name(s->tcp),
				.expires = session_end(n, s) * NS_PER_S,
			};
			return true;
		}
	}
	at = *cursor & ~CURSOR_HELD;
	more = held_view(n, &at, out);
	*cursor = CURSOR_HELD | at;
	return more;
}

bool nat64_next_binding(const struct nat64 *n, uint32_t *cursor,
			struct nat64_binding_view *out)
{
	const uint32_t i = slab_next(&n->bindings, *cursor);
	const struct binding *b = slab_at(&n->bindings, i);

	if (!i)
		return false;
	*cursor = i;
	*out = (struct nat64_binding_view){
		.client = b->client,
		.pool = n->pool.addrs[b->pool].addr,
		.client_port = b->client_port,
		.pool_port = b->pool_port,
		.proto = bib_proto(b->bib),
		.fixed = b->fixed,
		.sessions = b->sessions,
	};
	return true;
}

bool nat64_next_subscriber(const struct nat64 *n, uint32_t *cursor,
			   struct nat64_subscriber_view *out)
{
	const uint32_t i = slab_next(&n->subscribers, *cursor);
	const struct subscriber *s = slab_at(&n->subscribers, i);

	if (!i)
		return false;
	*cursor = i;
	*out = (struct nat64_subscriber_view){
		.prefix = { s->prefix, n->cfg.subscriber_len },
		.pool = n->pool.addrs[s->pool].addr,
		.bindings = s->bindings,
		.sessions = s->sessions,
		.blocks = s->block_count,
		.created = s->created,
		.refused = s->refused,
	};
	return true;
}

/* Ports of an address that can be given to somebody: of blocks whole ones, of
 * computed ports what divides. */
static uint32_t usable(const struct nat64_config *c,
		       const struct nat64_range *r)
{
	const uint32_t size = c->port_block;
	struct determ d = { .dynamic = WELL_KNOWN_MAX + 1 };
	uint32_t low = 0;
	uint32_t end = 0;

	if (!size && !c->inside.len)
		return r->port_max - r->port_min + 1u;
	if (c->inside.len)
		d = determ_plan(c);
	if (size) {
		low = r->port_min > d.dynamic ? r->port_min : d.dynamic;
		low = (low + size - 1) / size;
		end = (r->port_max + 1u) / size;
	}
	return d.ratio * d.ports + (end > low ? end - low : 0) * size;
}

static uint32_t ports_of(const struct nat64_config *c, uint32_t addr)
{
	uint32_t ports = 0;

	for (uint32_t i = 0; i < c->pool4_count; i++)
		if (c->pool4[i].first <= addr && addr <= c->pool4[i].last)
			ports += usable(c, &c->pool4[i]);
	return ports;
}

bool nat64_next_pool(const struct nat64 *n, uint32_t *cursor,
		     struct nat64_pool_view *out)
{
	const struct pool_addr *a = &n->pool.addrs[*cursor];

	if (*cursor == n->pool.count)
		return false;
	++*cursor;
	*out = (struct nat64_pool_view){
		.addr = a->addr,
		.ports = ports_of(&n->cfg, a->addr),
		.udp = a->taken[BIB_UDP] - a->closed,
		.tcp = a->taken[BIB_TCP] - a->closed,
		.icmp = a->taken[BIB_ICMP] - a->closed,
	};
	return true;
}

bool nat64_close(struct nat64 *n, uint32_t cursor, uint64_t now)
{
	if (cursor & CURSOR_HELD)
		return false;
	clock_set(n, now);
	session_close(n, cursor);
	return true;
}

static void sum_address(const struct pool_addr *a, struct nat64_stats *out)
{
	bool used = false;

	for (unsigned int i = 0; i < NAT64_OF; i++) {
		const uint32_t taken = a->taken[i] - a->closed;

		out->ports_used[i] += taken;
		used = used || taken;
	}
	out->addresses++;
	out->addresses_used += used;
	out->ports += a->ports.max - a->ports.min + 1u - a->closed;
}

void nat64_get_stats(const struct nat64 *n, struct nat64_stats *out)
{
	*out = (struct nat64_stats){
		.sessions = n->sessions.used,
		.sessions_max = n->sessions.max,
		.bindings = n->bindings.used,
		.subscribers = n->subscribers.used,
		.blocks = n->blocks_used,
		.ports_kept = cooling_count(n),
		.syns_held = held_count(n),
		.subscribers_created = n->subscribers_created,
		.blocks_created = n->blocks_created,
		.hairpinned = n->hairpinned,
	};
	mem_copy(out->of, n->of, sizeof(out->of));
	mem_copy(out->states, n->states, sizeof(out->states));
	for (unsigned int i = 0; i < NAT64_OF; i++) {
		out->sessions_created += n->of[i].sessions_created;
		out->bindings_created += n->of[i].bindings_created;
	}
	/* At most 4096. */
	for (uint32_t i = 0; i < n->pool.count; i++)
		sum_address(&n->pool.addrs[i], out);
}
