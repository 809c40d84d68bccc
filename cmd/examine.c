/* SPDX-License-Identifier: MIT */
#include "examine.h"

#include <errno.h>
#include <string.h>

#include "clat/v4only.h"
#include "trans.h"

#define MS         1000000ull
#define TICK       (250 * MS)
#define AGAIN      4u          /* ticks between repetitions */
#define DISCOVERY  (4000 * MS) /* RFC 4861: an answer may take 3.5 s */
#define SETTLE     (600 * MS)  /* for what other routers say */
#define TRIAL      (4000 * MS)
#define DNSKEY     48u /* the root has the largest answer that all have */
#define LARGE      1800u
#define SMALL_ECHO 104u
#define UDP_PACKET (IP6_HDR_LEN + UDP_HDR_LEN)

static struct examine *examine_of(void *member, size_t offset)
{
	return (struct examine *)(void *)((char *)member - offset);
}

/*
 * Questions
 */

static void inquire(struct inquiry *i)
{
	uint8_t msg[NAMED_QUESTION_MAX];
	const size_t len = named_question(msg, &i->ask);
	const struct asksock_to to = { .server = i->server,
				       .uplink = i->x->view.name,
				       .ifindex = i->x->view.ifindex };

	if (i->got.what == NAMED_IGNORE)
		(void)!asksock_send(&i->sock, &i->x->loop, &to, msg, len);
}

static void answered(struct asksock *s, const void *msg, size_t len)
{
	struct inquiry *i = (struct inquiry *)(void *)s;

	if (len)
		i->got = named_answer(&i->ask, msg, len);
	if (i->got.what == NAMED_IGNORE) {
		i->x->found.strays += len != 0;
		return;
	}
	i->size = (uint32_t)len + UDP_PACKET;
	asksock_close(s, &i->x->loop);
}

static void prepare(struct examine *x, struct inquiry *i, struct addr6 server,
		    struct msg_question q, uint16_t pad)
{
	*i = (struct inquiry){ .sock = { .ev.fd = -1, .heard = answered },
			       .x = x,
			       .server = server,
			       .ask = { .q = q, .pad = pad } };
	trans_random(&i->ask.id, sizeof(i->ask.id));
	inquire(i);
}

static void add_server(struct examine *x, struct addr6 server)
{
	const struct msg_question q[QUESTION_COUNT] = {
		{ { 15, "\10ipv4only\4arpa" }, MSG_AAAA, MSG_IN },
		{ x->opt->name, MSG_A, MSG_IN },
		{ x->opt->name, MSG_AAAA, MSG_IN },
	};
	const uint32_t n = x->found.servers;

	for (uint32_t i = 0; i < n; i++)
		if (addr6_equal(x->servers[i], server))
			return;
	if (n == VERDICT_SERVERS)
		return;
	x->servers[x->found.servers++] = server;
	for (unsigned int k = 0; k < QUESTION_COUNT; k++)
		prepare(x, &x->asks[n][k], server, q[k], 0);
}

/*
 * Rounds
 */

static void tick(struct ev_loop *loop, struct ev_timer *t)
{
	struct examine *x = examine_of(t, offsetof(struct examine, tick));

	if (loop->now >= x->until || x->over(x)) {
		loop->stop = true;
		return;
	}
	if (++x->ticks % AGAIN == 0)
		x->again(x);
	ev_timer_set(loop, t, loop->now + TICK);
}

static int run_round(struct examine *x, uint64_t length,
		     bool (*over)(const struct examine *x),
		     void (*again)(struct examine *x))
{
	const uint64_t now = ev_clock();

	x->loop.stop = false;
	x->tick.due = tick;
	x->ticks = 0;
	x->over = over;
	x->again = again;
	x->until = now + length;
	ev_timer_set(&x->loop, &x->tick, now + TICK);
	return ev_run(&x->loop);
}

/*
 * First round: what the network tells
 */

static void router_heard(struct rasock *s, const struct ra_packet *p,
			 int ifindex)
{
	struct examine *x = examine_of(s, offsetof(struct examine, ra));
	const uint64_t now = x->loop.now;
	struct ra ra;

	if (ifindex != x->view.ifindex)
		return;
	if (!ra_parse(&ra, p)) {
		x->found.damaged++;
		return;
	}
	if (!x->found.adverts++)
		x->settled = now + SETTLE;
	x->found.refused += ra.refused;
	prefix_heard(&x->prefixes, p->src, &ra, (struct pref64){ .len = 0 },
		     now);
	heard_take(&x->nets, p->src, ra.nets, ra.net_count, now);
	for (uint32_t i = 0; i < ra.server_count; i++)
		if (ra.servers[i].lifetime)
			add_server(x, ra.servers[i].addr);
}

static void ask_again(struct examine *x)
{
	if (x->found.may_listen && x->view.ifindex && !x->found.adverts)
		rasock_solicit(&x->ra, x->view.ifindex,
			       x->view.shared ? &x->view.mac : NULL);
	for (uint32_t n = 0; n < x->found.servers; n++)
		for (unsigned int k = 0; k < QUESTION_COUNT; k++)
			inquire(&x->asks[n][k]);
}

/* All is said, and other routers had their time, too. */
static bool all_told(const struct examine *x)
{
	if (x->found.may_listen &&
	    (!x->found.adverts || x->loop.now < x->settled))
		return false;
	for (uint32_t n = 0; n < x->found.servers; n++)
		for (unsigned int k = 0; k < QUESTION_COUNT; k++)
			if (x->asks[n][k].got.what == NAMED_IGNORE)
				return false;
	return true;
}

static void note_prefix(struct findings *f, struct addr6 a)
{
	const struct pref64 p = v4only_prefix(a);

	f->only4++;
	for (uint32_t i = 0; i < f->by_dns_count; i++)
		if (prefix_equal(f->by_dns[i], p))
			return;
	if (p.len && f->by_dns_count < NAMED_ADDRS)
		f->by_dns[f->by_dns_count++] = p;
}

/* What one resolver said; of several that answer the first one counts. */
static void note_server(struct examine *x, const struct inquiry *asks)
{
	struct findings *f = &x->found;
	const struct named *arpa = &asks[QUESTION_ARPA].got;

	f->failed += arpa->what == NAMED_FAILED;
	if (arpa->what != NAMED_ANSWER)
		return;
	if (!f->answered++)
		x->servers[0] = asks->server;
	for (uint32_t i = 0; i < arpa->count; i++)
		note_prefix(f, arpa->addrs[i]);
	if (!f->name_a.count)
		f->name_a = asks[QUESTION_A].got;
	if (!f->name_aaaa.count)
		f->name_aaaa = asks[QUESTION_AAAA].got;
}

static struct source choose_source(const struct examine *x)
{
	struct source_net nets[HEARD_MAX];
	const struct source_list l = { x->view.addrs, x->view.addr_count, nets,
				       x->nets.count, x->found.pref64 };

	for (uint32_t i = 0; i < x->nets.count; i++)
		nets[i] = (struct source_net){ x->nets.items[i].addr, false };
	return source_choose(&l, (struct addr6){ 0, 0 });
}

static void note_discovery(struct examine *x)
{
	struct findings *f = &x->found;
	const struct pref64 none = { .len = 0 };
	const struct prefix_entry *e =
		prefix_choose(&x->prefixes, none, x->loop.now);

	for (uint32_t n = 0; n < f->servers; n++)
		note_server(x, x->asks[n]);
	if (e)
		f->by_ra = e->prefix;
	f->given = x->opt->pref64.len;
	f->pref64 = f->given ? x->opt->pref64 : f->by_ra;
	if (!f->pref64.len && f->by_dns_count)
		f->pref64 = f->by_dns[0];
	f->source = choose_source(x);
}

static int discover(struct examine *x)
{
	struct addr6 servers[VERDICT_SERVERS];
	const uint32_t count = asksock_resolvers(servers, VERDICT_SERVERS);
	int err;

	x->loop.now = ev_clock();
	for (uint32_t i = 0; i < count; i++)
		add_server(x, servers[i]);
	ask_again(x);
	err = run_round(x, DISCOVERY, all_told, ask_again);
	note_discovery(x);
	return err;
}

/*
 * Second round: what the prefix carries
 */

static uint32_t large_echo(const struct examine *x)
{
	return x->view.mtu < PROBE_MTU ? x->view.mtu : PROBE_MTU;
}

static void try_again(struct examine *x)
{
	if (x->found.target && x->found.may_ping) {
		probe_echo_send(&x->echo, SMALL_ECHO);
		probe_echo_send(&x->echo, large_echo(x));
	}
	inquire(&x->dns4[0]);
	inquire(&x->dns4[1]);
}

static bool echo_done(const struct examine *x)
{
	return !x->found.may_ping || x->echo.out >= large_echo(x);
}

static bool web_done(const struct examine *x)
{
	return x->web.state == PROBE_CLOSED || x->web.state == PROBE_REFUSED;
}

static bool all_tried(const struct examine *x)
{
	return (!x->found.target || (echo_done(x) && web_done(x))) &&
	       x->dns4[0].got.what != NAMED_IGNORE &&
	       x->dns4[1].got.what != NAMED_IGNORE;
}

/* The IPv4 address to try: 0 if there is none. */
static uint32_t find_target(const struct examine *x)
{
	const struct findings *f = &x->found;

	if (x->opt->target)
		return x->opt->target;
	if (f->name_a.count)
		return (uint32_t)f->name_a.addrs[0].lo;
	if (f->name_aaaa.count &&
	    pref64_contains(f->pref64, f->name_aaaa.addrs[0]))
		return pref64_extract(f->pref64, f->name_aaaa.addrs[0]);
	return 0;
}

static enum verdict_reach reach(enum probe_state state)
{
	switch (state) {
	case PROBE_BROKEN:
		return REACH_ERROR;
	case PROBE_CONNECTING:
		return REACH_SILENT;
	case PROBE_IDLE:
		return REACH_NOT_TRIED;
	default:
		return REACH_DONE;
	}
}

static void note_trial(struct examine *x)
{
	struct findings *f = &x->found;

	f->tcp = reach(x->web.state);
	if (f->target && f->may_ping)
		f->ping = x->echo.replied ? REACH_DONE : REACH_SILENT;
	if (x->echo.out > SMALL_ECHO)
		f->out = x->echo.out;
	if (x->echo.in > SMALL_ECHO)
		f->in = x->echo.in;
	probe_web_look(&x->web, &f->sent_all, &f->segment);
	f->closed = x->web.state == PROBE_CLOSED;
	f->dns4 = x->dns4[0].size;
	f->dns4_large = x->dns4[1].size;
}

static int attempt(struct examine *x)
{
	const struct msg_question root = { { 1, { 0 } }, DNSKEY, MSG_IN };
	const struct addr6 dns4 = pref64_embed(x->found.pref64, x->opt->dns4);
	const uint32_t target = find_target(x);
	int err;

	x->found.target = target != 0;
	x->target = pref64_embed(x->found.pref64, target);
	prepare(x, &x->dns4[0], dns4, root, 0);
	prepare(x, &x->dns4[1], dns4, root, LARGE);
	if (target) {
		probe_echo_to(&x->echo, x->target);
		probe_web_open(&x->web, &x->loop, x->target, x->view.name);
	}
	try_again(x);
	err = run_round(x, TRIAL, all_tried, try_again);
	note_trial(x);
	return err;
}

/*
 * The whole
 */

static void look(struct examine *x, struct watch *w)
{
	const struct watch_ask ask = {
		.uplink = x->opt->uplink,
		.towards = x->opt->pref64.len ? x->opt->pref64.prefix
					      : TRANS_DEFAULT6,
	};
	struct findings *f = &x->found;
	int lro;

	watch_look(w, &ask, &x->view);
	f->uplink = x->view.ifindex != 0;
	f->up = x->view.up;
	f->route6 = x->view.route6;
	f->native4 = x->view.native4;
	f->mtu = x->view.mtu;
	lro = f->uplink ? probe_lro(x->view.name) : -ENODEV;
	f->lro_known = lro >= 0;
	f->lro = lro > 0;
}

int examine_open(struct examine *x)
{
	struct watch w;
	int err = ev_init(&x->loop);

	if (!err)
		err = watch_open(&w, &x->loop);
	if (err)
		return err;
	look(x, &w);
	watch_close(&w);
	x->ra.heard = router_heard;
	x->found.may_listen = rasock_open(&x->ra, &x->loop) == 0;
	x->web.ev.fd = -1;
	x->web.host = x->opt->host;
	x->found.may_ping =
		probe_echo_open(&x->echo, &x->loop, x->view.name) == 0;
	return 0;
}

int examine_run(struct examine *x)
{
	const int err = discover(x);

	return err || !x->found.pref64.len ? err : attempt(x);
}

void examine_close(struct examine *x)
{
	for (uint32_t n = 0; n < x->found.servers; n++)
		for (unsigned int k = 0; k < QUESTION_COUNT; k++)
			asksock_close(&x->asks[n][k].sock, &x->loop);
	for (unsigned int i = 0; i < XL_COUNT(x->dns4); i++)
		if (x->dns4[i].x)
			asksock_close(&x->dns4[i].sock, &x->loop);
	probe_web_close(&x->web, &x->loop);
	probe_echo_close(&x->echo, &x->loop);
	if (x->found.may_listen)
		rasock_close(&x->ra);
	ev_close(&x->loop);
}
