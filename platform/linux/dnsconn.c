/* SPDX-License-Identifier: MIT */
/*
 * dnsconn.c - clients' TCP connections (RFC 7766)
 *
 * Questions may be sent without waiting for replies, which come as they are
 * ready. A connection lives while questions are under way, and ends when
 * nothing has been completed on it for a while: single bytes do not prolong
 * it. A reply that the send buffer cannot take whole ends it too.
 */
#include "dnsio.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define IDLE_TIME (10 * 1000000000ull)

static void conn_close(struct dnsio_conn *c)
{
	if (!c->serial)
		return;
	ev_del(c->io->loop, &c->ev);
	ev_timer_set(c->io->loop, &c->idle, UINT64_MAX);
	close(c->ev.fd);
	c->serial = 0;
}

void dnsio_conn_close_all(struct dnsio *io)
{
	for (uint32_t i = 0; i < DNSIO_CONNS; i++)
		conn_close(&io->conns[i]);
}

static void prolong(struct dnsio_conn *c)
{
	ev_timer_set(c->io->loop, &c->idle, c->io->loop->now + IDLE_TIME);
}

static void idle_due(struct ev_loop *loop, struct ev_timer *t)
{
	struct dnsio_conn *c =
		(void *)((char *)t - offsetof(struct dnsio_conn, idle));

	(void)loop;
	if (c->pending)
		prolong(c);
	else
		conn_close(c);
}

/* Length of the message at the front, with the two bytes of its length; 0: it
 * is not there yet. */
static uint32_t whole_message(const struct dnsio_conn *c)
{
	const uint32_t len = c->have < 2 ? 0 : 2u + be_get16(c->in);

	return len && len <= c->have ? len : 0;
}

static void handle(struct dnsio_conn *c, uint32_t len)
{
	struct dnsio *io = c->io;
	struct dnsio_worker *w = &io->workers[0];
	const struct query_event event = dnsio_event(w);
	struct query_step step;

	step = query_asked(&io->query, &event, &c->client, c->in + 2, len - 2);
	c->have -= len;
	memmove(c->in, c->in + len, c->have);
	prolong(c);
	if (step.what == QUERY_DROP) {
		/* What is no question does not deserve a connection. */
		conn_close(c);
		return;
	}
	c->pending++;
	dnsio_carry_out(w, step);
}

/* Deal with the messages that are here, as far as they may be under way. */
static void advance(struct dnsio_conn *c)
{
	const uint32_t serial = c->serial;
	uint32_t len;

	c->reading = true;
	while (c->serial == serial && c->pending < DNSIO_PIPELINE &&
	       (len = whole_message(c)) != 0)
		handle(c, len);
	if (c->serial != serial)
		return;
	c->reading = false;
	if (c->have >= 2 && 2u + be_get16(c->in) > sizeof(c->in)) {
		c->io->query.count[COUNT_TCP_LONG]++;
		conn_close(c);
	} else if (c->eof && c->pending == 0)
		conn_close(c);
	else if (ev_mod(c->io->loop, &c->ev,
			c->eof || c->pending >= DNSIO_PIPELINE ? 0 : EPOLLIN))
		conn_close(c);
}

static void conn_ready(struct ev_loop *loop, struct ev *ev, uint32_t events)
{
	struct dnsio_conn *c = (struct dnsio_conn *)(void *)ev;
	ssize_t n;

	(void)loop;
	if (!(events & EPOLLIN)) {
		conn_close(c); /* an error, or closed both ways */
		return;
	}
	/* Reported before reading was suspended. */
	if (c->have == sizeof(c->in))
		return;
	n = recv(ev->fd, c->in + c->have, sizeof(c->in) - c->have, 0);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0) {
		conn_close(c);
		return;
	}
	c->eof = n == 0;
	c->have += (uint32_t)n;
	dnsio_lock(c->io);
	advance(c);
	dnsio_unlock(c->io);
}

static bool write_whole(const struct dnsio_conn *c, const uint8_t *msg,
			uint32_t len)
{
	uint8_t prefix[2];
	struct iovec iov[2] = { { prefix, 2 },
				{ (void *)(uintptr_t)msg, len } };
	const struct msghdr m = { .msg_iov = iov, .msg_iovlen = 2 };

	be_put16(prefix, (uint16_t)len);
	return sendmsg(c->ev.fd, &m, MSG_NOSIGNAL) == (ssize_t)len + 2;
}

void dnsio_conn_reply(struct dnsio *io, const struct query_client *client,
		      const uint8_t *msg, uint32_t len)
{
	struct dnsio_conn *c = &io->conns[client->via];

	if (c->serial != client->serial)
		return; /* it has gone meanwhile */
	c->pending--;
	prolong(c);
	if (!write_whole(c, msg, len)) {
		io->query.count[COUNT_TCP_SLOW]++;
		conn_close(c);
	} else if (!c->reading) {
		advance(c);
	}
}

/* Is @c a better place for a new connection than @best, which may be NULL? A
 * free one is, then the one that has been idle longest. */
static bool is_better(const struct dnsio_conn *c, const struct dnsio_conn *best)
{
	if (c->serial && c->pending)
		return false;
	return !best ||
	       (best->serial && (!c->serial || c->idle.at < best->idle.at));
}

/* A place for a connection from @addr, which may be that of an idle one; if
 * @addr has enough, of one of its own. NULL: all are busy. */
static struct dnsio_conn *find_place(struct dnsio *io, struct addr6 addr)
{
	struct dnsio_conn *best = NULL;
	struct dnsio_conn *own = NULL;
	uint32_t same = 0;

	for (uint32_t i = 0; i < DNSIO_CONNS; i++) {
		struct dnsio_conn *c = &io->conns[i];

		if (is_better(c, best))
			best = c;
		if (!c->serial || !addr6_equal(c->client.addr, addr))
			continue;
		same++;
		if (is_better(c, own))
			own = c;
	}
	return same < DNSIO_CONNS_EACH ? best : own;
}

static void conn_open(struct dnsio *io, struct dnsio_conn *c, int fd,
		      struct dnsio_address from)
{
	if (++io->serial == 0)
		io->serial = 1;
	c->serial = io->serial;
	c->io = io;
	c->pending = c->have = 0;
	c->eof = c->reading = false;
	c->ev = (struct ev){ .fd = fd, .ready = conn_ready };
	c->idle = (struct ev_timer){ .at = UINT64_MAX, .due = idle_due };
	c->client = (struct query_client){
		.addr = from.addr,
		.port = from.port,
		.via = (uint32_t)(c - io->conns),
		.serial = c->serial,
		.tcp = true,
	};
	prolong(c);
	if (ev_add(io->loop, &c->ev, EPOLLIN))
		conn_close(c);
}

void dnsio_conn_accept(struct ev_loop *loop, struct ev *ev, uint32_t events)
{
	const struct dnsio_listener *l =
		(const struct dnsio_listener *)(const void *)ev;
	struct dnsio *io = l->worker->io;
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	const int fd = accept4(ev->fd, (struct sockaddr *)&ss, &len,
			       SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct dnsio_address from;
	struct dnsio_conn *c;

	(void)loop;
	(void)events;
	if (fd < 0)
		return;
	from = dnsio_from_sockaddr(&ss);
	c = find_place(io, from.addr);
	if (!c || c->serial) {
		dnsio_lock(io);
		io->query.count[COUNT_TCP_EVICTED]++;
		dnsio_unlock(io);
	}
	if (!c) {
		close(fd);
		return;
	}
	conn_close(c);
	conn_open(io, c, fd, from);
}
