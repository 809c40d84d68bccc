/* SPDX-License-Identifier: MIT */
#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "report.h"
#include "sink.h"

#define TEXT_MAX   1024
#define ESCAPED    6u /* bytes of JSON for one of text, at most */

/* What syslog gets is of daemons (RFC 5424, 6.2.1). */
#define DAEMON     (3 << 3)

/* So many lines in so many seconds are written. */
#define SPAN       5u
#define SPAN_LINES 100u

static struct {
	const char *name;
	enum log_level level;
	enum log_format format;
	bool journal;
	bool ready;
	bool socket;
	int fd;
	int pid;
	struct sink syslog;
} setup = { .name = "xlat",
	    .level = LOG_LVL_INFO,
	    .fd = STDERR_FILENO,
	    .syslog.fd = -1 };

/* Lines that nobody got and nobody was told of. */
static uint32_t missing;

static const char *const level_names[] = { "error", "warning", "info",
					   "debug" };
static const int syslog_priority[] = { 3, 4, 6, 7 };

/*
 * O_NONBLOCK would be set for all that share our standard error, so a pipe or
 * a terminal is opened once more. Files never make anybody wait for long, and
 * of a socket each call says whether it may.
 */
static void stop_waiting(void)
{
	struct stat st;
	int fd = -1;

	setup.ready = true;
	if (fstat(STDERR_FILENO, &st))
		return;
	setup.socket = S_ISSOCK(st.st_mode);
	if (S_ISFIFO(st.st_mode) || S_ISCHR(st.st_mode))
		fd = open("/proc/self/fd/2",
			  O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd >= 0)
		setup.fd = fd;
}

void log_setup(const char *name, enum log_level level, enum log_format format)
{
	setup.name = name;
	setup.level = level;
	setup.format = format;
	/* systemd sets it where our standard error is the journal. */
	setup.journal = getenv("JOURNAL_STREAM") != NULL;
	if (!setup.ready)
		stop_waiting();
}

int log_to_syslog(void)
{
	static const struct sink_address local = { .path = "/dev/log" };

	setup.pid = (int)getpid();
	return sink_open(&setup.syslog, &local);
}

bool log_is_apart(void)
{
	return setup.syslog.fd >= 0;
}

int log_descriptor(void)
{
	return log_is_apart() ? setup.syslog.fd : setup.fd;
}

static ssize_t write_here(const char *lines, size_t len)
{
	const ssize_t n = setup.socket ? send(setup.fd, lines, len,
					      MSG_DONTWAIT | MSG_NOSIGNAL)
				       : write(setup.fd, lines, len);

	return n < 0 ? -errno : n;
}

ssize_t log_write(const char *lines, size_t len)
{
	return log_is_apart() ? sink_write(&setup.syslog, lines, len)
			      : write_here(lines, len);
}

void log_stamp(char out[LOG_STAMP], uint64_t ms)
{
	const time_t seconds = (time_t)(ms / 1000);
	struct tm tm;

	gmtime_r(&seconds, &tm);
	snprintf(out, LOG_STAMP, "%04d-%02d-%02dT%02d:%02d:%02d.%03uZ",
		 tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
		 tm.tm_min, tm.tm_sec, (unsigned int)(ms % 1000));
}

static uint64_t wall_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* As the C library's syslog() begins a message; musl's takes UTC as well. */
static int syslog_head(char *out, enum log_level level)
{
	static const char months[][4] = { "Jan", "Feb", "Mar", "Apr",
					  "May", "Jun", "Jul", "Aug",
					  "Sep", "Oct", "Nov", "Dec" };
	const time_t now = time(NULL);
	struct tm tm;

	gmtime_r(&now, &tm);
	return snprintf(out, LOG_HEAD, "<%d>%s %2d %02d:%02d:%02d %.32s[%d]: ",
			DAEMON | syslog_priority[level], months[tm.tm_mon],
			tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
			setup.name, setup.pid);
}

uint32_t log_head(char *out, enum log_level level)
{
	int n = 0;

	if (log_is_apart())
		n = syslog_head(out, level);
	else if (setup.format == LOG_FMT_JSON)
		n = 0;
	else if (setup.journal)
		n = snprintf(out, LOG_HEAD, "<%d>", syslog_priority[level]);
	else
		n = snprintf(out, LOG_HEAD, "%s: %s", setup.name,
			     level == LOG_LVL_ERROR     ? "error: "
			     : level == LOG_LVL_WARNING ? "warning: "
							: "");
	return n < 0 ? 0 : (uint32_t)n;
}

static void put_json(struct report *r, enum log_level level, const char *text)
{
	char when[LOG_STAMP];

	log_stamp(when, wall_ms());
	r->json = true;
	report_record(r);
	report_text(r, "time", 0, when);
	report_text(r, "instance", 0, setup.name);
	report_text(r, "level", 0, level_names[level]);
	report_text(r, "message", 0, text);
	report_record_end(r);
}

/*
 * Write @text, as a whole line and at once, so that lines of several processes
 * do not mix. A log that cannot be written must not stop packets.
 *
 * @or_here:	what syslog does not take goes to standard error
 *
 * Return: false: it is not in the log
 */
static bool write_line(enum log_level level, const char *text, bool or_here)
{
	char line[ESCAPED * TEXT_MAX + 256];
	struct report r = { .buf = line, .size = sizeof(line) - 1 };
	const size_t len = strlen(text);

	r.len = log_head(line, level);
	if (setup.format == LOG_FMT_JSON) {
		put_json(&r, level, text);
	} else {
		memcpy(line + r.len, text, len);
		r.len += (uint32_t)len;
	}
	line[r.len++] = '\n';
	if (log_write(line, r.len) >= 0)
		return true;
	if (or_here && log_is_apart())
		(void)write_here(line, r.len);
	return false;
}

static void note_missing(uint32_t lines)
{
	__atomic_fetch_add(&missing, lines, __ATOMIC_RELAXED);
}

static void tell_missing(void)
{
	const uint32_t lines =
		__atomic_exchange_n(&missing, 0, __ATOMIC_RELAXED);
	char text[64];

	if (!lines)
		return;
	snprintf(text, sizeof(text), "%u lines were left out", lines);
	if (!write_line(LOG_LVL_WARNING, text, false))
		note_missing(lines);
}

/*
 * A state that flaps must not fill a disk. Several threads may come here; that
 * one of them counts wrong does no harm.
 */
static bool has_room(void)
{
	static uint32_t span; /* not every machine swaps 64 bits */
	static uint32_t lines;
	uint32_t before;
	struct timespec t;
	uint32_t now;

	clock_gettime(CLOCK_MONOTONIC, &t);
	now = (uint32_t)t.tv_sec / SPAN;
	if (__atomic_exchange_n(&span, now, __ATOMIC_RELAXED) != now) {
		before = __atomic_exchange_n(&lines, 0, __ATOMIC_RELAXED);
		if (before > SPAN_LINES)
			note_missing(before - SPAN_LINES);
	}
	return __atomic_fetch_add(&lines, 1, __ATOMIC_RELAXED) < SPAN_LINES;
}

void log_line(enum log_level level, const char *format, ...)
{
	char text[TEXT_MAX];
	va_list args;

	if (level > setup.level || !has_room())
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	tell_missing();
	if (!write_line(level, text, true))
		note_missing(1);
}
