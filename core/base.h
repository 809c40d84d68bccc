/* SPDX-License-Identifier: MIT */
/*
 * base.h - the few words every file of core is written in
 *
 * core is freestanding: only the compiler's own headers exist here, and of
 * the C library only memcpy, memmove, memset and memcmp, which a compiler
 * may call by itself.
 */
#ifndef XLAT_BASE_H
#define XLAT_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Data-path helpers: always inlined, which also lifts eBPF's limit of five
 * arguments to a function. */
#define XL_INLINE static inline __attribute__((always_inline, unused))

/* What is not always done: a function that calls it saves no registers for it
 * when it is not. */
#define XL_APART  __attribute__((noinline))

/* Before a loop: eBPF programs are to be small as well. */
#ifdef __clang__
#define XL_ROLLED _Pragma("clang loop unroll(disable)")
#else
#define XL_ROLLED
#endif

/* A result that must not be ignored. */
#define XL_MUST_USE           __attribute__((warn_unused_result))

/* Hardly ever called: to be small rather than fast. */
#define XL_RARE               __attribute__((cold, noinline))

#define XL_LIKELY(x)          __builtin_expect(!!(x), 1)
#define XL_UNLIKELY(x)        __builtin_expect(!!(x), 0)

#define XL_COUNT(array)       (sizeof(array) / sizeof((array)[0]))

#define mem_copy(dst, src, n) __builtin_memcpy(dst, src, n)
#define mem_move(dst, src, n) __builtin_memmove(dst, src, n)
#define mem_zero(dst, n)      __builtin_memset(dst, 0, n)
#define mem_equal(a, b, n)    (__builtin_memcmp(a, b, n) == 0)

#endif
