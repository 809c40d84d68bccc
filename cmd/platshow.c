/* SPDX-License-Identifier: MIT */
#include "platshow.h"

_Static_assert((int)FAST_UDP == NAT64_OF_UDP && (int)FAST_TCP == NAT64_OF_TCP,
	       "one order");

#define AT(field) offsetof(struct nat64_count, field)

/**
 * struct figure - one of struct nat64_count, which are all numbers of 64 bits
 */
static const struct figure {
	const char *name;
	size_t at;
} now[] = {
	{ "sessions", AT(sessions) },
	{ "bindings", AT(bindings) },
}, ever[] = {
	{ "sessions-created", AT(sessions_created) },
	{ "bindings-created", AT(bindings_created) },
	{ "packets-4to6", AT(packets[0]) },
	{ "packets-6to4", AT(packets[1]) },
	{ "bytes-4to6", AT(bytes[0]) },
	{ "bytes-6to4", AT(bytes[1]) },
	{ "no-port-packets", AT(no_port) },
	{ "no-port-bytes", AT(no_port_bytes) },
};

static void put_member(struct report *r, const char *name, unsigned int i,
		       bool counter, uint64_t value)
{
	static const char *const protocols[NAT64_OF] = { "udp", "tcp", "icmp" };

	report_labelled(r, name, "protocol", protocols[i], counter, value);
}

static void put_figures(struct report *r, const struct nat64_stats *s,
			const struct figure *f, unsigned int count)
{
	for (unsigned int i = 0; i < count * NAT64_OF; i++) {
		const struct figure *at = &f[i / NAT64_OF];
		const char *of = (const void *)&s->of[i % NAT64_OF];

		put_member(r, at->name, i % NAT64_OF, f == ever,
			   *(const uint64_t *)(const void *)(of + at->at));
	}
}

static void put_pool(struct report *r, const struct nat64_stats *s)
{
	report_gauge(r, "pool-addresses", "Addresses of the pool",
		     s->addresses);
	report_gauge(r, "pool-addresses-used", "Those with a port in use",
		     s->addresses_used);
	report_gauge(r, "pool-ports", "Ports of the pool, for each protocol",
		     s->ports);
	for (unsigned int i = 0; i < NAT64_OF; i++)
		put_member(r, "ports-used", i, false, s->ports_used[i]);
}

void platshow_stats(struct plat *d, struct nat64_stats *out)
{
	struct nat64_pool_view p;
	struct nat64_stats s;
	uint32_t cursor = 0;

	crew_stop(&d->trans.crew);
	nat64_get_stats(d->nat64[0], out);
	if (d->opt->nat64.shards == 1)
		return;
	for (uint32_t i = 1; i < d->opt->nat64.shards; i++) {
		nat64_get_stats(d->nat64[i], &s);
		trans_add(out, &s, sizeof(s));
	}
	/* Addresses are in all of them. */
	out->addresses = out->addresses_used = out->ports = 0;
	while (platshow_pool(d, &cursor, &p)) {
		out->addresses++;
		out->addresses_used += p.udp || p.tcp || p.icmp;
		out->ports += p.ports;
	}
}

static void gauges(const void *ctx, struct report *r)
{
	const struct shard *first = ((const struct plat *)ctx)->shards;
	struct nat64_stats s;

	platshow_stats(first->plat, &s);
	report_gauge(r, "threads", "Threads that translate",
		     first->plat->opt->nat64.shards);
	report_gauge(r, "sessions", "Sessions in the table", s.sessions);
	report_gauge(r, "sessions-max", "Room for sessions", s.sessions_max);
	report_gauge(r, "bindings", "Bindings in the table", s.bindings);
	report_gauge(r, "subscribers", "Subscribers with sessions",
		     s.subscribers);
	report_gauge(r, "port-blocks", "Blocks of ports that are given out",
		     s.blocks);
	report_gauge(r, "ports-kept", "Ports that are free but not used yet",
		     s.ports_kept);
	report_gauge(r, "syns-held", "TCP SYNs from outside that wait",
		     s.syns_held);
	put_pool(r, &s);
	put_figures(r, &s, now, XL_COUNT(now));
	for (unsigned int i = 1; i < NAT64_STATES; i++)
		report_labelled(r, "sessions", "state", nat64_state_name(i),
				false, s.states[i]);
}

/* How it behaves, in the words of RFC 7659 and RFC 8512. */
static void put_behaviour(const struct nat64_config *c, struct report *r)
{
	static const char *const filtering[] = { "endpoint-independent",
						 "address-dependent" };

	report_text(r, "mapping", 0, filtering[0]);
	report_text(r, "filtering", 0, filtering[c->filtering]);
	report_text(r, "filtering-tcp", 0, filtering[c->filtering_tcp]);
	report_text(r, "pooling", 0, "paired");
	report_text(r, "fragments", 0, "out-of-order");
}

void platshow_status(const void *ctx, struct report *r)
{
	const struct plat *d = ctx;

	app_report(&d->trans.app, r);
	trans_report(&d->trans, r);
	fastpath_report(&d->fastpath, r);
	report_net6(r, "pool6", d->opt->nat64.pool6.prefix,
		    d->opt->nat64.pool6.len);
	put_behaviour(&d->opt->nat64, r);
	platshare_report(&d->share, r);
	gauges(ctx, r);
	state_report(&d->state, r);
}

/* What the fast path carried counts as if it had come here. */
static void add_fast(struct nat64_count *c, const struct fast *f,
		     unsigned int protocol)
{
	const struct fast_count n = fast_count(f, protocol);

	c->packets[0] += n.packets4;
	c->bytes[0] += n.bytes4;
	c->packets[1] += n.packets6;
	c->bytes[1] += n.bytes6;
}

void platshow_counters(const void *ctx, struct report *r)
{
	const struct plat *d = ctx;
	struct nat64_stats s;

	platshow_stats(d->shards[0].plat, &s);
	for (unsigned int i = 0; d->trans.fast && i < FAST_PROTOCOLS; i++)
		add_fast(&s.of[i], d->trans.fast, i);
	report_counter(r, "sessions-created", "Sessions ever made",
		       s.sessions_created);
	report_counter(r, "bindings-created", "Bindings ever made",
		       s.bindings_created);
	report_counter(r, "subscribers-created",
		       "Subscribers that got an address",
		       s.subscribers_created);
	report_counter(r, "port-blocks-created", "Blocks ever given out",
		       s.blocks_created);
	report_counter(r, "hairpinned", "Packets from one customer to another",
		       s.hairpinned);
	put_figures(r, &s, ever, XL_COUNT(ever));
	state_counters(&d->state, r);
	record_counters(d->record, r);
	trans_counters(ctx, r);
}

void (*const platshow_metrics[])(const void *ctx, struct report *r) = {
	gauges, platshow_counters, NULL
};
