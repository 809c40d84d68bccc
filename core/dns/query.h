/* SPDX-License-Identifier: MIT */
/*
 * query.h - the DNS64 query machine (RFC 6147, 5), without sockets and clock
 *
 * What happened goes in: a client asked, a server answered, a socket failed,
 * time went by. One step comes out: ask a server, reply to the client, or
 * wait. Questions under way live in a table of fixed size.
 *
 * A question goes through stages, one upstream question each:
 *
 *   PASS		handed on as it is, and so is the answer
 *   AAAA		usable records, NXDOMAIN, signed data for a client that
 *			validates, or a failed validation: the answer.
 *			Otherwise on to A; nothing is asked twice
 *   A			the answer is made of it; its error is the client's
 *   A_FIRST		of a name whose AAAA records are ignored: answer if
 *			something can be made of it, else on to AAAA_LAST
 *   AAAA_LAST		the answer, but for excluded records
 *   PTR		of an in-addr.arpa name, for one under a prefix
 *
 * Within a stage servers are asked in order, each once; one that did not
 * answer several times in a row is asked last for a while. A truncated answer
 * is asked for again over TCP, and a server that does not know EDNS again
 * without: both of the same server.
 */
#ifndef XLAT_DNS_QUERY_H
#define XLAT_DNS_QUERY_H

#include "dns/local.h"

#define QUERY_SERVERS      8u
#define QUERY_NONE         UINT32_MAX

/* How long a server may take, ns: while there is another to turn to, and
 * else. A slow name takes a resolver two seconds; a client gives up, or turns
 * elsewhere, after five, and that is two stages. */
#define QUERY_TIMEOUT      1200000000ull
#define QUERY_TIMEOUT_LAST 2400000000ull

/* So many failures in a row make a server the last choice for so long. */
#define QUERY_DOWN_FAILS   3u
#define QUERY_DOWN_TIME    10000000000ull

/* Most bytes that query_question() writes. */
#define QUERY_QUESTION_MAX (MSG_HDR_LEN + MSG_NAME_MAX + 4 + 11)

/*
 * C(identifier, name, what it counts)
 */
#define QUERY_COUNTERS(C)                                                      \
	C(QUERIES, "queries", "questions from clients")                        \
	C(TCP, "queries-tcp", "of those, over TCP")                            \
	C(REPLIES, "replies", "answers to clients")                            \
	C(SYNTHESISED, "synthesised", "answers with synthetic AAAA records")   \
	C(NATIVE, "native", "AAAA questions with native records")              \
	C(NODATA, "nodata", "AAAA questions with neither")                     \
	C(LOCAL, "local", "answered without asking a server")                  \
	C(SERVFAIL, "servfail", "answers that say SERVFAIL")                   \
	C(TRUNCATED, "truncated", "answers too long for the client's UDP")     \
	C(REFUSED, "refused", "questions from clients that are not allowed")   \
	C(MALFORMED, "malformed", "questions answered FORMERR or the like")    \
	C(DROPPED, "dropped", "messages from clients that are no questions")   \
	C(TABLE_FULL, "table-full", "questions for which there was no room")   \
	C(UPSTREAM, "upstream-queries", "questions to servers")                \
	C(UPSTREAM_TCP, "upstream-tcp", "of those, over TCP")                  \
	C(UPSTREAM_TIMEOUT, "upstream-timeouts", "not answered in time")       \
	C(UPSTREAM_FAILED, "upstream-unreachable", "not sent or cut off")      \
	C(UPSTREAM_ERROR, "upstream-errors", "answered SERVFAIL or the like")  \
	C(UPSTREAM_BROKEN, "upstream-broken", "answered with garbage")         \
	C(UPSTREAM_FOREIGN, "upstream-foreign", "answers to nothing we asked")

enum query_counter {
#define QUERY_COUNTER(id, name, what) QUERY_COUNT_##id,
	QUERY_COUNTERS(QUERY_COUNTER)
#undef QUERY_COUNTER
		QUERY_COUNT_COUNT
};

/* Name of a counter, and what it counts. */
const char *query_counter_name(enum query_counter c);
const char *query_counter_text(enum query_counter c);

/**
 * struct query_client - who asked, and where to send the reply
 * @addr:	address, IPv4 as ::ffff:0:0/96
 * @local:	address that was asked; @port and @scope: of @addr. Those and
 *		@via and @serial mean something to the sockets' owner only
 * @tcp:	over TCP
 */
struct query_client {
	struct addr6 addr;
	struct addr6 local;
	uint32_t scope;
	uint32_t via;
	uint32_t serial;
	uint16_t port;
	bool tcp;
};

enum query_stage {
	QUERY_PASS,
	QUERY_AAAA,
	QUERY_A,
	QUERY_A_FIRST,
	QUERY_AAAA_LAST,
	QUERY_PTR,
};

/**
 * struct query_slot - a question under way
 * @rq:		as the client asked it
 * @alias:	QUERY_PTR: the name that is asked for instead
 * @soa:	of the negative answer to the AAAA question
 * @deadline:	when the server is given up
 * @prev:	neighbours in the list of its timeout; @next: also in the list
 *		of free slots
 * @id:		of the message to the server
 * @server:	whom we asked
 * @tried:	bit n: server n has been asked in this stage
 * @last:	it has QUERY_TIMEOUT_LAST
 * @tcp:	it was asked over TCP
 * @plain:	it was asked without EDNS
 * @failed:	the AAAA question had no answer, or an error for one
 */
struct query_slot {
	struct request rq;
	struct query_client client;
	struct msg_name alias;
	struct answer_soa soa;
	uint64_t deadline;
	uint32_t prev;
	uint32_t next;
	uint16_t id;
	uint8_t server;
	uint8_t tried;
	enum query_stage stage;
	bool busy;
	bool last;
	bool tcp;
	bool plain;
	bool failed;
};

struct query_list {
	uint32_t head;
	uint32_t tail;
};

struct query_server {
	uint64_t down_until;
	uint32_t fails;
};

/**
 * struct query - the machine; the first five are the caller's to set
 * @synth:	how to synthesise
 * @allow:	clients that are served; @allow_count: their number
 * @server_count: 1 to QUERY_SERVERS
 * @slot_count:	questions under way at most
 * @fresh:	slots from here on were never used: their memory is untouched
 */
struct query {
	const struct synth *synth;
	const struct synth_net6 *allow;
	uint32_t allow_count;
	uint32_t server_count;
	uint32_t slot_count;
	uint32_t used;
	uint32_t fresh;
	uint32_t free;
	struct query_slot *slots;
	struct query_list waiting[2];
	struct query_server servers[QUERY_SERVERS];
	uint64_t counters[QUERY_COUNT_COUNT];
};

enum query_what {
	QUERY_WAIT,  /* nothing to do */
	QUERY_ASK,   /* send query_question() to the slot's server */
	QUERY_REPLY, /* send what is in the buffer to the client */
};

/**
 * struct query_step - what to do
 * @slot:	QUERY_ASK: whose question, over a new socket. QUERY_REPLY:
 *		whose socket is not needed any more, or QUERY_NONE
 * @len:	QUERY_REPLY: bytes in the buffer
 * @client:	QUERY_REPLY: to whom
 */
struct query_step {
	enum query_what what;
	uint32_t slot;
	uint32_t len;
	struct query_client client;
};

/**
 * struct query_event - what every event comes with
 * @now:	monotonic ns
 * @random:	fresh and unpredictable: message ids come from it (RFC 5452)
 * @buf:	MSG_MAX bytes for a reply
 */
struct query_event {
	uint64_t now;
	uint64_t random;
	uint8_t *buf;
};

/* Bytes of memory that query_init() needs. */
size_t query_size(uint32_t slot_count);

/**
 * query_init() - start with an empty table
 * @mem:	query_size() bytes, aligned for uint64_t; they need not be zero
 */
void query_init(struct query *q, void *mem);

/* A client sent a message. */
XL_MUST_USE struct query_step query_asked(struct query *q,
					  const struct query_event *ev,
					  const struct query_client *client,
					  const void *data, size_t len);

/**
 * query_answered() - something came on a slot's socket
 *
 * QUERY_WAIT: it was no answer to our question; the right one may follow.
 */
XL_MUST_USE struct query_step query_answered(struct query *q,
					     const struct query_event *ev,
					     uint32_t slot, const void *data,
					     size_t len);

/* A slot's question could not be sent, or its connection broke. */
XL_MUST_USE struct query_step
query_failed(struct query *q, const struct query_event *ev, uint32_t slot);

/**
 * query_expired() - deal with one question whose server has been silent
 *
 * To be called until it returns QUERY_WAIT.
 */
XL_MUST_USE struct query_step query_expired(struct query *q,
					    const struct query_event *ev);

/* When query_expired() is due, ns; UINT64_MAX: never. */
uint64_t query_deadline(const struct query *q);

/**
 * query_question() - the message to the slot's server
 * @buf:	QUERY_QUESTION_MAX bytes
 *
 * Return: its length
 */
uint32_t query_question(const struct query *q, uint32_t slot, void *buf);

#endif
