/* SPDX-License-Identifier: MIT */
#include "siit_make.h"

#include <arpa/inet.h>

#define NODE4 "192.0.2.33"
#define PEER4 "198.51.100.2"
#define NODE6 "2001:db8:64::c000:221"
#define PEER6 "2001:db8:64::c633:6402"

static const char * or (const char *text, const char *usual)
{
	return text ? text : usual;
}

void make4(struct made *m, struct make4 a, const uint8_t *data, size_t len)
{
	const size_t opt = a.opt ? unhex(a.opt, m->b + 20, 40) : 0;
	const unsigned int flags =
		(a.df ? 0x4000u : 0) | (a.mf ? 0x2000u : 0) | a.off / 8;

	m->len = 20 + opt + len;
	m->b[0] = (uint8_t)(0x45 + opt / 4);
	m->b[1] = (uint8_t)a.tos;
	be_put16(m->b + 2, (uint16_t)m->len);
	be_put16(m->b + 4, (uint16_t)a.id);
	be_put16(m->b + 6, (uint16_t)flags);
	m->b[8] = a.ttl_zero ? 0 : a.ttl ? (uint8_t)a.ttl : 64;
	m->b[9] = (uint8_t)(a.proto ? a.proto : 17);
	be_put16(m->b + 10, 0);
	inet_pton(AF_INET, or (a.src, PEER4), m->b + 12);
	inet_pton(AF_INET, or (a.dst, NODE4), m->b + 16);
	be_put16(m->b + 10, (uint16_t)~wire_sum(m->b, 20 + opt));
	memmove(m->b + 20 + opt, data, len);
}

void make6(struct made *m, struct make6 a, const uint8_t *data, size_t len)
{
	const size_t ext = a.ext ? unhex(a.ext, m->b + 40, 4096) : 0;

	m->len = 40 + ext + len;
	be_put32(m->b, 0x60000000u | a.tc << 20 | a.flow);
	be_put16(m->b + 4, (uint16_t)(ext + len));
	m->b[6] = (uint8_t)(a.ext || a.next ? a.next : 17);
	m->b[7] = a.hlim_zero ? 0 : a.hlim ? (uint8_t)a.hlim : 64;
	inet_pton(AF_INET6, or (a.src, NODE6), m->b + 8);
	inet_pton(AF_INET6, or (a.dst, PEER6), m->b + 24);
	memmove(m->b + 40 + ext, data, len);
}

void make_checksum(struct made *m)
{
	struct wire w;
	size_t at = 0;

	cr_assert_null(wire_parse(&w, m->b, m->len));
	if (w.proto == 6)
		at = 16;
	else if (w.proto == 17)
		at = 6;
	else if (w.proto == 1 || w.proto == 58)
		at = 2;
	cr_assert(at);
	be_put16(m->b + w.l4 + at, 0);
	be_put16(m->b + w.l4 + at, (uint16_t)~wire_transport_sum(&w));
}

static void pattern(uint8_t *b, size_t len)
{
	for (size_t i = 0; i < len; i++)
		b[i] = (uint8_t)(3 + 7 * i);
}

static size_t udp_data(uint8_t *d, size_t payload)
{
	memset(d, 0, 8);
	be_put16(d, 4000);
	be_put16(d + 2, 53);
	be_put16(d + 4, (uint16_t)(8 + payload));
	pattern(d + 8, payload);
	return 8 + payload;
}

static size_t tcp_data(uint8_t *d, size_t payload)
{
	memset(d, 0, 20);
	be_put16(d, 4000);
	be_put16(d + 2, 80);
	be_put32(d + 4, 0x01020304);
	be_put32(d + 8, 0x0a0b0c0d);
	d[12] = 0x50;
	d[13] = 0x18;
	be_put16(d + 14, 4096);
	pattern(d + 20, payload);
	return 20 + payload;
}

static size_t icmp_data(uint8_t *d, unsigned int type, unsigned int code,
			uint32_t word)
{
	d[0] = (uint8_t)type;
	d[1] = (uint8_t)code;
	be_put16(d + 2, 0);
	be_put32(d + 4, word);
	return 8;
}

static uint8_t data[66000];

void make4_udp(struct made *m, struct make4 a, size_t payload)
{
	a.proto = 17;
	make4(m, a, data, udp_data(data, payload));
	make_checksum(m);
}

void make6_udp(struct made *m, struct make6 a, size_t payload)
{
	a.next = a.next ? a.next : 17;
	make6(m, a, data, udp_data(data, payload));
	make_checksum(m);
}

void make4_tcp(struct made *m, struct make4 a, size_t payload)
{
	a.proto = 6;
	make4(m, a, data, tcp_data(data, payload));
	make_checksum(m);
}

void make6_tcp(struct made *m, struct make6 a, size_t payload)
{
	a.next = a.next ? a.next : 6;
	make6(m, a, data, tcp_data(data, payload));
	make_checksum(m);
}

void make4_echo(struct made *m, struct make4 a, bool reply, size_t payload)
{
	a.proto = 1;
	icmp_data(data, reply ? 0 : 8, 0, 0x00070001);
	pattern(data + 8, payload);
	make4(m, a, data, 8 + payload);
	make_checksum(m);
}

void make6_echo(struct made *m, struct make6 a, bool reply, size_t payload)
{
	a.next = a.next ? a.next : 58;
	icmp_data(data, reply ? 129 : 128, 0, 0x00070001);
	pattern(data + 8, payload);
	make6(m, a, data, 8 + payload);
	make_checksum(m);
}

void make4_error(struct made *m, struct make4 a, unsigned int type,
		 unsigned int code, uint32_t word, const uint8_t *quote,
		 size_t len)
{
	a.proto = 1;
	icmp_data(data, type, code, word);
	memcpy(data + 8, quote, len);
	make4(m, a, data, 8 + len);
	make_checksum(m);
}

void make6_error(struct made *m, struct make6 a, unsigned int type,
		 unsigned int code, uint32_t word, const uint8_t *quote,
		 size_t len)
{
	a.next = a.next ? a.next : 58;
	icmp_data(data, type, code, word);
	memcpy(data + 8, quote, len);
	make6(m, a, data, 8 + len);
	make_checksum(m);
}

void put_one(struct bench *b, const struct made *m)
{
	const char *fault;

	bench_put(b, m->b, m->len);
	cr_assert_eq(b->r.verdict, XLAT_FORWARD, "%s", xlat_why_name(b->r.why));
	cr_assert_eq(b->count, 1);
	fault = wire_fault(b->packet[0], b->len[0], false);
	cr_assert_null(fault, "%s", fault);
}

void put_drop(struct bench *b, const struct made *m, enum xlat_why why)
{
	bench_put(b, m->b, m->len);
	cr_expect_eq(b->r.verdict, XLAT_DROP);
	cr_expect_eq(b->count, 0);
	cr_expect_eq(b->r.why, why, "%s", xlat_why_name(b->r.why));
}

void put_reply(struct bench *b, const struct made *m, enum xlat_why why,
	       unsigned int type, unsigned int code)
{
	const uint8_t *icmp;

	bench_put(b, m->b, m->len);
	cr_assert_eq(b->r.verdict, XLAT_REPLY, "%s", xlat_why_name(b->r.why));
	cr_expect_eq(b->r.why, why, "%s", xlat_why_name(b->r.why));
	cr_assert_eq(b->count, 1);
	cr_expect_null(wire_fault(b->packet[0], b->len[0], false));
	icmp = out_icmp(b);
	cr_expect_eq(icmp[0], type, "type %u", icmp[0]);
	cr_expect_eq(icmp[1], code, "code %u", icmp[1]);
}

struct wire out_wire(const struct bench *b, size_t i)
{
	struct wire w;

	cr_assert(i < b->count);
	cr_assert_null(wire_parse(&w, b->packet[i], b->len[i]));
	return w;
}

static const char *address(const struct bench *b, size_t at4, size_t at6,
			   char *text)
{
	const struct wire w = out_wire(b, 0);
	const bool v4 = w.version == 4;

	return inet_ntop(v4 ? AF_INET : AF_INET6, w.b + (v4 ? at4 : at6), text,
			 INET6_ADDRSTRLEN);
}

const char *out_src(const struct bench *b)
{
	static char text[INET6_ADDRSTRLEN];

	return address(b, 12, 8, text);
}

const char *out_dst(const struct bench *b)
{
	static char text[INET6_ADDRSTRLEN];

	return address(b, 16, 24, text);
}

const uint8_t *out_icmp(const struct bench *b)
{
	return b->packet[0] + out_wire(b, 0).l4;
}
