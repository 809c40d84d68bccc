/* SPDX-License-Identifier: MIT */
/*
 * dns64.c - the DNS64 server as a daemon
 */
#include <errno.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "applet.h"
#include "dns64show.h"

#define SECOND     1000000000ull

/* How often the networks of the machine are looked at again, if strangers
 * have asked since: one of them may be in a network that is new. */
#define LOOK_AGAIN (5 * SECOND)

static struct dns64 *daemon_of(struct app *a)
{
	return (struct dns64 *)(void *)a;
}

static bool check(struct app *a, struct option_error *e)
{
	struct dns64 *d = daemon_of(a);

	return dns64opt_check(d->opt, e) &&
	       dns64view_fill(&d->views, d->opt, e);
}

/* Without --allow: this machine, and the networks it is connected to. */
static int find_networks(struct dns64 *d)
{
	struct synth_net6 nets[DNS64VIEW_ALLOWS];
	const int n = dnsio_networks(nets, XL_COUNT(nets));

	if (n < 0)
		return n;
	dnsio_lock(&d->io);
	for (int i = 0; i < n; i++)
		d->views.allow[i] =
			(struct query_allow){ nets[i], &d->views.synth[0] };
	d->io.query.allow_count = (uint32_t)n;
	dnsio_unlock(&d->io);
	return 0;
}

static void look_again(struct ev_loop *loop, struct ev_timer *t)
{
	struct dns64 *d =
		(void *)((char *)t - offsetof(struct dns64, networks));
	uint64_t strangers;

	dnsio_lock(&d->io);
	strangers = dnsio_count(&d->io, COUNT_REFUSED);
	dnsio_unlock(&d->io);
	/* If it fails, what was known stays. */
	if (strangers != d->strangers && find_networks(d) == 0)
		d->strangers = strangers;
	ev_timer_set(loop, t, loop->now + LOOK_AGAIN);
}

static enum exit_status open_allow(struct dns64 *d)
{
	int err;

	ev_timer_set(&d->app.loop, &d->networks, UINT64_MAX);
	if (d->views.allow_count)
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
		dns64show_address(text, &io->forward[i]);
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

static enum exit_status open_sockets(struct dns64 *d)
{
	char text[64];
	const int err = dnsio_open(&d->io, &d->app.loop);

	if (err && d->io.failed) {
		dns64show_address(text, d->io.failed);
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

/* What a reload may change. */
static void set_rules(struct dns64 *d, const struct dns64opt *o)
{
	struct query *q = &d->io.query;

	q->allow = d->views.allow;
	q->allow_count = d->views.allow_count;
	q->stale = o->stale;
	q->silent = o->silent;
	q->rrl.rate = o->rate;
	q->secret_count = (uint32_t)o->secrets.count;
	if (o->secrets.count)
		memcpy(q->secrets, o->secrets.items,
		       o->secrets.count * sizeof(q->secrets[0]));
}

static uint32_t processors(void)
{
	cpu_set_t ours;
	uint32_t n;

	if (sched_getaffinity(0, sizeof(ours), &ours))
		return 1;
	n = (uint32_t)CPU_COUNT(&ours);
	return n < DNSIO_THREADS ? n : DNSIO_THREADS;
}

static enum exit_status open_dns64(struct app *a)
{
	struct dns64 *d = daemon_of(a);
	enum exit_status status;

	fill_addresses(&d->io, d->opt);
	d->io.threads = d->opt->threads ? d->opt->threads : processors();
	d->io.query.cache_size = d->opt->cache_size;
	set_rules(d, d->opt);
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
	struct dns64 *d = daemon_of(a);
	struct dns64opt *want = (struct dns64opt *)(void *)fresh;

	memset(&views, 0, sizeof(views));
	if (!dns64opt_check(want, e) || !dns64view_fill(&views, want, e))
		return -1;
	dnsio_lock(&d->io);
	d->views = views;
	set_rules(d, want);
	dnsio_unlock(&d->io);
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

static const char *flush(void *ctx, struct report *r)
{
	struct dns64 *d = ctx;

	dnsio_lock(&d->io);
	report_number(r, "answers", 0, d->io.query.cache.count);
	cache_flush(&d->io.query.cache);
	dnsio_unlock(&d->io);
	return NULL;
}

static const char *health(const struct app *a)
{
	const struct dns64 *d = (const struct dns64 *)(const void *)a;
	const struct upstream *up = &d->io.query.up;
	bool down;

	dnsio_lock(&d->io);
	down = up->server_count && upstream_all_down(up, a->loop.now);
	dnsio_unlock(&d->io);
	return down ? "no server has answered lately" : NULL;
}

static const struct control_action actions[] = {
	{ .name = "reload", .run = app_reload },
	{ .name = "health", .run = app_health },
	{ .name = "flush", .run = flush },
	{ .name = NULL },
};

static const struct app_hooks hooks = {
	.name = "dns64",
	.options = &dns64opt_table,
	.job = SECCOMP_RESOLVER,
	.commands = dns64show_commands,
	.metrics = dns64show_metrics,
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
	static struct dns64 daemon;

	daemon.app.hooks = &hooks;
	daemon.app.opt = &options.app;
	daemon.opt = &options;
	return app_run(&daemon.app, argc, argv);
}
