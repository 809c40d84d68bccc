/* SPDX-License-Identifier: MIT */
/*
 * carry.c - what the life-cycle of a CLAT decides, carried out: addresses are
 * claimed and dropped, and the machine's configuration comes and goes
 */
#include <arpa/inet.h>
#include <stdio.h>

#include "follow.h"

#define SECOND         1000000000ull
#define MS             1000000ull

#define METRIC_DEFAULT 2048u
#define METRIC_MAX     (UINT32_MAX - 8) /* and the rank of an address */

uint64_t follow_random64(void)
{
	uint64_t r;

	trans_random(&r, sizeof(r));
	return r;
}

/* An address for a message. */
static const char *text6(struct addr6 a, char out[INET6_ADDRSTRLEN])
{
	uint8_t wire[16];

	addr6_store(wire, a);
	return inet_ntop(AF_INET6, wire, out, INET6_ADDRSTRLEN);
}

bool follow_is_given(const struct follow *f)
{
	return f->opt->source.len;
}

bool follow_is_shared(const struct follow *f)
{
	return f->opt->source.len == FOLLOW_SHARED;
}

struct net6 follow_source(const struct follow *f)
{
	return follow_is_shared(f) ? (struct net6){ f->own, 128 }
				   : f->opt->source;
}

static void join(const struct follow *f, const struct claim *c, bool yes)
{
	if (f->view.shared)
		rasock_group(&f->ra, f->view.ifindex, nd_group(c->addr), yes);
}

static bool is_ula(struct addr6 a)
{
	return a.hi >> 57 == 0xfc >> 1;
}

/* There is nothing better; where it does not work, nothing would. */
static void tell_of_ula(struct addr6 net, struct pref64 pref64)
{
	if (is_ula(net) && !is_ula(pref64.prefix))
		log_warn("a unique local address (fc00::/7) is used: the "
			 "translator has to be on the same site");
}

static void start_claim(struct follow *f, bool optimistic, uint64_t now)
{
	const enum life_slot slot = optimistic ? LIFE_HELD : LIFE_TEST;
	const struct addr6 net = f->life.net[slot];
	const struct claim_link link = {
		.mac = f->view.mac,
		.router = f->view.router,
		.probes = f->view.shared ? f->view.probes : 0,
		.wait = f->view.retrans * MS,
		.optimistic = optimistic,
	};
	struct claim *c = &f->claims[LIFE_TEST];
	const bool again = f->counter && addr6_equal(f->counter_net, net);
	char text[INET6_ADDRSTRLEN];

	if (!again)
		f->counter = 0;
	f->counter_net = net;
	f->seed.addr4 = f->addr4;
	f->seed.pref64 = f->life.facts.pref64;
	snprintf(f->seed.ifname, sizeof(f->seed.ifname), "%s", f->view.name);
	tell_of_ula(net, f->life.facts.pref64);
	claim_start(c, iid_address(&f->seed, net, &f->counter), &link, now);
	/* RFC 7217, 6: two hosts must not collide in step. */
	if (again && !optimistic)
		c->at = now + follow_random64() % SECOND;
	join(f, c, true);
	log_info("claiming %s", text6(c->addr, text));
}

/* Bits of a route to one of our addresses. */
static unsigned int held_len(const struct follow *f)
{
	return follow_is_given(f) ? follow_source(f).len : 128;
}

static void drop(struct follow *f, enum life_slot slot)
{
	struct claim *c = &f->claims[slot];

	if (slot != LIFE_TEST && !follow_is_shared(f))
		(void)!trans_unroute6(f->trans, c->addr, held_len(f));
	if (!follow_is_given(f))
		join(f, c, false);
	claim_drop(c);
}

/* What was tested, or is used while it is: packets to it come into the
 * device. */
static void promote(struct follow *f)
{
	struct claim *held = &f->claims[LIFE_HELD];

	if (held->state != CLAIM_FREE)
		f->claims[LIFE_OLD] = *held;
	*held = f->claims[LIFE_TEST];
	f->claims[LIFE_TEST] = (struct claim){ .at = UINT64_MAX };
	(void)!trans_route6(f->trans, held->addr, 128);
}

static const struct net4 all4 = { 0, 0 };

/*
 * Native IPv4 comes first, whatever its metric, unless the operator has said
 * otherwise. Instances have different addresses, so their routes do not stand
 * in the same place.
 */
uint32_t follow_metric(const struct follow *f)
{
	uint32_t metric = METRIC_DEFAULT;

	if (f->opt->metric)
		return f->opt->metric;
	if (f->view.native4 && f->view.metric4 >= metric)
		metric = f->view.metric4 < METRIC_MAX ? f->view.metric4 + 1
						      : METRIC_MAX;
	return metric + follow_rank4(f->addr4);
}

/* The new one is there before the old one goes. */
static void route4(struct follow *f)
{
	const uint32_t before = f->metric;

	f->metric = follow_metric(f);
	(void)!trans_route4(f->trans, all4, f->metric);
	if (before && before != f->metric)
		(void)!trans_unroute4(f->trans, all4, before);
}

void follow_reroute(struct follow *f)
{
	if (f->life.routed && f->metric == follow_metric(f))
		(void)!trans_reroute4(f->trans, all4, f->metric);
	else if (f->life.routed)
		route4(f);
	if (f->has_address4)
		(void)!trans_bind4(f->trans, f->addr4);
}

enum exit_status follow_routes(struct follow *f)
{
	static const enum life_slot with_route[] = { LIFE_HELD, LIFE_OLD };
	int troubles = 0;

	for (unsigned int i = 0; i < XL_COUNT(with_route); i++) {
		const struct claim *c = &f->claims[with_route[i]];

		if (c->state != CLAIM_FREE && !follow_is_shared(f))
			troubles += trans_route6(f->trans, c->addr,
						 held_len(f)) != EXIT_OK;
	}
	if (f->has_address4)
		troubles += trans_bind4(f->trans, f->addr4) != EXIT_OK;
	if (f->life.routed)
		troubles += trans_route4(f->trans, all4, f->metric) != EXIT_OK;
	return troubles ? EXIT_RUN : EXIT_OK;
}

static bool is_steered(struct follow *f)
{
	const int uplink = f->view.ifindex;

	if (!f->steer || !uplink)
		return false;
	if (f->steered == uplink)
		return true;
	f->steer = trans_steer(f->trans, uplink) &&
		   (!follow_is_shared(f) || trans_sort(f->trans, uplink));
	f->steered = f->steer ? uplink : 0;
	f->changed(f);
	if (!f->steer)
		log_info("fast path: not available at %s: IPv6 is forwarded",
			 f->view.name);
	return f->steer;
}

unsigned int follow_configured(const struct follow *f)
{
	unsigned int ours = 0;

	if (f->has_address4)
		ours |= WATCH_ADDRESS4 | WATCH_BIND4;
	if (f->life.routed)
		ours |= WATCH_DEFAULT4;
	if (f->has_address4 && f->claims[LIFE_HELD].state != CLAIM_FREE &&
	    !follow_is_shared(f))
		ours |= WATCH_ROUTE6;
	if (f->hop.len && f->view.up)
		ours |= WATCH_HOP;
	return ours;
}

void follow_restore(struct follow *f, unsigned int missing)
{
	if (missing & WATCH_ADDRESS4)
		(void)!trans_address4(f->trans, f->addr4);
	if (missing & WATCH_BIND4)
		(void)!trans_bind4(f->trans, f->addr4);
	if (missing & WATCH_ROUTE6)
		(void)!trans_route6(f->trans, f->claims[LIFE_HELD].addr,
				    held_len(f));
	if (missing & WATCH_DEFAULT4)
		(void)!trans_route4(f->trans, all4, f->metric);
	if (missing & WATCH_HOP) {
		f->hop.len = 0;
		f->looked = true;
	}
}

void follow_see_way(struct follow *f)
{
	watch_way(&f->watch, f->life.pref64, f->view.ifindex, &f->way);
	if (f->way.ours)
		f->view.ours |= WATCH_HOP;
	f->looked = true;
}

/* The router that packets should leave by, and would not: what is said of
 * their prefix by others is left as it is. */
static struct addr6 want_hop(const struct follow *f, uint64_t now)
{
	const struct watch_route *way = &f->way;
	const struct hop_ask ask = { &f->prefixes, &f->nets, f->life.pref64,
				     f->life.net[LIFE_HELD], way->via };
	struct addr6 via = { 0, 0 };

	if (f->life.installed)
		via = hop_choose(&ask, now);
	if (!way->ours && (way->chosen || addr6_equal(via, way->via)))
		via.hi = via.lo = 0;
	return via;
}

static void set_hop(struct follow *f, struct addr6 via)
{
	struct pref64 to = { .len = 0 };
	char text[INET6_ADDRSTRLEN];

	if (via.hi)
		to = f->life.pref64;
	if (!trans_hop(f->trans, to, via, f->view.ifindex))
		to.len = 0;
	if (to.len && !prefix_equal(to, f->hop))
		log_info("packets to the PREF64 leave by the router that "
			 "announces it: %s",
			 text6(via, text));
	f->hop = to;
	f->hop_uplink = f->view.ifindex;
}

/* Again when anything of it may have changed; but what others have removed is
 * for repair(). */
static void follow_hop(struct follow *f, uint64_t now)
{
	const bool other = !prefix_equal(f->way.of, f->life.pref64);
	struct addr6 via;
	bool removed;

	if (other)
		follow_see_way(f);
	via = want_hop(f, now);
	removed = f->hop.len && !f->way.ours && !other;
	if (addr6_equal(via, f->hop_via) && (!f->looked || removed))
		return;
	f->looked = false;
	if (via.hi || f->hop.len || f->hop_uplink != f->view.ifindex)
		set_hop(f, via);
	f->hop_via = via;
}

/* A router forwards; of a host it is not to be asked that it does so for
 * others. */
void follow_connect(struct follow *f)
{
	const int uplink = f->view.ifindex;

	if ((is_steered(f) && f->host) || f->forwarding == uplink ||
	    (f->forwarding && !f->host))
		return;
	if ((f->host ? trans_forward6(f->trans, uplink)
		     : trans_forwarding(f->trans)) == EXIT_OK)
		f->forwarding = uplink;
}

/* All but the IPv4 default route. */
static void install(struct follow *f)
{
	struct claim *held = &f->claims[LIFE_HELD];

	if (!f->has_address4) {
		(void)!trans_address4(f->trans, f->addr4);
		(void)!trans_bind4(f->trans, f->addr4);
	}
	f->has_address4 = true;
	if (follow_is_given(f) && held->state == CLAIM_FREE) {
		held->state = CLAIM_HELD;
		held->addr = follow_source(f).addr;
		if (!follow_is_shared(f))
			(void)!trans_route6(f->trans, held->addr, held_len(f));
	}
	follow_connect(f);
}

static void take_down(struct follow *f, unsigned int todo)
{
	if (todo & LIFE_UNROUTE) {
		(void)!trans_unroute4(f->trans, all4, f->metric);
		f->metric = 0;
	}
	if (todo & LIFE_REMOVE && f->has_address4) {
		(void)!trans_unbind4(f->trans, f->addr4);
		(void)!trans_unaddress4(f->trans, f->addr4);
		f->has_address4 = false;
	}
	if (todo & LIFE_DROP_TEST)
		drop(f, LIFE_TEST);
	if (todo & LIFE_DROP_HELD)
		drop(f, LIFE_HELD);
	if (todo & LIFE_DROP_OLD)
		drop(f, LIFE_OLD);
}

/* @routed: the IPv4 default route was there before and still is. */
void follow_carry_out(struct follow *f, unsigned int todo, bool routed,
		      uint64_t now)
{
	if (f->only_look) {
		if (todo & (LIFE_CLAIM | LIFE_INSTALL))
			f->trans->app.loop.stop = true;
		return;
	}
	take_down(f, todo);
	if (todo & LIFE_CLAIM)
		start_claim(f, todo & LIFE_PROMOTE, now);
	if (todo & LIFE_PROMOTE)
		promote(f);
	if (todo & LIFE_INSTALL)
		install(f);
	if (todo & (LIFE_SWAP | LIFE_DROP_OLD))
		f->changed(f);
	follow_hop(f, now);
	/* Last: until everything stands nothing may come in. */
	if (todo & LIFE_INSTALL && (!routed || todo & LIFE_UNROUTE))
		route4(f);
	if (todo & LIFE_ANNOUNCE)
		claim_announce(&f->claims[LIFE_HELD], f->view.mac, now);
}

void follow_happened(struct follow *f, enum life_event e, uint64_t now)
{
	const bool routed = f->life.routed;

	follow_carry_out(f, life_happened(&f->life, e, now), routed, now);
}

static void lost(struct follow *f, enum life_slot slot,
		 const struct claim_step *step, struct addr6 addr, uint64_t now)
{
	const uint8_t *m = step->other.b;
	char text[INET6_ADDRSTRLEN];

	log_warn("%s is in use by %02x:%02x:%02x:%02x:%02x:%02x",
		 text6(addr, text), m[0], m[1], m[2], m[3], m[4], m[5]);
	f->claims[slot].addr = addr;
	drop(f, slot);
	f->counter++;
	if (slot != LIFE_OLD)
		follow_happened(
			f, slot == LIFE_TEST ? LIFE_LOST_TEST : LIFE_LOST_HELD,
			now);
}

/* Send what a claim has to say, and see what has become of it. */
void follow_step_claim(struct follow *f, enum life_slot slot,
		       const struct claim_step *step, struct addr6 addr,
		       uint64_t now)
{
	if (step->send && f->view.shared)
		ndsock_send(&f->nd, step->frame, ND_FRAME_LEN);
	if (step->news == CLAIM_WON && slot == LIFE_TEST)
		follow_happened(f, LIFE_WON, now);
	if (step->news == CLAIM_LOST)
		lost(f, slot, step, addr, now);
}

void follow_claims_due(struct follow *f, uint64_t now)
{
	struct claim_step step;
	struct addr6 addr;

	for (enum life_slot slot = LIFE_HELD; slot < LIFE_SLOTS; slot++) {
		if (follow_is_given(f) || f->claims[slot].at > now)
			continue;
		addr = f->claims[slot].addr;
		step = claim_due(&f->claims[slot], now, follow_random64());
		follow_step_claim(f, slot, &step, addr, now);
	}
}
