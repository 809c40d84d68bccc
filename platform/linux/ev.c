/* SPDX-License-Identifier: MIT */
#include "ev.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#define SECOND 1000000000ull
#define MS     1000000ull

uint64_t ev_clock(void)
{
	struct timespec t;

	/* Goes on while the machine sleeps: lifetimes are wall-clock time. */
	clock_gettime(CLOCK_BOOTTIME, &t);
	return ((uint64_t)t.tv_sec + EV_AHEAD) * SECOND + (uint64_t)t.tv_nsec;
}

int ev_init(struct ev_loop *loop)
{
	*loop = (struct ev_loop){ .now = ev_clock() };
	loop->epoll = epoll_create1(EPOLL_CLOEXEC);
	return loop->epoll < 0 ? -errno : 0;
}

void ev_close(struct ev_loop *loop)
{
	close(loop->epoll);
}

static int control(struct ev_loop *loop, int op, struct ev *ev, uint32_t events)
{
	struct epoll_event e = { .events = events, .data.ptr = ev };

	return epoll_ctl(loop->epoll, op, ev->fd, &e) < 0 ? -errno : 0;
}

int ev_add(struct ev_loop *loop, struct ev *ev, uint32_t events)
{
	return control(loop, EPOLL_CTL_ADD, ev, events);
}

int ev_mod(struct ev_loop *loop, struct ev *ev, uint32_t events)
{
	return control(loop, EPOLL_CTL_MOD, ev, events);
}

void ev_del(struct ev_loop *loop, struct ev *ev)
{
	(void)control(loop, EPOLL_CTL_DEL, ev, 0);
	/* It may be reported already and not be dispatched yet. */
	for (unsigned int i = 0; i < EV_BATCH; i++)
		if (loop->batch[i] == ev)
			loop->batch[i] = NULL;
}

static void timer_unlink(struct ev_loop *loop, const struct ev_timer *t)
{
	for (struct ev_timer **at = &loop->timers; *at; at = &(*at)->next) {
		if (*at == t) {
			*at = t->next;
			return;
		}
	}
}

void ev_timer_set(struct ev_loop *loop, struct ev_timer *t, uint64_t at)
{
	struct ev_timer **place = &loop->timers;

	timer_unlink(loop, t);
	t->at = at;
	if (at == UINT64_MAX)
		return;
	while (*place && (*place)->at <= at)
		place = &(*place)->next;
	t->next = *place;
	*place = t;
}

static void after(const struct ev_loop *loop)
{
	if (loop->after)
		loop->after(loop->ctx);
}

/* One that is due again at once is called after what else there is to do. */
static void run_timers(struct ev_loop *loop)
{
	struct ev_timer *t;
	unsigned int due = 0;

	for (t = loop->timers; t && t->at <= loop->now; t = t->next)
		due++;
	while (due-- && !loop->stop && loop->timers &&
	       loop->timers->at <= loop->now) {
		t = loop->timers;
		ev_timer_set(loop, t, UINT64_MAX);
		t->due(loop, t);
		after(loop);
	}
}

/* Milliseconds to sleep, rounded up: waking early would only spin. */
static int timeout_ms(const struct ev_loop *loop)
{
	const uint64_t now = ev_clock();
	uint64_t ms;

	if (!loop->timers)
		return -1;
	if (loop->timers->at <= now)
		return 0;
	ms = (loop->timers->at - now + MS - 1) / MS;
	return ms > INT_MAX ? INT_MAX : (int)ms;
}

static void dispatch(struct ev_loop *loop, const struct epoll_event *events,
		     unsigned int count)
{
	struct ev *ev;

	for (unsigned int i = 0; i < count && !loop->stop; i++) {
		ev = loop->batch[i];
		loop->batch[i] = NULL;
		if (!ev)
			continue;
		ev->ready(loop, ev, events[i].events);
		after(loop);
	}
}

int ev_run(struct ev_loop *loop)
{
	struct epoll_event events[EV_BATCH];
	unsigned int count;
	int n;

	while (!loop->stop) {
		n = epoll_wait(loop->epoll, events, EV_BATCH, timeout_ms(loop));
		if (n < 0 && errno != EINTR)
			return -errno;
		count = n > 0 ? (unsigned int)n : 0;
		for (unsigned int i = 0; i < count; i++)
			loop->batch[i] = events[i].data.ptr;
		loop->now = ev_clock();
		/* First: after a sleep of the machine what is over by now must
		 * not be found by a packet that came in the meantime. */
		run_timers(loop);
		dispatch(loop, events, count);
	}
	return 0;
}

static void signals_ready(struct ev_loop *loop, struct ev *ev, uint32_t events)
{
	struct ev_signals *s = (struct ev_signals *)(void *)ev;
	struct signalfd_siginfo info;

	(void)events;
	if (read(ev->fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
		s->on_signal(loop, (int)info.ssi_signo);
}

int ev_signals_open(struct ev_loop *loop, struct ev_signals *s)
{
	sigset_t set;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGQUIT);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return -errno;
	s->ev.ready = signals_ready;
	s->ev.fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (s->ev.fd < 0)
		return -errno;
	return ev_add(loop, &s->ev, EPOLLIN);
}
