/* SPDX-License-Identifier: MIT */
/*
 * eam.h - the explicit address mapping table, RFC 7757
 *
 * Longest prefix match in both families over caller-supplied memory: for
 * each family a hash table of prefixes, which is asked for one length after
 * the other, longest first. A large table is in no cache, so that it is the
 * places looked at which cost time: an entry stands where its hash says, so
 * that as a rule it is the first one looked at, and once for each family. What
 * keeps a table of many lengths fast are the hints: for each eight lengths, and
 * what an address has before them, one octet that tells which of the eight are
 * worth asking for.
 */
#ifndef XLAT_SIIT_EAM_H
#define XLAT_SIIT_EAM_H

#include "wire/ip.h"

/**
 * struct eam_entry - IPv4 prefix <-> IPv6 prefix
 */
struct eam_entry {
	struct addr6 addr6;
	uint32_t addr4;
	uint8_t len4;
	uint8_t len6;
};

/* A place for an entry in an index; all zero: it is free. */
struct eam_slot {
	struct addr6 addr6;
	uint32_t addr4;
	uint8_t len4;
	uint8_t len6;
	bool used;
};

/**
 * struct eam_index - entries by their prefixes of one family
 * @slots:	hash table with open addressing
 * @hints:	by hash of what a group's prefixes have in common, a bit for
 *		each length of the group that is in use with that
 * @groups:	bit n: lengths 8n - 7 to 8n are in use, some of them; bit 0: 0
 * @lens:	of each group, which
 */
struct eam_index {
	struct eam_slot *slots;
	uint8_t *hints;
	uint32_t groups;
	uint8_t lens[17];
};

/**
 * struct eam - the table; all zero is an empty one
 * @slots:	slots, and hints, of an index
 */
struct eam {
	uint32_t count;
	uint32_t capacity;
	uint32_t slots;
	struct eam_index by4;
	struct eam_index by6;
};

/**
 * eam_size() - bytes of memory that eam_init() needs
 * @capacity:	most entries the table is to hold
 */
size_t eam_size(uint32_t capacity);

/**
 * eam_init() - make an empty table
 * @mem:	eam_size(@capacity) bytes, zeroed, aligned for uint64_t
 */
void eam_init(struct eam *e, void *mem, uint32_t capacity);

/**
 * eam_add() - add an entry (RFC 7757, 3.2)
 *
 * Return: NULL, or what was expected, for an error message: no more IPv4
 *         suffix bits than IPv6 suffix bits, no bits behind the lengths, no
 *         prefix twice, not full
 */
XL_MUST_USE const char *eam_add(struct eam *e, struct eam_entry entry);

/**
 * eam_ahead_add() - an entry will be added soon: have the memory that it takes
 * in the processor's cache
 * @x:		lengths of at most 32 and 128
 */
void eam_ahead_add(const struct eam *e, const struct eam_entry *x);

/**
 * eam_next() - the entries one after the other, in no order
 * @at:		0 at first; where to go on
 *
 * Return: false if there are no more
 */
XL_MUST_USE bool eam_next(const struct eam *e, uint32_t *at,
			  struct eam_entry *out);

/**
 * eam_4to6() - translate an address by the longest match (RFC 7757, 3.3.1)
 * eam_6to4() - the other way (3.3.2)
 *
 * Return: false where no entry matches
 */
XL_MUST_USE bool eam_4to6(const struct eam *e, uint32_t a, struct addr6 *out);
XL_MUST_USE XL_APART bool eam_6to4(const struct eam *e, struct addr6 a,
				   uint32_t *out);

/**
 * eam_ahead_hints() - addresses will be looked up soon: have the hints about
 * them in the processor's cache
 * eam_ahead_slots() - then the slots that the hints lead to
 * @ip:		IP header of IP6_HDR_LEN bytes, or of IP4_HDR_LEN in as many,
 *		whose two addresses these are
 *
 * Changes nothing but how soon a look-up is done. Several headers can wait for
 * memory together.
 */
void eam_ahead_hints(const struct eam *e, const uint8_t *ip);
void eam_ahead_slots(const struct eam *e, const uint8_t *ip);

#endif
