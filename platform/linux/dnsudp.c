/* SPDX-License-Identifier: MIT */
/*
 * dnsudp.c - clients' datagrams, many with one call
 */
#include "dnsio.h"

#include <errno.h>
#include <linux/udp.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Room for questions that come while others are dealt with. */
#define RECEIVE_BUFFER (1 << 20)

#define MAPPED         0xffffull /* bits 32 to 63 of an address's lower half */

union address {
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/* The control messages of a question: which address was asked. */
union question_info {
	struct cmsghdr align;
	char buf[CMSG_SPACE(sizeof(struct in6_pktinfo))];
};

/* Those of a reply: which address it leaves from, and where to cut. */
union reply_info {
	struct cmsghdr align;
	char buf[CMSG_SPACE(sizeof(struct in6_pktinfo)) +
		 CMSG_SPACE(sizeof(uint16_t))];
};

/**
 * struct reply - what waits to be sent
 * @placed:	it is in a message
 */
struct reply {
	struct query_client client;
	uint32_t len;
	bool placed;
	uint8_t data[REQUEST_UDP_SIZE];
};

/**
 * struct dnsio_batch - datagrams as recvmmsg() and sendmmsg() want them
 * @count:	replies that are to be sent, all from listener @via
 * @whole:	the kernel cannot cut messages
 */
struct dnsio_batch {
	uint32_t count;
	uint32_t via;
	bool whole;
	struct mmsghdr in[DNSIO_BURST];
	struct mmsghdr out[DNSIO_BURST];
	struct iovec in_iov[DNSIO_BURST];
	struct iovec out_iov[DNSIO_BURST];
	union address from[DNSIO_BURST];
	union address to[DNSIO_BURST];
	union question_info in_info[DNSIO_BURST];
	union reply_info out_info[DNSIO_BURST];
	uint8_t questions[DNSIO_BURST][DNSIO_REQUEST_MAX];
	struct reply replies[DNSIO_BURST];
};

size_t dnsio_udp_memory(void)
{
	return (sizeof(struct dnsio_batch) + 7) & ~(size_t)7;
}

void dnsio_udp_init(struct dnsio_worker *w, void *mem)
{
	struct dnsio_batch *b = mem;

	w->batch = b;
	for (uint32_t i = 0; i < DNSIO_BURST; i++) {
		b->in_iov[i] = (struct iovec){ b->questions[i],
					       sizeof(b->questions[i]) };
		b->in[i].msg_hdr = (struct msghdr){
			.msg_name = &b->from[i],
			.msg_iov = &b->in_iov[i],
			.msg_iovlen = 1,
		};
		b->out[i].msg_hdr = (struct msghdr){
			.msg_name = &b->to[i],
			.msg_control = &b->out_info[i],
		};
	}
}

int dnsio_udp_prepare(struct dnsio_listener *l)
{
	const int fd = l->ev.fd;
	const int on = 1;
	const int off = 0;
	const int size = RECEIVE_BUFFER;
	int err = 0;

	/* A wish, which the system may limit. */
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	/* Older than Linux 4.18. */
	if (setsockopt(fd, IPPROTO_UDP, UDP_SEGMENT, &off, sizeof(off)))
		l->worker->batch->whole = true;
	if (!l->any)
		return 0;
	if (l->v6)
		err = setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on,
				 sizeof(on));
	else
		err = setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on));
	return err ? -errno : 0;
}

static void read_info(struct msghdr *m, struct query_client *client)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(m);
	struct in6_pktinfo i6;
	struct in_pktinfo i4;

	if (!c)
		return;
	if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
		memcpy(&i4, CMSG_DATA(c), sizeof(i4));
		client->local.hi = 0;
		client->local.lo = MAPPED << 32 | ntohl(i4.ipi_spec_dst.s_addr);
	} else if (c->cmsg_level == IPPROTO_IPV6 &&
		   c->cmsg_type == IPV6_PKTINFO) {
		memcpy(&i6, CMSG_DATA(c), sizeof(i6));
		client->local = addr6_load(&i6.ipi6_addr);
	}
}

static void add_info(struct msghdr *m, int level, int type, const void *data,
		     size_t n)
{
	struct cmsghdr *c =
		(void *)((char *)m->msg_control + m->msg_controllen);

	/* All of it, gaps too. */
	*c = (struct cmsghdr){ .cmsg_len = (socklen_t)CMSG_LEN(n),
			       .cmsg_level = level,
			       .cmsg_type = type };
	memcpy(CMSG_DATA(c), data, n);
	m->msg_controllen += (socklen_t)CMSG_SPACE(n);
}

static void add_source(struct msghdr *m, bool v6,
		       const struct query_client *client)
{
	struct in6_pktinfo i6 = { .ipi6_ifindex = client->scope };
	struct in_pktinfo i4 = { 0 };

	if (v6) {
		addr6_store(&i6.ipi6_addr, client->local);
		add_info(m, IPPROTO_IPV6, IPV6_PKTINFO, &i6, sizeof(i6));
		return;
	}
	i4.ipi_spec_dst.s_addr = htonl((uint32_t)client->local.lo);
	add_info(m, IPPROTO_IP, IP_PKTINFO, &i4, sizeof(i4));
}

/* May both be cut out of one message? */
static bool fit(const struct reply *a, const struct reply *b)
{
	return a->len == b->len && a->client.port == b->client.port &&
	       addr6_equal(a->client.addr, b->client.addr) &&
	       addr6_equal(a->client.local, b->client.local) &&
	       a->client.scope == b->client.scope;
}

/* Put reply @first into message @m, with all that can be cut out of the same.
 * Return: how many they are. */
static uint32_t place(struct dnsio_batch *b, uint32_t first, struct msghdr *m,
		      const struct dnsio_listener *l)
{
	struct reply *a = &b->replies[first];
	const struct query_client *c = &a->client;
	const uint16_t len = (uint16_t)a->len;
	uint32_t n = 0;

	for (uint32_t i = first; i < b->count; i++) {
		struct reply *r = &b->replies[i];

		if (r->placed || !fit(a, r) || (n && b->whole))
			continue;
		r->placed = true;
		m->msg_iov[n++] = (struct iovec){ r->data, r->len };
	}
	m->msg_iovlen = (int)n;
	m->msg_controllen = 0;
	m->msg_namelen = dnsio_sockaddr(
		m->msg_name,
		(struct dnsio_address){ c->addr, c->scope, c->port });
	if (l->any)
		add_source(m, l->v6, c);
	if (n > 1)
		add_info(m, IPPROTO_UDP, UDP_SEGMENT, &len, sizeof(len));
	return n;
}

/* The C library's own sends one after the other, with a call each: its
 * structures have gaps where the kernel reads more. Ours are zero there. */
static int send_many(int fd, struct mmsghdr *m, uint32_t count)
{
	return (int)syscall(SYS_sendmmsg, fd, m, count,
			    MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* A message was not sent. Where it was to be cut, the way may not be wide
 * enough for the pieces, which then have to go in fragments: each by itself.
 * What cannot be sent then is lost, as datagrams are. */
static void send_pieces(int fd, struct msghdr *m)
{
	const uint32_t count = (uint32_t)m->msg_iovlen;

	if (count == 1)
		return;
	m->msg_iovlen = 1;
	m->msg_controllen -= (socklen_t)CMSG_SPACE(sizeof(uint16_t));
	for (uint32_t i = 0; i < count; i++, m->msg_iov++)
		(void)sendmsg(fd, m, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/*
 * Replies of one length to one client travel as one message most of the way,
 * which costs little more than a single one; the kernel cuts it at the end
 * (UDP_SEGMENT). Who asks much gets much out of it: a resolver behind us, or
 * whoever measures.
 */
void dnsio_udp_flush(struct dnsio_worker *w)
{
	struct dnsio_batch *b = w->batch;
	const struct dnsio_listener *l = &w->udp[b->via];
	uint32_t used = 0;
	uint32_t n = 0;

	for (uint32_t i = 0; i < b->count; i++) {
		struct msghdr *m = &b->out[n].msg_hdr;

		if (b->replies[i].placed)
			continue;
		m->msg_iov = b->out_iov + used;
		used += place(b, i, m, l);
		n++;
	}
	b->count = 0;
	for (uint32_t sent = 0; sent < n;) {
		const int done = send_many(l->ev.fd, b->out + sent, n - sent);

		if (done > 0)
			sent += (uint32_t)done;
		else
			send_pieces(l->ev.fd, &b->out[sent++].msg_hdr);
	}
}

/* A reply leaves from the address that was asked. */
void dnsio_udp_reply(struct dnsio_worker *w, const struct query_client *client,
		     uint32_t len)
{
	struct dnsio_batch *b = w->batch;
	struct reply *r;

	if (b->count == DNSIO_BURST || (b->count && b->via != client->via))
		dnsio_udp_flush(w);
	r = &b->replies[b->count++];
	b->via = client->via;
	r->client = *client;
	r->len = len;
	r->placed = false;
	memcpy(r->data, w->reply, len);
}

/* The cache does not have it. */
static void take(struct dnsio_worker *w, const struct query_slot *s)
{
	struct query_event event;

	dnsio_release(w);
	dnsio_lock(w->io);
	event = dnsio_event(w);
	dnsio_carry_out(w, query_take(&w->io->query, &event, s));
	dnsio_unlock(w->io);
	dnsio_hold(w);
}

static void handle(const struct dnsio_listener *l, struct mmsghdr *in)
{
	struct dnsio_worker *w = l->worker;
	struct msghdr *m = &in->msg_hdr;
	const struct dnsio_address a = dnsio_from_sockaddr(m->msg_name);
	struct query_slot s;
	struct query_event event;
	struct query_step step;

	/* From port 0 nobody can be asked back. */
	if (m->msg_flags & MSG_TRUNC || a.port == 0)
		return;
	s.client = (struct query_client){
		.addr = a.addr,
		.scope = a.scope,
		.port = a.port,
		.via = l->index,
	};
	read_info(m, &s.client);
	event = dnsio_event(w);
	step = query_look(&w->io->query, &event, &s, m->msg_iov->iov_base,
			  in->msg_len);
	if (step.what == QUERY_REPLY)
		dnsio_udp_reply(w, &s.client, step.len);
	else if (step.what == QUERY_TAKE)
		take(w, &s);
}

void dnsio_udp_ready(struct ev_loop *loop, struct ev *ev, uint32_t events)
{
	struct dnsio_listener *l = (struct dnsio_listener *)(void *)ev;
	struct dnsio_worker *w = l->worker;
	struct dnsio_batch *b = w->batch;
	int n;

	(void)loop;
	(void)events;
	for (uint32_t i = 0; i < DNSIO_BURST; i++) {
		b->in[i].msg_hdr.msg_namelen = sizeof(b->from[i]);
		b->in[i].msg_hdr.msg_control = &b->in_info[i];
		b->in[i].msg_hdr.msg_controllen = sizeof(b->in_info[i]);
	}
	n = recvmmsg(ev->fd, b->in, DNSIO_BURST, MSG_DONTWAIT, NULL);
	dnsio_hold(w);
	for (int i = 0; i < n; i++)
		handle(l, &b->in[i]);
	dnsio_release(w);
	dnsio_udp_flush(w);
}
