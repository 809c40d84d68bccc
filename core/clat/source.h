/* SPDX-License-Identifier: MIT */
/*
 * source.h - the /64 of the uplink in which the CLAT makes up its address:
 * RFC 6724's rules for a source address, with the translator's prefix as
 * destination
 *
 * The label table is that of RFC 6724, 2.1, whatever the machine's is.
 */
#ifndef XLAT_CLAT_SOURCE_H
#define XLAT_CLAT_SOURCE_H

#include "siit/pref64.h"

enum source_flag {
	SOURCE_TENTATIVE = 1, /* and not optimistic */
	SOURCE_DADFAILED = 2,
	SOURCE_DEPRECATED = 4, /* or its preferred lifetime is over */
	SOURCE_EXPIRED = 8,    /* valid lifetime over */
};

/**
 * struct source_addr - an address of the uplink
 * @len:	prefix length
 * @flags:	enum source_flag
 */
struct source_addr {
	struct addr6 addr;
	uint8_t len;
	uint8_t flags;
};

/**
 * struct source_net - a /64 that a router says hosts may use
 * @near:	that router announces the translator's prefix as well
 */
struct source_net {
	struct addr6 net;
	bool near;
};

/* Why there is none: the furthest that any address came. */
enum source_why {
	SOURCE_NO_GLOBAL,
	SOURCE_IS_TENTATIVE,
	SOURCE_NO_SLAAC,
	SOURCE_INSIDE_PREF64,
	SOURCE_IS_EXPIRED,
	SOURCE_OK,
};

/**
 * struct source_list - what there is to choose from
 */
struct source_list {
	const struct source_addr *addrs;
	uint32_t addr_count;
	const struct source_net *nets;
	uint32_t net_count;
	struct pref64 pref64;
};

/**
 * struct source - the choice
 * @why:	SOURCE_OK, or why there is none
 * @net:	the /64
 * @deprecated:	all addresses in it are
 */
struct source {
	enum source_why why;
	struct addr6 net;
	bool deprecated;
};

/**
 * source_choose() - choose a /64 (RFC 6724, 5: rules 3, 5.5, 6 and 8)
 * @used:	the one in use, which stays unless it loses by rule 3, 5.5 or
 *		6: a change costs every open flow; zero: none
 */
struct source source_choose(const struct source_list *l, struct addr6 used);

/**
 * source_own() - choose an address of the uplink to be shared with the host
 * @used:	the one in use, which stays while it is as good
 *
 * Return: :: if there is none
 */
struct addr6 source_own(const struct source_list *l, struct addr6 used);

/* Can an address in @net still be used? */
bool source_alive(const struct source_list *l, struct addr6 net);

/* The reason in words, half a sentence. */
const char *source_why_text(enum source_why why);

#endif
