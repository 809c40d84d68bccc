/* SPDX-License-Identifier: MIT */
/*
 * discover.c - the provider's prefix is found out: what routers and resolvers
 * of the uplink say, and asking them
 */
#include "follow.h"

#define SECOND         1000000000ull
#define RA_WAIT        (2 * SECOND) /* RFC 9872: routers first, then DNS */
#define SOLICIT_EVERY  (4 * SECOND)
#define NO_SERVER_WAIT (10 * SECOND)

struct pref64 follow_choose_pref64(struct follow *f, uint64_t now)
{
	const struct prefix_entry *e =
		prefix_choose(&f->prefixes, f->life.pref64, now);

	f->router = (struct addr6){ 0, 0 };
	if (f->opt->pref64.len) {
		f->origin = "option";
		return f->opt->pref64;
	}
	if (e) {
		f->origin = "router";
		f->router = e->router;
		return e->prefix;
	}
	f->origin = !f->ask.found.count             ? "none"
		    : asksock_is_local(f->resolver) ? "local-dns"
						    : "dns";
	return ask_choose(&f->ask, f->life.pref64);
}

/* RDNSS options of the uplink's routers, else the machine's files. */
static uint32_t find_servers(const struct follow *f,
			     struct addr6 out[ASK_SERVERS])
{
	uint32_t n = 0;

	for (; n < f->servers.count && n < ASK_SERVERS; n++)
		out[n] = f->servers.items[n].addr;
	return n ? n : asksock_resolvers(out, ASK_SERVERS);
}

static bool wants_dns(const struct follow *f)
{
	return f->opt->discover_dns && !f->opt->pref64.len &&
	       !f->prefixes.count && f->view.up && f->view.route6 &&
	       (f->asking || f->opt->force || !f->view.native4);
}

/* Begin to ask when RFC 7050 is the way, and end when it is not. */
static void start_or_stop_dns(struct follow *f, uint64_t now)
{
	struct addr6 servers[ASK_SERVERS];
	const bool wanted = wants_dns(f);

	if (wanted == f->asking)
		return;
	f->asking = wanted;
	asksock_close(&f->socket, &f->trans->app.loop);
	if (wanted)
		ask_start(&f->ask, find_servers(f, servers),
			  f->opt->discover_ra ? now + RA_WAIT : now);
	else
		ask_stop(&f->ask);
}

static void dns_due(struct follow *f, uint64_t now)
{
	uint8_t msg[V4ONLY_QUESTION_LEN];
	struct addr6 servers[ASK_SERVERS];
	struct asksock_to to = { .uplink = f->view.name,
				 .ifindex = f->view.ifindex };
	uint32_t count;

	if (!f->asking || f->ask.at > now)
		return;
	if (f->ask.state == ASK_REST)
		f->ask.server_count = find_servers(f, servers);
	if (!f->ask.server_count) {
		log_debug("no resolver to ask for ipv4only.arpa");
		ask_start(&f->ask, ASK_SERVERS, now + NO_SERVER_WAIT);
		return;
	}
	if (!ask_due(&f->ask, now, follow_random64()))
		return;
	/* Of fewer than there were, perhaps. */
	count = find_servers(f, servers);
	v4only_question(msg, f->ask.sent);
	if (f->ask.server >= count) {
		ask_failed(&f->ask, now);
		return;
	}
	f->resolver = to.server = servers[f->ask.server];
	to.tcp = f->ask.tcp;
	if (asksock_send(&f->socket, &f->trans->app.loop, &to, msg,
			 sizeof(msg)))
		ask_failed(&f->ask, now);
}

static void solicit_due(struct follow *f, uint64_t now)
{
	if (f->solicit_at > now)
		return;
	f->solicit_at = --f->solicits ? now + SOLICIT_EVERY : UINT64_MAX;
	if (f->raw)
		rasock_solicit(&f->ra, f->view.ifindex,
			       f->view.shared ? &f->view.mac : NULL);
}

void follow_discover_due(struct follow *f, uint64_t now)
{
	solicit_due(f, now);
	start_or_stop_dns(f, now);
	dns_due(f, now);
}

/* Is @a an address of the uplink? A router on this machine is none of ours. */
static bool is_own(const struct follow *f, struct addr6 a)
{
	for (uint32_t i = 0; i < f->view.addr_count; i++)
		if (addr6_equal(f->view.addrs[i].addr, a))
			return true;
	return false;
}

/* Is none of the resolvers that are told the one that was asked last? */
static bool resolvers_are_others(const struct follow *f)
{
	for (uint32_t i = 0; i < f->servers.count; i++)
		if (addr6_equal(f->servers.items[i].addr, f->resolver))
			return false;
	return f->servers.count;
}

/* RFC 8781, 5.2: that they agree is for routers to see to. */
static void tell_disagreement(struct follow *f)
{
	const bool differ = prefix_disagree(&f->prefixes);

	if (differ && !f->told_differ)
		log_warn("the routers of %s announce different PREF64s",
			 f->view.name);
	f->told_differ = differ;
}

static void take_advertisement(struct follow *f, struct addr6 router,
			       const struct ra *ra, uint64_t now)
{
	if (is_own(f, router))
		return;
	if (ra->lifetime)
		f->solicit_at = UINT64_MAX;
	heard_take(&f->nets, router, ra->nets, ra->net_count, now);
	heard_take(&f->servers, router, ra->servers, ra->server_count, now);
	if (f->opt->discover_ra)
		prefix_heard(&f->prefixes, router, ra, f->life.pref64, now);
	tell_disagreement(f);
	if (f->asking && resolvers_are_others(f))
		ask_start(&f->ask, f->servers.count,
			  follow_earlier(f->ask.at, now + RA_WAIT));
	follow_turn(f, now);
}

void follow_router_heard(struct rasock *s, const struct ra_packet *p,
			 int ifindex)
{
	struct follow *f = follow_of(s, offsetof(struct follow, ra));
	struct ra ra;

	if (ifindex == f->view.ifindex && ra_parse(&ra, p))
		take_advertisement(f, p->src, &ra, f->trans->app.loop.now);
}

void follow_option_heard(struct watch *w, const void *msg, size_t len)
{
	struct follow *f = follow_of(w, offsetof(struct follow, watch));
	struct addr6 router;
	struct ra ra;
	int ifindex;

	if (useropt_parse(&ra, &router, &ifindex, msg, len) &&
	    ifindex == f->view.ifindex)
		take_advertisement(f, router, &ra, f->trans->app.loop.now);
}

void follow_resolver_heard(struct asksock *s, const void *msg, size_t len)
{
	struct follow *f = follow_of(s, offsetof(struct follow, socket));
	const uint64_t now = f->trans->app.loop.now;

	if (len)
		ask_answered(&f->ask, msg, len, now);
	else
		ask_failed(&f->ask, now);
	if (f->ask.state != ASK_WAIT || f->ask.at <= now)
		asksock_close(s, &f->trans->app.loop);
	follow_turn(f, now);
}
