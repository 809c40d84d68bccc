/* SPDX-License-Identifier: MIT */
#include "ndsock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clat/nd.h"
#include "log.h"

#define FRAME_MAX      1514u

/* Offsets in a frame. */
#define AT_NEXT_HEADER 20u
#define AT_TYPE        54u

/* ICMPv6 of the two types: no other packet of the link wakes us. */
static struct sock_filter filter[] = {
	BPF_STMT(BPF_LD | BPF_B | BPF_ABS, AT_NEXT_HEADER),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IP_ICMP6, 0, 4),
	BPF_STMT(BPF_LD | BPF_B | BPF_ABS, AT_TYPE),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ND_SOLICIT, 1, 0),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ND_ADVERT, 0, 1),
	BPF_STMT(BPF_RET | BPF_K, FRAME_MAX),
	BPF_STMT(BPF_RET | BPF_K, 0),
};

static void ready(struct ev_loop *loop, struct ev *ev, uint32_t events)
{
	struct ndsock *s = (struct ndsock *)(void *)ev;
	struct sockaddr_ll from;
	socklen_t len = sizeof(from);
	uint8_t frame[FRAME_MAX];
	const ssize_t n = recvfrom(ev->fd, frame, sizeof(frame), MSG_DONTWAIT,
				   (void *)&from, &len);

	(void)loop;
	(void)events;
	/* The socket shows what this machine sends, too. */
	if (n > 0 && from.sll_pkttype != PACKET_OUTGOING)
		s->heard(s, frame, (size_t)n);
}

int ndsock_open(struct ndsock *s, struct ev_loop *loop)
{
	const struct sock_fprog program = { XL_COUNT(filter), filter };
	int err = 0;

	s->ev.ready = ready;
	/* Protocol 0: nothing yet. */
	s->ev.fd =
		socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s->ev.fd < 0)
		return -errno;
	if (setsockopt(s->ev.fd, SOL_SOCKET, SO_ATTACH_FILTER, &program,
		       sizeof(program)))
		err = -errno;
	if (!err)
		err = ev_add(loop, &s->ev, EPOLLIN);
	if (err)
		close(s->ev.fd);
	return err;
}

void ndsock_bind(const struct ndsock *s, int ifindex)
{
	const struct sockaddr_ll at = { .sll_family = AF_PACKET,
					.sll_protocol = htons(ETH_P_IPV6),
					.sll_ifindex = ifindex };

	if (bind(s->ev.fd, (const void *)&at, sizeof(at)))
		log_warn("neighbour discovery: %s", strerror(errno));
}

void ndsock_close(struct ndsock *s)
{
	close(s->ev.fd);
}

void ndsock_send(const struct ndsock *s, const uint8_t *frame, size_t len)
{
	if (send(s->ev.fd, frame, len, 0) < 0)
		log_debug("neighbour discovery: %s", strerror(errno));
}
