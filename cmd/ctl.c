/* SPDX-License-Identifier: MIT */
/*
 * ctl.c - ask a running instance
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app.h"
#include "applet.h"
#include "ask.h"
#include "top.h"

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
	      "Commands: status, counters, metrics, health, reload, top; "
	      "translators: trace;\nplat: sessions, bindings, subscribers, "
	      "pools, kill CLIENT, save; dns64: servers,\ncache, lookup NAME, "
	      "flush. Another word gets the list.\n",
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

static int no_answer(const struct question *q, const struct sockaddr_un *to,
		     int err)
{
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

/* What is refused is a mistake of whoever asks; bad health is not. */
static int refused(const char *command, const char *answer)
{
	fprintf(stderr, "xlat ctl: '%.64s': %s", command,
		strncmp(answer, "error ", 6) == 0 ? answer + 6 : answer);
	return strcmp(command, "health") == 0 ? EXIT_RUN : EXIT_USAGE;
}

/* The first line is "ok" or "error ...", the rest goes to standard output. */
static int show_answer(int fd, const char *command, const char *first)
{
	char buf[16384];
	ssize_t n;

	if (!*first) {
		fputs("xlat ctl: the instance closed the connection without an "
		      "answer\n",
		      stderr);
		return EXIT_RUN;
	}
	if (strcmp(first, ASK_OK))
		return refused(command, first);
	while ((n = read(fd, buf, sizeof(buf))) > 0) {
		fwrite(buf, 1, (size_t)n, stdout);
		if (fflush(stdout))
			return EXIT_RUN;
	}
	if (n < 0) {
		fprintf(stderr, "xlat ctl: the answer is cut off: %s\n",
			strerror(errno));
		return EXIT_RUN;
	}
	return EXIT_OK;
}

static int ask_once(const struct question *q, const struct sockaddr_un *to)
{
	char first[1024];
	char line[512];
	int status;
	int fd;

	snprintf(line, sizeof(line), "%s%s\n", q->line,
		 q->json ? " --json" : "");
	fd = ask(to, line, first, sizeof(first),
		 strcmp(q->command, "trace") ? ASK_PATIENCE : 0);
	if (fd < 0)
		return no_answer(q, to, -fd);
	status = show_answer(fd, q->command, first);
	close(fd);
	return status;
}

int ctl_run(int argc, char **argv)
{
	struct question q = { .instance = NULL };
	struct sockaddr_un to;
	int err;

	if (argc == 1 && strcmp(argv[0], "--help") == 0)
		return usage(true);
	if (!read_question(&q, argc, argv) ||
	    !ask_address(&to, q.instance, q.path))
		return usage(false);
	if (strcmp(q.line, "top"))
		return ask_once(&q, &to);
	if (q.json) {
		fputs("xlat ctl: top is for people; for programs there are "
		      "counters --json and metrics\n",
		      stderr);
		return EXIT_USAGE;
	}
	err = top_run(&to, q.instance);
	return err ? no_answer(&q, &to, -err) : EXIT_OK;
}
