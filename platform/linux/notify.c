/* SPDX-License-Identifier: MIT */
#include "notify.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "digits.h"

#define US 1000u

/* To the manager; -1: there is none. */
static int manager = -1;

/* When it wants to hear next that the loop turns, and how often, ns. */
static struct ev_timer watchdog;
static uint64_t pat_every;

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

static void pat(struct ev_loop *loop, struct ev_timer *t)
{
	notify_send("WATCHDOG=1");
	ev_timer_set(loop, t, loop->now + pat_every);
}

/* A number that is all of the variable; 0: there is none. */
static uint64_t number(const char *variable)
{
	const char *text = getenv(variable);
	const uint64_t n = text ? digits_take(&text, 10) : 0;

	return text && !*text ? n : 0;
}

void notify_watchdog(struct ev_loop *loop)
{
	const uint64_t usec = number("WATCHDOG_USEC");
	const uint64_t pid = number("WATCHDOG_PID");

	if (manager < 0 || !usec || usec > UINT64_MAX / US ||
	    (pid && pid != (uint64_t)getpid()))
		return;
	/* Twice as often as is asked for: a late one is not the end. */
	pat_every = usec * US / 2;
	watchdog.due = pat;
	pat(loop, &watchdog);
}
