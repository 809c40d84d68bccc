/* SPDX-License-Identifier: MIT */
/*
 * ctl.c - ask a running instance
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "app.h"
#include "applet.h"

#define PATIENCE 5 /* s */

/**
 * struct question - what to ask of whom
 * @line:	the command and its arguments
 */
struct question {
	const char *instance;
	const char *command;
	const char *path;
	bool json;
	char line[480];
};

static int usage(bool wanted)
{
	fputs("usage: xlat ctl INSTANCE COMMAND [ARGUMENT]... [--json] "
	      "[--control PATH]\n\n"
	      "Ask a running instance (by default called as its applet is).\n\n"
	      "  --json          the answer as JSON\n"
	      "  --control PATH  its socket; default: "
	      "/run/xlat/INSTANCE.sock\n\n"
	      "Commands: status, counters, metrics, health, reload; plat: "
	      "sessions, bindings,\nsubscribers, pools, kill CLIENT, save; "
	      "dns64: servers, cache, lookup NAME,\nflush. Another word gets "
	      "the list.\n",
	      wanted ? stdout : stderr);
	return wanted ? EXIT_OK : EXIT_USAGE;
}

/* Return: false if it is too long, or would not be one word there. */
static bool add_word(struct question *q, const char *word)
{
	const size_t n = strlen(q->line);
	const size_t room = sizeof(q->line) - n;

	return *word && !strpbrk(word, " \n") &&
	       (size_t)snprintf(q->line + n, room, n ? " %s" : "%s", word) <
		       room;
}

/* Return: false if the arguments are none. */
static bool read_question(struct question *q, int argc, char **argv)
{
	for (int i = 0; i < argc; i++) {
		if (strcmp(argv[i], "--json") == 0)
			q->json = true;
		else if (strcmp(argv[i], "--control") == 0 && i + 1 < argc)
			q->path = argv[++i];
		else if (argv[i][0] == '-')
			return false;
		else if (!q->instance)
			q->instance = argv[i];
		else if (!add_word(q, argv[i]))
			return false;
		else if (!q->command)
			q->command = argv[i];
	}
	return q->instance && q->command;
}

static bool set_path(const struct question *q, struct sockaddr_un *to)
{
	const size_t size = sizeof(to->sun_path);
	int n;

	to->sun_family = AF_UNIX;
	if (q->path)
		n = snprintf(to->sun_path, size, "%s", q->path);
	else
		n = snprintf(to->sun_path, size, "/run/xlat/%s.sock",
			     q->instance);
	return n > 0 && (size_t)n < size;
}

static int no_answer(const struct question *q, const struct sockaddr_un *to)
{
	const int err = errno;
	char text[256];

	if (err == ENOENT || err == ECONNREFUSED)
		snprintf(text, sizeof(text),
			 "no instance '%.32s' runs here: nobody answers at %s",
			 q->instance, to->sun_path);
	else
		snprintf(text, sizeof(text), "%s: %s", to->sun_path,
			 err == EAGAIN ? "no answer in time" : strerror(err));
	options_printable(text);
	fprintf(stderr, "xlat ctl: %s\n", text);
	return app_status(-err) == EXIT_DENIED ? EXIT_DENIED : EXIT_RUN;
}

static bool send_question(int fd, const struct question *q)
{
	char line[512];
	const int n = snprintf(line, sizeof(line), "%s%s\n", q->line,
			       q->json ? " --json" : "");

	return send(fd, line, (size_t)n, MSG_NOSIGNAL) == n;
}

/* What is refused is a mistake of whoever asks; bad health is not. */
static int refused(const char *command, const char *answer)
{
	fprintf(stderr, "xlat ctl: '%.64s': %s", command,
		strncmp(answer, "error ", 6) == 0 ? answer + 6 : answer);
	return strcmp(command, "health") == 0 ? EXIT_RUN : EXIT_USAGE;
}

/* The first line is "ok" or "error ...", the rest goes to standard output. */
static int show_answer(FILE *f, const char *command)
{
	char buf[16384];
	size_t n;

	if (!fgets(buf, sizeof(buf), f)) {
		fputs(ferror(f) ? "xlat ctl: no answer in time\n"
				: "xlat ctl: the instance closed the "
				  "connection without an answer\n",
		      stderr);
		return EXIT_RUN;
	}
	if (strcmp(buf, "ok\n"))
		return refused(command, buf);
	while ((n = fread(buf, 1, sizeof(buf), f)) > 0)
		fwrite(buf, 1, n, stdout);
	if (ferror(f)) {
		perror("xlat ctl: the answer is cut off");
		return EXIT_RUN;
	}
	return EXIT_OK;
}

/* Who hangs must not make whoever asks hang: that may be a health check. */
static int open_socket(void)
{
	const struct timeval patience = { .tv_sec = PATIENCE };
	const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience,
		       sizeof(patience)) ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience,
		       sizeof(patience)))
		return -1;
	return fd;
}

int ctl_run(int argc, char **argv)
{
	struct question q = { .instance = NULL };
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int status;
	FILE *f;
	int fd;

	if (argc == 1 && strcmp(argv[0], "--help") == 0)
		return usage(true);
	if (!read_question(&q, argc, argv) || !set_path(&q, &to))
		return usage(false);
	fd = open_socket();
	if (fd < 0 || connect(fd, (const void *)&to, sizeof(to)) < 0 ||
	    !send_question(fd, &q))
		return no_answer(&q, &to);
	f = fdopen(fd, "r");
	if (!f)
		return no_answer(&q, &to);
	status = show_answer(f, q.command);
	fclose(f);
	return status;
}
