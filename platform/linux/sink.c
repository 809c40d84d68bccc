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
	s->to.sun_family = AF_UNIX;
	memcpy(s->to.sun_path, path, sizeof(s->to.sun_path));
	s->to_len = sizeof(s->to);
	s->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	return s->fd < 0 ? -errno : 0;
}

/* Connected, so that we are told where nobody listens. */
static int open_udp(struct sink *s, const struct sink_address *to)
{
	struct sockaddr_in6 a = { .sin6_family = AF_INET6,
				  .sin6_port = htons(to->port) };
	const int off = 0;
	int err = 0;

	addr6_store(a.sin6_addr.s6_addr, to->addr);
	s->fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (s->fd < 0)
		return -errno;
	if (setsockopt(s->fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off)) ||
	    connect(s->fd, (const void *)&a, sizeof(a)))
		err = -errno;
	if (err)
		sink_close(s);
	return err;
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
