/* SPDX-License-Identifier: MIT */
#include "fast.h"

#include <sys/mman.h>

#include "bpf/clat.inc"
#include "bpf/clatmap.h"
#include "bpf/plat.inc"
#include "bpf/platmap.h"

#define CODE(of, name)                                                         \
	{                                                                      \
		of##_masks, of##_##name, sizeof(of##_##name)                   \
	}

const struct fast_kind fast_clat = {
	.codes = { [FAST_TRANSLATE] = CODE(clat, translate),
		   [FAST_LEAVE] = CODE(clat, leave),
		   [FAST_ARRIVE] = CODE(clat, arrive) },
	.size = sizeof(struct clat_map),
	.slots = offsetof(struct clat_map, slots),
	.config = sizeof(struct fast_config),
};

const struct fast_kind fast_plat = {
	.codes = { [FAST_TRANSLATE] = CODE(plat, translate) },
	.size = sizeof(struct plat_map),
	.slots = offsetof(struct plat_map, slots),
	.config = sizeof(struct quick_config),
};

static int load_all(struct fast *f, int map, bool all)
{
	for (enum fast_program i = 0; i < FAST_PROGRAMS; i++) {
		const struct bpfload_code *code = &f->kind->codes[i];

		if (!code->len || (i != FAST_TRANSLATE && !all))
			continue;
		f->programs[i] = bpfload_program(code, map);
		if (f->programs[i] < 0)
			return f->programs[i];
	}
	return 0;
}

int fast_open(struct fast *f, const struct fast_kind *kind, bool all)
{
	void *memory;
	int map;
	int err;

	*f = (struct fast){ .kind = kind };
	for (unsigned int i = 0; i < FAST_PROGRAMS; i++)
		f->programs[i] = f->links[i] = -1;
	map = bpfload_memory(&memory, kind->size);
	if (map < 0)
		return map;
	f->head = memory;
	err = load_all(f, map, all);
	bpfload_close(&map);
	if (err)
		fast_close(f);
	return err;
}

int fast_at_tun(struct fast *f, int ifindex)
{
	for (enum fast_program i = 0; i <= FAST_LEAVE; i++) {
		if (f->programs[i] < 0)
			continue;
		f->links[i] = bpfload_attach(f->programs[i],
					     i == FAST_TRANSLATE, ifindex);
		if (f->links[i] < 0)
			return f->links[i];
	}
	return 0;
}

static void *slot_at(const struct fast *f, uint32_t number)
{
	const struct fast_kind *k = f->kind;

	return (uint8_t *)f->head + k->slots + number * k->config;
}

void fast_tell(struct fast *f, const void *config)
{
	if (mem_equal(slot_at(f, f->last), config, f->kind->config))
		return;
	f->last = (f->last + 1) % FAST_SLOTS;
	mem_copy(slot_at(f, f->last), config, f->kind->config);
	__atomic_store_n(&f->head->active, f->last, __ATOMIC_RELEASE);
}

void fast_pause(struct fast *f, bool yes)
{
	__atomic_store_n(&f->head->paused, yes, __ATOMIC_RELEASE);
}

/* On a small machine half of a counter may be read before its other half
 * changes. */
static uint64_t read_counter(const volatile uint64_t *p)
{
	uint64_t a;
	uint64_t b = *p;

	do {
		a = b;
		b = *p;
	} while (a != b && sizeof(long) < sizeof(b));
	return b;
}

struct fast_count fast_count(const struct fast *f, unsigned int protocol)
{
	const struct fast_count *c = &f->head->count[protocol];

	return (struct fast_count){
		.packets4 = read_counter(&c->packets4),
		.bytes4 = read_counter(&c->bytes4),
		.packets6 = read_counter(&c->packets6),
		.bytes6 = read_counter(&c->bytes6),
	};
}

static void close_all(int fds[FAST_PROGRAMS])
{
	for (unsigned int i = 0; i < FAST_PROGRAMS; i++)
		bpfload_close(&fds[i]);
}

void fast_close(struct fast *f)
{
	close_all(f->links);
	close_all(f->programs);
	if (f->head)
		munmap(f->head, f->kind->size);
	f->head = NULL;
}
