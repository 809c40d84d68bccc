/* SPDX-License-Identifier: MIT */
/*
 * plattable.c - the tables of a stateful NAT64, row by row
 */
#include "parse.h"
#include "platshow.h"

#define SECOND 1000000000ull

static const char *proto_name(uint8_t proto)
{
	return proto == IP_TCP ? "tcp" : proto == IP_UDP ? "udp" : "icmp";
}

/**
 * struct filter - which rows of a table are wanted; zero: all
 */
struct filter {
	struct net6 client;
	uint32_t port;
	uint32_t pool;
	uint32_t pport;
	uint32_t proto;
	uint32_t remote;
	uint32_t rport;
};

static const char *parse_client(void *field, const char *text)
{
	return parse_net6(text, field);
}

/* What several tables can be asked for. */
#define BY_CLIENT(needed)                                                      \
	CTLARG(struct filter, client, "client", "CIDR", parse_client, needed)
#define BY_POOL                                                                \
	CTLARG(struct filter, pool, "pool", "ADDRESS", parse_addr4_row, false)
#define BY_BINDING                                                             \
	BY_POOL,                                                               \
		CTLARG(struct filter, pport, "pport", "PORT", parse_port,      \
		       false),                                                 \
		CTLARG(struct filter, proto, "proto", "NAME", parse_proto,     \
		       false),                                                 \
		CTLARG(struct filter, port, "port", "PORT", parse_port, false)
#define BY_REMOTE                                                              \
	CTLARG(struct filter, remote, "remote", "ADDRESS", parse_addr4_row,    \
	       false),                                                         \
		CTLARG(struct filter, rport, "rport", "PORT", parse_port,      \
		       false)

static const struct ctlarg session_args[] = { BY_CLIENT(false), BY_BINDING,
					      BY_REMOTE, CTLARG_END };
static const struct ctlarg binding_args[] = { BY_CLIENT(false), BY_BINDING,
					      CTLARG_END };
static const struct ctlarg subscriber_args[] = { BY_CLIENT(false), BY_POOL,
						 CTLARG_END };
static const struct ctlarg pool_args[] = { BY_POOL, CTLARG_END };
static const struct ctlarg kill_args[] = { BY_CLIENT(true), BY_BINDING,
					   BY_REMOTE, CTLARG_END };

static bool is(uint32_t asked, uint32_t value)
{
	return !asked || asked == value;
}

static bool wants_client(const struct filter *f, struct addr6 client)
{
	return addr6_equal(addr6_mask(client, f->client.len), f->client.addr);
}

static bool wants_session(const struct filter *f,
			  const struct nat64_session_view *s)
{
	return wants_client(f, s->client) && is(f->port, s->client_port) &&
	       is(f->pool, s->pool) && is(f->pport, s->pool_port) &&
	       is(f->proto, s->proto) && is(f->remote, s->remote) &&
	       is(f->rport, s->remote_port);
}

static void put_session(struct report *r, const struct nat64_session_view *s,
			uint64_t now)
{
	report_record(r);
	report_text(r, "proto", 5, proto_name(s->proto));
	report_addr6(r, "client", s->client);
	report_number(r, "port", 5, s->client_port);
	report_addr4(r, "pool", s->pool);
	report_number(r, "pport", 5, s->pool_port);
	report_addr4(r, "remote", s->remote);
	report_number(r, "rport", 5, s->remote_port);
	report_text(r, "state", 17, s->state);
	report_number(r, "expires", 7,
		      s->expires > now ? (s->expires - now) / SECOND : 0);
	report_record_end(r);
}

/* A row of a thread's table, which the cursor names, too. */
union row {
	struct nat64_session_view session;
	struct nat64_binding_view binding;
	struct nat64_subscriber_view subscriber;
};

enum table { SESSIONS, BINDINGS, SUBSCRIBERS };

/* Numbers in tables are smaller than 1 << THREAD_BIT; the bits above
 * THREAD_BITS are theirs again. */
#define THREAD_BIT  24u
#define THREAD_BITS ((CREW_MAX - 1) << THREAD_BIT)

static struct nat64 *nat64_at(const struct plat *d, uint32_t cursor)
{
	return d->nat64[(cursor & THREAD_BITS) >> THREAD_BIT];
}

static bool next_of_thread(const struct nat64 *n, enum table t,
			   uint32_t *cursor, union row *row)
{
	switch (t) {
	case SESSIONS:
		return nat64_next_session(n, cursor, &row->session);
	case BINDINGS:
		return nat64_next_binding(n, cursor, &row->binding);
	default:
		return nat64_next_subscriber(n, cursor, &row->subscriber);
	}
}

/* The next row of one thread's table after the other's, while they stop. */
static bool next_row(const struct plat *d, enum table t, uint32_t *cursor,
		     union row *row)
{
	uint32_t thread = (*cursor & THREAD_BITS) >> THREAD_BIT;
	uint32_t at = *cursor & ~THREAD_BITS;

	crew_stop(&d->shards[0].plat->trans.crew);
	while (!next_of_thread(d->nat64[thread], t, &at, row)) {
		if (++thread == d->opt->nat64.shards)
			return false;
		at = 0;
	}
	*cursor = at | thread << THREAD_BIT;
	return true;
}

/* Return: false at the end; @kill: what is shown is closed. */
static bool walk_sessions(const struct plat *d, uint32_t *cursor,
			  struct report *r, bool kill)
{
	const uint64_t now = d->trans.app.loop.now;
	union row row;
	const struct nat64_session_view *s = &row.session;

	if (!next_row(d, SESSIONS, cursor, &row))
		return false;
	if (!wants_session(r->asked, s))
		return true;
	if (kill &&
	    !nat64_close(nat64_at(d, *cursor), *cursor & ~THREAD_BITS, now))
		return true;
	put_session(r, s, now);
	if (kill)
		record_drain(d->record);
	return true;
}

static bool next_session(const void *ctx, uint32_t *cursor, struct report *r)
{
	return walk_sessions(ctx, cursor, r, false);
}

static bool next_killed(const void *ctx, uint32_t *cursor, struct report *r)
{
	return walk_sessions(ctx, cursor, r, true);
}

static bool next_binding(const void *ctx, uint32_t *cursor, struct report *r)
{
	const struct plat *d = ctx;
	const struct filter *f = r->asked;
	union row row;
	struct nat64_binding_view b;

	if (!next_row(d, BINDINGS, cursor, &row))
		return false;
	b = row.binding;
	if (!wants_client(f, b.client) || !is(f->port, b.client_port) ||
	    !is(f->pool, b.pool) || !is(f->pport, b.pool_port) ||
	    !is(f->proto, b.proto))
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

/* One is wanted if it lies within what is asked for, or the other way round:
 * a host's address finds its subscriber. */
static bool wants_subscriber(const struct filter *f, struct net6 prefix)
{
	const uint8_t len =
		f->client.len < prefix.len ? f->client.len : prefix.len;

	return addr6_equal(addr6_mask(prefix.addr, len),
			   addr6_mask(f->client.addr, len));
}

static bool next_subscriber(const void *ctx, uint32_t *cursor, struct report *r)
{
	const struct plat *d = ctx;
	const struct filter *f = r->asked;
	union row row;
	struct nat64_subscriber_view s;

	if (!next_row(d, SUBSCRIBERS, cursor, &row))
		return false;
	s = row.subscriber;
	if (!wants_subscriber(f, s.prefix) || !is(f->pool, s.pool))
		return true;
	report_record(r);
	report_net6(r, "client", s.prefix.addr, s.prefix.len);
	report_addr4(r, "pool", s.pool);
	report_number(r, "bindings", 8, s.bindings);
	report_number(r, "sessions", 8, s.sessions);
	report_number(r, "blocks", 6, s.blocks);
	report_number(r, "created", 8, s.created);
	report_number(r, "refused", 8, s.refused);
	report_record_end(r);
	return true;
}

/* An address is in all tables; what is used of it adds up. */
bool platshow_pool(const struct plat *d, uint32_t *cursor,
		   struct nat64_pool_view *out)
{
	const uint32_t at = *cursor;
	struct nat64_pool_view p;

	crew_stop(&d->shards[0].plat->trans.crew);
	if (!nat64_next_pool(d->nat64[0], cursor, out))
		return false;
	for (uint32_t i = 1; i < d->opt->nat64.shards; i++) {
		uint32_t same = at;

		if (!nat64_next_pool(d->nat64[i], &same, &p))
			return false;
		out->udp += p.udp;
		out->tcp += p.tcp;
		out->icmp += p.icmp;
	}
	return true;
}

static bool next_pool(const void *ctx, uint32_t *cursor, struct report *r)
{
	const struct plat *d = ctx;
	const struct filter *f = r->asked;
	struct nat64_pool_view p;

	if (!platshow_pool(d, cursor, &p))
		return false;
	if (!is(f->pool, p.addr))
		return true;
	report_record(r);
	report_addr4(r, "pool", p.addr);
	report_number(r, "ports", 8, p.ports);
	report_number(r, "udp-used", 8, p.udp);
	report_number(r, "tcp-used", 8, p.tcp);
	report_number(r, "icmp-used", 9, p.icmp);
	report_record_end(r);
	return true;
}

const struct control_command platshow_commands[] = {
	{ .name = "status", .show = platshow_status },
	{ .name = "counters", .show = platshow_counters },
	TRANS_TRACE,
	{ .name = "sessions", .next = next_session, .args = session_args },
	{ .name = "bindings", .next = next_binding, .args = binding_args },
	{ .name = "subscribers",
	  .next = next_subscriber,
	  .args = subscriber_args },
	{ .name = "pools", .next = next_pool, .args = pool_args },
	{ .name = "kill", .next = next_killed, .args = kill_args },
	{ .name = NULL },
};
