/* SPDX-License-Identifier: MIT */
#include "sandbox.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "log.h"

#define NOBODY 65534

bool sandbox_find_user(const char *name, struct sandbox_user *out)
{
	FILE *f = fopen("/etc/passwd", "re");
	const struct passwd *pw = NULL;

	*out = (struct sandbox_user){ NOBODY, NOBODY };
	while (f && (pw = fgetpwent(f)) && strcmp(pw->pw_name, name))
		;
	if (pw)
		*out = (struct sandbox_user){ pw->pw_uid, pw->pw_gid };
	if (f)
		fclose(f);
	return pw || strcmp(name, "nobody") == 0;
}

/* No program started from here can ever have a capability again. */
static int empty_bounding_set(void)
{
	for (cap_value_t c = 0; c <= CAP_LAST_CAP; c++)
		if (prctl(PR_CAPBSET_READ, c) == 1 &&
		    prctl(PR_CAPBSET_DROP, c) < 0)
			return -errno;
	return 0;
}

static int become(struct sandbox_user user)
{
	if (setgroups(0, NULL) < 0 || setresgid(user.gid, user.gid, user.gid))
		return -errno;
	return setresuid(user.uid, user.uid, user.uid) ? -errno : 0;
}

static int set_capabilities(enum sandbox_keep keep)
{
	const cap_value_t admin = CAP_NET_ADMIN;
	cap_t caps = cap_init(); /* starts with none */
	int err = 0;

	if (!caps)
		return -ENOMEM;
	if (keep == SANDBOX_KEEP_NET_ADMIN &&
	    (cap_set_flag(caps, CAP_PERMITTED, 1, &admin, CAP_SET) ||
	     cap_set_flag(caps, CAP_EFFECTIVE, 1, &admin, CAP_SET)))
		err = -errno;
	if (!err && cap_set_proc(caps))
		err = -errno;
	cap_free(caps);
	return err;
}

static int lock(void)
{
	const struct rlimit none = { 0, 0 };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0))
		return -errno;
	return setrlimit(RLIMIT_CORE, &none) ? -errno : 0;
}

/* Root alone may change the bounding set and become somebody else. */
static int leave_root(struct sandbox_user user)
{
	int err = empty_bounding_set();

	if (!err && prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0))
		err = -errno;
	return err ? err : become(user);
}

/* Also where we were started without root: a service manager may have given
 * capabilities to an ordinary user's process. */
static int leave_authority(const struct sandbox *s)
{
	int err = geteuid() == 0 ? leave_root(s->user) : 0;

	if (!err)
		err = set_capabilities(s->keep);
	return err ? err : lock();
}

int sandbox_enter(const struct sandbox *s)
{
	const bool views = s->job != SECCOMP_OFF && view_possible();
	int view = -1;
	int err;

	if (views)
		view = view_prepare(s->files);
	if (views && view < 0)
		return view;
	err = leave_authority(s);
	if (!err && views)
		err = view_enter(view);
	return err ? err : seccomp_enter(s->job);
}

static bool is_among(int fd, const int *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (fd == list[i])
			return true;
	return false;
}

void sandbox_leave_parent(const char *name, const int *keep, size_t count)
{
	static const int ignored[] = { SIGTERM, SIGINT, SIGHUP, SIGQUIT,
				       SIGPIPE };
	const int log = log_descriptor();

	for (unsigned int i = 0; i < XL_COUNT(ignored); i++)
		signal(ignored[i], SIG_IGN);
	for (int fd = 3; fd < 64; fd++)
		if (fd != log && !is_among(fd, keep, count))
			close(fd);
	prctl(PR_SET_NAME, name, 0, 0, 0);
}
