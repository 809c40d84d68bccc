/* SPDX-License-Identifier: MIT */
/*
 * life.h - the life-cycle of a CLAT
 *
 * The state follows from facts: whatever happens, the caller finds out how
 * the network is now and says so, and restarting in any situation leads to the
 * same state as having lived through it. What comes out is a set of actions.
 *
 *   state		meaning				address	device	route
 *   OFF		the uplink is down		no	no	no
 *   WAIT_ADDRESS	no /64, or no IPv6 route	no	no	no
 *   DISCOVER		no PREF64			no	no	no
 *   HOLD_NATIVE4	could run, but IPv4 is there	no	no	no
 *   DAD		an address is being claimed	testing	maybe	no
 *   UP			translating			yes	yes	yes
 *			(@optimistic: from the start of the claim)
 *   MOVING		UP, and a new address in a
 *			better /64 is being claimed	yes+	yes	yes
 *   PAUSED		was UP; a condition is lost, or
 *			native IPv4 came		yes	yes	no
 *   BACKOFF		no address could be had		no	no	no
 *   STOPPED		the end				no	no	no
 *
 * "Device" is what is configured on the TUN, "route" the IPv4 default route.
 *
 * PAUSED survives a router's short gap and lets sockets that are bound to our
 * IPv4 address drain; after a minute everything is taken down. Native IPv4 has
 * to be there for three seconds to count, and to be gone for one: a route that
 * comes and goes changes nothing.
 */
#ifndef XLAT_CLAT_LIFE_H
#define XLAT_CLAT_LIFE_H

#include "siit/pref64.h"

enum life_state {
	LIFE_OFF,
	LIFE_WAIT_ADDRESS,
	LIFE_DISCOVER,
	LIFE_HOLD_NATIVE4,
	LIFE_DAD,
	LIFE_UP,
	LIFE_MOVING,
	LIFE_PAUSED,
	LIFE_BACKOFF,
	LIFE_STOPPED,
	LIFE_STATE_COUNT
};

/* IPv6 addresses that there may be: ours, the one that is claimed, and the
 * one before ours, which late packets still arrive at. */
enum life_slot { LIFE_HELD, LIFE_TEST, LIFE_OLD, LIFE_SLOTS };

/*
 * What to do, lowest bit first: so the route goes before anything that it
 * needs, and comes after it.
 */
enum life_action {
	LIFE_UNROUTE = 1,   /* remove the IPv4 default route */
	LIFE_REMOVE = 2,    /* remove the device's configuration */
	LIFE_DROP_TEST = 4, /* stop answering for the address in the slot */
	LIFE_DROP_HELD = 8,
	LIFE_DROP_OLD = 16,
	LIFE_CLAIM = 32,    /* claim an address in @net[LIFE_TEST] */
	LIFE_PROMOTE = 64,  /* tested becomes held; held, if any, becomes old */
	LIFE_INSTALL = 128, /* what is missing; the IPv4 default route last */
	LIFE_SWAP = 256,    /* tell the translator its address and prefix */
	LIFE_ANNOUNCE = 512,
};

/**
 * struct life_facts - how the network is
 * @link:	the uplink is there and up
 * @route6:	there is an IPv6 default route over it
 * @native4:	there is a native IPv4 default route
 * @deprecated:	all addresses in @source are
 * @pref64:	the prefix to use; len 0: none
 * @source:	the /64 to make an address in (source.h, where life_used() is
 *		the one in use); zero: none
 * @alive:	the /64 in each slot can still be used
 */
struct life_facts {
	bool link;
	bool route6;
	bool native4;
	bool deprecated;
	struct pref64 pref64;
	struct addr6 source;
	bool alive[LIFE_SLOTS];
};

/* A fact that must last before it counts. */
struct life_steady {
	bool value;
	uint64_t flips; /* when it changes, ns; UINT64_MAX: it does not */
};

/**
 * struct life - one life; life_init() it
 * @force:	native IPv4 does not matter
 * @optimistic:	the caller's to set: an address is used while it is claimed,
 *		unless there is a reason to doubt that it is free, or another
 *		is in use; LIFE_CLAIM then comes with LIFE_PROMOTE
 * @given:	the address is the operator's: nothing is to be claimed
 * @installed:	the device is configured; @routed: so is the route
 * @net:	the /64 of each slot; zero: empty
 * @pref64:	the prefix that the translator has been told
 * @tries:	addresses lost since one was won
 * @up_since:	when UP was reached; 0: not since the last BACKOFF
 * @backoffs:	times that BACKOFF was entered; forgotten ten minutes after UP
 *		was reached
 * @pause_end, @backoff_end, @old_end: ns; UINT64_MAX: not running
 */
struct life {
	enum life_state state;
	bool force;
	bool optimistic;
	bool given;
	bool installed;
	bool routed;
	struct life_facts facts;
	struct life_steady link;
	struct life_steady native4;
	struct addr6 net[LIFE_SLOTS];
	struct pref64 pref64;
	uint32_t tries;
	uint32_t backoffs;
	uint64_t up_since;
	uint64_t pause_end;
	uint64_t backoff_end;
	uint64_t old_end;
};

/* Things that happen, beside facts that change. */
enum life_event {
	LIFE_WON,       /* the claimed address is ours */
	LIFE_LOST_TEST, /* the claimed address is somebody else's */
	LIFE_LOST_HELD, /* our address is, after all */
	LIFE_STOP,
};

void life_init(struct life *l, bool force, bool given);

/**
 * life_changed() - the facts, as they are now
 * life_happened() - something happened
 * life_due() - the time that life_deadline() said has come
 *
 * Return: a set of enum life_action
 */
XL_MUST_USE unsigned int life_changed(struct life *l,
				      const struct life_facts *f, uint64_t now);
XL_MUST_USE unsigned int life_happened(struct life *l, enum life_event e,
				       uint64_t now);
XL_MUST_USE unsigned int life_due(struct life *l, uint64_t now);

/* When life_due() is due, ns; UINT64_MAX: never. */
uint64_t life_deadline(const struct life *l);

/* The /64 that a better one has to beat; zero: none. */
struct addr6 life_used(const struct life *l);

const char *life_state_name(enum life_state s);

#endif
