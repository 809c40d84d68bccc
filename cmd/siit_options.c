/* SPDX-License-Identifier: MIT */
#include "siit_options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "pages.h"
#include "parse.h"

#define AHEAD 8u /* mappings that wait for memory together */

static const char *parse_error_source4(void *field, const char *text)
{
	struct siit_options *o = field;

	o->error4_set = true;
	o->error4_on = strcmp(text, "none") != 0;
	return o->error4_on ? parse_net4(text, &o->error4) : NULL;
}

static const char *parse_error_source6(void *field, const char *text)
{
	struct siit_options *o = field;

	o->error6_on = strcmp(text, "none") != 0;
	return o->error6_on ? parse_net6(text, &o->error6) : NULL;
}

static const char *parse_error_extension(void *field, const char *text)
{
	static const char *const words[] = { "off", "interface", "node-id",
					     NULL };
	struct siit_options *o = field;
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
	OPTION(struct siit_options, pool6, "pool6", "PREFIX", parse_pref64_row,
	       0, "prefix of the IPv4 Internet (RFC 6052)"),
	OPTION(struct siit_options, eam, "eam", "V4,V6", parse_eam_list,
	       OPTION_REPEAT | OPTION_LIVE, "mapping of prefixes (RFC 7757)"),
	OPTION(struct siit_options, deny4, "denylist4", "CIDR", parse_net4_list,
	       OPTION_REPEAT | OPTION_LIVE,
	       "IPv4 that is not translated under pool6"),
	OPTION(struct siit_options, allow4, "allow4", "CIDR", parse_net4_list,
	       OPTION_REPEAT | OPTION_LIVE,
	       "special IPv4 that is translated all the same"),
	{ "error-source4", "CIDR|none",
	  "for errors from unmapped IPv6; default: 192.0.0.8",
	  parse_error_source4, 0, OPTION_LIVE },
	{ "error-source6", "PREFIX|none",
	  "for errors from unmapped IPv4; default: none", parse_error_source6,
	  0, OPTION_LIVE },
	{ "error-extension", "HOW",
	  "tell the unmapped source: node-id, interface or off",
	  parse_error_extension, 0, OPTION_LIVE },
	OPTION(struct siit_options, hairpin, "hairpin", "HOW", parse_hairpin,
	       OPTION_LIVE,
	       "off, simple or intrinsic (default) (RFC 7757, 4.2)"),
	TRANS_TIMEOUT(struct siit_options),
	TRANS_TIMEOUT(struct siit_options),
};

static const struct option_group groups[] = {
	OPTION_GROUP("stateless translation", rows, 0),
	TRANS_GROUP(offsetof(struct siit_options, tr)),
	APP_GROUP,
};

const struct option_table siit_options_table = {
	.usage = "xlat siit --pool6 PREFIX [OPTION]...",
	.about = "Translate between IPv4 and IPv6 without state (RFC 7915).",
	.groups = groups,
	.count = XL_COUNT(groups),
};

/* The table of mappings, if there are any. */
static bool build_eam(struct siit_options *o, struct option_error *error)
{
	const struct list *entries = &o->eam;
	const struct eam_entry *x = entries->items;
	const char *expected = NULL;
	char text[256];
	size_t i = 0;

	if (!entries->count)
		return true;
	o->mappings_mem = pages_take(eam_size((uint32_t)entries->count), true);
	if (!o->mappings_mem)
		expected = "fewer values: out of memory";
	else
		eam_init(&o->mappings, o->mappings_mem,
			 (uint32_t)entries->count);
	while (i < entries->count && !expected) {
		if (entries->count - i > AHEAD)
			eam_ahead_add(&o->mappings, &x[i + AHEAD]);
		expected = eam_add(&o->mappings, x[i++]);
	}
	if (!expected)
		return true;
	snprintf(text, sizeof(text), "%s (mapping %zu)", expected, i);
	options_expect(error, "eam", text);
	return false;
}

bool siit_options_check(struct siit_options *o, struct option_error *e)
{
	if (!build_eam(o, e))
		return false;
	if (!o->pool6.len && !o->mappings.count) {
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

void siit_options_adopt(struct siit_options *o, struct siit_options *fresh)
{
	const struct siit_options old = *o;

	*o = *fresh;
	/* What the device and its routes were made for stays. */
	o->app = old.app;
	o->pool6 = old.pool6;
	o->tr = old.tr;
	trans_options_adopt(&o->tr, &fresh->tr);
	*fresh = old;
}

void siit_options_release(struct siit_options *o)
{
	free(o->eam.items);
	free(o->deny4.items);
	free(o->allow4.items);
	if (o->mappings_mem)
		munmap(o->mappings_mem, eam_size(o->mappings.capacity));
}
