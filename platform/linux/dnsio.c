/* SPDX-License-Identifier: MIT */
#include "dnsio.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

/* Files that are not questions: listeners, connections, log, control. */
#define OTHER_FILES (2 * DNSIO_LISTENERS + DNSIO_CONNS + 32)

/* Room for one message of any size and then some: a reply is written whole or
 * its connection closed. */
#define SEND_BUFFER (2 * 65536)

#define MAPPED      0xffffull /* bits 32 to 63 of the lower half */

static bool is_v4(struct addr6 a)
{
	return a.hi == 0 && a.lo >> 32 == MAPPED;
}

unsigned int dnsio_sockaddr(void *ss, struct dnsio_address a)
{
	struct sockaddr_in *s4 = ss;
	struct sockaddr_in6 *s6 = ss;

	if (is_v4(a.addr)) {
		*s4 = (struct sockaddr_in){ .sin_family = AF_INET,
					    .sin_port = htons(a.port) };
		s4->sin_addr.s_addr = htonl((uint32_t)a.addr.lo);
		return sizeof(*s4);
	}
	*s6 = (struct sockaddr_in6){ .sin6_family = AF_INET6,
				     .sin6_port = htons(a.port),
				     .sin6_scope_id = a.scope };
	addr6_store(&s6->sin6_addr, a.addr);
	return sizeof(*s6);
}

static struct addr6 mapped(const struct in_addr *a)
{
	return (struct addr6){ 0, MAPPED << 32 | ntohl(a->s_addr) };
}

struct dnsio_address dnsio_from_sockaddr(const void *ss)
{
	const struct sockaddr_in *s4 = ss;
	const struct sockaddr_in6 *s6 = ss;

	if (s4->sin_family == AF_INET)
		return (struct dnsio_address){ mapped(&s4->sin_addr), 0,
					       ntohs(s4->sin_port) };
	return (struct dnsio_address){ addr6_load(&s6->sin6_addr),
				       s6->sin6_scope_id,
				       ntohs(s6->sin6_port) };
}

static uint64_t next_random(struct dnsio *io)
{
	const size_t size = sizeof(io->random);

	/* The kernel never fails this once it has booted; if it did, ids that
	 * can be guessed would be worse than no answers. */
	if (io->random_left == 0) {
		if (getrandom(io->random, size, 0) != (ssize_t)size)
			__builtin_trap();
		io->random_left = XL_COUNT(io->random);
	}
	return io->random[--io->random_left];
}

struct query_event dnsio_event(struct dnsio *io)
{
	return (struct query_event){ io->loop->now, next_random(io),
				     io->reply };
}

static void reply(struct dnsio *io, const struct query_step *step)
{
	if (step->client.tcp)
		dnsio_conn_reply(io, &step->client, io->reply, step->len);
	else
		dnsio_udp_reply(io, &step->client, step->len);
}

/* Return: false if an ask could not be sent. */
static bool carry_out(struct dnsio *io, const struct query_step *step)
{
	switch (step->what) {
	case QUERY_ASK:
		dnsio_ask_close(io, step->ask);
		return dnsio_ask(io, step->ask) == 0;
	case QUERY_RESEND:
		dnsio_ask_again(io, step->ask);
		break;
	case QUERY_CLOSE:
		dnsio_ask_close(io, step->ask);
		break;
	case QUERY_REPLY:
		reply(io, step);
		break;
	case QUERY_WAIT:
	case QUERY_DROP:
		break;
	}
	return true;
}

void dnsio_carry_out(struct dnsio *io, struct query_step step)
{
	struct query_event event;
	uint64_t deadline;

	while (step.what != QUERY_WAIT && step.what != QUERY_DROP) {
		const bool fine = carry_out(io, &step);

		event = dnsio_event(io);
		step = fine ? query_next(&io->query, &event)
			    : query_failed(&io->query, &event, step.ask);
	}
	deadline = query_deadline(&io->query);
	if (deadline != io->expiry.at)
		ev_timer_set(io->loop, &io->expiry, deadline);
}

static void expire(struct ev_loop *loop, struct ev_timer *t)
{
	struct dnsio *io = (void *)((char *)t - offsetof(struct dnsio, expiry));
	struct query_event event;

	while (query_deadline(&io->query) <= loop->now) {
		event = dnsio_event(io);
		dnsio_carry_out(io, query_expired(&io->query, &event));
	}
	dnsio_udp_flush(io);
}

static int set(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof(value)) ? -errno
								    : 0;
}

static int prepare(struct dnsio_listener *l, int type)
{
	const int fd = l->ev.fd;
	int err = 0;

	if (l->v6)
		err = set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	if (!err && type == SOCK_DGRAM)
		return dnsio_udp_prepare(l);
	if (!err)
		err = set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	if (!err)
		err = set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	return err ? err : set(fd, SOL_SOCKET, SO_SNDBUF, SEND_BUFFER);
}

static bool is_any(struct addr6 a)
{
	return (is_v4(a) && (uint32_t)a.lo == 0) || (a.hi == 0 && a.lo == 0);
}

static int listen_at(struct dnsio *io, struct dnsio_listener *l,
		     struct dnsio_address a, int type)
{
	struct sockaddr_storage ss;
	const unsigned int len = dnsio_sockaddr(&ss, a);
	int err;

	l->io = io;
	l->v6 = ss.ss_family == AF_INET6;
	l->any = is_any(a.addr);
	l->ev.ready = type == SOCK_DGRAM ? dnsio_udp_ready : dnsio_conn_accept;
	l->ev.fd = socket(ss.ss_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (l->ev.fd < 0)
		return -errno;
	err = prepare(l, type);
	if (!err && bind(l->ev.fd, (const struct sockaddr *)&ss, len))
		err = -errno;
	if (!err && type == SOCK_STREAM && listen(l->ev.fd, (int)DNSIO_CONNS))
		err = -errno;
	return err ? err : ev_add(io->loop, &l->ev, EPOLLIN);
}

static int listen_all(struct dnsio *io)
{
	int err = 0;

	for (uint32_t i = 0; i < io->listen_count && !err; i++) {
		io->udp[i].index = io->tcp[i].index = i;
		err = listen_at(io, &io->udp[i], io->listen[i], SOCK_DGRAM);
		if (!err)
			err = listen_at(io, &io->tcp[i], io->listen[i],
					SOCK_STREAM);
		if (err)
			io->failed = &io->listen[i];
	}
	return err;
}

/* Try once what each question will do; the interface may come later. */
static int try_source(struct dnsio *io, unsigned int i)
{
	const int family = i ? AF_INET6 : AF_INET;
	const int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int err;

	if (fd < 0)
		return 0; /* no such family here: nor will there be questions */
	err = dnsio_ask_prepare(io, fd, family);
	close(fd);
	if (err == -ENODEV)
		return 0;
	if (err)
		io->failed = &io->source[i];
	return err;
}

/* Each ask has a socket: let there be enough files. */
static uint32_t asks_for_files(void)
{
	const rlim_t want = DNSIO_ASKS + OTHER_FILES;
	uint32_t asks = DNSIO_ASKS;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return 256;
	if (limit.rlim_cur < want) {
		limit.rlim_cur = limit.rlim_max < want ? limit.rlim_max : want;
		if (setrlimit(RLIMIT_NOFILE, &limit))
			(void)getrlimit(RLIMIT_NOFILE, &limit);
	}
	while (asks > 64 && asks + OTHER_FILES > limit.rlim_cur)
		asks /= 2;
	return asks;
}

/* One mapping for everything; the kernel gives pages as they are touched. */
static int take_memory(struct dnsio *io)
{
	const size_t query = (query_memory(&io->query) + 7) & ~(size_t)7;
	const size_t asks = io->query.up.ask_count * sizeof(*io->asks);
	const size_t conns = DNSIO_CONNS * sizeof(*io->conns);
	const size_t batch = dnsio_udp_memory();
	const size_t buf = MSG_MAX + 9; /* with a length, and aligned */
	const size_t all =
		query + asks + conns + batch + (2 + DNSIO_TCP_ASKS) * buf;
	const struct siphash_key key = { next_random(io), next_random(io) };
	uint8_t *p = mmap(NULL, all, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return -errno;
	query_init(&io->query, p, key);
	p += query;
	io->asks = (struct dnsio_ask *)(void *)p;
	p += asks;
	io->conns = (struct dnsio_conn *)(void *)p;
	p += conns;
	dnsio_udp_init(io, p);
	p += batch;
	io->reply = p;
	io->heard = p + buf;
	for (uint32_t i = 0; i < DNSIO_TCP_ASKS; i++)
		io->free_bufs[i] = p + (2 + i) * buf;
	io->free_buf_count = DNSIO_TCP_ASKS;
	return 0;
}

int dnsio_open(struct dnsio *io, struct ev_loop *loop)
{
	int err;

	io->loop = loop;
	io->expiry = (struct ev_timer){ .at = UINT64_MAX, .due = expire };
	io->failed = NULL;
	for (uint32_t i = 0; i < DNSIO_LISTENERS; i++)
		io->udp[i].ev.fd = io->tcp[i].ev.fd = -1;
	io->query.slot_count = DNSIO_SLOTS;
	io->query.up.ask_count = asks_for_files();
	err = take_memory(io);
	if (!err)
		err = listen_all(io);
	for (unsigned int i = 0; i < XL_COUNT(io->source) && !err; i++)
		err = try_source(io, i);
	return err;
}

static void close_listener(struct dnsio *io, struct dnsio_listener *l)
{
	if (l->ev.fd < 0)
		return;
	ev_del(io->loop, &l->ev);
	close(l->ev.fd);
	l->ev.fd = -1;
}

void dnsio_close(struct dnsio *io)
{
	if (!io->loop)
		return;
	ev_timer_set(io->loop, &io->expiry, UINT64_MAX);
	for (uint32_t i = 0; i < io->listen_count; i++) {
		close_listener(io, &io->udp[i]);
		close_listener(io, &io->tcp[i]);
	}
	if (!io->conns)
		return;
	dnsio_conn_close_all(io);
	for (uint32_t i = 0; i < io->query.up.fresh; i++)
		dnsio_ask_close(io, i);
}
