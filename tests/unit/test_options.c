/* SPDX-License-Identifier: MIT */
/* Options from the command line and from a file: what is read, and the one
 * line that says what is wrong with the rest. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "list.h"
#include "leaks.h"
#include "options.h"
#include "parse.h"

/**
 * struct config - what the test's options are read into
 * @common:	of a second group, whose rows count from there
 */
struct config {
	const char *file;
	const char *name;
	const char *other;
	struct list nets;
	bool on;
	bool dry;
	struct common {
		uint32_t pad;
		uint32_t size;
	} common;
};

static const char *parse_size(void *field, const char *text)
{
	return parse_u32(field, text, 1, 99, "a number from 1 to 99");
}

static const struct option_row rows[] = {
	OPTION(struct config, file, "config", "FILE", parse_text, OPTION_ARGS,
	       "read a file"),
	OPTION(struct config, name, "name", "WORD", parse_text, 0, "a word"),
	OPTION(struct config, other, "name-too", "WORD", parse_text, 0,
	       "begins like another"),
	OPTION(struct config, nets, "net", "CIDR", parse_net4_list,
	       OPTION_REPEAT, "networks"),
	OPTION(struct config, on, "on", NULL, parse_switch, OPTION_SWITCH,
	       "a switch"),
	OPTION(struct config, dry, "dry", NULL, parse_switch,
	       OPTION_SWITCH | OPTION_ARGS, "a switch, not for files"),
};

static const struct option_row more[] = {
	OPTION(struct common, size, "size", "N", parse_size, 0, "a number"),
};

static const struct option_group groups[] = {
	OPTION_GROUP("first", rows, 0),
	OPTION_GROUP("second", more, offsetof(struct config, common)),
};

static const struct option_table table = {
	.usage = "test",
	.about = "A test.",
	.groups = groups,
	.count = XL_COUNT(groups),
};

/* Of the running test; each is a process of its own. */
static struct config config;
static struct option_input input;
static struct option_error error;
static char path[64];

static void no_file(void)
{
	if (path[0])
		(void)unlink(path);
}

static bool read_options(int argc, char **argv)
{
	bool ok;

	options_forget(&input);
	input = (struct option_input){ .argc = argc, .argv = argv, .dir = -1 };
	memset(&error, 0, sizeof(error));
	ok = options_read(&table, &config, &input, &error);
	leaks_check();
	return ok;
}

/* Read a command line of words with blanks between them. */
static bool arguments(const char *line)
{
	static char text[256];
	char *argv[16];
	int argc = 0;

	snprintf(text, sizeof(text), "%s", line);
	for (char *w = strtok(text, " "); w && argc < 16; w = strtok(NULL, " "))
		argv[argc++] = w;
	return read_options(argc, argv);
}

static void make_file(const void *bytes, size_t size)
{
	int fd;

	no_file();
	snprintf(path, sizeof(path), P_tmpdir "/xlat-options-XXXXXX");
	fd = mkstemp(path);
	cr_assert_geq(fd, 0);
	cr_assert_eq(write(fd, bytes, size), (ssize_t)size);
	close(fd);
}

/* Read a file, and after it @line. */
static bool file_and(const char *text, const char *line)
{
	char all[256];

	make_file(text, strlen(text));
	snprintf(all, sizeof(all), "--config %s %s", path, line);
	return arguments(all);
}

static bool file(const char *text)
{
	return file_and(text, "");
}

/* The message is "FILE:LINE: @what". */
static void expect_line(unsigned int line, const char *what)
{
	char want[512];

	snprintf(want, sizeof(want), "%s:%u: %s", path, line, what);
	cr_expect_str_eq(error.text, want);
}

TestSuite(options, .fini = no_file);

Test(options, both_ways_to_give_a_value)
{
	cr_assert(arguments("--name abc --size=7 --on"), "%s", error.text);
	cr_expect_str_eq(config.name, "abc");
	cr_expect_eq(config.common.size, 7);
	cr_expect_eq(config.common.pad, 0);
	cr_expect(config.on);
	cr_expect_not(config.dry);
}

Test(options, nothing_leaves_the_defaults)
{
	config.common.size = 5;
	cr_assert(arguments(""));
	cr_expect_eq(config.common.size, 5);
	cr_expect_null(config.name);
}

Test(options, a_value_may_hold_an_equals_sign)
{
	cr_assert(arguments("--name=a=b --name-too ="));
	cr_expect_str_eq(config.name, "a=b");
	cr_expect_str_eq(config.other, "=");
}

Test(options, a_name_is_the_whole_name)
{
	cr_assert(arguments("--name-too x"));
	cr_expect_null(config.name);
	cr_expect_not(arguments("--nam x"), "no abbreviations");
	cr_expect_str_eq(error.text,
			 "--nam: expected an option that --help lists");
	cr_expect_not(arguments("--names x"));
	cr_expect_not(arguments("--=x"));
}

Test(options, unknown)
{
	cr_expect_not(arguments("--no-such"));
	cr_expect_str_eq(error.text,
			 "--no-such: expected an option that --help lists");
}

Test(options, repeated_values_add_up)
{
	cr_assert(arguments("--net 10.0.0.0/8 --net=192.0.2.0/24"));
	cr_assert_eq(config.nets.count, 2);
	cr_expect_eq(((struct net4 *)config.nets.items)[0].len, 8);
	cr_expect_eq(((struct net4 *)config.nets.items)[1].len, 24);
}

Test(options, given_twice)
{
	cr_expect_not(arguments("--size 1 --size 2"));
	cr_expect_str_eq(error.text, "--size '2': expected to be given once");
	cr_expect_not(arguments("--on --on"));
	cr_expect_str_eq(error.text, "--on: expected to be given once");
	cr_expect_not(arguments("--config a --config b"));
	cr_expect_str_eq(error.text, "--config 'b': expected to be given once");
}

Test(options, missing_value)
{
	cr_expect_not(arguments("--on --name"));
	cr_expect_str_eq(error.text, "--name: expected WORD");
	cr_expect_not(arguments("--name="));
	cr_expect_str_eq(error.text, "--name '': expected something");
}

Test(options, switch_with_a_value)
{
	cr_expect_not(arguments("--on=yes"));
	cr_expect_str_eq(error.text, "--on 'yes': expected no value");
	cr_expect_not(arguments("--on yes"));
	cr_expect_str_eq(error.text,
			 "unexpected argument 'yes'; options begin with --");
}

Test(options, positional)
{
	static const char *const lines[] = { "abc", "-", "-n", "--" };
	char want[64];

	for (size_t i = 0; i < XL_COUNT(lines); i++) {
		snprintf(want, sizeof(want),
			 "unexpected argument '%s'; options begin with --",
			 lines[i]);
		cr_expect_not(arguments(lines[i]));
		cr_expect_str_eq(error.text, want);
	}
}

Test(options, value_that_its_parser_refuses)
{
	cr_expect_not(arguments("--size 100"));
	cr_expect_str_eq(error.text,
			 "--size '100': expected a number from 1 to 99");
}

/* ESC [ 2 J clears a terminal; a new line would forge a second message. */
Test(options, control_characters_are_not_shown_raw)
{
	cr_expect_not(arguments("--size=\033[2J\n\177\233x"));
	cr_expect_str_eq(error.text,
			 "--size '?[2J???x': expected a number from 1 to 99");
	cr_expect_not(arguments("--\033[2J"));
	cr_expect_str_eq(error.text,
			 "--?[2J: expected an option that --help lists");
	cr_expect_not(arguments("\033[2J"));
	cr_expect_str_eq(error.text,
			 "unexpected argument '?[2J'; options begin with --");
	cr_expect_not(arguments("--config no-such-\033[2J"));
	cr_expect_str_eq(error.text,
			 "--config 'no-such-?[2J': No such file or directory");
	cr_expect_not(file("size \033[2J\a\n"));
	expect_line(1, "size '?[2J?': expected a number from 1 to 99");
}

Test(options, long_values_are_shown_in_part)
{
	char line[256] = "--size=";

	memset(line + 7, '9', 200);
	cr_expect_not(arguments(line));
	cr_expect_eq(strlen(error.text),
		     strlen("--size '...': expected a number from 1 to 99") +
			     64);
	cr_expect_not_null(strstr(error.text, "999...': expected"));
}

Test(options, file_by_lines)
{
	cr_assert(file("# a comment\n"
		       "\n"
		       "   \t \n"
		       "name abc   # behind a value\n"
		       "\tsize \t 7 \t\n"
		       "#name xyz\n"
		       "on\n"
		       "net 10.0.0.0/8\n"
		       "net 192.0.2.0/24"),
		  "%s", error.text);
	cr_expect_str_eq(config.name, "abc");
	cr_expect_eq(config.common.size, 7);
	cr_expect(config.on);
	cr_expect_eq(config.nets.count, 2, "no new line at the end");
}

Test(options, file_with_carriage_returns)
{
	cr_assert(file("# a comment\r\n\r\nname abc\r\non\r\nsize 7\r\n"), "%s",
		  error.text);
	cr_expect_str_eq(config.name, "abc");
	cr_expect_eq(config.common.size, 7);
	cr_expect(config.on);
}

Test(options, empty_file)
{
	cr_expect(file(""), "%s", error.text);
	cr_expect(file("\n"), "%s", error.text);
	cr_expect(file("# only this"), "%s", error.text);
}

Test(options, values_with_blanks_inside)
{
	cr_assert(file("name two words\n"));
	cr_expect_str_eq(config.name, "two words");
}

Test(options, file_says_file_and_line)
{
	cr_expect_not(file("name abc\n\nsize 100\n"));
	expect_line(3, "size '100': expected a number from 1 to 99");
	cr_expect_not(file("net 10.0.0.0/8\r\nnet 10.0.0.1/8\r\n"));
	expect_line(2, "net '10.0.0.1/8': expected a network, which would be "
		       "10.0.0.0/8");
}

Test(options, keys_that_are_none)
{
	cr_expect_not(file("on\nno-such 1\n"));
	expect_line(2, "no-such: expected a key that --help lists");
	cr_expect_not(file("--name abc\n"));
	expect_line(1, "--name: expected a key without dashes");
	cr_expect_not(file("name=abc\n"));
	expect_line(1, "name=abc: expected a key that --help lists");
	cr_expect_not(file("config other.conf\n"));
	expect_line(1, "config: expected this on the command line only");
	cr_expect_not(file("dry\n"));
	expect_line(1, "dry: expected this on the command line only");
}

Test(options, lines_that_are_wrong)
{
	cr_expect_not(file("on yes\n"));
	expect_line(1, "on 'yes': expected no value");
	cr_expect_not(file("name\n"));
	expect_line(1, "name: expected WORD");
	cr_expect_not(file("name # nothing\n"));
	expect_line(1, "name: expected WORD");
	cr_expect_not(file("size 1\nsize 1\n"));
	expect_line(2, "size '1': expected to be given once");
}

/* Read bytes that are no text. */
static bool bytes(const void *data, size_t size)
{
	make_file(data, size);
	return read_options(2, (char *[]){ (char[]){ "--config" }, path });
}

Test(options, file_with_a_nul)
{
	static const char junk[] = "name abc\nsi\0ze 7\n";

	cr_expect_not(bytes(junk, sizeof(junk) - 1));
	expect_line(2, "this line: expected text");
	cr_expect_not(bytes("\0", 1));
	expect_line(1, "this line: expected text");
}

Test(options, file_of_junk)
{
	unsigned char junk[4096];
	uint32_t x = 1;

	for (size_t i = 0; i < sizeof(junk); i++) {
		x = x * 1664525 + 1013904223;
		junk[i] = (unsigned char)(x >> 24);
	}
	cr_expect_not(bytes(junk, sizeof(junk)));
	for (const char *c = error.text; *c; c++)
		cr_expect(*c >= ' ' && *c <= '~', "%02x", *c);
}

/* A line of @length characters behind one that is right. */
static bool long_line(size_t length)
{
	static const char first[] = "on\n", key[] = "name ";
	char *text = malloc(sizeof(first) + length);
	bool taken;

	cr_assert_not_null(text);
	memset(text, 'x', sizeof(first) + length);
	memcpy(text, first, sizeof(first) - 1);
	memcpy(text + sizeof(first) - 1, key, sizeof(key) - 1);
	text[sizeof(first) - 1 + length] = '\n';
	taken = bytes(text, sizeof(first) + length);
	free(text);
	return taken;
}

Test(options, file_with_long_lines)
{
	cr_expect(long_line(1023), "%s", error.text);
	cr_expect_eq(strlen(config.name), 1023 - strlen("name "));
	cr_expect_not(long_line(1024));
	expect_line(2, "this line: expected at most 1023 characters");
	cr_expect_not(long_line(1 << 20));
	expect_line(2, "this line: expected at most 1023 characters");
}

/* Sizes around those of the buffer that it is read into. */
Test(options, files_of_every_size)
{
	static const size_t sizes[] = { 8191,  8192,  8193,  16383,
					16384, 16385, 100000 };

	for (size_t i = 0; i < XL_COUNT(sizes); i++) {
		char *text = malloc(sizes[i]);

		cr_assert_not_null(text);
		memset(text, '\n', sizes[i]);
		memcpy(text + sizes[i] - 7, "size 42", 7);
		config.common.size = 0;
		cr_expect(bytes(text, sizes[i]), "%s", error.text);
		cr_expect_eq(config.common.size, 42, "%zu", sizes[i]);
		free(text);
	}
}

Test(options, files_that_cannot_be_read)
{
	cr_expect_not(arguments("--config no-such-file"));
	cr_expect_str_eq(error.text,
			 "--config 'no-such-file': No such file or directory");
	cr_expect_not(arguments("--config /dev"));
	cr_expect_str_eq(error.text, "--config '/dev': Is a directory");
	cr_expect_not(arguments("--config /dev/zero"));
	cr_expect_str_eq(error.text, "--config '/dev/zero': File too large");
}

Test(options, the_command_line_wins)
{
	cr_assert(file_and("size 1\nname abc\n", "--size 2"), "%s", error.text);
	cr_expect_eq(config.common.size, 2);
	cr_expect_str_eq(config.name, "abc");
}

/* Wherever --config stands. */
Test(options, the_command_line_wins_from_the_left)
{
	char line[256];

	make_file("size 1\n", 7);
	snprintf(line, sizeof(line), "--size 2 --config=%s --on", path);
	cr_assert(arguments(line), "%s", error.text);
	cr_expect_eq(config.common.size, 2);
	cr_expect(config.on);
}

Test(options, repeated_keys_add_up_across_both)
{
	cr_assert(file_and("net 10.0.0.0/8\nnet 192.0.2.0/24\n",
			   "--net 198.51.100.0/25"),
		  "%s", error.text);
	cr_assert_eq(config.nets.count, 3);
	cr_expect_eq(((struct net4 *)config.nets.items)[2].len, 25);
}

Test(options, a_wrong_command_line_is_seen_before_the_file)
{
	cr_expect_not(arguments("--config no-such-file --no-such"));
	cr_expect_str_eq(error.text,
			 "--no-such: expected an option that --help lists");
}

Test(options, expectation_of_a_check)
{
	options_expect(&error, "name", "a word");
	cr_expect_str_eq(error.text, "--name: expected a word");
}
