/* SPDX-License-Identifier: MIT */
/*
 * rows_nat64.c - stateful translation: sessions that there are, sessions that
 * come, sessions that run out
 *
 * A subscriber has a hundred UDP sessions, each with a binding of its own:
 * nothing is shared that could save memory or time. The packets belong to
 * sessions picked at random from the whole table, and come in bursts of
 * NAT64_AHEAD, as plat reads them; or, as a measure of the memory's latency,
 * one at a time.
 */
#include "rows.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "build.h"
#include "measure.h"
#include "nat64/nat64.h"

#define PER_SUBSCRIBER 100u
#define LIVE           1000000u
#define SPARE          100000u
#define LIFE           300u /* seconds */
#define SECOND         1000000000ull
#define SPACING        (LIFE * SECOND / LIVE) /* LIVE sessions are alive */
#define BUDGET         256u                   /* as in cmd/plat.c */
#define REVIEW         1024u                  /* as there */
#define MIB            (1024.0 * 1024.0)

/**
 * struct nat - a NAT64 and what is known of its sessions
 * @now:	virtual time, ns
 * @first:	number of the oldest session that is alive
 * @next:	number of the next session to be made
 * @pool:	what session number i % (LIVE + SPARE) has in pool4
 */
struct nat {
	struct nat64 *n;
	void *mem;
	size_t size;
	uint64_t now;
	uint32_t first;
	uint32_t next;
	unsigned int version;
	struct endpoint {
		uint32_t addr;
		uint16_t port;
	} * pool;
};

static const struct nat64_config config = {
	.tr = { .self6 = { 0x20010db800000000, 1 },
		.self4 = 0xc0a80001,
		.mtu4 = 1500,
		.mtu6 = 1520,
		.lowest_mtu6 = 1280,
		.tos = TOS_COPY,
		.tc = TOS_COPY,
		.errors = true },
	.pool6 = { { 0x20010db800640000, 0 }, 96 },
	.pool4 = { { 0x14000000, 0x140000ff, 1024, 65535 } },
	.pool4_count = 1,
	.timeout = { LIFE, 7200, 240, 6, 60, 2, 240 },
	.max_sessions = LIVE + SPARE,
	.subscriber_len = 64,
	.key = { 0x0123456789abcdef, 0xfedcba9876543210 },
};

static struct endpoint *pool_of(const struct nat *t, uint32_t session)
{
	return &t->pool[session % (LIVE + SPARE)];
}

/* A packet of session number @i, from its client or from its server. */
static void build_session(const struct nat *t, struct pkt *p, uint32_t i,
			  unsigned int version)
{
	const uint32_t server = 0x08080000 + i % 251;
	struct build b = { .version = version,
			   .proto = IP_UDP,
			   .payload = 100 };

	if (version == 6) {
		b.src6.hi = 0x20010db901000000 + i / PER_SUBSCRIBER;
		b.src6.lo = 0x0200000000000001;
		b.dst6 = pref64_embed(config.pool6, server);
		b.sport = (uint16_t)(20000 + i % PER_SUBSCRIBER);
		b.dport = 443;
	} else {
		b.src4 = server;
		b.dst4 = pool_of(t, i)->addr;
		b.sport = 443;
		b.dport = pool_of(t, i)->port;
	}
	build_packet(p, &b);
}

static void fill_known(void *ctx, struct pkt *p, uint32_t i)
{
	const struct nat *t = ctx;
	const uint32_t live = t->next - t->first;

	(void)i;
	build_session(t, p, t->first + (uint32_t)(measure_random() % live),
		      t->version);
}

static struct xlat_result run(void *ctx, struct pkt *p)
{
	struct nat *t = ctx;

	return nat64_packet(t->n, p, t->now);
}

static void ahead(void *ctx, const struct pkt *p, uint32_t count)
{
	const struct nat *t = ctx;

	nat64_ahead(t->n, p, count);
}

/* Note which address and port a session has got. */
static void learn(struct nat *t, const struct pkt *p, uint32_t session)
{
	*pool_of(t, session) =
		(struct endpoint){ be_get32(p->data + 12),
				   be_get16(p->data + IP4_HDR_LEN) };
}

/* Make @count sessions; ns that nat64_packet() took for them. */
static double make(struct nat *t, uint32_t count)
{
	static uint8_t mem[MEASURE_BATCH][512];
	struct pkt p[MEASURE_BATCH];
	bool refused = false;
	uint64_t begin;
	uint64_t end;

	for (uint32_t i = 0; i < count; i++) {
		p[i] = (struct pkt){ .data = mem[i] + PKT_HEADROOM,
				     .headroom = PKT_HEADROOM };
		build_session(t, &p[i], t->next + i, 6);
	}
	begin = measure_clock();
	for (uint32_t i = 0; i < count; i++) {
		if (i % NAT64_AHEAD == 0)
			ahead(t, &p[i],
			      count - i < NAT64_AHEAD ? count - i
						      : NAT64_AHEAD);
		refused |= run(t, &p[i]).verdict != XLAT_FORWARD;
	}
	end = measure_clock();
	if (refused)
		measure_fail("nat64", "a new session was refused");
	for (uint32_t i = 0; i < count; i++)
		learn(t, &p[i], t->next + i);
	t->next += count;
	t->now += count * SPACING;
	return (double)(end - begin);
}

/* Empty tables, as cmd/plat.c has them. */
static void make_tables(struct nat *t)
{
	t->mem = mmap(NULL, t->size, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (t->mem == MAP_FAILED)
		measure_fail("nat64", "no memory");
	(void)madvise(t->mem, t->size, MADV_HUGEPAGE);
	t->n = nat64_init(t->mem, &config);
}

static void open_nat(struct nat *t, uint32_t sessions)
{
	const char *wrong = nat64_config_check(&config);

	*t = (struct nat){ .size = nat64_size(&config), .now = SECOND };
	t->pool = calloc(LIVE + SPARE, sizeof(*t->pool));
	if (wrong || !t->pool)
		measure_fail("nat64", wrong ? wrong : "no memory");
	make_tables(t);
	while (t->next < sessions)
		make(t, sessions - t->next < MEASURE_BATCH ? sessions - t->next
							   : MEASURE_BATCH);
}

static void close_nat(struct nat *t)
{
	munmap(t->mem, t->size);
	free(t->pool);
}

/* Resident bytes of the table alone, as the kernel counts them. */
static double resident(const struct nat *t)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	const size_t pages = (t->size + page - 1) / page;
	unsigned char *there = calloc(1, pages);
	double sum = 0;

	if (!there || mincore(t->mem, t->size, there) < 0)
		measure_fail("mincore", "failed");
	for (size_t i = 0; i < pages; i++)
		sum += there[i] & 1;
	free(there);
	return sum * (double)page;
}

static void row_known(struct nat *t, const char *sessions, bool bursts,
		      double goal)
{
	struct measure m = { .goal = goal,
			     .fill = fill_known,
			     .run = run,
			     .ahead = bursts ? ahead : NULL,
			     .burst = NAT64_AHEAD,
			     .ctx = t,
			     .size = 256 };
	char name[64];

	for (t->version = 4; t->version <= 6; t->version += 2) {
		snprintf(name, sizeof(name), "NAT64, %s sessions, %s%s",
			 sessions, t->version == 4 ? "4 to 6" : "6 to 4",
			 bursts ? "" : ", single");
		m.name = name;
		measure_packets(&m);
	}
}

/**
 * struct expiry - what calls of nat64_expire() cost
 * @ns:		processor time of each
 * @calls:	their number
 */
struct expiry {
	double ns[2 * LIVE / BUDGET];
	size_t calls;
};

/* As the daemon does it: one budget at a time, until nothing is due. */
static void expire_due(struct nat *t, struct expiry *x)
{
	static uint8_t buf[PKT_HEADROOM + 2048];
	struct pkt out = { .data = buf + PKT_HEADROOM,
			   .headroom = PKT_HEADROOM,
			   .tailroom = 2048 };
	uint64_t begin;

	while (nat64_next_expiry(t->n) <= t->now) {
		begin = measure_cpu();
		if (nat64_expire(t->n, t->now, &out, BUDGET))
			measure_fail("nat64_expire", "sent a packet");
		if (x && x->calls < XL_COUNT(x->ns))
			x->ns[x->calls++] = (double)(measure_cpu() - begin);
	}
}

static uint32_t live(const struct nat *t)
{
	struct nat64_stats s;

	nat64_get_stats(t->n, &s);
	return (uint32_t)s.sessions;
}

/* LIVE sessions at all times: as many run out as are made. */
static void row_churn(struct nat *t)
{
	static double spans[LIVE / MEASURE_BATCH];
	double best;
	double middle;

	for (size_t i = 0; i < XL_COUNT(spans); i++) {
		spans[i] = make(t, MEASURE_BATCH) / MEASURE_BATCH;
		expire_due(t, NULL);
	}
	t->first = t->next - live(t);
	middle = measure_median(spans, XL_COUNT(spans), &best);
	measure_row("NAT64, new sessions at 1,000,000", "1000/s", 1e6 / middle,
		    1e6 / best, 1000, false);
}

/* All at once. The hypervisor takes the processor away now and then, which
 * its guest cannot tell from work: so one call in a thousand is left out. */
static void row_expiry(struct nat *t)
{
	static struct expiry x;
	const uint32_t sessions = live(t);
	double sum = 0;
	double best;

	t->now += (LIFE + 10) * SECOND;
	expire_due(t, &x);
	if (live(t))
		measure_fail("nat64_expire", "left sessions behind");
	for (size_t i = 0; i < x.calls; i++)
		sum += x.ns[i];
	measure_row("NAT64, 1,000,000 sessions run out: each", "ns",
		    sum / sessions, sum / sessions, 0, true);
	(void)measure_median(x.ns, x.calls, &best);
	measure_row("NAT64, 1,000,000 run out: pause, 99.9 %", "us",
		    x.ns[x.calls * 999 / 1000] / 1e3, best / 1e3, 1000, true);
}

/* A reload that leaves the tables: what packets wait for each time. */
static void row_review(struct nat *t)
{
	static double ns[LIVE / REVIEW + 2];
	struct nat64_review r = { .cursor = 0 };
	bool more = nat64_adjust(t->n, &config);
	size_t calls = 0;
	double best;

	if (!more)
		measure_fail("nat64_adjust", "refused the same configuration");
	while (more && calls < XL_COUNT(ns)) {
		const uint64_t begin = measure_cpu();

		more = nat64_review(t->n, &r, REVIEW);
		ns[calls++] = (double)(measure_cpu() - begin);
	}
	if (more || r.closed)
		measure_fail("nat64_review", "did not keep all sessions");
	(void)measure_median(ns, calls, &best);
	measure_row("NAT64, reload at 1,000,000: pause, 99.9 %", "us",
		    ns[calls * 999 / 1000] / 1e3, best / 1e3, 1000, true);
}

/* One that does not. */
static void row_move(struct nat *t)
{
	struct nat from = *t;
	const uint64_t begin = measure_cpu();
	double ms;

	make_tables(t);
	if (nat64_move(t->n, from.n, t->now) != live(&from))
		measure_fail("nat64_move", "left sessions behind");
	ms = (double)(measure_cpu() - begin) / 1e6;
	munmap(from.mem, from.size);
	measure_row("NAT64, 1,000,000 sessions to other tables", "ms", ms, ms,
		    0, true);
}

void rows_nat64(void)
{
	struct nat t;

	if (!measure_wanted("NAT64"))
		return;
	open_nat(&t, 1000);
	row_known(&t, "1,000", true, 80);
	close_nat(&t);
	open_nat(&t, LIVE);
	measure_row("NAT64, 1,000,000 sessions: resident", "MiB",
		    resident(&t) / MIB, resident(&t) / MIB, 160, true);
	row_churn(&t); /* first: a packet would prolong a session's life */
	row_known(&t, "1,000,000", true, 200);
	row_known(&t, "1,000,000", false, 0);
	row_review(&t);
	row_move(&t);
	row_expiry(&t);
	close_nat(&t);
}
