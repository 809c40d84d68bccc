/* SPDX-License-Identifier: MIT */
#include "ask.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

bool ask_address(struct sockaddr_un *to, const char *instance, const char *path)
{
	const size_t size = sizeof(to->sun_path);
	int n;

	*to = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (path)
		n = snprintf(to->sun_path, size, "%s", path);
	else
		n = snprintf(to->sun_path, size, "/run/xlat/%s.sock", instance);
	return n > 0 && (size_t)n < size;
}

/* Byte by byte, so that what follows it is still to be read. */
static int read_line(int fd, char *line, size_t size)
{
	size_t n = 0;
	ssize_t got;

	line[0] = '\0';
	while (n + 1 < size && (n == 0 || line[n - 1] != '\n')) {
		got = recv(fd, line + n, 1, 0);
		if (got < 0)
			return -errno;
		if (got == 0)
			break;
		line[++n] = '\0';
	}
	return 0;
}

/* Who hangs must not make whoever asks hang: that may be a health check. */
static int connect_to(const struct sockaddr_un *to)
{
	const struct timeval patience = { .tv_sec = ASK_PATIENCE };
	const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int err;

	if (fd >= 0 &&
	    !setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience,
			sizeof(patience)) &&
	    !setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience,
			sizeof(patience)) &&
	    !connect(fd, (const void *)to, sizeof(*to)))
		return fd;
	err = -errno;
	if (fd >= 0)
		close(fd);
	return err;
}

int ask(const struct sockaddr_un *to, const char *line, char *first,
	size_t size, long seconds)
{
	const struct timeval patience = { .tv_sec = seconds };
	const int fd = connect_to(to);
	const size_t len = strlen(line);
	int err = 0;

	if (fd < 0)
		return fd;
	if (send(fd, line, len, MSG_NOSIGNAL) != (ssize_t)len)
		err = -errno;
	if (!err)
		err = read_line(fd, first, size);
	if (!err && setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience,
			       sizeof(patience)))
		err = -errno;
	if (!err)
		return fd;
	close(fd);
	return err;
}
