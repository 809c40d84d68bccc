/* SPDX-License-Identifier: MIT */
#include "keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dirs.h"

#define PATIENCE 60 /* seconds for a disk at the end */

/* Messages of one byte; all others are bytes of the file. */
#define BEGIN    'B'
#define END      'E'

/**
 * struct job - what the child is at
 * @dir:	directory of the file
 * @file:	"@name.new"; -1: not open
 * @err:	what went wrong with it
 */
struct job {
	int dir;
	int file;
	int err;
	char name[NAME_MAX - 3];
	char fresh[NAME_MAX + 1];
};

static void begin(struct job *j)
{
	if (j->file >= 0)
		close(j->file);
	j->file = openat(j->dir, j->fresh,
			 O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
			 0600);
	j->err = j->file < 0 ? -errno : 0;
}

static void put(struct job *j, const char *bytes, size_t len)
{
	while (len && !j->err) {
		const ssize_t n = write(j->file, bytes, len);

		if (n > 0) {
			bytes += n;
			len -= (size_t)n;
		} else if (n == 0 || errno != EINTR) {
			j->err = n ? -errno : -EIO;
		}
	}
}

static void give_up(struct job *j)
{
	if (j->file >= 0)
		close(j->file);
	j->file = -1;
	(void)unlinkat(j->dir, j->fresh, 0);
}

static int end(struct job *j)
{
	int err = j->err;

	if (!err && fsync(j->file))
		err = -errno;
	if (!err && renameat(j->dir, j->fresh, j->dir, j->name))
		err = -errno;
	if (!err && fsync(j->dir))
		err = -errno;
	give_up(j);
	return err;
}

/*
 * The child itself. It may: write the one file. It leaves when the engine has
 * left; signals to the process group are not for it.
 */
static void serve(int fd, struct job *j)
{
	char buf[KEEPER_CHUNK];
	ssize_t n;

	while ((n = recv(fd, buf, sizeof(buf), 0)) > 0) {
		int err;

		if (n > 1) {
			put(j, buf, (size_t)n);
			continue;
		}
		if (buf[0] == BEGIN) {
			begin(j);
			continue;
		}
		err = end(j);
		if (send(fd, &err, sizeof(err), MSG_NOSIGNAL) < 0)
			break;
	}
	give_up(j);
}

static int open_job(struct job *j, const char *path, struct sandbox_user user,
		    enum seccomp_job job)
{
	const struct view_path files[] = { { path, VIEW_REPLACE },
					   { NULL, 0 } };
	const struct sandbox box = { .user = user, .job = job, .files = files };
	char copy[PATH_MAX];
	int err;

	snprintf(copy, sizeof(copy), "%s", path);
	j->dir = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (j->dir < 0)
		return -errno;
	err = sandbox_enter(&box);
	if (err)
		return err;
	/* Whether it can be written is better known now than at the end. */
	begin(j);
	err = j->err;
	give_up(j);
	return err;
}

static void run(int fd, struct job *j, const char *path,
		struct sandbox_user user, enum seccomp_job job)
	__attribute__((noreturn));

static void run(int fd, struct job *j, const char *path,
		struct sandbox_user user, enum seccomp_job job)
{
	int err;

	sandbox_leave_parent("xlat-keeper", &fd, 1);
	err = open_job(j, path, user, job);
	if (send(fd, &err, sizeof(err), MSG_NOSIGNAL) > 0 && !err)
		serve(fd, j);
	_exit(err ? 1 : 0);
}

/* Return: false if it is too long. */
static bool name_files(struct job *j, const char *path)
{
	const char *name = strrchr(path, '/') + 1;

	if (strlen(path) >= PATH_MAX || strlen(name) >= sizeof(j->name))
		return false;
	snprintf(j->name, sizeof(j->name), "%s", name);
	snprintf(j->fresh, sizeof(j->fresh), "%s.new", j->name);
	return true;
}

static int start(struct keeper *k, struct job *j, const char *path,
		 struct sandbox_user user, enum seccomp_job job)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	k->pid = fork();
	if (k->pid == 0)
		run(pair[1], j, path, user, job);
	close(pair[1]);
	k->ev.fd = pair[0];
	return k->pid < 0 ? -errno : keeper_result(k, true);
}

int keeper_start(struct keeper *k, const char *path, struct sandbox_user user,
		 enum seccomp_job job)
{
	const struct timeval limit = { .tv_sec = PATIENCE };
	struct job j = { .file = -1 };
	int err;

	k->ev.fd = -1;
	if (!name_files(&j, path))
		return -ENAMETOOLONG;
	err = dirs_make(path, user);
	if (!err)
		err = start(k, &j, path, user, job);
	if (!err && (setsockopt(k->ev.fd, SOL_SOCKET, SO_RCVTIMEO, &limit,
				sizeof(limit)) ||
		     setsockopt(k->ev.fd, SOL_SOCKET, SO_SNDTIMEO, &limit,
				sizeof(limit))))
		err = -errno;
	if (err)
		keeper_stop(k);
	return err;
}

int keeper_put(const struct keeper *k, const void *bytes, size_t len, bool wait)
{
	const int flags = MSG_NOSIGNAL | (wait ? 0 : MSG_DONTWAIT);

	return send(k->ev.fd, bytes, len, flags) < 0 ? -errno : 0;
}

int keeper_begin(const struct keeper *k, bool wait)
{
	const char message = BEGIN;

	return keeper_put(k, &message, 1, wait);
}

int keeper_end(const struct keeper *k, bool wait)
{
	const char message = END;

	return keeper_put(k, &message, 1, wait);
}

int keeper_result(const struct keeper *k, bool wait)
{
	int err;
	const ssize_t n =
		recv(k->ev.fd, &err, sizeof(err), wait ? 0 : MSG_DONTWAIT);

	if (n < 0)
		return -errno;
	return n == (ssize_t)sizeof(err) ? err : -EPIPE;
}

void keeper_stop(struct keeper *k)
{
	if (k->ev.fd < 0)
		return;
	close(k->ev.fd);
	k->ev.fd = -1;
	while (waitpid(k->pid, NULL, 0) < 0 && errno == EINTR)
		continue;
}
