/* SPDX-License-Identifier: MIT */
/*
 * gather.c - fuzz the memory of fragments
 *
 * The input is records of eight bytes, each a fragment: of which datagram,
 * where in it, how long, and when it comes; or the length of a packet that
 * follows as it is. Every datagram has data of its own, so that what comes out
 * can be told: a message is all of one datagram, a checksum is that of all of
 * it, and every part of it has come within the time limit. What passes passes
 * unchanged, and nobody keeps more than his share.
 */
#include <string.h>

#include "fuzz.h"
#include "../unit/wire_check.h"
#include "siit/gather.h"
#include "siit/siit.h"

#define RECORD    8u
#define PUTS_MAX  128u
#define PIECE_MAX 2048u
#define RAW       0xffu
#define DATAGRAMS 64u
#define IDS       16u /* of a sender; more than his share */
#define LIMIT     2000000000ull

/* ICMP, UDP, ICMPv6, and what is nobody's business here */
enum kind { ECHO4, UDP4, ECHO6, UDP6, KINDS };

/**
 * struct put - a fragment that was put in
 * @n:		number of its datagram
 * @end:	offset behind its last byte
 * @last:	no more fragments follow
 */
struct put {
	enum kind kind;
	unsigned int n;
	uint32_t off;
	uint32_t end;
	bool last;
	uint64_t now;
};

static struct gather g;
static struct put puts[PUTS_MAX];
static unsigned int count;
static uint64_t now;
static bool raw; /* packets came of which nothing is known */

static const uint8_t protos[KINDS] = { IP_ICMP, IP_UDP, IP_ICMP6, IP_UDP };

/* Byte @pos of a datagram; a UDP header lacks the checksum. */
static uint8_t content(enum kind kind, unsigned int n, uint32_t pos)
{
	if (kind == UDP4 && (pos == 6 || pos == 7))
		return 0;
	if (kind != UDP4 && pos == 0)
		return kind == ECHO4 ? 8 : 128;
	if (kind != UDP4 && pos == 1)
		return 0;
	return (uint8_t)(pos * 31 ^ (pos >> 8) * 7 ^ n * 17 ^ kind * 5);
}

static uint32_t source4(unsigned int n)
{
	return 0xc6336400 + n / IDS;
}

static struct addr6 source6(unsigned int n)
{
	return (struct addr6){ 0x20010db800640000, source4(n) };
}

static uint32_t put_header(uint8_t *out, const struct put *p, uint32_t len)
{
	const struct hdr4 h4 = { .src = source4(p->n),
				 .dst = 0xc0000221,
				 .len = (uint16_t)(20 + len),
				 .id = (uint16_t)(p->n % IDS),
				 .off = (uint16_t)p->off,
				 .ttl = 64,
				 .proto = protos[p->kind],
				 .mf = !p->last };
	const struct hdr6 h6 = { .src = source6(p->n),
				 .dst = { 0x20010db800640000, 0xc0000221 },
				 .len = (uint16_t)(8 + len),
				 .id = p->n % IDS,
				 .off = (uint16_t)p->off,
				 .hlim = 64,
				 .proto = protos[p->kind],
				 .frag = true,
				 .mf = !p->last };

	if (p->kind < ECHO6) {
		hdr4_store(out, h4);
		return 20;
	}
	hdr6_store(out, h6);
	return 48;
}

/* Has all of a datagram of @end bytes come, none of it too long ago? */
static bool has_come(enum kind kind, unsigned int n, uint32_t end)
{
	bool ended = false;
	uint32_t upto = 0;
	uint32_t was;

	do {
		was = upto;
		for (unsigned int i = 0; i < count; i++) {
			const struct put *p = &puts[i];

			if (p->kind != kind || p->n != n || p->off > upto ||
			    now - p->now > LIMIT)
				continue;
			ended |= p->last && p->end == end;
			upto = p->end > upto ? p->end : upto;
		}
	} while (upto > was);
	return ended && upto >= end;
}

/* Which datagram a packet belongs to. */
static unsigned int number(const struct wire *w)
{
	const uint8_t sender = w->b[w->version == 4 ? 15 : 23];

	return sender * IDS + w->id % IDS;
}

static void check_echo(const struct wire *w)
{
	const enum kind kind = w->version == 4 ? ECHO4 : ECHO6;
	const unsigned int n = number(w);

	CHECK(w->off == 0 && !w->more);
	CHECK(has_come(kind, n, (uint32_t)w->l4_len));
	for (uint32_t i = 0; i < w->l4_len; i++)
		CHECK(w->b[w->l4 + i] == content(kind, n, i));
}

/* Is this first fragment's checksum that of a datagram that has come? */
static void check_udp(const struct wire *first)
{
	static uint8_t whole[65536 + 20];
	const unsigned int n = number(first);
	struct wire w = *first;

	memcpy(whole, first->b, 20);
	w.b = whole;
	w.l4 = 20;
	for (unsigned int i = 0; i < count; i++) {
		if (!puts[i].last || !has_come(UDP4, n, puts[i].end))
			continue;
		w.l4_len = puts[i].end;
		w.len = w.l4 + w.l4_len;
		for (uint32_t k = 0; k < w.l4_len; k++)
			whole[20 + k] = content(UDP4, n, k);
		memcpy(whole + 26, first->b + first->l4 + 6, 2);
		if (wire_transport_sum(&w) == 0xffff)
			return;
	}
	CHECK(!"the checksum of nothing that has come");
}

static void check_ready(const struct pkt *ready)
{
	struct wire w;

	CHECK(ready->data >= g.data[0]);
	CHECK(ready->data + ready->len <=
	      g.data[GATHER_KEPT - 1] + PKT_BUF_SIZE);
	CHECK(!wire_parse(&w, ready->data, ready->len));
	CHECK(w.l4 + w.l4_len == ready->len);
	if (raw)
		return;
	if (w.proto == IP_UDP)
		check_udp(&w);
	else
		check_echo(&w);
}

static void check_shares(void)
{
	for (unsigned int i = 0; i < GATHER_KEPT; i++) {
		unsigned int share = 0;

		for (unsigned int k = 0; k < GATHER_KEPT; k++)
			share += g.kept[k].used &&
				 now - g.kept[k].since <= LIMIT &&
				 addr6_equal(g.kept[k].key.src,
					     g.kept[i].key.src);
		CHECK(share <= GATHER_SHARE);
	}
}

/* What passes is as it was, but for a checksum that was missing. */
static void check_passed(const struct pkt *p, const uint8_t *before, size_t len)
{
	struct wire w;

	CHECK(p->len <= len);
	if (memcmp(p->data, before, p->len) == 0)
		return;
	CHECK(!wire_parse(&w, p->data, p->len));
	CHECK(w.version == 4 && w.proto == IP_UDP && w.off == 0 && w.more);
	CHECK(memcmp(p->data, before, w.l4 + 6) == 0);
	CHECK(before[w.l4 + 6] == 0 && before[w.l4 + 7] == 0);
	CHECK(memcmp(p->data + w.l4 + 8, before + w.l4 + 8,
		     p->len - w.l4 - 8) == 0);
	if (!raw)
		check_udp(&w);
}

/* Both have to be fit for the translator, whatever it makes of them. */
static void translate(struct pkt *p)
{
	static struct ident ident;
	struct siit s = { .tr = { .mtu4 = 65535,
				  .mtu6 = 65535,
				  .lowest_mtu6 = 65535,
				  .tos = TOS_COPY,
				  .tc = TOS_COPY,
				  .ident = &ident },
			  .pool6 = { { 0x20010db800640000, 0 }, 96 } };
	struct wire w;

	if (siit_packet(&s, p).verdict == XLAT_FORWARD && !p->cut)
		CHECK(!wire_parse(&w, p->data, p->len));
}

static void put(const uint8_t *data, size_t len)
{
	uint8_t *buf = malloc(PKT_HEADROOM + len);
	struct pkt p = { .data = buf + PKT_HEADROOM,
			 .len = (uint32_t)len,
			 .headroom = PKT_HEADROOM };
	struct pkt ready;
	enum xlat_why why;

	memcpy(p.data, data, len);
	why = gather_add(&g, &p, &ready, now);
	CHECK(why < WHY_COUNT);
	if (ready.len) {
		check_ready(&ready);
		translate(&ready);
	}
	if (!why) {
		check_passed(&p, data, len);
		translate(&p);
	}
	check_shares();
	free(buf);
}

static void put_fragment(const uint8_t *record)
{
	static uint8_t packet[48 + PIECE_MAX];
	struct put *p = &puts[count];
	const uint32_t len = be_get16(record + 4) % PIECE_MAX;
	uint32_t hdr;

	*p = (struct put){ .kind = record[0] & 3,
			   .n = record[1] % DATAGRAMS,
			   .off = be_get16(record + 2) & 0xfff8,
			   .last = record[0] & 4,
			   .now = now };
	p->end = p->off + len;
	hdr = put_header(packet, p, len);
	for (uint32_t i = 0; i < len; i++)
		packet[hdr + i] = content(p->kind, p->n, p->off + i);
	/* A datagram with a checksum; it is none of which much is known. */
	if (p->kind == UDP4 && record[0] & 8 && p->off == 0 && len >= 8)
		packet[hdr + 6] = 1;
	count++;
	put(packet, hdr + len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t len;

	memset(&g, 0, offsetof(struct gather, data));
	g.udp = true;
	g.limit = LIMIT;
	now = 5 * LIMIT;
	count = 0;
	raw = false;
	while (size >= RECORD && count < PUTS_MAX) {
		now += data[6] * 20000000ull;
		len = data[0] == RAW ? be_get16(data + 1) : 0;
		len = len < size - RECORD ? len : size - RECORD;
		if (data[0] == RAW) {
			raw = true;
			put(data + RECORD, len);
		} else {
			put_fragment(data);
		}
		data += RECORD + len;
		size -= RECORD + len;
	}
	return 0;
}
