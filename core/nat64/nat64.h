/* SPDX-License-Identifier: MIT */
/*
 * nat64.h - stateful NAT64, RFC 6146
 *
 * Pure: time, memory and randomness come in as arguments.
 */
#ifndef XLAT_NAT64_NAT64_H
#define XLAT_NAT64_NAT64_H

#include "siit/pref64.h"
#include "siit/siit.h"
#include "siit/translate.h"

/* Timeout classes (RFC 6146, section 4). */
enum nat64_class {
	NAT64_UDP,       /* 300 s, at least 120 s */
	NAT64_TCP_EST,   /* 7200 s, at least that */
	NAT64_TCP_TRANS, /* 240 s, at least that */
	NAT64_TCP_SYN,   /* 6 s: an unsolicited SYN is held */
	NAT64_ICMP,      /* 60 s, at least that */
	NAT64_FRAGMENT,  /* 2 s, at least that: a datagram's fragments come */
	NAT64_TCP_HALF,  /* 240 s, at least 6: half open (RFC 7857, 2.1) */
	NAT64_CLASS_COUNT
};

enum nat64_filtering { NAT64_ENDPOINT_INDEPENDENT, NAT64_ADDRESS_DEPENDENT };

/* Thresholds that the operator is told of (RFC 8158, 4.5); the events have the
 * same order. */
enum nat64_alarm {
	NAT64_POOL_HIGH,       /* so many percent of the ports are in use */
	NAT64_POOL_LOW,        /* no more than that are, and more were */
	NAT64_BINDINGS_HIGH,   /* so many bindings are there */
	NAT64_SUBSCRIBER_HIGH, /* a subscriber has so many */
	NAT64_ALARM_INTERVAL,  /* seconds from one to the next of a kind */
	NAT64_ALARMS
};

enum nat64_outside { NAT64_NOBODY, NAT64_IPV4, NAT64_IPV6 };

/**
 * struct nat64_range - addresses and ports of pool4
 * @first:	first address
 * @last:	last address
 * @port_min:	first port, not 0
 * @port_max:	last port
 */
struct nat64_range {
	uint32_t first;
	uint32_t last;
	uint16_t port_min;
	uint16_t port_max;
};

/**
 * struct nat64_static - a binding that is always there (RFC 6146, 3.1): port
 * forwarding
 * @client:	IPv6 end
 * @pool:	its address, one of pool4; the port need not be in a range
 * @client_port: port or ICMP identifier, not 0
 * @pool_port:	what it becomes, not 0
 * @proto:	IP_TCP, IP_UDP or IP_ICMP
 */
struct nat64_static {
	struct addr6 client;
	uint32_t pool;
	uint16_t client_port;
	uint16_t pool_port;
	uint8_t proto;
};

#define NAT64_RANGE_MAX    64
#define NAT64_POOL_MAX     4096 /* addresses */
#define NAT64_STATIC_MAX   4096
#define NAT64_SESSIONS_MAX ((1u << 24) - 2) /* 16777214 */
#define NAT64_RATE_MAX     1000000u
#define NAT64_INSIDE_BITS  24u /* of a subscriber's number */
#define NAT64_BLOCK_MIN    64u
#define NAT64_BLOCK_MAX    8192u
#define NAT64_HOLD_MAX     (1u << 24)

/**
 * struct nat64_config - everything that does not change while packets flow
 * @tr:		how headers are translated; hosts that are not global IPv4
 *		addresses are refused but for what @tr.allow4 names
 * @pool6:	translation prefix
 * @pool4:	addresses and ports, not overlapping; an address may have
 *		several ranges of ports
 * @shared4:	one of @pool4 that the host has, too: what is sent to other
 *		ports of it goes there; 0: none
 * @statics:	bindings that are always there; anybody may send to them,
 *		whatever @filtering says
 * @static_count: their number
 * @allow6:	IPv6 sources that are served
 * @allow6_count: their number; 0: all are
 * @timeout:	lifetime of a session by class, seconds
 * @deny4:	IPv4 hosts that nobody may talk with, whatever else says so
 *		(RFC 6888, REQ-6)
 * @deny4_count: their number
 * @filtering:	which IPv4 hosts may send to a binding of UDP or ICMP
 * @filtering_tcp: the same of TCP (RFC 5382, REQ-3)
 * @refuse_inbound_tcp: IPv4 hosts may not open connections (RFC 6146,
 *		3.5.2.2, CLOSED)
 * @max_sessions: size of the table, at most NAT64_SESSIONS_MAX
 * @subscriber_len: length of a subscriber's IPv6 prefix; one prefix keeps one
 *		IPv4 address (RFC 6888, REQ-2)
 * @max_subscribers: subscribers there may be, each with its one pool address;
 *		those of static bindings count, but are never refused; 0: no
 *		limit
 * @max_per_subscriber: sessions a subscriber may have; 0: no limit
 * @max_bindings: bindings a subscriber may have, static ones included, which
 *		are never refused; 0: no limit (RFC 6888, REQ-4)
 * @max_rate:	sessions a subscriber may open in a second, at most
 *		NAT64_RATE_MAX; as many at once after a quiet one; what IPv4
 *		hosts open does not count; 0: no limit (RFC 6888, REQ-4)
 * @max_per_binding: sessions a binding may have; 0: no limit (RFC 6888, REQ-5)
 * @port_block:	subscribers get whole blocks of so many ports, a power of two
 *		from NAT64_BLOCK_MIN to NAT64_BLOCK_MAX; 0: they get ports
 * @max_blocks:	blocks a subscriber may have; 0: no limit
 * @hold_down:	seconds that a port which has become free is kept back, unless
 *		it is one of TCP (RFC 6888, REQ-8)
 * @hold_max:	ports that are kept at a time, at most NAT64_HOLD_MAX; of more
 *		the oldest go early; 0 only if @hold_down is, too
 * @any_parity:	ports of UDP need not be odd where the client's are
 * @no_ping:	no ICMP queries are carried (RFC 6146, 3.5.3)
 * @inside:	each subscriber in this prefix has an address and ports of its
 *		own, which are computed (determ.h), and nobody else is served;
 *		length 0: no such mapping
 * @dynamic:	beside as many subscribers as share an address, so many more
 *		parts of its ports are for blocks (D in RFC 7422)
 * @alarm:	thresholds by enum nat64_alarm; 0: none
 * @outside:	whose packets do not keep a session alive (RFC 6146, 5.3)
 * @shards:	threads, each with a NAT64 of its own, at most 16; 0: one
 * @shard:	the number of this one, from 0 on; all else is the same for all
 * @key:	128 random bits: hash tables and port choice
 */
struct nat64_config {
	struct translate tr;
	struct pref64 pool6;
	struct nat64_range pool4[NAT64_RANGE_MAX];
	uint32_t pool4_count;
	uint32_t shared4;
	const struct nat64_static *statics;
	uint32_t static_count;
	const struct net6 *allow6;
	uint32_t allow6_count;
	const struct net4 *deny4;
	uint32_t deny4_count;
	uint32_t timeout[NAT64_CLASS_COUNT];
	enum nat64_filtering filtering;
	enum nat64_filtering filtering_tcp;
	bool refuse_inbound_tcp;
	uint32_t max_sessions;
	uint8_t subscriber_len;
	uint32_t max_subscribers;
	uint32_t max_per_subscriber;
	uint32_t max_bindings;
	uint32_t max_rate;
	uint32_t max_per_binding;
	uint32_t port_block;
	uint32_t max_blocks;
	uint32_t hold_down;
	uint32_t hold_max;
	bool any_parity;
	bool no_ping;
	struct net6 inside;
	uint32_t dynamic;
	uint32_t alarm[NAT64_ALARMS];
	enum nat64_outside outside;
	uint32_t shards;
	uint32_t shard;
	uint64_t key[2];
};

struct nat64;

/**
 * nat64_config_check() - is the configuration consistent?
 *
 * Return: NULL, or what was expected, for an error message
 */
XL_MUST_USE const char *nat64_config_check(const struct nat64_config *c);

/**
 * nat64_static_check() - and do its static bindings fit into the rest of it?
 */
XL_MUST_USE const char *nat64_static_check(const struct nat64_config *c);

/**
 * nat64_size() - bytes of memory that a NAT64 of this configuration needs
 */
size_t nat64_size(const struct nat64_config *c);

/**
 * nat64_init() - make an empty NAT64
 * @mem:	nat64_size() bytes, zeroed, aligned to 64; pages that are not
 *		needed yet are not touched
 * @c:		checked configuration; copied
 *
 * Return: NULL, hardly ever: the static bindings do not fit into the tables
 */
XL_MUST_USE struct nat64 *nat64_init(void *mem, const struct nat64_config *c);

/**
 * nat64_adjust() - have another configuration, if the tables need not change
 * @c:		checked; copied
 *
 * For packets it holds at once; nat64_review() has to be called for what is in
 * the tables.
 *
 * Return: false: pool, static bindings, filtering, or what the tables were
 *         made for is different; nothing was changed
 */
XL_MUST_USE bool nat64_adjust(struct nat64 *n, const struct nat64_config *c);

/**
 * struct nat64_review - all zero at first
 * @kept:	sessions that go on
 * @closed:	sessions that the configuration does not allow
 */
struct nat64_review {
	uint32_t cursor;
	uint32_t kept;
	uint32_t closed;
};

/**
 * nat64_review() - go through the sessions after nat64_adjust()
 * @budget:	how many in this call
 *
 * Return: true: there are more; packets may come in between
 */
XL_MUST_USE bool nat64_review(struct nat64 *n, struct nat64_review *r,
			      uint32_t budget);

/**
 * nat64_move() - take over the sessions of another NAT64, so that a
 * configuration can change while they go on
 * @n:		a new one, with the same key
 * @from:	left as it is, but of no use any more
 *
 * Those that the configuration of @n does not allow stay behind, as do SYNs
 * and fragments that wait. Who listens to @from listens to @n from now on, and
 * is told of sessions and bindings that stayed behind, but not of those that
 * came along.
 *
 * Return: how many sessions came along
 */
uint32_t nat64_move(struct nat64 *n, struct nat64 *from, uint64_t now);

#define NAT64_AHEAD 8u /* packets */

/**
 * nat64_ahead() - packets will come next: get the memory that they will need
 * @p:		as they were read
 * @count:	how many, at most NAT64_AHEAD
 *
 * Changes nothing but how soon nat64_packet() is done with them: a table of
 * many sessions is not in the processor's cache, and it is faster to wait for
 * all of them at once than for one after another.
 */
void nat64_ahead(const struct nat64 *n, const struct pkt *p, uint32_t count);

/**
 * nat64_packet() - translate a packet of either family, in place
 * @now:	monotonic time, ns; one that is smaller than an earlier call's
 *		counts as that
 *
 * A session lives until nat64_expire() gets to it.
 *
 * Return: as translate_4to6(); XLAT_FORWARD may yield IPv6 from IPv6, when
 *         the packet was hairpinned (RFC 6146, 3.8)
 */
XL_MUST_USE struct xlat_result nat64_packet(struct nat64 *n, struct pkt *p,
					    uint64_t now);

/**
 * enum nat64_hand_kind - what another thread has to do with a packet
 * @NAT64_HAND_NONE:	nothing
 * @NAT64_HAND_WHOLE:	nat64_packet()
 * @NAT64_HAND_PART:	the same, through gather.h first: a fragment
 * @NAT64_HAND_PORTS:	nat64_resume(): a fragment whose ports are known here
 * @NAT64_HAND_TURNED:	nat64_resume(): it goes to one of that thread's
 *			subscribers, and is IPv4 by now
 */
enum nat64_hand_kind {
	NAT64_HAND_NONE,
	NAT64_HAND_WHOLE,
	NAT64_HAND_PART,
	NAT64_HAND_PORTS,
	NAT64_HAND_TURNED
};

/**
 * struct nat64_hand - a packet is another thread's
 * @to:		number of that thread's NAT64
 * @sport, @dport: what nat64_resume() has to know of a fragment
 */
struct nat64_hand {
	enum nat64_hand_kind kind;
	uint32_t to;
	uint16_t sport;
	uint16_t dport;
};

/**
 * nat64_hand() - whose is the packet that was XLAT_ELSEWHERE, or that
 * nat64_expire() left? To be asked once
 *
 * Return: false: ours
 */
XL_MUST_USE bool nat64_hand(struct nat64 *n, struct nat64_hand *out);

/**
 * nat64_gatherer() - the thread that a fragment comes to first
 * @p:		a packet as read, before gather.h
 *
 * Return: its number; ours for what is no fragment
 */
XL_MUST_USE uint32_t nat64_gatherer(const struct nat64 *n, struct pkt *p);

/**
 * nat64_resume() - go on with what another thread has handed over
 * @h:		NAT64_HAND_PORTS or NAT64_HAND_TURNED
 *
 * Return: as nat64_packet(), but never XLAT_ELSEWHERE for the same reason
 */
XL_MUST_USE struct xlat_result nat64_resume(struct nat64 *n, struct pkt *p,
					    const struct nat64_hand *h,
					    uint64_t now);

/**
 * nat64_refused() - the subscriber to whom the last packet that was not
 * forwarded because of a limit, or because something was used up, belonged
 */
struct net6 nat64_refused(const struct nat64 *n);

/**
 * nat64_expire() - remove what has run out, send what had to wait
 * @out:	buffer: PKT_HEADROOM bytes before @out->data, @out->tailroom from
 *		there on, at least 1280
 * @budget:	most entries to look at in this call
 *
 * Return: true if a packet was built in @out that is to be sent, through
 *         cut.h if @out->cut is set: a TCP probe, the ICMP error for a SYN
 *         that nobody answered, or a fragment that came before the one that
 *         tells its ports; call again
 */
XL_MUST_USE bool nat64_expire(struct nat64 *n, uint64_t now, struct pkt *out,
			      uint32_t budget);

/**
 * nat64_next_expiry() - when nat64_expire() will have something to do, ns;
 * UINT64_MAX: nothing is pending
 */
uint64_t nat64_next_expiry(const struct nat64 *n);

struct quick_table;
struct quick_config;

/**
 * nat64_quicken() - have the plain packets of busy sessions translated by who
 * shares a table with us (quick.h), from now on
 * @t:		zeroed, but for its key; several NAT64s, each a shard, may share
 *		one; NULL: no more
 *
 * The other one's clock is that of nat64_packet(). A session that only it uses
 * lives as long as if its packets had come here.
 */
void nat64_quicken(struct nat64 *n, struct quick_table *t);

/**
 * nat64_quick_config() - what the other one has to know, but for the device and
 * the clock; again when the configuration has changed
 */
struct quick_config nat64_quick_config(const struct nat64 *n);

struct nat64_events;

/**
 * nat64_listen() - note events (event.h) from now on
 * @events:	a ring; NULL: no more
 *
 * What is there already is no event, but for EVENT_DETERMINISTIC: it comes with
 * the next nat64_expire(), and once a day from then on.
 */
void nat64_listen(struct nat64 *n, struct nat64_events *events);

/**
 * struct nat64_session_view - a session, to be shown
 * @client:	all zero: a SYN from outside, held (RFC 6146, 3.5.2.2)
 * @proto:	IP_TCP, IP_UDP or IP_ICMP
 * @state:	TCP state by name, "" for others
 * @expires:	ns, monotonic
 */
struct nat64_session_view {
	struct addr6 client;
	uint32_t pool;
	uint32_t remote;
	uint16_t client_port;
	uint16_t pool_port;
	uint16_t remote_port;
	uint8_t proto;
	const char *state;
	uint64_t expires;
};

/**
 * struct nat64_binding_view - a binding, to be shown
 * @sessions:	how many sessions hold it
 * @fixed:	it is a static one
 */
struct nat64_binding_view {
	struct addr6 client;
	uint32_t pool;
	uint16_t client_port;
	uint16_t pool_port;
	uint8_t proto;
	bool fixed;
	uint32_t sessions;
};

/**
 * struct nat64_subscriber_view - a subscriber, to be shown
 * @pool:	the address that its bindings have
 * @blocks:	of ports
 * @created:	bindings that it has had
 * @refused:	packets that would have made one, or a session, but could not
 */
struct nat64_subscriber_view {
	struct net6 prefix;
	uint32_t pool;
	uint32_t bindings;
	uint32_t sessions;
	uint32_t blocks;
	uint32_t created;
	uint32_t refused;
};

/**
 * struct nat64_pool_view - an address of pool4, to be shown
 * @ports:	how many it has
 * @udp, @tcp, @icmp: of these, how many cannot be given to anybody now
 */
struct nat64_pool_view {
	uint32_t addr;
	uint32_t ports;
	uint32_t udp;
	uint32_t tcp;
	uint32_t icmp;
};

/**
 * nat64_next_session(), nat64_next_binding(), nat64_next_subscriber(),
 * nat64_next_pool() - walk the tables
 * @cursor:	0 at first; opaque; valid across other calls
 *
 * Each call looks at a bounded number of entries beyond the one it returns.
 *
 * Return: false at the end
 */
XL_MUST_USE bool nat64_next_session(const struct nat64 *n, uint32_t *cursor,
				    struct nat64_session_view *out);
XL_MUST_USE bool nat64_next_binding(const struct nat64 *n, uint32_t *cursor,
				    struct nat64_binding_view *out);
XL_MUST_USE bool nat64_next_subscriber(const struct nat64 *n, uint32_t *cursor,
				       struct nat64_subscriber_view *out);
XL_MUST_USE bool nat64_next_pool(const struct nat64 *n, uint32_t *cursor,
				 struct nat64_pool_view *out);

/**
 * nat64_close() - close the session that was shown last
 * @cursor:	as nat64_next_session() has just left it
 * @now:	as of nat64_packet()
 *
 * Its binding goes with the last one; the next packet of the client may open
 * both anew.
 *
 * Return: false: a SYN that is held is no session
 */
XL_MUST_USE bool nat64_close(struct nat64 *n, uint32_t cursor, uint64_t now);

/* Protocols, to be counted by. */
enum nat64_protocol { NAT64_OF_UDP, NAT64_OF_TCP, NAT64_OF_ICMP, NAT64_OF };

/**
 * struct nat64_count - what there is, and was, of a protocol
 * @sessions:	now
 * @bindings:	now
 * @packets:	translated, those from IPv4 and those from IPv6
 * @bytes:	that these had before
 * @no_port:	packets that found no free port on their subscriber's address
 * @no_port_bytes: theirs
 */
struct nat64_count {
	uint64_t sessions;
	uint64_t bindings;
	uint64_t sessions_created;
	uint64_t bindings_created;
	uint64_t packets[2];
	uint64_t bytes[2];
	uint64_t no_port;
	uint64_t no_port_bytes;
};

/* Sessions by state of TCP; number 0 is for those of other protocols. */
#define NAT64_STATES 8u

/* nat64_state_name() - as in struct nat64_session_view */
const char *nat64_state_name(unsigned int state);

/**
 * struct nat64_stats - gauges and counters (RFC 7659, RFC 8512); numbers of 64
 * bits, so that those of several threads can be added up
 * @blocks:	blocks of ports that subscribers have
 * @ports_kept:	ports that are free but kept back
 * @addresses:	of pool4
 * @addresses_used: those of which a port is in use
 * @ports:	of all addresses, those of this thread; of each protocol as
 *		many
 * @ports_used:	by protocol, with those that cannot be given for another reason
 * @subscribers_created: each was paired with an address
 */
struct nat64_stats {
	struct nat64_count of[NAT64_OF];
	uint64_t states[NAT64_STATES];
	uint64_t addresses;
	uint64_t addresses_used;
	uint64_t ports;
	uint64_t ports_used[NAT64_OF];
	uint64_t subscribers_created;
	uint64_t sessions;
	uint64_t sessions_max;
	uint64_t bindings;
	uint64_t subscribers;
	uint64_t blocks;
	uint64_t ports_kept;
	uint64_t syns_held;
	uint64_t sessions_created;
	uint64_t bindings_created;
	uint64_t blocks_created;
	uint64_t hairpinned;
};

void nat64_get_stats(const struct nat64 *n, struct nat64_stats *out);

#endif
