/* SPDX-License-Identifier: MIT */
#include "linkwatch.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define INDEX_AT (NLMSG_HDRLEN + offsetof(struct ifinfomsg, ifi_index))

/**
 * struct message - what is looked at of one
 */
struct message {
	struct nlmsghdr h;
	struct ifinfomsg link;
};

static void hear(struct ev_loop *loop, struct ev *ev, uint32_t events)
{
	struct linkwatch *w = (struct linkwatch *)(void *)ev;
	struct message m;
	ssize_t n;

	(void)loop;
	(void)events;
	while ((n = recv(ev->fd, &m, sizeof(m), MSG_DONTWAIT)) >= 0 ||
	       errno == ENOBUFS) {
		/* What was lost may have been that. */
		if (n < 0 ||
		    (n == (ssize_t)sizeof(m) && !(m.link.ifi_flags & IFF_UP)))
			w->went_down = true;
	}
	w->changed(w);
}

/* A machine may have thousands of others, which are no reason to wake up. */
static int only(int fd, int ifindex)
{
	/* Loads are in network order, the message is in the machine's. */
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, INDEX_AT),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htonl((uint32_t)ifindex), 0,
			 1),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	const struct sock_fprog prog = { .len = XL_COUNT(code),
					 .filter = code };

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog))
		       ? -errno
		       : 0;
}

int linkwatch_open(struct linkwatch *w, struct ev_loop *loop, int ifindex)
{
	const struct sockaddr_nl groups = { .nl_family = AF_NETLINK,
					    .nl_groups = RTMGRP_LINK };
	int err;

	w->ev.ready = hear;
	w->ev.fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (w->ev.fd < 0)
		return -errno;
	err = only(w->ev.fd, ifindex);
	if (!err && bind(w->ev.fd, (const void *)&groups, sizeof(groups)))
		err = -errno;
	if (!err)
		err = ev_add(loop, &w->ev, EPOLLIN);
	if (err)
		close(w->ev.fd);
	return err;
}
