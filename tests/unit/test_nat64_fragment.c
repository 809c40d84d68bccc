/* SPDX-License-Identifier: MIT */
/* Fragments of TCP and UDP in any order (RFC 6146, 3.4). */
#include "nat64_help.h"

#include "siit/ident.h"

#define PIECES 3
#define PIECE  1000u /* bytes of all but the last */

struct piece {
	uint8_t b[1600];
	size_t len;
};

static void piece_write(struct piece *p, const uint8_t *whole, size_t total,
			size_t off, size_t end, uint32_t id)
{
	p->len = fragment_write(p->b, whole, total, off, end, id);
}

/* A datagram of 3000 bytes in three pieces. */
static void split(struct piece p[PIECES], struct seg s, uint32_t id,
		  bool no_checksum)
{
	static uint8_t whole[4096];
	const size_t hdr = s.version == 4 ? 20 : 40;
	size_t total;

	s.len = 3000;
	total = seg_write(whole, &s);
	if (no_checksum)
		put16(whole + hdr + 6, 0);
	for (size_t i = 0; i < PIECES; i++)
		piece_write(&p[i], whole, total, i * PIECE,
			    i < PIECES - 1 ? (i + 1) * PIECE : total - hdr, id);
}

/* As world_default(), with Identifications. */
static struct world *world_ident(void)
{
	static struct ident ident;
	struct world *w = world_new();

	ident = (struct ident){ .key = { 11, 12 }, .next = { 5 } };
	w->cfg.tr.ident = &ident;
	world_open(w);
	return w;
}

static struct xlat_result send_piece(struct world *w, const struct piece *p)
{
	return send_raw(w, p->b, p->len);
}

/* Which of the expected pieces is in @p? Each may come once. */
static void tick_off(const struct world *w, const struct piece want[PIECES],
		     bool came[PIECES])
{
	for (size_t i = 0; i < PIECES; i++)
		if (!came[i] && want[i].len == w->p.len &&
		    memcmp(want[i].b, w->p.data, w->p.len) == 0) {
			came[i] = true;
			return;
		}
	cr_assert_fail("a packet of %u bytes that was not expected", w->p.len);
}

static unsigned int ident_of(const uint8_t *b)
{
	const uint8_t *id = b + (b[0] >> 4 == 6 ? 46 : 4);

	return (unsigned int)id[0] << 8 | id[1];
}

/* The first that comes out tells the Identification of all. */
static void adopt(struct piece want[PIECES], unsigned int id)
{
	for (size_t i = 0; i < PIECES; i++) {
		uint8_t *b = want[i].b;

		if (b[0] >> 4 == 6) {
			put32(b + 44, id);
			continue;
		}
		put16(b + 4, id);
		put16(b + 10, 0);
		put16(b + 10, sum_end(sum_of(b, 20, 0)));
	}
}

/* A piece came out. Those of a client get an Identification of ours, all the
 * same one. */
static void came_out(const struct world *w, const struct piece *sent,
		     struct piece want[PIECES], bool came[PIECES])
{
	if (sent->b[0] >> 4 == 6 && !came[0] && !came[1] && !came[2]) {
		cr_assert_neq(ident_of(w->p.data), ident_of(sent->b));
		adopt(want, ident_of(w->p.data));
	}
	tick_off(w, want, came);
}

/* Send them in this order; what comes out has to be @want, which learns the
 * Identification that we chose. */
static void pass(struct world *w, const struct piece sent[PIECES],
		 struct piece want[PIECES], const unsigned int *order)
{
	bool came[PIECES] = { false };

	for (size_t i = 0; i < PIECES; i++) {
		send_piece(w, &sent[order[i]]);
		if (w->r.verdict == XLAT_FORWARD)
			came_out(w, sent, want, came);
		else
			expect_drop(w, WHY_FRAGMENT_HELD);
		while (nat64_next_expiry(w->n) <= w->now) {
			world_buffer(w, 0);
			if (nat64_expire(w->n, w->now, &w->p, 16))
				came_out(w, sent, want, came);
		}
	}
	cr_assert(came[0] && came[1] && came[2]);
}

static const unsigned int orders[][PIECES] = {
	{ 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 },
	{ 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 },
};

/* What C1's port 4000 and Z's port 53 say to each other, on either side. */
static struct seg inside(uint8_t proto, bool outward)
{
	struct seg s = out6(proto, C1, 4000, Z, 53, ACK);

	if (!outward) {
		s.a6 = under_p(Z);
		s.b6 = ip6(C1);
		s.sport = 53;
		s.dport = 4000;
	}
	return s;
}

static struct seg outside(uint8_t proto, bool outward, uint16_t port)
{
	return outward ? in4(proto, T1, port, Z, 53, ACK)
		       : in4(proto, Z, 53, T1, port, ACK);
}

static void all_orders(uint8_t proto, bool outward)
{
	struct world *w = world_ident();
	const uint16_t port = bind_port(w, out6(proto, C1, 4000, Z, 53, SYN));
	struct piece in[PIECES];
	struct piece out[PIECES];
	struct seg six = inside(proto, outward);
	struct seg four = outside(proto, outward, port);

	(outward ? &four : &six)->ttl = 63;
	for (unsigned int i = 0; i < XL_COUNT(orders); i++) {
		const uint32_t id = 0x1230 + i;

		split(outward ? in : out, six, id, false);
		split(outward ? out : in, four, id, false);
		pass(w, in, out, orders[i]);
	}
	world_free(w);
}

Test(nat64_fragment, N64_025_N64_029_U47_14_udp_outward)
{
	all_orders(UDP_PROTO, true);
}

Test(nat64_fragment, N64_025_N64_029_udp_inward)
{
	all_orders(UDP_PROTO, false);
}

Test(nat64_fragment, N64_025_N64_029_tcp_outward)
{
	all_orders(TCP_PROTO, true);
}

Test(nat64_fragment, N64_025_N64_029_tcp_inward)
{
	all_orders(TCP_PROTO, false);
}

/* gather.h gives it one; what has not been there is refused. */
Test(nat64_fragment, N64_030_udp_without_checksum)
{
	struct world *w = world_default();
	const uint16_t port = bind_port(w, udp6(C1, 4000, Z, 53));
	struct piece in[PIECES];

	split(in, outside(UDP_PROTO, false, port), 7, true);
	send_piece(w, &in[1]);
	expect_drop(w, WHY_FRAGMENT_HELD);
	send_piece(w, &in[0]);
	cr_expect_eq(w->r.why, WHY_UDP_ZERO_CHECKSUM);
	cr_expect_neq(w->r.verdict, XLAT_FORWARD);
	send_piece(w, &in[2]);
	cr_expect_neq(w->r.verdict, XLAT_FORWARD);
	wait_s(w, 0);
	cr_assert_eq(w->built, 0);
	world_free(w);
}

/* The first fragment may open the session. */
Test(nat64_fragment, N64_025_new_session)
{
	struct world *w = world_default();
	struct piece in[PIECES];

	split(in, inside(UDP_PROTO, true), 7, false);
	send_piece(w, &in[1]);
	expect_drop(w, WHY_FRAGMENT_HELD);
	cr_assert_eq(session_count(w), 0);
	send_piece(w, &in[0]);
	expect_forward(w);
	cr_assert_eq(session_count(w), 1);
	wait_s(w, 0);
	cr_assert_eq(w->built, 1);
	send_piece(w, &in[2]);
	expect_forward(w);
	world_free(w);
}

Test(nat64_fragment, N64_027_time_between_fragments)
{
	struct world *w = world_default();
	struct piece in[PIECES];

	split(in, inside(UDP_PROTO, true), 7, false);
	send_piece(w, &in[0]);
	expect_forward(w);
	wait_s(w, 1.9);
	send_piece(w, &in[1]);
	expect_forward(w);
	split(in, inside(UDP_PROTO, true), 8, false);
	send_piece(w, &in[1]);
	expect_drop(w, WHY_FRAGMENT_HELD);
	wait_s(w, 1.9);
	send_piece(w, &in[0]);
	expect_forward(w);
	wait_s(w, 0);
	cr_assert_eq(w->built, 1);
	world_free(w);
}

Test(nat64_fragment, N64_027_storage_is_freed)
{
	struct world *w = world_default();
	struct piece in[PIECES];

	split(in, inside(UDP_PROTO, true), 7, false);
	send_piece(w, &in[1]);
	expect_drop(w, WHY_FRAGMENT_HELD);
	wait_s(w, 4);
	cr_assert_eq(nat64_next_expiry(w->n), UINT64_MAX);
	send_piece(w, &in[0]);
	expect_forward(w);
	wait_s(w, 0);
	cr_assert_eq(w->built, 0, "what came before is forgotten");
	world_free(w);
}

Test(nat64_fragment, N64_027_floor)
{
	struct world *w = world_new();

	w->cfg.timeout[NAT64_FRAGMENT] = 1;
	cr_assert_not_null(nat64_config_check(&w->cfg));
	world_free(w);
}

/* A flood of fragments that never become whole, from one subscriber and from
 * all over the Internet: it is bounded, others go on. */
Test(nat64_fragment, N64_026_U47_14_flood)
{
	struct world *w = world_ident();
	const uint16_t port = bind_port(w, udp6(C1, 4000, Z, 53));
	struct piece in[PIECES];
	struct piece out[PIECES];
	struct seg flood = out6(UDP_PROTO, C2, 1, Z, 53, 0);
	struct seg want = outside(UDP_PROTO, true, port);
	unsigned int held = 0;

	want.ttl = 63;
	for (uint32_t i = 0; i < 20000; i++) {
		split(in, flood, i, false);
		send_piece(w, &in[1]);
		held += w->r.why == WHY_FRAGMENT_HELD;
	}
	cr_assert(held > 0 && held < 1000, "%u held of one subscriber", held);
	split(in, inside(UDP_PROTO, true), 77, false);
	split(out, want, 77, false);
	pass(w, in, out, orders[5]);
	for (uint32_t i = 0; i < 20000; i++) {
		split(in, udp4(0x01000000 + i, 53, T1, port), i, false);
		send_piece(w, &in[1]);
		held += w->r.why == WHY_FRAGMENT_HELD;
	}
	cr_assert_leq(held, 1024, "all in all");
	split(in, inside(UDP_PROTO, true), 78, false);
	split(out, want, 78, false);
	pass(w, in, out, orders[0]);
	send_seg(w, udp4(Z, 53, T1, port));
	expect_forward(w);
	wait_s(w, 4);
	split(in, inside(UDP_PROTO, true), 79, false);
	split(out, want, 79, false);
	pass(w, in, out, orders[5]);
	world_free(w);
}

/* First fragments that nobody asked for leave no trace. */
Test(nat64_fragment, N64_026_refused_first_fragments)
{
	struct world *w = world_default();
	struct piece in[PIECES];

	bind_port(w, tcp6(C1, 4000, Z, 53, SYN));
	for (uint32_t i = 0; i < 10000; i++) {
		split(in, udp4(0x01000000 + i, 53, T1, 999), i, false);
		send_piece(w, &in[0]);
		expect_drop(w, WHY_NO_BINDING);
	}
	wait_s(w, 300);
	cr_assert_eq(nat64_next_expiry(w->n), UINT64_MAX);
	world_free(w);
}

Test(nat64_fragment, N64_031_overlap)
{
	static uint8_t whole[4096];
	struct world *w = world_default();
	struct piece in[PIECES];
	struct piece bad;
	struct seg s = inside(UDP_PROTO, true);
	size_t total;

	s.len = 3000;
	total = seg_write(whole, &s);
	split(in, s, 7, false);
	send_piece(w, &in[1]);
	expect_drop(w, WHY_FRAGMENT_HELD);
	piece_write(&bad, whole, total, 1992, 2992, 7);
	send_piece(w, &bad);
	expect_drop(w, WHY_FRAGMENT);
	send_piece(w, &in[0]);
	expect_drop(w, WHY_FRAGMENT);
	send_piece(w, &in[2]);
	expect_drop(w, WHY_FRAGMENT);
	wait_s(w, 0);
	cr_assert_eq(w->built, 0);
	cr_assert_eq(session_count(w), 0);
	world_free(w);
}

/* Pieces beyond the end, or behind a piece that is not a multiple of 8. */
Test(nat64_fragment, N64_031_contradictions)
{
	static uint8_t whole[4096];
	struct world *w = world_default();
	struct piece p;
	struct seg s = inside(UDP_PROTO, true);
	size_t total;

	s.len = 3000;
	total = seg_write(whole, &s);
	piece_write(&p, whole, total - 1008, 1000, 2000, 7);
	send_piece(w, &p); /* the last */
	expect_drop(w, WHY_FRAGMENT_HELD);
	piece_write(&p, whole, total, 2000, 3000, 7);
	send_piece(w, &p);
	expect_drop(w, WHY_FRAGMENT);
	piece_write(&p, whole, total, 1000, 1990, 8);
	send_piece(w, &p);
	expect_drop(w, WHY_FRAGMENT);
	world_free(w);
}

Test(nat64_fragment, N64_031_duplicates_are_ignored)
{
	struct world *w = world_default();
	struct piece in[PIECES];

	split(in, inside(UDP_PROTO, true), 7, false);
	send_piece(w, &in[1]);
	expect_drop(w, WHY_FRAGMENT_HELD);
	send_piece(w, &in[1]);
	expect_drop(w, WHY_FRAGMENT);
	send_piece(w, &in[0]);
	expect_forward(w);
	wait_s(w, 0);
	cr_assert_eq(w->built, 1);
	send_piece(w, &in[0]);
	expect_drop(w, WHY_FRAGMENT);
	send_piece(w, &in[2]);
	expect_forward(w);
	world_free(w);
}

/* RFC 6946: an atomic fragment has nothing to do with others. */
Test(nat64_fragment, N64_031_atomic_fragment)
{
	static uint8_t whole[4096];
	struct world *w = world_default();
	const struct seg s = inside(UDP_PROTO, true);
	struct piece in[PIECES];
	struct piece atomic;
	const size_t total = seg_write(whole, &s);

	split(in, s, 7, false);
	send_piece(w, &in[1]);
	expect_drop(w, WHY_FRAGMENT_HELD);
	piece_write(&atomic, whole, total, 0, total - 40, 7);
	send_piece(w, &atomic);
	expect_forward(w);
	wait_s(w, 0);
	cr_assert_eq(w->built, 0);
	send_piece(w, &in[0]);
	expect_forward(w);
	wait_s(w, 0);
	cr_assert_eq(w->built, 1);
	world_free(w);
}

Test(nat64_fragment, N64_028_tiny_first_fragment)
{
	static uint8_t whole[4096];
	struct world *w = world_default();
	struct seg s = inside(TCP_PROTO, true);
	struct piece p;

	s.len = 100;
	piece_write(&p, whole, seg_write(whole, &s), 0, 8, 7);
	send_piece(w, &p);
	expect_drop(w, WHY_TINY_FRAGMENT);
	world_free(w);
}

Test(nat64_fragment, N64_034_icmp)
{
	struct world *w = world_default();
	struct piece in[PIECES];

	split(in, ping6(C1, 7, Z), 7, false);
	send_piece(w, &in[0]);
	expect_drop(w, WHY_ICMP_FRAGMENT);
	send_piece(w, &in[1]);
	expect_drop(w, WHY_ICMP_FRAGMENT);
	world_free(w);
}

Test(nat64_fragment, N64_230_hairpin)
{
	struct world *w = world_ident();
	const uint16_t port1 = bind_port(w, udp6(C1, 4000, Z, 53));
	const uint16_t port2 = bind_port(w, udp6(C2, 5000, Z, 53));
	struct seg want = udp6(C2, port1, 0, 5000);
	struct piece in[PIECES];
	struct piece out[PIECES];

	want.b6 = want.a6;
	want.a6 = under_p(T1);
	want.ttl = 63;
	for (unsigned int i = 0; i < XL_COUNT(orders); i++) {
		split(in, udp6(C1, 4000, T1, port2), 7 + i, false);
		split(out, want, 7 + i, false);
		pass(w, in, out, orders[i]);
	}
	world_free(w);
}

/*
 * RFC 6864, 5.3.1: who gives one address to several hosts may not leave the
 * Identification as each of them chose it. Datagrams of two clients that have
 * the same low 16 bits, their pieces in turn: each has its own, and none is
 * what a whole packet of the time gets. (RFC 7915, 5.1.1 would copy the low 16
 * bits: siit and clat do, SIIT-233.)
 */
Test(nat64_fragment, N64_212_P78_11_clients_with_equal_identifications)
{
	struct world *w = world_ident();
	struct piece ann[PIECES];
	struct piece bob[PIECES];
	unsigned int id[3][PIECES];
	const unsigned int order[] = { 0, 2, 1 };

	split(ann, udp6(C1, 4000, Z, 53), 0x00011234, false);
	split(bob, udp6(C2, 4000, Z, 53), 0x00021234, false);
	for (unsigned int i = 0; i < PIECES; i++) {
		send_piece(w, &ann[order[i]]);
		cr_assert_eq(got_src(w), T1);
		id[0][i] = ident_of(w->p.data);
		send_piece(w, &bob[order[i]]);
		cr_assert_eq(got_src(w), T1);
		id[1][i] = ident_of(w->p.data);
		send_seg(w, udp6(C1, 4001, Z, 53));
		cr_assert_eq(got_src(w), T1);
		id[2][i] = ident_of(w->p.data);
	}
	for (unsigned int i = 1; i < PIECES; i++) {
		cr_expect_eq(id[0][i], id[0][0]);
		cr_expect_eq(id[1][i], id[1][0]);
	}
	cr_expect_neq(id[0][0], id[1][0]);
	for (unsigned int i = 0; i < PIECES; i++) {
		cr_expect_neq(id[2][i], id[0][0]);
		cr_expect_neq(id[2][i], id[1][0]);
	}
	world_free(w);
}

/* A packet that is whole, with a Fragment header, is one like all others. */
Test(nat64_fragment, N64_212_atomic_fragments)
{
	static uint8_t whole[4096];
	struct world *w = world_ident();
	struct piece atomic;
	unsigned int id[2];
	size_t total;

	for (unsigned int i = 0; i < 2; i++) {
		total = seg_write(whole, (struct seg[]){ udp6(i ? C1 : C2, 4000,
							      Z, 53) });
		piece_write(&atomic, whole, total, 0, total - 40, 0x1234);
		send_piece(w, &atomic);
		cr_assert_eq(got_src(w), T1);
		cr_assert_eq(w->p.data[6] & 0x40, 0, "DF");
		id[i] = ident_of(w->p.data);
		cr_expect_neq(id[i], 0x1234);
	}
	cr_expect_neq(id[0], id[1]);
	world_free(w);
}
