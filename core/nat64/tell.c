/* SPDX-License-Identifier: MIT */
#include "nat64/tell.h"

#include "nat64/binding.h"

/* A flood of what is refused is one event a second (RFC 8158, 5.2). */
static bool is_due(const struct nat64 *n, struct nat64_events *to, uint8_t kind)
{
	if (!(EVENT_LIMITS & EVENT_BIT(kind)))
		return true;
	if (to->told[kind] == n->now)
		return false;
	to->told[kind] = n->now;
	return true;
}

void tell_event(const struct nat64 *n, struct nat64_event e)
{
	struct nat64_events *to = n->events;

	if (!(to->want & EVENT_BIT(e.kind)) || !is_due(n, to, e.kind))
		return;
	e.when = n->now_ns;
	to->ring[to->count++ & (to->size - 1)] = e;
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

void nat64_listen(struct nat64 *n, struct nat64_events *events)
{
	n->events = events;
}
