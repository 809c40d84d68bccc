/* SPDX-License-Identifier: MIT */
/*
 * rows_siit.c - one row for each class of packet, both ways
 *
 * Everything that happens to a packet between being read and being written
 * is in the figure: parse, checks, both addresses, header, checksum.
 */
#include "rows.h"

#include "build.h"
#include "measure.h"
#include "siit/siit.h"

#define TCP_ACK_ONLY 0x10

/* A /96 of one's own: the non-global addresses below are then no matter. */
static const struct pref64 prefix = { { 0x20010db800640000, 0 }, 96 };

static struct ident ident;

static struct siit translator = {
	.tr = { .self6 = { 0x20010db800000000, 1 },
		.self4 = 0xc00002fe,
		.mtu4 = 1500,
		.mtu6 = 1520,
		.lowest_mtu6 = 1280,
		.tos = TOS_COPY,
		.tc = TOS_COPY,
		.udp_zero = UDP_ZERO_COMPUTE,
		.errors = true,
		.ident = &ident },
};

/* What a row is made of. */
struct class
{
	struct build b;
	uint32_t quote;    /* an error that quotes so many bytes, if not 0 */
	uint16_t gso_size; /* a super-packet, if not 0 */
};

/* The two ends: 192.0.2.x behind the translator, 198.51.100.y beyond. */
static void set_ends(struct build *b, uint32_t i)
{
	b->src4 = 0xc0000200 + i % 200 + 1;
	b->dst4 = 0xc6336400 + i % 99 + 1;
	b->src6 = pref64_embed(prefix, b->src4);
	b->dst6 = pref64_embed(prefix, b->dst4);
	b->sport = (uint16_t)(40000 + i);
	b->dport = 443;
}

static void swap_ends(struct build *b)
{
	const struct build was = *b;

	b->src4 = was.dst4;
	b->dst4 = was.src4;
	b->src6 = was.dst6;
	b->dst6 = was.src6;
	b->sport = was.dport;
	b->dport = was.sport;
}

static void fill(void *ctx, struct pkt *p, uint32_t i)
{
	const struct class *c = ctx;
	struct build b = c->b;
	struct build about;

	set_ends(&b, i);
	if (c->quote) {
		about = b;
		swap_ends(&b);
		b.proto = IP_ICMP;
		build_error(p, &b, &about, c->quote);
	} else if (c->gso_size) {
		build_super(p, &b, c->gso_size);
	} else {
		build_packet(p, &b);
	}
}

static struct xlat_result run(void *ctx, struct pkt *p)
{
	(void)ctx;
	return siit_packet(&translator, p);
}

/* Both directions of a class; %s of @name becomes the direction. */
static void row(const char *name, double goal, struct class c)
{
	struct measure m = { .goal = goal,
			     .fill = fill,
			     .run = run,
			     .ctx = &c,
			     .size = 256 + c.b.payload + c.quote };
	char text[64];

	for (c.b.version = 4; c.b.version <= 6; c.b.version += 2) {
		snprintf(text, sizeof(text), "%s, %s", name,
			 c.b.version == 4 ? "4 to 6" : "6 to 4");
		m.name = text;
		if (c.b.no_check && c.b.version == 6)
			continue;
		measure_packets(&m);
	}
}

static void rows_transport(void)
{
	const struct build tcp = { .proto = IP_TCP,
				   .tcp_flags = TCP_ACK_ONLY,
				   .payload = 100 };
	const struct build udp = { .proto = IP_UDP, .payload = 100 };
	const struct build echo = { .proto = IP_ICMP, .payload = 56 };
	const struct build zero = { .proto = IP_UDP,
				    .payload = 100,
				    .no_check = true };
	struct build large = zero;
	struct build super = tcp;

	large.payload = 1400;
	super.payload = 64000;
	row("TCP", 25, (struct class){ .b = tcp });
	row("UDP", 25, (struct class){ .b = udp });
	row("ICMP echo", 0, (struct class){ .b = echo });
	row("TCP super-packet of 64 kB", 0,
	    (struct class){ .b = super, .gso_size = 1400 });
	row("UDP without checksum, 100 B", 0, (struct class){ .b = zero });
	row("UDP without checksum, 1400 B", 0, (struct class){ .b = large });
}

static void rows_fragments(void)
{
	const struct build first = { .proto = IP_UDP,
				     .payload = 1008,
				     .frag_more = true };
	struct build later = first;

	later.frag_off = 1016;
	row("first fragment of UDP", 0, (struct class){ .b = first });
	row("later fragment of UDP", 0, (struct class){ .b = later });
}

static void rows_errors(void)
{
	const struct build udp = { .proto = IP_UDP, .payload = 100 };
	struct build large = udp;

	large.payload = 1100;
	row("ICMP error quoting 128 B", 120,
	    (struct class){ .b = udp, .quote = 128 });
	row("ICMP error quoting 500 B", 0,
	    (struct class){ .b = large, .quote = 500 });
}

void rows_siit(void)
{
	translator.pool6 = prefix;
	rows_transport();
	rows_fragments();
	rows_errors();
}
