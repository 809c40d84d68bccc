/* SPDX-License-Identifier: MIT */
/* Numbers in texts of the kernel. */
#include <criterion/criterion.h>

#include "digits.h"

static const struct {
	const char *text;
	unsigned int base;
	uint64_t number;
	const char *rest;
} rows[] = {
	{ "0", 10, 0, "" },
	{ "32768\t60999\n", 10, 32768, "\t60999\n" },
	{ "\t60999\n", 10, 60999, "\n" },
	{ "  7 of 9", 10, 7, " of 9" },
	{ "007", 10, 7, "" },
	{ "1F90 00000000", 16, 8080, " 00000000" },
	{ "06 0:0", 16, 6, " 0:0" },
	{ "9A", 10, 9, "A" },
	{ "1G", 16, 1, "G" },
	{ "", 10, 0, "" },
	{ " ", 10, 0, " " },
	{ "-1", 10, 0, "-1" },
	{ "x1", 16, 0, "x1" },
	{ "18446744073709551615", 10, UINT64_MAX, "" },
	{ "18446744073709551616 1", 10, UINT64_MAX, " 1" },
	{ "999999999999999999999999", 10, UINT64_MAX, "" },
	{ "FFFFFFFFFFFFFFFF", 16, UINT64_MAX, "" },
	{ "10000000000000000", 16, UINT64_MAX, "" },
};

Test(digits, take_what_a_text_begins_with)
{
	for (size_t i = 0; i < XL_COUNT(rows); i++) {
		const char *at = rows[i].text;
		const uint64_t n = digits_take(&at, rows[i].base);

		cr_expect_eq(n, rows[i].number, "'%s'", rows[i].text);
		cr_expect_str_eq(at, rows[i].rest, "'%s'", rows[i].text);
	}
}
