/* SPDX-License-Identifier: MIT */
/*
 * siit.c - the stateless translator as a daemon
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "applet.h"
#include "list.h"
#include "parse.h"
#include "trans.h"

#define ROUTES_MAX 1024u /* mappings that get a route each */

/**
 * struct options - configuration
 * @eam:	of struct eam_entry
 * @deny4:	of struct net4
 * @allow4:	of struct net4
 * @error4_set:	--error-source4 was given
 * @error4_on:	there are sources for errors from unmapped IPv6 addresses
 * @error6_on:	the same for IPv4
 * @ext_set:	--error-extension was given
 */
struct options {
	struct app_options app; /* first member */
	struct trans_options tr;
	struct pref64 pool6;
	struct list eam;
	struct list deny4;
	struct list allow4;
	struct net4 error4;
	struct net6 error6;
	bool error4_set;
	bool error4_on;
	bool error6_on;
	bool ext_set;
	enum node_extension ext;
	enum hairpin hairpin;
};

struct daemon {
	struct trans trans; /* first member */
	const struct options *opt;
	struct siit siit;
};

static const char *parse_eam(void *field, const char *text)
{
	const char *comma = strchr(text, ',');
	struct eam_entry e;
	struct net4 v4;
	struct net6 v6;
	char first[32];
	const char *expected;

	if (!comma || (size_t)(comma - text) >= sizeof(first))
		return "an IPv4 and an IPv6 prefix with a comma between them";
	memcpy(first, text, (size_t)(comma - text));
	first[comma - text] = '\0';
	expected = parse_net4(first, &v4);
	if (!expected)
		expected = parse_net6(comma + 1, &v6);
	if (expected)
		return expected;
	if (32u - v4.len > 128u - v6.len)
		return "no more bits behind the IPv4 prefix than behind the "
		       "IPv6 prefix (RFC 7757, 3.2)";
	e = (struct eam_entry){ v6.addr, v4.addr, v4.len, v6.len };
	return list_add(field, &e, sizeof(e));
}

static const char *parse_error_source4(void *field, const char *text)
{
	struct options *o = field;

	o->error4_set = true;
	o->error4_on = strcmp(text, "none") != 0;
	return o->error4_on ? parse_net4(text, &o->error4) : NULL;
}

static const char *parse_error_source6(void *field, const char *text)
{
	struct options *o = field;

	o->error6_on = strcmp(text, "none") != 0;
	return o->error6_on ? parse_net6(text, &o->error6) : NULL;
}

static const char *parse_error_extension(void *field, const char *text)
{
	static const char *const words[] = { "off", "interface", "node-id",
					     NULL };
	struct options *o = field;
	const int n = parse_word(text, words);

	o->ext_set = true;
	o->ext = (enum node_extension)n;
	return n < 0 ? "node-id, interface or off" : NULL;
}

static const char *parse_hairpin(void *field, const char *text)
{
	static const char *const words[] = { "off", "simple", "intrinsic",
					     NULL };

	return parse_choice(field, text, words, "off, simple or intrinsic");
}

static const struct option_row rows[] = {
	OPTION(struct options, pool6, "pool6", "PREFIX", parse_pref64_row, 0,
	       "prefix of the IPv4 Internet (RFC 6052)"),
	OPTION(struct options, eam, "eam", "V4,V6", parse_eam, OPTION_REPEAT,
	       "mapping of prefixes (RFC 7757)"),
	OPTION(struct options, deny4, "denylist4", "CIDR", parse_net4_list,
	       OPTION_REPEAT, "IPv4 that is not translated under pool6"),
	OPTION(struct options, allow4, "allow4", "CIDR", parse_net4_list,
	       OPTION_REPEAT, "special IPv4 that is translated all the same"),
	{ "error-source4", "CIDR|none",
	  "for errors from unmapped IPv6; default: 192.0.0.8",
	  parse_error_source4, 0, 0 },
	{ "error-source6", "PREFIX|none",
	  "for errors from unmapped IPv4; default: none", parse_error_source6,
	  0, 0 },
	{ "error-extension", "HOW",
	  "tell the unmapped source: node-id, interface or off",
	  parse_error_extension, 0, 0 },
	OPTION(struct options, hairpin, "hairpin", "HOW", parse_hairpin, 0,
	       "off, simple or intrinsic (default) (RFC 7757, 4.2)"),
};

static const struct option_group groups[] = {
	OPTION_GROUP("stateless translation", rows, 0),
	TRANS_GROUP(offsetof(struct options, tr)),
	APP_GROUP,
};

static const struct option_table table = {
	.usage = "xlat siit --pool6 PREFIX [OPTION]...",
	.about = "Translate between IPv4 and IPv6 without state (RFC 7915).",
	.groups = groups,
	.count = XL_COUNT(groups),
};

/* The table of mappings, if there are any. */
static bool build_eam(struct eam *e, const struct list *entries,
		      struct option_error *error)
{
	const struct eam_entry *x = entries->items;
	const char *expected = NULL;
	char text[256];
	size_t i = 0;
	void *mem;

	if (!entries->count)
		return true;
	mem = calloc(1, eam_size((uint32_t)entries->count));
	if (!mem)
		expected = "fewer values: out of memory";
	else
		eam_init(e, mem, (uint32_t)entries->count);
	while (i < entries->count && !expected)
		expected = eam_add(e, x[i++]);
	if (!expected)
		return true;
	snprintf(text, sizeof(text), "%s (mapping %zu)", expected, i);
	options_expect(error, "eam", text);
	return false;
}

static bool check(struct app *a, struct option_error *e)
{
	struct daemon *d = (struct daemon *)(void *)a;
	const struct options *o = d->opt;

	if (!build_eam(&d->siit.eam, &o->eam, e))
		return false;
	if (!o->pool6.len && !o->eam.count) {
		options_expect(e, "pool6",
			       "a prefix such as 64:ff9b::/96, or --eam");
		return false;
	}
	if (!o->pool6.len && translate_illegal6(o->tr.self6)) {
		options_expect(e, "self6",
			       "an address for our ICMPv6 errors, since there "
			       "is no pool6 to make one of");
		return false;
	}
	return true;
}

static struct xlat_result translate(void *ctx, struct pkt *p, uint64_t now)
{
	struct daemon *d = ctx;

	(void)now;
	return siit_packet(&d->siit, p);
}

static void fill_siit(struct daemon *d)
{
	const struct options *o = d->opt;
	struct siit *s = &d->siit;

	s->tr = d->trans.tr;
	if (translate_illegal6(s->tr.self6))
		s->tr.self6 = pref64_embed(o->pool6, s->tr.self4);
	s->pool6 = o->pool6;
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

static enum exit_status add_routes(struct daemon *d)
{
	const struct eam_entry *x = d->opt->eam.items;
	const size_t count = d->opt->eam.count;
	enum exit_status status = trans_up(&d->trans);
	struct net4 net;

	if (!status && d->opt->pool6.len)
		status = trans_route6(&d->trans, d->opt->pool6.prefix,
				      d->opt->pool6.len);
	if (count > ROUTES_MAX)
		log_warn("more than %u mappings: no routes for their IPv4 "
			 "prefixes; route what covers them to %s",
			 ROUTES_MAX, d->trans.tun.name);
	for (size_t i = 0; i < count && count <= ROUTES_MAX && !status; i++) {
		net = (struct net4){ x[i].addr4, x[i].len4 };
		status = trans_route4(&d->trans, net, 0);
	}
	return status ? status : trans_forwarding(&d->trans);
}

static enum exit_status open_siit(struct app *a)
{
	struct daemon *d = (struct daemon *)(void *)a;
	enum exit_status status =
		trans_open(&d->trans, TRANS_DEFAULT4, TRANS_DEFAULT6);

	if (status)
		return status;
	fill_siit(d);
	status = add_routes(d);
	return status ? status : trans_start(&d->trans, translate);
}

static void close_siit(struct app *a)
{
	trans_close((struct trans *)(void *)a);
}

static void status(const void *ctx, struct report *r)
{
	const struct daemon *d = ctx;

	app_report(&d->trans.app, r);
	trans_report(&d->trans, r);
	report_number(r, "mappings", 0, d->siit.eam.count);
}

static const struct control_command commands[] = {
	{ "status", status, NULL },
	{ "counters", trans_counters, NULL },
	{ NULL, NULL, NULL },
};

static const struct app_hooks hooks = {
	.name = "siit",
	.options = &table,
	.commands = commands,
	.check = check,
	.open = open_siit,
	.close = close_siit,
};

int siit_run(int argc, char **argv)
{
	static struct options options = {
		.app = APP_DEFAULTS,
		.tr = TRANS_DEFAULTS,
		.error4 = { TRANS_DUMMY4, 32 },
		.error4_on = true,
		.hairpin = HAIRPIN_INTRINSIC,
	};
	static struct daemon daemon = {
		.trans = { .app = { .hooks = &hooks, .opt = &options.app },
			   .opt = &options.tr },
		.opt = &options,
	};

	return app_run(&daemon.trans.app, argc, argv);
}
