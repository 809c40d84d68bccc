/* SPDX-License-Identifier: MIT */
#include "rasock.h"

#include <errno.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "log.h"

#define MESSAGE_MAX 4096u

/* Of a message that came in fragments the kernel tells how long they were. */
#ifndef IPV6_RECVFRAGSIZE
#define IPV6_RECVFRAGSIZE 77
#endif

/**
 * struct arrival - what came beside a message
 */
struct arrival {
	struct ra_packet packet;
	int ifindex;
	bool fragments;
};

static void take_control(struct arrival *a, const struct cmsghdr *c)
{
	struct in6_pktinfo info;
	int value;

	if (c->cmsg_level != IPPROTO_IPV6)
		return;
	if (c->cmsg_type == IPV6_PKTINFO) {
		memcpy(&info, CMSG_DATA(c), sizeof(info));
		a->packet.dst = addr6_load(&info.ipi6_addr);
		a->ifindex = (int)info.ipi6_ifindex;
	}
	if (c->cmsg_type == IPV6_HOPLIMIT) {
		memcpy(&value, CMSG_DATA(c), sizeof(value));
		a->packet.hop_limit = (uint8_t)value;
	}
	if (c->cmsg_type == IPV6_RECVFRAGSIZE)
		a->fragments = true;
}

/* What libc's CMSG_NXTHDR does, which is not clean. */
static void take_controls(struct arrival *a, const struct msghdr *m)
{
	const struct cmsghdr *c;
	size_t at = 0;

	while (at + sizeof(*c) <= m->msg_controllen) {
		c = (const void *)((const char *)m->msg_control + at);
		if (c->cmsg_len < sizeof(*c) ||
		    c->cmsg_len > m->msg_controllen - at)
			break;
		take_control(a, c);
		at += CMSG_ALIGN(c->cmsg_len);
	}
}

static void ready(struct ev_loop *loop, struct ev *ev, uint32_t events)
{
	struct rasock *s = (struct rasock *)(void *)ev;
	uint8_t data[MESSAGE_MAX];
	char control[256] __attribute__((aligned(8)));
	struct sockaddr_in6 from;
	struct iovec iov = { data, sizeof(data) };
	struct msghdr m = { .msg_name = &from,
			    .msg_namelen = sizeof(from),
			    .msg_iov = &iov,
			    .msg_iovlen = 1,
			    .msg_control = control,
			    .msg_controllen = sizeof(control) };
	struct arrival a = { .fragments = false };
	const ssize_t n = recvmsg(ev->fd, &m, MSG_DONTWAIT);

	(void)loop;
	(void)events;
	if (n < 0 || m.msg_flags & MSG_TRUNC)
		return;
	take_controls(&a, &m);
	if (a.fragments)
		return; /* RFC 6980, 5 */
	a.packet.src = addr6_load(&from.sin6_addr);
	a.packet.data = data;
	a.packet.len = (size_t)n;
	s->heard(s, &a.packet, a.ifindex);
}

static int set_options(int fd)
{
	struct icmp6_filter only;
	uint32_t *word = &only.icmp6_filt[RA_TYPE / 32];
	const int on = 1;
	const int hops = 255;

	/* A bit that is set keeps a type out; libc's macros are not clean. */
	memset(&only, 0xff, sizeof(only));
	*word &= ~(1u << RA_TYPE % 32);
	/* Kernels before 4.10 cannot tell fragments; that is no failure. */
	(void)setsockopt(fd, IPPROTO_IPV6, IPV6_RECVFRAGSIZE, &on, sizeof(on));
	if (setsockopt(fd, IPPROTO_ICMPV6, ICMP6_FILTER, &only, sizeof(only)) ||
	    setsockopt(fd, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, &on, sizeof(on)) ||
	    setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof(on)) ||
	    setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, &hops,
		       sizeof(hops)))
		return -errno;
	return 0;
}

int rasock_open(struct rasock *s, struct ev_loop *loop)
{
	int err;

	s->ev.ready = ready;
	s->ev.fd = socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK,
			  IPPROTO_ICMPV6);
	if (s->ev.fd < 0)
		return -errno;
	err = set_options(s->ev.fd);
	if (!err)
		err = ev_add(loop, &s->ev, EPOLLIN);
	if (err)
		close(s->ev.fd);
	return err;
}

void rasock_close(struct rasock *s)
{
	close(s->ev.fd);
}

void rasock_solicit(const struct rasock *s, int ifindex,
		    const struct nd_mac *mac)
{
	uint8_t msg[16] = { ND_ROUTER_SOLICIT };
	struct sockaddr_in6 to = { .sin6_family = AF_INET6,
				   .sin6_scope_id = (uint32_t)ifindex };

	addr6_store(&to.sin6_addr, ND_ALL_ROUTERS);
	msg[8] = ND_OPT_SOURCE_LINKADDR;
	msg[9] = 1;
	if (mac)
		memcpy(msg + 10, mac->b, ND_MAC_LEN);
	/* Without an address yet, or with the link down, nobody answers. */
	if (sendto(s->ev.fd, msg, mac ? 16 : 8, 0, (const void *)&to,
		   sizeof(to)) < 0)
		log_debug("router solicitation: %s", strerror(errno));
}

void rasock_group(const struct rasock *s, int ifindex, struct addr6 group,
		  bool join)
{
	struct ipv6_mreq m = { .ipv6mr_interface = (unsigned int)ifindex };

	addr6_store(&m.ipv6mr_multiaddr, group);
	/* Another address of ours may be in the same group; a device that has
	 * gone has taken its memberships with it. */
	if (setsockopt(s->ev.fd, IPPROTO_IPV6,
		       join ? IPV6_JOIN_GROUP : IPV6_LEAVE_GROUP, &m,
		       sizeof(m)) &&
	    errno != EADDRINUSE && errno != EADDRNOTAVAIL && errno != ENODEV)
		log_warn("solicited-node group: %s", strerror(errno));
}
