/* SPDX-License-Identifier: MIT */
/* Putting back what others remove, and giving up. */
#include "clat_help.h"

#include "clat/repair.h"

/* L-45: a second later, and not before. */
Test(clat_repair, l_45_a_second_later)
{
	struct repair r = { 0 };

	cr_expect_not(repair_due(&r, false, SECOND));
	cr_expect_eq(repair_deadline(&r), UINT64_MAX);
	cr_expect_not(repair_due(&r, true, 10 * SECOND));
	cr_expect_eq(repair_deadline(&r), 11 * SECOND);
	cr_expect_not(repair_due(&r, true, 11 * SECOND - 1));
	cr_expect(repair_due(&r, true, 11 * SECOND));
	cr_expect_eq(repair_deadline(&r), UINT64_MAX);
	cr_expect_not(repair_due(&r, false, 12 * SECOND));
	/* It came back by itself. */
	cr_expect_not(repair_due(&r, true, 13 * SECOND));
	cr_expect_not(repair_due(&r, false, 13 * SECOND + 1));
	cr_expect_eq(repair_deadline(&r), UINT64_MAX);
}

/* L-45: five in a minute; the sixth is left alone, for good. */
Test(clat_repair, l_45_gives_up)
{
	struct repair r = { 0 };
	unsigned int made = 0;

	for (uint64_t now = SECOND; now < 300 * SECOND; now += SECOND / 2)
		made += repair_due(&r, true, now);
	cr_expect_eq(made, 5);
	cr_expect(r.given_up);
	cr_expect_eq(repair_deadline(&r), UINT64_MAX);
	r = (struct repair){ 0 };
	made = 0;
	for (uint64_t now = SECOND; now < 600 * SECOND; now += 15 * SECOND)
		made += repair_due(&r, true, now) +
			repair_due(&r, true, now + SECOND);
	cr_expect_eq(made, 40, "once in fifteen seconds is kept up with");
	cr_expect_not(r.given_up);
}
