/* SPDX-License-Identifier: MIT */
/*
 * rows_eam.c - the address mapping table of RFC 7757 at several sizes
 *
 * Each packet has another of the table's addresses, at random: what the
 * caches keep of the table is what they can.
 */
#include "rows.h"

#include <sys/mman.h>

#include "build.h"
#include "measure.h"
#include "siit/siit.h"

#define ENTRIES_MAX 100000u
#define BURST       8u /* packets that `xlat siit` reads at a time */

/**
 * struct table - a translator with a table, and what fills it
 * @mixed:	entries are of nine lengths, not all of one: a look-up then
 *		tries nine
 */
struct table {
	struct siit s;
	struct ident ident;
	uint32_t count;
	bool mixed;
	unsigned int version;
};

/* Length of entry @i: /32, or every length from /24 to /32 in turn. */
static uint8_t entry_len4(const struct table *t, uint32_t i)
{
	return t->mixed ? (uint8_t)(32 - i % 9) : 32;
}

static struct eam_entry entry(const struct table *t, uint32_t i)
{
	const uint8_t len4 = entry_len4(t, i);

	return (struct eam_entry){
		.addr6 = { 0x20010db800000000 | i, 0 },
		.addr4 = (t->mixed ? 0x14000000 + (i << 8) : 0x14000000 + i),
		.len4 = len4,
		.len6 = (uint8_t)(len4 + 96),
	};
}

static void fill(void *ctx, struct pkt *p, uint32_t i)
{
	const struct table *t = ctx;
	const uint32_t pick = (uint32_t)(measure_random() % t->count);
	const struct eam_entry e = entry(t, pick);
	struct build b = { .version = t->version,
			   .proto = IP_UDP,
			   .sport = (uint16_t)(40000 + i),
			   .dport = 443,
			   .payload = 100 };

	b.src4 = e.addr4;
	b.src6 = e.addr6;
	b.dst4 = 0xc6336401;
	b.dst6 = pref64_embed(t->s.pool6, b.dst4);
	build_packet(p, &b);
}

static struct xlat_result run(void *ctx, struct pkt *p)
{
	struct table *t = ctx;

	return siit_packet(&t->s, p);
}

static void ahead(void *ctx, const struct pkt *p, uint32_t count)
{
	const struct table *t = ctx;

	siit_ahead(&t->s, p, count);
}

static void load(struct table *t)
{
	void *mem = mmap(NULL, eam_size(t->count), PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	const char *wrong = NULL;

	if (mem == MAP_FAILED)
		measure_fail("eam", "no memory");
	(void)madvise(mem, eam_size(t->count), MADV_HUGEPAGE);
	eam_init(&t->s.eam, mem, t->count);
	for (uint32_t i = 0; i < t->count && !wrong; i++)
		wrong = eam_add(&t->s.eam, entry(t, i));
	if (wrong)
		measure_fail("eam_add", wrong);
}

static void unload(struct table *t)
{
	munmap(t->s.eam.by4.slots, eam_size(t->count));
}

static void row_load(struct table *t)
{
	double best = 0;
	double sum = 0;
	uint64_t begin;
	double ms;

	if (!measure_wanted("EAM table of 100,000 entries: load"))
		return;
	for (int i = 0; i < 3; i++) {
		begin = measure_cpu();
		load(t);
		ms = (double)(measure_cpu() - begin) / 1e6;
		unload(t);
		best = best == 0 || ms < best ? ms : best;
		sum += ms;
	}
	measure_row("EAM table of 100,000 entries: load", "ms", sum / 3, best,
		    1000, true);
}

static void rows_of(struct table *t, uint32_t count, double goal)
{
	struct measure m = { .goal = goal,
			     .fill = fill,
			     .ahead = ahead,
			     .burst = BURST,
			     .run = run,
			     .ctx = t,
			     .size = 256 };
	char text[64];

	t->count = count;
	load(t);
	for (t->version = 4; t->version <= 6; t->version += 2) {
		snprintf(text, sizeof(text), "UDP, EAM of %u%s, %s", count,
			 t->mixed ? ", 9 lengths" : "",
			 t->version == 4 ? "4 to 6" : "6 to 4");
		m.name = text;
		measure_packets(&m);
	}
	unload(t);
}

void rows_eam(void)
{
	static struct table t = {
		.s = { .tr = { .mtu4 = 1500,
			       .mtu6 = 1520,
			       .lowest_mtu6 = 1280,
			       .tos = TOS_COPY,
			       .tc = TOS_COPY,
			       .ident = &t.ident },
		       .pool6 = { { 0x20010db800640000, 0 }, 96 } },
		.count = ENTRIES_MAX,
	};

	row_load(&t);
	rows_of(&t, 1, 0);
	rows_of(&t, 1000, 0);
	rows_of(&t, ENTRIES_MAX, 100);
	t.mixed = true;
	rows_of(&t, ENTRIES_MAX, 100);
}
