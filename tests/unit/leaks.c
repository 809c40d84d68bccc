/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <sanitizer/lsan_interface.h>

#include "leaks.h"

/*
 * Not at the end of each test: there Criterion does not look any more, core
 * does not allocate (tests/lint/purity.sh says so), and the search takes
 * longer than most tests.
 */
const char *__asan_default_options(void);

const char *__asan_default_options(void)
{
	return "leak_check_at_exit=0";
}

void leaks_check(void)
{
	cr_expect_not(__lsan_do_recoverable_leak_check(), "something leaked");
}
