/* SPDX-License-Identifier: MIT */
/*
 * ev.h - the event loop: epoll, one timer, signals
 *
 * Whoever owns a descriptor embeds a struct ev and must not move it while it
 * is registered. The clock is read once per wake-up and handed down.
 */
#ifndef XLAT_LINUX_EV_H
#define XLAT_LINUX_EV_H

#include <stdbool.h>
#include <stdint.h>

#include "base.h"

struct ev_loop;

/**
 * struct ev - interest in a descriptor
 * @fd:		descriptor; the owner opens and closes it
 * @ready:	called with the EPOLL* bits that are set; may remove any ev,
 *		itself included
 */
struct ev {
	int fd;
	void (*ready)(struct ev_loop *loop, struct ev *ev, uint32_t events);
};

/**
 * struct ev_timer - a call at a time
 * @at:		monotonic ns; UINT64_MAX: not armed; set with ev_timer_set()
 * @due:	called once when the time has come; may arm it again
 */
struct ev_timer {
	uint64_t at;
	void (*due)(struct ev_loop *loop, struct ev_timer *t);
	struct ev_timer *next;
};

#define EV_BATCH 16u

/**
 * struct ev_loop - one loop; embed it, ev_init() it
 * @now:	monotonic time of this wake-up, ns
 * @stop:	set to leave ev_run() after the current wake-up
 * @failed:	set with @stop by whoever cannot go on, having said why
 * @after:	called with @ctx after each event and timer; may be NULL
 * @batch:	what epoll reported and has not been dispatched yet
 */
struct ev_loop {
	int epoll;
	bool stop;
	bool failed;
	uint64_t now;
	struct ev_timer *timers;
	void (*after)(void *ctx);
	void *ctx;
	struct ev *batch[EV_BATCH];
};

/* Return: 0 or -errno. */
XL_MUST_USE int ev_init(struct ev_loop *loop);
void ev_close(struct ev_loop *loop);

/**
 * ev_add() - start to watch @ev->fd; ev_mod() - change what for;
 * ev_del() - stop
 * @events:	EPOLLIN, EPOLLOUT, ...; level triggered
 *
 * Return: 0 or -errno
 */
XL_MUST_USE int ev_add(struct ev_loop *loop, struct ev *ev, uint32_t events);
XL_MUST_USE int ev_mod(struct ev_loop *loop, struct ev *ev, uint32_t events);
void ev_del(struct ev_loop *loop, struct ev *ev);

/**
 * ev_timer_set() - arm, move or (UINT64_MAX) disarm a timer
 */
void ev_timer_set(struct ev_loop *loop, struct ev_timer *t, uint64_t at);

/**
 * ev_run() - dispatch until @loop->stop
 *
 * Return: 0, or -errno when waiting itself failed
 */
XL_MUST_USE int ev_run(struct ev_loop *loop);

/* Seconds: a year, which is the longest time that an option takes. So what is
 * read from a file was last used after 0, though the machine has just been
 * started. */
#define EV_AHEAD 31536000u

/* Monotonic time in ns that goes on while the machine sleeps; at its start it
 * was EV_AHEAD. */
uint64_t ev_clock(void);

/**
 * struct ev_signals - the signals of a daemon as events
 * @on_signal:	called with the signal's number
 */
struct ev_signals {
	struct ev ev;
	void (*on_signal)(struct ev_loop *loop, int signo);
};

/**
 * ev_signals_open() - block SIGTERM, SIGINT, SIGHUP and SIGQUIT and have them
 * delivered to @s; SIGPIPE is ignored
 *
 * Return: 0 or -errno
 */
XL_MUST_USE int ev_signals_open(struct ev_loop *loop, struct ev_signals *s);

#endif
