/* SPDX-License-Identifier: MIT */
/*
 * sink.h - where records go: datagrams to a collector, or lines to the log
 *
 * Nothing here ever waits: what cannot be taken at once is refused with
 * -EAGAIN, and whoever has it tries again.
 */
#ifndef XLAT_LINUX_SINK_H
#define XLAT_LINUX_SINK_H

#include <sys/socket.h>
#include <netinet/in.h>
#include <sys/un.h>

#include "wire/ip.h"

/**
 * struct sink_address - a collector
 * @path:	of a UNIX datagram socket; "" if it is
 * @addr:	a host, IPv4 as ::ffff:0:0/96, and
 * @port:	its UDP port; 0 and no @path: nobody
 */
struct sink_address {
	char path[108];
	struct addr6 addr;
	uint16_t port;
};

XL_INLINE bool sink_address_given(const struct sink_address *a)
{
	return a->path[0] || a->port;
}

/**
 * struct sink - a way out
 * @fd:		its socket; -1: it is the log
 * @to:		whom to send to, if @to_len is not 0; else it is connected
 */
struct sink {
	int fd;
	socklen_t to_len;
	union {
		struct sockaddr_un path;
		struct sockaddr_in6 udp;
	} to;
};

/**
 * sink_open() - open a way to a collector
 *
 * Who listens at a path need not be there yet, and may come and go.
 *
 * Return: 0 or -errno
 */
XL_MUST_USE int sink_open(struct sink *s, const struct sink_address *to);

/**
 * sink_write() - send @len bytes: a datagram, or whole lines
 *
 * Return: how many were taken, all of a datagram; or -errno. Of UDP,
 *         -ECONNREFUSED tells that an earlier one found nobody
 */
XL_MUST_USE ssize_t sink_write(const struct sink *s, const void *bytes,
			       size_t len);

void sink_close(struct sink *s);

#endif
