/* SPDX-License-Identifier: MIT */
#include "parse.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "list.h"

#define YEAR 31536000u /* 8760 hours */

bool parse_number(const char *text, uint64_t min, uint64_t max, uint64_t *out)
{
	uint64_t n = 0;

	if (!*text)
		return false;
	for (; *text >= '0' && *text <= '9'; text++) {
		if (__builtin_mul_overflow(n, 10u, &n) ||
		    __builtin_add_overflow(n, (uint64_t)(*text - '0'), &n))
			return false;
	}
	*out = n;
	return !*text && n >= min && n <= max;
}

const char *parse_addr4(const char *text, uint32_t *out)
{
	uint8_t wire[4];

	if (inet_pton(AF_INET, text, wire) != 1)
		return "an IPv4 address";
	*out = be_get32(wire);
	return NULL;
}

const char *parse_addr6(const char *text, struct addr6 *out)
{
	uint8_t wire[16];

	if (inet_pton(AF_INET6, text, wire) != 1)
		return "an IPv6 address";
	*out = addr6_load(wire);
	return NULL;
}

/*
 * Cut "ADDRESS/LEN" in two.
 *
 * Return: false if it is too long or the length is no number up to @max,
 *         which it is where none is given
 */
static bool split_length(const char *text, char addr[INET6_ADDRSTRLEN],
			 uint8_t max, uint8_t *len)
{
	const size_t n = strcspn(text, "/");
	uint64_t given = max;

	if (n >= INET6_ADDRSTRLEN)
		return false;
	memcpy(addr, text, n);
	addr[n] = '\0';
	if (text[n] && !parse_number(text + n + 1, 0, max, &given))
		return false;
	*len = (uint8_t)given;
	return true;
}

/* What a network would be that has been given with an address in it. */
static const char *name_network(int family, const void *addr, uint8_t len)
{
	static char text[96];
	char net[INET6_ADDRSTRLEN] = "";

	inet_ntop(family, addr, net, sizeof(net));
	snprintf(text, sizeof(text), "a network, which would be %s/%u", net,
		 len);
	return text;
}

const char *parse_net4(const char *text, struct net4 *out)
{
	char addr[INET6_ADDRSTRLEN];
	uint8_t wire[4];

	if (!split_length(text, addr, 32, &out->len) ||
	    parse_addr4(addr, &out->addr))
		return "an IPv4 network such as 192.0.2.0/24";
	be_put32(wire, addr4_mask(out->addr, out->len));
	return out->addr == be_get32(wire)
		       ? NULL
		       : name_network(AF_INET, wire, out->len);
}

/* An IPv6 address and a length, whatever bits stand behind it. */
static bool read_prefix6(const char *text, struct addr6 *addr, uint8_t *len)
{
	char part[INET6_ADDRSTRLEN];

	return split_length(text, part, 128, len) && !parse_addr6(part, addr);
}

const char *parse_net6(const char *text, struct net6 *out)
{
	uint8_t wire[16];
	struct addr6 net;

	if (!read_prefix6(text, &out->addr, &out->len))
		return "an IPv6 network such as 2001:db8::/32";
	net = addr6_mask(out->addr, out->len);
	addr6_store(wire, net);
	return addr6_equal(out->addr, net)
		       ? NULL
		       : name_network(AF_INET6, wire, out->len);
}

const char *parse_pref64(const char *text, struct pref64 *out)
{
	if (!strchr(text, '/') || !read_prefix6(text, &out->prefix, &out->len))
		return "a prefix such as 64:ff9b::/96";
	if (translate_illegal6(out->prefix))
		return "a prefix of addresses that hosts can have";
	return pref64_check(out->prefix, out->len);
}

const char *parse_name(const char *text, struct msg_name *out)
{
	size_t n;

	*out = (struct msg_name){ 1, { 0 } };
	for (; *text; text += n + (text[n] == '.')) {
		n = strcspn(text, ".");
		if (!msg_name_append(out, text, n))
			return "a domain name such as example.com";
	}
	return out->len == 1 ? "a domain name such as example.com" : NULL;
}

/* The address part of @text up to @n, an interface name behind '%' aside. */
static bool read_host(const char *text, size_t n, struct addr6 *addr,
		      char zone[16])
{
	char host[INET6_ADDRSTRLEN + 16];
	char *percent;
	uint32_t v4;

	if (n >= sizeof(host))
		return false;
	memcpy(host, text, n);
	host[n] = '\0';
	percent = strchr(host, '%');
	if (percent)
		*percent++ = '\0';
	if (percent && (!*percent || strlen(percent) > 15))
		return false;
	snprintf(zone, 16, "%s", percent ? percent : "");
	if (!percent && !parse_addr4(host, &v4)) {
		*addr = (struct addr6){ 0, 0xffff00000000 | v4 };
		return true;
	}
	return !parse_addr6(host, addr);
}

/* Would a reader take the end of a bare IPv6 address for a port, as that of
 * ::1:53? It is one address, but cut there it is another. */
static bool looks_like_port(const char *host)
{
	const char *end = strrchr(host, ':');
	const size_t n = end ? (size_t)(end - host) : 0;
	struct addr6 addr;
	char zone[16];
	uint64_t port;

	return n && strchr(host, ':') != end &&
	       parse_number(end + 1, 1, 65535, &port) &&
	       read_host(host, n, &addr, zone);
}

const char *parse_host_port(const char *text, struct addr6 *addr, char zone[16],
			    uint16_t *port)
{
	static const char expected[] =
		"an address, or one with a port such as [::1]:53 or "
		"127.0.0.1:53";
	const char *host = text;
	const char *behind; /* the host */
	uint64_t n;

	if (*text == '[') {
		host = text + 1;
		behind = strchr(host, ']');
		if (!behind ||
		    !read_host(host, (size_t)(behind - host), addr, zone))
			return expected;
		behind++;
	} else if (looks_like_port(text)) {
		return "brackets, as [::1]:53 or [::1:53]:53: without them it "
		       "could be either";
	} else {
		behind = strchr(text, ':');
		if (!behind || strchr(behind + 1, ':'))
			behind = text + strlen(text);
		if (!read_host(text, (size_t)(behind - text), addr, zone))
			return expected;
	}
	if (!*behind)
		return NULL;
	if (*behind != ':' || !parse_number(behind + 1, 1, 65535, &n))
		return expected;
	*port = (uint16_t)n;
	return NULL;
}

bool parse_duration(const char *text, uint32_t *seconds)
{
	static const char units[] = "smh";
	static const uint32_t factor[] = { 1, 60, 3600 };
	const size_t n = strspn(text, "0123456789");
	const char *unit = text[n] ? strchr(units, text[n]) : units;
	char digits[9] = "";
	uint64_t number;

	if (n >= sizeof(digits) || !unit || (text[n] && text[n + 1]))
		return false;
	memcpy(digits, text, n);
	if (!parse_number(digits, 1, 99999999, &number))
		return false;
	number *= factor[unit - units];
	*seconds = (uint32_t)number;
	return number <= YEAR;
}

int parse_word(const char *text, const char *const *words)
{
	for (int i = 0; words[i]; i++)
		if (strcmp(words[i], text) == 0)
			return i;
	return -1;
}

const char *parse_auto_off(void *field, const char *text)
{
	static const char *const words[] = { "auto", "off", NULL };
	const int n = parse_word(text, words);

	*(bool *)field = n == 1;
	return n < 0 ? "auto or off" : NULL;
}

const char *parse_choice(void *field, const char *text,
			 const char *const *words, const char *expected)
{
	const int n = parse_word(text, words);
	const unsigned int value = (unsigned int)n;

	if (n < 0)
		return expected;
	memcpy(field, &value, sizeof(value)); /* enums differ in type only */
	return NULL;
}

const char *parse_u32(void *field, const char *text, uint32_t min, uint32_t max,
		      const char *expected)
{
	uint64_t n;

	if (!parse_number(text, min, max, &n))
		return expected;
	*(uint32_t *)field = (uint32_t)n;
	return NULL;
}

const char *parse_text(void *field, const char *text)
{
	*(const char **)field = text;
	return *text ? NULL : "something";
}

const char *parse_switch(void *field, const char *text)
{
	(void)text;
	*(bool *)field = true;
	return NULL;
}

const char *parse_tos_row(void *field, const char *text)
{
	uint64_t n;

	if (strcmp(text, "copy") == 0) {
		*(int *)field = TOS_COPY;
		return NULL;
	}
	if (!parse_number(text, 0, 255, &n))
		return "copy, or a number from 0 to 255";
	*(int *)field = (int)n;
	return NULL;
}

const char *parse_addr4_row(void *field, const char *text)
{
	return parse_addr4(text, field);
}

const char *parse_addr6_row(void *field, const char *text)
{
	return parse_addr6(text, field);
}

const char *parse_pref64_row(void *field, const char *text)
{
	return parse_pref64(text, field);
}

const char *parse_net4_list(void *field, const char *text)
{
	struct net4 net;
	const char *expected = parse_net4(text, &net);

	return expected ? expected : list_add(field, &net, sizeof(net));
}

const char *parse_port(void *field, const char *text)
{
	return parse_u32(field, text, 1, 65535, "a port from 1 to 65535");
}

const char *parse_proto(void *field, const char *text)
{
	static const char *const words[] = { "udp", "tcp", "icmp", NULL };
	static const uint8_t protos[] = { IP_UDP, IP_TCP, IP_ICMP };
	const int i = parse_word(text, words);

	if (i < 0)
		return "udp, tcp or icmp";
	*(uint32_t *)field = protos[i];
	return NULL;
}

const char *parse_eam_list(void *field, const char *text)
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
