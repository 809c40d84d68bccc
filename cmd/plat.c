/* SPDX-License-Identifier: MIT */
/*
 * plat.c - the provider's side: stateful NAT64 (RFC 6146)
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "applet.h"
#include "pages.h"
#include "bpf/platmap.h"
#include "platshow.h"

#define REVIEW_BUDGET 1024u /* sessions, before packets get a turn */

static bool check(struct app *a, struct option_error *e)
{
	struct plat *d = (struct plat *)(void *)a;

	return plat_options_check(d->opt, e) && trans_check(&d->trans, e);
}

static void log_reload(uint32_t kept, uint32_t of)
{
	log_info("reload: %u of %u sessions go on", kept, of);
}

/* After a reload: some of the sessions that there are, then the next. */
static void review(struct ev_loop *loop, struct ev_timer *t)
{
	struct plat *d = (void *)((char *)t - offsetof(struct plat, reviewer));
	struct nat64_review *r = &d->review;
	bool more = true;

	crew_stop(&d->trans.crew);
	if (!nat64_review(d->nat64[d->reviewed], r, REVIEW_BUDGET)) {
		r->cursor = 0;
		more = ++d->reviewed < d->opt->nat64.shards;
	}
	if (more)
		ev_timer_set(loop, t, loop->now);
	else
		log_reload(r->kept, r->kept + r->closed);
	shard_done(&d->shards[0]);
}

/* What of the configuration follows from the rest of it. */
static void complete(struct plat *d)
{
	const struct trans_options *o = &d->opt->tr;
	struct nat64_config *c = &d->opt->nat64;

	c->tr = d->trans.tr;
	c->tr.allow4 = d->opt->allow4.items;
	c->tr.allow4_count = (uint32_t)d->opt->allow4.count;
	/* A customer's traceroute shows us under the prefix that it uses. */
	if (!o->self4)
		c->tr.self4 = c->pool4[0].first;
	if (translate_illegal6(o->self6))
		c->tr.self6 = pref64_embed(c->pool6, c->tr.self4);
	d->trans.tr = c->tr;
	c->shared4 = platshare_choose(&d->share);
}

/* Return: NULL, having logged why. */
static struct nat64 *make_nat64(const struct nat64_config *c)
{
	const size_t size = nat64_size(c);
	void *mem = pages_take(size, true);
	struct nat64 *n;

	if (!mem) {
		log_error("%zu MiB for %u sessions: %s", size >> 20,
			  c->max_sessions, strerror(errno));
		return NULL;
	}
	n = nat64_init(mem, c);
	if (!n) {
		log_error("the static bindings do not fit into the tables: "
			  "raise max-sessions");
		munmap(mem, size);
	}
	return n;
}

/* One for each thread. Return: false, having logged why. */
static bool make_all(struct plat *d, struct nat64 *made[CREW_MAX])
{
	for (uint32_t i = 0; i < d->opt->nat64.shards; i++) {
		const struct nat64_config c = shard_config(d, i);

		made[i] = make_nat64(&c);
		if (!made[i])
			return false;
	}
	return true;
}

/* @size: of each. */
static void unmake_all(struct plat *d, struct nat64 *made[CREW_MAX],
		       size_t size)
{
	for (uint32_t i = 0; i < d->opt->nat64.shards; i++)
		if (made[i])
			munmap(made[i], size);
}

static size_t size_of_one(struct plat *d)
{
	const struct nat64_config c = shard_config(d, 0);

	return nat64_size(&c);
}

static enum exit_status make_first(struct plat *d)
{
	struct nat64_config *c = &d->opt->nat64;

	trans_random(c->key, sizeof(c->key));
	complete(d);
	d->reviewer = (struct ev_timer){ .at = UINT64_MAX, .due = review };
	return make_all(d, d->nat64) ? EXIT_OK : EXIT_RUN;
}

/* A range of addresses as the networks that it consists of. */
static enum exit_status route_range(struct trans *t,
				    const struct nat64_range *r, bool add)
{
	uint64_t at = r->first;
	enum exit_status status = EXIT_OK;
	unsigned int bits;

	while (at <= r->last && !status) {
		struct net4 net = { .addr = (uint32_t)at };

		bits = at ? (unsigned int)__builtin_ctzll(at) : 32;
		while (at + (1ull << bits) - 1 > r->last)
			bits--;
		net.len = (uint8_t)(32 - bits);
		status = add ? trans_route4(t, net, 0)
			     : trans_unroute4(t, net, 0);
		at += 1ull << bits;
	}
	return status;
}

/* Two ranges of ports of one address are one route. */
static bool has_range(const struct nat64_config *c, uint32_t count,
		      const struct nat64_range *r)
{
	for (uint32_t i = 0; i < count; i++)
		if (c->pool4[i].first == r->first &&
		    c->pool4[i].last == r->last)
			return true;
	return false;
}

/* Routes of ranges that @c has and @other has not. Return: troubles. */
static int route_difference(struct trans *t, const struct nat64_config *c,
			    const struct nat64_config *other, bool add)
{
	const struct plat *d = (const struct plat *)(const void *)t;
	int troubles = 0;

	for (uint32_t i = 0; i < c->pool4_count; i++) {
		const struct nat64_range *r = &c->pool4[i];

		if (!platshare_has(&d->share, r) && !has_range(c, i, r) &&
		    !has_range(other, other->pool4_count, r))
			troubles += route_range(t, r, add) != EXIT_OK;
	}
	return troubles;
}

static enum exit_status add_routes(struct trans *t)
{
	static const struct nat64_config none;
	const struct plat *d = (const struct plat *)(void *)t;
	const struct nat64_config *c = &d->opt->nat64;
	const enum exit_status status =
		trans_route6(t, c->pool6.prefix, c->pool6.len);

	if (route_difference(t, c, &none, true))
		return EXIT_RUN;
	return status;
}

/* The fast path goes by the configuration that holds from now on. */
static void tell_fast(struct plat *d)
{
	struct quick_config c = nat64_quick_config(d->nat64[0]);

	c.device = d->fastpath.device;
	c.ahead = EV_AHEAD;
	fastpath_tell(&d->fastpath, &c);
}

static void open_fast(struct plat *d)
{
	struct plat_map *map = (void *)d->fastpath.fast.head;

	if (d->fastpath.why)
		return;
	trans_random(map->table.key, sizeof(map->table.key));
	nat64_quicken(d->nat64[0], &map->table);
	tell_fast(d);
}

static enum exit_status open_plat(struct app *a)
{
	struct plat *d = (struct plat *)(void *)a;
	const struct nat64_config *c = &d->opt->nat64;
	enum exit_status status;
	int err;

	shard_prepare(d);
	d->share.trans = &d->trans;
	d->share.config = c;
	err = platshare_open(&d->share);
	/* Threads have Identifications of their own. */
	fastpath_open(&d->fastpath, &d->trans, &fast_plat,
		      !d->opt->no_fast && c->shards == 1, false);
	status = trans_open(&d->trans, TRANS_DEFAULT4,
			    c->allow6_count ? c->allow6[0].addr
					    : TRANS_DEFAULT6);
	if (!status)
		status = platshare_find(&d->share, err);
	if (status)
		return status;
	fastpath_start(&d->fastpath, &d->trans);
	status = make_first(d);
	d->trans.routes = add_routes;
	if (!status)
		status = trans_set_up(&d->trans);
	if (!status)
		status = platshare_start(&d->share);
	if (status)
		return status;
	d->state.path = d->opt->state;
	d->state.interval = d->opt->state_interval;
	d->state.nat64 = d->nat64;
	d->state.count = c->shards;
	d->state.crew = &d->trans.crew;
	status = state_open(&d->state, a);
	if (!status)
		status = record_open(d->record, a, &d->opt->record, c->pool6);
	/* What is restored has been told of before: nothing of it is new. */
	if (status)
		return status;
	shard_listen(d);
	open_fast(d);
	status = trans_start(&d->trans, shard_translate);
	if (!status)
		shard_begin(d);
	return status;
}

static void close_plat(struct app *a)
{
	struct plat *d = (struct plat *)(void *)a;

	shard_end(d);
	record_close(d->record);
	state_close(&d->state);
	platshare_close(&d->share);
	trans_close(&d->trans);
	fastpath_close(&d->fastpath);
	if (d->nat64[0])
		unmake_all(d, d->nat64, size_of_one(d));
}

/* Sessions go over to @fresh as far as its configuration allows. */
static void replace(struct plat *d, struct nat64 *fresh[CREW_MAX],
		    size_t old_size)
{
	struct nat64_stats before;
	uint32_t kept = 0;

	platshow_stats(d, &before);
	for (uint32_t i = 0; i < d->opt->nat64.shards; i++) {
		kept += nat64_move(fresh[i], d->nat64[i], ev_clock());
		munmap(d->nat64[i], old_size);
		d->nat64[i] = fresh[i];
	}
	state_follow(&d->state);
	shard_listen(d);
	tell_fast(d);
	ev_timer_set(&d->trans.app.loop, &d->reviewer, UINT64_MAX);
	log_reload(kept, (uint32_t)before.sessions);
	shard_done(&d->shards[0]);
}

/* Have what can change without other tables. Return: false: they are needed. */
static bool adjust(struct plat *d)
{
	/* What the one has to say, all have. */
	for (uint32_t i = 0; i < d->opt->nat64.shards; i++) {
		const struct nat64_config c = shard_config(d, i);

		if (!nat64_adjust(d->nat64[i], &c))
			return false;
	}
	tell_fast(d);
	shard_listen(d);
	d->review = (struct nat64_review){ .cursor = 0 };
	d->reviewed = 0;
	review(&d->trans.app.loop, &d->reviewer);
	return true;
}

/* Take the options of @want, which gets the others. */
static void exchange(struct plat *d, struct plat_options *want)
{
	plat_options_adopt(d->opt, want);
	trans_adopt(&d->trans);
	complete(d);
}

/* Whether a new address is shared is known only then. */
static int change_pools(struct plat *d, const struct nat64_config *was,
			const struct nat64_config *now)
{
	int troubles = route_difference(&d->trans, was, now, false);

	troubles += platshare_reload(&d->share);
	return troubles + route_difference(&d->trans, now, was, true);
}

static int reload(struct app *a, struct app_options *fresh,
		  struct option_error *e)
{
	struct plat *d = (struct plat *)(void *)a;
	struct plat_options *want = (struct plat_options *)(void *)fresh;
	const struct nat64_config *was = &want->nat64;
	const struct nat64_config *now = &d->opt->nat64;
	const size_t old_size = size_of_one(d);
	struct nat64 *made[CREW_MAX] = { NULL };

	want->nat64.shards = now->shards;
	if (!plat_options_check(want, e))
		return -1;
	crew_stop(&d->trans.crew);
	exchange(d, want);
	if (adjust(d))
		return 0;
	if (!make_all(d, made)) {
		unmake_all(d, made, size_of_one(d));
		exchange(d, want);
		snprintf(e->text, sizeof(e->text), "no tables for this");
		return -1;
	}
	replace(d, made, old_size);
	return change_pools(d, was, now);
}

static void release(struct app_options *fresh)
{
	plat_options_release((struct plat_options *)(void *)fresh);
}

static const char *save(void *ctx, struct report *r)
{
	struct plat *d = ctx;
	const char *error = state_save(&d->state);

	if (!error)
		report_text(r, "state", 0, d->state.path);
	return error;
}

static const struct control_action actions[] = {
	{ .name = "reload", .run = app_reload },
	{ .name = "save", .run = save },
	{ .name = "health", .run = app_health },
	{ .name = NULL },
};

static const struct app_hooks hooks = {
	.name = "plat",
	.options = &plat_options_table,
	.job = SECCOMP_ENGINE,
	.commands = platshow_commands,
	.actions = actions,
	.metrics = platshow_metrics,
	.check = check,
	.health = trans_health,
	.open = open_plat,
	.close = close_plat,
	.reload = reload,
	.breathe = trans_breathe,
	.release = release,
	.options_size = sizeof(struct plat_options),
};

int plat_run(int argc, char **argv)
{
	static struct record record;
	static struct plat_options options;
	static struct plat daemon;

	plat_options_init(&options);
	daemon.trans.app.hooks = &hooks;
	daemon.trans.app.opt = &options.app;
	daemon.trans.opt = &options.tr;
	daemon.opt = &options;
	daemon.record = &record;
	return app_run(&daemon.trans.app, argc, argv);
}
