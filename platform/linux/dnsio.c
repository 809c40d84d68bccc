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

/* Datagrams of one listener before the others get their turn. */
#define BURST       32u

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

/* The control message that says which address was asked. */
union packet_info {
	struct cmsghdr align;
	char buf[CMSG_SPACE(sizeof(struct in6_pktinfo))];
};

static void read_info(struct msghdr *m, struct query_client *client)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(m);
	struct in6_pktinfo i6;
	struct in_pktinfo i4;

	if (!c)
		return;
	if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
		memcpy(&i4, CMSG_DATA(c), sizeof(i4));
		client->local = mapped(&i4.ipi_spec_dst);
	} else if (c->cmsg_level == IPPROTO_IPV6 &&
		   c->cmsg_type == IPV6_PKTINFO) {
		memcpy(&i6, CMSG_DATA(c), sizeof(i6));
		client->local = addr6_load(&i6.ipi6_addr);
	}
}

static void write_info4(struct msghdr *m, const struct query_client *client)
{
	struct cmsghdr *c = m->msg_control;
	struct in_pktinfo i4 = { 0 };

	m->msg_controllen = CMSG_SPACE(sizeof(i4));
	c->cmsg_level = IPPROTO_IP;
	c->cmsg_type = IP_PKTINFO;
	c->cmsg_len = CMSG_LEN(sizeof(i4));
	i4.ipi_spec_dst.s_addr = htonl((uint32_t)client->local.lo);
	memcpy(CMSG_DATA(c), &i4, sizeof(i4));
}

static void write_info6(struct msghdr *m, const struct query_client *client)
{
	struct cmsghdr *c = m->msg_control;
	struct in6_pktinfo i6 = { .ipi6_ifindex = client->scope };

	m->msg_controllen = CMSG_SPACE(sizeof(i6));
	c->cmsg_level = IPPROTO_IPV6;
	c->cmsg_type = IPV6_PKTINFO;
	c->cmsg_len = CMSG_LEN(sizeof(i6));
	addr6_store(&i6.ipi6_addr, client->local);
	memcpy(CMSG_DATA(c), &i6, sizeof(i6));
}

/* A reply leaves from the address that was asked. What cannot be sent is
 * lost, as datagrams are. */
static void reply_udp(struct dnsio *io, const struct query_client *client,
		      uint32_t len)
{
	const struct dnsio_listener *l = &io->udp[client->via];
	struct sockaddr_storage to;
	union packet_info info = { 0 };
	struct iovec iov = { io->reply, len };
	struct msghdr m = {
		.msg_name = &to,
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &info,
	};

	m.msg_namelen = dnsio_sockaddr(
		&to, (struct dnsio_address){ client->addr, client->scope,
					     client->port });
	if (l->v6)
		write_info6(&m, client);
	else
		write_info4(&m, client);
	(void)sendmsg(l->ev.fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void reply(struct dnsio *io, const struct query_step *step)
{
	if (step->client.tcp)
		dnsio_conn_reply(io, &step->client, io->reply, step->len);
	else
		reply_udp(io, &step->client, step->len);
}

void dnsio_carry_out(struct dnsio *io, struct query_step step)
{
	struct query_event event;

	while (step.what == QUERY_ASK) {
		dnsio_ask_close(io, step.slot);
		if (dnsio_ask(io, step.slot) == 0)
			break;
		event = dnsio_event(io);
		step = query_failed(&io->query, &event, step.slot);
	}
	if (step.what == QUERY_REPLY) {
		if (step.slot != QUERY_NONE)
			dnsio_ask_close(io, step.slot);
		reply(io, &step);
	}
	ev_timer_set(io->loop, &io->expiry, query_deadline(&io->query));
}

static void expire(struct ev_loop *loop, struct ev_timer *t)
{
	struct dnsio *io = (void *)((char *)t - offsetof(struct dnsio, expiry));
	struct query_event event;
	struct query_step step;

	(void)loop;
	do {
		event = dnsio_event(io);
		step = query_expired(&io->query, &event);
		dnsio_carry_out(io, step);
	} while (step.what != QUERY_WAIT);
}

/* Return: false when there are no more. */
static bool read_udp(struct dnsio *io, struct dnsio_listener *l)
{
	struct sockaddr_storage from;
	struct query_client client = { .via = l->index };
	struct query_event event;
	union packet_info info;
	struct iovec iov = { io->heard, DNSIO_REQUEST_MAX };
	struct msghdr m = {
		.msg_name = &from,
		.msg_namelen = sizeof(from),
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &info,
		.msg_controllen = sizeof(info),
	};
	struct dnsio_address a;
	ssize_t n = recvmsg(l->ev.fd, &m, MSG_DONTWAIT);

	if (n < 0)
		return false;
	a = dnsio_from_sockaddr(&from);
	client.addr = a.addr;
	client.scope = a.scope;
	client.port = a.port;
	/* From port 0 nobody can be asked back. */
	if (m.msg_flags & MSG_TRUNC || a.port == 0)
		return true;
	read_info(&m, &client);
	event = dnsio_event(io);
	dnsio_carry_out(io, query_asked(&io->query, &event, &client, io->heard,
					(size_t)n));
	return true;
}

static void udp_ready(struct ev_loop *loop, struct ev *ev, uint32_t events)
{
	struct dnsio_listener *l = (struct dnsio_listener *)(void *)ev;

	(void)loop;
	(void)events;
	for (unsigned int i = 0; i < BURST && read_udp(l->io, l); i++)
		;
}

static int set(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof(value)) ? -errno
								    : 0;
}

static int prepare(int fd, bool v6, int type)
{
	int err = 0;

	if (v6)
		err = set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	if (!err && type == SOCK_DGRAM)
		return v6 ? set(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1)
			  : set(fd, IPPROTO_IP, IP_PKTINFO, 1);
	if (!err)
		err = set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	if (!err)
		err = set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	return err ? err : set(fd, SOL_SOCKET, SO_SNDBUF, SEND_BUFFER);
}

static int listen_at(struct dnsio *io, struct dnsio_listener *l,
		     struct dnsio_address a, int type)
{
	struct sockaddr_storage ss;
	const unsigned int len = dnsio_sockaddr(&ss, a);
	const int fd =
		socket(ss.ss_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int err;

	if (fd < 0)
		return -errno;
	l->io = io;
	l->v6 = ss.ss_family == AF_INET6;
	l->ev.fd = fd;
	l->ev.ready = type == SOCK_DGRAM ? udp_ready : dnsio_conn_accept;
	err = prepare(fd, l->v6, type);
	if (!err && bind(fd, (const struct sockaddr *)&ss, len))
		err = -errno;
	if (!err && type == SOCK_STREAM && listen(fd, (int)DNSIO_CONNS))
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

/* Each question under way has a socket: let there be enough files. */
static uint32_t slots_for_files(void)
{
	const rlim_t want = DNSIO_SLOTS + OTHER_FILES;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return 256;
	if (limit.rlim_cur < want) {
		limit.rlim_cur = limit.rlim_max < want ? limit.rlim_max : want;
		if (setrlimit(RLIMIT_NOFILE, &limit))
			(void)getrlimit(RLIMIT_NOFILE, &limit);
	}
	if (limit.rlim_cur >= want)
		return DNSIO_SLOTS;
	return limit.rlim_cur > 2 * OTHER_FILES
		       ? (uint32_t)limit.rlim_cur - OTHER_FILES
		       : OTHER_FILES;
}

/* One mapping for everything; the kernel gives pages as they are touched. */
static int take_memory(struct dnsio *io)
{
	const size_t slots = query_size(io->query.slot_count);
	const size_t asks = io->query.slot_count * sizeof(*io->asks);
	const size_t conns = DNSIO_CONNS * sizeof(*io->conns);
	const size_t buf = MSG_MAX + 9; /* with a length, and aligned */
	const size_t all = slots + asks + conns + (2 + DNSIO_TCP_ASKS) * buf;
	uint8_t *p = mmap(NULL, all, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return -errno;
	query_init(&io->query, p);
	p += slots;
	io->asks = (struct dnsio_ask *)(void *)p;
	p += asks;
	io->conns = (struct dnsio_conn *)(void *)p;
	p += conns;
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
	io->query.slot_count = slots_for_files();
	err = take_memory(io);
	return err ? err : listen_all(io);
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
	ev_timer_set(io->loop, &io->expiry, UINT64_MAX);
	for (uint32_t i = 0; i < io->listen_count; i++) {
		close_listener(io, &io->udp[i]);
		close_listener(io, &io->tcp[i]);
	}
	if (!io->conns)
		return;
	dnsio_conn_close_all(io);
	for (uint32_t i = 0; i < io->query.fresh; i++)
		dnsio_ask_close(io, i);
}
