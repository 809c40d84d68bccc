/* SPDX-License-Identifier: MIT */
#include "ports.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "digits.h"

#define RESERVED  "/proc/sys/net/ipv4/ip_local_reserved_ports"
#define EPHEMERAL "/proc/sys/net/ipv4/ip_local_port_range"

/* Return: bytes, behind which there is a zero; or -errno. */
static ssize_t read_text(const char *path, char *text, size_t size)
{
	const int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read(fd, text, size - 1);
	if (n <= 0)
		n = -errno;
	else if (n == (ssize_t)size - 1)
		n = -E2BIG;
	else
		text[n] = '\0';
	close(fd);
	return n;
}

/* What is written at the beginning is all; further on it is added. */
static int write_text(const char *text, size_t len, off_t at)
{
	const int fd = open(RESERVED, O_WRONLY | O_CLOEXEC);
	ssize_t n = 1;

	if (fd < 0)
		return -errno;
	for (size_t done = 0; done < len && n > 0; done += (size_t)n)
		n = pwrite(fd, text + done, len - done, at + (off_t)done);
	if (n <= 0)
		n = -EIO;
	close(fd);
	return n < 0 ? (int)n : 0;
}

/* Are all ports of sockets that ask for none in particular among these? */
static bool leaves_none(uint32_t first, uint32_t last)
{
	char text[32];
	const char *at = text;

	return read_text(EPHEMERAL, text, sizeof(text)) > 0 &&
	       first <= digits_take(&at, 10) && digits_take(&at, 10) <= last;
}

int ports_reserve(struct ports *p, uint32_t first, uint32_t last)
{
	char text[16];

	if (leaves_none(first, last))
		return -EADDRNOTAVAIL;
	if (p->len <= 0)
		p->len = read_text(RESERVED, p->was, sizeof(p->was));
	if (p->len <= 0)
		return (int)p->len;
	return write_text(
		text,
		(size_t)snprintf(text, sizeof(text), "%u-%u\n", first, last),
		1);
}

int ports_restore(struct ports *p)
{
	const ssize_t len = p->len;

	p->len = 0;
	return len > 0 ? write_text(p->was, (size_t)len, 0) : 0;
}
