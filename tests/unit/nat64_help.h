/* SPDX-License-Identifier: MIT */
/*
 * nat64_help.h - a NAT64 under test, packets made by hand, virtual time
 *
 * Packets are written byte by byte here, with a checksum of this file's own:
 * nothing of core is asked what a packet ought to look like.
 */
#ifndef TEST_NAT64_HELP_H
#define TEST_NAT64_HELP_H

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "nat64/nat64.h"

/* The test setting of the requirements. */
#define C1          "2001:db8:c::1"
#define C2          "2001:db8:d::2"
#define T1          0xcb007101u /* 203.0.113.1 */
#define T2          0xcb007102u
#define Z           0xc6336402u /* 198.51.100.2 */
#define W           0xc6336403u
#define R4          0xc0000209u /* 192.0.2.9 */

#define TCP_PROTO   6
#define UDP_PROTO   17
#define ICMP4_PROTO 1
#define ICMP6_PROTO 58

#define FIN         0x01
#define SYN         0x02
#define RST         0x04
#define PSH         0x08
#define ACK         0x10

#define SECOND      1000000000ull

static inline struct addr6 ip6(const char *text)
{
	uint8_t b[16];
	struct addr6 a = { 0, 0 };

	cr_assert(inet_pton(AF_INET6, text, b), "%s", text);
	for (int i = 0; i < 8; i++) {
		a.hi = a.hi << 8 | b[i];
		a.lo = a.lo << 8 | b[i + 8];
	}
	return a;
}

/* An IPv4 address under the pool6 of these tests, 2001:db8:64::/96. */
static inline struct addr6 under_p(uint32_t v4)
{
	return (struct addr6){ 0x20010db800640000, v4 };
}

/**
 * struct seg - a packet in words
 * @a, @b:	source and destination, IPv6
 * @sa, @sb:	the same, IPv4
 * @sport:	port, or ICMP identifier
 * @flags:	of TCP; of ICMP, its type
 * @len:	payload bytes
 */
struct seg {
	int version;
	struct addr6 a6, b6;
	uint32_t a4, b4;
	uint16_t sport, dport;
	uint8_t proto;
	uint8_t flags;
	uint8_t ttl;
	uint16_t len;
};

static inline void put16(uint8_t *p, unsigned int v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static inline void put32(uint8_t *p, uint32_t v)
{
	put16(p, v >> 16);
	put16(p + 2, v & 0xffff);
}

static inline void put128(uint8_t *p, struct addr6 a)
{
	put32(p, (uint32_t)(a.hi >> 32));
	put32(p + 4, (uint32_t)a.hi);
	put32(p + 8, (uint32_t)(a.lo >> 32));
	put32(p + 12, (uint32_t)a.lo);
}

/* One's complement sum of bytes, the plain way. */
static inline uint32_t sum_of(const uint8_t *p, size_t n, uint32_t sum)
{
	for (size_t i = 0; i < n; i++) {
		sum += i % 2 ? p[i] : (uint32_t)p[i] << 8;
		sum = (sum & 0xffff) + (sum >> 16);
	}
	return sum;
}

static inline unsigned int sum_end(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum & 0xffff;
}

/* Transport checksum of a whole packet; 0 if the one in it is right. */
static inline unsigned int l4_sum(const uint8_t *ip, size_t total)
{
	const size_t hdr = ip[0] >> 4 == 4 ? 20 : 40;
	const uint8_t proto = hdr == 20 ? ip[9] : ip[6];
	uint32_t sum = 0;

	if (hdr == 40)
		sum = sum_of(ip + 8, 32, sum);
	else if (proto != ICMP4_PROTO)
		sum = sum_of(ip + 12, 8, sum);
	if (proto != ICMP4_PROTO)
		sum += (uint32_t)(total - hdr) + proto;
	return sum_end(sum_of(ip + hdr, total - hdr, sum));
}

/* Transport header and payload at @l4; the checksum is still missing. */
static inline size_t write_l4(uint8_t *l4, const struct seg *s)
{
	size_t hdr = 8;

	put16(l4, s->sport);
	put16(l4 + 2, s->dport);
	if (s->proto == TCP_PROTO) {
		hdr = 20;
		put32(l4 + 4, 0x01020304);
		put32(l4 + 8, 0x0a0b0c0d);
		l4[12] = 0x50;
		l4[13] = s->flags;
		put16(l4 + 14, 4096);
		put32(l4 + 16, 0);
	} else if (s->proto == UDP_PROTO) {
		put16(l4 + 4, 8u + s->len);
		put16(l4 + 6, 0);
	} else {
		l4[0] = s->flags;
		l4[1] = 0;
		put16(l4 + 2, 0);
		put16(l4 + 4, s->sport);
		put16(l4 + 6, 7);
	}
	for (size_t i = 0; i < s->len; i++)
		l4[hdr + i] = (uint8_t)(i * 7 + 1);
	return hdr + s->len;
}

static inline size_t check_at(const struct seg *s)
{
	return s->proto == TCP_PROTO ? 16 : s->proto == UDP_PROTO ? 6 : 2;
}

/* Return: bytes of the packet written to @b. */
static inline size_t seg_write(uint8_t *b, const struct seg *s)
{
	const size_t hdr = s->version == 4 ? 20 : 40;
	const size_t l4 = write_l4(b + hdr, s);
	const uint8_t ttl = s->ttl ? s->ttl : 64;

	memset(b, 0, hdr);
	if (s->version == 4) {
		b[0] = 0x45;
		put16(b + 2, (unsigned int)(hdr + l4));
		b[8] = ttl;
		b[9] = s->proto;
		put32(b + 12, s->a4);
		put32(b + 16, s->b4);
		put16(b + 10, sum_end(sum_of(b, 20, 0)));
	} else {
		b[0] = 0x60;
		put16(b + 4, (unsigned int)l4);
		b[6] = s->proto;
		b[7] = ttl;
		put128(b + 8, s->a6);
		put128(b + 24, s->b6);
	}
	put16(b + hdr + check_at(s), l4_sum(b, hdr + l4));
	return hdr + l4;
}

/**
 * struct world - a NAT64 and the packet that was last sent through it
 * @p:		what came out
 * @r:		what became of it
 * @built:	packets that nat64_expire() built since they were last counted
 */
struct world {
	struct nat64_config cfg;
	struct nat64 *n;
	void *mem;
	uint64_t now;
	struct pkt p;
	struct xlat_result r;
	unsigned int built;
	uint8_t buf[PKT_BUF_SIZE];
};

static const struct net4 test_allow4[] = {
	{ 0xc0000200, 24 },
	{ 0xc6336400, 24 },
	{ 0xcb007100, 24 },
};

static inline struct world *world_new(void)
{
	struct world *w = calloc(1, sizeof(*w));

	w->now = 1000 * SECOND + SECOND / 2;
	w->cfg = (struct nat64_config){
		.tr = { .self4 = 0xc0000201, /* 192.0.2.1 */
			.self6 = ip6("2001:db8::1"),
			.mtu4 = 1480,
			.mtu6 = 1500,
			.lowest_mtu6 = 1280,
			.tos = TOS_COPY,
			.tc = TOS_COPY,
			.errors = true,
			.allow4 = test_allow4,
			.allow4_count = 3 },
		.pool6 = { under_p(0), 96 },
		.pool4 = { { T1, T1, 1, 65535 } },
		.pool4_count = 1,
		.timeout = { [NAT64_UDP] = 300,
			     [NAT64_TCP_EST] = 7200,
			     [NAT64_TCP_TRANS] = 240,
			     [NAT64_TCP_SYN] = 6,
			     [NAT64_ICMP] = 60,
			     [NAT64_FRAGMENT] = 2,
			     [NAT64_TCP_HALF] = 240 },
		.max_sessions = 1000,
		.subscriber_len = 64,
		.key = { 0x0123456789abcdef, 0xfedcba9876543210 },
	};
	return w;
}

/* The configuration is complete: begin. */
static inline void world_open(struct world *w)
{
	const char *wrong = nat64_config_check(&w->cfg);
	const size_t size = (nat64_size(&w->cfg) + 63) & ~(size_t)63;

	cr_assert_null(wrong, "%s", wrong);
	w->mem = aligned_alloc(64, size);
	memset(w->mem, 0, size);
	w->n = nat64_init(w->mem, &w->cfg);
	cr_assert_not_null(w->n);
}

static inline struct world *world_default(void)
{
	struct world *w = world_new();

	world_open(w);
	return w;
}

static inline void world_free(struct world *w)
{
	free(w->mem);
	free(w);
}

static inline void world_buffer(struct world *w, size_t len)
{
	w->p = (struct pkt){
		.data = w->buf + PKT_HEADROOM,
		.len = (uint32_t)len,
		.headroom = PKT_HEADROOM,
		.tailroom = (uint32_t)(PKT_MAX - len),
	};
}

/* Bytes [@off, @end) of the payload of the datagram @whole as a fragment.
 * Return: its bytes */
static inline size_t fragment_write(uint8_t *b, const uint8_t *whole,
				    size_t total, size_t off, size_t end,
				    uint32_t id)
{
	const bool v6 = whole[0] >> 4 == 6;
	const size_t hdr = v6 ? 40 : 20;
	const size_t ext = v6 ? 8 : 0;
	const bool more = hdr + end < total;

	memcpy(b, whole, hdr);
	if (v6) {
		b[6] = 44;
		put16(b + 4, (unsigned int)(ext + end - off));
		b[40] = whole[6];
		b[41] = 0;
		put16(b + 42, (unsigned int)off | more);
		put32(b + 44, id);
	} else {
		put16(b + 2, (unsigned int)(hdr + end - off));
		put16(b + 4, id & 0xffff);
		put16(b + 6, (more ? 0x2000u : 0) | (unsigned int)off / 8);
		put16(b + 10, 0);
		put16(b + 10, sum_end(sum_of(b, hdr, 0)));
	}
	memcpy(b + hdr + ext, whole + hdr + off, end - off);
	return hdr + ext + end - off;
}

/* Send bytes. */
static inline struct xlat_result send_raw(struct world *w, const void *bytes,
					  size_t len)
{
	world_buffer(w, len);
	memcpy(w->p.data, bytes, len);
	nat64_ahead(w->n, &w->p, 1);
	w->r = nat64_packet(w->n, &w->p, w->now);
	return w->r;
}

static inline struct xlat_result send_seg(struct world *w, struct seg s)
{
	uint8_t bytes[2048];

	return send_raw(w, bytes, seg_write(bytes, &s));
}

/* From a client's port to a port of an IPv4 host. */
static inline struct seg out6(uint8_t proto, const char *client, uint16_t port,
			      uint32_t remote, uint16_t rport, uint8_t flags)
{
	return (struct seg){ .version = 6,
			     .a6 = ip6(client),
			     .b6 = under_p(remote),
			     .sport = port,
			     .dport = rport,
			     .proto = proto,
			     .flags = flags,
			     .len = proto == TCP_PROTO ? 0 : 10 };
}

static inline struct seg in4(uint8_t proto, uint32_t remote, uint16_t rport,
			     uint32_t pool, uint16_t port, uint8_t flags)
{
	return (struct seg){ .version = 4,
			     .a4 = remote,
			     .b4 = pool,
			     .sport = rport,
			     .dport = port,
			     .proto = proto,
			     .flags = flags,
			     .len = proto == TCP_PROTO ? 0 : 10 };
}

#define udp6(client, port, remote, rport)                                      \
	out6(UDP_PROTO, client, port, remote, rport, 0)
#define udp4(remote, rport, pool, port)                                        \
	in4(UDP_PROTO, remote, rport, pool, port, 0)
#define tcp6(client, port, remote, rport, flags)                               \
	out6(TCP_PROTO, client, port, remote, rport, flags)
#define tcp4(remote, rport, pool, port, flags)                                 \
	in4(TCP_PROTO, remote, rport, pool, port, flags)
#define ping6(client, id, remote) out6(ICMP6_PROTO, client, id, remote, id, 128)
#define ping4(remote, pool, id, type)                                          \
	in4(ICMP4_PROTO, remote, id, pool, id, type)

#define expect_forward(w)                                                      \
	cr_assert((w)->r.verdict == XLAT_FORWARD, "not forwarded: %s",         \
		  xlat_why_name((w)->r.why))
#define expect_drop(w, reason)                                                 \
	cr_assert((w)->r.verdict == XLAT_DROP && (w)->r.why == (reason),       \
		  "verdict %d, %s", (w)->r.verdict, xlat_why_name((w)->r.why))

/* What came out is this packet, byte by byte. */
static inline void expect_seg(const struct world *w, struct seg s)
{
	uint8_t want[2048];
	const size_t len = seg_write(want, &s);

	expect_forward(w);
	cr_assert_eq(w->p.len, len, "%u bytes, not %zu", w->p.len, len);
	for (size_t i = 0; i < len; i++)
		cr_assert_eq(w->p.data[i], want[i],
			     "byte %zu is %02x, not %02x", i, w->p.data[i],
			     want[i]);
}

/* ICMP error of this type and code came back, to this packet's sender. */
#define expect_error(w, reason, type, code)                                    \
	do {                                                                   \
		const size_t hdr_ = (w)->p.data[0] >> 4 == 4 ? 20 : 40;        \
		cr_assert((w)->r.verdict == XLAT_REPLY &&                      \
				  (w)->r.why == (reason),                      \
			  "verdict %d, %s", (w)->r.verdict,                    \
			  xlat_why_name((w)->r.why));                          \
		cr_assert_eq((w)->p.data[hdr_], (type));                       \
		cr_assert_eq((w)->p.data[hdr_ + 1], (code));                   \
		cr_assert_eq(l4_sum((w)->p.data, (w)->p.len), 0);              \
	} while (0)

/* Source address and port of the IPv4 packet that came out. */
static inline uint32_t got_src(const struct world *w)
{
	uint32_t v;

	expect_forward(w);
	cr_assert_eq(w->p.data[0], 0x45);
	memcpy(&v, w->p.data + 12, 4);
	return ntohl(v);
}

static inline uint16_t got_port(const struct world *w)
{
	const size_t at = w->p.data[9] == ICMP4_PROTO ? 24 : 20;

	return (uint16_t)(w->p.data[at] << 8 | w->p.data[at + 1]);
}

/* Send a client's packet; the pool port it got. */
static inline uint16_t bind_port(struct world *w, struct seg s)
{
	send_seg(w, s);
	cr_assert_eq(got_src(w), T1);
	return got_port(w);
}

/* Let time pass; what is built is counted, the last of it stays in @p. */
static inline void wait_s(struct world *w, double seconds)
{
	w->now += (uint64_t)(seconds * (double)SECOND);
	while (nat64_next_expiry(w->n) <= w->now) {
		struct pkt before = w->p;

		world_buffer(w, 0);
		if (nat64_expire(w->n, w->now, &w->p, 16))
			w->built++;
		else
			w->p = before;
	}
}

static inline unsigned int session_count(const struct world *w)
{
	struct nat64_stats stats;

	nat64_get_stats(w->n, &stats);
	return stats.sessions;
}

static inline unsigned int binding_count(const struct world *w)
{
	struct nat64_stats stats;

	nat64_get_stats(w->n, &stats);
	return stats.bindings;
}

/* The session with this remote end. */
static inline bool find_session(const struct world *w, uint8_t proto,
				uint32_t remote, uint16_t rport,
				struct nat64_session_view *out)
{
	uint32_t cursor = 0;

	while (nat64_next_session(w->n, &cursor, out))
		if (out->proto == proto && out->remote == remote &&
		    out->remote_port == rport)
			return true;
	return false;
}

static inline bool has_session(const struct world *w, uint8_t proto,
			       uint32_t remote, uint16_t rport)
{
	struct nat64_session_view s;

	return find_session(w, proto, remote, rport, &s);
}

/* It lives for @life seconds from now on, give or take one. */
static inline void expect_life(const struct world *w,
			       const struct nat64_session_view *s, double life)
{
	const double left = ((double)s->expires - (double)w->now) / SECOND;

	cr_assert(left > life - 1 && left <= life + 1, "%f s left, not %f",
		  left, life);
}

#endif
