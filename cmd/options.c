/* SPDX-License-Identifier: MIT */
/*
 * options.c - reading options
 *
 * A source is the command line or the config file. Within one an option that
 * does not repeat may be given once: of two values one would be ignored.
 */
#include "options.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SHOWN_MAX   64
#define LINE_LENGTH 1023u
#define FILE_MAX    (64ul << 20)
#define HELP_COLUMN 30
#define BREATH      256u /* lines read without a pause */

/**
 * struct source - one place where options come from
 * @file:	NULL: the command line
 * @line:	number of the file's line
 * @seen:	per row: it has been given here
 */
struct source {
	const struct option_table *table;
	char *config;
	struct option_input *in;
	const char *file;
	unsigned int line;
	bool seen[OPTION_ROWS_MAX];
	struct option_error *error;
};

void options_printable(char *text)
{
	for (; *text; text++)
		if (!isprint((unsigned char)*text))
			*text = '?';
}

static void shorten(char out[SHOWN_MAX + 4], const char *text)
{
	snprintf(out, SHOWN_MAX + 4, "%.*s%s", SHOWN_MAX, text,
		 strlen(text) > SHOWN_MAX ? "..." : "");
}

static bool complain(const struct source *s, const char *name,
		     const char *value, const char *expected)
{
	char shown_name[SHOWN_MAX + 4];
	char shown[SHOWN_MAX + 4];
	char where[256] = "--";

	if (s->file)
		snprintf(where, sizeof(where), "%.200s:%u: ", s->file, s->line);
	shorten(shown_name, name);
	shorten(shown, value ? value : "");
	snprintf(s->error->text, sizeof(s->error->text),
		 value ? "%s%s '%s': expected %s" : "%s%s%s: expected %s",
		 where, shown_name, shown, expected);
	return false;
}

/* A row, its place among all rows, and where its group's configuration is. */
struct found {
	const struct option_row *row;
	size_t index;
	size_t base;
};

static struct found find(const struct option_table *t, const char *name,
			 size_t len)
{
	const struct option_group *g = t->groups;
	struct found f = { .row = NULL };

	for (; g < t->groups + t->count; g++) {
		f.base = g->base;
		for (size_t i = 0; i < g->count; i++, f.index++) {
			f.row = &g->rows[i];
			if (strncmp(f.row->name, name, len) == 0 &&
			    !f.row->name[len])
				return f;
		}
	}
	f.row = NULL;
	return f;
}

/* FNV-1a. Of an option that repeats all values count, else the last one. What
 * a reload changes needs no comparison, and may be long. */
static void note(uint64_t *given, const struct option_row *row,
		 const char *value)
{
	if (row->flags & OPTION_LIVE)
		return;
	if (!*given || !(row->flags & OPTION_REPEAT))
		*given = 0xcbf29ce484222325;
	/* The NUL keeps "a", "bc" and "ab", "c" apart. */
	do
		*given = (*given ^ (unsigned char)*value) * 0x100000001b3;
	while (*value++);
}

static bool take(struct source *s, const struct found *f, const char *value)
{
	const char *expected;

	if (s->seen[f->index] && !(f->row->flags & OPTION_REPEAT))
		return complain(s, f->row->name, value, "to be given once");
	s->seen[f->index] = true;
	note(&s->in->given[f->index], f->row, value ? value : "");
	if (s->in->again && f->row->flags & OPTION_ONCE)
		return true;
	expected = f->row->parse(s->config + f->base + f->row->offset,
				 value ? value : "");
	return expected ? complain(s, f->row->name, value, expected) : true;
}

/*
 * One option of the command line; @next: the argument behind it, or NULL.
 * @used: set to how many arguments it took
 */
static bool read_argument(struct source *s, const char *arg, const char *next,
			  const char *only, int *used)
{
	const char *name = strncmp(arg, "--", 2) == 0 ? arg + 2 : NULL;
	const size_t len = name ? strcspn(name, "=") : 0;
	const char *value = name && name[len] ? name + len + 1 : NULL;
	const struct found f = find(s->table, name ? name : "", len);

	*used = 1;
	if (!name || !*name) {
		snprintf(s->error->text, sizeof(s->error->text),
			 "unexpected argument '%.64s'; options begin with --",
			 arg);
		return false;
	}
	if (!f.row)
		return complain(s, name, NULL, "an option that --help lists");
	if (f.row->flags & OPTION_SWITCH) {
		if (value)
			return complain(s, f.row->name, value, "no value");
	} else if (!value) {
		if (!next)
			return complain(s, f.row->name, NULL, f.row->arg);
		value = next;
		*used = 2;
	}
	if (only && strcmp(only, f.row->name))
		return true;
	return take(s, &f, value);
}

/* The whole command line, or of it only the option called @only. */
static bool read_arguments(struct source *s, int argc, char **argv,
			   const char *only)
{
	int used;

	for (int i = 0; i < argc; i += used)
		if (!read_argument(s, argv[i],
				   i + 1 < argc ? argv[i + 1] : NULL, only,
				   &used))
			return false;
	return true;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static char *skip_space(char *p)
{
	while (is_space(*p))
		p++;
	return p;
}

/* A line up to @end without what is behind a '#', and without space around. */
static char *trim(char *line, char *end)
{
	char *comment = memchr(line, '#', (size_t)(end - line));

	if (comment)
		end = comment;
	while (end > line && is_space(end[-1]))
		end--;
	*end = '\0';
	return skip_space(line);
}

static const char *key_expected(const char *name, const struct found *f)
{
	if (f->row)
		return "this on the command line only";
	return *name == '-' ? "a key without dashes"
			    : "a key that --help lists";
}

static bool read_line(struct source *s, char *line, char *end)
{
	char *name = trim(line, end);
	char *value = name;
	struct found f;

	if (!*name)
		return true;
	while (*value && !is_space(*value))
		value++;
	f = find(s->table, name, (size_t)(value - name));
	if (*value)
		*value++ = '\0';
	value = skip_space(value);
	if (!f.row || f.row->flags & OPTION_ARGS)
		return complain(s, name, NULL, key_expected(name, &f));
	if (f.row->flags & OPTION_SWITCH) {
		if (*value)
			return complain(s, name, value, "no value");
		value = NULL;
	} else if (!*value) {
		return complain(s, name, NULL, f.row->arg);
	}
	return take(s, &f, value);
}

/* @text: the file's bytes and a NUL. Values are kept by reference to it. */
static bool read_lines(struct source *s, char *text, size_t size)
{
	char *end;

	for (char *line = text; line < text + size; line = end + 1) {
		s->line++;
		end = memchr(line, '\n', (size_t)(text + size - line));
		if (!end)
			end = text + size;
		*end = '\0';
		if (strlen(line) != (size_t)(end - line))
			return complain(s, "this line", NULL, "text");
		if ((size_t)(end - line) > LINE_LENGTH)
			return complain(s, "this line", NULL,
					"at most 1023 characters");
		if (!read_line(s, line, end))
			return false;
		if (s->in->breathe && s->line % BREATH == 0)
			s->in->breathe(s->in->ctx);
	}
	return true;
}

/* Return: the file's bytes and a NUL, or NULL with errno set. */
static char *load(FILE *f, size_t *size)
{
	char *text = NULL;
	size_t room = 4096;
	char *more;

	*size = 0;
	do {
		room *= 2;
		more = realloc(text, room + 1);
		if (!more || room > FILE_MAX) {
			errno = more ? EFBIG : ENOMEM;
			free(more ? more : text);
			return NULL;
		}
		text = more;
		*size += fread(text + *size, 1, room - *size, f);
	} while (*size == room);
	if (ferror(f)) {
		free(text);
		return NULL;
	}
	text[*size] = '\0';
	return text;
}

/* Return: a descriptor for openat() only, or -1 */
static int open_directory(const char *path)
{
	char dir[4096];
	const char *slash = strrchr(path, '/');
	const int n = slash ? (int)(slash - path) + 1 : 1;

	snprintf(dir, sizeof(dir), "%.*s", n, slash ? path : ".");
	return open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

/*
 * By its directory, so that a file renamed into place is found, too.
 * @flags:	O_NONBLOCK once packets flow: a FIFO in the file's place must
 *		not stop them
 */
static int open_file(const struct option_input *in, const char *path, int flags)
{
	const char *slash = strrchr(path, '/');

	return openat(in->dir, slash ? slash + 1 : path,
		      O_RDONLY | O_CLOEXEC | flags);
}

bool options_readable(const struct option_input *in, const char *path)
{
	const int fd = open_file(in, path, O_NONBLOCK);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static bool read_file(struct source *s)
{
	size_t size = 0;
	FILE *f = NULL;
	int fd = -1;

	if (s->in->dir >= 0) {
		fd = open_file(s->in, s->file, O_NONBLOCK);
	} else {
		s->in->dir = open_directory(s->file);
		if (s->in->dir >= 0)
			fd = open_file(s->in, s->file, 0);
	}
	if (fd >= 0)
		f = fdopen(fd, "r");
	if (f)
		s->in->text = load(f, &size);
	if (!s->in->text)
		snprintf(s->error->text, sizeof(s->error->text),
			 "--config '%.200s': %s", s->file, strerror(errno));
	if (f)
		fclose(f);
	return s->in->text && read_lines(s, s->in->text, size);
}

/* The parser of --config just keeps the path; it is the first thing read. */
static const char *config_path(const struct source *s)
{
	const struct found f = find(s->table, "config", strlen("config"));

	return f.row ? *(char **)(void *)(s->config + f.base + f.row->offset)
		     : NULL;
}

static bool read_all(const struct option_table *t, void *config,
		     struct option_input *in, struct option_error *e)
{
	const struct source fresh = {
		.table = t, .config = config, .in = in, .error = e
	};
	struct source args = fresh;
	struct source file = fresh;

	if (!read_arguments(&args, in->argc, in->argv, "config"))
		return false;
	file.file = config_path(&args);
	if (file.file && !read_file(&file))
		return false;
	args = fresh;
	return read_arguments(&args, in->argc, in->argv, NULL);
}

bool options_read(const struct option_table *t, void *config,
		  struct option_input *in, struct option_error *e)
{
	if (read_all(t, config, in, e))
		return true;
	options_printable(e->text);
	return false;
}

void options_forget(struct option_input *in)
{
	free(in->text);
	in->text = NULL;
}

const struct option_row *options_change(const struct option_table *t,
					const struct option_input *a,
					const struct option_input *b,
					size_t *at)
{
	const struct option_group *g = t->groups;
	size_t base = 0;

	for (; g < t->groups + t->count; base += g++->count) {
		while (*at >= base && *at < base + g->count) {
			const size_t i = (*at)++;

			if (a->given[i] != b->given[i])
				return &g->rows[i - base];
		}
	}
	return NULL;
}

void options_expect(struct option_error *e, const char *name,
		    const char *expected)
{
	snprintf(e->text, sizeof(e->text), "--%s: expected %s", name, expected);
}

void options_usage(const struct option_table *t)
{
	const struct option_row *r;
	int n;

	printf("usage: %s\n\n%s\n", t->usage, t->about);
	for (size_t g = 0; g < t->count; g++) {
		printf("\n%s:\n", t->groups[g].title);
		for (size_t i = 0; i < t->groups[g].count; i++) {
			r = &t->groups[g].rows[i];
			n = printf("  --%s%s%s", r->name, r->arg ? " " : "",
				   r->arg ? r->arg : "");
			if (n > HELP_COLUMN - 2)
				n = printf("\n") - 1;
			printf("%*s%s\n", HELP_COLUMN - n, "", r->help);
		}
	}
}
