/* SPDX-License-Identifier: MIT */
/*
 * query.h - the DNS64 query machine (RFC 6147, 5), without sockets and clock
 *
 * What happened goes in: a client asked, a server answered, a socket failed,
 * time went by. Steps come out, one at a time: query_next() has to be called
 * until it has no more.
 *
 * What is in the cache changes nothing: query_look() answers out of it, and
 * several threads may do so at once, as long as none does anything else. Only
 * a question that it cannot answer needs the machine for itself.
 *
 * A client's question takes a slot and goes through the stages of stage.h. In
 * each, the cache is looked at first. If the answer is not there the slot
 * waits for an ask of upstream.h, together with all others who want to know
 * the same. Nothing else is shared between clients: each gets a reply made for
 * its prefixes, its size and its letter case.
 */
#ifndef XLAT_DNS_QUERY_H
#define XLAT_DNS_QUERY_H

#include "dns/cache.h"
#include "dns/count.h"
#include "dns/local.h"
#include "dns/rrl.h"
#include "dns/stage.h"
#include "dns/upstream.h"

#define QUERY_NONE      UINT32_MAX

/* How long a failure is remembered, so that a server in trouble is not asked
 * for each impatient client, seconds (RFC 9520, 3.2). */
#define QUERY_FAIL_TIME 2u

/* Data that is too old: TTL it is given, and how long after a failure it is
 * used at once, seconds (RFC 8767, 4 and 5). */
#define QUERY_STALE_TTL 30u

/* Data is asked for anew before it is too old, if it was asked for at least
 * twice, in the last tenth of its life; but not if that is short, seconds. */
#define QUERY_PREFETCH  10u

/* Secrets of cookies: while they are changed two or three are in use. */
#define QUERY_SECRETS   3u

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

/**
 * struct query_allow - clients that are served
 * @net:	their network; of several that contain a client the smallest
 * @synth:	how to synthesise for them
 */
struct query_allow {
	struct synth_net6 net;
	const struct synth *synth;
};

/**
 * struct query_slot - a client's question under way
 * @rq:		as the client asked it
 * @alias:	STAGE_PTR: the name that is asked for instead
 * @soa:	of the negative answer to the AAAA question
 * @next:	in a list of those who wait for the same, or of free slots
 * @failed:	the AAAA question had no answer, or an error for one
 * @waited:	not all answers came out of the cache
 */
struct query_slot {
	struct request rq;
	struct query_client client;
	const struct synth *synth;
	struct msg_name alias;
	struct answer_soa soa;
	uint32_t next;
	enum stage stage;
	bool failed;
	bool waited;
};

/**
 * struct query - the machine; the first six are the caller's to set, and the
 * secrets
 * @allow:	clients; @allow_count: their number
 * @silent:	who is not one of them gets no reply, instead of REFUSED
 * @stale:	how long data is used that is too old, if there is none else,
 *		seconds
 * @slot_count:	clients' questions under way at most
 * @cache_size:	bytes; see cache.h
 * @secrets:	that cookies are made with, the first, and known by, all; where
 *		several servers share an address, these are to be the same
 *		(RFC 9018, 4.4 and 5); @secret_count: 0: @own is it
 * @rrl:	its rate is the caller's to set
 * @up:		its server_count and ask_count are the caller's to set
 * @fresh:	slots from here on were never used: their memory is untouched
 * @done:	asks that are over and have clients to be told
 * @todo:	asks that are to be started
 * @answer:	what the server said, of the ask that is marked answered
 * @count:	what servers did; clients' share is in struct query_event
 */
struct query {
	const struct query_allow *allow;
	uint32_t allow_count;
	bool silent;
	uint32_t stale;
	uint32_t slot_count;
	uint32_t cache_size;
	struct cache cache;
	struct siphash_key secrets[QUERY_SECRETS];
	uint32_t secret_count;
	struct siphash_key own;
	struct rrl rrl;
	struct upstream up;
	uint32_t used;
	uint32_t fresh;
	uint32_t free;
	struct query_slot *slots;
	uint32_t done;
	uint32_t todo;
	struct answer answer;
	uint64_t count[COUNT_COUNT];
};

enum query_what {
	QUERY_WAIT,   /* nothing to do */
	QUERY_DROP,   /* it was no question: nothing to do, ever */
	QUERY_ASK,    /* send query_question() over a new socket */
	QUERY_RESEND, /* send it again over the ask's socket */
	QUERY_CLOSE,  /* the ask's socket is not needed any more */
	QUERY_REPLY,  /* send what is in the buffer to the client */
	QUERY_TAKE,   /* of query_look(): query_take() has to go on */
};

/**
 * struct query_step - what to do
 * @ask:	QUERY_ASK, _RESEND, _CLOSE: which
 * @len:	QUERY_REPLY: bytes in the buffer
 * @client:	QUERY_REPLY: to whom
 */
struct query_step {
	enum query_what what;
	uint32_t ask;
	uint32_t len;
	struct query_client client;
};

/**
 * struct query_event - what every event comes with
 * @now:	monotonic ns
 * @time:	seconds since 1970: in cookies, which other servers read
 * @random:	fresh and unpredictable
 * @buf:	MSG_MAX bytes for a reply
 * @count:	COUNT_COUNT counters of whoever calls; what servers do is in the
 *		machine's own
 */
struct query_event {
	uint64_t now;
	uint64_t random;
	uint8_t *buf;
	uint64_t *count;
	uint32_t time;
};

/* Bytes of memory that query_init() needs for what @q says. */
size_t query_memory(const struct query *q);

/**
 * query_init() - start with nothing
 * @mem:	query_memory() bytes of zeros, aligned for uint64_t
 * @key:	secret
 */
void query_init(struct query *q, void *mem, struct siphash_key key);

/**
 * query_look() - a client sent a message: answer it, if that needs nothing but
 * the cache
 * @s:		@s->client is set; keep the rest for query_take()
 *
 * Return: QUERY_REPLY, with nothing to follow; QUERY_DROP; or QUERY_TAKE
 */
XL_MUST_USE struct query_step query_look(const struct query *q,
					 const struct query_event *ev,
					 struct query_slot *s, const void *data,
					 size_t len);

/* Go on with a question where query_look() had to stop. */
XL_MUST_USE struct query_step query_take(struct query *q,
					 const struct query_event *ev,
					 const struct query_slot *s);

/* A client sent a message: both of them. */
XL_MUST_USE struct query_step query_asked(struct query *q,
					  const struct query_event *ev,
					  const struct query_client *client,
					  const void *data, size_t len);

/**
 * query_answered() - something came on an ask's socket
 * @data:	message; to stay until query_next() returns QUERY_WAIT
 *
 * It may be no answer to our question: the right one may follow.
 */
XL_MUST_USE struct query_step query_answered(struct query *q,
					     const struct query_event *ev,
					     uint32_t ask, const void *data,
					     size_t len);

/* An ask could not be sent, or its connection broke. */
XL_MUST_USE struct query_step
query_failed(struct query *q, const struct query_event *ev, uint32_t ask);

/**
 * query_expired() - deal with one ask whose server has been silent
 *
 * To be called again, after query_next(), until query_deadline() is later.
 */
XL_MUST_USE struct query_step query_expired(struct query *q,
					    const struct query_event *ev);

/**
 * query_next() - what else there is to do after a step
 */
XL_MUST_USE struct query_step query_next(struct query *q,
					 const struct query_event *ev);

/* When query_expired() is due, ns; UINT64_MAX: never. */
uint64_t query_deadline(const struct query *q);

/* From where the message to the ask's server will leave; the message: see
 * upstream_source() and upstream_question(). */
void query_source(struct query *q, uint32_t ask, struct addr6 from);
uint32_t query_question(const struct query *q, uint32_t ask, void *buf);

#endif
