/* SPDX-License-Identifier: MIT */
#include "bpfload.h"

#include <errno.h>
#include <linux/bpf.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* In the kernel's headers only since Linux 6.6. */
#define TCX_INGRESS 46
#define TCX_EGRESS  47

#define INSNS_MAX   1200
#define MASKS       15

static int bpf(int command, union bpf_attr *attr, size_t size)
{
	const long r = syscall(__NR_bpf, command, attr, size);

	return r < 0 ? -errno : (int)r;
}

static int make_map(size_t size)
{
	union bpf_attr attr = {
		.map_type = BPF_MAP_TYPE_ARRAY,
		.key_size = sizeof(uint32_t),
		.value_size = (uint32_t)size,
		.max_entries = 1,
		.map_flags = BPF_F_MMAPABLE,
		.map_name = "xlat",
	};

	return bpf(BPF_MAP_CREATE, &attr, sizeof(attr));
}

int bpfload_memory(void **memory, size_t size)
{
	int map;
	int err;
	void *p;

	if (__BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__)
		return -ENOTSUP;
	map = make_map(size);
	if (map < 0)
		return map;
	p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, map, 0);
	*memory = p;
	if (p != MAP_FAILED && !madvise(p, size, MADV_DONTFORK))
		return map;
	err = -errno;
	if (p != MAP_FAILED)
		munmap(p, size);
	close(map);
	return err;
}

/* Return: number of instructions. */
static uint32_t unfold(const struct bpfload_code *c, int map,
		       struct bpf_insn *out)
{
	const uint8_t *p = c->bytes;
	uint8_t pair = 0;
	uint8_t wire[8];
	uint32_t n;

	for (n = 0; p < c->bytes + c->len && n < INSNS_MAX; n++) {
		uint8_t present;

		pair = n % 2 ? pair >> 4 : *p++;
		present = (pair & 15) < MASKS ? c->masks[pair & 15] : *p++;
		for (unsigned int i = 0; i < sizeof(wire); i++)
			wire[i] = present >> i & 1 ? *p++ : 0;
		memcpy(&out[n], wire, sizeof(wire));
		if (out[n].code == (BPF_LD | BPF_IMM | BPF_DW) &&
		    out[n].src_reg == BPF_PSEUDO_MAP_VALUE)
			out[n].imm = map;
	}
	return n;
}

int bpfload_program(const struct bpfload_code *c, int map)
{
	struct bpf_insn insns[INSNS_MAX];
	union bpf_attr attr = {
		.prog_type = BPF_PROG_TYPE_SCHED_CLS,
		.insn_cnt = unfold(c, map, insns),
		.insns = (uintptr_t)insns,
		.license = (uintptr_t) "Dual MIT/GPL",
		.prog_name = "xlat",
	};

	return bpf(BPF_PROG_LOAD, &attr, sizeof(attr));
}

int bpfload_attach(int program, bool egress, int ifindex)
{
	union bpf_attr attr = { .link_create = {
					.prog_fd = (uint32_t)program,
					.target_ifindex = (uint32_t)ifindex,
					.attach_type = egress ? TCX_EGRESS
							      : TCX_INGRESS,
				} };

	return bpf(BPF_LINK_CREATE, &attr, sizeof(attr));
}

void bpfload_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}
