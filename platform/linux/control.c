/* SPDX-License-Identifier: MIT */
#include "control.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "dirs.h"
#include "log.h"

#define REQUEST_MAX   512u
#define CONTROL_QUEUE 64
#define ROWS_AT_ONCE  512u /* looked at, before packets get a turn */
#define PATIENCE      (10 * 1000000000ull) /* for a client that does nothing */

/* Have those who wait in the kernel's queue accepted, or let them wait. */
static void accept_more(struct control *c, struct ev_loop *loop, bool more)
{
	if (ev_mod(loop, &c->ev, more ? EPOLLIN : 0))
		log_error("control socket %s: cannot be watched", c->path);
}

static void client_close(struct control_client *c, struct ev_loop *loop)
{
	if (c->ev.fd < 0)
		return;
	ev_del(loop, &c->ev);
	ev_timer_set(loop, &c->patience, UINT64_MAX);
	close(c->ev.fd);
	c->ev.fd = -1;
	accept_more(c->owner, loop, true);
}

static void client_impatient(struct ev_loop *loop, struct ev_timer *t)
{
	struct control_client *c =
		(void *)((char *)t - offsetof(struct control_client, patience));

	client_close(c, loop);
}

/* Write a record. Return: false if it was the last, or there are no more. */
static bool write_record(struct control_client *c)
{
	const struct control_command *k = c->command;

	if (k->next)
		return k->next(c->owner->ctx, &c->cursor, &c->report);
	report_record(&c->report);
	k->show(c->owner->ctx, &c->report);
	report_record_end(&c->report);
	return false;
}

/* Make more of the answer, if the last part has been taken. */
static void produce(struct control_client *c)
{
	struct report *r = &c->report;

	if (c->ended || c->start < c->len)
		return;
	c->start = 0;
	r->len = 0;
	for (unsigned int rows = 0; !c->ended && rows < ROWS_AT_ONCE &&
				    r->size - r->len > REPORT_RECORD_MAX;
	     rows++) {
		c->ended = !write_record(c);
		if (c->ended)
			report_end(r);
	}
	c->len = r->len;
}

static void client_write(struct ev_loop *loop, struct control_client *c)
{
	ssize_t n;

	produce(c);
	n = send(c->ev.fd, c->buf + c->start, c->len - c->start, MSG_NOSIGNAL);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0) {
		client_close(c, loop);
		return;
	}
	c->start += (uint32_t)n;
	ev_timer_set(loop, &c->patience, loop->now + PATIENCE);
	if (c->ended && c->start == c->len)
		client_close(c, loop);
}

/* The answer is "error ..." and nothing else. */
static void refuse(struct control_client *c, const char *why)
{
	c->len = (uint32_t)snprintf(c->buf, sizeof(c->buf), "error %.1000s\n",
				    why);
	c->ended = true;
}

static void add_word(char *text, size_t size, const char *word)
{
	const size_t n = strlen(text);

	snprintf(text + n, size - n, " %s", word);
}

/* Name the words that would have been understood. */
static void refuse_word(struct control_client *c)
{
	const struct control *o = c->owner;
	char why[512] = "expected";

	for (const struct control_command *k = o->commands; k->name; k++)
		add_word(why, sizeof(why), k->name);
	for (const struct control_command *k = o->common; k->name; k++)
		add_word(why, sizeof(why), k->name);
	for (const struct control_action *a = o->actions; a->name; a++)
		add_word(why, sizeof(why), a->name);
	refuse(c, why);
}

static const struct control_command *
find_command(const struct control_command *k, const char *name)
{
	for (; k->name; k++)
		if (strcmp(k->name, name) == 0)
			return k;
	return NULL;
}

static const struct control_action *find_action(const struct control *c,
						const char *name)
{
	for (const struct control_action *a = c->actions; a->name; a++)
		if (strcmp(a->name, name) == 0)
			return a;
	return NULL;
}

static void begin(struct control_client *c, bool json, bool table)
{
	struct report *r = &c->report;

	*r = (struct report){ .json = json,
			      .table = table,
			      .asked = c->asked,
			      .buf = c->buf,
			      .size = sizeof(c->buf) };
	r->len = (uint32_t)snprintf(c->buf, sizeof(c->buf), "ok\n");
	report_begin(r);
}

/* What is told is done at once. */
static void act(struct control_client *c, const struct control_action *a,
		bool json)
{
	const char *error;

	begin(c, json, false);
	report_record(&c->report);
	error = a->run(c->owner->ctx, &c->report);
	report_record_end(&c->report);
	report_end(&c->report);
	c->len = c->report.len;
	c->ended = true;
	if (error)
		refuse(c, error);
}

/* Is it @line's last word? Then it is cut off. */
static bool take_last(char *line, const char *word)
{
	char *last = strrchr(line, ' ');

	if (!last || strcmp(last + 1, word))
		return false;
	*last = '\0';
	return true;
}

static void answer(struct control_client *c, char *line)
{
	const bool json = take_last(line, "--json");
	char *words = line;
	const char *name = strsep(&words, " ");
	const struct control_action *action = find_action(c->owner, name);
	const struct control_command *k =
		find_command(c->owner->commands, name);
	char why[512];

	c->start = 0;
	if (!k && !json)
		k = find_command(c->owner->common, name);
	if (!k && !action) {
		refuse_word(c);
	} else if (!ctlarg_read(action ? action->args : k->args, words,
				c->asked, why, sizeof(why))) {
		refuse(c, why);
	} else if (action) {
		act(c, action, json);
	} else {
		c->command = k;
		begin(c, json, k->next != NULL);
		c->len = c->report.len;
	}
}

static void client_read(struct ev_loop *loop, struct control_client *c)
{
	ssize_t n = recv(c->ev.fd, c->buf + c->len, REQUEST_MAX - c->len, 0);
	char line[REQUEST_MAX];
	char *end;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		client_close(c, loop);
		return;
	}
	c->len += (uint32_t)n;
	end = memchr(c->buf, '\n', c->len);
	if (!end && c->len < REQUEST_MAX)
		return;
	if (!end)
		end = c->buf + REQUEST_MAX - 1;
	*end = '\0';
	memcpy(line, c->buf, sizeof(line));
	answer(c, line);
	if (ev_mod(loop, &c->ev, EPOLLOUT))
		client_close(c, loop);
}

static void client_ready(struct ev_loop *loop, struct ev *ev, uint32_t events)
{
	struct control_client *c = (struct control_client *)(void *)ev;

	if (events & EPOLLOUT)
		client_write(loop, c);
	else
		client_read(loop, c);
}

static struct control_client *free_slot(struct control *c)
{
	for (unsigned int i = 0; i < CONTROL_CLIENTS; i++)
		if (c->clients[i].ev.fd < 0)
			return &c->clients[i];
	return NULL;
}

static void listener_ready(struct ev_loop *loop, struct ev *ev, uint32_t events)
{
	struct control *c = (struct control *)(void *)ev;
	struct control_client *client = free_slot(c);
	int fd;

	(void)events;
	if (!client) {
		accept_more(c, loop, false);
		return;
	}
	fd = accept4(ev->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0)
		return;
	client->owner = c;
	client->ev = (struct ev){ .fd = fd, .ready = client_ready };
	client->command = NULL;
	client->cursor = client->start = client->len = 0;
	client->ended = false;
	client->patience.due = client_impatient;
	if (ev_add(loop, &client->ev, EPOLLIN)) {
		close(fd);
		client->ev.fd = -1;
		return;
	}
	ev_timer_set(loop, &client->patience, loop->now + PATIENCE);
}

/* Does anybody answer at @to? What is left of an earlier run is removed. */
static int clear_leftover(const struct sockaddr_un *to)
{
	const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct stat st;
	int err = 0;

	if (fd < 0)
		return -errno;
	if (lstat(to->sun_path, &st) == 0) {
		if (!S_ISSOCK(st.st_mode))
			err = -EEXIST;
		else if (!connect(fd, (const void *)to, sizeof(*to)))
			err = -EADDRINUSE;
		else if (unlink(to->sun_path) < 0)
			err = -errno;
	}
	close(fd);
	return err;
}

static int bind_socket(struct control *c, const struct sockaddr_un *to,
		       struct sandbox_user user)
{
	const mode_t mask = umask(0177);
	int err = 0;

	if (bind(c->ev.fd, (const void *)to, sizeof(*to)) < 0)
		err = -errno;
	umask(mask);
	if (!err && geteuid() == 0 && chown(to->sun_path, user.uid, user.gid))
		err = -errno;
	if (!err && listen(c->ev.fd, CONTROL_QUEUE) < 0)
		err = -errno;
	return err;
}

static int take_clients(struct control *c)
{
	const size_t size = CONTROL_CLIENTS * sizeof(*c->clients);
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return -errno;
	c->clients = p;
	for (unsigned int i = 0; i < CONTROL_CLIENTS; i++)
		c->clients[i].ev.fd = -1;
	return 0;
}

int control_open(struct control *c, struct ev_loop *loop, const char *path,
		 struct sandbox_user user)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int err;

	if (strlen(path) >= sizeof(to.sun_path))
		return -ENAMETOOLONG;
	memcpy(to.sun_path, path, strlen(path));
	memcpy(c->path, to.sun_path, sizeof(c->path));
	err = dirs_make(path, user);
	if (!err)
		err = clear_leftover(&to);
	if (!err)
		err = take_clients(c);
	if (err)
		return err;
	c->ev.ready = listener_ready;
	c->ev.fd =
		socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (c->ev.fd < 0)
		return -errno;
	err = bind_socket(c, &to, user);
	return err ? err : ev_add(loop, &c->ev, EPOLLIN);
}

void control_close(struct control *c, struct ev_loop *loop)
{
	for (unsigned int i = 0; i < CONTROL_CLIENTS; i++)
		client_close(&c->clients[i], loop);
	ev_del(loop, &c->ev);
	close(c->ev.fd);
	(void)unlink(c->path);
}
