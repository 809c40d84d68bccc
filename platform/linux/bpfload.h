/* SPDX-License-Identifier: MIT */
/*
 * bpfload.h - eBPF programs that are part of this one: into the kernel, with
 * memory that both share, and to where packets come by
 *
 * An attachment (tcx, Linux 6.6) lasts as long as its descriptor, so none
 * survives us, and it shares its place with whatever others have attached
 * there.
 */
#ifndef XLAT_LINUX_BPFLOAD_H
#define XLAT_LINUX_BPFLOAD_H

#include <stddef.h>

#include "base.h"

/**
 * struct bpfload_code - a program as scripts/bpf.py writes it
 * @masks:	the 15 that have numbers, one for all programs of a file
 */
struct bpfload_code {
	const uint8_t *masks;
	const uint8_t *bytes;
	size_t len;
};

/**
 * bpfload_memory() - memory that programs will share with this process; whom
 * it forks has none of it
 * @memory:	set: @size bytes of zeros, to be unmapped in the end
 *
 * Return: a descriptor for bpfload_program(), to be closed after that, or
 *         -errno: the instructions are those of little-endian machines
 */
XL_MUST_USE int bpfload_memory(void **memory, size_t size);

/**
 * bpfload_program() - load a program; needs privileges
 * @map:	what bpfload_memory() has returned
 *
 * Return: its descriptor, or -errno
 */
XL_MUST_USE int bpfload_program(const struct bpfload_code *c, int map);

/**
 * bpfload_attach() - have a device's packets come by a program
 * @egress:	those that leave by it; else those that come in
 *
 * Return: a descriptor to keep; -EINVAL: before Linux 6.6; another -errno
 */
XL_MUST_USE int bpfload_attach(int program, bool egress, int ifindex);

/* bpfload_close() - close and forget a descriptor that is not -1. */
void bpfload_close(int *fd);

#endif
