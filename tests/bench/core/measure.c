/* SPDX-License-Identifier: MIT */
#include "measure.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LINE        64u /* bytes of a cache line */
#define BATCHES_MAX 200000u

static struct {
	FILE *csv;
	const char *only;
	double seconds;
	double clock_ns; /* what reading the clock costs */
} table;

_Noreturn void measure_fail(const char *what, const char *detail)
{
	fprintf(stderr, "core_bench: %s: %s\n", what, detail);
	exit(1);
}

static uint64_t read_clock(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

uint64_t measure_clock(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

uint64_t measure_cpu(void)
{
	return read_clock(CLOCK_THREAD_CPUTIME_ID);
}

uint64_t measure_random(void)
{
	static uint64_t state = 0x9e3779b97f4a7c15;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state * 0x2545f4914f6cdd1d;
}

static int by_value(const void *a, const void *b)
{
	const double x = *(const double *)a;
	const double y = *(const double *)b;

	return (x > y) - (x < y);
}

double measure_median(double *values, size_t n, double *best)
{
	qsort(values, n, sizeof(*values), by_value);
	*best = values[0];
	return values[n / 2];
}

static double clock_cost(void)
{
	double spans[1001];
	uint64_t begin;
	double best;

	for (size_t i = 0; i < XL_COUNT(spans); i++) {
		begin = measure_clock();
		spans[i] = (double)(measure_clock() - begin);
	}
	return measure_median(spans, XL_COUNT(spans), &best);
}

void measure_open(FILE *csv, const char *only, double seconds)
{
	table.csv = csv;
	table.only = only;
	table.seconds = seconds;
	table.clock_ns = clock_cost();
	printf("%-46s %10s %10s %10s\n", "core alone", "median", "best",
	       "unit");
	fprintf(csv, "class,unit,median,best,goal,held\n");
}

bool measure_wanted(const char *name)
{
	return !table.only || strstr(name, table.only);
}

void measure_row(const char *name, const char *unit, double value, double best,
		 double goal, bool at_most)
{
	const bool held = at_most ? value <= goal : value >= goal;
	char text[32] = "";

	if (goal > 0)
		snprintf(text, sizeof(text), "%s %.0f: %s", at_most ? "<" : ">",
			 goal, held ? "held" : "MISSED");
	printf("%-42s %9.1f %9.1f  %-9s  %s\n", name, value, best, unit, text);
	fprintf(table.csv, "\"%s\",%s,%.2f,%.2f,%.0f,%s\n", name, unit, value,
		best, goal, goal > 0 ? held ? "yes" : "no" : "");
	fflush(stdout);
}

/* One batch of fresh packets through the function; ns for all of them. */
static double run_batch(const struct measure *m, uint8_t *mem, uint32_t stride)
{
	struct pkt p[MEASURE_BATCH];
	unsigned int refused = 0;
	enum xlat_why why = WHY_NONE;
	struct xlat_result r;
	uint64_t begin;
	uint64_t end;

	for (uint32_t i = 0; i < MEASURE_BATCH; i++) {
		p[i] = (struct pkt){ .data = mem + i * stride + PKT_HEADROOM,
				     .headroom = PKT_HEADROOM,
				     .tailroom = m->size };
		m->fill(m->ctx, &p[i], i);
		p[i].tailroom -= p[i].len;
	}
	begin = measure_clock();
	for (uint32_t i = 0; i < MEASURE_BATCH; i++) {
		if (m->ahead && i % m->burst == 0)
			m->ahead(m->ctx, &p[i], m->burst);
		r = m->run(m->ctx, &p[i]);
		if (r.verdict != XLAT_FORWARD) {
			refused++;
			why = r.why;
		}
	}
	end = measure_clock();
	if (refused)
		measure_fail(m->name, xlat_why_name(why));
	return (double)(end - begin) - table.clock_ns;
}

void measure_packets(const struct measure *m)
{
	static double spans[BATCHES_MAX];
	/* An odd number of lines: packets then share no set of the cache. */
	const uint32_t stride =
		((PKT_HEADROOM + m->size + LINE - 1) / LINE | 1) * LINE;
	const double budget = table.seconds * 1e9;
	const uint64_t begin = measure_clock();
	double middle;
	double best;
	uint8_t *mem;
	size_t n = 0;

	if (!measure_wanted(m->name))
		return;
	mem = calloc(MEASURE_BATCH, stride);
	if (!mem)
		measure_fail(m->name, "no memory");
	for (unsigned int i = 0; i < 100; i++)
		(void)run_batch(m, mem, stride);
	while (n < BATCHES_MAX && (double)(measure_clock() - begin) < budget)
		spans[n++] = run_batch(m, mem, stride) / MEASURE_BATCH;
	free(mem);
	if (n == 0)
		measure_fail(m->name, "no time was left for it");
	middle = measure_median(spans, n, &best);
	measure_row(m->name, "ns/packet", middle, best, m->goal, true);
}
