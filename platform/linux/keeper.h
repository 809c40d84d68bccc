/* SPDX-License-Identifier: MIT */
/*
 * keeper.h - the process that writes a file again and again
 *
 * The packet engine may neither create files nor wait for a disk. A child
 * that may do nothing else gets the bytes through a socket, puts them into
 * "FILE.new", and when all are there has them written through to the disk and
 * renames that to FILE: whoever reads FILE finds a whole one, old or new. It
 * has no privileges; the directory, which it needs to write to, is opened
 * before they go.
 */
#ifndef XLAT_LINUX_KEEPER_H
#define XLAT_LINUX_KEEPER_H

#include <sys/types.h>

#include "ev.h"
#include "sandbox.h"

#define KEEPER_CHUNK 16000u /* bytes at a time */

/**
 * struct keeper - the engine's side
 * @ev:		its socket: readable when a file is done, or the child gone
 */
struct keeper {
	struct ev ev; /* first member */
	pid_t pid;
};

/**
 * keeper_start() - fork the child
 * @path:	full path of the file; its directory is made if it is missing
 * @user:	whom it becomes, and who gets the directory if it is made
 * @job:	SECCOMP_KEEPER or SECCOMP_OFF
 *
 * To be called while the process still has its privileges, and has one thread.
 *
 * Return: 0, or -errno: such a file cannot be written
 */
XL_MUST_USE int keeper_start(struct keeper *k, const char *path,
			     struct sandbox_user user, enum seccomp_job job);

/**
 * keeper_put() - bytes of the file
 * @len:	KEEPER_CHUNK at most, but not 1
 * @wait:	until there is room for them
 *
 * Return: 0; -EAGAIN: not now; another -errno: the child is gone
 */
XL_MUST_USE int keeper_put(const struct keeper *k, const void *bytes,
			   size_t len, bool wait);

/* keeper_begin() - what was put so far is void; keeper_end() - it is all. */
XL_MUST_USE int keeper_begin(const struct keeper *k, bool wait);
XL_MUST_USE int keeper_end(const struct keeper *k, bool wait);

/**
 * keeper_result() - what came of a file that was ended
 * @wait:	until that is known
 *
 * Return: 0: it is on the disk; -EAGAIN: not known yet; -EPIPE: the child is
 *         gone; another -errno: it could not be written
 */
XL_MUST_USE int keeper_result(const struct keeper *k, bool wait);

/* keeper_stop() - the child leaves; what was not ended is removed. */
void keeper_stop(struct keeper *k);

#endif
