/* SPDX-License-Identifier: MIT */
/* Fragments that are translated together: ICMP (RFC 7915, 1.2), and UDP
 * without checksum (RFC 7915, 4.5; RFC 6146, 3.4). */
#include <stdlib.h>

#include "siit/gather.h"
#include "siit_make.h"

#define PIECES 3
#define PIECE  1000u /* bytes of all but the last */
#define START  5000000000ull
#define LIMIT  2000000000ull

static struct gather g;
static struct bench b;
static struct made whole;
static struct made piece[PIECES];

/* What has come out in the end, by fragment offset. */
static uint8_t *out[BENCH_OUT_MAX];
static size_t out_len[BENCH_OUT_MAX];
static size_t out_count;

static void set_up(void)
{
	bench_init(&b);
	g.udp = true;
	g.limit = LIMIT;
}

static void forget(void)
{
	while (out_count)
		free(out[--out_count]);
}

static void tear_down(void)
{
	bench_clear(&b);
	forget();
}

TestSuite(siit_gather, .init = set_up, .fini = tear_down);

static unsigned int offset_of(const uint8_t *packet, size_t len)
{
	struct wire w;

	cr_assert_null(wire_parse(&w, packet, len));
	return w.off;
}

static void keep(const uint8_t *packet, size_t len)
{
	const unsigned int off = offset_of(packet, len);
	size_t i = out_count++;

	for (; i && offset_of(out[i - 1], out_len[i - 1]) > off; i--) {
		out[i] = out[i - 1];
		out_len[i] = out_len[i - 1];
	}
	out[i] = malloc(len);
	memcpy(out[i], packet, len);
	out_len[i] = len;
}

static void translate(const uint8_t *data, size_t len)
{
	bench_put(&b, data, len);
	cr_assert_eq(b.r.verdict, XLAT_FORWARD, "%s", xlat_why_name(b.r.why));
	for (size_t i = 0; i < b.count; i++)
		keep(b.packet[i], b.len[i]);
}

/* Put a packet in; what comes out of it, and through it, is translated. */
static enum xlat_why put(const struct made *m, uint64_t now)
{
	uint8_t *buf = malloc(PKT_HEADROOM + m->len);
	struct pkt ready;
	struct pkt p = { .data = buf + PKT_HEADROOM,
			 .len = (uint32_t)m->len,
			 .headroom = PKT_HEADROOM };
	enum xlat_why why;

	memcpy(p.data, m->b, m->len);
	why = gather_add(&g, &p, &ready, now);
	if (ready.len)
		translate(ready.data, ready.len);
	if (!why)
		translate(p.data, p.len);
	free(buf);
	return why;
}

/* Bytes [@off, @end) of what @whole carries, as a fragment of it. */
static void cut4(struct made *m, size_t off, size_t end, unsigned int id)
{
	make4(m,
	      (struct make4){ .proto = whole.b[9],
			      .id = id,
			      .off = (unsigned int)off,
			      .mf = end < whole.len - 20 },
	      whole.b + 20 + off, end - off);
}

static void cut6(struct made *m, size_t off, size_t end, unsigned int id)
{
	char ext[17];

	snprintf(ext, sizeof(ext), "%02x00%04x%08x", whole.b[6],
		 (unsigned int)off | (end < whole.len - 40), id);
	make6(m, (struct make6){ .next = 44, .ext = ext }, whole.b + 40 + off,
	      end - off);
}

static void split(unsigned int id)
{
	const bool v6 = whole.b[0] >> 4 == 6;
	const size_t total = whole.len - (v6 ? 40 : 20);
	size_t end;

	for (size_t i = 0; i < PIECES; i++) {
		end = i < PIECES - 1 ? (i + 1) * PIECE : total;
		if (v6)
			cut6(&piece[i], i * PIECE, end, id);
		else
			cut4(&piece[i], i * PIECE, end, id);
	}
}

/* A UDP datagram of 2500 bytes without checksum. */
static void make_zero(unsigned int id)
{
	make4_udp(&whole, (struct make4){ 0 }, 2500);
	be_put16(whole.b + 26, 0);
	split(id);
}

/* What has come out is one datagram as its receiver wants it: all checksums,
 * and the same data as @whole from @skip bytes of transport on. */
static void expect_datagram(size_t skip)
{
	static uint8_t data[65536];
	static uint8_t packet[65600];
	const size_t from = whole.b[0] >> 4 == 6 ? 40 : 20;
	const size_t hdr = out[0][0] >> 4 == 6 ? 40 : 20;
	const char *fault;
	size_t n = out_len[0] - hdr;

	cr_assert(out_count);
	memcpy(packet, out[0], out_len[0]);
	if (out_count > 1) {
		fault = wire_reassemble((const uint8_t *const *)out, out_len,
					out_count, hdr == 40 ? 1280 : 1500,
					data, &n);
		cr_assert_null(fault, "%s", fault);
		memcpy(packet + hdr, data, n);
		if (hdr == 40) {
			packet[6] = out[0][40];
			be_put16(packet + 4, (uint16_t)n);
		} else {
			be_put16(packet + 2, (uint16_t)(20 + n));
			be_put16(packet + 6, 0);
			be_put16(packet + 10, 0);
			be_put16(packet + 10, (uint16_t)~wire_sum(packet, 20));
		}
	}
	fault = wire_fault(packet, hdr + n, false);
	cr_expect_null(fault, "%s", fault);
	cr_assert_eq(n, whole.len - from);
	cr_expect_arr_eq(packet + hdr + skip, whole.b + from + skip, n - skip);
}

static const unsigned int orders[][PIECES] = {
	{ 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 },
	{ 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 },
};

/* Only the first fragment waits: the others pass when they come. */
Test(siit_gather, SIIT_076_N64_030_checksum_over_fragments_in_any_order)
{
	enum xlat_why why;
	bool last;

	for (size_t o = 0; o < XL_COUNT(orders); o++) {
		make_zero((unsigned int)o + 1);
		for (size_t i = 0; i < PIECES; i++) {
			why = put(&piece[orders[o][i]], START);
			last = i == PIECES - 1;
			cr_expect_eq(why, orders[o][i] == 0 && !last
						  ? WHY_FRAGMENT_HELD
						  : WHY_NONE);
		}
		cr_expect_neq(be_get16(whole.b + 24), 0);
		expect_datagram(8);
		forget();
	}
}

Test(siit_gather, SIIT_076_the_sum_may_come_out_as_zero)
{
	uint16_t sum;

	make4_udp(&whole, (struct make4){ 0 }, 2500);
	/* What lacks to make the sum of all 0xffff, as the last two bytes. */
	be_put16(whole.b + whole.len - 2, 0);
	be_put16(whole.b + 26, 0);
	sum = wire_transport_sum(&(struct wire){ .b = whole.b,
						 .len = whole.len,
						 .l4 = 20,
						 .l4_len = whole.len - 20,
						 .version = 4,
						 .proto = 17 });
	be_put16(whole.b + whole.len - 2, (uint16_t)~sum);
	split(1);
	for (size_t i = 0; i < PIECES; i++)
		(void)put(&piece[i], START);
	expect_datagram(8);
}

Test(siit_gather, SIIT_009_a_datagram_with_checksum_never_waits)
{
	for (size_t o = 0; o < XL_COUNT(orders); o++) {
		make4_udp(&whole, (struct make4){ 0 }, 2500);
		split(1);
		for (size_t i = 0; i < PIECES; i++)
			cr_expect_eq(put(&piece[orders[o][i]], START),
				     WHY_NONE);
		expect_datagram(8);
		forget();
	}
}

Test(siit_gather, SIIT_072_other_modes_are_the_translators)
{
	make_zero(1);
	g.udp = false;
	b.s.tr.udp_zero = UDP_ZERO_FORWARD;
	for (size_t i = 0; i < PIECES; i++)
		cr_expect_eq(put(&piece[i], START), WHY_NONE);
}

Test(siit_gather, SIIT_105_echo_in_fragments)
{
	for (size_t o = 0; o < XL_COUNT(orders); o++) {
		make4_echo(&whole, (struct make4){ 0 }, o & 1, 2500);
		split((unsigned int)o + 1);
		for (size_t i = 0; i < PIECES; i++) {
			cr_expect_eq(out_count, 0);
			cr_expect_eq(put(&piece[orders[o][i]], START),
				     WHY_FRAGMENT_HELD);
		}
		expect_datagram(4);
		cr_expect_eq(out[0][48], o & 1 ? 129 : 128);
		cr_expect_eq(be_get32(out[0] + 44), o + 1, "Identification");
		forget();
	}
}

Test(siit_gather, SIIT_239_echo_in_fragments)
{
	for (size_t o = 0; o < XL_COUNT(orders); o++) {
		make6_echo(&whole, (struct make6){ 0 }, o & 1, 2500);
		split(0xabcd0001u + (unsigned int)o);
		for (size_t i = 0; i < PIECES; i++) {
			cr_expect_eq(out_count, 0);
			cr_expect_eq(put(&piece[orders[o][i]], START),
				     WHY_FRAGMENT_HELD);
		}
		expect_datagram(4);
		cr_expect_eq(out[0][20], o & 1 ? 0 : 8);
		cr_expect_eq(be_get16(out[0] + 4), o + 1, "Identification");
		forget();
	}
}

/* The longest ping: 65507 bytes of data. */
Test(siit_gather, SIIT_105_longest_echo)
{
	size_t end;

	make4_echo(&whole, (struct make4){ 0 }, false, 65507);
	for (size_t off = 0; off < 65515; off = end) {
		end = off + 1480 < 65515 ? off + 1480 : 65515;
		cut4(&piece[0], off, end, 9);
		cr_expect_eq(put(&piece[0], START), WHY_FRAGMENT_HELD);
	}
	expect_datagram(4);
}

Test(siit_gather, SIIT_520_longer_than_ipv4_can_be)
{
	static const uint8_t data[16] = { 0 };

	make4(&piece[0], (struct make4){ .proto = 1, .off = 65504 }, data, 16);
	cr_expect_eq(put(&piece[0], START), WHY_BAD_FRAGMENT);
	make4(&piece[0], (struct make4){ .proto = 1, .off = 65504 }, data, 11);
	cr_expect_eq(put(&piece[0], START), WHY_FRAGMENT_HELD);
}

/* A source route is refused by the translator, and must not get lost. */
Test(siit_gather, SIIT_033_source_route_of_a_fragment)
{
	make4_echo(&whole, (struct make4){ 0 }, false, 2500);
	make4(&piece[0],
	      (struct make4){
		      .proto = 1, .mf = true, .opt = "830704c000020100" },
	      whole.b + 20, PIECE);
	bench_put(&b, piece[0].b, piece[0].len);
	cr_expect_eq(b.r.why, WHY_SOURCE_ROUTE);
	g.kept[0].used = false;
	{
		uint8_t buf[2000];
		struct pkt p = { .data = buf, .len = (uint32_t)piece[0].len };
		struct pkt ready;

		memcpy(buf, piece[0].b, piece[0].len);
		cr_expect_eq(gather_add(&g, &p, &ready, START), WHY_NONE);
		cr_expect_eq(ready.len, 0);
	}
	cr_expect_not(g.kept[0].used);
}

Test(siit_gather, SIIT_105_fragments_come_within_two_seconds)
{
	const uint64_t late[] = { LIMIT, LIMIT + 1 };

	for (size_t i = 0; i < 2; i++) {
		make4_echo(&whole, (struct make4){ 0 }, false, 2500);
		split((unsigned int)i);
		(void)put(&piece[0], START);
		(void)put(&piece[1], START + 5);
		(void)put(&piece[2], START + late[i]);
		cr_expect_eq(out_count > 0, i == 0);
		forget();
	}
}

Test(siit_gather, SIIT_076_fragments_come_within_two_seconds)
{
	const uint64_t late[] = { LIMIT, LIMIT + 1 };

	for (size_t i = 0; i < 2; i++) {
		make_zero((unsigned int)i);
		(void)put(&piece[0], START);
		(void)put(&piece[1], START + 5);
		(void)put(&piece[2], START + late[i]);
		cr_expect_eq(out_count, i == 0 ? 3 : 2);
		forget();
	}
}

/* RFC 5722: nothing of a datagram whose fragments overlap. */
Test(siit_gather, SIIT_105_overlap_and_repetition)
{
	struct made other;

	make4_echo(&whole, (struct make4){ 0 }, false, 2500);
	split(1);
	(void)put(&piece[0], START);
	cr_expect_eq(put(&piece[0], START), WHY_FRAGMENT);
	(void)put(&piece[1], START);
	(void)put(&piece[2], START);
	expect_datagram(4);
	forget();

	split(2);
	cut4(&other, 904, 1904, 2);
	(void)put(&piece[0], START);
	cr_expect_eq(put(&other, START), WHY_FRAGMENT);
	cr_expect_eq(put(&piece[1], START), WHY_FRAGMENT);
	cr_expect_eq(put(&piece[2], START), WHY_FRAGMENT);
	cr_expect_eq(out_count, 0);
}

/* A fragment of an echo, by itself. */
static enum xlat_why put_part(unsigned int id, unsigned int off, size_t len,
			      bool last)
{
	static const uint8_t data[1000];
	struct made m;

	make4(&m,
	      (struct make4){ .proto = 1, .id = id, .off = off, .mf = !last },
	      data, len);
	return put(&m, START);
}

/* Neither may come behind the end, nor the end before what has come. */
Test(siit_gather, SIIT_105_an_end_is_the_end)
{
	cr_expect_eq(put_part(1, 1000, 104, true), WHY_FRAGMENT_HELD);
	cr_expect_eq(put_part(1, 2000, 104, false), WHY_FRAGMENT);
	cr_expect_eq(put_part(1, 0, 1000, false), WHY_FRAGMENT, "it is dead");

	cr_expect_eq(put_part(2, 2000, 104, false), WHY_FRAGMENT_HELD);
	cr_expect_eq(put_part(2, 1000, 104, true), WHY_FRAGMENT);

	cr_expect_eq(put_part(3, 1000, 104, true), WHY_FRAGMENT_HELD);
	cr_expect_eq(put_part(3, 2000, 104, true), WHY_FRAGMENT);
	cr_expect_eq(out_count, 0);
}

Test(siit_gather, SIIT_076_overlap_and_repetition)
{
	struct made other;

	make_zero(1);
	(void)put(&piece[0], START);
	cr_expect_eq(put(&piece[0], START), WHY_FRAGMENT);
	(void)put(&piece[1], START);
	(void)put(&piece[2], START);
	expect_datagram(8);
	forget();

	/* The checksum would be one of data that nobody has. */
	split(2);
	cut4(&other, 904, 1904, 2);
	(void)put(&other, START);
	cr_expect_eq(put(&piece[0], START), WHY_FRAGMENT);
	(void)put(&piece[1], START);
	(void)put(&piece[2], START);
	for (size_t i = 0; i < out_count; i++)
		cr_expect_neq(be_get16(out[i] + 42) & 0xfff8, 0);
}

/* A lone fragment, the @nth of a flood from sender 10.@sender. */
static void flood(unsigned int proto, unsigned int sender, unsigned int nth)
{
	static const uint8_t data[64] = { 8 };
	static struct made m;
	char src[24];

	snprintf(src, sizeof(src), "11.%u.%u.1", sender >> 8, sender & 255);
	make4(&m,
	      (struct make4){ .proto = proto,
			      .src = src,
			      .id = nth,
			      .off = proto == 17 ? 64 : 0,
			      .mf = true },
	      data, 64);
	(void)put(&m, START + nth);
	forget();
}

Test(siit_gather, SIIT_520_one_senders_flood_harms_nobody_else)
{
	make4_echo(&whole, (struct make4){ 0 }, false, 2500);
	split(1);
	(void)put(&piece[0], START);
	for (unsigned int i = 0; i < 10000; i++)
		flood(1, 1, i);
	(void)put(&piece[1], START);
	(void)put(&piece[2], START);
	expect_datagram(4);
}

/* From many senders: what comes within the time of 32 others still passes, and
 * later fragments of UDP do not count. */
Test(siit_gather, SIIT_520_flood_of_many_senders)
{
	make_zero(1);
	(void)put(&piece[0], START);
	for (unsigned int i = 0; i < GATHER_KEPT - 1; i++)
		flood(1, i, i);
	for (unsigned int i = 0; i < 1000; i++)
		flood(17, i, i);
	(void)put(&piece[1], START);
	(void)put(&piece[2], START);
	expect_datagram(8);
	forget();

	split(2);
	(void)put(&piece[0], START);
	for (unsigned int i = 0; i < GATHER_KEPT; i++)
		flood(1, i, 2000 + i);
	(void)put(&piece[1], START);
	(void)put(&piece[2], START);
	cr_expect_eq(out_count, 2, "the oldest goes");
}
