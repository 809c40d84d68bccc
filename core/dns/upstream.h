/* SPDX-License-Identifier: MIT */
/*
 * upstream.h - questions to servers, and which server to ask
 *
 * Clients that want to know the same wait for one question (an ask). It is
 * put to one server after the other, each once: the quickest first, one that
 * has been silent several times in a row last for a while. If there is no
 * other server to turn to, the question is sent once more, since a datagram
 * may have been lost. A truncated answer is asked for again over TCP, and a
 * server that does not know EDNS again without: both of the same server.
 *
 * Nothing here knows what the answers are good for; query.h does.
 */
#ifndef XLAT_DNS_UPSTREAM_H
#define XLAT_DNS_UPSTREAM_H

#include "dns/answer.h"
#include "dns/cache.h"
#include "dns/count.h"
#include "dns/upcookie.h"

#define UPSTREAM_SERVERS    8u
#define UPSTREAM_NONE       UINT32_MAX

/* How long a server may take, ns: while there is another to turn to; the last
 * one until it is asked again, and then until it is given up. A slow name
 * takes a resolver two seconds; a client gives up, or turns elsewhere, after
 * five, and that is an AAAA and an A question. */
#define UPSTREAM_PATIENCE   800000000ull
#define UPSTREAM_LAST       1600000000ull

/* So many failures in a row make a server the last choice for so long, and
 * twice as long each time it happens again. */
#define UPSTREAM_DOWN_FAILS 3u
#define UPSTREAM_DOWN_MIN   5000000000ull
#define UPSTREAM_DOWN_MAX   80000000000ull

/* A server that was found not to know EDNS is asked without for so long. */
#define UPSTREAM_PLAIN_TIME 600000000000ull

/* So many answers that do not fit mean that somebody is guessing: TCP ends
 * that (RFC 5452, 9.3). */
#define UPSTREAM_FORGERIES  16u

/* Most bytes that upstream_question() writes. */
#define UPSTREAM_QUESTION_MAX                                                  \
	(MSG_HDR_LEN + MSG_NAME_MAX + 4 + 11 + UPCOOKIE_MAX)

/* Which list of deadlines an ask is in. Each has one patience, so it is in
 * order of time by itself. */
enum upstream_list {
	UPSTREAM_NEXT,  /* then the next server is asked */
	UPSTREAM_AGAIN, /* then the same is asked again */
	UPSTREAM_END,   /* then nobody answers */
	UPSTREAM_LISTS,
	UPSTREAM_UNTIMED = UPSTREAM_LISTS,
};

/**
 * struct upstream_ask - a question to servers
 * @q:		question; @how: CACHE_DO, _CD and _RD of it
 * @asked_at:	when the current server was asked, ns
 * @deadline:	when patience with it ends
 * @cookie:	our part of the cookie in the question, 0: none
 * @prev:	neighbours in a list; @next: also in the list of free asks
 * @chain:	next with the same hash
 * @first:	for the owner: the first who waits for it; @answered: with what
 *		result it ended
 * @id:		of the message to the server
 * @server:	whom we asked
 * @tried:	bit n: server n has been asked
 * @foreign:	messages that came and were no answer
 * @tcp:	it was asked over TCP
 * @plain:	it was asked without EDNS
 * @resent:	the question was sent to the current server twice
 * @bad_cookie:	it has said BADCOOKIE before
 */
struct upstream_ask {
	struct msg_question q;
	uint64_t asked_at;
	uint64_t deadline;
	uint64_t cookie;
	uint32_t hash;
	uint32_t prev;
	uint32_t next;
	uint32_t chain;
	uint32_t first;
	uint16_t id;
	uint8_t how;
	uint8_t server;
	uint8_t tried;
	uint8_t foreign;
	uint8_t list;
	bool tcp;
	bool plain;
	bool resent;
	bool bad_cookie;
	bool answered;
};

/**
 * struct upstream_server - how a server has been
 * @down_until:	last choice until then, ns
 * @plain_until: it does not know EDNS, ns
 * @rtt:	smoothed time it takes, ns; 0: not known
 * @fails:	failures in a row
 * @downs:	times in a row that it was found down
 */
struct upstream_server {
	uint64_t down_until;
	uint64_t plain_until;
	uint64_t rtt;
	struct upcookie cookie;
	uint32_t fails;
	uint32_t downs;
};

struct upstream_queue {
	uint32_t head;
	uint32_t tail;
};

/**
 * struct upstream - all asks; the first three are the caller's to set
 * @server_count: 1 to UPSTREAM_SERVERS
 * @ask_count:	asks under way at most, a power of two
 * @count:	counters, COUNT_COUNT of them
 * @fresh:	asks from here on were never used: their memory is untouched
 */
struct upstream {
	uint32_t server_count;
	uint32_t ask_count;
	uint64_t *count;
	uint32_t used;
	uint32_t fresh;
	uint32_t free;
	struct upstream_ask *asks;
	uint32_t *buckets;
	struct siphash_key key;
	struct upstream_queue lists[UPSTREAM_LISTS];
	struct upstream_server servers[UPSTREAM_SERVERS];
};

/* Bytes of memory that upstream_init() needs. */
size_t upstream_memory(uint32_t ask_count);

/**
 * upstream_init() - start with no asks
 * @mem:	upstream_memory() bytes of zeros, aligned for uint64_t
 * @key:	secret
 */
void upstream_init(struct upstream *u, void *mem, struct siphash_key key);

/**
 * upstream_find() - the ask for a question, or UPSTREAM_NONE
 */
uint32_t upstream_find(const struct upstream *u, struct cache_key key);

/**
 * upstream_take() - a new ask, with a server picked for it
 *
 * Return: it, or UPSTREAM_NONE if there are too many
 */
uint32_t upstream_take(struct upstream *u, struct cache_key key, uint64_t now);

/**
 * upstream_close() - the ask is over: new clients are not to wait for it, and
 * it has no deadline
 */
void upstream_close(struct upstream *u, uint32_t ask);

/* Give a closed ask back. */
void upstream_release(struct upstream *u, uint32_t ask);

/**
 * upstream_start() - the ask is about to be put to its server
 * @random:	unpredictable: the message id comes from it (RFC 5452, 9.2)
 */
void upstream_start(struct upstream *u, uint32_t ask, uint64_t now,
		    uint64_t random);

/**
 * upstream_source() - the question will leave from this address: to be said
 * before upstream_question() if it is known
 */
void upstream_source(struct upstream *u, uint32_t ask, struct addr6 from);

/* The ask's server cannot be reached. */
void upstream_failed(struct upstream *u, uint32_t ask, uint64_t now);

/* Is no server expected to answer? */
bool upstream_all_down(const struct upstream *u, uint64_t now);

/**
 * upstream_next_server() - pick a server that was not asked yet
 *
 * Return: false if all have been asked
 */
XL_MUST_USE bool upstream_next_server(struct upstream *u, uint32_t ask,
				      uint64_t now);

enum upstream_got {
	UPSTREAM_ANSWER,    /* it is in the answer */
	UPSTREAM_BROKEN,    /* it is malformed */
	UPSTREAM_FOREIGN,   /* it was no answer: the right one may follow */
	UPSTREAM_OTHERWISE, /* start it again, over a new socket */
};

/**
 * upstream_got() - what has come on an ask's socket?
 * @a:		set for UPSTREAM_ANSWER
 */
XL_MUST_USE enum upstream_got upstream_got(struct upstream *u, uint32_t ask,
					   uint64_t now, const void *data,
					   size_t len, struct answer *a);

enum upstream_due {
	UPSTREAM_NOTHING, /* it is not time yet */
	UPSTREAM_RESEND,  /* send the question again over its socket */
	UPSTREAM_SILENT,  /* its server has not answered */
};

/**
 * upstream_expire() - deal with one ask whose patience has ended
 * @ask:	set to it
 */
XL_MUST_USE enum upstream_due upstream_expire(struct upstream *u, uint64_t now,
					      uint32_t *ask);

/* When upstream_expire() is due, ns; UINT64_MAX: never. */
uint64_t upstream_deadline(const struct upstream *u);

/**
 * upstream_question() - the message to an ask's server
 * @buf:	UPSTREAM_QUESTION_MAX bytes
 *
 * Return: its length
 */
uint32_t upstream_question(const struct upstream *u, uint32_t ask, void *buf);

#endif
