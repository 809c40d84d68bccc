/* SPDX-License-Identifier: MIT */
/* What the RFCs leave open, and what is done instead of what they offer. */
#include "nat64_help.h"

/* Host number @i of as many subscribers. */
static struct seg nth(uint8_t proto, uint32_t i, uint16_t port, uint32_t remote)
{
	struct seg s = out6(proto, C1, port, remote, 80, SYN);

	s.a6.hi += i;
	return s;
}

/* Ports are not preserved: nothing tells the client's, though it is free, from
 * any other. 0 of 300 is expected, and 3 happen once in a billion runs. */
Test(nat64_choice, P60_02_ports_are_not_preserved)
{
	struct world *w = world_default();
	unsigned int same = 0;

	for (uint32_t i = 0; i < 300; i++)
		same += bind_port(w, nth(TCP_PROTO, i, (uint16_t)(40000 + i),
					 Z)) == 40000 + i;
	cr_expect_lt(same, 3, "%u", same);
	world_free(w);
}

/* Nor do two clients share a port, however different their destinations are. */
Test(nat64_choice, P78_04_ports_do_not_overlap)
{
	static const uint8_t protos[] = { UDP_PROTO, TCP_PROTO };

	for (unsigned int i = 0; i < XL_COUNT(protos); i++) {
		struct world *w = world_new();

		w->cfg.pool4[0] = (struct nat64_range){ T1, T1, 5000, 5000 };
		world_open(w);
		bind_port(w, nth(protos[i], 0, 4000, Z));
		send_seg(w, nth(protos[i], 1, 4000, W));
		expect_error(w, WHY_POOL_ADDRESSES, 1, 3);
		bind_port(w, nth(protos[i], 0, 4000, W));
		world_free(w);
	}
}

/* A segment with these flags and a sequence number from nowhere. */
static void send_forged(struct world *w, struct seg s, uint32_t sequence)
{
	uint8_t b[128];
	const size_t len = seg_write(b, &s);
	const size_t l4 = s.version == 4 ? 20 : 40;

	put32(b + l4 + 4, sequence);
	put16(b + l4 + 16, 0);
	put16(b + l4 + 16, l4_sum(b, len));
	send_raw(w, b, len);
}

static void expect_state(const struct world *w, const char *state, double life)
{
	struct nat64_session_view s;

	cr_assert(find_session(w, TCP_PROTO, Z, 80, &s));
	cr_expect_str_eq(s.state, state);
	expect_life(w, &s, life);
}

/* Sequence numbers are not tracked: any RST passes, and puts an end to the
 * session in four minutes unless either side goes on. */
Test(nat64_choice, N64_177_forged_reset)
{
	static const uint32_t sequences[] = { 0, 0x01020305, 0x90000000 };

	for (unsigned int i = 0; i < XL_COUNT(sequences); i++) {
		struct world *w = world_default();
		const uint16_t port = bind_port(w, tcp6(C1, 4000, Z, 80, SYN));

		send_seg(w, tcp4(Z, 80, T1, port, SYN | ACK));
		send_forged(w, tcp4(Z, 80, T1, port, RST), sequences[i]);
		expect_forward(w);
		expect_state(w, "TRANS", 240);
		wait_s(w, 200);
		send_seg(w, tcp6(C1, 4000, Z, 80, ACK));
		expect_forward(w);
		expect_state(w, "ESTABLISHED", 7200);
		world_free(w);
	}
}

/*
 * RFC 6056, algorithm 1: a random start, then the next free port. Of 64 ports
 * all but 10 and 50 are taken; a search that begins anywhere comes to 10 from
 * 24 of 64 places, and to 50 from 40. Were each try random (algorithm 2), it
 * would be half and half: of 4000, 1500 are expected with a standard deviation
 * of 31, or 2000.
 */
Test(nat64_choice, P60_05_random_start_then_the_next)
{
	struct world *w = world_new();
	struct nat64_static fixed[62];
	struct nat64_session_view s;
	uint32_t count = 0;
	unsigned int low = 0;

	w->cfg.pool4[0] = (struct nat64_range){ T1, T1, 2048, 2111 };
	for (uint16_t p = 0; p < 64; p++)
		if (p != 10 && p != 50)
			fixed[count++] = (struct nat64_static){
				.client = ip6(C2),
				.pool = T1,
				.client_port = (uint16_t)(p + 1),
				.pool_port = (uint16_t)(2048 + p),
				.proto = TCP_PROTO,
			};
	w->cfg.statics = fixed;
	w->cfg.static_count = count;
	world_open(w);
	for (unsigned int i = 0; i < 4000; i++) {
		uint32_t cursor = 0;

		low += bind_port(w, tcp6(C1, 4000, Z, 80, SYN)) == 2058;
		cr_assert(nat64_next_session(w->n, &cursor, &s));
		cr_assert(nat64_close(w->n, cursor, w->now));
	}
	cr_expect(low > 1380 && low < 1620, "%u", low);
	world_free(w);
}
