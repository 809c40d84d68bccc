/* SPDX-License-Identifier: MIT */
/*
 * addr.c - what an address becomes under a prefix (RFC 6052)
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "applet.h"
#include "parse.h"

static int refuse(const char *what, char *value, const char *expected)
{
	options_printable(value);
	fprintf(stderr, "xlat addr: %s '%.64s': expected %s\n", what, value,
		expected);
	return EXIT_USAGE;
}

static void print6(struct addr6 a)
{
	char text[INET6_ADDRSTRLEN];
	uint8_t wire[16];

	addr6_store(wire, a);
	puts(inet_ntop(AF_INET6, wire, text, sizeof(text)));
}

static void print4(uint32_t a)
{
	char text[INET_ADDRSTRLEN];
	uint8_t wire[4];

	be_put32(wire, a);
	puts(inet_ntop(AF_INET, wire, text, sizeof(text)));
}

int addr_run(int argc, char **argv)
{
	const bool help = argc == 1 && strcmp(argv[0], "--help") == 0;
	struct pref64 prefix;
	struct addr6 a6;
	uint32_t a4;
	const char *expected;

	if (argc != 2) {
		fprintf(help ? stdout : stderr,
			"usage: xlat addr PREFIX ADDRESS\n\n"
			"Print the IPv6 address that stands for an IPv4 "
			"address under a prefix such\n"
			"as 64:ff9b::/96, or the IPv4 address that an IPv6 "
			"address under it holds.\n");
		return help ? EXIT_OK : EXIT_USAGE;
	}
	expected = parse_pref64(argv[0], &prefix);
	if (expected)
		return refuse("prefix", argv[0], expected);
	if (!parse_addr4(argv[1], &a4)) {
		print6(pref64_embed(prefix, a4));
		return EXIT_OK;
	}
	if (parse_addr6(argv[1], &a6))
		return refuse("address", argv[1], "an IPv4 or an IPv6 address");
	if (!pref64_contains(prefix, a6))
		return refuse("address", argv[1],
			      "an IPv6 address under the prefix");
	print4(pref64_extract(prefix, a6));
	return EXIT_OK;
}
