/* SPDX-License-Identifier: MIT */
/*
 * clat.c - the customer's side of 464XLAT (RFC 6877)
 *
 * A stateless translator: IPv4 destinations appear under the provider's
 * prefix, IPv4 sources of ours under a prefix, or at an address, of ours.
 */
#include "clat.h"

#include <string.h>

#include "applet.h"

#define DEVICE4 0xc0000005u /* 192.0.0.5 (RFC 7335) */

static bool check(struct app *a, struct option_error *e)
{
	struct clat *d = (struct clat *)(void *)a;

	return clat_options_check(d->opt, e) && trans_check(&d->trans, e);
}

/* The operator does the set-up, and has given what there is to know. */
static void tell_what_is_given(struct clat *d)
{
	d->follow.addr4 = DEVICE4;
	d->follow.life.pref64 = d->opt->follow.pref64;
	d->follow.claims[LIFE_HELD].addr = d->opt->follow.source.addr;
	clat_packets_changed(&d->follow);
}

static enum exit_status set_routes(struct trans *t)
{
	struct clat *d = (struct clat *)(void *)t;

	return follow_routes(&d->follow);
}

static const struct pref64 wellknown = { { 0x0064ff9b00000000, 0 }, 96 };

static bool is_shared(const struct clat *d)
{
	return d->opt->follow.source.len == FOLLOW_SHARED;
}

static enum exit_status lack(const char *why)
{
	log_error("source: a shared address takes eBPF at devices (Linux 6.6): "
		  "%s",
		  why);
	return EXIT_LACKING;
}

static enum exit_status load_share(struct clat *d)
{
	int err;

	if (!is_shared(d))
		return EXIT_OK;
	err = share_open(&d->share, true);
	if (err)
		return lack(strerror(-err));
	d->trans.share = &d->share;
	for (unsigned int t = 0; t < SHARE_TABLES; t++)
		share_add(&d->ports, t, FOLLOW_FIRST, FOLLOW_LAST);
	return EXIT_OK;
}

/* What comes of hosts, and of this one, is in ports of ours. */
static enum exit_status set_up_share(struct clat *d)
{
	const struct net4 all = { 0, 0 };
	enum exit_status status;

	if (d->fastpath.why)
		return lack(d->fastpath.why);
	(void)!share_at_tun(&d->share, d->trans.tun.ifindex);
	status = trans_nat44(&d->trans, all, FOLLOW_FIRST, FOLLOW_LAST);
	return status ? status
		      : trans_reserve(&d->trans, FOLLOW_FIRST, FOLLOW_LAST);
}

static enum exit_status open_clat(struct app *a)
{
	struct clat *d = (struct clat *)(void *)a;
	const struct clat_options *o = d->opt;
	enum exit_status status;

	d->trans.nat44 = clat_options_share(o) || is_shared(d);
	d->trans.hop = true;
	d->trans.uplink = o->follow.uplink;
	d->follow.steer = (!o->lan.len && !o->tr.no_setup) || is_shared(d);
	fastpath_open(&d->fastpath, &d->trans, &fast_clat, !o->no_fast,
		      d->follow.steer);
	status = load_share(d);
	if (status)
		return status;
	status = trans_open(&d->trans,
			    o->lan.len ? o->lan.addr + 1 : TRANS_DEFAULT4,
			    o->follow.pref64.len ? o->follow.pref64.prefix
						 : TRANS_DEFAULT6);
	if (!status && clat_options_share(o) && !is_shared(d))
		status = trans_nat44(&d->trans, o->lan, 0, 0);
	if (status)
		return status;
	fastpath_start(&d->fastpath, &d->trans);
	if (is_shared(d))
		status = set_up_share(d);
	if (status)
		return status;
	d->follow.steer = d->follow.steer && !d->fastpath.why;
	if (pref64_contains(wellknown, o->follow.source.addr))
		log_warn("source: an address under 64:ff9b::/96 is an IPv4 "
			 "host's (RFC 6052, 3.3)");
	d->follow.opt = &o->follow;
	d->follow.trans = &d->trans;
	d->follow.changed = clat_packets_changed;
	d->trans.routes = set_routes;
	/* RFC 4429, 3.3: routers should not be. */
	d->follow.optimistic = !o->lan.len;
	d->follow.host = !o->lan.len;
	if (!clat_packets_open(d))
		return EXIT_RUN;
	if (o->tr.no_setup)
		tell_what_is_given(d);
	else
		status = follow_open(&d->follow);
	return status ? status : trans_start(&d->trans, clat_packets_translate);
}

/* What the LAN gets must stay as it is, and claims need raw sockets. */
static bool may_change_source(const struct clat *d,
			      const struct clat_options *want,
			      struct option_error *e)
{
	const struct net6 now = d->opt->follow.source;
	const struct net6 then = want->follow.source;

	if ((now.len == FOLLOW_SHARED) != (then.len == FOLLOW_SHARED) ||
	    (d->opt->lan.len &&
	     (now.len == CLAT_OWN_PREFIX) != (then.len == CLAT_OWN_PREFIX)) ||
	    (!then.len && !d->follow.raw) ||
	    (d->opt->tr.no_setup && !then.len)) {
		options_expect(e, "source",
			       "one of the same kind, or a restart");
		return false;
	}
	return true;
}

static int reload(struct app *a, struct app_options *fresh,
		  struct option_error *e)
{
	struct clat *d = (struct clat *)(void *)a;
	const struct clat_options *want = (const void *)fresh;
	const struct follow_options before = d->opt->follow;
	const char *uplink = d->opt->follow.uplink;

	if (!clat_options_check(want, e) || !may_change_source(d, want, e))
		return -1;
	if (!d->opt->tr.no_setup)
		follow_prepare(&d->follow, &want->follow);
	d->opt->follow = want->follow;
	d->opt->follow.uplink = uplink;
	trans_options_adopt(&d->opt->tr, &want->tr);
	trans_adopt(&d->trans);
	clat_packets_adopt(d);
	if (d->opt->tr.no_setup)
		tell_what_is_given(d);
	else
		follow_reload(&d->follow, &before);
	return 0;
}

/* Nothing is allocated for options. */
static void release(struct app_options *fresh)
{
	(void)fresh;
}

static int instead(struct app *a)
{
	struct clat *d = (struct clat *)(void *)a;

	if (!d->opt->check_network)
		return -1;
	d->follow.opt = &d->opt->follow;
	d->follow.trans = &d->trans;
	return (int)follow_possible(&d->follow);
}

static void close_clat(struct app *a)
{
	struct clat *d = (struct clat *)(void *)a;

	follow_close(&d->follow);
	trans_close(&d->trans);
	share_close(&d->share);
	fastpath_close(&d->fastpath);
}

static void status(const void *ctx, struct report *r)
{
	const struct clat *d = ctx;

	app_report(&d->trans.app, r);
	trans_report(&d->trans, r);
	fastpath_report(&d->fastpath, r);
	follow_report(&d->follow, r);
}

static const char *health(const struct app *a)
{
	const struct clat *d = (const struct clat *)(const void *)a;
	const char *why = trans_health(a);

	return why ? why : follow_health(&d->follow);
}

static const struct control_command commands[] = {
	{ .name = "status", .show = status },
	{ .name = "counters", .show = trans_counters },
	TRANS_TRACE,
	{ .name = NULL },
};

static void (*const metrics[])(const void *ctx,
			       struct report *r) = { trans_counters, NULL };

static const struct app_hooks hooks = {
	.name = "clat",
	.options = &clat_options_table,
	.job = SECCOMP_FOLLOWER,
	.files = view_network,
	.commands = commands,
	.metrics = metrics,
	.check = check,
	.instead = instead,
	.health = health,
	.open = open_clat,
	.close = close_clat,
	.reload = reload,
	.release = release,
	.options_size = sizeof(struct clat_options),
};

int clat_run(int argc, char **argv)
{
	static struct clat_options options = CLAT_OPTIONS_DEFAULTS;
	static struct clat daemon;

	daemon.trans.app.hooks = &hooks;
	daemon.trans.app.opt = &options.app;
	daemon.trans.opt = &options.tr;
	daemon.opt = &options;
	return app_run(&daemon.trans.app, argc, argv);
}
