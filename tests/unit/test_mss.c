/* SPDX-License-Identifier: MIT */
/* What TCP hosts announce is lowered (--mss-clamp), and nothing else changes:
 * options as RFC 9293, 3.1 and 3.2 has them, whole and damaged. */
#include "nat64_help.h"

/* Options before and behind; where @out is NULL nothing may change. */
static const struct {
	const char *name;
	const char *in;
	const char *out;
	size_t len;
} rows[] = {
	{ "too large", "\2\4\5\264", "\2\4\4\260", 4 },
	{ "just one too large", "\2\4\4\261", "\2\4\4\260", 4 },
	{ "fits", "\2\4\4\260", NULL, 4 },
	{ "smaller", "\2\4\2\30", NULL, 4 },
	{ "the largest there is", "\2\4\377\377", "\2\4\4\260", 4 },
	{ "zero", "\2\4\0\0", NULL, 4 },
	/* Linux: MSS, SACK permitted, timestamps, NOP, window scale */
	{ "among others", "\2\4\5\264\4\2\10\12\1\2\3\4\0\0\0\0\1\3\3\7",
	  "\2\4\4\260\4\2\10\12\1\2\3\4\0\0\0\0\1\3\3\7", 20 },
	{ "behind others", "\4\2\1\1\2\4\5\264", "\4\2\1\1\2\4\4\260", 8 },
	{ "at an odd place", "\1\2\4\5\264\1\1\0", "\1\2\4\4\260\1\1\0", 8 },
	{ "twice, once at an odd place", "\2\4\5\264\1\2\4\5\264\1\1\1",
	  "\2\4\4\260\1\2\4\4\260\1\1\1", 12 },
	{ "unknown option before it", "\376\4\2\4\2\4\5\264",
	  "\376\4\2\4\2\4\4\260", 8 },
	{ "not there", "\1\1\4\2", NULL, 4 },
	{ "none", "", NULL, 0 },
	{ "behind the end of the list", "\0\0\0\0\2\4\5\264", NULL, 8 },
	{ "an option without length", "\1\1\1\2", NULL, 4 },
	{ "length 0", "\5\0\2\4\5\264\1\1", NULL, 8 },
	{ "length 1", "\5\1\2\4\5\264\1\1", NULL, 8 },
	{ "an option beyond the header", "\5\11\2\4\5\264\1\1", NULL, 8 },
	{ "an MSS beyond the header", "\1\2\4\5", NULL, 4 },
	{ "an MSS of 3 bytes", "\2\3\5\1", NULL, 4 },
	{ "an MSS of 6 bytes", "\2\6\5\264\5\264\1\1", NULL, 8 },
};

#define LIMIT 1200u /* 0x04b0 */

/* A segment with options, and with @data bytes behind them. */
static size_t segment(uint8_t *b, const struct seg *s, const char *options,
		      size_t len, size_t data)
{
	const size_t hdr = s->version == 4 ? 20 : 40;
	const size_t total = seg_write(b, s) + len + data;

	memcpy(b + hdr + 20, options, len);
	memset(b + hdr + 20 + len, 0x5a, data);
	b[hdr + 12] = (uint8_t)((20 + len) / 4 << 4);
	if (s->version == 4) {
		put16(b + 2, (unsigned int)total);
		put16(b + 10, 0);
		put16(b + 10, sum_end(sum_of(b, 20, 0)));
	} else {
		put16(b + 4, (unsigned int)(total - 40));
	}
	put16(b + hdr + 16, 0);
	put16(b + hdr + 16, l4_sum(b, total));
	return total;
}

static struct world *world_with(uint32_t mss)
{
	struct world *w = world_new();

	w->cfg.tr.mss = mss;
	world_open(w);
	return w;
}

/* What came out has these options, all else as it was, and a good checksum. */
static void expect_options(const struct world *w, const char *options,
			   size_t len, size_t data, const char *name)
{
	const size_t hdr = w->p.data[0] >> 4 == 4 ? 20 : 40;
	const uint8_t *tcp = w->p.data + hdr;

	cr_assert(w->r.verdict == XLAT_FORWARD, "%s: %s", name,
		  xlat_why_name(w->r.why));
	cr_assert_eq(w->p.len, hdr + 20 + len + data, "%s", name);
	cr_assert_eq(memcmp(tcp + 20, options, len), 0, "%s", name);
	for (size_t i = 0; i < data; i++)
		cr_assert_eq(tcp[20 + len + i], 0x5a, "%s", name);
	cr_assert_eq(l4_sum(w->p.data, w->p.len), 0, "%s: checksum", name);
}

static void send_options(struct world *w, const struct seg *s, unsigned int i,
			 bool lowered)
{
	const char *want = lowered && rows[i].out ? rows[i].out : rows[i].in;
	uint8_t b[256];

	send_raw(w, b, segment(b, s, rows[i].in, rows[i].len, 6));
	expect_options(w, want, rows[i].len, 6, rows[i].name);
}

Test(mss, lowered_in_either_direction)
{
	for (unsigned int i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct world *w = world_with(LIMIT);
		struct seg s = tcp6(C1, 4000, Z, 80, SYN);
		uint16_t port;

		send_options(w, &s, i, true);
		port = got_port(w);
		s = tcp4(Z, 80, T1, port, SYN | ACK);
		send_options(w, &s, i, true);
		world_free(w);
	}
}

/* SIIT_084: only if it is asked for, and only SYNs. */
Test(mss, SIIT_084_else_nothing_changes)
{
	for (unsigned int i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct world *w = world_with(0);
		struct seg s = tcp6(C1, 4000, Z, 80, SYN);

		send_options(w, &s, i, false);
		world_free(w);
		w = world_with(LIMIT);
		bind_port(w, tcp6(C1, 4000, Z, 80, SYN));
		s.flags = ACK;
		send_options(w, &s, i, false);
		world_free(w);
	}
}

/* 1280 - 60 fits IPv6, and 1300 - 40 would fit IPv4; then the other way. */
Test(mss, auto_is_what_fits_both_sides)
{
	static const struct {
		uint32_t mtu4;
		uint32_t mtu6;
		unsigned int want;
	} paths[] = {
		{ 1300, 1280, 1220 },
		{ 1200, 1500, 1160 },
		{ 1500, 1520, 1460 },
		{ 9000, 9000, 8940 },
	};
	static const char huge[] = "\2\4\377\377";

	for (unsigned int i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		struct world *w = world_new();
		const struct seg s = tcp6(C1, 4000, Z, 80, SYN);
		uint8_t want[4] = { 2, 4 };
		uint8_t b[256];

		put16(want + 2, paths[i].want);
		w->cfg.tr.mss = MSS_AUTO;
		w->cfg.tr.mtu4 = paths[i].mtu4;
		w->cfg.tr.mtu6 = paths[i].mtu6;
		world_open(w);
		send_raw(w, b, segment(b, &s, huge, 4, 0));
		expect_options(w, (const char *)want, 4, 0, "auto");
		world_free(w);
	}
}

/* A data offset that points behind the packet, or before the options. */
Test(mss, data_offset_that_is_wrong)
{
	struct world *w = world_with(LIMIT);
	const struct seg s = tcp6(C1, 4000, Z, 80, SYN);
	static const uint8_t offsets[] = { 0x00, 0x40, 0x70, 0xf0 };
	uint8_t b[256];
	size_t len;

	for (unsigned int i = 0; i < sizeof(offsets); i++) {
		len = segment(b, &s, "\2\4\5\264", 4, 0);
		b[40 + 12] = offsets[i];
		put16(b + 40 + 16, 0);
		put16(b + 40 + 16, l4_sum(b, len));
		send_raw(w, b, len);
		if (w->r.verdict == XLAT_FORWARD)
			expect_options(w, "\2\4\5\264", 4, 0, "offset");
	}
	world_free(w);
}

/* The checksum of a packet that TUN hands over unfinished is that of the
 * pseudo-header, in which there are no options. */
Test(mss, partial_checksum)
{
	const struct seg s = tcp6(C1, 4000, Z, 80, SYN);
	struct pkt_view v;
	uint16_t sums[2];

	for (unsigned int i = 0; i < 2; i++) {
		struct world *w = world_with(i ? LIMIT : 0);
		uint8_t b[256];
		const size_t len = segment(b, &s, "\2\4\5\264", 4, 0);

		put16(b + 40 + 16, 0x1234);
		world_buffer(w, len);
		memcpy(w->p.data, b, len);
		w->p.partial = true;
		cr_assert_not(pkt_parse(&w->p, &v));
		w->r = nat64_packet(w->n, &w->p, w->now);
		expect_forward(w);
		cr_assert(w->p.partial);
		cr_assert_eq(w->p.data[20 + 22], i ? 4 : 5);
		sums[i] = (uint16_t)(w->p.data[36] << 8 | w->p.data[37]);
		world_free(w);
	}
	cr_assert_eq(sums[0], sums[1]);
}
