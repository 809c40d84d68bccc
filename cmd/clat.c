/* SPDX-License-Identifier: MIT */
/*
 * clat.c - the customer's side of 464XLAT (RFC 6877)
 *
 * A stateless translator: IPv4 destinations appear under the provider's
 * prefix, IPv4 sources of ours under a prefix, or at an address, of ours.
 */
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "applet.h"
#include "fastpath.h"
#include "follow.h"
#include "parse.h"

#define METRIC_DEFAULT 2048u
#define OWN_PREFIX     96u
#define EAM_ROOM       2u
#define DEVICE4        0xc0000005u /* 192.0.0.5 (RFC 7335) */

/**
 * struct options - configuration
 * @follow:	what the operator has decided, so that it need not be found out
 * @lan:	IPv4 hosts behind us; len 0: none
 * @no_fast:	all packets go through this process
 * @check_network: only say whether a CLAT is possible
 */
struct options {
	struct app_options app; /* first member */
	struct trans_options tr;
	struct follow_options follow;
	struct net4 lan;
	bool no_fast;
	bool check_network;
};

/**
 * struct daemon - a CLAT
 * @siit:	the translator
 * @old:	the same with the address before ours, while late packets come
 * @memory:	of their address tables
 * @told_stranger: that packets come from an address that is not ours
 */
struct daemon {
	struct trans trans; /* first member */
	struct options *opt;
	struct follow follow;
	struct fastpath fastpath;
	struct siit siit;
	struct siit old;
	void *memory[2];
	bool told_stranger;
};

static const char *parse_uplink(void *field, const char *text)
{
	const size_t n = strlen(text);

	if (n == 0 || n >= IF_NAMESIZE)
		return "an interface, or auto";
	*(const char **)field = strcmp(text, "auto") ? text : NULL;
	return NULL;
}

/* Length 0, as it is at the start, means auto. */
static const char *parse_pref64_auto(void *field, const char *text)
{
	return strcmp(text, "auto") ? parse_pref64_row(field, text) : NULL;
}

static const char *parse_discover(void *field, const char *text)
{
	static const char *const words[] = { "off", "ra", "dns", "ra,dns",
					     NULL };
	struct follow_options *o = field;
	const int n = parse_word(text, words);

	o->discover_ra = n & 1;
	o->discover_dns = n & 2;
	return n < 0 ? "ra,dns, ra, dns or off" : NULL;
}

static const char *parse_when(void *field, const char *text)
{
	static const char *const words[] = { "auto", "force", NULL };
	const int n = parse_word(text, words);

	*(bool *)field = n == 1;
	return n < 0 ? "auto or force" : NULL;
}

static const char *parse_source(void *field, const char *text)
{
	struct net6 *source = field;

	if (strcmp(text, "auto") == 0)
		return NULL;
	if (parse_net6(text, source) || translate_illegal6(source->addr) ||
	    (source->len != 128 && source->len != OWN_PREFIX))
		return "auto, an IPv6 address, or a /96 that is routed to "
		       "this host";
	return NULL;
}

static const char *parse_lan(void *field, const char *text)
{
	struct net4 *lan = field;
	const char *expected = parse_net4(text, lan);

	return !expected && lan->len == 0 ? "the network of the LAN" : expected;
}

static const char *parse_metric(void *field, const char *text)
{
	return parse_u32(field, text, 1, UINT32_MAX,
			 "a number from 1 to 4294967295");
}

static const struct option_row rows[] = {
	OPTION(struct options, follow.uplink, "uplink", "IF|auto", parse_uplink,
	       0, "device towards the provider; default: auto"),
	OPTION(struct options, follow.pref64, "pref64", "auto|PREFIX",
	       parse_pref64_auto, OPTION_LIVE,
	       "the provider's translation prefix; default: auto"),
	OPTION(struct options, follow, "discover", "HOW", parse_discover,
	       OPTION_LIVE, "its discovery: ra,dns (default), ra, dns or off"),
	OPTION(struct options, follow.source, "source",
	       "auto|ADDRESS|PREFIX/96", parse_source, 0,
	       "what we are on the IPv6 side; default: auto"),
	OPTION(struct options, lan, "lan", "CIDR", parse_lan, 0,
	       "IPv4 hosts behind us"),
	OPTION(struct options, follow.force, "when", "auto|force", parse_when,
	       OPTION_LIVE, "yield to native IPv4 (default), or not"),
	OPTION(struct options, follow.metric, "metric", "N", parse_metric,
	       OPTION_LIVE, "of the IPv4 default route; default: 2048"),
	TRANS_TIMEOUT(struct options),
	OPTION(struct options, no_fast, "fast-path", "auto|off", parse_auto_off,
	       0, "plain packets are translated in the kernel"),
	OPTION(struct options, check_network, "check-network", NULL,
	       parse_switch, OPTION_SWITCH | OPTION_ARGS,
	       "say whether a CLAT is possible, and leave"),
};

static const struct option_group groups[] = {
	OPTION_GROUP("customer's side", rows, 0),
	TRANS_GROUP(offsetof(struct options, tr)),
	APP_GROUP,
};

static const struct option_table table = {
	.usage = "xlat clat [OPTION]...",
	.about = "Carry IPv4 over an IPv6-only line (464XLAT, RFC 6877).",
	.groups = groups,
	.count = XL_COUNT(groups),
};

static bool makes_sense(const struct options *o, struct option_error *e)
{
	const struct follow_options *f = &o->follow;

	if (!f->pref64.len && !f->discover_ra && !f->discover_dns) {
		options_expect(e, "pref64",
			       "a prefix such as 64:ff9b::/96 where --discover "
			       "is off");
		return false;
	}
	if (o->tr.no_setup && (!f->pref64.len || !f->source.len)) {
		options_expect(e, "no-setup", "--pref64 and --source with it");
		return false;
	}
	if (f->pref64.len && f->source.len &&
	    pref64_contains(f->pref64, f->source.addr)) {
		options_expect(e, "source", "an address outside the pref64");
		return false;
	}
	return true;
}

static bool check(struct app *a, struct option_error *e)
{
	struct daemon *d = (struct daemon *)(void *)a;

	return makes_sense(d->opt, e) && trans_check(&d->trans, e);
}

/* What an IPv4 address of ours is under @source. */
static struct addr6 own_address(struct net6 source, uint32_t addr4)
{
	const struct pref64 own = { source.addr, OWN_PREFIX };

	return source.len == OWN_PREFIX ? pref64_embed(own, addr4)
					: source.addr;
}

/* Do hosts of the LAN share one address, and so need a NAT44? */
static bool is_shared(const struct options *o)
{
	return o->lan.len && o->follow.source.len != OWN_PREFIX;
}

/* Addresses of ours and what they are on the IPv6 side; an address of zero:
 * none, and nothing is translated. */
static void fill_eam(struct daemon *d, struct siit *s, void *memory,
		     struct net6 source)
{
	const struct net4 lan = d->opt->lan;
	const uint32_t addr4 = d->follow.addr4;
	const char *expected = NULL;

	memset(memory, 0, eam_size(EAM_ROOM));
	eam_init(&s->eam, memory, EAM_ROOM);
	if (!(source.addr.hi | source.addr.lo))
		return;
	expected =
		eam_add(&s->eam, (struct eam_entry){ own_address(source, addr4),
						     addr4, 32, 128 });
	if (!expected && lan.len && source.len == OWN_PREFIX)
		expected =
			eam_add(&s->eam,
				(struct eam_entry){
					own_address(source, lan.addr), lan.addr,
					lan.len, (uint8_t)(lan.len + 96) });
	if (expected)
		log_error("addresses: expected %s", expected);
}

/*
 * A host that is not ours would leave under the provider's prefix, where no
 * answer to it comes back from.
 */
static bool is_stranger(const struct siit *s, const struct pkt *p)
{
	struct addr6 unused;

	return p->len >= IP4_HDR_LEN && p->data[0] >> 4 == 4 &&
	       !eam_4to6(&s->eam, hdr4_load(p->data).src, &unused);
}

/* Is it for the address that was ours before? */
static bool is_late(const struct siit *old, const struct pkt *p)
{
	uint32_t unused;

	return old->eam.count && p->len >= IP6_HDR_LEN &&
	       p->data[0] >> 4 == 6 &&
	       eam_6to4(&old->eam, addr6_load(p->data + 24), &unused);
}

/* It is the first of these, and there may be many. */
static void tell_stranger(struct daemon *d, const struct pkt *p)
{
	const uint32_t a = hdr4_load(p->data).src;

	if (d->told_stranger)
		return;
	d->told_stranger = true;
	log_warn("packets from %u.%u.%u.%u are dropped: %s", a >> 24,
		 a >> 16 & 0xff, a >> 8 & 0xff, a & 0xff,
		 is_shared(d->opt) ? "the rule that masquerades it is missing"
				   : "it is not in --lan");
}

static struct xlat_result translate(void *ctx, struct pkt *p, uint64_t now)
{
	struct daemon *d = ctx;

	(void)now;
	if (is_late(&d->old, p))
		return siit_packet(&d->old, p);
	if (is_stranger(&d->siit, p)) {
		tell_stranger(d, p);
		return xlat_drop(WHY_NO_MAPPING);
	}
	return siit_packet(&d->siit, p);
}

static void fill_siit(struct daemon *d, struct siit *s)
{
	s->tr = d->trans.tr;
	/* Which IPv4 addresses the prefix may carry is the provider's to say,
	 * so wkp_strict stays off. Every hop of a traceroute is shown. */
	s->error4 = (struct net4){ TRANS_DUMMY4, 32 };
	s->error4_on = true;
	s->error_ext = NODE_EXT_NODE_ID;
	s->hairpin = HAIRPIN_INTRINSIC;
	trans_random(&s->random, sizeof(s->random));
	s->random |= 1;
}

static void tell(struct daemon *d, struct siit *s, void *memory,
		 struct net6 source)
{
	s->tr.mtu6 = d->trans.tr.mtu6;
	s->tr.self6 = d->trans.tr.self6;
	if (translate_illegal6(s->tr.self6))
		s->tr.self6 = own_address(source, s->tr.self4);
	s->pool6 = d->follow.life.pref64;
	fill_eam(d, s, memory, source);
}

/* Addresses, prefix or MTU are others now. */
static void changed(struct follow *f)
{
	struct daemon *d = (struct daemon *)(void *)f->trans;
	const uint8_t len = f->opt->source.len ? f->opt->source.len : 128;
	const struct net6 held = { f->claims[LIFE_HELD].addr, len };
	const struct net6 old = { f->claims[LIFE_OLD].addr, len };
	const struct net6 ours[] = { held, old };

	tell(d, &d->siit, d->memory[0], held);
	tell(d, &d->old, d->memory[1], old);
	fastpath_tell(&d->fastpath, &d->siit, ours, f->steered);
}

static enum exit_status set_routes(struct trans *t)
{
	struct daemon *d = (struct daemon *)(void *)t;

	return follow_routes(&d->follow);
}

static bool take_memory(struct daemon *d)
{
	d->memory[0] = malloc(eam_size(EAM_ROOM));
	d->memory[1] = malloc(eam_size(EAM_ROOM));
	if (!d->memory[0] || !d->memory[1])
		log_error("out of memory");
	return d->memory[0] && d->memory[1];
}

/* The operator does the set-up, and has given what there is to know. */
static void tell_what_is_given(struct daemon *d)
{
	d->follow.addr4 = DEVICE4;
	d->follow.life.pref64 = d->opt->follow.pref64;
	d->follow.claims[LIFE_HELD].addr = d->opt->follow.source.addr;
	changed(&d->follow);
}

static const struct pref64 wellknown = { { 0x0064ff9b00000000, 0 }, 96 };

static enum exit_status open_clat(struct app *a)
{
	struct daemon *d = (struct daemon *)(void *)a;
	const struct options *o = d->opt;
	enum exit_status status;

	d->trans.nat44 = is_shared(o);
	d->follow.steer = !o->lan.len && !o->tr.no_setup;
	fastpath_open(&d->fastpath, &d->trans, !o->no_fast, d->follow.steer);
	status = trans_open(&d->trans,
			    o->lan.len ? o->lan.addr + 1 : TRANS_DEFAULT4,
			    o->follow.pref64.len ? o->follow.pref64.prefix
						 : TRANS_DEFAULT6);
	if (!status && is_shared(o))
		status = trans_nat44(&d->trans, o->lan);
	if (!status && !take_memory(d))
		status = EXIT_RUN;
	if (status)
		return status;
	fastpath_start(&d->fastpath, &d->trans);
	d->follow.steer = d->follow.steer && !d->fastpath.why;
	if (pref64_contains(wellknown, o->follow.source.addr))
		log_warn("source: an address under 64:ff9b::/96 is an IPv4 "
			 "host's (RFC 6052, 3.3)");
	fill_siit(d, &d->siit);
	fill_siit(d, &d->old);
	d->follow.opt = &o->follow;
	d->follow.trans = &d->trans;
	d->follow.changed = changed;
	d->trans.routes = set_routes;
	/* RFC 4429, 3.3: routers should not be. */
	d->follow.optimistic = !o->lan.len;
	changed(&d->follow);
	if (o->tr.no_setup)
		tell_what_is_given(d);
	else
		status = follow_open(&d->follow);
	return status ? status : trans_start(&d->trans, translate);
}

static int reload(struct app *a, struct app_options *fresh,
		  struct option_error *e)
{
	struct daemon *d = (struct daemon *)(void *)a;
	const struct options *want = (const void *)fresh;
	const struct follow_options before = d->opt->follow;
	struct follow_options *now = &d->opt->follow;

	if (!makes_sense(want, e))
		return -1;
	now->pref64 = want->follow.pref64;
	now->discover_ra = want->follow.discover_ra;
	now->discover_dns = want->follow.discover_dns;
	now->force = want->follow.force;
	now->metric = want->follow.metric;
	trans_options_adopt(&d->opt->tr, &want->tr);
	trans_adopt(&d->trans);
	d->siit.tr = d->old.tr = d->trans.tr;
	changed(&d->follow);
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
	struct daemon *d = (struct daemon *)(void *)a;

	if (!d->opt->check_network)
		return -1;
	d->follow.opt = &d->opt->follow;
	d->follow.trans = &d->trans;
	return (int)follow_possible(&d->follow);
}

static void close_clat(struct app *a)
{
	struct daemon *d = (struct daemon *)(void *)a;

	follow_close(&d->follow);
	trans_close(&d->trans);
	fastpath_close(&d->fastpath);
}

static void status(const void *ctx, struct report *r)
{
	const struct daemon *d = ctx;

	app_report(&d->trans.app, r);
	trans_report(&d->trans, r);
	fastpath_report(&d->fastpath, r);
	follow_report(&d->follow, r);
}

static const char *health(const struct app *a)
{
	const struct daemon *d = (const struct daemon *)(const void *)a;
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
	.options = &table,
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
	.options_size = sizeof(struct options),
};

int clat_run(int argc, char **argv)
{
	static struct options options = {
		.app = APP_DEFAULTS,
		.tr = TRANS_DEFAULTS,
		.follow = { .discover_ra = true,
			    .discover_dns = true,
			    .metric = METRIC_DEFAULT },
	};
	static struct daemon daemon;

	daemon.trans.app.hooks = &hooks;
	daemon.trans.app.opt = &options.app;
	daemon.trans.opt = &options.tr;
	daemon.opt = &options;
	return app_run(&daemon.trans.app, argc, argv);
}
