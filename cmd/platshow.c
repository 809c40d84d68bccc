/* SPDX-License-Identifier: MIT */
#include "platshow.h"

#include "parse.h"

#define SECOND 1000000000ull

static void gauges(const void *ctx, struct report *r)
{
	const struct plat *d = ctx;
	struct nat64_stats s;

	nat64_get_stats(d->nat64, &s);
	report_gauge(r, "sessions", "Sessions in the table", s.sessions);
	report_gauge(r, "sessions-max", "Room for sessions", s.sessions_max);
	report_gauge(r, "bindings", "Bindings in the table", s.bindings);
	report_gauge(r, "subscribers", "Subscribers with sessions",
		     s.subscribers);
	report_gauge(r, "syns-held", "TCP SYNs from outside that wait",
		     s.syns_held);
}

static void status(const void *ctx, struct report *r)
{
	const struct plat *d = ctx;

	app_report(&d->trans.app, r);
	trans_report(&d->trans, r);
	report_net6(r, "pool6", d->opt->nat64.pool6.prefix,
		    d->opt->nat64.pool6.len);
	gauges(ctx, r);
	state_report(&d->state, r);
}

static void counters(const void *ctx, struct report *r)
{
	const struct plat *d = ctx;
	struct nat64_stats s;

	nat64_get_stats(d->nat64, &s);
	report_counter(r, "sessions-created", "Sessions ever made",
		       s.sessions_created);
	report_counter(r, "bindings-created", "Bindings ever made",
		       s.bindings_created);
	report_counter(r, "hairpinned", "Packets from one customer to another",
		       s.hairpinned);
	state_counters(&d->state, r);
	record_counters(&d->record, r);
	trans_counters(ctx, r);
}

static const char *proto_name(uint8_t proto)
{
	return proto == IP_TCP ? "tcp" : proto == IP_UDP ? "udp" : "icmp";
}

/**
 * struct filter - which rows of a table are wanted; zero: all
 */
struct filter {
	struct net6 client;
	uint32_t pool;
	uint32_t pport;
	uint32_t proto;
};

static const char *parse_client(void *field, const char *text)
{
	return parse_net6(text, field);
}

static const char *parse_pport(void *field, const char *text)
{
	return parse_u32(field, text, 1, 65535, "a port from 1 to 65535");
}

static const char *parse_proto(void *field, const char *text)
{
	static const char *const words[] = { "udp", "tcp", "icmp", NULL };
	static const uint8_t protos[] = { IP_UDP, IP_TCP, IP_ICMP };
	const int i = parse_word(text, words);

	if (i < 0)
		return "udp, tcp or icmp";
	*(uint32_t *)field = protos[i];
	return NULL;
}

static const struct ctlarg filter_args[] = {
	CTLARG(struct filter, client, "client", "CIDR", parse_client, false),
	CTLARG(struct filter, pool, "pool", "ADDRESS", parse_addr4_row, false),
	CTLARG(struct filter, pport, "pport", "PORT", parse_pport, false),
	CTLARG(struct filter, proto, "proto", "NAME", parse_proto, false),
	CTLARG_END,
};

static bool wanted(const struct filter *f, struct addr6 client, uint32_t pool,
		   uint16_t pport, uint8_t proto)
{
	return addr6_equal(addr6_mask(client, f->client.len), f->client.addr) &&
	       (!f->pool || f->pool == pool) &&
	       (!f->pport || f->pport == pport) &&
	       (!f->proto || f->proto == proto);
}

static bool next_session(const void *ctx, uint32_t *cursor, struct report *r)
{
	const struct plat *d = ctx;
	const uint64_t now = d->trans.app.loop.now;
	struct nat64_session_view s;

	if (!nat64_next_session(d->nat64, cursor, &s))
		return false;
	if (!wanted(r->asked, s.client, s.pool, s.pool_port, s.proto))
		return true;
	report_record(r);
	report_text(r, "proto", 5, proto_name(s.proto));
	report_addr6(r, "client", s.client);
	report_number(r, "port", 5, s.client_port);
	report_addr4(r, "pool", s.pool);
	report_number(r, "pport", 5, s.pool_port);
	report_addr4(r, "remote", s.remote);
	report_number(r, "rport", 5, s.remote_port);
	report_text(r, "state", 17, s.state);
	report_number(r, "expires", 7,
		      s.expires > now ? (s.expires - now) / SECOND : 0);
	report_record_end(r);
	return true;
}

static bool next_binding(const void *ctx, uint32_t *cursor, struct report *r)
{
	const struct plat *d = ctx;
	struct nat64_binding_view b;

	if (!nat64_next_binding(d->nat64, cursor, &b))
		return false;
	if (!wanted(r->asked, b.client, b.pool, b.pool_port, b.proto))
		return true;
	report_record(r);
	report_text(r, "proto", 5, proto_name(b.proto));
	report_addr6(r, "client", b.client);
	report_number(r, "port", 5, b.client_port);
	report_addr4(r, "pool", b.pool);
	report_number(r, "pport", 5, b.pool_port);
	report_text(r, "kind", 7, b.fixed ? "static" : "dynamic");
	report_number(r, "sessions", 8, b.sessions);
	report_record_end(r);
	return true;
}

const struct control_command platshow_commands[] = {
	{ .name = "status", .show = status },
	{ .name = "counters", .show = counters },
	{ .name = "sessions", .next = next_session, .args = filter_args },
	{ .name = "bindings", .next = next_binding, .args = filter_args },
	{ .name = NULL },
};

void (*const platshow_metrics[])(const void *ctx,
				 struct report *r) = { gauges, counters, NULL };
