/* SPDX-License-Identifier: MIT */
/* When sessions end: not before their time, and not a second later; however
 * long that is, and however seldom anybody looks. */
#include "nat64_help.h"

#define FLOWS 300

/**
 * struct flow - what a session should be
 * @used:	ns; 0: there is none
 * @timeout:	seconds
 */
struct flow {
	uint64_t used;
	uint32_t timeout;
};

static struct seg packet_of(unsigned int i)
{
	const uint16_t port = (uint16_t)(2000 + i);

	return i % 2 ? udp6(C1, port, Z, 53) : ping6(C1, port, Z);
}

static uint32_t random_below(uint32_t n)
{
	static uint64_t state = 88172645463325252;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)((state >> 32) * n >> 32);
}

static void look(const struct world *w, bool there[FLOWS])
{
	uint32_t cursor = 0;
	struct nat64_session_view s;

	memset(there, 0, FLOWS * sizeof(*there));
	while (nat64_next_session(w->n, &cursor, &s))
		there[s.client_port - 2000] = true;
}

/* Compare; what has gone is forgotten. */
static void check(const struct world *w, struct flow flows[FLOWS])
{
	bool there[FLOWS];

	look(w, there);
	for (unsigned int i = 0; i < FLOWS; i++) {
		const double idle = (double)(w->now - flows[i].used) / SECOND;

		if (!flows[i].used) {
			cr_assert(!there[i], "%u rose from the dead", i);
			continue;
		}
		if (idle <= flows[i].timeout)
			cr_assert(there[i], "%u went after %f s", i, idle);
		if (idle > flows[i].timeout + 1)
			cr_assert(!there[i], "%u is there after %f s", i, idle);
		if (!there[i])
			flows[i].used = 0;
	}
}

/* Timeouts below and far above what the wheel holds; @step: seconds between
 * two looks at most. */
static void live_and_die(uint32_t udp, uint32_t icmp, uint32_t step)
{
	struct world *w = world_new();
	struct flow flows[FLOWS] = { { 0, 0 } };
	unsigned int ended = 0;

	w->cfg.timeout[NAT64_UDP] = udp;
	w->cfg.timeout[NAT64_ICMP] = icmp;
	world_open(w);
	for (int turn = 0; turn < 3000; turn++) {
		const unsigned int i = random_below(FLOWS);

		ended += flows[i].used == 0;
		send_seg(w, packet_of(i));
		expect_forward(w);
		flows[i] = (struct flow){ w->now, i % 2 ? udp : icmp };
		wait_s(w, random_below(step * 1000) / 1000.0);
		check(w, flows);
	}
	cr_assert(ended > FLOWS + 100, "only %u began", ended);
	wait_s(w, udp + icmp + 1);
	cr_expect_eq(session_count(w), 0);
	cr_expect_eq(nat64_next_expiry(w->n), UINT64_MAX);
	world_free(w);
}

Test(nat64_wheel, each_session_has_its_time)
{
	live_and_die(300, 60, 4);
}

Test(nat64_wheel, times_longer_than_the_wheel)
{
	live_and_die(5000, 1100, 40);
}

Test(nat64_wheel, looks_far_apart)
{
	live_and_die(7000, 1023, 3000);
}

/* One connection in a quiet night, long after the machine's start, is looked
 * at a few times and not each second. */
Test(nat64_wheel, the_idle_are_left_alone)
{
	struct world *w = world_new();
	const uint16_t port = 4001;
	unsigned int looks = 0;
	uint64_t begin;

	w->now = 400 * 86400 * SECOND;
	world_open(w);
	send_seg(w, tcp6(C1, port, Z, 80, SYN));
	send_seg(w, tcp4(Z, 80, T1, got_port(w), SYN | ACK));
	expect_forward(w);
	begin = w->now;
	while (!w->built) {
		world_buffer(w, 0);
		w->now = nat64_next_expiry(w->n);
		w->built += nat64_expire(w->n, w->now, &w->p, 16);
		looks++;
	}
	cr_expect_eq(w->now / SECOND, begin / SECOND + 7200 + 1);
	cr_expect_leq(looks, 10);
	world_free(w);
}

/* A connection that was long established, and is reset, has the transitory
 * time from then on, wherever the wheel had it (RFC 6146, 3.5.2.2). */
Test(nat64_wheel, a_shorter_time_counts_at_once)
{
	struct world *w = world_default();
	uint16_t port;

	send_seg(w, tcp6(C1, 4001, Z, 80, SYN));
	port = got_port(w);
	for (int i = 0; i < 5; i++) {
		send_seg(w, tcp4(Z, 80, T1, port, i ? ACK : SYN | ACK));
		expect_forward(w);
		wait_s(w, 500);
	}
	send_seg(w, tcp4(Z, 80, T1, port, RST));
	wait_s(w, 240);
	cr_expect(has_session(w, TCP_PROTO, Z, 80));
	wait_s(w, 1);
	cr_expect_not(has_session(w, TCP_PROTO, Z, 80));
	world_free(w);
}
