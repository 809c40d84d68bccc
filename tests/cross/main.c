/* SPDX-License-Identifier: MIT */
/*
 * main.c - run the unit tests, or those of the suites that are named
 */
#include <criterion/criterion.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static struct cross_test *tests;
static bool failed;

void cross_add(struct cross_test *t)
{
	t->next = tests;
	tests = t;
}

void cross_failed(bool fatal, const char *file, int line, const char *what,
		  const char *text, ...)
{
	va_list args;

	printf("%s:%d: %s: ", file, line, what);
	va_start(args, text);
	vprintf(text, args);
	va_end(args);
	puts("");
	failed = true;
	if (fatal) {
		fflush(stdout);
		_exit(1);
	}
}

/* What the test's suite has around each of its tests; may be NULL. */
static const struct cross_test *suite_of(const struct cross_test *t)
{
	for (const struct cross_test *s = tests; s; s = s->next)
		if (!s->run && strcmp(s->suite, t->suite) == 0)
			return s;
	return NULL;
}

static void run(const struct cross_test *t)
{
	const struct cross_test *s = suite_of(t);

	if (s && s->init)
		s->init();
	if (t->init)
		t->init();
	t->run();
	if (t->fini)
		t->fini();
	if (s && s->fini)
		s->fini();
	fflush(stdout);
	_exit(failed);
}

static bool passes(const struct cross_test *t)
{
	int status;
	pid_t child;

	fflush(stdout);
	child = fork();
	if (child == 0)
		run(t);
	if (child < 0 || waitpid(child, &status, 0) < 0 || status) {
		printf("not ok - %s::%s\n", t->suite, t->name);
		return false;
	}
	return true;
}

static bool wanted(const struct cross_test *t, int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], t->suite) == 0)
			return true;
	return argc < 2;
}

int main(int argc, char **argv)
{
	unsigned int passed = 0;
	unsigned int lost = 0;

	for (const struct cross_test *t = tests; t; t = t->next) {
		if (!t->run || !wanted(t, argc, argv))
			continue;
		if (passes(t))
			passed++;
		else
			lost++;
	}
	printf("%u passed, %u failed\n", passed, lost);
	return lost || !passed;
}
