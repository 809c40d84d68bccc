/* SPDX-License-Identifier: MIT */
#include "dnsio.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "pages.h"

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

static uint64_t next_random(struct dnsio_worker *w)
{
	const size_t size = sizeof(w->random);

	/* The kernel never fails this once it has booted; if it did, ids that
	 * can be guessed would be worse than no answers. */
	if (w->random_left == 0) {
		if (getrandom(w->random, size, 0) != (ssize_t)size)
			__builtin_trap();
		w->random_left = XL_COUNT(w->random);
	}
	return w->random[w->random_left - 1];
}

/* The number of an event is used if it leads to an ask, else it is good for
 * the next one. */
static void use_random(struct dnsio_worker *w)
{
	w->random_left--;
}

struct query_event dnsio_event(struct dnsio_worker *w)
{
	const uint64_t now = w->loop->now;

	if (now != w->time_at) {
		w->time_at = now;
		w->time = (uint32_t)time(NULL);
	}
	return (struct query_event){
		.now = now > w->io->clock ? now : w->io->clock,
		.random = next_random(w),
		.buf = w->reply,
		.count = w->count,
		.time = w->time,
	};
}

/* Over TCP only what the first thread has taken is answered, and by itself:
 * another one's question waits for nobody. */
static void reply(struct dnsio_worker *w, const struct query_step *step)
{
	if (step->client.tcp)
		dnsio_conn_reply(w->io, &step->client, w->reply, step->len);
	else
		dnsio_udp_reply(w, &step->client, step->len);
}

/* Return: false if an ask could not be sent. */
static bool carry_out(struct dnsio_worker *w, const struct query_step *step)
{
	struct dnsio *io = w->io;

	switch (step->what) {
	case QUERY_ASK:
		use_random(w);
		dnsio_ask_close(io, step->ask);
		return dnsio_ask(io, step->ask) == 0;
	case QUERY_RESEND:
		dnsio_ask_again(io, step->ask);
		break;
	case QUERY_CLOSE:
		dnsio_ask_close(io, step->ask);
		break;
	case QUERY_REPLY:
		reply(w, step);
		break;
	case QUERY_WAIT:
	case QUERY_DROP:
	case QUERY_TAKE:
		break;
	}
	return true;
}

void dnsio_carry_out(struct dnsio_worker *w, struct query_step step)
{
	struct query *q = &w->io->query;
	struct query_event event = dnsio_event(w);

	w->io->clock = event.now;
	while (step.what != QUERY_WAIT && step.what != QUERY_DROP) {
		const bool fine = carry_out(w, &step);

		event = dnsio_event(w);
		step = fine ? query_next(q, &event)
			    : query_failed(q, &event, step.ask);
	}
	dnsio_arm(w);
}

static void expire(struct ev_loop *loop, struct ev_timer *t)
{
	struct dnsio *io = (void *)((char *)t - offsetof(struct dnsio, expiry));
	struct dnsio_worker *w = &io->workers[0];
	struct query_event event;

	dnsio_lock(io);
	io->armed = UINT64_MAX;
	while (query_deadline(&io->query) <= loop->now) {
		event = dnsio_event(w);
		dnsio_carry_out(w, query_expired(&io->query, &event));
	}
	dnsio_arm(w);
	dnsio_unlock(io);
	dnsio_udp_flush(w);
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

/* Threads share an address, each with a socket. The first one's is bound like
 * any other, so that it notices if the address is somebody else's. */
static int bind_to(const struct dnsio_listener *l, struct dnsio_address a,
		   int type)
{
	const struct dnsio *io = l->worker->io;
	const bool share = type == SOCK_DGRAM && io->threads > 1;
	const bool first = l->worker == io->workers;
	struct sockaddr_storage ss;
	const unsigned int len = dnsio_sockaddr(&ss, a);
	int err = 0;

	if (share && !first)
		err = set(l->ev.fd, SOL_SOCKET, SO_REUSEPORT, 1);
	if (!err && bind(l->ev.fd, (const struct sockaddr *)&ss, len))
		err = -errno;
	if (!err && share && first)
		err = set(l->ev.fd, SOL_SOCKET, SO_REUSEPORT, 1);
	return err;
}

int dnsio_listen(struct dnsio_worker *w, struct dnsio_listener *l,
		 struct dnsio_address a, int type)
{
	int err;

	l->worker = w;
	l->v6 = !is_v4(a.addr);
	l->any = is_any(a.addr);
	l->ev.ready = type == SOCK_DGRAM ? dnsio_udp_ready : dnsio_conn_accept;
	l->ev.fd = socket(l->v6 ? AF_INET6 : AF_INET,
			  type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (l->ev.fd < 0)
		return -errno;
	err = prepare(l, type);
	if (!err)
		err = bind_to(l, a, type);
	if (!err && type == SOCK_STREAM && listen(l->ev.fd, (int)DNSIO_CONNS))
		err = -errno;
	return err ? err : ev_add(w->loop, &l->ev, EPOLLIN);
}

static int listen_all(struct dnsio *io)
{
	struct dnsio_worker *w = &io->workers[0];
	int err = 0;

	for (uint32_t i = 0; i < io->listen_count && !err; i++) {
		w->udp[i].index = io->tcp[i].index = i;
		err = dnsio_listen(w, &w->udp[i], io->listen[i], SOCK_DGRAM);
		if (!err)
			err = dnsio_listen(w, &io->tcp[i], io->listen[i],
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

/* A part of the mapping at *@p, which moves behind it. */
static void *carve(uint8_t **p, size_t size)
{
	void *part = *p;

	*p += size;
	return part;
}

/* One mapping for everything; the kernel gives pages as they are touched. */
static int take_memory(struct dnsio *io)
{
	const size_t query = (query_memory(&io->query) + 7) & ~(size_t)7;
	const size_t asks = io->query.up.ask_count * sizeof(*io->asks);
	const size_t conns = DNSIO_CONNS * sizeof(*io->conns);
	const size_t batch = dnsio_udp_memory();
	const size_t buf = MSG_MAX + 9; /* with a length, and aligned */
	const size_t all = query + asks + conns + io->threads * (batch + buf) +
			   (1 + DNSIO_TCP_ASKS) * buf;
	struct dnsio_worker *w = &io->workers[0];
	struct siphash_key key;
	uint8_t *p = pages_take(all, false);

	if (!p)
		return -errno;
	key.k0 = next_random(w);
	use_random(w);
	key.k1 = next_random(w);
	use_random(w);
	query_init(&io->query, carve(&p, query), key);
	io->asks = carve(&p, asks);
	io->conns = carve(&p, conns);
	for (; w < io->workers + io->threads; w++) {
		dnsio_udp_init(w, carve(&p, batch));
		w->reply = carve(&p, buf);
	}
	io->heard = carve(&p, buf);
	for (uint32_t i = 0; i < DNSIO_TCP_ASKS; i++)
		io->free_bufs[i] = carve(&p, buf);
	io->free_buf_count = DNSIO_TCP_ASKS;
	return 0;
}

static void close_none(struct dnsio_listener *l)
{
	for (uint32_t i = 0; i < DNSIO_LISTENERS; i++)
		l[i].ev.fd = -1;
}

int dnsio_open(struct dnsio *io, struct ev_loop *loop)
{
	int err;

	io->loop = loop;
	io->expiry = (struct ev_timer){ .at = UINT64_MAX, .due = expire };
	io->armed = UINT64_MAX;
	io->failed = NULL;
	close_none(io->tcp);
	for (uint32_t i = 0; i < DNSIO_THREADS; i++) {
		pthread_mutex_t *lock = &io->locks[i].mutex;

		(void)pthread_mutex_init(lock, NULL);
		io->workers[i].lock = io->threads > 1 ? lock : NULL;
		io->workers[i].io = io;
		io->workers[i].kick.fd = -1;
		close_none(io->workers[i].udp);
	}
	io->workers[0].loop = loop;
	io->query.slot_count = DNSIO_SLOTS;
	io->query.up.ask_count = asks_for_files();
	err = take_memory(io);
	if (!err)
		err = listen_all(io);
	for (unsigned int i = 0; i < XL_COUNT(io->source) && !err; i++)
		err = try_source(io, i);
	return err ? err : dnsio_workers_open(io);
}

void dnsio_close_listener(struct ev_loop *loop, struct dnsio_listener *l)
{
	if (l->ev.fd < 0)
		return;
	ev_del(loop, &l->ev);
	close(l->ev.fd);
	l->ev.fd = -1;
}

void dnsio_close(struct dnsio *io)
{
	if (!io->loop)
		return;
	dnsio_workers_close(io);
	ev_timer_set(io->loop, &io->expiry, UINT64_MAX);
	for (uint32_t i = 0; i < io->listen_count; i++) {
		dnsio_close_listener(io->loop, &io->workers[0].udp[i]);
		dnsio_close_listener(io->loop, &io->tcp[i]);
	}
	if (!io->conns)
		return;
	dnsio_conn_close_all(io);
	for (uint32_t i = 0; i < io->query.up.fresh; i++)
		dnsio_ask_close(io, i);
}
