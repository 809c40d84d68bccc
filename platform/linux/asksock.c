/* SPDX-License-Identifier: MIT */
#include "asksock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define DNS_PORT 53u
#define MAPPED   0xffff00000000u /* ::ffff:0:0/96 */
#define BLANK    " \t"

/* Before the general file, those in which managers keep the real servers. */
static const char *const files[] = {
	"/run/systemd/resolve/resolv.conf",
	"/run/NetworkManager/no-stub-resolv.conf",
	"/etc/resolv.conf",
};

static bool is_mapped(struct addr6 a)
{
	return a.hi == 0 && a.lo >> 32 == MAPPED >> 32;
}

bool asksock_is_local(struct addr6 a)
{
	return (a.hi == 0 && a.lo == 1) ||
	       (is_mapped(a) && (a.lo >> 24 & 0xff) == 127);
}

/* The connection is there, or it never will be. */
static int send_over_tcp(struct asksock *s, struct ev_loop *loop)
{
	const ssize_t n = send(s->ev.fd, s->buf, s->len, MSG_NOSIGNAL);

	if (n < 0)
		return -errno;
	if ((size_t)n != s->len)
		return -EIO; /* so few bytes always fit */
	s->sent = true;
	s->len = 0;
	return ev_mod(loop, &s->ev, EPOLLIN);
}

/* Return: an answer is complete. */
static bool is_whole(const struct asksock *s)
{
	return s->tcp ? s->len > 2 && s->len - 2 >= be_get16(s->buf)
		      : s->len != 0;
}

static void ready(struct ev_loop *loop, struct ev *ev, uint32_t events)
{
	struct asksock *s = (struct asksock *)(void *)ev;
	const size_t head = s->tcp ? 2 : 0;
	ssize_t n;

	(void)events;
	if (!s->sent) {
		if (send_over_tcp(s, loop))
			s->heard(s, s->buf, 0);
		return;
	}
	if (!s->tcp)
		s->len = 0;
	n = recv(ev->fd, s->buf + s->len, sizeof(s->buf) - s->len,
		 MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	/* An empty datagram is no answer, but no end, either: anybody can send
	 * one. It is handed over as a byte that means nothing. */
	if (n == 0 && !s->tcp)
		n = 1;
	s->len += n > 0 ? (size_t)n : 0;
	if (is_whole(s))
		s->heard(s, s->buf + head, s->tcp ? be_get16(s->buf) : s->len);
	else if (n <= 0)
		s->heard(s, s->buf, 0);
}

static int connect_to(int fd, struct addr6 server, int ifindex)
{
	const bool local = server.hi >> 54 == 0xfe80 >> 6;
	struct sockaddr_in6 to6 = {
		.sin6_family = AF_INET6,
		.sin6_port = htons(DNS_PORT),
		.sin6_scope_id = local ? (uint32_t)ifindex : 0,
	};
	struct sockaddr_in to4 = {
		.sin_family = AF_INET,
		.sin_port = htons(DNS_PORT),
		.sin_addr.s_addr = htonl((uint32_t)server.lo),
	};
	int err;

	addr6_store(&to6.sin6_addr, server);
	if (is_mapped(server))
		err = connect(fd, (const void *)&to4, sizeof(to4));
	else
		err = connect(fd, (const void *)&to6, sizeof(to6));
	return err ? -errno : 0;
}

/* RFC 8880, 7.1: by the uplink, whatever the routing table would say. */
static void bind_to_uplink(int fd, const char *uplink)
{
	/* Before Linux 5.7 only root may; then the routing table decides. */
	(void)setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, uplink,
			 (socklen_t)strlen(uplink));
}

/* Over TCP the question waits until the connection is there. */
static int begin(struct asksock *s, const struct asksock_to *to,
		 const void *msg, size_t len)
{
	const int err = connect_to(s->ev.fd, to->server, to->ifindex);

	s->tcp = to->tcp;
	s->sent = !to->tcp;
	if (to->tcp) {
		be_put16(s->buf, (uint16_t)len);
		memcpy(s->buf + 2, msg, len);
		s->len = 2 + len;
		return err == -EINPROGRESS ? 0 : err;
	}
	if (!err && send(s->ev.fd, msg, len, MSG_NOSIGNAL) < 0)
		return -errno;
	return err;
}

int asksock_send(struct asksock *s, struct ev_loop *loop,
		 const struct asksock_to *to, const void *msg, size_t len)
{
	const int type = to->tcp ? SOCK_STREAM : SOCK_DGRAM;
	int err;

	asksock_close(s, loop);
	s->ev.ready = ready;
	s->ev.fd = socket(is_mapped(to->server) ? AF_INET : AF_INET6,
			  type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s->ev.fd < 0)
		return -errno;
	if (!asksock_is_local(to->server))
		bind_to_uplink(s->ev.fd, to->uplink);
	err = begin(s, to, msg, len);
	if (!err)
		err = ev_add(loop, &s->ev, s->sent ? EPOLLIN : EPOLLOUT);
	if (err) {
		close(s->ev.fd);
		s->ev.fd = -1;
	}
	return err;
}

void asksock_close(struct asksock *s, struct ev_loop *loop)
{
	if (s->ev.fd < 0)
		return;
	ev_del(loop, &s->ev);
	close(s->ev.fd);
	s->ev.fd = -1;
}

/* "nameserver ADDRESS"; a zone is left out: it is the uplink. */
static bool parse_line(const char *line, struct addr6 *a)
{
	static const char key[] = "nameserver";
	char text[INET6_ADDRSTRLEN] = "";
	uint8_t wire[16];
	size_t len;

	line += strspn(line, BLANK);
	if (strncmp(line, key, sizeof(key) - 1) != 0)
		return false;
	line += sizeof(key) - 1;
	line += strspn(line, BLANK);
	len = strspn(line, "0123456789abcdefABCDEF:.");
	if (len >= sizeof(text))
		return false;
	memcpy(text, line, len);
	if (inet_pton(AF_INET6, text, wire) == 1) {
		*a = addr6_load(wire);
		return true;
	}
	if (inet_pton(AF_INET, text, wire) != 1)
		return false;
	*a = (struct addr6){ 0, MAPPED | be_get32(wire) };
	return true;
}

/* Of a file those that @local: are, or are not, on this machine. */
static uint32_t read_file(const char *path, bool local, struct addr6 *out,
			  uint32_t max)
{
	FILE *f = fopen(path, "re");
	uint32_t count = 0;
	struct addr6 a;
	char line[256];

	if (!f)
		return 0;
	while (count < max && fgets(line, sizeof(line), f))
		if (parse_line(line, &a) && asksock_is_local(a) == local &&
		    (local || !is_mapped(a)))
			out[count++] = a;
	fclose(f);
	return count;
}

uint32_t asksock_resolvers(struct addr6 *out, uint32_t max)
{
	uint32_t count = 0;

	for (unsigned int i = 0; i < XL_COUNT(files) && !count; i++)
		count = read_file(files[i], false, out, max);
	for (unsigned int i = 0; i < XL_COUNT(files) && !count; i++)
		count = read_file(files[i], true, out, max);
	return count;
}
