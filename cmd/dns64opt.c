/* SPDX-License-Identifier: MIT */
#include "dns64opt.h"

#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "parse.h"

#define PORT       53u
#define CACHE_MOST (1ull << 30)
#define STALE_MOST (30ull * 86400)
#define MAPPED     0xffff00000000ull /* IPv4 as IPv6 */

static const char *parse_server(void *field, const char *text)
{
	struct dnsio_address a = { .port = PORT };
	char zone[16];
	const char *expected = parse_host_port(text, &a.addr, zone, &a.port);

	if (expected)
		return expected;
	if (zone[0]) {
		a.scope = if_nametoindex(zone);
		if (!a.scope)
			return "behind '%' an interface of this machine";
	}
	return list_add(field, &a, sizeof(a));
}

static const char *parse_source(void *field, const char *text)
{
	struct dnsio_address a = { .port = 0 };
	struct dnsio_address *by_family = field;
	struct dnsio_address *at;
	char zone[16];

	if (parse_host_port(text, &a.addr, zone, &a.port) || a.port ||
	    (zone[0] && !(a.scope = if_nametoindex(zone))))
		return "an address of this machine";
	at = &by_family[a.addr.hi || a.addr.lo >> 32 != 0xffff];
	if (at->addr.hi || at->addr.lo)
		return "one address of each family";
	*at = a;
	return NULL;
}

static const char *parse_device(void *field, const char *text)
{
	const size_t n = strlen(text);

	if (n == 0 || n >= IF_NAMESIZE || strpbrk(text, "/: "))
		return "the name of an interface";
	return parse_text(field, text);
}

static const char *parse_strangers(void *field, const char *text)
{
	static const char *const words[] = { "refuse", "ignore", NULL };
	const int n = parse_word(text, words);

	*(bool *)field = n == 1;
	return n < 0 ? "refuse or ignore" : NULL;
}

static const char *parse_prefix(void *field, const char *text)
{
	struct pref64 p;
	const char *expected = parse_pref64(text, &p);

	return expected ? expected : list_add(field, &p, sizeof(p));
}

/* A network of either family. */
static const char *parse_net(const char *text, struct synth_net6 *out)
{
	struct net4 v4;
	struct net6 v6;
	const char *expected;

	if (strchr(text, ':')) {
		expected = parse_net6(text, &v6);
		if (!expected)
			*out = (struct synth_net6){ v6.addr, v6.len };
		return expected;
	}
	expected = parse_net4(text, &v4);
	if (!expected)
		*out = (struct synth_net6){ { 0, MAPPED | v4.addr },
					    (uint8_t)(96 + v4.len) };
	return expected;
}

/* Cut "NETWORK=WORD" in two; @word is NULL if there is no '='. */
static bool split(const char *text, char net[64], const char **word)
{
	const size_t n = strcspn(text, "=");

	if (n >= 64)
		return false;
	memcpy(net, text, n);
	net[n] = '\0';
	*word = text[n] ? text + n + 1 : NULL;
	return true;
}

/* What stands behind '=': a prefix, or none. */
static const char *parse_to(const char *word, struct pref64 *prefix, bool *none)
{
	if (!word)
		return NULL;
	*none = strcmp(word, "none") == 0;
	return *none ? NULL : parse_pref64(word, prefix);
}

static const char *parse_allow(void *field, const char *text)
{
	struct dns64opt_allow a = { .none = false };
	const char *expected = "a network such as 2001:db8::/32";
	const char *word;
	char net[64];

	if (split(text, net, &word))
		expected = parse_net(net, &a.net);
	if (!expected)
		expected = parse_to(word, &a.prefix, &a.none);
	return expected ? expected : list_add(field, &a, sizeof(a));
}

static const char *parse_map4(void *field, const char *text)
{
	struct synth_map4 m = { .never = false };
	struct net4 v4 = { 0 };
	const char *expected = "an IPv4 network such as 192.0.2.0/24";
	const char *word;
	char net[64];

	if (split(text, net, &word))
		expected = parse_net4(net, &v4);
	if (!expected)
		expected = parse_to(word, &m.prefix, &m.never);
	m.addr = v4.addr;
	m.len = v4.len;
	return expected ? expected : list_add(field, &m, sizeof(m));
}

static const char *parse_exclude6(void *field, const char *text)
{
	struct net6 v6;
	struct synth_net6 net;
	const char *expected = parse_net6(text, &v6);

	net = (struct synth_net6){ v6.addr, v6.len };
	return expected ? expected : list_add(field, &net, sizeof(net));
}

static const char *parse_names(void *field, const char *text)
{
	struct msg_name name;
	const char *expected = parse_name(text, &name);

	return expected ? expected : list_add(field, &name, sizeof(name));
}

static const char *parse_ptr(void *field, const char *text)
{
	static const char *const words[] = { "off", "synthesize", NULL };
	const int n = parse_word(text, words);

	*(bool *)field = n == 1;
	return n < 0 ? "synthesize or off" : NULL;
}

static const char *parse_errors(void *field, const char *text)
{
	static const char *const words[] = { "synthesize", "pass", NULL };
	const int n = parse_word(text, words);

	*(bool *)field = n == 1;
	return n < 0 ? "synthesize or pass" : NULL;
}

/* A number with one letter of @letters, each of which stands for a factor. */
static bool parse_scaled(const char *text, const char *letters,
			 const uint32_t *factors, uint64_t max, uint32_t *out)
{
	char digits[12];
	const size_t n = strspn(text, "0123456789");
	const char *letter = text[n] ? strchr(letters, text[n] | 0x20) : NULL;
	uint64_t v;

	if (n >= sizeof(digits) || (text[n] && (!letter || text[n + 1])))
		return false;
	memcpy(digits, text, n);
	digits[n] = '\0';
	if (!parse_number(digits, 0, UINT32_MAX, &v))
		return false;
	v *= letter ? factors[letter - letters] : 1;
	*out = (uint32_t)v;
	return v <= max;
}

static const char *parse_cache_size(void *field, const char *text)
{
	static const uint32_t factors[] = { 1u << 10, 1u << 20, 1u << 30 };
	uint32_t *size = field;

	return !parse_scaled(text, "kmg", factors, CACHE_MOST, size) ||
			       (*size && *size < CACHE_MIN)
		       ? "0, or bytes from 64k to 1g"
		       : NULL;
}

static const char *parse_stale(void *field, const char *text)
{
	static const uint32_t factors[] = { 1, 60, 3600, 86400 };

	return parse_scaled(text, "smhd", factors, STALE_MOST, field)
		       ? NULL
		       : "a time such as 12h, up to 30d";
}

/* As other servers write it: the bytes in order, two digits each. */
static const char *parse_secret(void *field, const char *text)
{
	uint8_t b[16] = { 0 };
	struct siphash_key key;

	if (strlen(text) != 32 || strspn(text, "0123456789abcdefABCDEF") != 32)
		return "32 hexadecimal digits";
	for (size_t i = 0; i < 32; i++) {
		const int c = text[i] | 0x20;

		b[i / 2] = (uint8_t)(b[i / 2] << 4 |
				     (c > '9' ? c - 'a' + 10 : c - '0'));
	}
	key = (struct siphash_key){ siphash_load(b), siphash_load(b + 8) };
	return list_add(field, &key, sizeof(key));
}

static const char *parse_threads(void *field, const char *text)
{
	uint64_t n;

	if (!parse_number(text, 1, DNSIO_THREADS, &n))
		return "a number from 1 to 16";
	*(uint32_t *)field = (uint32_t)n;
	return NULL;
}

static const char *parse_rate(void *field, const char *text)
{
	uint64_t n;

	if (!parse_number(text, 0, 1000000, &n))
		return "a number up to 1000000";
	*(uint32_t *)field = (uint32_t)n;
	return NULL;
}

static const struct option_row rows[] = {
	OPTION(struct dns64opt, listen, "listen", "ADDR[:PORT]", parse_server,
	       OPTION_REPEAT, "where clients ask; default: 127.0.0.1 and ::1"),
	OPTION(struct dns64opt, forward, "forward", "ADDR[:PORT]", parse_server,
	       OPTION_REPEAT, "server that knows the answers"),
	OPTION(struct dns64opt, source, "source", "ADDR", parse_source,
	       OPTION_REPEAT, "where servers are asked from; one a family"),
	OPTION(struct dns64opt, device, "interface", "NAME", parse_device, 0,
	       "by which they are asked; default: as routes say"),
	OPTION(struct dns64opt, allow, "allow", "CIDR[=PREFIX|=none]",
	       parse_allow, OPTION_REPEAT | OPTION_LIVE,
	       "clients, and their prefix; default: networks we are in"),
	OPTION(struct dns64opt, silent, "strangers", "HOW", parse_strangers,
	       OPTION_LIVE, "who may not ask: refuse (default) or ignore"),
	OPTION(struct dns64opt, rate, "rate-limit", "N", parse_rate,
	       OPTION_LIVE,
	       "answers a second to one question of a network; default: all"),
	OPTION(struct dns64opt, secrets, "cookie-secret", "HEX", parse_secret,
	       OPTION_REPEAT | OPTION_LIVE,
	       "that servers of one address share; default: random"),
	OPTION(struct dns64opt, threads, "threads", "N", parse_threads, 0,
	       "that take questions; default: one a processor"),
	OPTION(struct dns64opt, cache_size, "cache-size", "BYTES",
	       parse_cache_size, 0, "memory for answers; default: 8m"),
	OPTION(struct dns64opt, stale, "serve-stale", "TIME", parse_stale,
	       OPTION_LIVE,
	       "use old data so long while no server answers; default: 0"),
};

static const struct option_row synth_rows[] = {
	OPTION(struct dns64opt, prefixes, "prefix", "PREFIX", parse_prefix,
	       OPTION_REPEAT | OPTION_LIVE,
	       "of the translator; default: 64:ff9b::/96"),
	OPTION(struct dns64opt, map4, "map4", "CIDR[=PREFIX|=none]", parse_map4,
	       OPTION_REPEAT | OPTION_LIVE,
	       "IPv4 that is mapped; the first match counts"),
	OPTION(struct dns64opt, exclude6, "exclude6", "CIDR", parse_exclude6,
	       OPTION_REPEAT | OPTION_LIVE,
	       "IPv6 that is not to be believed; default: ::ffff:0:0/96"),
	OPTION(struct dns64opt, exempt, "exclude-name", "NAME", parse_names,
	       OPTION_REPEAT | OPTION_LIVE,
	       "nothing is made for it, and names below"),
	OPTION(struct dns64opt, ignore, "ignore-aaaa", "NAME", parse_names,
	       OPTION_REPEAT | OPTION_LIVE,
	       "its AAAA count only where there is no A"),
	OPTION(struct dns64opt, v4only, "only-ipv4only-arpa", NULL,
	       parse_switch, OPTION_SWITCH | OPTION_LIVE,
	       "serve that zone (RFC 8880), synthesise nothing else"),
	OPTION(struct dns64opt, pass_errors, "errors", "HOW", parse_errors,
	       OPTION_LIVE,
	       "of the AAAA question: synthesize (default) or pass"),
	OPTION(struct dns64opt, ptr, "ptr", "HOW", parse_ptr, OPTION_LIVE,
	       "names under the prefix: synthesize (default) or off"),
};

static const struct option_group groups[] = {
	OPTION_GROUP("clients and servers", rows, 0),
	OPTION_GROUP("synthesis", synth_rows, 0),
	APP_GROUP,
};

const struct option_table dns64opt_table = {
	.usage = "xlat dns64 --forward ADDR[:PORT] [OPTION]...",
	.about = "Make IPv6 addresses for names that have none (RFC 6147).",
	.groups = groups,
	.count = XL_COUNT(groups),
};

static bool same(const struct dnsio_address *a, const struct dnsio_address *b)
{
	return addr6_equal(a->addr, b->addr) && a->scope == b->scope &&
	       a->port == b->port;
}

/* Is each address there once? */
static bool check_once(const struct list *l, const char *name,
		       struct option_error *e)
{
	const struct dnsio_address *a = l->items;

	for (size_t i = 1; i < l->count; i++)
		for (size_t j = 0; j < i; j++)
			if (same(&a[i], &a[j])) {
				options_expect(e, name, "each address once");
				return false;
			}
	return true;
}

static bool check_forward(const struct dns64opt *o, struct option_error *e)
{
	const struct dnsio_address *a = o->forward.items;

	if (!o->forward.count || o->forward.count > UPSTREAM_SERVERS) {
		options_expect(e, "forward",
			       "1 to 8 servers that know the answers");
		return false;
	}
	for (size_t i = 0; i < o->forward.count; i++) {
		if (a[i].addr.hi || (a[i].addr.lo & UINT32_MAX))
			continue;
		options_expect(e, "forward", "an address that can be asked");
		return false;
	}
	return check_once(&o->forward, "forward", e);
}

bool dns64opt_check(const struct dns64opt *o, struct option_error *e)
{
	if (o->listen.count > DNSIO_LISTENERS) {
		options_expect(e, "listen", "at most 16 addresses");
		return false;
	}
	if (o->secrets.count > QUERY_SECRETS) {
		options_expect(e, "cookie-secret", "at most 3 secrets");
		return false;
	}
	return check_forward(o, e) && check_once(&o->listen, "listen", e);
}

static void swap(struct list *a, struct list *b)
{
	const struct list old = *a;

	*a = *b;
	*b = old;
}

void dns64opt_adopt(struct dns64opt *o, struct dns64opt *fresh)
{
	swap(&o->prefixes, &fresh->prefixes);
	swap(&o->allow, &fresh->allow);
	swap(&o->exclude6, &fresh->exclude6);
	swap(&o->map4, &fresh->map4);
	swap(&o->ignore, &fresh->ignore);
	swap(&o->exempt, &fresh->exempt);
	swap(&o->secrets, &fresh->secrets);
	o->stale = fresh->stale;
	o->rate = fresh->rate;
	o->silent = fresh->silent;
	o->v4only = fresh->v4only;
	o->pass_errors = fresh->pass_errors;
	o->ptr = fresh->ptr;
}

void dns64opt_release(struct dns64opt *o)
{
	free(o->listen.items);
	free(o->forward.items);
	free(o->prefixes.items);
	free(o->allow.items);
	free(o->exclude6.items);
	free(o->map4.items);
	free(o->ignore.items);
	free(o->exempt.items);
	free(o->secrets.items);
}
