/* SPDX-License-Identifier: MIT */
/*
 * addr.c - what an address becomes under a prefix (RFC 6052), and who has which
 * ports by a deterministic mapping (RFC 7422)
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "applet.h"
#include "nat64/determ.h"
#include "parse.h"
#include "plat_options.h"

static int refuse(const char *what, char *value, const char *expected)
{
	options_printable(value);
	fprintf(stderr, "xlat addr: %s '%.64s': expected %s\n", what, value,
		expected);
	return EXIT_USAGE;
}

static void put6(struct addr6 a)
{
	char text[INET6_ADDRSTRLEN];
	uint8_t wire[16];

	addr6_store(wire, a);
	fputs(inet_ntop(AF_INET6, wire, text, sizeof(text)), stdout);
}

static void put4(uint32_t a)
{
	char text[INET_ADDRSTRLEN];
	uint8_t wire[4];

	be_put32(wire, a);
	fputs(inet_ntop(AF_INET, wire, text, sizeof(text)), stdout);
}

static void usage(FILE *to)
{
	fputs("usage: xlat addr PREFIX ADDRESS\n"
	      "       xlat addr OPTION... SUBSCRIBER|ADDRESS:PORT\n\n"
	      "Print the IPv6 address that stands for an IPv4 address under a "
	      "prefix such\nas 64:ff9b::/96, or the IPv4 address that an IPv6 "
	      "address under it holds.\nWith the options of a plat that is "
	      "--deterministic: who has which ports.\n",
	      to);
}

static int embed(char **argv)
{
	struct pref64 prefix;
	struct addr6 a6;
	uint32_t a4;
	const char *expected = parse_pref64(argv[0], &prefix);

	if (expected)
		return refuse("prefix", argv[0], expected);
	if (!parse_addr4(argv[1], &a4)) {
		put6(pref64_embed(prefix, a4));
		puts("");
		return EXIT_OK;
	}
	if (parse_addr6(argv[1], &a6))
		return refuse("address", argv[1], "an IPv4 or an IPv6 address");
	if (!pref64_contains(prefix, a6))
		return refuse("address", argv[1],
			      "an IPv6 address under the prefix");
	put4(pref64_extract(prefix, a6));
	puts("");
	return EXIT_OK;
}

/* A subscriber is named by any address of his, or by his prefix. */
static int print_ports(const struct nat64_config *c, char *text)
{
	struct net6 who;
	struct pool_span ports;
	uint32_t which;

	if (parse_net6(text, &who))
		return refuse("subscriber", text,
			      "an IPv6 address or IPv4:PORT");
	if (who.len < c->subscriber_len ||
	    !determ_find(c, who.addr, &which, &ports))
		return refuse("subscriber", text, "one of --deterministic");
	put4(determ_addr(c, which));
	printf(" %u-%u\n", ports.min, ports.max);
	return EXIT_OK;
}

static int print_owner(const struct nat64_config *c, char *text, uint32_t addr,
		       uint16_t port)
{
	struct net6 who;

	if (!determ_who(c, addr, port, &who))
		return refuse("address", text, "a port that a subscriber has");
	put6(who.addr);
	printf("/%u\n", who.len);
	return EXIT_OK;
}

static int compute(int argc, char **argv)
{
	static struct plat_options o;
	struct option_input in = { .argc = argc - 1, .argv = argv, .dir = -1 };
	char *text = argv[argc - 1];
	struct option_error e;
	struct addr6 end;
	char zone[16];
	uint16_t port = 0;

	plat_options_init(&o);
	if (!options_read(&plat_options_table, &o, &in, &e) ||
	    !plat_options_check(&o, &e)) {
		fprintf(stderr, "xlat addr: %s\n", e.text);
		return EXIT_USAGE;
	}
	if (!o.nat64.inside.len)
		return refuse("options for", text,
			      "--deterministic among them");
	if (!parse_host_port(text, &end, zone, &port) && port && end.hi == 0 &&
	    end.lo >> 32 == 0xffff)
		return print_owner(&o.nat64, text, (uint32_t)end.lo, port);
	return print_ports(&o.nat64, text);
}

int addr_run(int argc, char **argv)
{
	if (argc >= 2 && strncmp(argv[0], "--", 2) == 0)
		return compute(argc, argv);
	if (argc == 2)
		return embed(argv);
	if (argc == 1 && strcmp(argv[0], "--help") == 0) {
		usage(stdout);
		return EXIT_OK;
	}
	usage(stderr);
	return EXIT_USAGE;
}
