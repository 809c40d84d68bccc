/* SPDX-License-Identifier: MIT */
/*
 * Debian 13's libmnl.a for 32-bit ARM is compiled for glibc with 64-bit times,
 * where these calls have other names. musl's take 64-bit times anyway.
 */
#include <sys/socket.h>

ssize_t __recvmsg64(int fd, struct msghdr *msg, int flags);
int __setsockopt64(int fd, int level, int name, const void *value,
		   socklen_t len);
int __getsockopt64(int fd, int level, int name, void *value, socklen_t *len);

ssize_t __recvmsg64(int fd, struct msghdr *msg, int flags)
{
	return recvmsg(fd, msg, flags);
}

int __setsockopt64(int fd, int level, int name, const void *value,
		   socklen_t len)
{
	return setsockopt(fd, level, name, value, len);
}

int __getsockopt64(int fd, int level, int name, void *value, socklen_t *len)
{
	return getsockopt(fd, level, name, value, len);
}
