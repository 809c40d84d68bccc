/* SPDX-License-Identifier: MIT */
/*
 * The life-cycle in virtual time. Beside the machine there is a model of the
 * world: it carries actions out in their order, and every rule of theirs that
 * is broken fails the test (I-1 to I-5 of the CLAT's requirements).
 */
#include "clat_help.h"

#include "clat/life.h"

static const struct addr6 none;

/**
 * struct world - the machine, the facts, and what its actions have made
 * @slot:	addresses that are answered for, by their /64
 */
struct world {
	struct life life;
	struct life_facts facts;
	uint64_t now;
	bool device;
	bool route;
	bool announced;
	struct addr6 slot[LIFE_SLOTS];
	struct pref64 told;
	const char *context;
};

static bool same(struct addr6 a, struct addr6 b)
{
	return addr6_equal(a, b);
}

static bool is_set(struct addr6 a)
{
	return !same(a, none);
}

static void drop(struct world *w, enum life_slot slot)
{
	/* I-1: the route never outlives the address behind it. */
	if (slot == LIFE_HELD)
		cr_assert_not(w->route, "%s", w->context);
	w->slot[slot] = none;
}

static void promote(struct world *w)
{
	cr_assert(is_set(w->slot[LIFE_TEST]), "%s", w->context);
	if (is_set(w->slot[LIFE_HELD])) {
		/* I-5: at most two, when the new one works. */
		cr_assert(!is_set(w->slot[LIFE_OLD]), "%s", w->context);
		w->slot[LIFE_OLD] = w->slot[LIFE_HELD];
	}
	w->slot[LIFE_HELD] = w->slot[LIFE_TEST];
	w->slot[LIFE_TEST] = none;
}

static void install(struct world *w)
{
	if (w->life.given)
		w->slot[LIFE_HELD] = w->facts.source;
	cr_assert(is_set(w->slot[LIFE_HELD]), "%s", w->context);
	w->device = w->route = true;
}

/* L-04, L-05: carry out in order. */
static void carry_out(struct world *w, unsigned int todo)
{
	w->announced = todo & LIFE_ANNOUNCE;
	if (todo & LIFE_UNROUTE)
		w->route = false;
	if (todo & LIFE_REMOVE) {
		cr_assert_not(w->route, "%s", w->context);
		w->device = false;
	}
	if (todo & LIFE_DROP_TEST)
		drop(w, LIFE_TEST);
	if (todo & LIFE_DROP_HELD)
		drop(w, LIFE_HELD);
	if (todo & LIFE_DROP_OLD)
		drop(w, LIFE_OLD);
	if (todo & LIFE_CLAIM) {
		cr_assert(!is_set(w->slot[LIFE_TEST]), "%s", w->context);
		/* RFC 4429: it is the address in use at once. */
		w->slot[LIFE_TEST] =
			w->life.net[todo & LIFE_PROMOTE ? LIFE_HELD
							: LIFE_TEST];
	}
	if (todo & LIFE_PROMOTE)
		promote(w);
	if (todo & LIFE_INSTALL)
		install(w);
	if (todo & LIFE_SWAP)
		w->told = w->facts.pref64;
}

static bool is_running(enum life_state s)
{
	return s == LIFE_UP || s == LIFE_MOVING;
}

static void check_slots(const struct world *w)
{
	for (unsigned int i = 0; i < LIFE_SLOTS; i++) {
		cr_assert(same(w->slot[i], w->life.net[i]), "%s: slot %u",
			  w->context, i);
		if (is_set(w->slot[i]) && !w->life.given)
			cr_assert(w->facts.alive[i], "%s: I-4, slot %u",
				  w->context, i);
	}
}

static void check_invariants(const struct world *w)
{
	const enum life_state s = w->life.state;
	const bool owns = s == LIFE_DAD || s == LIFE_PAUSED || is_running(s);

	cr_assert_lt(s, LIFE_STATE_COUNT, "%s", w->context);
	cr_assert_eq(w->route, is_running(s), "%s: I-1", w->context);
	if (w->route) {
		cr_assert(w->device && w->facts.pref64.len && w->facts.route6 &&
				  is_set(w->slot[LIFE_HELD]),
			  "%s: I-1", w->context);
		cr_assert(w->told.len == w->facts.pref64.len &&
				  same(w->told.prefix, w->facts.pref64.prefix),
			  "%s: told another prefix", w->context);
		cr_assert(w->life.force || !w->life.native4.value, "%s: I-1",
			  w->context);
	}
	if (!owns) {
		cr_assert_not(w->device, "%s: I-3", w->context);
		for (unsigned int i = 0; i < LIFE_SLOTS; i++)
			cr_assert(!is_set(w->slot[i]), "%s: I-3", w->context);
	}
	cr_assert_eq(s == LIFE_MOVING,
		     is_set(w->slot[LIFE_TEST]) && is_set(w->slot[LIFE_HELD]),
		     "%s", w->context);
	check_slots(w);
}

/* Prefixes that the world may have: 0 gone, 1 preferred, 2 deprecated. */
struct nets {
	int a, b;
};

static const struct addr6 net_a = { 0x20010db80000000a, 0 };
static const struct addr6 net_b = { 0x20010db80000000b, 0 };

static int state_of(struct nets n, struct addr6 net)
{
	return same(net, net_a) ? n.a : same(net, net_b) ? n.b : 0;
}

/* As source_choose() does: what is in use stays unless another is better. */
static void set_sources(struct world *w, struct nets n)
{
	const struct addr6 used = life_used(&w->life);
	struct addr6 best = none;

	if (n.a && (n.a == 1 || n.b != 1))
		best = net_a;
	else if (n.b)
		best = net_b;
	if (state_of(n, used) && state_of(n, used) <= state_of(n, best))
		best = used;
	w->facts.source = best;
	w->facts.deprecated = state_of(n, best) == 2;
	for (unsigned int i = 0; i < LIFE_SLOTS; i++)
		w->facts.alive[i] = state_of(n, w->life.net[i]);
}

static void facts_changed(struct world *w, struct nets n)
{
	set_sources(w, n);
	carry_out(w, life_changed(&w->life, &w->facts, w->now));
	/* New slots are in prefixes that exist. */
	set_sources(w, n);
	carry_out(w, life_changed(&w->life, &w->facts, w->now));
	check_invariants(w);
}

static void happened(struct world *w, enum life_event e, struct nets n)
{
	/* The address that is lost is not answered for any more. */
	if (e == LIFE_LOST_TEST)
		w->slot[LIFE_TEST] = none;
	if (e == LIFE_LOST_HELD && is_set(w->slot[LIFE_HELD]))
		w->slot[LIFE_HELD] = none;
	carry_out(w, life_happened(&w->life, e, w->now));
	facts_changed(w, n);
}

static void pass(struct world *w, uint64_t until, struct nets n)
{
	while (life_deadline(&w->life) <= until) {
		if (life_deadline(&w->life) > w->now)
			w->now = life_deadline(&w->life);
		carry_out(w, life_due(&w->life, w->now));
		facts_changed(w, n);
	}
	w->now = until;
}

static void set_fact(struct world *w, struct nets *n, const char *word)
{
	const int value = atoi(strchr(word, '=') + 1);

	if (!strncmp(word, "link=", 5))
		w->facts.link = value;
	else if (!strncmp(word, "v6=", 3))
		w->facts.route6 = value;
	else if (!strncmp(word, "native=", 7))
		w->facts.native4 = value;
	else if (!strncmp(word, "p64=", 4))
		w->facts.pref64 =
			(struct pref64){ { 0x20010db800640000 + (uint64_t)value,
					   0 },
					 value ? 96 : 0 };
	else if (!strncmp(word, "A=", 2))
		n->a = value;
	else if (!strncmp(word, "B=", 2))
		n->b = value;
	else
		cr_assert_fail("%s", word);
}

/* What an event of the traces means here. */
static void play(struct world *w, const char *event, struct nets n)
{
	facts_changed(w, n);
	if (!strcmp(event, "E15"))
		happened(w, LIFE_WON, n);
	else if (!strcmp(event, "E16") || !strcmp(event, "E17"))
		happened(w, LIFE_LOST_TEST, n);
	else if (!strcmp(event, "E19"))
		happened(w, LIFE_LOST_HELD, n);
	else if (!strcmp(event, "E33"))
		happened(w, LIFE_STOP, n);
	else if (!strcmp(event, "E26") || !strcmp(event, "E28") ||
		 !strcmp(event, "E27"))
		pass(w, w->now + 61 * SECOND, n);
	else if (!strcmp(event, "E02") || !strcmp(event, "E10"))
		pass(w, w->now + SECOND, n);
	else if (!strcmp(event, "E09"))
		pass(w, w->now + 3 * SECOND, n);
}

static const char *letter(struct addr6 net)
{
	return same(net, net_a) ? "A" : same(net, net_b) ? "B" : "-";
}

/* The traces' words: DAD is the claim, and its address is "the" address. */
static void expect_state(const struct world *w, const struct lines *l)
{
	static const char *const words[] = {
		"OFF",     "WAIT_ADDRESS", "DISCOVER",          "HOLD_NATIVE4",
		"DAD",     "UP",           "DEPRECATED_PREFIX", "PAUSED",
		"BACKOFF", "STOPPING",
	};
	const bool dad = w->life.state == LIFE_DAD;
	char got[128];
	char want[128];

	snprintf(got, sizeof(got), "%s %d %d %s %s %s", words[w->life.state],
		 w->route, w->device,
		 letter(w->slot[dad ? LIFE_TEST : LIFE_HELD]),
		 letter(dad ? none : w->slot[LIFE_TEST]),
		 letter(w->slot[LIFE_OLD]));
	snprintf(want, sizeof(want), "%s %s %s %s %s %s", l->words[3],
		 l->words[4], l->words[5], l->words[6], l->words[7],
		 l->words[8]);
	cr_assert_str_eq(got, want, "%s %s", l->words[0], l->words[2]);
}

/* E01 to E33 of the table, in 20 traces. */
Test(clat_life, traces)
{
	static struct lines l;
	struct world w;
	struct nets n;
	char trace[64] = "";
	unsigned int count = 0;

	lines_open(&l, "life");
	while (lines_next(&l)) {
		if (strcmp(trace, l.words[0])) {
			snprintf(trace, sizeof(trace), "%s", l.words[0]);
			w = (struct world){ .now = SECOND, .context = trace };
			life_init(&w.life, !strcmp(l.words[1], "force"), false);
			w.life.optimistic = !strcmp(l.words[1], "optimistic");
			n = (struct nets){ 0, 0 };
			count++;
		}
		for (unsigned int i = 9; i < l.count; i++)
			set_fact(&w, &n, l.words[i]);
		play(&w, l.words[2], n);
		expect_state(&w, &l);
	}
	cr_expect_eq(count, 20);
}

static struct world fresh(bool force, bool given, const char *context)
{
	struct world w = { .now = SECOND, .context = context };

	life_init(&w.life, force, given);
	return w;
}

/* Facts with which a CLAT runs. */
static void make_good(struct world *w)
{
	w->facts.link = w->facts.route6 = true;
	w->facts.native4 = false;
	w->facts.pref64 = (struct pref64){ { 0x0064ff9b00000000, 0 }, 96 };
}

static struct world up(void)
{
	const struct nets n = { 1, 0 };
	struct world w = fresh(false, false, "up");

	make_good(&w);
	facts_changed(&w, n);
	happened(&w, LIFE_WON, n);
	cr_assert_eq(w.life.state, LIFE_UP);
	return w;
}

/* L-03: the order in which facts become true does not matter. */
Test(clat_life, l_03_any_order)
{
	for (unsigned int order = 0; order < 256; order++) {
		struct world w = fresh(false, false, "order");
		struct nets n = { 0, 0 };
		bool done[4] = { false };

		for (unsigned int i = 0; i < 4; i++) {
			const unsigned int what = order >> (2 * i) & 3;

			done[what] = true;
			w.facts.link = done[0];
			w.facts.route6 = done[1];
			n.a = done[2];
			w.facts.pref64.len = done[3] ? 96 : 0;
			w.facts.pref64.prefix.hi =
				done[3] ? 0x64ff9bull << 32 : 0;
			facts_changed(&w, n);
		}
		if (done[0] && done[1] && done[2] && done[3])
			cr_expect_eq(w.life.state, LIFE_DAD, "%x", order);
	}
}

/* L-24: what is there at the start counts at once. */
Test(clat_life, l_24_native_at_start)
{
	struct world w = fresh(false, false, "start");

	make_good(&w);
	w.facts.native4 = true;
	facts_changed(&w, (struct nets){ 1, 0 });
	cr_expect_eq(w.life.state, LIFE_HOLD_NATIVE4);
}

/* L-27: native IPv4 that comes and goes every second changes nothing. */
Test(clat_life, l_27_no_flapping)
{
	const struct nets n = { 1, 0 };
	struct world w = up();

	for (unsigned int i = 0; i < 60; i++) {
		w.facts.native4 = i % 2;
		facts_changed(&w, n);
		pass(&w, w.now + SECOND, n);
		cr_assert_eq(w.life.state, LIFE_UP);
	}
}

/* T_LINK_DOWN: a short loss of carrier is answered by an announcement. */
Test(clat_life, e01_short_link_loss)
{
	const struct nets n = { 1, 0 };
	struct world w = up();

	w.facts.link = false;
	facts_changed(&w, n);
	pass(&w, w.now + SECOND / 2, n);
	w.facts.link = true;
	set_sources(&w, n);
	carry_out(&w, life_changed(&w.life, &w.facts, w.now));
	cr_expect(w.announced);
	cr_expect_eq(w.life.state, LIFE_UP);
}

/* After three addresses BACKOFF: 5 s, 10, 20 ... 300, and short again after ten
 * good minutes. */
Test(clat_life, c6877_41_backoff)
{
	static const uint64_t waits[] = { 5, 10, 20, 40, 80, 160, 300, 300 };
	const struct nets n = { 1, 0 };
	struct world w = fresh(false, false, "backoff");

	make_good(&w);
	facts_changed(&w, n);
	for (unsigned int i = 0; i < XL_COUNT(waits); i++) {
		for (unsigned int k = 0; k < 3; k++)
			happened(&w, LIFE_LOST_TEST, n);
		cr_assert_eq(w.life.state, LIFE_BACKOFF);
		cr_expect_eq(life_deadline(&w.life) - w.now, waits[i] * SECOND);
		pass(&w, life_deadline(&w.life), n);
		cr_assert_eq(w.life.state, LIFE_DAD);
	}
}

/* E16, E17 while it is used before it is certain: the route goes, the next
 * addresses are checked first, and after three there is BACKOFF. */
Test(clat_life, e16_e17_optimistic_conflict)
{
	const struct nets n = { 1, 0 };
	struct world w = fresh(false, false, "optimistic");

	w.life.optimistic = true;
	make_good(&w);
	facts_changed(&w, n);
	cr_assert_eq(w.life.state, LIFE_UP);
	cr_expect(life_happened(&w.life, LIFE_LOST_HELD, w.now) & LIFE_UNROUTE);
	w.slot[LIFE_HELD] = none;
	w.route = false;
	w.slot[LIFE_TEST] = net_a;
	facts_changed(&w, n);
	cr_assert_eq(w.life.state, LIFE_DAD);
	happened(&w, LIFE_LOST_TEST, n);
	cr_assert_eq(w.life.state, LIFE_DAD);
	happened(&w, LIFE_LOST_TEST, n);
	cr_assert_eq(w.life.state, LIFE_BACKOFF);
	pass(&w, life_deadline(&w.life), n);
	cr_assert_eq(w.life.state, LIFE_DAD, "doubt remains");
	happened(&w, LIFE_WON, n);
	cr_assert_eq(w.life.state, LIFE_UP);
}

/* E05: the next address is used at once; the route is put back behind it. */
Test(clat_life, e05_optimistic)
{
	struct world w = fresh(false, false, "optimistic");

	w.life.optimistic = true;
	make_good(&w);
	facts_changed(&w, (struct nets){ 1, 0 });
	facts_changed(&w, (struct nets){ 0, 1 });
	cr_assert_eq(w.life.state, LIFE_UP);
	cr_expect(same(w.life.net[LIFE_HELD], net_b));
}

/* C6877-09: an address of the operator's is not claimed. */
Test(clat_life, given_address)
{
	struct world w = fresh(false, true, "given");
	unsigned int todo;

	make_good(&w);
	w.facts.source = (struct addr6){ 0x20010db800ff0000, 1 };
	todo = life_changed(&w.life, &w.facts, w.now);
	cr_expect_eq(todo, LIFE_INSTALL | LIFE_SWAP);
	cr_expect_eq(w.life.state, LIFE_UP);
	carry_out(&w, todo);
	check_invariants(&w);
	cr_expect_eq(life_changed(&w.life, &w.facts, w.now), 0,
		     "L-08: no change, nothing to do");
}

/* xorshift: the walk is the same every time. */
static uint64_t next_random(uint64_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 7;
	*x ^= *x << 17;
	return *x;
}

static void random_step(struct world *w, struct nets *n, uint64_t r)
{
	switch (r % 12) {
	case 0:
		w->facts.link = r >> 8 & 3;
		break;
	case 1:
		w->facts.route6 = r >> 8 & 3;
		break;
	case 2:
		w->facts.native4 = !(r >> 8 & 3);
		break;
	case 3:
		w->facts.pref64.len = r >> 8 & 3 ? 96 : 0;
		w->facts.pref64.prefix.hi = r >> 8 & 3;
		break;
	case 4:
		n->a = (int)(r >> 8) % 3;
		break;
	case 5:
		n->b = (int)(r >> 8) % 3;
		break;
	case 6:
	case 7:
		happened(w, LIFE_WON, *n);
		break;
	case 8:
		happened(w, LIFE_LOST_TEST, *n);
		break;
	case 9:
		if (r >> 8 & 1)
			happened(w, LIFE_LOST_HELD, *n);
		break;
	default:
		pass(w, w->now + (r >> 8) % (1ull << (r >> 4 & 15) << 22), *n);
	}
	if (w->facts.pref64.len == 0)
		w->facts.pref64.prefix.hi = 0;
	facts_changed(w, *n);
}

/* Whatever happened: once the world stands still the wanted state is reached,
 * and a stop leaves nothing. */
static void settle_and_stop(struct world *w)
{
	const struct nets n = { 1, 0 };

	make_good(w);
	facts_changed(w, n);
	for (unsigned int i = 0; i < 1000 && w->life.state != LIFE_UP; i++) {
		happened(w, LIFE_WON, n);
		pass(w, w->now + SECOND, n);
	}
	cr_assert_eq(w->life.state, LIFE_UP, "it does not come up again");
	happened(w, LIFE_STOP, n);
	cr_assert_eq(w->life.state, LIFE_STOPPED);
	cr_assert_eq(life_deadline(&w->life), UINT64_MAX);
}

/* 100,000 events; never more than two addresses (I-5, ND-52). */
Test(clat_life, l_01_nd_52_random_walk)
{
	unsigned int visits[LIFE_STATE_COUNT] = { 0 };
	uint64_t seed = 0x9e3779b97f4a7c15;
	char context[64];

	for (unsigned int walk = 0; walk < 500; walk++) {
		struct world w = fresh(walk % 5 == 0, false, context);
		struct nets n = { 1, 0 };

		w.life.optimistic = walk & 1;
		make_good(&w);
		for (unsigned int i = 0; i < 200; i++) {
			snprintf(context, sizeof(context), "walk %u, step %u",
				 walk, i);
			random_step(&w, &n, next_random(&seed));
			visits[w.life.state]++;
		}
		settle_and_stop(&w);
		visits[w.life.state]++;
	}
	for (unsigned int s = 0; s < LIFE_STATE_COUNT; s++)
		cr_expect_gt(visits[s], 100, "state %u was not reached", s);
}

/* A world in each state, in the order of enum life_state. PAUSED is for want
 * of a PREF64, MOVING from net_a to net_b. */
static struct world in_state(enum life_state s, struct nets *n)
{
	struct world w = fresh(false, false, life_state_name(s));

	*n = (struct nets){ 1, 0 };
	make_good(&w);
	w.facts.link = s != LIFE_OFF;
	w.facts.route6 = s != LIFE_WAIT_ADDRESS;
	w.facts.native4 = s == LIFE_HOLD_NATIVE4;
	if (s == LIFE_DISCOVER)
		w.facts.pref64 = (struct pref64){ .len = 0 };
	facts_changed(&w, *n);
	for (unsigned int i = 0; i < 3 && s == LIFE_BACKOFF; i++)
		happened(&w, LIFE_LOST_TEST, *n);
	if (s == LIFE_UP || s == LIFE_MOVING || s == LIFE_PAUSED)
		happened(&w, LIFE_WON, *n);
	if (s == LIFE_MOVING)
		*n = (struct nets){ 2, 1 };
	if (s == LIFE_PAUSED)
		w.facts.pref64 = (struct pref64){ .len = 0 };
	facts_changed(&w, *n);
	if (s == LIFE_STOPPED)
		happened(&w, LIFE_STOP, *n);
	cr_assert_eq(w.life.state, s, "%s", w.context);
	return w;
}

/*
 * What becomes of each state, by the table of the requirements: the first
 * letter of Off, Wait, Discover, Hold, dAd, Up, Moving, Paused, Backoff,
 * Stopped; "=": it stays.
 */
static const char letters[] = "OWDHAUMPBS";

static const struct cell {
	const char *event;
	const char *next;
} cells[] = {
	/* of O W D H A U M P B S */
	{ "link=1", "A=========" },       { "link=0 E02", "=OOOOOOOO=" },
	{ "v6=1", "=A========" },         { "v6=0", "==WWWPP=W=" },
	{ "native=1 E09", "====HPP=H=" }, { "native=0 E10", "===A======" },
	{ "p64=1", "==A====U==" },        { "p64=2", "==A====U==" },
	{ "p64=0", "===DDPP=D=" },        { "A=0 B=0", "==WWWWWWW=" },
	{ "A=0 B=1", "=====AAD==" },      { "A=2 B=1", "=====M====" },
	{ "A=1 B=0", "======U===" },      { "E15", "====UUU===" },
	{ "E16", "==========" },          { "E19", "=====AAD==" },
	{ "E26", "=======DA=" },          { "E33", "SSSSSSSSSS" },
};

/* Every event in every state: 180 cells. */
Test(clat_life, l_01_table)
{
	for (size_t i = 0; i < XL_COUNT(cells); i++) {
		for (unsigned int s = 0; s < LIFE_STATE_COUNT; s++) {
			const char want = cells[i].next[s];
			struct nets n;
			struct world w = in_state((enum life_state)s, &n);
			char copy[32];

			snprintf(copy, sizeof(copy), "%s", cells[i].event);
			for (char *word = strtok(copy, " "); word;
			     word = strtok(NULL, " "))
				if (strchr(word, '='))
					set_fact(&w, &n, word);
				else
					play(&w, word, n);
			facts_changed(&w, n);
			cr_expect_eq(letters[w.life.state],
				     want == '=' ? letters[s] : want,
				     "%s in %s: %s", cells[i].event, w.context,
				     life_state_name(w.life.state));
		}
	}
}

/* Let the world stand still until nothing changes any more. */
static void stand_still(struct world *w, struct nets n)
{
	for (unsigned int i = 0; i < 100; i++) {
		happened(w, LIFE_WON, n);
		pass(w, w->now + 10 * SECOND, n);
	}
}

/* Whatever it has lived through: a restart leads to the same state. */
Test(clat_life, l_02_as_after_a_restart)
{
	uint64_t seed = 0x2545f4914f6cdd1d;
	unsigned int seen = 0;
	char context[64];

	for (unsigned int walk = 0; walk < 300; walk++) {
		struct world w = fresh(walk & 1, false, context);
		struct world again = w;
		struct nets n = { 1, 0 };

		make_good(&w);
		for (unsigned int i = 0; i < 40; i++) {
			snprintf(context, sizeof(context), "walk %u, step %u",
				 walk, i);
			random_step(&w, &n, next_random(&seed));
		}
		again.facts = w.facts;
		again.facts.source = none;
		facts_changed(&again, n);
		stand_still(&w, n);
		stand_still(&again, n);
		cr_expect_eq(w.life.state, again.life.state, "walk %u", walk);
		cr_expect_eq(w.route, again.route, "walk %u", walk);
		cr_expect_eq(w.device, again.device, "walk %u", walk);
		seen |= 1u << w.life.state;
	}
	cr_expect_eq(seen, 1 << LIFE_OFF | 1 << LIFE_WAIT_ADDRESS |
				   1 << LIFE_DISCOVER | 1 << LIFE_HOLD_NATIVE4 |
				   1 << LIFE_UP);
}

/* How long an address is kept: a minute when the CLAT pauses, and a minute
 * for late packets when there is a new one. */
Test(clat_life, c6877_91_a_minute)
{
	struct nets n;
	struct world w = in_state(LIFE_PAUSED, &n);
	const uint64_t paused = w.now;

	pass(&w, paused + 60 * SECOND - 1, n);
	cr_expect(is_set(w.slot[LIFE_HELD]));
	pass(&w, paused + 60 * SECOND, n);
	cr_expect_not(is_set(w.slot[LIFE_HELD]));

	w = in_state(LIFE_MOVING, &n);
	happened(&w, LIFE_WON, n);
	cr_expect(same(w.slot[LIFE_OLD], net_a));
	pass(&w, w.now + 60 * SECOND - 1, n);
	cr_expect(is_set(w.slot[LIFE_OLD]));
	pass(&w, w.now + 1, n);
	cr_expect_not(is_set(w.slot[LIFE_OLD]));
}
