/* SPDX-License-Identifier: MIT */
#include "control.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "dirs.h"

#define REQUEST_MAX   512u
#define CONTROL_QUEUE 64

static const struct control *control_of(const struct serve_client *c)
{
	return (const struct control *)(const void *)c->owner;
}

/* Write a record. */
static enum serve_more more(struct serve_client *c)
{
	const struct control_command *k = c->what;
	void *ctx = control_of(c)->ctx;

	if (k->stream)
		return k->stream->next(ctx, c);
	if (k->next && k->next(ctx, &c->cursor, &c->report))
		return SERVE_MORE;
	if (k->show) {
		report_record(&c->report);
		k->show(ctx, &c->report);
		report_record_end(&c->report);
	}
	report_end(&c->report);
	return SERVE_END;
}

static void gone(struct serve_client *c)
{
	const struct control_command *k = c->what;

	if (k && k->stream)
		k->stream->end(control_of(c)->ctx);
}

/* The answer is "error ..." and nothing else. */
static void refuse(struct serve_client *c, const char *why)
{
	serve_say(c, true, "error %.1000s\n", why);
}

static void add_word(char *text, size_t size, const char *word)
{
	const size_t n = strlen(text);

	snprintf(text + n, size - n, " %s", word);
}

/* Name the words that would have been understood. */
static void refuse_word(struct serve_client *c)
{
	const struct control *o = control_of(c);
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

static void begin(struct serve_client *c, bool json, bool table)
{
	serve_say(c, false, "ok\n");
	c->report.json = json;
	c->report.table = table;
	report_begin(&c->report);
	c->len = c->report.len;
}

/* What is told is done at once. */
static void act(struct serve_client *c, const struct control_action *a,
		bool json)
{
	const char *error;

	begin(c, json, false);
	report_record(&c->report);
	error = a->run(control_of(c)->ctx, &c->report);
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

static void start_stream(struct serve_client *c,
			 const struct control_command *k)
{
	const char *error = k->stream->begin(control_of(c)->ctx, c);

	if (error) {
		refuse(c, error);
		return;
	}
	c->what = k;
	serve_say(c, false, "ok\n");
}

static void answer(struct serve_client *c, char *line)
{
	const bool json = take_last(line, "--json");
	const struct control *o = control_of(c);
	char *words = line;
	const char *name = strsep(&words, " ");
	const struct control_action *action = find_action(o, name);
	const struct control_command *k = find_command(o->commands, name);
	char why[512];

	if (!k && !json)
		k = find_command(o->common, name);
	if (!k && !action) {
		refuse_word(c);
	} else if (!ctlarg_read(action ? action->args : k->args, words, c->args,
				why, sizeof(why))) {
		refuse(c, why);
	} else if (action) {
		act(c, action, json);
	} else if (k->stream) {
		start_stream(c, k);
	} else {
		c->what = k;
		begin(c, json, k->next != NULL);
	}
}

static void read_question(struct serve_client *c)
{
	char line[REQUEST_MAX];
	char *end = memchr(c->buf, '\n', c->len);

	if (!end && c->len < REQUEST_MAX)
		return;
	if (!end)
		end = c->buf + REQUEST_MAX - 1;
	*end = '\0';
	memcpy(line, c->buf, sizeof(line));
	answer(c, line);
}

static const struct serve_kind kind = {
	.places = CONTROL_CLIENTS,
	.request_max = REQUEST_MAX,
	.read = read_question,
	.more = more,
	.gone = gone,
};

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

static int listen_at(int fd, const struct sockaddr_un *to,
		     struct sandbox_user user)
{
	const mode_t mask = umask(0177);
	int err = 0;

	if (bind(fd, (const void *)to, sizeof(*to)) < 0)
		err = -errno;
	umask(mask);
	if (!err && geteuid() == 0 && chown(to->sun_path, user.uid, user.gid))
		err = -errno;
	if (!err && listen(fd, CONTROL_QUEUE) < 0)
		err = -errno;
	return err;
}

int control_open(struct control *c, struct ev_loop *loop, const char *path,
		 struct sandbox_user user)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int err;
	int fd;

	if (strlen(path) >= sizeof(to.sun_path))
		return -ENAMETOOLONG;
	memcpy(to.sun_path, path, strlen(path));
	err = dirs_make(path, user);
	if (!err)
		err = clear_leftover(&to);
	if (err)
		return err;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	err = listen_at(fd, &to, user);
	if (err) {
		close(fd);
		return err;
	}
	memcpy(c->path, to.sun_path, sizeof(c->path));
	return serve_open(&c->serve, loop, &kind, fd);
}

void control_close(struct control *c, struct ev_loop *loop)
{
	serve_close(&c->serve, loop);
	if (c->path[0])
		(void)unlink(c->path);
}
