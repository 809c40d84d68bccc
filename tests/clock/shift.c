/* SPDX-License-Identifier: MIT */
/*
 * shift.c - linked into a second xlat, build/xlat-clock: clocks that a test
 * sets, as nobody may set those of the machine that the tests run on
 *
 * XLAT_CLOCK names a file of two numbers, which the test may write at any
 * time: seconds by which the wall clock is ahead, and by which the clock is
 * that goes on while the machine sleeps.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

struct shift {
	int64_t wall;
	int64_t boot;
};

static const struct shift none;
static const volatile struct shift *shift = &none;

int __real_clock_gettime(clockid_t id, struct timespec *t);
int __wrap_clock_gettime(clockid_t id, struct timespec *t);
time_t __wrap_time(time_t *t);

/* Before the sandbox is entered, and before there are threads. */
__attribute__((constructor)) static void open_shift(void)
{
	const char *path = getenv("XLAT_CLOCK");
	const int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	void *p;

	if (fd < 0)
		abort();
	p = mmap(NULL, sizeof(*shift), PROT_READ, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		abort();
	close(fd);
	shift = p;
}

int __wrap_clock_gettime(clockid_t id, struct timespec *t)
{
	const int result = __real_clock_gettime(id, t);

	if (id == CLOCK_REALTIME)
		t->tv_sec += shift->wall;
	else if (id == CLOCK_BOOTTIME)
		t->tv_sec += shift->boot;
	return result;
}

time_t __wrap_time(time_t *t)
{
	struct timespec now;

	__wrap_clock_gettime(CLOCK_REALTIME, &now);
	if (t)
		*t = now.tv_sec;
	return now.tv_sec;
}
