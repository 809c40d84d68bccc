/* SPDX-License-Identifier: MIT */
/*
 * dnsworker.c - threads that take clients' datagrams
 *
 * They are opened with the rest, but begin when the loop does: what a process
 * gives up is given up once, before there are any. One that cannot begin
 * leaves its sockets to the first.
 */
#include "dnsio.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "log.h"

void dnsio_hold(const struct dnsio_worker *w)
{
	if (w->lock)
		pthread_mutex_lock(w->lock);
}

void dnsio_release(const struct dnsio_worker *w)
{
	if (w->lock)
		pthread_mutex_unlock(w->lock);
}

/* Always in this order, so that two do not wait for each other. */
void dnsio_lock(const struct dnsio *io)
{
	for (uint32_t i = 0; i < io->threads; i++)
		dnsio_hold(&io->workers[i]);
}

void dnsio_unlock(const struct dnsio *io)
{
	for (uint32_t i = 0; i < io->threads; i++)
		dnsio_release(&io->workers[i]);
}

uint64_t dnsio_count(const struct dnsio *io, enum count c)
{
	uint64_t sum = io->query.count[c];

	for (uint32_t i = 0; i < io->threads; i++)
		sum += io->workers[i].count[c];
	return sum;
}

static void kick(const struct dnsio_worker *w)
{
	const uint64_t one = 1;

	/* It fails if it was kicked very often before: that will do. */
	(void)!write(w->kick.fd, &one, sizeof(one));
}

static struct dnsio_worker *worker_of(struct ev *ev)
{
	return (void *)((char *)ev - offsetof(struct dnsio_worker, kick));
}

/* The timer is the first thread's. Deadlines mostly move away from it, which
 * it notices by itself. */
void dnsio_arm(struct dnsio_worker *w)
{
	struct dnsio *io = w->io;
	const uint64_t deadline = query_deadline(&io->query);

	if (w == io->workers) {
		if (deadline == io->armed)
			return;
		io->armed = deadline;
		ev_timer_set(io->loop, &io->expiry, deadline);
	} else if (deadline < io->armed && !io->kicked) {
		io->kicked = true;
		kick(&io->workers[0]);
	}
}

static void first_kicked(struct ev_loop *loop, struct ev *ev, uint32_t events)
{
	struct dnsio_worker *w = worker_of(ev);
	uint64_t n;

	(void)loop;
	(void)events;
	(void)!read(ev->fd, &n, sizeof(n));
	dnsio_lock(w->io);
	w->io->kicked = false;
	dnsio_arm(w);
	dnsio_unlock(w->io);
}

static void other_kicked(struct ev_loop *loop, struct ev *ev, uint32_t events)
{
	(void)ev;
	(void)events;
	loop->stop = true;
}

static void *run(void *arg)
{
	struct dnsio_worker *w = arg;
	const int err = ev_run(&w->own);

	if (err)
		log_error("a thread ends: %s", strerror(-err));
	return NULL;
}

/* Its sockets go to the first thread. */
static void hand_over(struct dnsio_worker *w)
{
	struct dnsio *io = w->io;

	for (uint32_t i = 0; i < io->listen_count; i++) {
		ev_del(&w->own, &w->udp[i].ev);
		w->udp[i].worker = &io->workers[0];
		if (ev_add(io->loop, &w->udp[i].ev, EPOLLIN))
			dnsio_close_listener(io->loop, &w->udp[i]);
	}
}

static void start(struct ev_loop *loop, struct ev_timer *t)
{
	struct dnsio *io = (void *)((char *)t - offsetof(struct dnsio, start));
	int err;

	(void)loop;
	for (uint32_t i = 1; i < io->threads; i++) {
		struct dnsio_worker *w = &io->workers[i];

		err = pthread_create(&w->thread, NULL, run, w);
		w->running = err == 0;
		if (!err)
			continue;
		log_warn("cannot start thread %u: %s", i + 1, strerror(err));
		hand_over(w);
	}
}

static int open_kick(struct dnsio_worker *w)
{
	w->kick.ready = w == w->io->workers ? first_kicked : other_kicked;
	w->kick.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return w->kick.fd < 0 ? -errno : ev_add(w->loop, &w->kick, EPOLLIN);
}

static int open_worker(struct dnsio_worker *w)
{
	struct dnsio *io = w->io;
	int err = ev_init(&w->own);

	if (err)
		return err;
	w->loop = &w->own;
	err = open_kick(w);
	for (uint32_t i = 0; i < io->listen_count && !err; i++) {
		w->udp[i].index = i;
		err = dnsio_listen(w, &w->udp[i], io->listen[i], SOCK_DGRAM);
		if (err)
			io->failed = &io->listen[i];
	}
	return err;
}

int dnsio_workers_open(struct dnsio *io)
{
	int err = 0;

	if (io->threads == 1)
		return 0;
	err = open_kick(&io->workers[0]);
	for (uint32_t i = 1; i < io->threads && !err; i++)
		err = open_worker(&io->workers[i]);
	io->start = (struct ev_timer){ .due = start };
	ev_timer_set(io->loop, &io->start, io->loop->now);
	return err;
}

static void close_worker(struct dnsio_worker *w)
{
	if (w->running) {
		kick(w);
		pthread_join(w->thread, NULL);
	}
	if (!w->loop)
		return;
	for (uint32_t i = 0; i < w->io->listen_count; i++)
		dnsio_close_listener(w->udp[i].worker == w ? w->loop
							   : w->io->loop,
				     &w->udp[i]);
	close(w->kick.fd);
	ev_close(&w->own);
}

void dnsio_workers_close(struct dnsio *io)
{
	ev_timer_set(io->loop, &io->start, UINT64_MAX);
	for (uint32_t i = 1; i < io->threads; i++)
		close_worker(&io->workers[i]);
	if (io->workers[0].kick.fd < 0)
		return;
	ev_del(io->loop, &io->workers[0].kick);
	close(io->workers[0].kick.fd);
}
