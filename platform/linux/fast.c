/* SPDX-License-Identifier: MIT */
#include "fast.h"

#include <sys/mman.h>

#include "bpfload.h"

#include "bpf/clat.inc"

#define CODE(name)                                                             \
	{                                                                      \
		code_masks, name, sizeof(name)                                 \
	}

static const struct bpfload_code codes[FAST_PROGRAMS] = {
	[FAST_TRANSLATE] = CODE(code_translate),
	[FAST_LEAVE] = CODE(code_leave),
	[FAST_ARRIVE] = CODE(code_arrive),
};

static int load_all(struct fast *f, int map, bool host)
{
	for (enum fast_program i = 0; i < FAST_PROGRAMS; i++) {
		if (i != FAST_TRANSLATE && !host)
			continue;
		f->programs[i] = bpfload_program(&codes[i], map);
		if (f->programs[i] < 0)
			return f->programs[i];
	}
	return 0;
}

int fast_open(struct fast *f, bool host)
{
	void *memory;
	int map;
	int err;

	*f = (struct fast){ .map = NULL };
	for (unsigned int i = 0; i < FAST_PROGRAMS; i++)
		f->programs[i] = f->links[i] = -1;
	map = bpfload_memory(&memory, sizeof(*f->map));
	if (map < 0)
		return map;
	f->map = memory;
	err = load_all(f, map, host);
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

void fast_tell(struct fast *f, const struct fast_config *c)
{
	if (mem_equal(&f->map->slots[f->last], c, sizeof(*c)))
		return;
	f->last = (f->last + 1) % FAST_SLOTS;
	f->map->slots[f->last] = *c;
	__atomic_store_n(&f->map->active, f->last, __ATOMIC_RELEASE);
}

void fast_pause(struct fast *f, bool yes)
{
	__atomic_store_n(&f->map->paused, yes, __ATOMIC_RELEASE);
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

struct fast_count fast_count(const struct fast *f)
{
	const struct fast_count *c = &f->map->count;

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
	if (f->map)
		munmap(f->map, sizeof(*f->map));
	f->map = NULL;
}
