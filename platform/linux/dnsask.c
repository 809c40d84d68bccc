/* SPDX-License-Identifier: MIT */
/*
 * dnsask.c - questions to servers: a connected socket each
 */
#include "dnsio.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

/* The socket of an ask that no loop watches. */
static void discard(struct dnsio_ask *a)
{
	struct dnsio *io = a->io;

	close(a->ev.fd);
	if (a->buf)
		io->free_bufs[io->free_buf_count++] = a->buf;
	a->buf = NULL;
	a->open = false;
}

void dnsio_ask_close(struct dnsio *io, uint32_t ask)
{
	struct dnsio_ask *a = &io->asks[ask];

	if (!a->open)
		return;
	ev_del(io->loop, &a->ev);
	discard(a);
}

static uint32_t index_of(const struct dnsio_ask *a)
{
	return (uint32_t)(a - a->io->asks);
}

static void answered(struct dnsio_ask *a, const uint8_t *msg, size_t len)
{
	struct dnsio *io = a->io;
	struct dnsio_worker *w = &io->workers[0];
	struct query_event event;

	dnsio_lock(io);
	event = dnsio_event(w);
	dnsio_carry_out(
		w, query_answered(&io->query, &event, index_of(a), msg, len));
	dnsio_unlock(io);
	dnsio_udp_flush(w);
}

static void failed(struct dnsio_ask *a)
{
	struct dnsio *io = a->io;
	struct dnsio_worker *w = &io->workers[0];
	struct query_event event;

	dnsio_lock(io);
	event = dnsio_event(w);
	dnsio_carry_out(w, query_failed(&io->query, &event, index_of(a)));
	dnsio_unlock(io);
	dnsio_udp_flush(w);
}

static void udp_ready(struct ev_loop *loop, struct ev *ev, uint32_t events)
{
	struct dnsio_ask *a = (struct dnsio_ask *)(void *)ev;
	const ssize_t n = recv(ev->fd, a->io->heard, MSG_MAX, MSG_DONTWAIT);

	(void)loop;
	(void)events;
	if (n >= 0)
		answered(a, a->io->heard, (size_t)n);
	else if (errno != EAGAIN && errno != EINTR)
		failed(a);
}

/* Connected: the question fits any send buffer. */
static bool tcp_send(struct dnsio_ask *a)
{
	uint8_t msg[2 + UPSTREAM_QUESTION_MAX];
	uint32_t len;

	dnsio_lock(a->io);
	len = query_question(&a->io->query, index_of(a), msg + 2);
	dnsio_unlock(a->io);
	be_put16(msg, (uint16_t)len);
	a->sent = true;
	return send(a->ev.fd, msg, len + 2, MSG_NOSIGNAL) == (ssize_t)len + 2 &&
	       ev_mod(a->io->loop, &a->ev, EPOLLIN) == 0;
}

/* Return: bytes still missing of what is known to come. */
static size_t tcp_missing(const struct dnsio_ask *a)
{
	return (a->got < 2 ? 2u : 2u + be_get16(a->buf)) - a->got;
}

static bool tcp_receive(struct dnsio_ask *a)
{
	ssize_t n;

	while (a->got < 2 || tcp_missing(a)) {
		n = recv(a->ev.fd, a->buf + a->got, tcp_missing(a), 0);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return true;
		if (n <= 0)
			return false;
		a->got += (uint32_t)n;
	}
	/* This may be the end of @a. */
	a->got = 0;
	answered(a, a->buf + 2, be_get16(a->buf));
	return true;
}

static void tcp_ready(struct ev_loop *loop, struct ev *ev, uint32_t events)
{
	struct dnsio_ask *a = (struct dnsio_ask *)(void *)ev;
	bool fine;

	(void)loop;
	if (events & (EPOLLERR | EPOLLHUP) && !a->sent)
		fine = false;
	else
		fine = a->sent ? tcp_receive(a) : tcp_send(a);
	if (!fine)
		failed(a);
}

int dnsio_ask_prepare(const struct dnsio *io, int fd, int family)
{
	const struct dnsio_address *from = &io->source[family == AF_INET6];
	const size_t name = strlen(io->device);
	struct sockaddr_storage ss;
	unsigned int len;

	if (name && setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, io->device,
			       (socklen_t)name))
		return -errno;
	if (!from->addr.hi && !from->addr.lo)
		return 0;
	/* Port 0: the kernel picks one at random. */
	len = dnsio_sockaddr(&ss, *from);
	return bind(fd, (const struct sockaddr *)&ss, len) ? -errno : 0;
}

/* A cookie is for the address that it was given to. */
static void tell_source(const struct dnsio_ask *a)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);

	if (getsockname(a->ev.fd, (struct sockaddr *)&ss, &len) == 0)
		query_source(&a->io->query, index_of(a),
			     dnsio_from_sockaddr(&ss).addr);
}

static int connect_udp(struct dnsio_ask *a, const void *to, unsigned int len)
{
	uint8_t msg[UPSTREAM_QUESTION_MAX];
	uint32_t n;

	a->ev.ready = udp_ready;
	if (connect(a->ev.fd, to, len))
		return -errno;
	tell_source(a);
	n = query_question(&a->io->query, index_of(a), msg);
	if (send(a->ev.fd, msg, n, MSG_NOSIGNAL) != (ssize_t)n)
		return -errno;
	return ev_add(a->io->loop, &a->ev, EPOLLIN);
}

void dnsio_ask_again(struct dnsio *io, uint32_t ask)
{
	uint8_t msg[UPSTREAM_QUESTION_MAX];
	const uint32_t n = query_question(&io->query, ask, msg);

	/* If it is lost the deadline tells. */
	(void)send(io->asks[ask].ev.fd, msg, n, MSG_NOSIGNAL);
}

static int connect_tcp(struct dnsio_ask *a, const void *to, unsigned int len)
{
	struct dnsio *io = a->io;

	if (io->free_buf_count == 0)
		return -ENOBUFS;
	a->buf = io->free_bufs[--io->free_buf_count];
	a->ev.ready = tcp_ready;
	if (connect(a->ev.fd, to, len) && errno != EINPROGRESS)
		return -errno;
	tell_source(a);
	return ev_add(io->loop, &a->ev, EPOLLOUT);
}

int dnsio_ask(struct dnsio *io, uint32_t ask)
{
	const struct upstream_ask *u = &io->query.up.asks[ask];
	struct dnsio_ask *a = &io->asks[ask];
	struct sockaddr_storage to;
	const unsigned int len = dnsio_sockaddr(&to, io->forward[u->server]);
	int err;

	a->io = io;
	a->sent = false;
	a->got = 0;
	a->buf = NULL;
	a->ev.fd = socket(to.ss_family,
			  (u->tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC |
				  SOCK_NONBLOCK,
			  0);
	if (a->ev.fd < 0)
		return -errno;
	a->open = true;
	err = dnsio_ask_prepare(io, a->ev.fd, to.ss_family);
	if (!err)
		err = u->tcp ? connect_tcp(a, &to, len)
			     : connect_udp(a, &to, len);
	/* To be watched is the last thing that happens to it. */
	if (err)
		discard(a);
	return err;
}
