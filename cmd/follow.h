/* SPDX-License-Identifier: MIT */
/*
 * follow.h - a CLAT that follows the network: sockets and the clock on one
 * side, the machines of core/clat on the other, and the machine's
 * configuration as what comes of it
 *
 * Everything ends in one turn: see how the network is if it may have changed,
 * let the machines act whose time has come, tell the life-cycle the facts,
 * carry out its actions in their order, and sleep until the next deadline.
 */
#ifndef XLAT_CMD_FOLLOW_H
#define XLAT_CMD_FOLLOW_H

#include "asksock.h"
#include "clat/ask.h"
#include "clat/claim.h"
#include "clat/heard.h"
#include "clat/hop.h"
#include "clat/iid.h"
#include "clat/life.h"
#include "clat/prefix.h"
#include "clat/repair.h"
#include "clat/useropt.h"
#include "ndsock.h"
#include "rasock.h"
#include "trans.h"
#include "watch.h"

/* As a length: it is an address of the uplink's, shared with the host. */
#define FOLLOW_SHARED 255u

/* Ports that we have of it, above those that Linux gives to sockets. */
#define FOLLOW_FIRST  61000u
#define FOLLOW_LAST   65535u

/**
 * struct follow_options - what the operator has decided
 * @uplink:	device towards the provider; NULL: where packets are routed
 * @pref64:	the provider's prefix; len 0: find it
 * @discover_ra, @discover_dns: how
 * @source:	our IPv6 address, or our /96; len 0: claim an address; len
 *		FOLLOW_SHARED: share one of the host's
 * @force:	run beside native IPv4
 * @metric:	of the IPv4 default route; 0: one that yields to native IPv4
 */
struct follow_options {
	const char *uplink;
	struct pref64 pref64;
	bool discover_ra;
	bool discover_dns;
	struct net6 source;
	bool force;
	uint32_t metric;
};

/**
 * struct follow - open it before privileges are given up
 * @opt, @trans, @changed, @optimistic, @host: the caller's to set
 * @changed:	the translator's addresses or prefix have: @addr4, @pref64, and
 *		those of @claims that are held and old
 * @optimistic:	an address may be used before it is certain that it is ours
 * @steer:	packets need not be forwarded if trans_steer() can be had
 * @host:	this machine is all that is served
 * @only_look:	nothing is carried out; the loop ends when a CLAT would be up
 * @own:	the address that is shared
 * @addr4:	our IPv4 address; 0: none is free
 * @origin:	how @life.pref64 was found; @router: who announced it
 * @steered:	the uplink that packets are taken at; 0: none
 * @resolver:	whom was asked last
 * @told_differ: that routers announce different prefixes
 * @raw:	there are raw sockets; without them the kernel tells what it
 *		accepts of routers, and no address can be claimed
 * @metric:	of the IPv4 default route that is there
 * @forwarding:	index of the uplink that it has been switched on for
 * @repair:	puts back what others remove
 * @way:	of packets to the translator, as it was at the last look
 * @hop:	prefix whose packets we have leave by @hop_via; len 0: none
 * @hop_uplink:	the uplink at which nothing else of that kind is left
 * @looked:	@way is not compared with what it should be yet
 * @dirty:	the network may have changed
 * @look_at:	when to look next, ns
 * @solicit_at:	when to ask routers next, ns; @solicits: times left
 * @counter:	duplicates met in @counter_net
 */
struct follow {
	const struct follow_options *opt;
	struct trans *trans;
	void (*changed)(struct follow *f);
	bool optimistic;
	bool steer;
	bool host;
	bool only_look;

	struct ev_timer timer; /* found by its offset */
	struct watch watch;
	struct rasock ra;
	struct ndsock nd;
	struct asksock socket;
	struct watch_view view;
	struct life life;
	struct claim claims[LIFE_SLOTS];
	struct prefix_table prefixes;
	struct heard nets;
	struct heard servers;
	struct ask ask;
	struct iid_seed seed;
	struct source source;
	struct addr6 own;
	uint32_t addr4;
	const char *origin;
	struct addr6 router;
	int steered;
	int hop_uplink;
	struct watch_route way;
	struct pref64 hop;
	struct addr6 hop_via;
	struct addr6 resolver;
	bool told_differ;
	uint32_t metric;
	struct repair repair;
	bool looked;
	bool open;
	bool raw;
	bool asking;
	bool dirty;
	int forwarding;
	bool has_address4;
	uint64_t look_at;
	uint64_t solicit_at;
	uint32_t solicits;
	struct addr6 counter_net;
	uint32_t counter;
};

/**
 * follow_open() - open the sockets and take the first turn
 *
 * Where all is given and there, the CLAT is up when this returns.
 */
XL_MUST_USE enum exit_status follow_open(struct follow *f);

/**
 * follow_prepare() - the options are about to change: what they would not
 * find again goes
 * @want:	what they will say
 */
void follow_prepare(struct follow *f, const struct follow_options *want);

/**
 * follow_reload() - the options @opt points to have changed, and are in force;
 * all but the uplink may have
 * @before:	what they said
 */
void follow_reload(struct follow *f, const struct follow_options *before);

/* Take down what is configured. */
void follow_close(struct follow *f);

/**
 * follow_health() - NULL: IPv4 works, through us or natively; else a few words
 * why it does not
 */
const char *follow_health(const struct follow *f);

/**
 * follow_possible() - would a CLAT come up here? Says so, and why not
 *
 * In place of follow_open(). It takes some seconds where there is no answer.
 *
 * Return: EXIT_OK: it would; EXIT_RUN: it would not
 */
XL_MUST_USE enum exit_status follow_possible(struct follow *f);

/* Fields of status. */
void follow_report(const struct follow *f, struct report *r);

/*
 * Between follow.c, discover.c and carry.c.
 */

/* What a member is in, in a callback. */
static inline struct follow *follow_of(void *member, size_t offset)
{
	return (struct follow *)(void *)((char *)member - offset);
}

static inline uint64_t follow_earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Why things are as they are, half a sentence. */
const char *follow_reason(const struct follow *f);

/* Look, let everything act that is due, and set the timer. */
void follow_turn(struct follow *f, uint64_t now);

/* The prefix to use; length 0: none is known. */
struct pref64 follow_choose_pref64(struct follow *f, uint64_t now);

/* Ask routers and resolvers, as far as it is time. */
void follow_discover_due(struct follow *f, uint64_t now);

/* A router has advertised, a resolver has answered. */
void follow_router_heard(struct rasock *s, const struct ra_packet *p,
			 int ifindex);
void follow_option_heard(struct watch *w, const void *msg, size_t len);
void follow_resolver_heard(struct asksock *s, const void *msg, size_t len);

/* Is our IPv6 address the operator's? Then nothing is claimed. */
bool follow_is_given(const struct follow *f);

/* Is it the host's, too? */
bool follow_is_shared(const struct follow *f);

/* That address, or prefix. */
struct net6 follow_source(const struct follow *f);

/**
 * follow_carry_out() - carry out a set of enum life_action, in its order
 * @routed:	the IPv4 default route was there before
 */
void follow_carry_out(struct follow *f, unsigned int todo, bool routed,
		      uint64_t now);

/* Tell the life-cycle of an event, and carry out what comes of it. */
void follow_happened(struct follow *f, enum life_event e, uint64_t now);

/* Send what a claim to @addr has to say, and see what has become of it. */
void follow_step_claim(struct follow *f, enum life_slot slot,
		       const struct claim_step *step, struct addr6 addr,
		       uint64_t now);

/* Let the claims act whose time has come. */
void follow_claims_due(struct follow *f, uint64_t now);

/* Set all routes, some of which may be there. */
XL_MUST_USE enum exit_status follow_routes(struct follow *f);

/* Packets find their way between the device and the uplink. */
void follow_connect(struct follow *f);

/* The IPv4 default routes that there are anew: another MTU, or metric. */
void follow_reroute(struct follow *f);

/* Which of the addresses of 192.0.0.0/29, in the order of their use, it is. */
uint32_t follow_rank4(uint32_t addr4);

/* The metric that the IPv4 default route should have. */
uint32_t follow_metric(const struct follow *f);

/* What is configured of ours now; set of enum watch_ours. */
unsigned int follow_configured(const struct follow *f);

/* Look how packets to the translator leave. */
void follow_see_way(struct follow *f);

/* Put back what of ours is missing. */
void follow_restore(struct follow *f, unsigned int missing);

uint64_t follow_random64(void);

#endif
