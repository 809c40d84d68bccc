/* SPDX-License-Identifier: MIT */
#include "view.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/landlock.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Resolvers' files come and go below /run while a machine boots. */
const struct view_path view_network[] = {
	{ "/run/", VIEW_READ },
	{ "/etc/resolv.conf", VIEW_READ },
	{ "/proc/sys/net/", VIEW_READ },
	{ NULL, 0 },
};

/* Newer than the headers of some builds; the values are the kernel's ABI. */
#define ACCESS_FS_TRUNCATE  (1ull << 14)
#define ACCESS_FS_IOCTL_DEV (1ull << 15)

/* The first field of struct landlock_ruleset_attr, which grows. */
struct handled {
	uint64_t fs;
};

static int version(void)
{
	return (int)syscall(__NR_landlock_create_ruleset, NULL, 0,
			    LANDLOCK_CREATE_RULESET_VERSION);
}

bool view_possible(void)
{
	return version() > 0;
}

/* All that this kernel can forbid. */
static uint64_t all_rights(void)
{
	const int abi = version();
	uint64_t all = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1;

	if (abi >= 2)
		all |= LANDLOCK_ACCESS_FS_REFER;
	if (abi >= 3)
		all |= ACCESS_FS_TRUNCATE;
	if (abi >= 5)
		all |= ACCESS_FS_IOCTL_DEV;
	return all;
}

static uint64_t bits(enum view_right right)
{
	switch (right) {
	case VIEW_READ: /* that a directory is one is said when it is read */
		return LANDLOCK_ACCESS_FS_READ_FILE |
		       LANDLOCK_ACCESS_FS_READ_DIR;
	case VIEW_SETTINGS:
		return LANDLOCK_ACCESS_FS_READ_FILE |
		       LANDLOCK_ACCESS_FS_READ_DIR |
		       LANDLOCK_ACCESS_FS_WRITE_FILE;
	case VIEW_REMOVE:
		return LANDLOCK_ACCESS_FS_REMOVE_FILE;
	case VIEW_REPLACE:
		return LANDLOCK_ACCESS_FS_WRITE_FILE |
		       LANDLOCK_ACCESS_FS_MAKE_REG |
		       LANDLOCK_ACCESS_FS_REMOVE_FILE | ACCESS_FS_TRUNCATE;
	}
	return 0;
}

/* The directory that a path lies in; its own if '/' is its end. */
static int add_directory(int view, const char *path, uint64_t rights)
{
	const char *slash = strrchr(path, '/');
	struct landlock_path_beneath_attr beneath = { .allowed_access =
							      rights };
	char dir[PATH_MAX];
	int err = 0;

	snprintf(dir, sizeof(dir), "%.*s", slash ? (int)(slash - path) + 1 : 1,
		 slash ? path : ".");
	beneath.parent_fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (beneath.parent_fd < 0)
		return errno == ENOENT || errno == EACCES ? 0 : -errno;
	if (syscall(__NR_landlock_add_rule, view, LANDLOCK_RULE_PATH_BENEATH,
		    &beneath, 0))
		err = -errno;
	close(beneath.parent_fd);
	return err;
}

/* Where symbolic links lead to in the end; false: nowhere. */
static bool follow(const char *path, char end[PATH_MAX])
{
	const int fd = open(path, O_PATH | O_CLOEXEC);
	char name[32];
	ssize_t n;

	if (fd < 0)
		return false;
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	n = readlink(name, end, PATH_MAX - 1);
	close(fd);
	end[n < 0 ? 0 : n] = '\0';
	return n > 0;
}

static int add_path(int view, const struct view_path *p, uint64_t all)
{
	const uint64_t rights = bits(p->right) & all;
	char end[PATH_MAX];
	int err = add_directory(view, p->path, rights);

	if (!err && p->path[strlen(p->path) - 1] != '/' && follow(p->path, end))
		err = add_directory(view, end, rights);
	return err;
}

int view_prepare(const struct view_path *paths)
{
	const struct handled all = { .fs = all_rights() };
	const int view = (int)syscall(__NR_landlock_create_ruleset, &all,
				      sizeof(all), 0);
	int err = 0;

	if (view < 0)
		return -errno;
	for (; paths && paths->path && !err; paths++)
		err = add_path(view, paths, all.fs);
	if (!err)
		return view;
	close(view);
	return err;
}

int view_enter(int view)
{
	const int err =
		syscall(__NR_landlock_restrict_self, view, 0) ? -errno : 0;

	close(view);
	return err;
}
