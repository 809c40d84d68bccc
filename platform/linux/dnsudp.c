/* SPDX-License-Identifier: MIT */
/*
 * dnsudp.c - clients' datagrams, many with one call
 */
#include "dnsio.h"

#include <errno.h>
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

/* The control message that says which address was asked. */
union packet_info {
	struct cmsghdr align;
	char buf[CMSG_SPACE(sizeof(struct in6_pktinfo))];
};

/**
 * struct dnsio_batch - datagrams as recvmmsg() and sendmmsg() want them
 * @count:	replies that are to be sent, all from listener @via
 */
struct dnsio_batch {
	uint32_t count;
	uint32_t via;
	struct mmsghdr in[DNSIO_BURST];
	struct mmsghdr out[DNSIO_BURST];
	struct iovec in_iov[DNSIO_BURST];
	struct iovec out_iov[DNSIO_BURST];
	union address from[DNSIO_BURST];
	union address to[DNSIO_BURST];
	union packet_info in_info[DNSIO_BURST];
	union packet_info out_info[DNSIO_BURST];
	uint8_t questions[DNSIO_BURST][DNSIO_REQUEST_MAX];
	uint8_t replies[DNSIO_BURST][REQUEST_UDP_SIZE];
};

size_t dnsio_udp_memory(void)
{
	return (sizeof(struct dnsio_batch) + 7) & ~(size_t)7;
}

void dnsio_udp_init(struct dnsio *io, void *mem)
{
	struct dnsio_batch *b = mem;

	io->batch = b;
	b->count = 0;
	for (uint32_t i = 0; i < DNSIO_BURST; i++) {
		b->in_iov[i] = (struct iovec){ b->questions[i],
					       sizeof(b->questions[i]) };
		b->in[i].msg_hdr = (struct msghdr){
			.msg_name = &b->from[i],
			.msg_iov = &b->in_iov[i],
			.msg_iovlen = 1,
		};
		b->out_iov[i].iov_base = b->replies[i];
		b->out[i].msg_hdr = (struct msghdr){
			.msg_name = &b->to[i],
			.msg_iov = &b->out_iov[i],
			.msg_iovlen = 1,
		};
	}
}

int dnsio_udp_prepare(struct dnsio_listener *l)
{
	const int fd = l->ev.fd;
	const int on = 1;
	const int size = RECEIVE_BUFFER;
	int err = 0;

	/* A wish, which the system may limit. */
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
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

/* The C library's own sends one after the other, with a call each: its
 * structures have gaps where the kernel reads more. Ours are zero there. */
static int send_many(int fd, struct mmsghdr *m, uint32_t count)
{
	return (int)syscall(SYS_sendmmsg, fd, m, count,
			    MSG_DONTWAIT | MSG_NOSIGNAL);
}

void dnsio_udp_flush(struct dnsio *io)
{
	struct dnsio_batch *b = io->batch;
	const int fd = io->udp[b->via].ev.fd;
	uint32_t sent = 0;
	int n;

	/* What cannot be sent is lost, as datagrams are; it must not keep
	 * what stands behind it. */
	while (sent < b->count) {
		n = send_many(fd, b->out + sent, b->count - sent);
		sent += n > 0 ? (uint32_t)n : 1;
	}
	b->count = 0;
}

/* A reply leaves from the address that was asked. */
void dnsio_udp_reply(struct dnsio *io, const struct query_client *client,
		     uint32_t len)
{
	const struct dnsio_listener *l = &io->udp[client->via];
	struct dnsio_batch *b = io->batch;
	struct msghdr *m;
	uint32_t i;

	if (b->count == DNSIO_BURST || (b->count && b->via != client->via))
		dnsio_udp_flush(io);
	i = b->count++;
	b->via = client->via;
	m = &b->out[i].msg_hdr;
	memcpy(b->replies[i], io->reply, len);
	b->out_iov[i].iov_len = len;
	m->msg_namelen = dnsio_sockaddr(
		&b->to[i], (struct dnsio_address){ client->addr, client->scope,
						   client->port });
	m->msg_control = l->any ? &b->out_info[i] : NULL;
	m->msg_controllen = 0;
	if (l->any && l->v6)
		write_info6(m, client);
	else if (l->any)
		write_info4(m, client);
}

static void handle(struct dnsio *io, const struct dnsio_listener *l,
		   struct mmsghdr *in)
{
	struct msghdr *m = &in->msg_hdr;
	const struct dnsio_address a = dnsio_from_sockaddr(m->msg_name);
	struct query_client client = {
		.addr = a.addr,
		.scope = a.scope,
		.port = a.port,
		.via = l->index,
	};
	struct query_event event;

	/* From port 0 nobody can be asked back. */
	if (m->msg_flags & MSG_TRUNC || a.port == 0)
		return;
	read_info(m, &client);
	event = dnsio_event(io);
	dnsio_carry_out(io, query_asked(&io->query, &event, &client,
					m->msg_iov->iov_base, in->msg_len));
}

void dnsio_udp_ready(struct ev_loop *loop, struct ev *ev, uint32_t events)
{
	struct dnsio_listener *l = (struct dnsio_listener *)(void *)ev;
	struct dnsio_batch *b = l->io->batch;
	int n;

	(void)loop;
	(void)events;
	for (uint32_t i = 0; i < DNSIO_BURST; i++) {
		b->in[i].msg_hdr.msg_namelen = sizeof(b->from[i]);
		b->in[i].msg_hdr.msg_control = &b->in_info[i];
		b->in[i].msg_hdr.msg_controllen = sizeof(b->in_info[i]);
	}
	n = recvmmsg(ev->fd, b->in, DNSIO_BURST, MSG_DONTWAIT, NULL);
	for (int i = 0; i < n; i++)
		handle(l->io, l, &b->in[i]);
	dnsio_udp_flush(l->io);
}
