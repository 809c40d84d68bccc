/* SPDX-License-Identifier: MIT */
#include "sink.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "log.h"

#define NO_WAIT (MSG_DONTWAIT | MSG_NOSIGNAL)

static int open_path(struct sink *s, const char *path)
{
	s->to.path.sun_family = AF_UNIX;
	memcpy(s->to.path.sun_path, path, sizeof(s->to.path.sun_path));
	s->to_len = sizeof(s->to.path);
	s->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	return s->fd < 0 ? -errno : 0;
}

/* Connected, so that we are told where nobody listens; where there is no way
 * there as yet, by its address, once there is one. */
static int open_udp(struct sink *s, const struct sink_address *to)
{
	struct sockaddr_in6 a = { .sin6_family = AF_INET6,
				  .sin6_port = htons(to->port) };
	const int off = 0;

	addr6_store(a.sin6_addr.s6_addr, to->addr);
	s->fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (s->fd < 0)
		return -errno;
	(void)setsockopt(s->fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	if (connect(s->fd, (const void *)&a, sizeof(a))) {
		s->to.udp = a;
		s->to_len = sizeof(a);
	}
	return 0;
}

int sink_open(struct sink *s, const struct sink_address *to)
{
	*s = (struct sink){ .fd = -1 };
	return to->path[0] ? open_path(s, to->path) : open_udp(s, to);
}

ssize_t sink_write(const struct sink *s, const void *bytes, size_t len)
{
	ssize_t n;

	if (s->fd < 0)
		return log_write(bytes, len);
	n = sendto(s->fd, bytes, len, NO_WAIT,
		   s->to_len ? (const void *)&s->to : NULL, s->to_len);
	return n < 0 ? -errno : n;
}

void sink_close(struct sink *s)
{
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
}
