/* SPDX-License-Identifier: MIT */
/*
 * examine.h - look at a network as a CLAT would, and try its translator
 *
 * Two rounds, each with an end: what the network tells (routers and resolvers,
 * all at once), and then what a prefix of it carries. Nothing is changed.
 */
#ifndef XLAT_CMD_EXAMINE_H
#define XLAT_CMD_EXAMINE_H

#include "asksock.h"
#include "clat/heard.h"
#include "clat/prefix.h"
#include "clat/verdict.h"
#include "probe.h"
#include "rasock.h"
#include "watch.h"

/**
 * struct examine_options - what to look at
 * @uplink:	device; NULL: where packets are routed
 * @pref64:	prefix to try; len 0: the one that is found
 * @host, @name: a name with IPv4 only, as text and for questions
 * @target:	IPv4 address to reach through the prefix; 0: that of @name
 * @dns4:	a DNS server of the IPv4 Internet
 */
struct examine_options {
	const char *uplink;
	struct pref64 pref64;
	const char *host;
	struct msg_name name;
	uint32_t target;
	uint32_t dns4;
};

/* What a resolver is asked. */
enum examine_question {
	QUESTION_ARPA,
	QUESTION_A,
	QUESTION_AAAA,
	QUESTION_COUNT
};

/**
 * struct inquiry - a question, repeated until it is answered
 * @sock:	first member
 * @size:	bytes of the packet with the answer
 */
struct inquiry {
	struct asksock sock;
	struct examine *x;
	struct addr6 server;
	struct named_ask ask;
	struct named got;
	uint32_t size;
};

/**
 * struct examine - an examination; @opt is the caller's to set
 * @servers:	resolvers; @asks: the questions to each
 * @dns4:	a question to a DNS server of the IPv4 Internet, and a large one
 * @target:	what the target is under the prefix
 * @until:	when the round ends, ns
 * @settled:	when other routers have had their time to advertise, too, ns
 * @over, @again: of the round: can it end before that, and what is repeated
 * @found:	the result
 */
struct examine {
	const struct examine_options *opt;
	struct ev_loop loop;
	struct ev_timer tick; /* found by its offset, as is @ra */
	uint32_t ticks;
	uint64_t until;
	uint64_t settled;
	bool (*over)(const struct examine *x);
	void (*again)(struct examine *x);
	struct watch_view view;
	struct rasock ra;
	struct prefix_table prefixes;
	struct heard nets;
	struct addr6 servers[VERDICT_SERVERS];
	struct inquiry asks[VERDICT_SERVERS][QUESTION_COUNT];
	struct inquiry dns4[2];
	struct probe_echo echo;
	struct probe_web web;
	struct addr6 target;
	struct findings found;
};

/**
 * examine_open() - open the sockets that root may open; what may not be had
 * shows in the findings
 *
 * Return: 0 or -errno
 */
XL_MUST_USE int examine_open(struct examine *x);

/* Return: 0 or -errno. */
XL_MUST_USE int examine_run(struct examine *x);
void examine_close(struct examine *x);

#endif
