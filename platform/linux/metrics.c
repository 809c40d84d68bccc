/* SPDX-License-Identifier: MIT */
#include "metrics.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define SECOND      1000000000ull
#define PATIENCE    (10 * SECOND) /* from the connection to its end */
#define REQUEST_MAX 4096u
#define QUEUE       16

#define HEAD(status, type)                                                     \
	"HTTP/1.0 " status "\r\nContent-Type: " type                           \
	"\r\nConnection: close\r\n\r\n"
#define REFUSAL(status, text) HEAD(status, "text/plain") text "\n"

static void client_close(struct metrics_client *c, struct ev_loop *loop)
{
	if (c->ev.fd < 0)
		return;
	ev_del(loop, &c->ev);
	ev_timer_set(loop, &c->patience, UINT64_MAX);
	close(c->ev.fd);
	c->ev.fd = -1;
}

static void client_impatient(struct ev_loop *loop, struct ev_timer *t)
{
	struct metrics_client *c =
		(void *)((char *)t - offsetof(struct metrics_client, patience));

	client_close(c, loop);
}

static void say(struct metrics_client *c, const char *text, bool ended)
{
	c->len = (uint32_t)snprintf(c->buf, sizeof(c->buf), "%s", text);
	c->start = 0;
	c->ended = ended;
	c->asked = true;
}

/* The first line of the request decides. */
static void answer(struct metrics_client *c)
{
	char *word = c->buf;
	const size_t method = strcspn(word, " \r\n");
	char *path = word + method + (word[method] == ' ');
	const size_t len = strcspn(path, " ?\r\n");

	if (word[method] != ' ' || path[0] != '/')
		say(c, REFUSAL("400 Bad Request", "expected GET /metrics"),
		    true);
	else if (method != 3 || strncmp(word, "GET", 3))
		say(c, REFUSAL("405 Method Not Allowed", "expected GET"), true);
	else if (len != 8 || strncmp(path, "/metrics", 8))
		say(c, REFUSAL("404 Not Found", "see /metrics"), true);
	else
		say(c,
		    HEAD("200 OK", "text/plain; version=0.0.4; charset=utf-8"),
		    false);
}

/* Make more of the page, if the last part has been taken. */
static void produce(struct metrics_client *c)
{
	struct report *r = &c->report;

	if (c->ended || c->start < c->len)
		return;
	c->start = 0;
	r->len = 0;
	while (!c->ended && r->size - r->len > REPORT_RECORD_MAX)
		c->ended = !c->owner->next(c->owner->ctx, &c->cursor, r);
	c->len = r->len;
}

static void client_write(struct ev_loop *loop, struct metrics_client *c)
{
	ssize_t n;

	produce(c);
	n = send(c->ev.fd, c->buf + c->start, c->len - c->start, MSG_NOSIGNAL);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	c->start += n > 0 ? (uint32_t)n : 0;
	if (n < 0 || (c->ended && c->start == c->len))
		client_close(c, loop);
}

static void client_read(struct ev_loop *loop, struct metrics_client *c)
{
	const ssize_t n =
		recv(c->ev.fd, c->buf + c->len, REQUEST_MAX - c->len, 0);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		client_close(c, loop);
		return;
	}
	c->len += (uint32_t)n;
	c->buf[c->len] = '\0';
	if (memmem(c->buf, c->len, "\r\n\r\n", 4) ||
	    memmem(c->buf, c->len, "\n\n", 2))
		answer(c);
	else if (c->len == REQUEST_MAX)
		say(c,
		    REFUSAL("431 Request Header Fields Too Large",
			    "expected less than 4096 bytes"),
		    true);
	if (c->asked && ev_mod(loop, &c->ev, EPOLLOUT))
		client_close(c, loop);
}

static void client_ready(struct ev_loop *loop, struct ev *ev, uint32_t events)
{
	struct metrics_client *c = (struct metrics_client *)(void *)ev;

	if (events & EPOLLOUT)
		client_write(loop, c);
	else
		client_read(loop, c);
}

/* A free place, or that of the oldest connection. */
static struct metrics_client *take_place(struct metrics *m,
					 struct ev_loop *loop)
{
	struct metrics_client *oldest = &m->clients[0];

	for (unsigned int i = 0; i < METRICS_CLIENTS; i++) {
		if (m->clients[i].ev.fd < 0)
			return &m->clients[i];
		if (m->clients[i].patience.at < oldest->patience.at)
			oldest = &m->clients[i];
	}
	client_close(oldest, loop);
	return oldest;
}

static void listen_again(struct ev_loop *loop, struct ev_timer *t)
{
	struct metrics *m =
		(void *)((char *)t - offsetof(struct metrics, retry));

	if (ev_mod(loop, &m->ev, EPOLLIN))
		ev_timer_set(loop, t, loop->now + SECOND);
}

static void listener_ready(struct ev_loop *loop, struct ev *ev, uint32_t events)
{
	struct metrics *m = (struct metrics *)(void *)ev;
	const int fd =
		accept4(ev->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct metrics_client *c;

	(void)events;
	if (fd < 0) {
		/* Out of descriptors: it would be ready all the time. */
		if ((errno == EMFILE || errno == ENFILE) &&
		    !ev_mod(loop, ev, 0))
			ev_timer_set(loop, &m->retry, loop->now + SECOND);
		return;
	}
	c = take_place(m, loop);
	c->owner = m;
	c->ev = (struct ev){ .fd = fd, .ready = client_ready };
	c->report = (struct report){ .prometheus = true,
				     .buf = c->buf,
				     .size = sizeof(c->buf) };
	c->cursor = c->start = c->len = 0;
	c->asked = c->ended = false;
	c->patience.due = client_impatient;
	if (ev_add(loop, &c->ev, EPOLLIN)) {
		close(fd);
		c->ev.fd = -1;
		return;
	}
	ev_timer_set(loop, &c->patience, loop->now + PATIENCE);
}

static int take_clients(struct metrics *m)
{
	void *p = mmap(NULL, METRICS_CLIENTS * sizeof(*m->clients),
		       PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		       0);

	if (p == MAP_FAILED)
		return -errno;
	m->clients = p;
	for (unsigned int i = 0; i < METRICS_CLIENTS; i++)
		m->clients[i].ev.fd = -1;
	return 0;
}

static int start_listening(int fd, struct metrics_address at)
{
	struct sockaddr_in6 a = { .sin6_family = AF_INET6,
				  .sin6_port = htons(at.port) };
	const int v4 = at.addr.hi == 0 && at.addr.lo >> 32 == 0xffff;
	const int v6only = !v4;
	const int on = 1;

	addr6_store(a.sin6_addr.s6_addr, at.addr);
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) ||
	    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &v6only,
		       sizeof(v6only)) ||
	    bind(fd, (const void *)&a, sizeof(a)) || listen(fd, QUEUE))
		return -errno;
	return 0;
}

int metrics_open(struct metrics *m, struct ev_loop *loop,
		 struct metrics_address at)
{
	const int fd =
		socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int err;

	if (fd < 0)
		return -errno;
	err = start_listening(fd, at);
	if (!err)
		err = take_clients(m);
	m->ev = (struct ev){ .fd = fd, .ready = listener_ready };
	m->retry = (struct ev_timer){ .at = UINT64_MAX, .due = listen_again };
	if (!err)
		err = ev_add(loop, &m->ev, EPOLLIN);
	if (err)
		close(fd);
	return err;
}

void metrics_close(struct metrics *m, struct ev_loop *loop)
{
	if (!m->clients)
		return;
	for (unsigned int i = 0; i < METRICS_CLIENTS; i++)
		client_close(&m->clients[i], loop);
	ev_del(loop, &m->ev);
	close(m->ev.fd);
}
