/* SPDX-License-Identifier: MIT */
#include "sysctl.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "digits.h"
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
	const char *digits = text;
	const int fd = open_setting(name, O_RDONLY);
	ssize_t n;

	*value = 0;
	if (fd < 0)
		return fd;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return -EIO;
	digits += text[0] == '-';
	*value = (int)digits_take(&digits, 10);
	if (text[0] == '-')
		*value = -*value;
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

static int remember(struct sysctl_undo *undo, const char *name, int value)
{
	if (undo->count == SYSCTL_UNDO_MAX)
		return -ENOSPC;
	snprintf(undo->done[undo->count].name,
		 sizeof(undo->done[undo->count].name), "%s", name);
	undo->done[undo->count++].was = value;
	return 0;
}

int sysctl_set(struct sysctl_undo *undo, const char *name, int value)
{
	int was;
	int err = sysctl_get(name, &was);

	if (err || was == value)
		return err;
	err = remember(undo, name, was);
	if (err)
		return err;
	err = put(name, value);
	if (err) {
		undo->count--;
		return err;
	}
	log_info("%s was %d and is %d until the end", name, was, value);
	return 1;
}

/*
 * Prepare an interface for forwarding being switched on for all. What it has
 * by itself would be lost when that is switched off again. Following router
 * advertisements (IPv6), which it does only while not forwarding, goes on.
 */
static int prepare(struct sysctl_undo *undo, const char *family,
		   const char *interface)
{
	char name[SYSCTL_NAME_LEN];
	int value;

	snprintf(name, sizeof(name), "net/%s/conf/%.16s/forwarding", family,
		 interface);
	if (sysctl_get(name, &value))
		return 0; /* it has gone */
	if (value)
		return remember(undo, name, value);
	snprintf(name, sizeof(name), "net/%s/conf/%.16s/accept_ra", family,
		 interface);
	if (sysctl_get(name, &value) || value != 1 ||
	    !strcmp(interface, "default") || !strcmp(interface, "lo"))
		return 0;
	return sysctl_set(undo, name, 2);
}

static int prepare_interfaces(struct sysctl_undo *undo, const char *family,
			      const char *except)
{
	char path[PATH_LEN];
	const struct dirent *e;
	int err = 0;
	DIR *d;

	snprintf(path, sizeof(path), "/proc/sys/net/%s/conf", family);
	d = opendir(path);
	if (!d)
		return -errno;
	while (err >= 0 && (e = readdir(d)))
		if (e->d_name[0] != '.' && strcmp(e->d_name, "all") &&
		    strcmp(e->d_name, except))
			err = prepare(undo, family, e->d_name);
	closedir(d);
	return err;
}

/* @follows: a setting that the kernel changes along, or NULL */
static int forward(struct sysctl_undo *undo, const char *family,
		   const char *except, const char *follows)
{
	char name[SYSCTL_NAME_LEN];
	int value;
	int err;

	snprintf(name, sizeof(name), "net/%s/conf/all/forwarding", family);
	err = sysctl_get(name, &value);
	if (err || value)
		return err;
	err = prepare_interfaces(undo, family, except);
	if (err >= 0 && follows && !sysctl_get(follows, &value))
		err = remember(undo, follows, value);
	return err < 0 ? err : sysctl_set(undo, name, 1);
}

int sysctl_forwarding(struct sysctl_undo *undo, const char *except)
{
	const unsigned int before = undo->count;
	int err = forward(undo, "ipv6", except, NULL);

	if (err >= 0)
		err = forward(undo, "ipv4", except,
			      "net/ipv4/conf/all/accept_redirects");
	return err < 0 ? err : (int)(undo->count - before);
}

static void force_name(char name[SYSCTL_NAME_LEN], const char *interface)
{
	snprintf(name, SYSCTL_NAME_LEN, "net/ipv6/conf/%.16s/force_forwarding",
		 interface);
}

int sysctl_forward_host(struct sysctl_undo *undo, const char *device,
			const char *uplink)
{
	const unsigned int before = undo->count;
	char name[SYSCTL_NAME_LEN];
	int value;
	int err = sysctl_get("net/ipv6/conf/all/forwarding", &value);

	if (err || value)
		return err;
	force_name(name, device);
	if (sysctl_get(name, &value)) {
		err = forward(undo, "ipv6", device, NULL);
	} else {
		err = put(name, 1);
		force_name(name, uplink);
		err = err ? err : sysctl_set(undo, name, 1);
	}
	return err < 0 ? err : (int)(undo->count - before);
}

int sysctl_accept_local(const char *device)
{
	char name[SYSCTL_NAME_LEN];
	int filter;
	int err = sysctl_get("net/ipv4/conf/all/rp_filter", &filter);

	if (!err && filter)
		log_warn(
			"net.ipv4.conf.all.rp_filter is not 0: IPv6-only hosts "
			"will not reach this machine's own IPv4 address");
	snprintf(name, sizeof(name), "net/ipv4/conf/%.16s/rp_filter", device);
	err = put(name, 0);
	snprintf(name, sizeof(name), "net/ipv4/conf/%.16s/accept_local",
		 device);
	return err ? err : put(name, 1);
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
