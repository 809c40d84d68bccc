/* SPDX-License-Identifier: MIT */
/*
 * repair.h - putting back what others have removed, but not for ever: who
 * removes it again and again means it
 */
#ifndef XLAT_CLAT_REPAIR_H
#define XLAT_CLAT_REPAIR_H

#include "base.h"

/**
 * struct repair - starts zeroed, and so it is when it may begin anew
 * @at:		when to put back what is missing, ns; 0: nothing is
 * @since:	start of the minute in which @count repairs were made
 * @given_up:	that many were in vain
 */
struct repair {
	uint64_t at;
	uint64_t since;
	uint32_t count;
	bool given_up;
};

/**
 * repair_due() - look whether it is time
 * @missing:	something is
 * @now:	monotonic ns
 *
 * A second after it was found missing it is put back, five times a minute.
 *
 * Return: put it back now
 */
XL_MUST_USE bool repair_due(struct repair *r, bool missing, uint64_t now);

/* When repair_due() is due, ns; UINT64_MAX: when something changes. */
uint64_t repair_deadline(const struct repair *r);

#endif
