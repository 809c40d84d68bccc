/* SPDX-License-Identifier: MIT */
#include "clat_options.h"

#include <net/if.h>
#include <string.h>

#include "parse.h"

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
	if (strcmp(text, "shared") == 0) {
		source->len = FOLLOW_SHARED;
		return NULL;
	}
	if (parse_net6(text, source) || translate_illegal6(source->addr) ||
	    (source->len != 128 && source->len != CLAT_OWN_PREFIX))
		return "auto, shared, an IPv6 address, or a /96 that is "
		       "routed to this host";
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
	OPTION(struct clat_options, follow.uplink, "uplink", "IF|auto",
	       parse_uplink, 0, "device towards the provider; default: auto"),
	OPTION(struct clat_options, follow.pref64, "pref64", "auto|PREFIX",
	       parse_pref64_auto, OPTION_LIVE,
	       "the provider's translation prefix; default: auto"),
	OPTION(struct clat_options, follow, "discover", "HOW", parse_discover,
	       OPTION_LIVE, "its discovery: ra,dns (default), ra, dns or off"),
	OPTION(struct clat_options, follow.source, "source",
	       "auto|shared|ADDRESS|PREFIX/96", parse_source, OPTION_LIVE,
	       "what we are on the IPv6 side; default: auto"),
	OPTION(struct clat_options, lan, "lan", "CIDR", parse_lan, 0,
	       "IPv4 hosts behind us"),
	OPTION(struct clat_options, follow.force, "when", "auto|force",
	       parse_when, OPTION_LIVE,
	       "yield to native IPv4 (default), or not"),
	OPTION(struct clat_options, follow.metric, "metric", "N", parse_metric,
	       OPTION_LIVE, "of the IPv4 default route; default: 2048 or more"),
	TRANS_TIMEOUT(struct clat_options),
	OPTION(struct clat_options, no_fast, "fast-path", "auto|off",
	       parse_auto_off, 0, "plain packets are translated in the kernel"),
	OPTION(struct clat_options, check_network, "check-network", NULL,
	       parse_switch, OPTION_SWITCH | OPTION_ARGS,
	       "say whether a CLAT is possible, and leave"),
};

static const struct option_group groups[] = {
	OPTION_GROUP("customer's side", rows, 0),
	TRANS_GROUP(offsetof(struct clat_options, tr)),
	APP_GROUP,
};

const struct option_table clat_options_table = {
	.usage = "xlat clat [OPTION]...",
	.about = "Carry IPv4 over an IPv6-only line (464XLAT, RFC 6877).",
	.groups = groups,
	.count = XL_COUNT(groups),
};

bool clat_options_check(const struct clat_options *o, struct option_error *e)
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
	if (f->source.len == FOLLOW_SHARED && (o->tr.no_setup || o->no_fast)) {
		options_expect(e, "source",
			       "no shared address where there is --no-setup or "
			       "--fast-path off");
		return false;
	}
	if (f->pref64.len && f->source.len &&
	    pref64_contains(f->pref64, f->source.addr)) {
		options_expect(e, "source", "an address outside the pref64");
		return false;
	}
	return true;
}

bool clat_options_share(const struct clat_options *o)
{
	return o->lan.len && o->follow.source.len != CLAT_OWN_PREFIX;
}
