/* SPDX-License-Identifier: MIT */
/* What RFC 7915 says of sizes, Identification and ICMP errors holds for
 * packets that go through the tables, too. */
#include "nat64_help.h"
#include "siit/cut.h"
#include "siit/error.h"
#include "siit/ident.h"

#define DF 0x40

/* An IPv4 packet of @total bytes, with @flags where DF and MF are. */
static void send4(struct world *w, uint16_t port, uint16_t total, uint8_t flags,
		  uint8_t ttl)
{
	struct seg s = udp4(Z, 53, T1, port);
	uint8_t bytes[2048];
	size_t len;

	s.len = (uint16_t)(total - 28);
	len = seg_write(bytes, &s);
	bytes[6] = flags;
	bytes[8] = ttl;
	put16(bytes + 10, 0);
	put16(bytes + 10, sum_end(sum_of(bytes, 20, 0)));
	send_raw(w, bytes, len);
}

/* An IPv6 packet of @total bytes. */
static void send6(struct world *w, uint16_t total)
{
	struct seg s = udp6(C1, 4000, Z, 53);

	s.len = (uint16_t)(total - 48);
	send_seg(w, s);
}

static unsigned int get16(const uint8_t *p)
{
	return (unsigned int)p[0] << 8 | p[1];
}

/* Cut what came out: pieces of at most @most bytes, in order, that are all of
 * @payload bytes; IPv6 with a Fragment header, IPv4 without. */
static void expect_pieces(struct world *w, unsigned int most,
			  unsigned int payload)
{
	static uint8_t buf[PKT_BUF_SIZE];
	struct pkt out = { .data = buf + PKT_HEADROOM };
	unsigned int next = 0;
	unsigned int more = 1;
	unsigned int pieces = 0;
	unsigned int hdr;
	unsigned int field;
	struct cut c;

	cr_assert_eq(w->p.cut, most);
	cut_open(&c, &w->p);
	while (cut_next(&c, &out)) {
		const bool six = out.data[0] >> 4 == 6;

		cr_assert(more, "a piece behind the last");
		cr_assert_leq(out.len, most);
		hdr = six ? 48 : 20;
		field = get16(out.data + (six ? 42 : 6));
		cr_assert_eq(six ? field & 0xfff8 : (field & 0x1fff) * 8, next);
		more = six ? field & 1 : field & 0x2000;
		next += out.len - hdr;
		pieces++;
	}
	cr_assert(!more);
	cr_assert_eq(next, payload);
	cr_assert_gt(pieces, 1);
}

/* 20 bytes more in IPv6: what has DF set and does not fit is answered with
 * what would fit; what may be fragmented is, if it exceeds what IPv6 always
 * carries (RFC 7915, 4, and 4.2). */
Test(nat64_size, N64_209_U47_13_from_ipv4)
{
	struct world *w = world_default();
	const uint16_t port = bind_port(w, udp6(C1, 4000, Z, 53));

	send4(w, port, 1480, DF, 64);
	expect_forward(w);
	cr_expect_eq(w->p.len, 1500);
	cr_expect_eq(w->p.cut, 0);
	send4(w, port, 1481, DF, 64);
	expect_error(w, WHY_TOO_BIG, 3, 4);
	cr_expect_eq(get16(w->p.data + 26), 1480);
	send4(w, port, 1260, 0, 64);
	expect_forward(w);
	cr_expect_eq(w->p.len, 1280);
	cr_expect_eq(w->p.cut, 0);
	cr_expect_eq(w->p.data[6], UDP_PROTO);
	send4(w, port, 1261, 0, 64);
	expect_forward(w);
	expect_pieces(w, 1280, 1241);
	world_free(w);
}

/* And 20 less in IPv4; up to 1260 bytes it may be fragmented on the way, and
 * by us (RFC 7915, 5, and 5.1.1). */
Test(nat64_size, N64_209_U47_13_from_ipv6)
{
	struct world *w = world_new();

	w->cfg.tr.mtu4 = 1300;
	world_open(w);
	send6(w, 1320);
	expect_forward(w);
	cr_expect_eq(w->p.len, 1300);
	cr_expect_eq(w->p.data[6] & DF, DF);
	send6(w, 1321);
	expect_error(w, WHY_TOO_BIG, 2, 0);
	cr_expect_eq(get16(w->p.data + 46), 1320);
	send6(w, 1281);
	expect_forward(w);
	cr_expect_eq(w->p.data[6] & DF, DF);
	send6(w, 1280);
	expect_forward(w);
	cr_expect_eq(w->p.data[6] & DF, 0);
	cr_expect_eq(w->p.cut, 0);
	world_free(w);

	w = world_new();
	w->cfg.tr.mtu4 = 1000;
	world_open(w);
	send6(w, 1280);
	expect_forward(w);
	expect_pieces(w, 1000, 1240);
	world_free(w);
}

/* We are the source of what all clients of one address send: a value does not
 * come twice, whoever of them sends (RFC 6864, 4.3 and 5.3.1). */
Test(nat64_size, P78_11_identification)
{
	static struct ident ident = { { 11, 12 }, { 5 } };
	static bool seen[65536];
	struct world *w = world_new();
	unsigned int id;

	w->cfg.tr.ident = &ident;
	world_open(w);
	for (unsigned int i = 0; i < 60000; i++) {
		send_seg(w, udp6(i % 2 ? C1 : C2, (uint16_t)(4000 + i % 7), Z,
				 53));
		cr_assert_eq(got_src(w), T1);
		cr_assert_eq(w->p.data[6] & DF, 0);
		id = get16(w->p.data + 4);
		cr_assert(!seen[id], "%u comes again", id);
		seen[id] = true;
	}
	world_free(w);
}

/* Unreachable, time exceeded and echo there are; no error about an error, a
 * fragment other than the first, or to what is no host; and not more of them
 * than the limit (RFC 1812, 4.3.2.7 and 4.3.2.8). */
Test(nat64_size, I55_10_errors)
{
	static struct error_limit limit;
	struct world *w = world_default();
	const uint16_t port = bind_port(w, udp6(C1, 4000, Z, 53));
	struct seg s = udp6(C1, 4000, Z, 53);
	struct seg echo = ping6(C1, 9, Z);
	unsigned int sent = 0;

	s.ttl = 1;
	send_seg(w, s);
	expect_error(w, WHY_HOP_LIMIT, 3, 0);
	send4(w, port, 100, 0, 1);
	expect_error(w, WHY_HOP_LIMIT, 11, 0);
	send4(w, port, 100, 0x20, 1);
	expect_error(w, WHY_HOP_LIMIT, 11, 0);
	bind_port(w, echo);
	echo.ttl = 1;
	send_seg(w, echo);
	expect_error(w, WHY_HOP_LIMIT, 3, 0);
	s = out6(50, C1, 1, Z, 2, 0);
	send_seg(w, s);
	expect_error(w, WHY_UNKNOWN_PROTOCOL, 1, 4);

	error_limit_init(&limit, 100, 40);
	for (unsigned int i = 0; i < 1000; i++) {
		send4(w, port, 100, 0, 1);
		sent += error_limit_allows(&limit, &w->p, w->now);
	}
	cr_expect_leq(sent, 40);
	cr_expect_gt(sent, 0);
	world_free(w);
}

Test(nat64_size, I55_10_no_error_about_these)
{
	struct world *w = world_default();
	const uint16_t port = bind_port(w, udp6(C1, 4000, Z, 53));
	struct seg s = udp4(Z, 53, T1, port);
	uint8_t bytes[256] = { 0 };
	size_t len;

	/* an error: unreachable, about a packet of the client's */
	s = in4(ICMP4_PROTO, Z, 0, T1, 0, 3);
	s.len = 0;
	s.ttl = 1;
	len = seg_write(bytes, &s);
	send_raw(w, bytes, len);
	cr_expect_eq(w->r.verdict, XLAT_DROP);
	/* a later fragment of what passes */
	send4(w, port, 100, 0x20, 64);
	expect_forward(w);
	s = udp4(Z, 53, T1, port);
	s.len = 72;
	s.ttl = 1;
	len = seg_write(bytes, &s);
	bytes[7] = 10;
	put16(bytes + 10, 0);
	put16(bytes + 10, sum_end(sum_of(bytes, 20, 0)));
	send_raw(w, bytes, len);
	cr_expect_eq(w->r.verdict, XLAT_DROP);
	/* sent to many, or from nobody in particular */
	s = udp4(0xe0000001, 53, T1, port);
	s.ttl = 1;
	send_seg(w, s);
	cr_expect_eq(w->r.verdict, XLAT_DROP);
	s = udp6("ff02::1", 4000, Z, 53);
	s.ttl = 1;
	send_seg(w, s);
	cr_expect_eq(w->r.verdict, XLAT_DROP);
	world_free(w);
}
