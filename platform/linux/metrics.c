/* SPDX-License-Identifier: MIT */
#include "metrics.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define REQUEST_MAX 4096u
#define QUEUE       16

#define HEAD(status, type)                                                     \
	"HTTP/1.0 " status "\r\nContent-Type: " type                           \
	"\r\nConnection: close\r\n\r\n"
#define REFUSAL(status, text) HEAD(status, "text/plain") text "\n"

/* The first line of the request decides. */
static void answer(struct serve_client *c)
{
	char *word = c->buf;
	const size_t method = strcspn(word, " \r\n");
	char *path = word + method + (word[method] == ' ');
	const size_t len = strcspn(path, " ?\r\n");

	if (word[method] != ' ' || path[0] != '/')
		serve_say(c, true,
			  REFUSAL("400 Bad Request", "expected GET /metrics"));
	else if (method != 3 || strncmp(word, "GET", 3))
		serve_say(c, true,
			  REFUSAL("405 Method Not Allowed", "expected GET"));
	else if (len != 8 || strncmp(path, "/metrics", 8))
		serve_say(c, true, REFUSAL("404 Not Found", "see /metrics"));
	else
		serve_say(c, false,
			  HEAD("200 OK",
			       "text/plain; version=0.0.4; charset=utf-8"));
}

/* A request ends with an empty line. */
static bool is_whole(const char *buf, size_t len)
{
	size_t line = 1; /* so far, without CR */

	for (size_t i = 0; i < len; i++) {
		if (buf[i] != '\n')
			line += buf[i] != '\r';
		else if (line == 0)
			return true;
		else
			line = 0;
	}
	return false;
}

static void read_question(struct serve_client *c)
{
	if (is_whole(c->buf, c->len))
		answer(c);
	else if (c->len == REQUEST_MAX)
		serve_say(c, true,
			  REFUSAL("431 Request Header Fields Too Large",
				  "expected less than 4096 bytes"));
}

/* Write the next part of the page. */
static enum serve_more more(struct serve_client *c)
{
	const struct metrics *m = (const void *)c->owner;

	c->report.prometheus = true;
	return m->next(m->ctx, &c->cursor, &c->report) ? SERVE_MORE : SERVE_END;
}

static const struct serve_kind kind = {
	.places = METRICS_CLIENTS,
	.evicts = true,
	.request_max = REQUEST_MAX,
	.read = read_question,
	.more = more,
};

static int start_listening(int fd, struct metrics_address at)
{
	struct sockaddr_in6 a = { .sin6_family = AF_INET6,
				  .sin6_port = htons(at.port) };
	const int v4 = at.addr.hi == 0 && at.addr.lo >> 32 == 0xffff;
	const int v6only = !v4;
	const int on = 1;

	addr6_store(a.sin6_addr.s6_addr, at.addr);
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) ||
	    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &v6only,
		       sizeof(v6only)) ||
	    bind(fd, (const void *)&a, sizeof(a)) || listen(fd, QUEUE))
		return -errno;
	return 0;
}

int metrics_open(struct metrics *m, struct ev_loop *loop,
		 struct metrics_address at)
{
	const int fd =
		socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int err;

	if (fd < 0)
		return -errno;
	err = start_listening(fd, at);
	if (err) {
		close(fd);
		return err;
	}
	return serve_open(&m->serve, loop, &kind, fd);
}

void metrics_close(struct metrics *m, struct ev_loop *loop)
{
	serve_close(&m->serve, loop);
}
