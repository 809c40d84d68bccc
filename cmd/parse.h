/* SPDX-License-Identifier: MIT */
/*
 * parse.h - values of options: text to numbers, addresses, networks
 *
 * Every function returns NULL, or what was expected, as option_parse does; on
 * failure the result is unspecified. The whole text has to be the value.
 */
#ifndef XLAT_CMD_PARSE_H
#define XLAT_CMD_PARSE_H

#include "dns/msg.h"
#include "options.h"
#include "siit/eam.h"
#include "siit/pref64.h"
#include "siit/translate.h"

/**
 * parse_number() - an unsigned decimal number
 * @min:	smallest value
 * @max:	largest value
 *
 * Return: false if it is no such number
 */
XL_MUST_USE bool parse_number(const char *text, uint64_t min, uint64_t max,
			      uint64_t *out);

/**
 * parse_duration() - "90", "90s", "5m" or "2h", in seconds; not 0, and a year
 * at most
 *
 * Return: false if it is no such time
 */
#define DURATION_EXPECTED "a time such as 60s or 5m, up to 8760h"
XL_MUST_USE bool parse_duration(const char *text, uint32_t *seconds);

/* Addresses, in host order. */
XL_MUST_USE const char *parse_addr4(const char *text, uint32_t *out);
XL_MUST_USE const char *parse_addr6(const char *text, struct addr6 *out);

/**
 * parse_net4() - "192.0.2.0/24"; a lone address is a /32
 * parse_net6() - the same for IPv6; a lone address is a /128
 *
 * Bits behind the length have to be zero; what would be right is said.
 */
XL_MUST_USE const char *parse_net4(const char *text, struct net4 *out);
XL_MUST_USE const char *parse_net6(const char *text, struct net6 *out);

/* A translation prefix (RFC 6052, 2.2). */
XL_MUST_USE const char *parse_pref64(const char *text, struct pref64 *out);

/* A domain name, with or without the last dot; not the root. */
XL_MUST_USE const char *parse_name(const char *text, struct msg_name *out);

/**
 * parse_host_port() - "192.0.2.1", "192.0.2.1:53", "2001:db8::1" or
 * "[2001:db8::1]:53"
 * @addr:	set; IPv4 as ::ffff:0:0/96; "::1:53" is refused, since it looks
 *		like one with a port
 * @zone:	set to what follows '%' in it, or ""; at least 16 bytes
 * @port:	set if there is one
 */
XL_MUST_USE const char *parse_host_port(const char *text, struct addr6 *addr,
					char zone[16], uint16_t *port);

/**
 * parse_word() - one of several words
 * @words:	ended by NULL
 *
 * Return: its index, or -1
 */
XL_MUST_USE int parse_word(const char *text, const char *const *words);

/* parse_auto_off() - for a row: "auto" or "off", which makes a bool true */
XL_MUST_USE const char *parse_auto_off(void *field, const char *text);

/**
 * parse_choice() - one of several words into an enumeration
 * @field:	an enum; set to the word's index
 * @words:	ended by NULL
 * @expected:	what to return where it is none of them
 */
XL_MUST_USE const char *parse_choice(void *field, const char *text,
				     const char *const *words,
				     const char *expected);

/**
 * parse_u32() - a number into a uint32_t
 * @expected:	what to return where it is not between @min and @max
 */
XL_MUST_USE const char *parse_u32(void *field, const char *text, uint32_t min,
				  uint32_t max, const char *expected);

/*
 * Parsers for rows of option tables; the field's type stands beside each.
 */
option_parse parse_text;       /* const char *; not empty */
option_parse parse_switch;     /* bool; becomes true */
option_parse parse_tos_row;    /* int; "copy" is TOS_COPY */
option_parse parse_addr4_row;  /* uint32_t */
option_parse parse_addr6_row;  /* struct addr6 */
option_parse parse_pref64_row; /* struct pref64 */
option_parse parse_port;       /* uint32_t */
option_parse parse_proto;      /* uint32_t; udp, tcp or icmp: IP_UDP, ... */
option_parse parse_net4_list;  /* struct list of struct net4 */
option_parse parse_eam_list;   /* the same of struct eam_entry; V4,V6 */

#endif
