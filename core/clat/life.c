/* SPDX-License-Identifier: MIT */
#include "clat/life.h"

#define SECOND       1000000000ull
#define LINK_DOWN    SECOND
#define NATIVE4_UP   (3 * SECOND)
#define NATIVE4_DOWN SECOND
#define PAUSE        (60 * SECOND)
#define OLD          (60 * SECOND)
#define BACKOFF      (5 * SECOND)
#define BACKOFF_LAST (300 * SECOND)
#define GOOD_RUN     (600 * SECOND) /* after which BACKOFF is short again */
#define TRIES        3u             /* IDGEN_RETRIES: RFC 7217, 7 */

static bool is_set(struct addr6 a)
{
	return a.hi | a.lo;
}

static const struct addr6 nothing;

void life_init(struct life *l, bool force, bool given)
{
	*l = (struct life){
		.force = force,
		.given = given,
		.link.flips = UINT64_MAX,
		.native4.flips = UINT64_MAX,
		.pause_end = UINT64_MAX,
		.backoff_end = UINT64_MAX,
		.old_end = UINT64_MAX,
	};
}

/* What the facts alone would make of us; UP stands for "run". */
static enum life_state target(const struct life *l)
{
	if (!l->link.value)
		return LIFE_OFF;
	if (!is_set(l->facts.source) || !l->facts.route6)
		return LIFE_WAIT_ADDRESS;
	if (!l->facts.pref64.len)
		return LIFE_DISCOVER;
	if (l->native4.value && !l->force)
		return LIFE_HOLD_NATIVE4;
	return LIFE_UP;
}

static unsigned int unroute(struct life *l)
{
	const unsigned int todo = l->routed ? LIFE_UNROUTE : 0;

	l->routed = false;
	return todo;
}

static unsigned int drop(struct life *l, enum life_slot slot)
{
	static const enum life_action actions[] = { LIFE_DROP_HELD,
						    LIFE_DROP_TEST,
						    LIFE_DROP_OLD };

	if (!is_set(l->net[slot]))
		return 0;
	l->net[slot] = nothing;
	if (slot == LIFE_OLD)
		l->old_end = UINT64_MAX;
	return actions[slot];
}

/* Take everything down and be in a state that owns nothing. */
static unsigned int leave(struct life *l, enum life_state to)
{
	unsigned int todo = unroute(l);

	if (l->installed)
		todo |= LIFE_REMOVE;
	l->installed = false;
	for (unsigned int slot = 0; slot < LIFE_SLOTS; slot++)
		todo |= drop(l, slot);
	l->pause_end = UINT64_MAX;
	l->state = to;
	return todo;
}

static unsigned int install(struct life *l, uint64_t now)
{
	l->installed = l->routed = true;
	l->pref64 = l->facts.pref64;
	l->pause_end = UINT64_MAX;
	if (l->state != LIFE_UP)
		l->up_since = now;
	l->state = LIFE_UP;
	return LIFE_INSTALL | LIFE_SWAP;
}

static unsigned int claim(struct life *l, enum life_state to, uint64_t now)
{
	if (l->given) {
		l->net[LIFE_HELD] = l->facts.source;
		return install(l, now);
	}
	l->state = to;
	if (to == LIFE_DAD && l->optimistic && !l->tries && !l->backoffs) {
		l->net[LIFE_HELD] = l->facts.source;
		return LIFE_CLAIM | LIFE_PROMOTE | install(l, now);
	}
	l->net[LIFE_TEST] = l->facts.source;
	return LIFE_CLAIM;
}

static unsigned int pause(struct life *l, uint64_t now)
{
	const unsigned int todo = unroute(l) | drop(l, LIFE_TEST);

	l->state = LIFE_PAUSED;
	l->pause_end = now + PAUSE;
	return todo;
}

static unsigned int back_off(struct life *l, uint64_t now)
{
	uint64_t wait = BACKOFF;

	if (l->up_since && now - l->up_since >= GOOD_RUN)
		l->backoffs = 0;
	l->up_since = 0;
	for (uint32_t i = 0; i < l->backoffs && wait < BACKOFF_LAST; i++)
		wait *= 2;
	l->backoffs++;
	l->tries = 0;
	l->backoff_end = now + (wait < BACKOFF_LAST ? wait : BACKOFF_LAST);
	return l->state == LIFE_MOVING ? 0 : leave(l, LIFE_BACKOFF);
}

/* Is there a /64 that is worth changing to? */
static bool better(const struct life *l, enum life_slot than)
{
	return !l->given && !l->facts.deprecated &&
	       l->backoff_end == UINT64_MAX && is_set(l->facts.source) &&
	       !addr6_equal(l->facts.source, l->net[than]);
}

static bool pref64_changed(const struct life *l)
{
	return l->facts.pref64.len != l->pref64.len ||
	       !addr6_equal(l->facts.pref64.prefix, l->pref64.prefix);
}

static unsigned int swap(struct life *l)
{
	if (!pref64_changed(l))
		return 0;
	l->pref64 = l->facts.pref64;
	return LIFE_SWAP;
}

/* OFF, WAIT_ADDRESS, DISCOVER, HOLD_NATIVE4, and BACKOFF when it is over. */
static unsigned int settle_idle(struct life *l, uint64_t now)
{
	l->state = target(l);
	return l->state == LIFE_UP ? claim(l, LIFE_DAD, now) : 0;
}

static unsigned int settle_dad(struct life *l, uint64_t now)
{
	unsigned int todo = 0;

	if (target(l) != LIFE_UP)
		return leave(l, target(l));
	if (better(l, LIFE_TEST))
		todo = drop(l, LIFE_TEST);
	if (!is_set(l->net[LIFE_TEST]))
		todo |= claim(l, LIFE_DAD, now);
	return todo;
}

static unsigned int settle_up(struct life *l, uint64_t now)
{
	const enum life_state want = target(l);

	if (want == LIFE_OFF)
		return leave(l, LIFE_OFF);
	if (!is_set(l->net[LIFE_HELD])) {
		l->state = LIFE_DAD;
		return unroute(l) | settle_dad(l, now);
	}
	if (want != LIFE_UP)
		return pause(l, now);
	if (l->state == LIFE_MOVING && !is_set(l->net[LIFE_TEST]))
		l->state = LIFE_UP;
	if (l->state == LIFE_UP && better(l, LIFE_HELD))
		return swap(l) | claim(l, LIFE_MOVING, now);
	return swap(l);
}

static unsigned int settle_paused(struct life *l, uint64_t now)
{
	const enum life_state want = target(l);

	if (want == LIFE_OFF)
		return leave(l, LIFE_OFF);
	if (!is_set(l->net[LIFE_HELD]) || l->pause_end <= now)
		return leave(l, want) | settle_idle(l, now);
	if (want == LIFE_UP)
		return install(l, now) | settle_up(l, now);
	return 0;
}

static unsigned int settle(struct life *l, uint64_t now)
{
	switch (l->state) {
	case LIFE_OFF:
	case LIFE_WAIT_ADDRESS:
	case LIFE_DISCOVER:
	case LIFE_HOLD_NATIVE4:
		return settle_idle(l, now);
	case LIFE_DAD:
		return settle_dad(l, now);
	case LIFE_UP:
	case LIFE_MOVING:
		return settle_up(l, now);
	case LIFE_PAUSED:
		return settle_paused(l, now);
	case LIFE_BACKOFF:
		if (target(l) != LIFE_UP || l->backoff_end == UINT64_MAX)
			return settle_idle(l, now);
		break;
	case LIFE_STOPPED:
	case LIFE_STATE_COUNT:
		break;
	}
	return 0;
}

/* Return: the value has changed. */
static bool steady(struct life_steady *s, bool value, uint64_t up,
		   uint64_t down, uint64_t now)
{
	if (value == s->value) {
		s->flips = UINT64_MAX;
		return false;
	}
	if (s->flips == UINT64_MAX)
		s->flips = now + (value ? up : down);
	if (s->flips > now)
		return false;
	s->value = value;
	s->flips = UINT64_MAX;
	return true;
}

static void steady_all(struct life *l, uint64_t now)
{
	/* At the start, and on another link, what is there counts at once. */
	if (l->state == LIFE_OFF)
		l->native4.value = l->facts.native4;
	(void)steady(&l->link, l->facts.link, 0, LINK_DOWN, now);
	(void)steady(&l->native4, l->facts.native4, NATIVE4_UP, NATIVE4_DOWN,
		     now);
}

static unsigned int drop_dead(struct life *l)
{
	unsigned int todo = 0;

	for (unsigned int slot = 0; !l->given && slot < LIFE_SLOTS; slot++)
		if (!l->facts.alive[slot])
			todo |= drop(l, slot);
	return todo;
}

unsigned int life_changed(struct life *l, const struct life_facts *f,
			  uint64_t now)
{
	const bool relinked = l->link.value && !l->facts.link && f->link;
	unsigned int todo;

	if (l->state == LIFE_STOPPED)
		return 0;
	l->facts = *f;
	steady_all(l, now);
	todo = drop_dead(l) | settle(l, now);
	if (relinked && is_set(l->net[LIFE_HELD]))
		todo |= LIFE_ANNOUNCE;
	return todo;
}

static unsigned int won(struct life *l, uint64_t now)
{
	unsigned int todo = LIFE_PROMOTE;

	if (!is_set(l->net[LIFE_TEST]))
		return 0;
	if (is_set(l->net[LIFE_HELD])) {
		todo |= drop(l, LIFE_OLD);
		l->net[LIFE_OLD] = l->net[LIFE_HELD];
		l->old_end = now + OLD;
	}
	l->net[LIFE_HELD] = l->net[LIFE_TEST];
	l->net[LIFE_TEST] = nothing;
	l->tries = 0;
	return todo | install(l, now);
}

static unsigned int lost_test(struct life *l, uint64_t now)
{
	unsigned int todo = 0;

	if (!is_set(l->net[LIFE_TEST]))
		return 0;
	l->net[LIFE_TEST] = nothing;
	if (++l->tries >= TRIES)
		todo = back_off(l, now);
	return todo | settle(l, now);
}

static unsigned int lost_held(struct life *l, uint64_t now)
{
	unsigned int todo = 0;

	if (!is_set(l->net[LIFE_HELD]))
		return 0;
	l->net[LIFE_HELD] = nothing;
	if (++l->tries >= TRIES)
		todo = back_off(l, now);
	return todo | settle(l, now);
}

unsigned int life_happened(struct life *l, enum life_event e, uint64_t now)
{
	if (l->state == LIFE_STOPPED)
		return 0;
	switch (e) {
	case LIFE_WON:
		return won(l, now);
	case LIFE_LOST_TEST:
		return lost_test(l, now);
	case LIFE_LOST_HELD:
		return lost_held(l, now);
	case LIFE_STOP:
		return leave(l, LIFE_STOPPED);
	}
	return 0;
}

unsigned int life_due(struct life *l, uint64_t now)
{
	unsigned int todo = 0;

	if (l->old_end <= now)
		todo |= drop(l, LIFE_OLD);
	if (l->backoff_end <= now)
		l->backoff_end = UINT64_MAX;
	steady_all(l, now);
	return todo | settle(l, now);
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

uint64_t life_deadline(const struct life *l)
{
	const uint64_t flips = earlier(l->link.flips, l->native4.flips);
	const uint64_t ends = earlier(l->backoff_end, l->old_end);

	if (l->state == LIFE_STOPPED)
		return UINT64_MAX;
	return earlier(flips, earlier(ends, l->pause_end));
}

struct addr6 life_used(const struct life *l)
{
	return l->net[l->state == LIFE_DAD ? LIFE_TEST : LIFE_HELD];
}

const char *life_state_name(enum life_state s)
{
	static const char *const names[] = {
		[LIFE_OFF] = "off",
		[LIFE_WAIT_ADDRESS] = "wait-address",
		[LIFE_DISCOVER] = "discover",
		[LIFE_HOLD_NATIVE4] = "hold-native4",
		[LIFE_DAD] = "claim",
		[LIFE_UP] = "up",
		[LIFE_MOVING] = "moving",
		[LIFE_PAUSED] = "paused",
		[LIFE_BACKOFF] = "backoff",
		[LIFE_STOPPED] = "stopped",
	};

	return names[s];
}
