/* SPDX-License-Identifier: MIT */
#include "fast.h"

#include <errno.h>
#include <linux/bpf.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bpf/clat.inc"

/* In the kernel's headers only since Linux 6.6. */
#define TCX_INGRESS 46
#define TCX_EGRESS  47

#define INSNS_MAX   1200

/**
 * struct code - a program, its zeros left out (scripts/bpf.py)
 */
struct code {
	const uint8_t *bytes;
	size_t len;
};

static const struct code codes[FAST_PROGRAMS] = {
	[FAST_TRANSLATE] = { code_translate, sizeof(code_translate) },
	[FAST_LEAVE] = { code_leave, sizeof(code_leave) },
	[FAST_ARRIVE] = { code_arrive, sizeof(code_arrive) },
};

static int bpf(int command, union bpf_attr *attr, size_t size)
{
	const long r = syscall(__NR_bpf, command, attr, size);

	return r < 0 ? -errno : (int)r;
}

/* Return: number of instructions. */
static uint32_t unfold(const struct code *c, int map, struct bpf_insn *out)
{
	const uint8_t *p = c->bytes;
	uint8_t pair = 0;
	uint8_t wire[8];
	uint32_t n;

	for (n = 0; p < c->bytes + c->len && n < INSNS_MAX; n++) {
		uint8_t present;

		pair = n % 2 ? pair >> 4 : *p++;
		present = (pair & 15) < sizeof(code_masks)
				  ? code_masks[pair & 15]
				  : *p++;
		for (unsigned int i = 0; i < sizeof(wire); i++)
			wire[i] = present >> i & 1 ? *p++ : 0;
		memcpy(&out[n], wire, sizeof(wire));
		if (out[n].code == (BPF_LD | BPF_IMM | BPF_DW) &&
		    out[n].src_reg == BPF_PSEUDO_MAP_VALUE)
			out[n].imm = map;
	}
	return n;
}

static int load(const struct code *c, int map)
{
	struct bpf_insn insns[INSNS_MAX];
	union bpf_attr attr = {
		.prog_type = BPF_PROG_TYPE_SCHED_CLS,
		.insn_cnt = unfold(c, map, insns),
		.insns = (uintptr_t)insns,
		.license = (uintptr_t) "Dual MIT/GPL",
		.prog_name = "xlat_clat",
	};

	return bpf(BPF_PROG_LOAD, &attr, sizeof(attr));
}

static int make_map(void)
{
	union bpf_attr attr = {
		.map_type = BPF_MAP_TYPE_ARRAY,
		.key_size = sizeof(uint32_t),
		.value_size = sizeof(struct fast_map),
		.max_entries = 1,
		.map_flags = BPF_F_MMAPABLE,
		.map_name = "xlat_clat",
	};

	return bpf(BPF_MAP_CREATE, &attr, sizeof(attr));
}

/* Nobody who is forked shares it. */
static int share(struct fast *f, int map)
{
	void *p = mmap(NULL, sizeof(*f->map), PROT_READ | PROT_WRITE,
		       MAP_SHARED, map, 0);

	if (p == MAP_FAILED)
		return -errno;
	f->map = p;
	return madvise(p, sizeof(*f->map), MADV_DONTFORK) ? -errno : 0;
}

static int load_all(struct fast *f, int map, bool host)
{
	int err = share(f, map);

	for (enum fast_program i = 0; !err && i < FAST_PROGRAMS; i++) {
		if (i != FAST_TRANSLATE && !host)
			continue;
		f->programs[i] = load(&codes[i], map);
		if (f->programs[i] < 0)
			err = f->programs[i];
	}
	return err;
}

int fast_open(struct fast *f, bool host)
{
	int map;
	int err;

	*f = (struct fast){ .map = NULL };
	for (unsigned int i = 0; i < FAST_PROGRAMS; i++)
		f->programs[i] = f->links[i] = -1;
	/* The instructions are those of little-endian machines. */
	if (__BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__)
		return -ENOTSUP;
	map = make_map();
	if (map < 0)
		return map;
	err = load_all(f, map, host);
	close(map);
	if (err)
		fast_close(f);
	return err;
}

int fast_attach(int program, enum fast_program which, int ifindex)
{
	union bpf_attr attr = { .link_create = {
					.prog_fd = (uint32_t)program,
					.target_ifindex = (uint32_t)ifindex,
					.attach_type = which == FAST_TRANSLATE
							       ? TCX_EGRESS
							       : TCX_INGRESS,
				} };

	return bpf(BPF_LINK_CREATE, &attr, sizeof(attr));
}

int fast_at_tun(struct fast *f, int ifindex)
{
	for (enum fast_program i = 0; i <= FAST_LEAVE; i++) {
		if (f->programs[i] < 0)
			continue;
		f->links[i] = fast_attach(f->programs[i], i, ifindex);
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
	for (unsigned int i = 0; i < FAST_PROGRAMS; i++) {
		if (fds[i] >= 0)
			close(fds[i]);
		fds[i] = -1;
	}
}

void fast_close(struct fast *f)
{
	close_all(f->links);
	close_all(f->programs);
	if (f->map)
		munmap(f->map, sizeof(*f->map));
	f->map = NULL;
}
