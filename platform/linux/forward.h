/* SPDX-License-Identifier: MIT */
/*
 * forward.h - forwarding, which the translators of a network namespace share
 *
 * The first that needs it switches it on, and it is put back when the last of
 * them leaves, whoever that is. What it was is kept in a file below /run/xlat
 * that has the namespace's number in its name. Two locks in it end with the
 * process that holds them, however it ends: one is held by each translator for
 * as long as it lives, the other while the file is read and written. A file
 * that nobody holds is what runs have left that were killed with their
 * helpers. It is forgotten: namespaces' numbers are used again.
 *
 * Where no such file can be made, or it is another user's, each translator is on
 * its own.
 */
#ifndef XLAT_LINUX_FORWARD_H
#define XLAT_LINUX_FORWARD_H

#include "sysctl.h"

#define FORWARD_NOTES "/run/xlat/"

/**
 * struct forward - a translator's share
 * @fd:		the file; -1: there is none
 * @undo:	what was changed, by anybody
 */
struct forward {
	int fd;
	char path[48];
	struct sysctl_undo undo;
};

/* Take part; to be called as root. */
void forward_open(struct forward *f);

/**
 * forward_on() - let the machine forward
 * @device:	our device
 * @uplink:	NULL: as sysctl_forwarding(); else as sysctl_forward_host()
 *
 * Return: how many settings are to be put back by the last, or -errno
 */
XL_MUST_USE int forward_on(struct forward *f, const char *device,
			   const char *uplink);

/* Leave; the last one puts everything back. */
void forward_close(struct forward *f);

#endif
