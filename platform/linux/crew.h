/* SPDX-License-Identifier: MIT */
/*
 * crew.h - threads that share nothing but what they hand to each other
 *
 * Theory of operation. Number 0 is the thread that there is anyway, with its
 * event loop; each of the others has a loop of its own. From each to each goes
 * a ring (ring.h). Who has written to one wakes the reader when it has done
 * what there is to do, if the reader does not know yet: one system call for
 * many records.
 *
 * What belongs to a thread is its own, and no lock guards it. When number 0
 * has to look at it, or change it (a client of ctl asks, the configuration is
 * read again), it stops the others, which is between two bursts of packets;
 * they go on when it has done what its loop has called it for.
 *
 * The threads begin when the loop does: what a process gives up is given up
 * before, and once.
 */
#ifndef XLAT_LINUX_CREW_H
#define XLAT_LINUX_CREW_H

#include <pthread.h>

#include "ev.h"
#include "ring.h"

#define CREW_MAX 16u

struct crew;

/**
 * struct crew_member - a thread
 * @kick:	wakes it
 * @loop:	number 0: the first loop; else @own
 * @kicked:	it will look at its rings anyway
 * @owes:	bits of those whom it has written to and not woken yet
 * @go:		what it waits for while it is stopped
 */
struct crew_member {
	struct ev kick; /* first member */
	struct crew *crew;
	struct ev_loop own;
	struct ev_loop *loop;
	uint32_t number;
	uint32_t kicked;
	uint32_t owes;
	int go;
	bool running;
	pthread_t thread;
};

/**
 * struct crew - all of them; all zero, but for the first four, until
 * crew_open()
 * @count:	their number; 1: there are none but number 0, and nothing that
 *		is said here happens
 * @take:	in thread @me: a record that @from has written
 * @rest:	the same, after all that there is to do
 * @ctx:	of both
 * @wanted:	they are to stop
 * @leaving:	or to end
 * @failed:	one cannot go on, and has said why
 * @stopped:	they are stopped, and number 0 knows it
 * @parked:	each adds 1 to it when it stops
 * @rings:	@count times @count of them, by writer and reader
 */
struct crew {
	uint32_t count;
	void (*take)(void *ctx, uint32_t me, uint32_t from, void *record);
	void (*rest)(void *ctx, uint32_t me);
	void *ctx;
	bool wanted;
	bool leaving;
	bool failed;
	bool stopped;
	int parked;
	struct ev_timer start;
	struct crew_member members[CREW_MAX];
	struct ring *rings;
};

/**
 * crew_open() - prepare the threads, which begin with the loop
 * @loop:	number 0's
 *
 * Return: 0 or -errno
 */
XL_MUST_USE int crew_open(struct crew *c, struct ev_loop *loop);

/* crew_close() - end them; nothing happens if they were not opened. */
void crew_close(struct crew *c);

XL_INLINE struct ev_loop *crew_loop(struct crew *c, uint32_t number)
{
	return c->members[number].loop;
}

XL_INLINE struct ring *crew_ring(struct crew *c, uint32_t from, uint32_t to)
{
	return &c->rings[from * c->count + to];
}

/**
 * crew_wrote() - there is something in the ring from @from to @to
 * crew_flush() - thread @from has done what there was: whom it has written to
 *		is woken
 */
XL_INLINE void crew_wrote(struct crew *c, uint32_t from, uint32_t to)
{
	c->members[from].owes |= 1u << to;
}

void crew_flush(struct crew *c, uint32_t from);

/* crew_wake() - @rest and all that comes before it is to be called there. */
void crew_wake(struct crew *c, uint32_t number);

/**
 * crew_stop() - number 0: all others stand still until what the loop has called
 * now is done; again: nothing happens
 */
void crew_stop(struct crew *c);

#endif
