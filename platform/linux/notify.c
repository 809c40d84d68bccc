/* SPDX-License-Identifier: MIT */
#include "notify.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* To the manager; -1: there is none. */
static int manager = -1;

void notify_open(void)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	const size_t before = offsetof(struct sockaddr_un, sun_path);
	size_t len;

	if (!path || (path[0] != '/' && path[0] != '@'))
		return;
	len = strlen(path);
	if (len >= sizeof(to.sun_path))
		return;
	memcpy(to.sun_path, path, len);
	if (path[0] == '@')
		to.sun_path[0] = '\0'; /* abstract */
	manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (manager < 0 ||
	    !connect(manager, (const void *)&to, (socklen_t)(before + len)))
		return;
	close(manager);
	manager = -1;
}

void notify_send(const char *state)
{
	/* Best effort: a manager that is gone must not stop us. */
	if (manager >= 0)
		(void)send(manager, state, strlen(state),
			   MSG_NOSIGNAL | MSG_DONTWAIT);
}
