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
 * to a second longer. When to look whether it is over, wheel.h knows; what a
 * packet changes is its session's cache line and nothing else.
 */
#ifndef XLAT_NAT64_STATE_H
#define XLAT_NAT64_STATE_H

#include "nat64/determ.h"
#include "nat64/pool.h"
#include "nat64/slab.h"
#include "nat64/table.h"
#include "siit/parts.h"

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
 * @class:	of timeouts
 * @hairpin:	@remote is one of ours: what is sent there turns back
 * @used:	when it was last used, seconds
 * @due:	which list of the wheel it is in, with @prev and @next
 * @quick:	entries that it has in the table of busy ones, from either side;
 *		0: none
 * @warm:	packets in the second of @used, up to where that matters
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
	uint32_t due;
	uint32_t prev;
	uint32_t next;
	uint16_t quick[2];
	uint8_t warm;
} __attribute__((aligned(64)));

/**
 * struct binding - RFC 6146, 3.1: an entry of the Binding Information Base
 * @sessions:	how many sessions it has; it goes with the last one
 * @fixed:	it does not go: a static one
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
	bool fixed;
};

/**
 * struct subscriber - an IPv6 prefix that has bindings
 * @block:	the latest of its blocks of ports; 0: it has none
 * @due:	when it may open its next session if it opens them evenly, ns;
 *		a second's worth may come before its time
 * @pool:	number of the address that all its bindings have
 * @ports:	of that address, which ones it may have beside those in blocks
 * @created:	bindings it has had
 * @refused:	packets that could not open one, or a session
 * @alarmed:	when it was told that it has many, seconds; 0: it was not
 */
struct subscriber {
	struct addr6 prefix;
	uint64_t due;
	uint32_t bindings;
	uint32_t sessions;
	uint32_t block;
	uint32_t block_count;
	uint16_t pool;
	struct pool_span ports;
	uint32_t created;
	uint32_t refused;
	uint32_t alarmed;
};

/**
 * struct block - ports that a subscriber has for itself (block.h)
 * @next:	of the same subscriber
 * @used:	how many are taken, by table
 * @live:	it is somebody's
 */
struct block {
	uint32_t subscriber;
	uint32_t next;
	uint16_t used[BIB_COUNT];
	bool live;
};

/**
 * struct cooling - a port that became free (cooling.h)
 * @pool:	its address
 * @since:	when that was, seconds
 */
struct cooling {
	uint32_t pool;
	uint32_t since;
	uint16_t port;
	uint8_t bib;
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

#define DATAGRAMS       4096u /* in fragments, at a time */
#define DATAGRAM_SHARE  512u  /* of one sender */
#define WAITING_MAX     1024u /* fragments that wait for the first one */
#define WAITING_SHARE   128u  /* of one sender */
#define WAITING_BYTES   2040u /* of each; two to a page */
#define FRAGMENT_SHARES 256u  /* senders are told apart by that many */

struct datagram_key {
	struct addr6 src; /* or an IPv4 address in the low bits */
	uint32_t dst;
	uint32_t id;
	uint8_t proto;
};

/**
 * struct datagram - one that comes in fragments
 * @sport:	ports as the first fragment told them, once it has come
 * @ident:	Identification that the first one got; of IPv6 only
 * @known:	it has come and was let through
 * @dead:	there was an overlap: nothing of it passes any more
 * @share:	its sender's place in nat64.shares
 * @since:	when the first of its fragments came, seconds
 * @parts:	what has come of it
 */
struct datagram {
	struct datagram_key key;
	uint16_t sport;
	uint16_t dport;
	uint16_t ident;
	bool known;
	bool dead;
	uint8_t share;
	uint32_t since;
	uint32_t prev;
	uint32_t next;
	uint32_t next_ready;
	uint32_t waiting_first;
	uint32_t waiting_last;
	struct parts parts;
};

/**
 * struct waiting - a fragment that waits
 */
struct waiting {
	uint32_t next;
	uint32_t len;
	uint8_t packet[WAITING_BYTES];
};

/* What a sender, or several with the same hash, have in store. */
struct fragment_share {
	uint16_t datagrams;
	uint16_t waiting;
};

/**
 * struct fifo - a list, oldest first
 */
struct fifo {
	uint32_t head;
	uint32_t tail;
};

#define WHEEL_SECONDS 1024u

/**
 * struct wheel - sessions by the second in which to look at them
 * @head:	one of each second from @at on, modulo WHEEL_SECONDS
 * @any:	a bit per second that has one
 * @at:		all seconds before this one are over
 * @used:	how many sessions are in it
 */
struct wheel {
	uint32_t head[WHEEL_SECONDS];
	uint64_t any[WHEEL_SECONDS / 64];
	uint32_t at;
	uint32_t used;
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
	HASH_DATAGRAM,
	HASH_SENDER,
	HASH_RANDOM,
	HASH_STATIC,
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
	struct wheel wheel;
	struct block *blocks;
	uint32_t blocks_used;
	struct cooling *cooling; /* a ring */
	uint64_t cooling_first;  /* count up for ever; modulo its size */
	uint64_t cooling_end;
	struct held *held; /* a ring */
	struct table held_by4;
	uint32_t held_first; /* count up for ever; modulo HELD_MAX */
	uint32_t held_end;
	struct slab datagrams;
	struct slab waiting;
	struct table datagrams_by;
	struct fifo datagrams_old;
	struct fifo datagrams_ready; /* fragments wait, and may go */
	struct fragment_share *shares;
	struct table statics_by4; /* where there are threads */
	struct determ plan;       /* likewise, if there is such a mapping */
	uint32_t unit;            /* ports in a row that are one thread's */
	struct nat64_hand hand;
	uint32_t now; /* seconds */
	uint64_t now_ns;
	struct addr6 refused;        /* as of nat64_refused() */
	struct nat64_events *events; /* NULL: nobody listens */
	uint32_t parameters_due;     /* of EVENT_DETERMINISTIC, seconds */
	uint32_t alarms;             /* that are told: alarm.c */
	struct quick_table *quick;   /* NULL: there is none */
	uint64_t draws;
	struct nat64_count of[NAT64_OF]; /* by enum bib */
	uint64_t states[NAT64_STATES];
	uint64_t subscribers_created;
	uint64_t blocks_created;
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
