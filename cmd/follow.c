/* SPDX-License-Identifier: MIT */
#include "follow.h"

#include <errno.h>
#include <string.h>

#include "secret.h"
#include "sysctl.h"

#define SECOND      1000000000ull
#define MS          1000000ull
#define COALESCE    (5 * MS)    /* changes come in bursts */
#define LOOK_EVERY  (100 * MS)  /* at most */
#define SOLICITS    3u          /* RFC 4861, 6.3.7 */
#define RFC7335_NET 0xc0000000u /* 192.0.0.0/29 */

/* RFC 7335: .1 and .2 are DS-Lite's, so they come late. */
static const uint8_t order4[] = { 5, 6, 7, 4, 3, 2, 1, 0 };

static uint32_t free_address4(uint32_t busy)
{
	for (unsigned int i = 0; i < XL_COUNT(order4); i++)
		if (!(busy >> order4[i] & 1))
			return RFC7335_NET + order4[i];
	return 0;
}

uint32_t follow_rank4(uint32_t addr4)
{
	uint32_t rank = 0;

	while (rank < XL_COUNT(order4) && order4[rank] != addr4 - RFC7335_NET)
		rank++;
	return rank;
}

static struct source choose_source(const struct follow *f, struct pref64 pref64,
				   struct addr6 used, bool alive[LIFE_SLOTS])
{
	struct source_net nets[HEARD_MAX];
	const struct source_list l = { f->view.addrs, f->view.addr_count, nets,
				       f->nets.count, pref64 };

	for (uint32_t i = 0; i < f->nets.count; i++) {
		nets[i].net = f->nets.items[i].addr;
		nets[i].near = hop_announces(&f->prefixes,
					     f->nets.items[i].router, pref64);
	}
	for (unsigned int slot = 0; slot < LIFE_SLOTS; slot++)
		alive[slot] = source_alive(&l, f->life.net[slot]);
	return source_choose(&l, used);
}

/* What is known of one link means nothing on another. */
static void forget_link(struct follow *f)
{
	f->prefixes = (struct prefix_table){ .count = 0 };
	f->nets.count = f->servers.count = 0;
	f->solicit_at = UINT64_MAX;
}

/* What routers have said since it came up, before this was noticed, holds. */
static void link_up(struct follow *f)
{
	f->solicits = SOLICITS;
	f->solicit_at = f->opt->discover_ra ? 0 : UINT64_MAX;
	if (f->raw)
		ndsock_bind(&f->nd, f->view.ifindex);
}

/* The uplink's MTU has changed: the device first if it grows. */
static void follow_mtu(struct follow *f)
{
	struct trans *t = f->trans;
	const uint32_t mtu =
		f->view.mtu < IP6_MTU_MIN ? IP6_MTU_MIN : f->view.mtu;

	if (t->opt->mtu6 || !f->view.ifindex || mtu == t->tr.mtu6)
		return;
	t->tr.mtu6 = mtu;
	(void)!trans_up(t);
	follow_reroute(f);
	f->changed(f);
}

/* The way to the translator may be narrower than the uplink, and native IPv4
 * may have got another metric. */
static void follow_path(struct follow *f)
{
	struct trans *t = f->trans;
	const uint32_t path = f->view.path_mtu;
	const bool other = path != t->path_mtu;

	t->path_mtu = path;
	if (other || (f->life.routed && follow_metric(f) != f->metric))
		follow_reroute(f);
}

/* What of ours is missing that should be there? Of a device that is set down
 * everything is, and comes back with it (trans.c). */
static unsigned int missing(const struct follow *f)
{
	return tun_is_up(&f->trans->tun) ? follow_configured(f) & ~f->view.ours
					 : 0;
}

static void repair(struct follow *f, uint64_t now)
{
	const bool gone = f->life.state != LIFE_STOPPED && missing(f);
	const bool before = f->repair.given_up;

	if (repair_due(&f->repair, gone, now)) {
		log_warn("somebody has removed addresses or routes of ours: "
			 "they are put back");
		follow_restore(f, missing(f));
		f->dirty = true;
	}
	if (f->repair.given_up && !before)
		log_warn("what is put back is removed again: it stays so "
			 "until a reload");
}

static void look(struct follow *f, uint64_t now)
{
	const struct watch_ask ask = {
		.uplink = f->opt->uplink,
		.own = f->trans->tun.ifindex,
		.towards = f->opt->pref64.len ? f->opt->pref64.prefix
					      : TRANS_DEFAULT6,
		.addr4 = f->has_address4 ? f->addr4 : 0,
		.addr6 = f->claims[LIFE_HELD].addr,
	};
	const struct watch_view before = f->view;
	bool other;

	f->dirty = false;
	f->look_at = now + LOOK_EVERY;
	watch_look(&f->watch, &ask, &f->view);
	follow_see_way(f);
	other = f->view.ifindex != before.ifindex;
	if (other || !f->view.up)
		forget_link(f);
	if (f->life.installed && other && f->view.ifindex)
		follow_connect(f);
	if (f->view.up && (other || !before.up))
		link_up(f);
	if (!nd_mac_equal(f->view.mac, before.mac))
		claim_announce(&f->claims[LIFE_HELD], f->view.mac, now);
	follow_mtu(f);
	follow_path(f);
	if (!f->has_address4)
		f->addr4 = free_address4(f->view.busy4);
}

static void begin_life(struct follow *f)
{
	life_init(&f->life, f->opt->force || f->only_look, follow_is_given(f));
	f->life.optimistic = f->optimistic;
}

/* Another address of the host's is a start anew. */
static void take_own(struct follow *f, struct pref64 pref64, uint64_t now)
{
	const struct source_list l = { f->view.addrs, f->view.addr_count, NULL,
				       0, pref64 };
	const struct addr6 own = source_own(&l, f->own);

	if (addr6_equal(own, f->own))
		return;
	if (f->own.hi) {
		follow_happened(f, LIFE_STOP, now);
		begin_life(f);
	}
	f->own = own;
}

static struct life_facts find_facts(struct follow *f, uint64_t now)
{
	struct life_facts facts = {
		.link = f->view.up,
		.route6 = f->view.route6,
		.native4 = f->view.native4,
		.pref64 = follow_choose_pref64(f, now),
	};

	f->source = choose_source(f, facts.pref64, life_used(&f->life),
				  facts.alive);
	if (follow_is_shared(f))
		take_own(f, facts.pref64, now);
	facts.source =
		follow_is_given(f) ? follow_source(f).addr : f->source.net;
	facts.deprecated = f->source.deprecated;
	if (!f->addr4 || f->view.overlap4)
		facts.source = (struct addr6){ 0, 0 };
	return facts;
}

const char *follow_reason(const struct follow *f)
{
	switch (f->life.state) {
	case LIFE_OFF:
		return f->view.ifindex ? "the uplink is down"
				       : "there is no uplink";
	case LIFE_WAIT_ADDRESS:
		if (!f->addr4)
			return "no address of 192.0.0.0/29 is free";
		if (f->view.overlap4)
			return "another device has a network out of "
			       "192.0.0.0/29 (RFC 7335)";
		if (!f->view.route6)
			return "there is no IPv6 default route";
		return source_why_text(f->source.why);
	case LIFE_DISCOVER:
		return "neither routers nor resolvers tell a PREF64";
	case LIFE_HOLD_NATIVE4:
		return "there is native IPv4";
	case LIFE_DAD:
	case LIFE_MOVING:
		return "an address is being checked for duplicates";
	case LIFE_UP:
		return f->repair.given_up ? "addresses or routes of ours are "
					    "removed by others"
					  : "translating";
	case LIFE_PAUSED:
		return f->view.native4 ? "native IPv4 has come"
				       : "route, address or PREF64 is lost";
	case LIFE_BACKOFF:
		return "every address that was tried is in use";
	default:
		return "leaving";
	}
}

static void live(struct follow *f, uint64_t now)
{
	const enum life_state before = f->life.state;
	const struct life_facts facts = find_facts(f, now);
	bool routed = f->life.routed;

	follow_carry_out(f, life_changed(&f->life, &facts, now), routed, now);
	routed = f->life.routed;
	follow_carry_out(f, life_due(&f->life, now), routed, now);
	/* While paused it depends on facts what becomes of packets. */
	if (f->life.state != before || f->life.state == LIFE_PAUSED)
		f->changed(f);
	if (f->life.state != before)
		log_info("%s: %s", life_state_name(f->life.state),
			 follow_reason(f));
}

static uint64_t deadline(struct follow *f, uint64_t now)
{
	uint64_t at = prefix_expire(&f->prefixes, now);

	at = follow_earlier(at, heard_expire(&f->nets, now));
	at = follow_earlier(at, heard_expire(&f->servers, now));
	at = follow_earlier(at, life_deadline(&f->life));
	at = follow_earlier(at, f->solicit_at);
	at = follow_earlier(at, repair_deadline(&f->repair));
	for (unsigned int i = 0; i < LIFE_SLOTS && !follow_is_given(f); i++)
		at = follow_earlier(at, f->claims[i].at);
	if (f->asking)
		at = follow_earlier(at, f->ask.at);
	if (f->dirty)
		at = follow_earlier(at, f->look_at);
	return at;
}

void follow_turn(struct follow *f, uint64_t now)
{
	(void)prefix_expire(&f->prefixes, now);
	(void)heard_expire(&f->nets, now);
	(void)heard_expire(&f->servers, now);
	/* Before an address is chosen: another instance may have taken it. */
	if (f->dirty && (f->look_at <= now || !f->has_address4))
		look(f, now);
	repair(f, now);
	follow_discover_due(f, now);
	follow_claims_due(f, now);
	live(f, now);
	ev_timer_set(&f->trans->app.loop, &f->timer, deadline(f, now));
}

static void timer_due(struct ev_loop *loop, struct ev_timer *t)
{
	follow_turn(follow_of(t, offsetof(struct follow, timer)), loop->now);
}

/* Changes come in bursts: look when this one is over. */
static void network_changed(struct watch *w)
{
	struct follow *f = follow_of(w, offsetof(struct follow, watch));
	const uint64_t now = f->trans->app.loop.now;

	if (f->dirty)
		return;
	f->dirty = true;
	if (f->look_at < now + COALESCE)
		f->look_at = now + COALESCE;
	ev_timer_set(&f->trans->app.loop, &f->timer, deadline(f, now));
}

static void neighbour_heard(struct ndsock *s, const uint8_t *frame, size_t len)
{
	struct follow *f = follow_of(s, offsetof(struct follow, nd));
	const uint64_t now = f->trans->app.loop.now;
	struct claim_step step;
	struct addr6 addr;
	struct nd nd;

	if (follow_is_given(f) || !nd_parse(&nd, frame, len))
		return;
	for (enum life_slot slot = LIFE_HELD; slot < LIFE_SLOTS; slot++) {
		addr = f->claims[slot].addr;
		step = claim_heard(&f->claims[slot], &nd, now);
		follow_step_claim(f, slot, &step, addr, now);
		if (step.news == CLAIM_LOST)
			follow_turn(f, now);
	}
}

/* Without a right to raw sockets an address that is given still works. */
static int open_raw(struct follow *f)
{
	struct ev_loop *loop = &f->trans->app.loop;
	int err = rasock_open(&f->ra, loop);

	if (!err) {
		err = ndsock_open(&f->nd, loop);
		if (err)
			rasock_close(&f->ra);
	}
	f->raw = !err;
	if (err != -EPERM || !follow_is_given(f))
		return err;
	log_warn("no right to raw sockets (CAP_NET_RAW): routers are heard "
		 "only where the kernel accepts what they advertise");
	f->watch.option = follow_option_heard;
	return 0;
}

static enum exit_status open_sockets(struct follow *f)
{
	int err = watch_open(&f->watch, &f->trans->app.loop);

	if (!err) {
		err = open_raw(f);
		if (err)
			watch_close(&f->watch);
	}
	if (err)
		log_error("sockets that follow the network: %s",
			  strerror(-err));
	f->open = err == 0;
	return app_status(err);
}

enum exit_status follow_open(struct follow *f)
{
	enum exit_status status;

	f->watch.changed = network_changed;
	f->ra.heard = follow_router_heard;
	f->nd.heard = neighbour_heard;
	f->socket.heard = follow_resolver_heard;
	f->socket.ev.fd = -1;
	f->timer.due = timer_due;
	f->dirty = true;
	f->solicit_at = UINT64_MAX;
	for (unsigned int i = 0; i < LIFE_SLOTS; i++)
		f->claims[i].at = UINT64_MAX;
	begin_life(f);
	status = open_sockets(f);
	if (status)
		return status;
	if (!follow_is_given(f) && !f->only_look)
		secret_load(f->trans->app.opt->instance, &f->seed.key,
			    sizeof(f->seed.key));
	if (f->opt->uplink && !if_nametoindex(f->opt->uplink))
		log_info("uplink %s is not there yet", f->opt->uplink);
	status = trans_up(f->trans);
	if (!status)
		follow_turn(f, f->trans->app.loop.now);
	return status;
}

static bool same_source(const struct follow_options *a,
			const struct follow_options *b)
{
	return a->source.len == b->source.len &&
	       addr6_equal(a->source.addr, b->source.addr);
}

void follow_prepare(struct follow *f, const struct follow_options *want)
{
	if (!same_source(f->opt, want))
		follow_happened(f, LIFE_STOP, f->trans->app.loop.now);
}

void follow_reload(struct follow *f, const struct follow_options *before)
{
	const struct follow_options *o = f->opt;

	f->repair = (struct repair){ .count = 0 };
	if (!same_source(o, before)) {
		/* It could be read at the start only. */
		if (!(f->seed.key.k0 | f->seed.key.k1))
			trans_random(&f->seed.key, sizeof(f->seed.key));
		begin_life(f);
	}

	if (o->discover_ra != before->discover_ra) {
		f->prefixes.count = 0;
		f->solicits = SOLICITS;
		f->solicit_at = o->discover_ra ? 0 : UINT64_MAX;
	}
	if (f->life.routed && follow_metric(f) != f->metric)
		follow_reroute(f);
	f->life.force = o->force;
	f->dirty = true;
	follow_turn(f, f->trans->app.loop.now);
}

void follow_close(struct follow *f)
{
	if (!f->open)
		return;
	follow_happened(f, LIFE_STOP, f->trans->app.loop.now);
	asksock_close(&f->socket, &f->trans->app.loop);
	if (f->raw) {
		ndsock_close(&f->nd);
		rasock_close(&f->ra);
	}
	watch_close(&f->watch);
}

const char *follow_health(const struct follow *f)
{
	const bool native = f->life.facts.native4 && !f->opt->force;

	return !f->open || f->life.routed || native ? NULL : follow_reason(f);
}

/* What is forwarded here for us. */
static const char *forwarding(const struct follow *f)
{
	int all;

	if (!f->forwarding)
		return f->steered ? "steered" : "none";
	if (sysctl_get("net/ipv6/conf/all/forwarding", &all) || all)
		return "all";
	return "uplink";
}

/* @len: of a network; 0: it is a host's */
static void report6(struct report *r, const char *name, struct addr6 addr,
		    unsigned int len)
{
	if (!(addr.hi | addr.lo))
		report_text(r, name, 0, "none");
	else if (len)
		report_net6(r, name, addr, len);
	else
		report_addr6(r, name, addr);
}

void follow_report(const struct follow *f, struct report *r)
{
	const struct claim *held = &f->claims[LIFE_HELD];

	report_text(r, "state", 0, life_state_name(f->life.state));
	report_text(r, "reason", 0, follow_reason(f));
	report_text(r, "uplink", 0, f->view.name);
	report6(r, "pref64", f->life.facts.pref64.prefix,
		f->life.facts.pref64.len);
	report_text(r, "pref64-from", 0, f->origin ? f->origin : "none");
	report6(r, "router", f->router, 0);
	report6(r, "resolver", f->resolver, 0);
	report6(r, "next-hop", f->hop.len ? f->hop_via : f->way.via, 0);
	report6(r, "source",
		follow_is_given(f) ? follow_source(f).addr : held->addr,
		follow_is_given(f) ? follow_source(f).len : 128);
	report_addr4(r, "address4", f->addr4);
	report_text(r, "forwarding", 0, forwarding(f));
}
