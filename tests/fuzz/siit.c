/* SPDX-License-Identifier: MIT */
/*
 * siit.c - fuzz the parser, both directions, quotes and cutting
 *
 * The first byte of the input chooses a configuration and offload facts, the
 * rest is the packet. What comes out has to have right lengths, and checksums
 * as good or as bad as the packet's.
 */
#include <string.h>

#include "fuzz.h"
#include "../unit/wire_check.h"
#include "siit/cut.h"
#include "siit/siit.h"

#define IN_MAX 9000u

/* Of the way that is tried, and of the one that it is held against. */
static struct ident idents[] = { { .key = { 1, 2 } }, { .key = { 1, 2 } } };

static struct siit translator(uint8_t choice)
{
	static uint64_t mem[64];
	struct siit s = {
		.tr = { .self4 = 0xcb0071fe,
			.self6 = { 0x20010db8ffff0000, 1 },
			.mtu4 = choice & 1 ? 576 : 1500,
			.mtu6 = choice & 1 ? 1280 : 1500,
			.lowest_mtu6 = 1280,
			.tos = TOS_COPY,
			.tc = TOS_COPY,
			.udp_zero = choice & 2 ? UDP_ZERO_FORWARD
					       : UDP_ZERO_COMPUTE,
			.errors = true,
			.ident = &idents[0] },
		.pool6 = { { 0x20010db800640000, 0 }, 96 },
		.error4 = { 0xc0000008, 32 },
		.error6 = { { 0x20010db8000e0000, 0 }, 64 },
		.error4_on = choice & 4,
		.error6_on = choice & 4,
		.error_ext = choice & 8 ? NODE_EXT_NODE_ID : NODE_EXT_INTERFACE,
		.hairpin = choice & 16 ? HAIRPIN_INTRINSIC : HAIRPIN_SIMPLE,
		.random = 1,
	};

	memset(mem, 0, sizeof(mem));
	CHECK(eam_size(4) <= sizeof(mem));
	eam_init(&s.eam, mem, 4);
	if (choice & 16)
		CHECK(!eam_add(&s.eam,
			       (struct eam_entry){ { 0x20010db800ea0000, 0 },
						   0xc0000200,
						   24,
						   64 }));
	return s;
}

/* Sum that is not 0xffff where the checksum is wrong; 0: nothing to sum. */
static uint16_t state(const uint8_t *b, size_t len)
{
	struct wire w;

	if (wire_parse(&w, b, len) || w.off || w.more || w.l4 + w.l4_len > len)
		return 0;
	if (w.proto != 6 && w.proto != 17 && w.proto != 33 && w.proto != 136)
		return 0;
	if (w.l4_len < (w.proto == 6 ? 18 : 8) ||
	    (w.proto == 17 && !b[w.l4 + 6] && !b[w.l4 + 7]))
		return 0;
	return wire_transport_sum(&w);
}

static void check_out(const struct pkt *p, uint16_t before)
{
	struct wire w;
	uint16_t after;

	CHECK(!wire_parse(&w, p->data, p->len));
	CHECK(w.l4 + w.l4_len == p->len && p->len <= 65575);
	if (w.version == 4)
		CHECK(wire_sum(p->data, w.l4) == 0xffff);
	after = state(p->data, p->len);
	if (!p->partial && before && after)
		CHECK(after % 0xffff == before % 0xffff);
}

static void check_pieces(const struct pkt *p)
{
	static uint8_t buf[PKT_MAX];
	struct pkt out = { .data = buf };
	struct cut cut;
	unsigned int count = 0;

	cut_open(&cut, p);
	while (cut_next(&cut, &out)) {
		check_out(&out, 0);
		CHECK(out.len <= p->cut && ++count < 70000);
	}
	CHECK(count);
}

/* As it is written: the last segment by itself, if it has to be. */
static void check_super(struct pkt *p)
{
	static uint8_t buf[1260];
	struct pkt tail = { .data = buf };

	if (p->gso && cut_tail(p, &tail)) {
		CHECK(!tail.partial && tail.len <= 1260);
		check_out(&tail, 0);
	}
	check_out(p, 0);
}

static struct pkt packet(uint8_t *buf, const uint8_t *data, size_t len,
			 uint8_t choice)
{
	struct pkt p = {
		.data = buf + PKT_HEADROOM,
		.len = (uint32_t)len,
		.headroom = PKT_HEADROOM,
		.partial = choice & 0x60,
		.gso = choice & 0x40 ? PKT_GSO_TCP : PKT_GSO_NONE,
		.gso_size = choice & 0x40 ? 100 : 0,
	};

	if (choice & 0x40 && choice & 0x20)
		p.gso = PKT_GSO_UDP;
	memcpy(p.data, data, len);
	return p;
}

/* A plain packet's short way leads to where any packet's does. */
static void check_long_way(struct siit *s, const struct pkt *p,
			   struct xlat_result r, const uint8_t *data,
			   size_t size)
{
	uint8_t *buf = malloc(PKT_HEADROOM + size - 1);
	struct pkt q = packet(buf, data + 1, size - 1, data[0]);
	const struct xlat_result any = siit_any(s, &q);

	CHECK(any.verdict == r.verdict && any.why == r.why);
	CHECK(q.len == p->len && q.partial == p->partial && q.gso == p->gso);
	CHECK(r.verdict == XLAT_DROP || q.cut == p->cut);
	CHECK(memcmp(q.data, p->data, q.len) == 0);
	free(buf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct siit s;
	struct siit long_way;
	struct xlat_result r;
	struct pkt p;
	uint16_t before;
	uint8_t *buf;

	if (size < 1 || size > IN_MAX)
		return 0;
	s = long_way = translator(data[0]);
	long_way.tr.ident = &idents[1];
	buf = malloc(PKT_HEADROOM + size - 1);
	p = packet(buf, data + 1, size - 1, data[0]);
	before = p.partial || p.gso ? 0 : state(p.data, p.len);
	r = siit_packet(&s, &p);
	check_long_way(&long_way, &p, r, data, size);
	CHECK(r.verdict == XLAT_FORWARD || r.why != WHY_NONE);
	if (r.verdict != XLAT_DROP && p.cut)
		check_pieces(&p);
	else if (r.verdict == XLAT_FORWARD && p.gso)
		check_super(&p);
	else if (r.verdict == XLAT_FORWARD)
		check_out(&p, before);
	else if (r.verdict == XLAT_REPLY)
		CHECK(!wire_fault(p.data, p.len, false) || before != 0xffff);
	free(buf);
	return 0;
}
