/* SPDX-License-Identifier: MIT */
/*
 * ask.h - whom to ask for ipv4only.arpa, and when (RFC 7050, 3)
 *
 *   IDLE	nobody needs an answer, or there is no server
 *   REST	an answer holds, or all servers failed: the next round starts
 *		at @at
 *   WAIT	a server has been asked; at @at it is asked again or given up
 *
 * A round asks each server three times, with growing patience, until one
 * answers. A prefix is used while rounds fail, up to ten minutes beyond its
 * TTL; two rounds in a row that deny it end it.
 */
#ifndef XLAT_CLAT_ASK_H
#define XLAT_CLAT_ASK_H

#include "clat/v4only.h"

#define ASK_SERVERS 8u

enum ask_state { ASK_IDLE, ASK_REST, ASK_WAIT };

/**
 * struct ask - the questions and what came of them; starts zeroed
 * @at:		when ask_due() is due, ns; UINT64_MAX: never
 * @server_count: servers there are
 * @server:	the one that is asked
 * @tries:	questions to it in this round
 * @rounds:	rounds in a row that nobody answered
 * @denied:	rounds in a row that denied
 * @strays:	messages to this question that were no answer
 * @tcp:	this server is asked over TCP: its answer was cut
 * @sent:	what the last question bore
 * @until:	when the prefixes end, ns
 * @found:	the last positive answer; count 0: none
 */
struct ask {
	enum ask_state state;
	uint64_t at;
	uint32_t server_count;
	uint32_t server;
	uint32_t tries;
	uint32_t rounds;
	uint32_t denied;
	uint32_t strays;
	bool tcp;
	struct v4only_ask sent;
	uint64_t until;
	struct v4only found;
};

/**
 * ask_start() - a prefix is wanted, or there is a reason to ask again: other
 * servers, a link that came back
 * @at:		when to ask, ns
 *
 * What was found before stays until it ends or another answer comes.
 */
void ask_start(struct ask *a, uint32_t server_count, uint64_t at);

/* Nobody needs an answer any more; what was found is forgotten. */
void ask_stop(struct ask *a);

/**
 * ask_due() - the time @a->at has come
 * @random:	fresh: ids come from it (RFC 5452)
 *
 * Return: send v4only_question() of @a->sent to server @a->server, over a new
 *         socket; the old one, if any, is not needed any more
 */
XL_MUST_USE bool ask_due(struct ask *a, uint64_t now, uint64_t random);

/* ask_answered() - something came on the socket. */
void ask_answered(struct ask *a, const void *msg, size_t len, uint64_t now);

/* The question could not be sent, or an ICMP error came back. */
void ask_failed(struct ask *a, uint64_t now);

/**
 * ask_choose() - the prefix to use: the first, but rather the one in use
 * @used:	len 0: none
 */
struct pref64 ask_choose(const struct ask *a, struct pref64 used);

#endif
