/* SPDX-License-Identifier: MIT */
/*
 * count.h - what DNS64 counts, one list for all of it
 */
#ifndef XLAT_DNS_COUNT_H
#define XLAT_DNS_COUNT_H

#include "base.h"

/*
 * C(identifier, name, what it counts)
 */
#define COUNT_LIST(C)                                                          \
	C(QUERIES, "queries", "questions from clients")                        \
	C(TCP, "queries-tcp", "of those, over TCP")                            \
	C(TCP_EVICTED, "tcp-evicted", "connections closed for lack of room")   \
	C(TCP_LONG, "tcp-too-long", "connections closed: too long a message")  \
	C(TCP_SLOW, "tcp-slow", "connections closed: replies were not read")   \
	C(REPLIES, "replies", "answers to clients")                            \
	C(SYNTHESISED, "synthesised", "answers with synthetic AAAA records")   \
	C(NATIVE, "native", "AAAA questions with native records")              \
	C(NODATA, "nodata", "AAAA questions with neither")                     \
	C(LOCAL, "local", "answered without asking a server")                  \
	C(CACHED, "cached", "answered from the cache")                         \
	C(STALE, "stale", "answered with data that is too old")                \
	C(SHARED, "shared", "questions that waited for another's answer")      \
	C(SERVFAIL, "servfail", "answers that say SERVFAIL")                   \
	C(TRUNCATED, "truncated", "answers too long for the client's UDP")     \
	C(REFUSED, "refused", "questions from clients that are not allowed")   \
	C(LIMITED, "rate-limited", "questions not answered, or truncated")     \
	C(MALFORMED, "malformed", "questions answered FORMERR or the like")    \
	C(DROPPED, "dropped", "messages from clients that are no questions")   \
	C(TABLE_FULL, "table-full", "questions for which there was no room")   \
	C(PREFETCH, "prefetches", "questions asked before data was too old")   \
	C(UPSTREAM, "upstream-queries", "questions to servers")                \
	C(UPSTREAM_TCP, "upstream-tcp", "of those, over TCP")                  \
	C(UPSTREAM_AGAIN, "upstream-retransmits", "of those, sent again")      \
	C(UPSTREAM_TIMEOUT, "upstream-timeouts", "not answered in time")       \
	C(UPSTREAM_FAILED, "upstream-unreachable", "not sent or cut off")      \
	C(UPSTREAM_ERROR, "upstream-errors", "answered SERVFAIL or the like")  \
	C(UPSTREAM_BROKEN, "upstream-broken", "answered with garbage")         \
	C(UPSTREAM_FOREIGN, "upstream-foreign", "answers to nothing we asked") \
	C(UPSTREAM_FORGED, "upstream-forged", "asked over TCP because of those")

enum count {
#define COUNT_ITEM(id, name, what) COUNT_##id,
	COUNT_LIST(COUNT_ITEM)
#undef COUNT_ITEM
		COUNT_COUNT
};

/* Name of a counter, and what it counts. */
const char *count_name(enum count c);
const char *count_text(enum count c);

#endif
