/* SPDX-License-Identifier: MIT */
#include "probe.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#define WEB_PORT      80
#define WEB_ENOUGH    16384u
#define WEB_PADDING   3000 /* at least two whole segments */
#define TIMESTAMP_LEN 12u
#define ECHO_HDR_LEN  16u /* ICMPv6 and the cookie */

static int open_socket(int type, int protocol, const char *uplink)
{
	const int fd =
		socket(AF_INET6, type | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);

	/* Before Linux 5.7 only root may; then the routing table decides. */
	if (fd >= 0 && *uplink)
		(void)setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, uplink,
				 (socklen_t)strlen(uplink));
	return fd;
}

static int connect_to(int fd, struct addr6 to, int port)
{
	struct sockaddr_in6 sa = { .sin6_family = AF_INET6,
				   .sin6_port = htons((uint16_t)port) };

	addr6_store(&sa.sin6_addr, to);
	return connect(fd, (const void *)&sa, sizeof(sa)) ? -errno : 0;
}

static void close_socket(struct ev *ev, struct ev_loop *loop)
{
	if (ev->fd < 0)
		return;
	ev_del(loop, ev);
	close(ev->fd);
	ev->fd = -1;
}

/*
 * Echo. The sequence number is the size of the request, so that a reply says
 * how large a packet it is that got through. A reply in fragments says nothing
 * of large packets: IPv4 replies may be cut, and translators do cut them.
 */

/* Of a message that came in fragments the kernel tells how long they were. */
#ifndef IPV6_RECVFRAGSIZE
#define IPV6_RECVFRAGSIZE 77
#endif

static void echo_heard(struct ev_loop *loop, struct ev *ev, uint32_t events)
{
	struct probe_echo *p = (struct probe_echo *)(void *)ev;
	uint8_t msg[PROBE_MTU];
	char control[64] __attribute__((aligned(8)));
	struct iovec iov = { msg, sizeof(msg) };
	struct msghdr m = { .msg_iov = &iov,
			    .msg_iovlen = 1,
			    .msg_control = control,
			    .msg_controllen = sizeof(control) };
	const ssize_t n = recvmsg(ev->fd, &m, MSG_DONTWAIT);
	const uint32_t size = (uint32_t)n + IP6_HDR_LEN;

	(void)loop;
	(void)events;
	if (n < (ssize_t)ECHO_HDR_LEN || msg[0] != ICMP6_ECHO_REPLY ||
	    be_get64(msg + 8) != p->cookie)
		return;
	p->replied = true;
	if (be_get16(msg + 6) > p->out)
		p->out = be_get16(msg + 6);
	if (size > p->in && !m.msg_controllen)
		p->in = size;
}

static int echo_options(int fd)
{
	struct icmp6_filter only;
	const int pmtu = IPV6_PMTUDISC_DO;
	const int on = 1;

	/* A bit that is set keeps a type out; libc's macros are not clean. */
	memset(&only, 0xff, sizeof(only));
	only.icmp6_filt[ICMP6_ECHO_REPLY / 32] &=
		~(1u << ICMP6_ECHO_REPLY % 32);
	/* A ping socket gets replies only, and has no such option. */
	(void)setsockopt(fd, IPPROTO_ICMPV6, ICMP6_FILTER, &only, sizeof(only));
	return setsockopt(fd, IPPROTO_IPV6, IPV6_RECVFRAGSIZE, &on,
			  sizeof(on)) ||
			       setsockopt(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER,
					  &pmtu, sizeof(pmtu))
		       ? -errno
		       : 0;
}

int probe_echo_open(struct probe_echo *p, struct ev_loop *loop,
		    const char *uplink)
{
	int err;

	*p = (struct probe_echo){ .ev = { -1, echo_heard } };
	if (getrandom(&p->cookie, sizeof(p->cookie), 0) < 0)
		return -errno;
	p->ev.fd = open_socket(SOCK_DGRAM, IPPROTO_ICMPV6, uplink);
	if (p->ev.fd < 0)
		p->ev.fd = open_socket(SOCK_RAW, IPPROTO_ICMPV6, uplink);
	if (p->ev.fd < 0)
		return -errno;
	err = echo_options(p->ev.fd);
	if (!err)
		err = ev_add(loop, &p->ev, EPOLLIN);
	if (err) {
		close(p->ev.fd);
		p->ev.fd = -1;
	}
	return err;
}

void probe_echo_to(const struct probe_echo *p, struct addr6 to)
{
	if (p->ev.fd >= 0)
		(void)!connect_to(p->ev.fd, to, 0);
}

void probe_echo_send(const struct probe_echo *p, uint32_t size)
{
	uint8_t msg[PROBE_MTU] = { ICMP6_ECHO_REQUEST };
	uint32_t path = PROBE_MTU;
	socklen_t len = sizeof(path);

	if (getsockopt(p->ev.fd, IPPROTO_IPV6, IPV6_MTU, &path, &len) == 0 &&
	    size > path)
		size = path;
	if (size > PROBE_MTU || size < IP6_HDR_LEN + ECHO_HDR_LEN)
		return;
	be_put16(msg + 6, (uint16_t)size);
	be_put64(msg + 8, p->cookie);
	/* What does not get through shows in the replies. */
	(void)!send(p->ev.fd, msg, size - IP6_HDR_LEN, MSG_NOSIGNAL);
}

void probe_echo_close(struct probe_echo *p, struct ev_loop *loop)
{
	close_socket(&p->ev, loop);
}

/*
 * The web. A request with a long header, so that its segments are whole ones;
 * the answer's segments show the other direction.
 */

static bool send_request(const struct probe_web *w)
{
	char text[WEB_PADDING + 512];
	const int n = snprintf(text, sizeof(text),
			       "GET / HTTP/1.0\r\nHost: %s\r\n"
			       "User-Agent: xlat-doctor\r\n"
			       "X-Padding: %0*d\r\n\r\n",
			       w->host, WEB_PADDING, 0);

	return n < (int)sizeof(text) &&
	       send(w->ev.fd, text, (size_t)n, MSG_NOSIGNAL) == n;
}

static void connected(struct probe_web *w, struct ev_loop *loop)
{
	socklen_t len = sizeof(w->err);

	if (getsockopt(w->ev.fd, SOL_SOCKET, SO_ERROR, &w->err, &len))
		w->err = errno;
	w->state = PROBE_CONNECTED;
	if (w->err)
		w->state =
			w->err == ECONNREFUSED ? PROBE_REFUSED : PROBE_BROKEN;
	if (w->err || ev_mod(loop, &w->ev, EPOLLIN) || !send_request(w))
		ev_del(loop, &w->ev);
}

static void web_ready(struct ev_loop *loop, struct ev *ev, uint32_t events)
{
	struct probe_web *w = (struct probe_web *)(void *)ev;
	char buf[4096];
	ssize_t n;

	(void)events;
	if (w->state == PROBE_CONNECTING) {
		connected(w, loop);
		return;
	}
	n = recv(ev->fd, buf, sizeof(buf), MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0)
		w->got += (uint32_t)n;
	if (n > 0 && w->got < WEB_ENOUGH)
		return;
	w->state = PROBE_CLOSED;
	ev_del(loop, ev);
}

void probe_web_open(struct probe_web *w, struct ev_loop *loop, struct addr6 to,
		    const char *uplink)
{
	w->ev.ready = web_ready;
	w->state = PROBE_BROKEN;
	w->ev.fd = open_socket(SOCK_STREAM, 0, uplink);
	if (w->ev.fd < 0) {
		w->err = errno;
		return;
	}
	w->err = -connect_to(w->ev.fd, to, WEB_PORT);
	if (w->err == EINPROGRESS)
		w->err = -ev_add(loop, &w->ev, EPOLLOUT);
	if (!w->err)
		w->state = PROBE_CONNECTING;
}

void probe_web_look(const struct probe_web *w, bool *sent_all,
		    uint32_t *segment)
{
	struct tcp_info info;
	socklen_t len = sizeof(info);

	*sent_all = false;
	*segment = 0;
	memset(&info, 0, sizeof(info));
	if (w->state < PROBE_CONNECTED ||
	    getsockopt(w->ev.fd, IPPROTO_TCP, TCP_INFO, &info, &len))
		return;
	*sent_all = info.tcpi_unacked == 0;
	/* The kernel's first guess is no segment that it has seen. */
	if (w->got < info.tcpi_rcv_mss)
		return;
	*segment = info.tcpi_rcv_mss + IP6_HDR_LEN + TCP_HDR_LEN;
	if (info.tcpi_options & TCPI_OPT_TIMESTAMPS)
		*segment += TIMESTAMP_LEN;
}

void probe_web_close(struct probe_web *w, struct ev_loop *loop)
{
	close_socket(&w->ev, loop);
}

int probe_lro(const char *uplink)
{
	struct ethtool_value flags = { .cmd = ETHTOOL_GFLAGS };
	struct ifreq r = { .ifr_data = (void *)&flags };
	const int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int err;

	if (fd < 0)
		return -errno;
	snprintf(r.ifr_name, sizeof(r.ifr_name), "%s", uplink);
	err = ioctl(fd, SIOCETHTOOL, &r) ? -errno : 0;
	close(fd);
	return err ? err : (flags.data & ETH_FLAG_LRO) != 0;
}
