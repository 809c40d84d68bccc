/* SPDX-License-Identifier: MIT */
/*
 * fuzz.h - what a fuzzer is: the function that gets the inputs, and the way to
 * say that something is wrong
 */
#ifndef TEST_FUZZ_H
#define TEST_FUZZ_H

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(x)                                                               \
	do {                                                                   \
		if (!(x))                                                      \
			abort();                                               \
	} while (0)

#endif
