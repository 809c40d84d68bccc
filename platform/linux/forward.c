/* SPDX-License-Identifier: MIT */
#include "forward.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* Bytes of the file that stand for locks; it need not be so long. */
enum { CHANGING, TAKING_PART };

static bool lock(const struct forward *f, short type, off_t byte, bool wait)
{
	struct flock l = { .l_type = type,
			   .l_whence = SEEK_SET,
			   .l_start = byte,
			   .l_len = 1 };
	int err;

	do
		err = fcntl(f->fd, wait ? F_OFD_SETLKW : F_OFD_SETLK, &l);
	while (err && errno == EINTR);
	return !err;
}

/* The folder may be the daemon's user's, who could put a file there that says
 * what to write into settings, or hold its locks for ever. */
static bool is_ours(const struct forward *f)
{
	struct stat st;

	return !fstat(f->fd, &st) && st.st_uid == geteuid();
}

/* The last one before us may have removed the file that we have opened. */
static bool is_removed(const struct forward *f)
{
	struct stat st;

	return fstat(f->fd, &st) || st.st_nlink == 0;
}

static bool open_locked(struct forward *f)
{
	for (;;) {
		f->fd = open(f->path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC,
			     0600);
		if (f->fd < 0)
			return false;
		if (!is_ours(f) || !lock(f, F_WRLCK, CHANGING, true))
			break;
		if (!is_removed(f))
			return true;
		close(f->fd);
	}
	close(f->fd);
	f->fd = -1;
	return false;
}

void forward_open(struct forward *f)
{
	struct stat ns;

	f->fd = -1;
	f->undo.count = 0;
	if (stat("/proc/self/ns/net", &ns))
		return;
	snprintf(f->path, sizeof(f->path), FORWARD_NOTES "forwarding-%ju",
		 (uintmax_t)ns.st_ino);
	if (!open_locked(f))
		return;
	if (lock(f, F_WRLCK, TAKING_PART, false))
		(void)!ftruncate(f->fd, 0);
	(void)lock(f, F_RDLCK, TAKING_PART, false);
	(void)lock(f, F_UNLCK, CHANGING, false);
}

/* What is in the file, if it is whole, is what there is to put back. */
static void load(struct forward *f)
{
	if (pread(f->fd, &f->undo, sizeof(f->undo), 0) != sizeof(f->undo) ||
	    f->undo.count > SYSCTL_UNDO_MAX)
		f->undo.count = 0;
}

static int change(struct forward *f, const char *device, const char *uplink)
{
	return uplink ? sysctl_forward_host(&f->undo, device, uplink)
		      : sysctl_forwarding(&f->undo, device);
}

int forward_on(struct forward *f, const char *device, const char *uplink)
{
	int n;

	if (f->fd < 0)
		return change(f, device, uplink);
	if (!lock(f, F_WRLCK, CHANGING, true))
		return -errno;
	load(f);
	n = change(f, device, uplink);
	if (f->undo.count &&
	    pwrite(f->fd, &f->undo, sizeof(f->undo), 0) != sizeof(f->undo))
		n = n < 0 ? n : -EIO;
	(void)lock(f, F_UNLCK, CHANGING, false);
	return n < 0 ? n : (int)f->undo.count;
}

void forward_close(struct forward *f)
{
	if (f->fd < 0) {
		sysctl_undo(&f->undo);
		return;
	}
	(void)lock(f, F_WRLCK, CHANGING, true);
	if (lock(f, F_WRLCK, TAKING_PART, false)) {
		load(f);
		sysctl_undo(&f->undo);
		/* In a folder of root's it stays, and says nothing. */
		if (ftruncate(f->fd, 0) == 0)
			unlink(f->path);
	}
	close(f->fd);
}
