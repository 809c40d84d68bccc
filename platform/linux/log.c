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

#define LINE_MAX_LEN 1024

/* So many lines in so many seconds are written. */
#define SPAN         5u
#define SPAN_LINES   100u

static struct {
	const char *name;
	enum log_level level;
	enum log_format format;
	bool journal;
	bool ready;
	bool socket;
	int fd;
} setup = { .name = "xlat", .level = LOG_LVL_INFO, .fd = STDERR_FILENO };

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

ssize_t log_write(const char *lines, size_t len)
{
	const ssize_t n = setup.socket ? send(setup.fd, lines, len,
					      MSG_DONTWAIT | MSG_NOSIGNAL)
				       : write(setup.fd, lines, len);

	return n < 0 ? -errno : n;
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

/* @text as the inside of a JSON string; what does not fit is cut. */
static void json_escape(char *out, size_t size, const char *text)
{
	size_t n = 0;

	for (; *text && n + 7 < size; text++) {
		const unsigned char c = (unsigned char)*text;

		if (c == '"' || c == '\\') {
			out[n++] = '\\';
			out[n++] = (char)c;
		} else if (c < 0x20) {
			n += (size_t)snprintf(out + n, size - n, "\\u%04x", c);
		} else {
			out[n++] = (char)c;
		}
	}
	out[n] = '\0';
}

static int format_json(char *line, size_t size, enum log_level level,
		       const char *text)
{
	char escaped[LINE_MAX_LEN];
	char when[LOG_STAMP];

	log_stamp(when, wall_ms());
	json_escape(escaped, sizeof(escaped), text);
	return snprintf(line, size,
			"{\"time\":\"%s\",\"instance\":\"%s\","
			"\"level\":\"%s\",\"message\":\"%s\"}\n",
			when, setup.name, level_names[level], escaped);
}

uint32_t log_head(char *out, enum log_level level)
{
	const int n =
		setup.journal
			? snprintf(out, LOG_HEAD, "<%d>",
				   syslog_priority[level])
			: snprintf(out, LOG_HEAD, "%s: %s", setup.name,
				   level == LOG_LVL_ERROR     ? "error: "
				   : level == LOG_LVL_WARNING ? "warning: "
							      : "");

	return n < 0 ? 0 : (uint32_t)n;
}

static int format_text(char *line, size_t size, enum log_level level,
		       const char *text)
{
	const uint32_t head = log_head(line, level);

	return (int)head + snprintf(line + head, size - head, "%s\n", text);
}

/* Write @text, as a whole line. */
static void write_line(enum log_level level, const char *text)
{
	char line[2 * LINE_MAX_LEN];
	int len;

	if (setup.format == LOG_FMT_JSON)
		len = format_json(line, sizeof(line), level, text);
	else
		len = format_text(line, sizeof(line), level, text);
	/* One write, so that lines of several processes do not mix. A log
	 * that cannot be written must not stop packets. */
	if (len > 0 && log_write(line, (size_t)len) < 0)
		return;
}

/*
 * A state that flaps must not fill a disk. Several threads may come here; that
 * one of them counts wrong does no harm.
 */
static bool has_room(void)
{
	static uint64_t span;
	static uint32_t lines;
	char text[64];
	uint32_t before;
	struct timespec t;
	uint64_t now;

	clock_gettime(CLOCK_MONOTONIC, &t);
	now = (uint64_t)t.tv_sec / SPAN;
	if (__atomic_exchange_n(&span, now, __ATOMIC_RELAXED) != now) {
		before = __atomic_exchange_n(&lines, 0, __ATOMIC_RELAXED);
		snprintf(text, sizeof(text), "%u lines were left out",
			 before - SPAN_LINES);
		if (before > SPAN_LINES)
			write_line(LOG_LVL_WARNING, text);
	}
	return __atomic_fetch_add(&lines, 1, __ATOMIC_RELAXED) < SPAN_LINES;
}

void log_line(enum log_level level, const char *format, ...)
{
	char text[LINE_MAX_LEN];
	va_list args;

	if (level > setup.level || !has_room())
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	write_line(level, text);
}
