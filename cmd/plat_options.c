/* SPDX-License-Identifier: MIT */
#include "plat_options.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nat64/determ.h"
#include "parse.h"

#define STATE_NAME_MAX 250u /* "FILE.new" has to be a name, too */

void plat_options_init(struct plat_options *o)
{
	/* Lifetimes are those of RFC 6146, section 4. */
	static const uint16_t timeouts[NAT64_CLASS_COUNT] = {
		[NAT64_UDP] = 300,       [NAT64_TCP_EST] = 7200,
		[NAT64_TCP_TRANS] = 240, [NAT64_TCP_SYN] = 6,
		[NAT64_ICMP] = 60,       [NAT64_FRAGMENT] = 2,
		[NAT64_TCP_HALF] = 240,
	};

	o->app = (struct app_options)APP_DEFAULTS;
	o->tr = (struct trans_options)TRANS_DEFAULTS;
	o->state_interval = 60;
	o->record = (struct record_options)RECORD_DEFAULTS;
	for (unsigned int i = 0; i < NAT64_CLASS_COUNT; i++)
		o->nat64.timeout[i] = timeouts[i];
	o->nat64.alarm[NAT64_POOL_HIGH] = 90;
	o->nat64.alarm[NAT64_ALARM_INTERVAL] = 20; /* as RFC 8512 */
	o->nat64.max_sessions = 1u << 20;
	o->nat64.subscriber_len = 64;
	o->nat64.hold_down = 120;
	o->nat64.hold_max = 262144;
	o->nat64.shards = 1;
}

/* "ADDR-ADDR" or "CIDR" of up to @n bytes. */
static const char *read_addresses(const char *text, size_t n,
				  struct nat64_range *r)
{
	char part[2 * INET_ADDRSTRLEN];
	const char *expected;
	struct net4 net;
	char *dash;

	if (n >= sizeof(part))
		return "a range of IPv4 addresses";
	memcpy(part, text, n);
	part[n] = '\0';
	dash = strchr(part, '-');
	if (!dash) {
		expected = parse_net4(part, &net);
		if (expected)
			return strchr(part, '/')
				       ? expected
				       : "a range such as 192.0.2.0/28 or "
					 "192.0.2.8-192.0.2.11";
		r->first = net.addr;
		r->last = net.addr | ~addr4_mask(~0u, net.len);
		return NULL;
	}
	*dash = '\0';
	if (parse_addr4(part, &r->first) || parse_addr4(dash + 1, &r->last) ||
	    r->first > r->last)
		return "a range such as 192.0.2.8-192.0.2.11";
	return NULL;
}

static const char *read_ports(const char *text, struct nat64_range *r)
{
	const char *dash = strchr(text, '-');
	char first[8] = "";
	uint64_t min;
	uint64_t max;

	if (dash && (size_t)(dash - text) < sizeof(first))
		memcpy(first, text, (size_t)(dash - text));
	if (!dash || !parse_number(first, 1, 65535, &min) ||
	    !parse_number(dash + 1, min, 65535, &max))
		return "ports such as 1024-65535 behind the colon";
	r->port_min = (uint16_t)min;
	r->port_max = (uint16_t)max;
	return NULL;
}

static bool overlaps(const struct nat64_config *c, const struct nat64_range *r)
{
	for (uint32_t i = 0; i < c->pool4_count; i++)
		if (r->first <= c->pool4[i].last &&
		    c->pool4[i].first <= r->last)
			return true;
	return false;
}

static const char *parse_pool4(void *field, const char *text)
{
	struct nat64_config *c = field;
	const size_t n = strcspn(text, ":");
	struct nat64_range r = { .port_min = 1, .port_max = 65535 };
	const char *expected = read_addresses(text, n, &r);

	if (!expected && text[n])
		expected = read_ports(text + n + 1, &r);
	if (!expected &&
	    (translate_illegal4(r.first) || translate_illegal4(r.last)))
		expected = "addresses that a host can have";
	if (!expected && c->pool4_count == NAT64_RANGE_MAX)
		expected = "at most 64 ranges";
	if (!expected && overlaps(c, &r))
		expected = "addresses that no other pool4 has";
	if (expected)
		return expected;
	c->pool4[c->pool4_count++] = r;
	return NULL;
}

static const char *parse_net6_list(void *field, const char *text)
{
	struct net6 net;
	const char *expected = parse_net6(text, &net);

	return expected ? expected : list_add(field, &net, sizeof(net));
}

static const char *parse_filtering(void *field, const char *text)
{
	static const char *const words[] = { "endpoint-independent",
					     "address-dependent", NULL };

	static const char tcp[] = "tcp=";
	const bool for_tcp = !strncmp(text, tcp, sizeof(tcp) - 1);
	struct nat64_config *c = field;
	const int how =
		parse_word(text + (for_tcp ? sizeof(tcp) - 1 : 0), words);

	if (how < 0)
		return "endpoint-independent or address-dependent, or one of "
		       "them behind tcp=";
	c->filtering_tcp = (enum nat64_filtering)how;
	if (!for_tcp)
		c->filtering = c->filtering_tcp;
	return NULL;
}

static const char *parse_no_refresh(void *field, const char *text)
{
	/* In the order of enum nat64_outside. */
	static const char *const words[] = { "neither", "ipv4", "ipv6", NULL };

	return parse_choice(field, text, words, "ipv4, ipv6 or neither");
}

/* "[2001:db8::1]:80" or "192.0.2.1:80" of up to @n bytes. */
static bool read_end(const char *text, size_t n, struct addr6 *addr,
		     uint16_t *port)
{
	char part[INET6_ADDRSTRLEN + sizeof("[]:65535")];
	char zone[16];

	if (n >= sizeof(part))
		return false;
	memcpy(part, text, n);
	part[n] = '\0';
	*port = 0;
	return !parse_host_port(part, addr, zone, port) && !*zone && *port;
}

static bool is_mapped4(struct addr6 a)
{
	return a.hi == 0 && a.lo >> 32 == 0xffff;
}

static uint8_t read_proto(const char *text, size_t n)
{
	static const struct {
		const char *name;
		uint8_t proto;
	} known[] = { { "tcp", IP_TCP },
		      { "udp", IP_UDP },
		      { "icmp", IP_ICMP } };

	for (size_t i = 0; i < XL_COUNT(known); i++)
		if (strlen(known[i].name) == n &&
		    memcmp(known[i].name, text, n) == 0)
			return known[i].proto;
	return 0;
}

static const char *parse_static(void *field, const char *text)
{
	static const char expected[] = "tcp, udp or icmp and two ends, such as "
				       "tcp,[2001:db8::80]:8080,192.0.2.1:80";
	const size_t proto = strcspn(text, ",");
	const char *inside = text + proto + (text[proto] == ',');
	const size_t n = strcspn(inside, ",");
	const char *outside = inside + n + (inside[n] == ',');
	struct nat64_static s = { .proto = read_proto(text, proto) };
	struct addr6 pool;

	if (!s.proto || !read_end(inside, n, &s.client, &s.client_port) ||
	    !read_end(outside, strlen(outside), &pool, &s.pool_port) ||
	    is_mapped4(s.client) || !is_mapped4(pool))
		return expected;
	s.pool = (uint32_t)pool.lo;
	return list_add(field, &s, sizeof(s));
}

static const char *parse_timeout(void *field, const char *text)
{
	/* The floors of RFC 6146, section 4. */
	static const struct {
		const char *name;
		enum nat64_class class;
		uint32_t min;
		const char *expected;
	} classes[] = {
		{ "udp", NAT64_UDP, 120,
		  "udp=120s to 8760h (RFC 4787, REQ-5)" },
		{ "tcp-established", NAT64_TCP_EST, 7200,
		  "tcp-established=2h to 8760h (RFC 5382, REQ-5)" },
		{ "tcp-transitory", NAT64_TCP_TRANS, 240,
		  "tcp-transitory=4m to 8760h (RFC 5382, REQ-5)" },
		{ "tcp-half-open", NAT64_TCP_HALF, 6,
		  "tcp-half-open=6s to 8760h" },
		{ "tcp-syn", NAT64_TCP_SYN, 6,
		  "tcp-syn=6s to 8760h (RFC 5382, REQ-4)" },
		{ "icmp", NAT64_ICMP, 60,
		  "icmp=60s to 8760h (RFC 5508, REQ-2)" },
		{ "fragment", NAT64_FRAGMENT, 2,
		  "fragment=2s to 8760h (RFC 6146, 3.4)" },
	};
	uint32_t *timeout = field;
	const char *value = strchr(text, '=');
	uint32_t seconds;

	for (size_t i = 0; value && i < XL_COUNT(classes); i++) {
		if (strlen(classes[i].name) != (size_t)(value - text) ||
		    strncmp(classes[i].name, text, (size_t)(value - text)))
			continue;
		if (!parse_duration(value + 1, &seconds) ||
		    seconds < classes[i].min)
			return classes[i].expected;
		timeout[classes[i].class] = seconds;
		return NULL;
	}
	return "CLASS=DURATION; classes are udp, tcp-established, "
	       "tcp-transitory, tcp-half-open, tcp-syn, icmp, fragment";
}

static const char *parse_alarm(void *field, const char *text)
{
	/* In the order of enum nat64_alarm. */
	static const struct {
		const char *name;
		uint32_t max;
	} alarms[NAT64_ALARMS] = {
		{ "pool-high=", 100 },
		{ "pool-low=", 99 },
		{ "bindings=", NAT64_SESSIONS_MAX },
		{ "subscriber=", NAT64_SESSIONS_MAX },
		{ "interval=", 86400 },
	};
	uint32_t *alarm = field;
	uint64_t value;

	for (size_t i = 0; i < NAT64_ALARMS; i++) {
		const size_t n = strlen(alarms[i].name);

		if (strncmp(text, alarms[i].name, n) ||
		    !parse_number(text + n, 0, alarms[i].max, &value))
			continue;
		alarm[i] = (uint32_t)value;
		return NULL;
	}
	return "pool-high=PERCENT, pool-low=PERCENT, bindings=NUMBER, "
	       "subscriber=NUMBER or interval=SECONDS";
}

static const char *parse_max_sessions(void *field, const char *text)
{
	return parse_u32(field, text, 1, NAT64_SESSIONS_MAX,
			 "a number from 1 to 16777214");
}

static const char *parse_port_block(void *field, const char *text)
{
	static const char expected[] = "a power of two from 64 to 8192";
	uint32_t *size = field;

	if (parse_u32(field, text, NAT64_BLOCK_MIN, NAT64_BLOCK_MAX, expected))
		return expected;
	return *size & (*size - 1) ? expected : NULL;
}

static const char *parse_max_blocks(void *field, const char *text)
{
	return parse_u32(field, text, 1, 1024, "a number from 1 to 1024");
}

static const char *parse_hold_down(void *field, const char *text)
{
	*(uint32_t *)field = 0;
	return strcmp(text, "0") == 0 || parse_duration(text, field)
		       ? NULL
		       : "0, or " DURATION_EXPECTED;
}

static const char *parse_hold_max(void *field, const char *text)
{
	return parse_u32(field, text, 1, NAT64_HOLD_MAX,
			 "a number from 1 to 16777216");
}

static const char *parse_threads(void *field, const char *text)
{
	return parse_u32(field, text, 1, CREW_MAX, "a number from 1 to 16");
}

static const char *parse_parity(void *field, const char *text)
{
	static const char *const words[] = { "keep", "ignore", NULL };
	const int n = parse_word(text, words);

	*(bool *)field = n == 1;
	return n < 0 ? "keep or ignore" : NULL;
}

static const char *parse_inside(void *field, const char *text)
{
	const struct net6 *net = field;
	const char *expected = parse_net6(text, field);

	return expected || net->len ? expected
				    : "an IPv6 network such as 2001:db8::/32";
}

static const char *parse_dynamic(void *field, const char *text)
{
	return parse_u32(field, text, 1, 65535, "a number from 1 to 65535");
}

static const char *parse_rate(void *field, const char *text)
{
	return parse_u32(field, text, 1, NAT64_RATE_MAX,
			 "a number from 1 to 1000000");
}

static const char *parse_state(void *field, const char *text)
{
	const char *name = strrchr(text, '/');

	*(const char **)field = text;
	return text[0] != '/' || !name[1] || strlen(name) > STATE_NAME_MAX
		       ? "a full path of a file"
		       : NULL;
}

static const char *parse_interval(void *field, const char *text)
{
	return parse_duration(text, field) ? NULL : DURATION_EXPECTED;
}

static const char *parse_subscriber_len(void *field, const char *text)
{
	uint64_t n;

	if (!parse_number(text, 1, 128, &n))
		return "a prefix length from 1 to 128";
	*(uint8_t *)field = (uint8_t)n;
	return NULL;
}

static const struct option_row rows[] = {
	OPTION(struct plat_options, nat64.pool6, "pool6", "PREFIX",
	       parse_pref64_row, 0, "translation prefix (RFC 6052)"),
	OPTION(struct plat_options, nat64, "pool4", "RANGE[:PORT-PORT]",
	       parse_pool4, OPTION_REPEAT | OPTION_LIVE,
	       "public IPv4: CIDR or ADDRESS-ADDRESS"),
	OPTION(struct plat_options, statics, "static", "PROTO,V6,V4",
	       parse_static, OPTION_REPEAT | OPTION_LIVE,
	       "port forwarding: tcp,[2001:db8::80]:8080,192.0.2.1:80"),
	OPTION(struct plat_options, allow6, "allow6", "CIDR", parse_net6_list,
	       OPTION_REPEAT | OPTION_LIVE,
	       "sources that are served; default: all"),
	OPTION(struct plat_options, allow4, "allow4", "CIDR", parse_net4_list,
	       OPTION_REPEAT | OPTION_LIVE,
	       "special IPv4 that may be reached all the same"),
	OPTION(struct plat_options, deny4, "denylist4", "CIDR", parse_net4_list,
	       OPTION_REPEAT | OPTION_LIVE, "IPv4 that nobody may reach"),
	OPTION(struct plat_options, nat64, "filtering", "[tcp=]HOW",
	       parse_filtering, OPTION_REPEAT | OPTION_LIVE,
	       "endpoint-independent (default) or address-dependent"),
	OPTION(struct plat_options, nat64.no_ping, "no-ping", NULL,
	       parse_switch, OPTION_SWITCH | OPTION_LIVE,
	       "carry no ICMP queries"),
	OPTION(struct plat_options, nat64.timeout, "timeout", "CLASS=TIME",
	       parse_timeout, OPTION_REPEAT | OPTION_LIVE,
	       "lifetime of sessions: 300s, 5m, 2h"),
	OPTION(struct plat_options, nat64.outside, "no-refresh", "SIDE",
	       parse_no_refresh, OPTION_LIVE,
	       "ipv4, ipv6: its packets keep no session alive"),
	OPTION(struct plat_options, nat64.max_sessions, "max-sessions", "N",
	       parse_max_sessions, OPTION_LIVE,
	       "size of the table; default: 1048576"),
	OPTION(struct plat_options, nat64.subscriber_len, "subscriber-prefix",
	       "LEN", parse_subscriber_len, OPTION_LIVE,
	       "what of IPv6 is one subscriber; default: 64"),
	OPTION(struct plat_options, nat64.max_subscribers, "max-subscribers",
	       "N", parse_max_sessions, OPTION_LIVE, "default: no limit"),
	OPTION(struct plat_options, nat64.max_per_subscriber,
	       "max-sessions-per-subscriber", "N", parse_max_sessions,
	       OPTION_LIVE, "default: no limit"),
	OPTION(struct plat_options, nat64.max_bindings,
	       "max-bindings-per-subscriber", "N", parse_max_sessions,
	       OPTION_LIVE, "default: no limit"),
	OPTION(struct plat_options, nat64.max_rate, "max-rate-per-subscriber",
	       "N", parse_rate, OPTION_LIVE,
	       "new sessions a second; default: no limit"),
	OPTION(struct plat_options, nat64.max_per_binding,
	       "max-sessions-per-binding", "N", parse_max_sessions, OPTION_LIVE,
	       "default: no limit"),
	OPTION(struct plat_options, nat64.port_block, "port-block", "SIZE",
	       parse_port_block, OPTION_LIVE,
	       "subscribers get blocks of so many ports"),
	OPTION(struct plat_options, nat64.max_blocks,
	       "max-blocks-per-subscriber", "N", parse_max_blocks, OPTION_LIVE,
	       "default: no limit"),
	OPTION(struct plat_options, nat64.inside, "deterministic", "CIDR",
	       parse_inside, OPTION_LIVE,
	       "computed ports for these (RFC 7422)"),
	OPTION(struct plat_options, nat64.dynamic, "dynamic-factor", "N",
	       parse_dynamic, OPTION_LIVE, "parts of the ports for blocks"),
	OPTION(struct plat_options, nat64.hold_down, "hold-down", "TIME",
	       parse_hold_down, OPTION_LIVE,
	       "before a port is used again; default: 120s"),
	OPTION(struct plat_options, nat64.hold_max, "hold-down-max", "N",
	       parse_hold_max, OPTION_LIVE, "such ports; default: 262144"),
	OPTION(struct plat_options, nat64.any_parity, "port-parity",
	       "keep|ignore", parse_parity, OPTION_LIVE,
	       "of UDP ports; default: keep"),
	OPTION(struct plat_options, nat64.alarm, "alarm", "WHAT=N", parse_alarm,
	       OPTION_REPEAT | OPTION_LIVE,
	       "when to warn; default: pool-high=90"),
	OPTION(struct plat_options, no_fast, "fast-path", "auto|off",
	       parse_auto_off, 0, "busy sessions are translated in the kernel"),
	OPTION(struct plat_options, nat64.shards, "threads", "N", parse_threads,
	       0, "that share the work; default: 1"),
	OPTION(struct plat_options, state, "state", "FILE", parse_state, 0,
	       "keep sessions over a restart in it"),
	OPTION(struct plat_options, state_interval, "state-interval", "TIME",
	       parse_interval, 0, "how often it is written; default: 60s"),
};

static const struct option_group groups[] = {
	OPTION_GROUP("stateful NAT64", rows, 0),
	RECORD_GROUP(offsetof(struct plat_options, record)),
	TRANS_GROUP(offsetof(struct plat_options, tr)),
	APP_GROUP,
};

const struct option_table plat_options_table = {
	.usage = "xlat plat --pool6 PREFIX --pool4 RANGE [OPTION]...",
	.about = "Give IPv6-only hosts the IPv4 Internet (NAT64, RFC 6146).",
	.groups = groups,
	.count = XL_COUNT(groups),
};

/* What is wrong with options that are good each by itself. */
static void tell_whole(const struct nat64_config *c, const char *expected,
		       struct option_error *e)
{
	const uint64_t addrs = pool_size(c->pool4, c->pool4_count);
	const bool deterministic = determ_check(c);
	char text[192];

	if (deterministic && c->inside.len)
		snprintf(text, sizeof(text),
			 "%s; subscribers: 2^%d (/%u of /%u), addresses: %u",
			 expected, c->subscriber_len - c->inside.len,
			 c->subscriber_len, c->inside.len, (uint32_t)addrs);
	else
		snprintf(text, sizeof(text), "%s", expected);
	options_expect(e,
		       addrs > NAT64_POOL_MAX ? "pool4"
		       : !deterministic
			       ? c->port_block ? "port-block" : "threads"
		       : c->inside.len ? "deterministic"
				       : "dynamic-factor",
		       text);
}

bool plat_options_check(struct plat_options *o, struct option_error *e)
{
	struct nat64_config *c = &o->nat64;
	const char *expected;

	o->tr.fragment = c->timeout[NAT64_FRAGMENT];
	c->allow6 = o->allow6.items;
	c->allow6_count = (uint32_t)o->allow6.count;
	c->deny4 = o->deny4.items;
	c->deny4_count = (uint32_t)o->deny4.count;
	c->statics = o->statics.items;
	c->static_count = (uint32_t)o->statics.count;
	if (!c->pool6.len) {
		options_expect(e, "pool6", "a prefix such as 64:ff9b::/96");
		return false;
	}
	if (!c->pool4_count) {
		options_expect(e, "pool4", "addresses such as 192.0.2.0/28");
		return false;
	}
	/* All else has been checked value by value. */
	expected = nat64_config_check(c);
	if (expected) {
		tell_whole(c, expected, e);
		return false;
	}
	if (c->max_blocks && !c->port_block) {
		options_expect(e, "max-blocks-per-subscriber",
			       "port-block as well");
		return false;
	}
	expected = nat64_static_check(c);
	if (expected)
		options_expect(e, "static", expected);
	return !expected;
}

void plat_options_adopt(struct plat_options *o, struct plat_options *fresh)
{
	const struct plat_options old = *o;

	*o = *fresh;
	/* What the device, its routes and files were opened for stays. */
	o->app = old.app;
	o->tr = old.tr;
	o->no_fast = old.no_fast;
	o->state = old.state;
	o->state_interval = old.state_interval;
	o->record = old.record;
	record_options_adopt(&o->record, &fresh->record);
	o->nat64.pool6 = old.nat64.pool6;
	memcpy(o->nat64.key, old.nat64.key, sizeof(o->nat64.key));
	trans_options_adopt(&o->tr, &fresh->tr);
	*fresh = old;
}

void plat_options_release(struct plat_options *o)
{
	free(o->allow4.items);
	free(o->deny4.items);
	free(o->allow6.items);
	free(o->statics.items);
}
