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
#include "parse.h"
#include "trans.h"

#define DEVICE4        0xc0000001u /* 192.0.0.1 (RFC 7335) */
#define METRIC_DEFAULT 2048u
#define OWN_PREFIX     96u

/**
 * struct options - configuration
 * @uplink:	device towards the provider; NULL: where the prefix is routed
 * @source:	our IPv6 address, or our /96; len 0: none
 * @lan:	IPv4 hosts behind us; len 0: none
 */
struct options {
	struct app_options app; /* first member */
	struct trans_options tr;
	const char *uplink;
	struct pref64 pref64;
	struct net6 source;
	struct net4 lan;
	uint32_t metric;
};

struct daemon {
	struct trans trans; /* first member */
	const struct options *opt;
	struct siit siit;
};

static const char *parse_uplink(void *field, const char *text)
{
	const size_t n = strlen(text);

	if (n == 0 || n >= IF_NAMESIZE)
		return "an interface, or auto";
	*(const char **)field = strcmp(text, "auto") ? text : NULL;
	return NULL;
}

static const char *parse_source(void *field, const char *text)
{
	struct net6 *source = field;

	if (parse_net6(text, source) || translate_illegal6(source->addr) ||
	    (source->len != 128 && source->len != OWN_PREFIX))
		return "an IPv6 address, or a /96 that is routed to this host";
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
	OPTION(struct options, uplink, "uplink", "IF|auto", parse_uplink, 0,
	       "device towards the provider; default: auto"),
	OPTION(struct options, pref64, "pref64", "PREFIX", parse_pref64_row, 0,
	       "the provider's translation prefix"),
	OPTION(struct options, source, "source", "ADDRESS|PREFIX/96",
	       parse_source, 0, "what we are on the IPv6 side"),
	OPTION(struct options, lan, "lan", "CIDR", parse_lan, 0,
	       "IPv4 hosts behind us; needs a /96 as source"),
	OPTION(struct options, metric, "metric", "N", parse_metric, 0,
	       "of the IPv4 default route; default: 2048"),
};

static const struct option_group groups[] = {
	OPTION_GROUP("customer's side", rows, 0),
	TRANS_GROUP(offsetof(struct options, tr)),
	APP_GROUP,
};

static const struct option_table table = {
	.usage = "xlat clat --pref64 PREFIX --source ADDRESS|PREFIX/96 "
		 "[OPTION]...",
	.about = "Carry IPv4 over an IPv6-only line (464XLAT, RFC 6877).",
	.groups = groups,
	.count = XL_COUNT(groups),
};

static struct pref64 own_prefix(const struct options *o)
{
	return (struct pref64){ o->source.addr, OWN_PREFIX };
}

/* What an IPv4 address of ours is on the IPv6 side. */
static struct addr6 own_address(const struct options *o, uint32_t addr4)
{
	return o->source.len == OWN_PREFIX ? pref64_embed(own_prefix(o), addr4)
					   : o->source.addr;
}

/* Networks of ours and what they are on the IPv6 side. */
static const char *build_eam(struct eam *e, const struct options *o)
{
	void *mem = calloc(1, eam_size(2));
	const char *expected;

	if (!mem)
		return "more memory";
	eam_init(e, mem, 2);
	expected = eam_add(e, (struct eam_entry){ own_address(o, DEVICE4),
						  DEVICE4, 32, 128 });
	if (!expected && o->lan.len)
		expected = eam_add(
			e, (struct eam_entry){ own_address(o, o->lan.addr),
					       o->lan.addr, o->lan.len,
					       (uint8_t)(o->lan.len + 96) });
	return expected;
}

static bool check(struct app *a, struct option_error *e)
{
	struct daemon *d = (struct daemon *)(void *)a;
	const struct options *o = d->opt;
	const char *expected;

	if (!o->pref64.len) {
		options_expect(e, "pref64", "a prefix such as 64:ff9b::/96");
		return false;
	}
	if (!o->source.len) {
		options_expect(e, "source",
			       "an IPv6 address, or a /96 that is routed to "
			       "this host");
		return false;
	}
	if (o->lan.len && o->source.len != OWN_PREFIX) {
		options_expect(e, "lan",
			       "a /96 as --source: every host of the LAN gets "
			       "an address in it");
		return false;
	}
	expected = build_eam(&d->siit.eam, o);
	if (expected)
		options_expect(e, "lan", expected);
	return !expected;
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

static struct xlat_result translate(void *ctx, struct pkt *p, uint64_t now)
{
	struct daemon *d = ctx;

	(void)now;
	if (is_stranger(&d->siit, p))
		return xlat_drop(WHY_NO_MAPPING);
	return siit_packet(&d->siit, p);
}

static void fill_siit(struct daemon *d)
{
	struct siit *s = &d->siit;

	s->tr = d->trans.tr;
	if (translate_illegal6(s->tr.self6))
		s->tr.self6 = own_address(d->opt, s->tr.self4);
	s->pool6 = d->opt->pref64;
	/* Which IPv4 addresses the prefix may carry is the provider's to say,
	 * so wkp_strict stays off. Every hop of a traceroute is shown. */
	s->error4 = (struct net4){ TRANS_DUMMY4, 32 };
	s->error4_on = true;
	s->error_ext = NODE_EXT_NODE_ID;
	s->hairpin = HAIRPIN_INTRINSIC;
	trans_random(&s->random, sizeof(s->random));
	s->random |= 1;
}

/* The uplink's MTU, where it is named and the operator has not said. */
static enum exit_status mtu_of_uplink(struct daemon *d)
{
	struct trans *t = &d->trans;
	unsigned int ifindex;
	uint32_t mtu;

	if (!d->opt->uplink)
		return EXIT_OK;
	ifindex = if_nametoindex(d->opt->uplink);
	if (!ifindex) {
		log_error("uplink %s: there is no such interface",
			  d->opt->uplink);
		return EXIT_LACKING;
	}
	if (!t->opt->mtu6 && !nl_link_mtu(&t->nl, (int)ifindex, &mtu) &&
	    mtu >= IP6_MTU_MIN && mtu < t->tr.mtu6)
		t->tr.mtu6 = mtu;
	return EXIT_OK;
}

static enum exit_status add_routes(struct daemon *d)
{
	const struct options *o = d->opt;
	const struct net4 all = { 0, 0 };
	enum exit_status status = trans_up(&d->trans);

	if (!status)
		status = trans_address4(&d->trans, DEVICE4);
	if (!status)
		status = trans_route6(&d->trans, o->source.addr, o->source.len);
	if (!status)
		status = trans_forwarding(&d->trans);
	return status ? status : trans_route4(&d->trans, all, o->metric);
}

static enum exit_status open_clat(struct app *a)
{
	struct daemon *d = (struct daemon *)(void *)a;
	const struct options *o = d->opt;
	enum exit_status status;

	status = trans_open(&d->trans,
			    o->lan.len ? o->lan.addr + 1 : TRANS_DEFAULT4,
			    o->pref64.prefix);
	if (!status)
		status = mtu_of_uplink(d);
	if (status)
		return status;
	fill_siit(d);
	status = add_routes(d);
	return status ? status : trans_start(&d->trans, translate);
}

static void close_clat(struct app *a)
{
	trans_close((struct trans *)(void *)a);
}

static void status(const void *ctx, struct report *r)
{
	const struct daemon *d = ctx;

	app_report(&d->trans.app, r);
	trans_report(&d->trans, r);
	report_net6(r, "pref64", d->siit.pool6.prefix, d->siit.pool6.len);
	report_net6(r, "source", d->opt->source.addr, d->opt->source.len);
}

static const struct control_command commands[] = {
	{ "status", status, NULL },
	{ "counters", trans_counters, NULL },
	{ NULL, NULL, NULL },
};

static void (*const metrics[])(const void *ctx,
			       struct report *r) = { trans_counters, NULL };

static const struct app_hooks hooks = {
	.name = "clat",
	.options = &table,
	.commands = commands,
	.metrics = metrics,
	.check = check,
	.open = open_clat,
	.close = close_clat,
};

int clat_run(int argc, char **argv)
{
	static struct options options = {
		.app = APP_DEFAULTS,
		.tr = TRANS_DEFAULTS,
		.metric = METRIC_DEFAULT,
	};
	static struct daemon daemon = {
		.trans = { .app = { .hooks = &hooks, .opt = &options.app },
			   .opt = &options.tr,
			   .keep_helper = true },
		.opt = &options,
	};

	return app_run(&daemon.trans.app, argc, argv);
}
