/* SPDX-License-Identifier: MIT */
/*
 * options.c - fuzz the configuration file and the parsers of values
 *
 * The input is the file. Whatever it holds, reading it ends with all values
 * taken or with one printable line that says what is wrong; and what was
 * taken keeps its promises.
 */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"
#include "list.h"
#include "options.h"
#include "parse.h"

struct config {
	const char *file;
	const char *word;
	struct list nets4;
	struct list mappings;
	struct net6 net6;
	uint32_t number;
	bool on;
};

static const char *parse_small(void *field, const char *text)
{
	return parse_u32(field, text, 1, 99, "a number from 1 to 99");
}

static const char *parse_one_net6(void *field, const char *text)
{
	return parse_net6(text, field);
}

static const struct option_row rows[] = {
	OPTION(struct config, file, "config", "FILE", parse_text, OPTION_ARGS,
	       "the input"),
	OPTION(struct config, word, "word", "WORD", parse_text, 0, "a word"),
	OPTION(struct config, nets4, "net4", "CIDR", parse_net4_list,
	       OPTION_REPEAT, "networks"),
	OPTION(struct config, mappings, "eam", "V4,V6", parse_eam_list,
	       OPTION_REPEAT, "mappings"),
	OPTION(struct config, net6, "net6", "PREFIX", parse_one_net6, 0,
	       "a network"),
	OPTION(struct config, number, "number", "N", parse_small, 0,
	       "a number"),
	OPTION(struct config, on, "on", NULL, parse_switch, OPTION_SWITCH,
	       "a switch"),
};

static const struct option_group groups[] = { OPTION_GROUP("all", rows, 0) };

static const struct option_table table = {
	.usage = "fuzz",
	.about = "A fuzzer.",
	.groups = groups,
	.count = XL_COUNT(groups),
};

static void check_error(const struct option_error *e)
{
	const size_t len = strlen(e->text);

	CHECK(len > 0 && len < sizeof(e->text));
	for (size_t i = 0; i < len; i++)
		CHECK((unsigned char)e->text[i] >= ' ');
}

/* A table takes it, unless one of its prefixes is there already. */
static void check_mapping(const struct eam_entry *x)
{
	static uint64_t mem[32];
	struct addr6 a6;
	struct eam e;

	CHECK(eam_size(1) <= sizeof(mem));
	memset(mem, 0, sizeof(mem));
	eam_init(&e, mem, 1);
	CHECK(!eam_add(&e, *x));
	CHECK(eam_4to6(&e, x->addr4, &a6) && addr6_equal(a6, x->addr6));
}

static void check_values(const struct config *c)
{
	const struct eam_entry *mappings = c->mappings.items;
	const struct net4 *nets = c->nets4.items;

	CHECK(c->number <= 99 && c->net6.len <= 128);
	CHECK(addr6_equal(c->net6.addr, addr6_mask(c->net6.addr, c->net6.len)));
	for (size_t i = 0; i < c->nets4.count; i++)
		CHECK(nets[i].len <= 32 &&
		      nets[i].addr == addr4_mask(nets[i].addr, nets[i].len));
	for (size_t i = 0; i < c->mappings.count; i++)
		check_mapping(&mappings[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const int fd = memfd_create("config", MFD_CLOEXEC);
	struct option_error error = { .text = "" };
	struct config config = { .number = 1 };
	char path[64];
	char *argv[] = { "--config", path, NULL };
	struct option_input input = { .argc = 2, .argv = argv, .dir = -1 };

	CHECK(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (options_read(&table, &config, &input, &error))
		check_values(&config);
	else
		check_error(&error);
	close(input.dir);
	close(fd);
	options_forget(&input);
	free(config.nets4.items);
	free(config.mappings.items);
	return 0;
}
