/* SPDX-License-Identifier: MIT */
/*
 * measure.h - nanoseconds a packet, and the table they end up in
 *
 * Translation is in place, so a packet can be translated once. A batch of
 * fresh packets is built, then the clock is read, then all of them are
 * translated, then the clock is read again: building is not measured, and of
 * the two clock readings, whose cost is measured beforehand, each packet
 * bears a share that is subtracted. The figure is the median over thousands
 * of batches: a batch takes microseconds, so neither an interrupt nor another
 * program on the same processor reaches it.
 */
#ifndef XLAT_BENCH_MEASURE_H
#define XLAT_BENCH_MEASURE_H

#include <stdio.h>

#include "packet.h"

#define MEASURE_BATCH 32u

/**
 * struct measure - what is to be measured
 * @name:	of the row
 * @goal:	most ns a packet that it should take; 0: no goal
 * @fill:	build packet number @i in @p; not measured
 * @run:	translate it; measured
 * @ahead:	told of @burst packets before the first of them is translated,
 *		measured as well; or NULL
 * @ctx:	for both
 * @size:	longest packet that @fill builds, bytes
 */
struct measure {
	const char *name;
	double goal;
	void (*fill)(void *ctx, struct pkt *p, uint32_t i);
	struct xlat_result (*run)(void *ctx, struct pkt *p);
	void (*ahead)(void *ctx, const struct pkt *p, uint32_t count);
	uint32_t burst;
	void *ctx;
	uint32_t size;
};

/**
 * measure_open() - start the table
 * @csv:	file that gets the rows, too
 * @only:	word that a row's name must hold to be measured, or NULL
 * @seconds:	to spend on a row
 */
void measure_open(FILE *csv, const char *only, double seconds);

/* Is a row of this name wanted? */
bool measure_wanted(const char *name);

/**
 * measure_packets() - a row of ns a packet
 *
 * A packet that is not forwarded ends the program: what is refused is soon
 * done, and would make a good figure.
 */
void measure_packets(const struct measure *m);

/**
 * measure_row() - a row with a figure that was come by otherwise
 * @at_most:	whether @goal, if not 0, is an upper bound or a lower one
 */
void measure_row(const char *name, const char *unit, double value, double best,
		 double goal, bool at_most);

/* Median of @n values, which are sorted, and the least of them. */
double measure_median(double *values, size_t n, double *best);

/* Wall clock and this thread's processor time, ns. */
uint64_t measure_clock(void);
uint64_t measure_cpu(void);

/* A random number that is the same in every run. */
uint64_t measure_random(void);

/* Print @what and end the program. */
_Noreturn void measure_fail(const char *what, const char *detail);

#endif
