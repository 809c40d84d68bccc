/* SPDX-License-Identifier: MIT */
/*
 * control.c - fuzz the control socket
 *
 * The input is what a client sends before it closes its side. The answer is
 * nothing, "ok" and a report, or "error" and one line; and it ends.
 */
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "fuzz.h"
#include "control.h"
#include "parse.h"

#define ROWS 40u

struct asked {
	struct net6 net;
	uint32_t number;
};

struct client {
	struct ev ev; /* first member */
	char answer[65536];
	size_t len;
};

static const char *parse_net(void *field, const char *text)
{
	return parse_net6(text, field);
}

static const char *parse_small(void *field, const char *text)
{
	return parse_u32(field, text, 1, 99, "a number from 1 to 99");
}

static const struct ctlarg args[] = {
	CTLARG(struct asked, net, "net", "CIDR", parse_net, true),
	CTLARG(struct asked, number, "number", "N", parse_small, false),
	CTLARG_END,
};

static void check_asked(const struct report *r)
{
	const struct asked *a = r->asked;

	CHECK(a->number <= 99 && a->net.len <= 128);
	CHECK(addr6_equal(a->net.addr, addr6_mask(a->net.addr, a->net.len)));
}

static void show(const void *ctx, struct report *r)
{
	(void)ctx;
	report_number(r, "rows", 0, ROWS);
}

static bool next(const void *ctx, uint32_t *cursor, struct report *r)
{
	(void)ctx;
	check_asked(r);
	if (*cursor == ROWS)
		return false;
	report_record(r);
	report_number(r, "row", 0, ++*cursor);
	report_record_end(r);
	return true;
}

static const char *act(void *ctx, struct report *r)
{
	(void)ctx;
	check_asked(r);
	report_number(r, "done", 0, 1);
	return NULL;
}

static const struct control_command commands[] = {
	{ .name = "status", .show = show },
	{ .name = "rows", .next = next, .args = args },
	{ .name = NULL },
};
static const struct control_command common[] = {
	{ .name = "health", .show = show },
	{ .name = NULL },
};
static const struct control_action actions[] = {
	{ .name = "act", .run = act, .args = args },
	{ .name = NULL },
};

static struct control control = { .commands = commands,
				  .common = common,
				  .actions = actions };
static struct ev_loop loop;
static char folder[64];
static struct sockaddr_un to = { .sun_family = AF_UNIX };

static void clean_up(void)
{
	(void)unlink(to.sun_path);
	(void)rmdir(folder);
}

static void open_once(void)
{
	const char *tmp = getenv("TMPDIR");
	const struct sandbox_user user = { geteuid(), getegid() };

	if (folder[0])
		return;
	snprintf(folder, sizeof(folder), "%.40s/xlat-XXXXXX",
		 tmp ? tmp : "/tmp");
	CHECK(mkdtemp(folder));
	atexit(clean_up);
	snprintf(to.sun_path, sizeof(to.sun_path), "%s/sock", folder);
	CHECK(!ev_init(&loop));
	CHECK(!control_open(&control, &loop, to.sun_path, user));
}

static void answered(struct ev_loop *l, struct ev *ev, uint32_t events)
{
	struct client *c = (struct client *)(void *)ev;
	const ssize_t n = recv(ev->fd, c->answer + c->len,
			       sizeof(c->answer) - 1 - c->len, 0);

	(void)events;
	if (n > 0)
		c->len += (size_t)n;
	else
		l->stop = true;
}

static void check_answer(const struct client *c)
{
	if (c->len == 0 || memcmp(c->answer, "ok\n", 3) == 0)
		return;
	CHECK(memcmp(c->answer, "error ", 6) == 0);
	CHECK(strlen(c->answer) == c->len);
	CHECK(strchr(c->answer, '\n') == c->answer + c->len - 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct client c;

	open_once();
	memset(&c, 0, sizeof(c));
	c.ev.ready = answered;
	c.ev.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	CHECK(c.ev.fd >= 0);
	CHECK(!connect(c.ev.fd, (const void *)&to, sizeof(to)));
	if (send(c.ev.fd, data, size, MSG_NOSIGNAL) == (ssize_t)size)
		(void)shutdown(c.ev.fd, SHUT_WR);
	CHECK(!ev_add(&loop, &c.ev, EPOLLIN));
	loop.stop = false;
	CHECK(!ev_run(&loop));
	ev_del(&loop, &c.ev);
	close(c.ev.fd);
	check_answer(&c);
	return 0;
}
