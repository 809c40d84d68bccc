/* SPDX-License-Identifier: MIT */
#include "sysctl.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"

#define PATH_LEN 128

static int open_setting(const char *name, int flags)
{
	char path[PATH_LEN];
	int fd;

	snprintf(path, sizeof(path), "/proc/sys/%s", name);
	fd = open(path, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int sysctl_get(const char *name, int *value)
{
	char text[32] = "";
	const int fd = open_setting(name, O_RDONLY);
	ssize_t n;

	*value = 0;
	if (fd < 0)
		return fd;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return -EIO;
	*value = (int)strtol(text, NULL, 10);
	return 0;
}

static int put(const char *name, int value)
{
	char text[32];
	const int fd = open_setting(name, O_WRONLY);
	const int len = snprintf(text, sizeof(text), "%d\n", value);
	int err = 0;

	if (fd < 0)
		return fd;
	if (write(fd, text, (size_t)len) != len)
		err = errno ? -errno : -EIO;
	close(fd);
	return err;
}

int sysctl_set(struct sysctl_undo *undo, const char *name, int value)
{
	int was;
	int err = sysctl_get(name, &was);

	if (err || was == value)
		return err;
	if (undo->count == SYSCTL_UNDO_MAX)
		return -ENOSPC;
	err = put(name, value);
	if (err)
		return err;
	snprintf(undo->done[undo->count].name,
		 sizeof(undo->done[undo->count].name), "%s", name);
	undo->done[undo->count++].was = was;
	log_info("%s was %d and is %d until the end", name, was, value);
	return 1;
}

/* Is it the name of an interface that may get advertisements? */
static bool can_advertise(const char *name, const char *except)
{
	return name[0] != '.' && strlen(name) <= 16 && strcmp(name, "all") &&
	       strcmp(name, "default") && strcmp(name, "lo") &&
	       strcmp(name, except);
}

/* Interfaces that follow router advertisements only while not forwarding. */
static int keep_advertisements(struct sysctl_undo *undo, const char *except)
{
	DIR *d = opendir("/proc/sys/net/ipv6/conf");
	const struct dirent *e;
	char name[PATH_LEN - 16];
	int value;
	int err = 0;

	if (!d)
		return -errno;
	while (err >= 0 && (e = readdir(d))) {
		if (!can_advertise(e->d_name, except))
			continue;
		snprintf(name, sizeof(name), "net/ipv6/conf/%.16s/accept_ra",
			 e->d_name);
		if (sysctl_get(name, &value) == 0 && value == 1)
			err = sysctl_set(undo, name, 2);
	}
	closedir(d);
	return err;
}

int sysctl_forwarding(struct sysctl_undo *undo, const char *except)
{
	const unsigned int before = undo->count;
	int value;
	int err = sysctl_get("net/ipv6/conf/all/forwarding", &value);

	if (!err && value == 0)
		err = keep_advertisements(undo, except);
	if (err >= 0)
		err = sysctl_set(undo, "net/ipv6/conf/all/forwarding", 1);
	if (err >= 0)
		err = sysctl_set(undo, "net/ipv4/ip_forward", 1);
	return err < 0 ? err : (int)(undo->count - before);
}

void sysctl_undo(struct sysctl_undo *undo)
{
	while (undo->count) {
		undo->count--;
		/* An interface may have gone in the meantime. */
		if (put(undo->done[undo->count].name,
			undo->done[undo->count].was))
			log_warn("%s could not be put back to %d",
				 undo->done[undo->count].name,
				 undo->done[undo->count].was);
	}
}
