/* SPDX-License-Identifier: MIT */
/*
 * state.h - plat's tables in a file (--state): read at the start, written now
 * and then, on demand and at the end
 *
 * Writing never holds packets up: the keeper (keeper.h) gets a chunk whenever
 * it has taken the last one. Only at the end, when no packets are handled any
 * more, it is waited for.
 */
#ifndef XLAT_CMD_STATE_H
#define XLAT_CMD_STATE_H

#include "app.h"
#include "crew.h"
#include "keeper.h"
#include "nat64/snapshot.h"

enum state_phase { STATE_IDLE, STATE_FILLING, STATE_WRITING };

/**
 * struct state - the file and how it does
 * @path:	NULL: there is none
 * @interval:	seconds between two writings
 * @nat64:	@count of them, one for each thread; what they are may change
 *		(state_follow())
 * @crew:	those threads
 * @part:	the one that is being written
 * @buf:	@len bytes of it that the keeper has not taken yet
 * @saved:	when it was written last, ns; 0: not yet
 * @err:	what came of the last writing
 */
struct state {
	const char *path;
	uint32_t interval;
	struct ev_loop *loop;
	struct nat64 *const *nat64;
	uint32_t count;
	uint32_t part;
	struct crew *crew;
	struct keeper keeper;
	struct ev_timer timer;
	enum state_phase phase;
	struct snapshot_origin origin;
	struct snapshot shot;
	uint8_t buf[KEEPER_CHUNK];
	size_t len;
	uint64_t saved;
	uint64_t saves;
	uint64_t failures;
	int err;
};

/**
 * state_open() - read the file, if there is one, and be ready to write it
 * @s:		all from @path to @interval set, @nat64, @count and @crew too
 *
 * A damaged file is told of, and left out; one that is not ours is an error.
 * With authority.
 */
XL_MUST_USE enum exit_status state_open(struct state *s, struct app *a);

/**
 * state_save() - begin to write it, unless that is under way
 *
 * Return: NULL, or why that is impossible
 */
XL_MUST_USE const char *state_save(struct state *s);

/* state_follow() - the tables are others from now on. */
void state_follow(struct state *s);

/* state_close() - write it for the last time. */
void state_close(struct state *s);

/* Fields of status, and counters. */
void state_report(const struct state *s, struct report *r);
void state_counters(const struct state *s, struct report *r);

#endif
