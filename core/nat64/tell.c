/* SPDX-License-Identifier: MIT */
#include "nat64/tell.h"

#include "nat64/binding.h"

#define DAY 86400u /* seconds */

/* A flood of what is refused is one event a second (RFC 8158, 5.2). */
static bool is_due(const struct nat64 *n, struct nat64_events *to, uint8_t kind)
{
	const uint32_t pause =
		kind < EVENT_POOL_HIGH || kind == EVENT_SUBSCRIBER_HIGH
			? 1
			: n->cfg.alarm[NAT64_ALARM_INTERVAL];

	if (!((EVENT_LIMITS | EVENT_ALARMS) & EVENT_BIT(kind)))
		return true;
	if (to->told[kind] && n->now - to->told[kind] < pause)
		return false;
	to->told[kind] = n->now;
	return true;
}

bool tell_event(const struct nat64 *n, struct nat64_event e)
{
	struct nat64_events *to = n->events;

	if (!(to->want & EVENT_BIT(e.kind)) || !is_due(n, to, e.kind))
		return false;
	e.when = n->now_ns;
	to->ring[to->count++ & (to->size - 1)] = e;
	return true;
}

struct nat64_event tell_of_session(const struct session *s,
				   enum nat64_event_kind kind)
{
	return (struct nat64_event){
		.kind = (uint8_t)kind,
		.proto = bib_proto(s->bib),
		.client = s->client,
		.client_port = s->client_port,
		.pool = s->pool,
		.pool_port = s->pool_port,
		.remote = s->remote,
		.remote_port = s->remote_port,
	};
}

struct nat64_event tell_of_binding(const struct nat64 *n,
				   const struct binding *b,
				   enum nat64_event_kind kind)
{
	return (struct nat64_event){
		.kind = (uint8_t)kind,
		.proto = bib_proto(b->bib),
		.client = b->client,
		.client_port = b->client_port,
		.pool = binding_pool_addr(n, b),
		.pool_port = b->pool_port,
	};
}

/* A subscriber that has an address gets no other. */
static struct nat64_event exhausted(const struct nat64 *n, struct addr6 client,
				    enum bib bib)
{
	const uint32_t i = subscriber_find(n, client);
	struct nat64_event e = { .kind = EVENT_NO_ADDRESS,
				 .proto = bib_proto((uint8_t)bib) };

	if (i) {
		e.kind = EVENT_NO_PORT;
		e.client = client;
		e.pool = n->pool.addrs[subscriber_at(n, i)->pool].addr;
	}
	return e;
}

static struct nat64_event quota(const struct nat64 *n, struct addr6 client,
				uint32_t limit)
{
	const uint8_t len = n->cfg.subscriber_len;

	return (struct nat64_event){ .kind = EVENT_SUBSCRIBER_LIMIT,
				     .client = addr6_mask(client, len),
				     .client_len = len,
				     .limit = limit };
}

void tell_refusal(const struct nat64 *n, enum xlat_why why, struct addr6 client,
		  enum bib bib)
{
	if (XL_LIKELY(!n->events))
		return;
	if (why == WHY_POOL_EXHAUSTED || why == WHY_POOL_ADDRESSES)
		tell_event(n, exhausted(n, client, bib));
	else if (why == WHY_TABLE_FULL)
		tell_event(n, (struct nat64_event){
				      .kind = EVENT_NO_SESSION,
				      .limit = n->cfg.max_sessions });
	else if (why == WHY_MANY_SUBSCRIBERS)
		tell_event(n, (struct nat64_event){
				      .kind = EVENT_NO_SUBSCRIBER,
				      .limit = n->cfg.max_subscribers });
	else if (why == WHY_SUBSCRIBER_LIMIT)
		tell_event(n, quota(n, client, n->cfg.max_per_subscriber));
	else if (why == WHY_SUBSCRIBER_BINDINGS)
		tell_event(n, quota(n, client, n->cfg.max_bindings));
	else if (why == WHY_SUBSCRIBER_PORTS)
		tell_event(n, quota(n, client, n->cfg.max_blocks));
}

XL_APART uint64_t tell_next_parameters(const struct nat64 *n)
{
	return n->cfg.inside.len && !n->cfg.shard &&
			       tell_wants(n, EVENT_DETERMINISTIC)
		       ? n->parameters_due
		       : UINT64_MAX;
}

/* What a subscriber has at most (M in RFC 7422); 0: there is no limit. */
static uint32_t most_ports(const struct nat64 *n)
{
	const struct nat64_config *c = &n->cfg;

	if (c->port_block && !c->max_blocks)
		return 0;
	return n->plan.ports + c->max_blocks * c->port_block;
}

XL_APART bool tell_parameters(struct nat64 *n)
{
	const struct nat64_config *c = &n->cfg;

	if (tell_next_parameters(n) > n->now)
		return false;
	n->parameters_due = n->now + DAY;
	for (uint32_t i = 0; i < c->pool4_count; i++)
		tell_event(n, (struct nat64_event){
				      .kind = EVENT_DETERMINISTIC,
				      .client = c->inside.addr,
				      .client_len = c->inside.len,
				      .client_port = c->subscriber_len,
				      .pool = c->pool4[i].first,
				      .remote = c->pool4[i].last,
				      .pool_port = (uint16_t)n->plan.first,
				      .pool_last = (uint16_t)n->plan.last,
				      .remote_port = (uint16_t)c->dynamic,
				      .limit = most_ports(n) });
	return true;
}

void nat64_listen(struct nat64 *n, struct nat64_events *events)
{
	n->events = events;
	n->parameters_due = n->now;
}
