/* SPDX-License-Identifier: MIT */
#include "serve.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "pages.h"

#define SECOND       1000000000ull
#define PATIENCE     (10 * SECOND)
#define ROWS_AT_ONCE 512u /* looked at, before packets get a turn */

/* Have those who wait in the kernel's queue accepted, or let them wait. */
static void accept_more(struct serve *s, struct ev_loop *loop, bool more)
{
	ev_timer_set(loop, &s->retry, UINT64_MAX);
	if (ev_mod(loop, &s->ev, more ? EPOLLIN : 0) && more)
		ev_timer_set(loop, &s->retry, loop->now + SECOND);
}

static void accept_again(struct ev_loop *loop, struct ev_timer *t)
{
	struct serve *s = (void *)((char *)t - offsetof(struct serve, retry));

	accept_more(s, loop, true);
}

static void client_close(struct serve_client *c, struct ev_loop *loop)
{
	if (c->ev.fd < 0)
		return;
	if (c->owner->kind->gone)
		c->owner->kind->gone(c);
	ev_del(loop, &c->ev);
	ev_timer_set(loop, &c->patience, UINT64_MAX);
	close(c->ev.fd);
	c->ev.fd = -1;
	accept_more(c->owner, loop, true);
}

static void client_impatient(struct ev_loop *loop, struct ev_timer *t)
{
	struct serve_client *c =
		(void *)((char *)t - offsetof(struct serve_client, patience));

	client_close(c, loop);
}

/* Make more of the answer, if the last part has been taken. */
static void produce(struct serve_client *c)
{
	enum serve_more next = SERVE_MORE;
	struct report *r = &c->report;

	if (c->ended || c->start < c->len)
		return;
	c->start = 0;
	r->len = 0;
	for (unsigned int rows = 0; next == SERVE_MORE && rows < ROWS_AT_ONCE &&
				    r->size - r->len > REPORT_RECORD_MAX;
	     rows++)
		next = c->owner->kind->more(c);
	c->ended = next == SERVE_END;
	c->waiting = next == SERVE_WAIT && !r->len;
	c->len = r->len;
}

/* Not even the end of its patience wakes it. */
static void wait_for_more(struct ev_loop *loop, struct serve_client *c)
{
	ev_timer_set(loop, &c->patience, UINT64_MAX);
	if (ev_mod(loop, &c->ev, 0))
		client_close(c, loop);
}

void serve_wake(struct serve_client *c, struct ev_loop *loop)
{
	if (!c->waiting)
		return;
	c->waiting = false;
	ev_timer_set(loop, &c->patience, loop->now + PATIENCE);
	if (ev_mod(loop, &c->ev, EPOLLOUT))
		client_close(c, loop);
}

static void client_write(struct ev_loop *loop, struct serve_client *c)
{
	ssize_t n;

	produce(c);
	if (c->waiting) {
		wait_for_more(loop, c);
		return;
	}
	n = send(c->ev.fd, c->buf + c->start, c->len - c->start, MSG_NOSIGNAL);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0) {
		client_close(c, loop);
		return;
	}
	c->start += (uint32_t)n;
	ev_timer_set(loop, &c->patience, loop->now + PATIENCE);
	if (c->ended && c->start == c->len)
		client_close(c, loop);
}

static void client_read(struct ev_loop *loop, struct serve_client *c)
{
	const ssize_t n = recv(c->ev.fd, c->buf + c->len,
			       c->owner->kind->request_max - c->len, 0);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		client_close(c, loop);
		return;
	}
	c->len += (uint32_t)n;
	c->buf[c->len] = '\0';
	c->owner->kind->read(c);
	if (!c->answering)
		return;
	/* At once: until the next turn many packets may pass. */
	if (ev_mod(loop, &c->ev, EPOLLOUT))
		client_close(c, loop);
	else
		client_write(loop, c);
}

static void client_ready(struct ev_loop *loop, struct ev *ev, uint32_t events)
{
	struct serve_client *c = (struct serve_client *)(void *)ev;

	if (events & EPOLLOUT)
		client_write(loop, c);
	else
		client_read(loop, c);
}

/* A free place, or that of who was idle longest, or none. */
static struct serve_client *take_place(struct serve *s, struct ev_loop *loop)
{
	struct serve_client *oldest = &s->clients[0];

	for (unsigned int i = 0; i < s->kind->places; i++) {
		if (s->clients[i].ev.fd < 0)
			return &s->clients[i];
		if (s->clients[i].patience.at < oldest->patience.at)
			oldest = &s->clients[i];
	}
	if (!s->kind->evicts)
		return NULL;
	client_close(oldest, loop);
	return oldest;
}

/* Out of descriptors or memory the socket would be ready all the time. */
static void not_accepted(struct serve *s, struct ev_loop *loop, int err)
{
	if (err != EMFILE && err != ENFILE && err != ENOBUFS && err != ENOMEM)
		return;
	accept_more(s, loop, false);
	ev_timer_set(loop, &s->retry, loop->now + SECOND);
}

static void welcome(struct serve *s, struct ev_loop *loop,
		    struct serve_client *c, int fd)
{
	c->owner = s;
	c->ev = (struct ev){ .fd = fd, .ready = client_ready };
	c->report = (struct report){ .asked = c->args,
				     .buf = c->buf,
				     .size = sizeof(c->buf) };
	c->what = NULL;
	c->cursor = c->start = c->len = 0;
	c->answering = c->ended = c->waiting = false;
	c->patience.due = client_impatient;
	if (ev_add(loop, &c->ev, EPOLLIN)) {
		close(fd);
		c->ev.fd = -1;
		return;
	}
	ev_timer_set(loop, &c->patience, loop->now + PATIENCE);
}

static void listener_ready(struct ev_loop *loop, struct ev *ev, uint32_t events)
{
	struct serve *s = (struct serve *)(void *)ev;
	struct serve_client *c = take_place(s, loop);
	int fd;

	(void)events;
	if (!c) {
		accept_more(s, loop, false);
		return;
	}
	fd = accept4(ev->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0)
		not_accepted(s, loop, errno);
	else
		welcome(s, loop, c, fd);
	/* Who connects has mostly asked already. */
	if (fd >= 0 && c->ev.fd >= 0)
		client_read(loop, c);
}

int serve_open(struct serve *s, struct ev_loop *loop,
	       const struct serve_kind *kind, int fd)
{
	void *p = pages_take(kind->places * sizeof(*s->clients), false);
	int err;

	s->kind = kind;
	s->ev = (struct ev){ .fd = fd, .ready = listener_ready };
	s->retry = (struct ev_timer){ .at = UINT64_MAX, .due = accept_again };
	err = p ? ev_add(loop, &s->ev, EPOLLIN) : -ENOMEM;
	if (err) {
		close(fd);
		return err;
	}
	s->clients = p;
	for (unsigned int i = 0; i < kind->places; i++)
		s->clients[i].ev.fd = -1;
	return 0;
}

void serve_close(struct serve *s, struct ev_loop *loop)
{
	if (!s->clients)
		return;
	for (unsigned int i = 0; i < s->kind->places; i++)
		client_close(&s->clients[i], loop);
	ev_timer_set(loop, &s->retry, UINT64_MAX);
	ev_del(loop, &s->ev);
	close(s->ev.fd);
}

void serve_say(struct serve_client *c, bool ended, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(c->buf, sizeof(c->buf), format, args);
	va_end(args);
	c->start = 0;
	c->len = c->report.len = n > 0 ? (uint32_t)n : 0;
	c->ended = ended;
	c->answering = true;
}
