/* SPDX-License-Identifier: MIT */
#include "dns64show.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>

#include "parse.h"

#define SECOND 1000000000ull

void dns64show_address(char out[64], const struct dnsio_address *a)
{
	char host[INET6_ADDRSTRLEN];
	uint8_t wire[16];
	const bool v4 = a->addr.hi == 0 && a->addr.lo >> 32 == 0xffff;

	addr6_store(wire, a->addr);
	inet_ntop(v4 ? AF_INET : AF_INET6, v4 ? wire + 12 : wire, host,
		  sizeof(host));
	snprintf(out, 64, v4 ? "%s:%u" : "[%s]:%u", host, a->port);
}

/* Of several values each gets a number behind its name. */
static void report_address(struct report *r, const char *name, uint32_t i,
			   const struct dnsio_address *a)
{
	char numbered[32];
	char text[64];

	snprintf(numbered, sizeof(numbered), i ? "%s-%u" : "%s", name, i + 1);
	dns64show_address(text, a);
	report_text(r, numbered, 0, text);
}

static void report_prefix(struct report *r, uint32_t i, struct pref64 p)
{
	char name[32];

	snprintf(name, sizeof(name), i ? "prefix-%u" : "prefix", i + 1);
	report_net6(r, name, p.prefix, p.len);
}

static void gauges(const void *ctx, struct report *r)
{
	const struct dns64 *d = ctx;
	const struct query *q = &d->io.query;

	report_gauge(r, "threads", "Threads that take questions",
		     d->io.threads);
	dnsio_lock(&d->io);
	report_gauge(r, "allowed-networks", "Networks that may ask",
		     q->allow_count);
	report_gauge(r, "questions-under-way", "Questions not answered yet",
		     q->used);
	report_gauge(r, "questions-to-servers", "Of those, at servers",
		     q->up.used);
	report_gauge(r, "cache-answers", "Answers in the cache",
		     q->cache.count);
	report_gauge(r, "cache-bytes", "Size of the cache", q->cache.size);
	dnsio_unlock(&d->io);
}

static void status(const void *ctx, struct report *r)
{
	const struct dns64 *d = ctx;
	const struct query *q = &d->io.query;
	const struct synth *s = &d->views.synth[0];

	app_report(&d->app, r);
	for (uint32_t i = 0; i < d->io.listen_count; i++)
		report_address(r, "listen", i, &d->io.listen[i]);
	for (uint32_t i = 0; i < q->up.server_count; i++)
		report_address(r, "forward", i, &d->io.forward[i]);
	for (uint32_t i = 0; i < s->prefix_count; i++)
		report_prefix(r, i, s->prefixes[i]);
	gauges(ctx, r);
}

static void counters(const void *ctx, struct report *r)
{
	const struct dns64 *d = ctx;

	dnsio_lock(&d->io);
	for (enum count c = 0; c < COUNT_COUNT; c++)
		report_counter(r, count_name(c), count_text(c),
			       dnsio_count(&d->io, c));
	dnsio_unlock(&d->io);
}

/* One server after the other, and how it has been. */
static bool servers(const void *ctx, uint32_t *cursor, struct report *r)
{
	const struct dns64 *d = ctx;
	const struct upstream *u = &d->io.query.up;
	const struct upstream_server *s = &u->servers[*cursor];
	char text[64];

	if (*cursor == u->server_count)
		return false;
	dns64show_address(text, &d->io.forward[(*cursor)++]);
	dnsio_lock(&d->io);
	report_record(r);
	report_text(r, "server", 40, text);
	report_text(r, "state", 6,
		    s->down_until > d->app.loop.now ? "down" : "up");
	report_number(r, "failures", 9, s->fails);
	report_number(r, "rtt-us", 9, s->rtt / 1000);
	report_record_end(r);
	dnsio_unlock(&d->io);
	return true;
}

/* A name as text; what is no letter, digit or hyphen as \\NNN. */
static void show_name(char out[1024], const uint8_t *wire)
{
	size_t n = 0;

	for (; *wire; wire += *wire + 1) {
		for (uint8_t i = 1; i <= *wire; i++) {
			const int c = wire[i];

			if (isalnum(c) || c == '-' || c == '_')
				out[n++] = (char)c;
			else
				n += (size_t)sprintf(out + n, "\\%03d", c);
		}
		out[n++] = '.';
	}
	if (n == 0)
		out[n++] = '.';
	out[n] = '\0';
}

static void cache_row(struct report *r, const struct cache_hit *hit)
{
	const uint8_t *type = hit->data + MSG_HDR_LEN;
	char name[1024];

	show_name(name, type);
	while (*type)
		type += *type + 1;
	report_record(r);
	report_text(r, "name", 40, name);
	report_number(r, "type", 5, be_get16(type + 1));
	report_number(r, "rcode", 5, hit->data[3] & MSG_RCODE);
	report_number(r, "age", 7, hit->age);
	report_number(r, "lifetime", 8, hit->lifetime);
	report_number(r, "bytes", 6, hit->len);
	report_record_end(r);
}

/* The next answer of the cache; @name: about that only, or NULL. */
static bool next_answer(const struct dns64 *d, uint32_t *cursor,
			struct report *r, const struct msg_name *name)
{
	const uint32_t now = (uint32_t)(d->app.loop.now / SECOND);
	struct cache_hit hit;
	bool found;

	dnsio_lock(&d->io);
	do
		found = cache_walk(&d->io.query.cache, cursor, now, &hit);
	while (found && name &&
	       !msg_equal_fold(hit.data + MSG_HDR_LEN, name->b, name->len));
	if (found)
		cache_row(r, &hit);
	dnsio_unlock(&d->io);
	return found;
}

static bool cache(const void *ctx, uint32_t *cursor, struct report *r)
{
	return next_answer(ctx, cursor, r, NULL);
}

static const char *parse_asked(void *field, const char *text)
{
	return parse_name(text, field);
}

static bool lookup(const void *ctx, uint32_t *cursor, struct report *r)
{
	return next_answer(ctx, cursor, r, r->asked);
}

static const struct ctlarg lookup_args[] = {
	{ "name", "NAME", parse_asked, 0, true },
	CTLARG_END,
};

const struct control_command dns64show_commands[] = {
	{ .name = "status", .show = status },
	{ .name = "counters", .show = counters },
	{ .name = "servers", .next = servers },
	{ .name = "cache", .next = cache },
	{ .name = "lookup", .next = lookup, .args = lookup_args },
	{ .name = NULL },
};

void (*const dns64show_metrics[])(const void *ctx,
				  struct report *r) = { gauges, counters,
							NULL };
