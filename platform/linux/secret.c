/* SPDX-License-Identifier: MIT */
#include "secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log.h"

#define DIRECTORY "/var/lib/xlat"

static bool read_file(const char *path, void *out, size_t size)
{
	const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t n;

	if (fd < 0)
		return false;
	n = read(fd, out, size);
	close(fd);
	return n == (ssize_t)size;
}

static int write_file(const char *path, const void *data, size_t size)
{
	const int fd = open(
		path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
		0600);
	int err = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, data, size) != (ssize_t)size || fsync(fd))
		err = errno ? -errno : -EIO;
	close(fd);
	return err;
}

void secret_load(const char *instance, void *out, size_t size)
{
	const char *dir = getenv("STATE_DIRECTORY");
	char path[256];
	int err;

	if (!dir || *dir != '/') {
		dir = DIRECTORY;
		(void)mkdir(dir, 0700);
	}
	snprintf(path, sizeof(path), "%s/%s.key", dir, instance);
	if (read_file(path, out, size))
		return;
	/* Up to 256 bytes come whole once the kernel has booted. */
	if (getrandom(out, size, 0) != (ssize_t)size)
		__builtin_trap();
	err = write_file(path, out, size);
	if (err)
		log_warn("%s: %s: our IPv6 address will be another one after "
			 "a restart",
			 path, strerror(-err));
}
