/* SPDX-License-Identifier: MIT */
/*
 * siit.c - the stateless translator as a daemon
 */
#include <stdlib.h>
#include <string.h>

#include "applet.h"
#include "siit_options.h"

#define ROUTES_MAX 1024u /* mappings that get a route each */

/**
 * struct daemon - the running translator
 * @routed:	of struct net4: networks of mappings with a route of ours
 */
struct daemon {
	struct trans trans; /* first member */
	struct siit_options *opt;
	struct siit siit;
	struct list routed;
};

static bool check(struct app *a, struct option_error *e)
{
	struct daemon *d = (struct daemon *)(void *)a;

	return siit_options_check(d->opt, e) && trans_check(&d->trans, e);
}

static struct xlat_result translate(void *ctx, struct pkt *p, uint64_t now)
{
	struct daemon *d = ctx;

	(void)now;
	return siit_packet(&d->siit, p);
}

static void ahead(void *ctx, const struct pkt *p, uint32_t count)
{
	const struct daemon *d = ctx;

	siit_ahead(&d->siit, p, count);
}

static void fill_siit(struct daemon *d)
{
	const struct siit_options *o = d->opt;
	struct siit *s = &d->siit;

	s->tr = d->trans.tr;
	if (translate_illegal6(s->tr.self6))
		s->tr.self6 = pref64_embed(o->pool6, s->tr.self4);
	s->pool6 = o->pool6;
	s->eam = o->mappings;
	s->wkp_strict = true;
	s->tr.allow4 = o->allow4.items;
	s->tr.allow4_count = (uint32_t)o->allow4.count;
	s->deny4 = o->deny4.items;
	s->deny4_count = (uint32_t)o->deny4.count;
	s->error4 = o->error4;
	s->error4_on = o->error4_on;
	s->error6 = o->error6;
	s->error6_on = o->error6_on;
	s->error_ext = o->ext;
	/* An operator's pool is its own message; the dummy tells nothing. */
	if (!o->ext_set)
		s->error_ext = o->error4_set ? NODE_EXT_OFF : NODE_EXT_NODE_ID;
	s->hairpin = o->hairpin;
	trans_random(&s->random, sizeof(s->random));
	s->random |= 1;
}

static bool has_net(const struct list *nets, struct net4 net)
{
	const struct net4 *x = nets->items;

	for (size_t i = 0; i < nets->count; i++)
		if (x[i].addr == net.addr && x[i].len == net.len)
			return true;
	return false;
}

/* The IPv4 networks of the mappings. */
static void wanted_routes(const struct daemon *d, struct list *out)
{
	const struct eam_entry *x = d->opt->eam.items;
	struct net4 net;

	for (size_t i = 0; i < d->opt->eam.count; i++) {
		net = (struct net4){ x[i].addr4, x[i].len4 };
		if (list_add(out, &net, sizeof(net)))
			log_error("no route for mapping %zu: out of memory", i);
	}
}

/* Return: how many routes could not be set or removed; it is in the log. */
static int sync_routes(struct daemon *d)
{
	struct list wanted = { 0 };
	const struct net4 *x;
	int troubles = 0;

	if (d->opt->eam.count > ROUTES_MAX) {
		log_warn("more than %u mappings: no routes are made for their "
			 "IPv4 prefixes; route what covers them to %s",
			 ROUTES_MAX, d->trans.tun.name);
		return 0;
	}
	wanted_routes(d, &wanted);
	x = wanted.items;
	for (size_t i = 0; i < wanted.count; i++)
		if (!has_net(&d->routed, x[i]) &&
		    trans_route4(&d->trans, x[i], 0))
			troubles++;
	x = d->routed.items;
	for (size_t i = 0; i < d->routed.count; i++)
		if (!has_net(&wanted, x[i]) &&
		    trans_unroute4(&d->trans, x[i], 0))
			troubles++;
	free(d->routed.items);
	d->routed = wanted;
	return troubles;
}

/* All of them, whatever was there before. */
static enum exit_status add_routes(struct trans *t)
{
	struct daemon *d = (struct daemon *)(void *)t;
	enum exit_status status = EXIT_OK;

	if (d->opt->pool6.len)
		status = trans_route6(t, d->opt->pool6.prefix,
				      d->opt->pool6.len);
	d->routed.count = 0;
	if (sync_routes(d))
		return EXIT_RUN;
	return status;
}

/* RFC 6791, 3.1: who sees such a source takes it for one of his own. */
static void warn_about_pool(const struct siit_options *o)
{
	static const struct net4 nets[] = {
		{ 0x0a000000, 8 },
		{ 0xac100000, 12 },
		{ 0xc0a80000, 16 },
		{ 0x64400000, 10 },
	};

	if (o->error4_on &&
	    translate_listed(nets, XL_COUNT(nets), o->error4.addr))
		log_warn("error-source4: private addresses (RFC 1918, 6598) "
			 "mislead whoever sees them");
}

static enum exit_status open_siit(struct app *a)
{
	struct daemon *d = (struct daemon *)(void *)a;
	enum exit_status status =
		trans_open(&d->trans, TRANS_DEFAULT4, TRANS_DEFAULT6);

	if (status)
		return status;
	warn_about_pool(d->opt);
	fill_siit(d);
	d->trans.routes = add_routes;
	d->trans.pump.ahead = ahead;
	status = trans_set_up(&d->trans);
	return status ? status : trans_start(&d->trans, translate);
}

static void close_siit(struct app *a)
{
	trans_close((struct trans *)(void *)a);
}

static int reload(struct app *a, struct app_options *fresh,
		  struct option_error *e)
{
	struct daemon *d = (struct daemon *)(void *)a;
	struct siit_options *want = (struct siit_options *)(void *)fresh;

	if (!siit_options_check(want, e))
		return -1;
	siit_options_adopt(d->opt, want);
	trans_adopt(&d->trans);
	fill_siit(d);
	return sync_routes(d);
}

static void release(struct app_options *fresh)
{
	siit_options_release((struct siit_options *)(void *)fresh);
}

static void status(const void *ctx, struct report *r)
{
	const struct daemon *d = ctx;

	app_report(&d->trans.app, r);
	trans_report(&d->trans, r);
	report_number(r, "mappings", 0, d->siit.eam.count);
}

static void counters(const void *ctx, struct report *r)
{
	const struct daemon *d = ctx;

	report_counter(r, "hairpinned",
		       "Packets from one host with a mapping to another",
		       d->siit.hairpinned);
	trans_counters(ctx, r);
}

static const struct control_command commands[] = {
	{ .name = "status", .show = status },
	{ .name = "counters", .show = counters },
	TRANS_TRACE,
	{ .name = NULL },
};

static void (*const metrics[])(const void *ctx, struct report *r) = { counters,
								      NULL };

static const struct app_hooks hooks = {
	.name = "siit",
	.options = &siit_options_table,
	.job = SECCOMP_ENGINE,
	.commands = commands,
	.metrics = metrics,
	.check = check,
	.health = trans_health,
	.open = open_siit,
	.close = close_siit,
	.reload = reload,
	.breathe = trans_breathe,
	.release = release,
	.options_size = sizeof(struct siit_options),
};

int siit_run(int argc, char **argv)
{
	static struct siit_options options = SIIT_OPTIONS_DEFAULTS;
	static struct daemon daemon;

	daemon.trans.app.hooks = &hooks;
	daemon.trans.app.opt = &options.app;
	daemon.trans.opt = &options.tr;
	daemon.opt = &options;
	return app_run(&daemon.trans.app, argc, argv);
}
