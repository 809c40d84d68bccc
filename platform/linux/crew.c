/* SPDX-License-Identifier: MIT */
#include "crew.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "log.h"
#include "pages.h"

#define RING_SIZE (1u << 19)
#define BUDGET    256u /* records of a ring, before others get a turn */

static void add(int fd, uint64_t n)
{
	/* It fails if it was done very often before: that will do. */
	(void)!write(fd, &n, sizeof(n));
}

/* Return: what was added meanwhile; it may wait for that. */
static uint64_t take(int fd)
{
	uint64_t n = 0;

	return read(fd, &n, sizeof(n)) == (ssize_t)sizeof(n) ? n : 0;
}

void crew_wake(struct crew *c, uint32_t number)
{
	struct crew_member *m = &c->members[number];

	if (!__atomic_exchange_n(&m->kicked, 1, __ATOMIC_SEQ_CST))
		add(m->kick.fd, 1);
}

void crew_flush(struct crew *c, uint32_t from)
{
	struct crew_member *m = &c->members[from];

	for (; m->owes; m->owes &= m->owes - 1)
		crew_wake(c, (uint32_t)__builtin_ctz(m->owes));
}

static void park(struct crew_member *m)
{
	add(m->crew->parked, 1);
	while (!take(m->go))
		;
}

/* Return: there is more. */
static bool drain(struct crew *c, uint32_t from, uint32_t me)
{
	struct ring *r = crew_ring(c, from, me);
	uint32_t budget = BUDGET;
	void *record;

	while (budget && (record = ring_peek(r))) {
		c->take(c->ctx, me, from, record);
		ring_release(r);
		budget--;
	}
	if (ring_was_full(r))
		crew_wake(c, from);
	return !budget;
}

static void kicked(struct ev_loop *loop, struct ev *ev, uint32_t events)
{
	struct crew_member *m = (struct crew_member *)(void *)ev;
	struct crew *c = m->crew;
	bool more = false;

	(void)events;
	(void)take(ev->fd);
	/* What is written from now on wakes us again. */
	__atomic_store_n(&m->kicked, 0, __ATOMIC_SEQ_CST);
	if (m->number && __atomic_load_n(&c->wanted, __ATOMIC_ACQUIRE))
		park(m);
	if (m->number && __atomic_load_n(&c->leaving, __ATOMIC_ACQUIRE))
		loop->stop = true;
	if (!m->number && __atomic_load_n(&c->failed, __ATOMIC_ACQUIRE))
		loop->failed = loop->stop = true;
	for (uint32_t from = 0; from < c->count && !loop->stop; from++)
		if (from != m->number)
			more = drain(c, from, m->number) || more;
	if (more)
		crew_wake(c, m->number);
	c->rest(c->ctx, m->number);
}

/* One that cannot go on ends all; until then it counts as stopped. */
static void *run(void *arg)
{
	struct crew_member *m = arg;
	struct crew *c = m->crew;
	const int err = ev_run(m->loop);

	if (err)
		log_error("a thread ends: %s", strerror(-err));
	if (err || m->loop->failed) {
		__atomic_store_n(&c->failed, true, __ATOMIC_RELEASE);
		crew_wake(c, 0);
		while (!__atomic_load_n(&c->leaving, __ATOMIC_ACQUIRE))
			park(m);
	}
	return NULL;
}

static void start(struct ev_loop *loop, struct ev_timer *t)
{
	struct crew *c = (void *)((char *)t - offsetof(struct crew, start));

	for (uint32_t i = 1; i < c->count; i++) {
		struct crew_member *m = &c->members[i];
		const int err = pthread_create(&m->thread, NULL, run, m);

		m->running = err == 0;
		if (!err)
			continue;
		log_error("cannot start thread %u: %s", i + 1, strerror(err));
		loop->failed = loop->stop = true;
	}
}

static uint32_t running(const struct crew *c)
{
	uint32_t n = 0;

	for (uint32_t i = 1; i < c->count; i++)
		n += c->members[i].running;
	return n;
}

void crew_stop(struct crew *c)
{
	uint64_t left;

	if (c->count < 2 || c->stopped)
		return;
	c->stopped = true;
	left = running(c);
	__atomic_store_n(&c->wanted, true, __ATOMIC_SEQ_CST);
	for (uint32_t i = 1; i < c->count; i++)
		crew_wake(c, i);
	while (left)
		left -= take(c->parked);
}

static void go_on(void *ctx)
{
	struct crew *c = ctx;

	if (!c->stopped)
		return;
	c->stopped = false;
	__atomic_store_n(&c->wanted, false, __ATOMIC_SEQ_CST);
	for (uint32_t i = 1; i < c->count; i++)
		if (c->members[i].running)
			add(c->members[i].go, 1);
}

static int open_member(struct crew *c, uint32_t number, struct ev_loop *first)
{
	struct crew_member *m = &c->members[number];
	int err = 0;

	m->crew = c;
	m->number = number;
	m->kick.ready = kicked;
	m->kick.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	m->go = eventfd(0, EFD_CLOEXEC);
	if (m->kick.fd < 0 || m->go < 0)
		return -errno;
	if (number)
		err = ev_init(&m->own);
	m->loop = number ? &m->own : first;
	return err ? err : ev_add(m->loop, &m->kick, EPOLLIN);
}

static int take_rings(struct crew *c)
{
	const uint32_t count = c->count * c->count;
	const size_t heads = (count * sizeof(*c->rings) + 4095) & ~(size_t)4095;
	uint8_t *p = pages_take(heads + (size_t)count * RING_SIZE, false);

	if (!p)
		return -ENOMEM;
	c->rings = (void *)p;
	for (uint32_t i = 0; i < count; i++)
		c->rings[i] =
			(struct ring){ .mem = p + heads + (size_t)i * RING_SIZE,
				       .size = RING_SIZE };
	return 0;
}

int crew_open(struct crew *c, struct ev_loop *loop)
{
	int err = take_rings(c);

	c->parked = eventfd(0, EFD_CLOEXEC);
	if (c->parked < 0)
		err = -errno;
	for (uint32_t i = 0; i < c->count && !err; i++)
		err = open_member(c, i, loop);
	loop->after = go_on;
	loop->ctx = c;
	c->start = (struct ev_timer){ .due = start };
	ev_timer_set(loop, &c->start, loop->now);
	return err;
}

/* Descriptors and memory go with the process. */
void crew_close(struct crew *c)
{
	go_on(c);
	__atomic_store_n(&c->leaving, true, __ATOMIC_SEQ_CST);
	for (uint32_t i = 1; i < c->count; i++) {
		struct crew_member *m = &c->members[i];

		if (!m->running)
			continue;
		add(m->go, 1);
		crew_wake(c, i);
		pthread_join(m->thread, NULL);
		m->running = false;
	}
}
