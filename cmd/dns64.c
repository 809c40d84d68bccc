/* SPDX-License-Identifier: MIT */
/*
 * dns64.c - the DNS64 server as a daemon
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "applet.h"
#include "dns64view.h"

#define SECOND     1000000000ull

/* How often the networks of the machine are looked at again, if strangers
 * have asked since: one of them may be in a network that is new. */
#define LOOK_AGAIN (5 * SECOND)

/**
 * struct daemon - all of it
 * @networks:	without --allow: what the machine is connected to
 * @strangers:	questions refused when it was looked at
 */
struct daemon {
	struct app app; /* first member */
	struct dns64opt *opt;
	struct dnsio io;
	struct dns64view views;
	struct ev_timer networks;
	uint64_t strangers;
};

static struct daemon *daemon_of(struct app *a)
{
	return (struct daemon *)(void *)a;
}

static bool check(struct app *a, struct option_error *e)
{
	struct daemon *d = daemon_of(a);

	return dns64opt_check(d->opt, e) &&
	       dns64view_fill(&d->views, d->opt, e);
}

/* "192.0.2.1:53" or "[2001:db8::1]:53". */
static void show_address(char out[64], const struct dnsio_address *a)
{
	char host[INET6_ADDRSTRLEN];
	uint8_t wire[16];
	const bool v4 = a->addr.hi == 0 && a->addr.lo >> 32 == 0xffff;

	addr6_store(wire, a->addr);
	inet_ntop(v4 ? AF_INET : AF_INET6, v4 ? wire + 12 : wire, host,
		  sizeof(host));
	snprintf(out, 64, v4 ? "%s:%u" : "[%s]:%u", host, a->port);
}

/* Without --allow: this machine, and the networks it is connected to. */
static int find_networks(struct daemon *d)
{
	struct synth_net6 nets[DNS64VIEW_ALLOWS];
	const int n = dnsio_networks(nets, XL_COUNT(nets));

	for (int i = 0; i < n; i++)
		d->views.allow[i] =
			(struct query_allow){ nets[i], &d->views.synth[0] };
	if (n >= 0)
		d->io.query.allow_count = (uint32_t)n;
	return n < 0 ? n : 0;
}

static void look_again(struct ev_loop *loop, struct ev_timer *t)
{
	struct daemon *d =
		(void *)((char *)t - offsetof(struct daemon, networks));
	const uint64_t strangers = d->io.query.count[COUNT_REFUSED];

	/* If it fails, what was known stays. */
	if (strangers != d->strangers && find_networks(d) == 0)
		d->strangers = strangers;
	ev_timer_set(loop, t, loop->now + LOOK_AGAIN);
}

static enum exit_status open_allow(struct daemon *d)
{
	struct query *q = &d->io.query;
	int err;

	q->allow = d->views.allow;
	q->allow_count = d->views.allow_count;
	ev_timer_set(&d->app.loop, &d->networks, UINT64_MAX);
	if (q->allow_count)
		return EXIT_OK;
	err = find_networks(d);
	if (err) {
		log_error("cannot list the networks of this machine: %s",
			  strerror(-err));
		return app_status(err);
	}
	d->networks.due = look_again;
	ev_timer_set(&d->app.loop, &d->networks, d->app.loop.now + LOOK_AGAIN);
	return EXIT_OK;
}

static bool listens_at(const struct dnsio *io, const struct dnsio_address *a)
{
	for (uint32_t i = 0; i < io->listen_count; i++) {
		const struct dnsio_address *l = &io->listen[i];
		const bool any =
			l->addr.hi == 0 && (l->addr.lo & UINT32_MAX) == 0;

		if (l->port == a->port &&
		    (any || addr6_equal(l->addr, a->addr)))
			return true;
	}
	return false;
}

/* Questions to ourselves would go round and round. */
static enum exit_status refuse_loops(const struct dnsio *io)
{
	char text[64];

	for (uint32_t i = 0; i < io->query.up.server_count; i++) {
		if (!listens_at(io, &io->forward[i]) ||
		    !dnsio_is_own(io->forward[i].addr))
			continue;
		show_address(text, &io->forward[i]);
		log_error("--forward %s is where this program listens: "
			  "expected another server",
			  text);
		return EXIT_USAGE;
	}
	return EXIT_OK;
}

static void fill_addresses(struct dnsio *io, const struct dns64opt *o)
{
	static const struct dnsio_address own[] = {
		{ { 0, 0xffff7f000001 }, 0, 53 },
		{ { 0, 1 }, 0, 53 },
	};
	const bool given = o->listen.count;

	io->listen_count = given ? (uint32_t)o->listen.count : 2;
	memcpy(io->listen, given ? o->listen.items : own,
	       io->listen_count * sizeof(own[0]));
	io->query.up.server_count = (uint32_t)o->forward.count;
	memcpy(io->forward, o->forward.items,
	       o->forward.count * sizeof(own[0]));
	memcpy(io->source, o->source, sizeof(io->source));
	if (!o->device)
		return;
	snprintf(io->device, sizeof(io->device), "%s", o->device);
	if (!if_nametoindex(o->device))
		log_warn("--interface %s: there is none of that name yet",
			 o->device);
}

static enum exit_status open_sockets(struct daemon *d)
{
	char text[64];
	const int err = dnsio_open(&d->io, &d->app.loop);

	if (err && d->io.failed) {
		show_address(text, d->io.failed);
		log_error("cannot %s %s: %s%s",
			  d->io.failed->port ? "listen at" : "ask from", text,
			  strerror(-err),
			  err == -EACCES && d->io.failed->port < 1024
				  ? " (ports below 1024 need root)"
				  : "");
	} else if (err) {
		log_error("cannot take memory: %s", strerror(-err));
	}
	return err == -EADDRNOTAVAIL ? EXIT_LACKING : app_status(err);
}

static enum exit_status open_dns64(struct app *a)
{
	struct daemon *d = daemon_of(a);
	enum exit_status status;

	fill_addresses(&d->io, d->opt);
	d->io.query.cache_size = d->opt->cache_size;
	d->io.query.stale = d->opt->stale;
	d->io.query.silent = d->opt->silent;
	d->io.query.rrl.rate = d->opt->rate;
	status = refuse_loops(&d->io);
	if (!status)
		status = open_allow(d);
	return status ? status : open_sockets(d);
}

/* The cache has what servers said, so it need not change; a question that is
 * under way may be answered by the new rules. */
static int reload(struct app *a, struct app_options *fresh,
		  struct option_error *e)
{
	static struct dns64view views;
	struct daemon *d = daemon_of(a);
	struct dns64opt *want = (struct dns64opt *)(void *)fresh;

	memset(&views, 0, sizeof(views));
	if (!dns64opt_check(want, e) || !dns64view_fill(&views, want, e))
		return -1;
	d->views = views;
	d->io.query.stale = want->stale;
	d->io.query.silent = want->silent;
	d->io.query.rrl.rate = want->rate;
	dns64opt_adopt(d->opt, want);
	return open_allow(d) ? 1 : 0;
}

static void release(struct app_options *fresh)
{
	dns64opt_release((struct dns64opt *)(void *)fresh);
}

static void close_dns64(struct app *a)
{
	dnsio_close(&daemon_of(a)->io);
}

/* Of several values each gets a number behind its name. */
static void report_address(struct report *r, const char *name, uint32_t i,
			   const struct dnsio_address *a)
{
	char numbered[32];
	char text[64];

	snprintf(numbered, sizeof(numbered), i ? "%s-%u" : "%s", name, i + 1);
	show_address(text, a);
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
	const struct query *q = &((const struct daemon *)ctx)->io.query;

	report_gauge(r, "allowed-networks", "Networks that may ask",
		     q->allow_count);
	report_gauge(r, "questions-under-way", "Questions not answered yet",
		     q->used);
	report_gauge(r, "questions-to-servers", "Of those, at servers",
		     q->up.used);
	report_gauge(r, "cache-answers", "Answers in the cache",
		     q->cache.count);
	report_gauge(r, "cache-bytes", "Size of the cache", q->cache.size);
}

static void status(const void *ctx, struct report *r)
{
	const struct daemon *d = ctx;
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
	const struct daemon *d = ctx;

	for (enum count c = 0; c < COUNT_COUNT; c++)
		report_counter(r, count_name(c), count_text(c),
			       d->io.query.count[c]);
}

/* One server after the other, and how it has been. */
static bool servers(const void *ctx, uint32_t *cursor, struct report *r)
{
	const struct daemon *d = ctx;
	const struct upstream *u = &d->io.query.up;
	const struct upstream_server *s = &u->servers[*cursor];
	char text[64];

	if (*cursor == u->server_count)
		return false;
	show_address(text, &d->io.forward[(*cursor)++]);
	report_record(r);
	report_text(r, "server", 40, text);
	report_text(r, "state", 6,
		    s->down_until > d->app.loop.now ? "down" : "up");
	report_number(r, "failures", 9, s->fails);
	report_number(r, "rtt-us", 9, s->rtt / 1000);
	report_record_end(r);
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

/* One answer of the cache after the other. */
static bool cache(const void *ctx, uint32_t *cursor, struct report *r)
{
	const struct daemon *d = ctx;
	const uint32_t now = (uint32_t)(d->app.loop.now / SECOND);
	const uint8_t *type;
	struct cache_hit hit;
	char name[1024];

	if (!cache_walk(&d->io.query.cache, cursor, now, &hit))
		return false;
	type = hit.data + MSG_HDR_LEN;
	show_name(name, type);
	while (*type)
		type += *type + 1;
	report_record(r);
	report_text(r, "name", 40, name);
	report_number(r, "type", 5, be_get16(type + 1));
	report_number(r, "rcode", 5, hit.data[3] & MSG_RCODE);
	report_number(r, "age", 7, hit.age);
	report_number(r, "lifetime", 8, hit.lifetime);
	report_number(r, "bytes", 6, hit.len);
	report_record_end(r);
	return true;
}

static const char *flush(void *ctx, struct report *r)
{
	struct daemon *d = ctx;

	report_number(r, "answers", 0, d->io.query.cache.count);
	cache_flush(&d->io.query.cache);
	return NULL;
}

static const char *health(const struct app *a)
{
	const struct daemon *d = (const struct daemon *)(const void *)a;
	const struct upstream *up = &d->io.query.up;

	return up->server_count && upstream_all_down(up, a->loop.now)
		       ? "no server has answered lately"
		       : NULL;
}

static const struct control_action actions[] = {
	{ .name = "reload", .run = app_reload },
	{ .name = "health", .run = app_health },
	{ .name = "flush", .run = flush },
	{ .name = NULL },
};

static const struct control_command commands[] = {
	{ .name = "status", .show = status },
	{ .name = "counters", .show = counters },
	{ .name = "servers", .next = servers },
	{ .name = "cache", .next = cache },
	{ .name = NULL },
};

static void (*const metrics[])(const void *ctx,
			       struct report *r) = { gauges, counters, NULL };

static const struct app_hooks hooks = {
	.name = "dns64",
	.options = &dns64opt_table,
	.job = SECCOMP_RESOLVER,
	.commands = commands,
	.metrics = metrics,
	.actions = actions,
	.check = check,
	.health = health,
	.open = open_dns64,
	.close = close_dns64,
	.reload = reload,
	.release = release,
	.options_size = sizeof(struct dns64opt),
};

int dns64_run(int argc, char **argv)
{
	static struct dns64opt options = DNS64OPT_DEFAULTS;
	/* All zero, so that its tables take no room in the file. */
	static struct daemon daemon;

	daemon.app.hooks = &hooks;
	daemon.app.opt = &options.app;
	daemon.opt = &options;
	return app_run(&daemon.app, argc, argv);
}
