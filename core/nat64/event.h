/* SPDX-License-Identifier: MIT */
/*
 * event.h - what a NAT64 does that a provider may have to prove later
 *
 * Theory of operation. Events go into a ring that the caller owns, and that
 * each of its readers reads at a pace of its own. Whoever is slower than the
 * ring is long loses the oldest ones and is told how many: a NAT64 never waits
 * for a reader. Without a ring nothing is noted.
 *
 * What happens to packets of sessions that exist is no event.
 */
#ifndef XLAT_NAT64_EVENT_H
#define XLAT_NAT64_EVENT_H

#include "wire/ip.h"

/**
 * enum nat64_event_kind - what happened (RFC 8158, 4.3)
 * @EVENT_SESSION_CREATED:	@client, @client_port, @pool, @pool_port,
 *				@remote, @remote_port, @proto; also deleted
 * @EVENT_BINDING_CREATED:	the same without @remote and @remote_port; also
 *				deleted. Static bindings are none of them
 * @EVENT_BLOCK_CREATED:	@client, a subscriber's prefix of @client_len,
 *				got the ports from @pool_port to @pool_last of
 *				@pool; also deleted
 * @EVENT_NO_ADDRESS:		no address of the pool has a port of @proto left
 * @EVENT_NO_PORT:		@pool has no port of @proto left for @client
 * @EVENT_NO_SESSION:		@limit sessions are there, no room for more
 * @EVENT_NO_SUBSCRIBER:	@limit subscribers are there, and may be
 * @EVENT_SUBSCRIBER_LIMIT:	@client, a subscriber's prefix of @client_len,
 *				has @limit sessions, or as many bindings or
 *				blocks of ports, and may not have more
 *
 * Of each of these five at most one a second is noted.
 *
 * @EVENT_POOL_HIGH:		@limit percent of the ports of @proto, or of the
 *				blocks if that is 0, are in use
 * @EVENT_POOL_LOW:		no more than that are any more
 * @EVENT_BINDINGS_HIGH:	@limit bindings are there
 * @EVENT_SUBSCRIBER_HIGH:	@client, a subscriber's prefix of @client_len,
 *				has @limit bindings; at most one a second
 * @EVENT_DETERMINISTIC:	how ports are computed (RFC 7422, 3), once for
 *				each range of the pool: @client of @client_len
 *				is the inside, with subscribers of @client_port
 *				bits; ports @pool_port to @pool_last of the
 *				addresses @pool to @remote are dealt out;
 *				@remote_port is D, and @limit M, or 0
 */
enum nat64_event_kind {
	EVENT_SESSION_CREATED,
	EVENT_SESSION_DELETED,
	EVENT_BINDING_CREATED,
	EVENT_BINDING_DELETED,
	EVENT_BLOCK_CREATED,
	EVENT_BLOCK_DELETED,
	EVENT_NO_ADDRESS,
	EVENT_NO_PORT,
	EVENT_NO_SESSION,
	EVENT_SUBSCRIBER_LIMIT,
	EVENT_NO_SUBSCRIBER,
	EVENT_POOL_HIGH,
	EVENT_POOL_LOW,
	EVENT_BINDINGS_HIGH,
	EVENT_SUBSCRIBER_HIGH,
	EVENT_DETERMINISTIC,
	EVENT_KINDS
};

/* The bit of a kind in @want. */
#define EVENT_BIT(kind) (1u << (kind))
#define EVENT_SESSIONS                                                         \
	(EVENT_BIT(EVENT_SESSION_CREATED) | EVENT_BIT(EVENT_SESSION_DELETED))
#define EVENT_BINDINGS                                                         \
	(EVENT_BIT(EVENT_BINDING_CREATED) | EVENT_BIT(EVENT_BINDING_DELETED))
#define EVENT_BLOCKS                                                           \
	(EVENT_BIT(EVENT_BLOCK_CREATED) | EVENT_BIT(EVENT_BLOCK_DELETED))
#define EVENT_LIMITS                                                           \
	(EVENT_BIT(EVENT_NO_ADDRESS) | EVENT_BIT(EVENT_NO_PORT) |              \
	 EVENT_BIT(EVENT_NO_SESSION) | EVENT_BIT(EVENT_SUBSCRIBER_LIMIT) |     \
	 EVENT_BIT(EVENT_NO_SUBSCRIBER))

#define EVENT_ALARMS                                                           \
	(EVENT_BIT(EVENT_POOL_HIGH) | EVENT_BIT(EVENT_POOL_LOW) |              \
	 EVENT_BIT(EVENT_BINDINGS_HIGH) | EVENT_BIT(EVENT_SUBSCRIBER_HIGH))

/**
 * struct nat64_event - an event; fields that its kind does not have are 0
 * @when:	ns, as of nat64_packet()
 * @proto:	IP_TCP, IP_UDP or IP_ICMP, whose ports are identifiers
 */
struct nat64_event {
	uint64_t when;
	struct addr6 client;
	uint32_t pool;
	uint32_t remote;
	uint32_t limit;
	uint16_t client_port;
	uint16_t pool_port;
	uint16_t pool_last;
	uint16_t remote_port;
	uint8_t client_len;
	uint8_t proto;
	uint8_t kind;
};

/**
 * struct nat64_events - a ring of them
 * @ring:	@size events
 * @size:	a power of two
 * @want:	bits of the kinds to note; may change at any time
 * @count:	events ever noted; the last one is at (@count - 1) % @size
 * @told:	second in which one of a kind that is rationed was noted
 */
struct nat64_events {
	struct nat64_event *ring;
	uint32_t size;
	uint32_t want;
	uint64_t count;
	uint32_t told[EVENT_KINDS];
};

/**
 * event_next() - the oldest event that a reader has not read
 * @cursor:	the reader's: 0, or @e->count, at first
 * @lost:	grows by the events that are not there any more
 *
 * Return: false if there is none
 */
XL_MUST_USE bool event_next(const struct nat64_events *e, uint64_t *cursor,
			    uint64_t *lost, struct nat64_event *out);

#endif
