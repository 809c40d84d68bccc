/* SPDX-License-Identifier: MIT */
/*
 * criterion.h - what tests/unit uses of Criterion, for architectures that
 * Debian has a compiler and musl for, but no Criterion
 *
 * Each test is a process of its own, as there.
 */
#ifndef CROSS_CRITERION_H
#define CROSS_CRITERION_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/**
 * struct cross_test - a test, or what its suite has around each test
 * @run:	NULL: it stands for the suite
 */
struct cross_test {
	const char *suite;
	const char *name;
	void (*run)(void);
	void (*init)(void);
	void (*fini)(void);
	double timeout;
	struct cross_test *next;
};

void cross_add(struct cross_test *t);

/* Says what was wrong; @fatal ends the test. @text is a format or "". */
void cross_failed(bool fatal, const char *file, int line, const char *what,
		  const char *text, ...);

#define CROSS_ADD(suite_, id, name_, run_, ...)                                \
	__attribute__((constructor)) static void cross_add_##id(void)          \
	{                                                                      \
		static struct cross_test t = { .suite = #suite_,               \
					       .name = name_,                  \
					       .run = run_,                    \
					       __VA_ARGS__ };                  \
                                                                               \
		cross_add(&t);                                                 \
	}

#define Test(suite_, name_, ...)                                               \
	static void cross_##suite_##_##name_(void);                            \
	CROSS_ADD(suite_, suite_##_##name_, #name_, cross_##suite_##_##name_,  \
		  __VA_ARGS__)                                                 \
	static void cross_##suite_##_##name_(void)

#define TestSuite(suite_, ...) CROSS_ADD(suite_, suite_, "", NULL, __VA_ARGS__)

#define CROSS_CHECK(fatal, holds, what, ...)                                   \
	do {                                                                   \
		if (!(holds))                                                  \
			cross_failed(fatal, __FILE__, __LINE__, what,          \
				     "" __VA_ARGS__);                          \
	} while (0)

#define cr_assert(x, ...)               CROSS_CHECK(true, x, #x, __VA_ARGS__)
#define cr_assert_not(x, ...)           CROSS_CHECK(true, !(x), "not " #x, __VA_ARGS__)
#define cr_assert_fail(...)             CROSS_CHECK(true, false, "fail", __VA_ARGS__)
#define cr_assert_null(x, ...)          cr_assert((x) == NULL, __VA_ARGS__)
#define cr_assert_not_null(x, ...)      cr_assert((x) != NULL, __VA_ARGS__)
#define cr_assert_eq(a, b, ...)         cr_assert((a) == (b), __VA_ARGS__)
#define cr_assert_neq(a, b, ...)        cr_assert((a) != (b), __VA_ARGS__)
#define cr_assert_lt(a, b, ...)         cr_assert((a) < (b), __VA_ARGS__)
#define cr_assert_leq(a, b, ...)        cr_assert((a) <= (b), __VA_ARGS__)
#define cr_assert_gt(a, b, ...)         cr_assert((a) > (b), __VA_ARGS__)
#define cr_assert_geq(a, b, ...)        cr_assert((a) >= (b), __VA_ARGS__)
#define cr_assert_str_eq(a, b, ...)     cr_assert(!strcmp(a, b), __VA_ARGS__)
#define cr_assert_arr_eq(a, b, n, ...)  cr_assert(!memcmp(a, b, n), __VA_ARGS__)

#define cr_expect(x, ...)               CROSS_CHECK(false, x, #x, __VA_ARGS__)
#define cr_expect_not(x, ...)           CROSS_CHECK(false, !(x), "not " #x, __VA_ARGS__)
#define cr_expect_null(x, ...)          cr_expect((x) == NULL, __VA_ARGS__)
#define cr_expect_not_null(x, ...)      cr_expect((x) != NULL, __VA_ARGS__)
#define cr_expect_eq(a, b, ...)         cr_expect((a) == (b), __VA_ARGS__)
#define cr_expect_neq(a, b, ...)        cr_expect((a) != (b), __VA_ARGS__)
#define cr_expect_lt(a, b, ...)         cr_expect((a) < (b), __VA_ARGS__)
#define cr_expect_leq(a, b, ...)        cr_expect((a) <= (b), __VA_ARGS__)
#define cr_expect_gt(a, b, ...)         cr_expect((a) > (b), __VA_ARGS__)
#define cr_expect_geq(a, b, ...)        cr_expect((a) >= (b), __VA_ARGS__)
#define cr_expect_str_eq(a, b, ...)     cr_expect(!strcmp(a, b), __VA_ARGS__)
#define cr_expect_str_neq(a, b, ...)    cr_expect(strcmp(a, b), __VA_ARGS__)
#define cr_expect_arr_eq(a, b, n, ...)  cr_expect(!memcmp(a, b, n), __VA_ARGS__)
#define cr_expect_arr_neq(a, b, n, ...) cr_expect(memcmp(a, b, n), __VA_ARGS__)

#endif
