/* SPDX-License-Identifier: MIT */
/*
 * state.h - what a NAT64 consists of
 *
 * Internal to nat64/.
 *
 * Theory of operation. A session is found by one hash of what its packets
 * carry, from either side, and holds in one cache line all that an established
 * flow's packets need. Bindings and subscribers are looked at only when a
 * session begins or ends.
 *
 * Time is counted in whole seconds. A session is good for its timeout and up
 * to a second longer; it moves to the end of its class's list when it is used
 * in another second than before, so that each list is sorted by age, and
 * whoever sends a million packets a second moves once.
 */
#ifndef XLAT_NAT64_STATE_H
#define XLAT_NAT64_STATE_H

#include "nat64/pool.h"
#include "nat64/slab.h"
#include "nat64/table.h"

/**
 * struct session - RFC 6146, 3.2
 * @client:	IPv6 end
 * @pool:	its IPv4 address
 * @remote:	IPv4 end, which pool6 makes an IPv6 address
 * @client_port: port or ICMP identifier
 * @pool_port:	what it becomes
 * @remote_port: 0 for ICMP
 * @bib:	which of the three tables
 * @tcp:	an enum tcpfsm_state; CLOSED unless @bib is BIB_TCP
 * @class:	the list it is in
 * @hairpin:	@remote is one of ours: what is sent there turns back
 * @used:	when it was last used, seconds
 */
struct session {
	struct addr6 client;
	uint32_t pool;
	uint32_t remote;
	uint16_t client_port;
	uint16_t pool_port;
	uint16_t remote_port;
	uint8_t bib;
	uint8_t tcp;
	uint8_t class;
	bool hairpin;
	uint32_t binding;
	uint32_t used;
	uint32_t prev;
	uint32_t next;
} __attribute__((aligned(64)));

/**
 * struct binding - RFC 6146, 3.1: an entry of the Binding Information Base
 * @sessions:	how many sessions it has; it goes with the last one
 * @subscriber:	whose it is
 * @pool:	number of its address in the pool
 */
struct binding {
	struct addr6 client;
	uint32_t sessions;
	uint32_t subscriber;
	uint16_t client_port;
	uint16_t pool_port;
	uint16_t pool;
	uint8_t bib;
};

/**
 * struct subscriber - an IPv6 prefix that has bindings
 * @pool:	number of the address that all its bindings have
 */
struct subscriber {
	struct addr6 prefix;
	uint32_t bindings;
	uint32_t sessions;
	uint32_t pool;
};

/**
 * struct peer - that a binding has sessions with this address; kept only for
 * address-dependent filtering
 */
struct peer {
	uint32_t binding;
	uint32_t remote;
	uint32_t sessions;
};

#define HELD_MAX   1024u /* SYNs */
#define HELD_BYTES 120u  /* of each; what an ICMP error will quote */

/**
 * struct held - an unsolicited SYN; @len 0: it has been answered
 */
struct held {
	uint32_t since;
	uint16_t len;
	bool partial;
	uint8_t packet[HELD_BYTES];
};

/**
 * struct fifo - sessions of one class; those longest unused first
 */
struct fifo {
	uint32_t head;
	uint32_t tail;
};

/* What a hash is for (hash_words()). */
enum hash_domain {
	HASH_SESSION6 = 1,
	HASH_SESSION4,
	HASH_BINDING6,
	HASH_BINDING4,
	HASH_SUBSCRIBER,
	HASH_PAIRING,
	HASH_PEER,
	HASH_HELD,
	HASH_RANDOM,
};

struct nat64 {
	struct nat64_config cfg;
	struct pool pool;
	struct slab sessions;
	struct slab bindings;
	struct slab subscribers;
	struct slab peers;
	struct table sessions_by6;
	struct table sessions_by4;
	struct table bindings_by6;
	struct table bindings_by4;
	struct table subscribers_by6;
	struct table peers_by4;
	struct fifo fifo[NAT64_CLASS_COUNT];
	struct held *held; /* a ring */
	struct table held_by4;
	uint32_t held_first; /* count up for ever; modulo HELD_MAX */
	uint32_t held_end;
	uint32_t now; /* seconds */
	uint64_t draws;
	uint64_t sessions_created;
	uint64_t bindings_created;
	uint64_t hairpinned;
};

_Static_assert(sizeof(struct session) == 64, "one cache line");
_Static_assert(sizeof(struct binding) == 32, "two in a cache line");

XL_INLINE struct session *session_at(const struct nat64 *n, uint32_t index)
{
	return slab_at(&n->sessions, index);
}

XL_INLINE struct binding *binding_at(const struct nat64 *n, uint32_t index)
{
	return slab_at(&n->bindings, index);
}

#endif
