/* SPDX-License-Identifier: MIT */
/*
 * core_bench [CSV] - nanoseconds a packet in core, without a system call
 *
 * Environment: BENCH_ONLY=WORD measures the rows with that word in their name,
 * BENCH_SECONDS=N spends a tenth of that on each (default 2).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "measure.h"
#include "rows.h"

int main(int argc, char **argv)
{
	const char *seconds = getenv("BENCH_SECONDS");
	FILE *csv = fopen(argc > 1 ? argv[1] : "/dev/null", "w");

	if (!csv)
		measure_fail(argv[1], strerror(errno));
	measure_open(csv, getenv("BENCH_ONLY"),
		     (seconds ? atof(seconds) : 2) / 10);
	rows_siit();
	rows_eam();
	rows_nat64();
	return fclose(csv) == 0 ? 0 : 1;
}
