/* SPDX-License-Identifier: MIT */
/*
 * v4only.h - the prefix that a DNS64 server betrays: ipv4only.arpa has two
 * well-known IPv4 addresses and no IPv6 address, so each IPv6 address of it
 * shows a PREF64 (RFC 7050, 3; RFC 8880)
 */
#ifndef XLAT_CLAT_V4ONLY_H
#define XLAT_CLAT_V4ONLY_H

#include "dns/msg.h"
#include "siit/pref64.h"

#define V4ONLY_PREFIXES     16u
#define V4ONLY_QUESTION_LEN 31u

/* Seconds: how long an answer may be believed, whatever it says. */
#define V4ONLY_TTL_MIN      60u
#define V4ONLY_TTL_MAX      86400u
#define V4ONLY_NEGATIVE_MAX 3600u
#define V4ONLY_NEGATIVE     300u /* where there is no SOA record to tell */

/**
 * struct v4only_ask - what tells our answer from a forged one (RFC 5452)
 * @id:		message id
 * @upper:	bit n: the n-th letter of the name is upper case
 */
struct v4only_ask {
	uint16_t id;
	uint16_t upper;
};

enum v4only_what {
	V4ONLY_IGNORE, /* not the answer; go on waiting */
	V4ONLY_FOUND,  /* there are prefixes */
	V4ONLY_NONE,   /* the server does no DNS64 */
	V4ONLY_FAILED, /* the server has no answer */
	V4ONLY_CUT,    /* it has one, but not over UDP */
};

/**
 * struct v4only - what an answer says
 * @ttl:	FOUND and NONE: seconds it holds
 * @prefixes:	in the order of the answer, each once
 */
struct v4only {
	enum v4only_what what;
	uint32_t ttl;
	uint32_t count;
	struct pref64 prefixes[V4ONLY_PREFIXES];
};

/**
 * v4only_question() - write the question
 * @buf:	V4ONLY_QUESTION_LEN bytes
 */
void v4only_question(void *buf, struct v4only_ask ask);

/* v4only_answer() - read an answer to it, which need not be one. */
struct v4only v4only_answer(struct v4only_ask ask, const void *msg, size_t len);

/**
 * v4only_prefix() - the prefix that an address of ipv4only.arpa is made with
 *
 * Return: len 0: none can be told, or not which
 */
struct pref64 v4only_prefix(struct addr6 a);

#endif
