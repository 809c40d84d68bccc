/* SPDX-License-Identifier: MIT */
#include "log.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_LEN 1024

static struct {
	const char *name;
	enum log_level level;
	enum log_format format;
	bool journal;
} setup = { .name = "xlat", .level = LOG_LVL_INFO };

static const char *const level_names[] = { "error", "warning", "info",
					   "debug" };
static const int syslog_priority[] = { 3, 4, 6, 7 };

void log_setup(const char *name, enum log_level level, enum log_format format)
{
	setup.name = name;
	setup.level = level;
	setup.format = format;
	/* systemd sets it where our standard error is the journal. */
	setup.journal = getenv("JOURNAL_STREAM") != NULL;
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
	char when[80];
	time_t now = time(NULL);
	struct tm tm;

	gmtime_r(&now, &tm);
	snprintf(when, sizeof(when), "%04d-%02d-%02dT%02d:%02d:%02dZ",
		 tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
		 tm.tm_min, tm.tm_sec);
	json_escape(escaped, sizeof(escaped), text);
	return snprintf(line, size,
			"{\"time\":\"%s\",\"instance\":\"%s\","
			"\"level\":\"%s\",\"message\":\"%s\"}\n",
			when, setup.name, level_names[level], escaped);
}

static int format_text(char *line, size_t size, enum log_level level,
		       const char *text)
{
	if (setup.journal)
		return snprintf(line, size, "<%d>%s\n", syslog_priority[level],
				text);
	return snprintf(line, size, "%s: %s%s\n", setup.name,
			level == LOG_LVL_ERROR     ? "error: "
			: level == LOG_LVL_WARNING ? "warning: "
						   : "",
			text);
}

void log_line(enum log_level level, const char *format, ...)
{
	char text[LINE_MAX_LEN];
	char line[2 * LINE_MAX_LEN];
	va_list args;
	int len;

	if (level > setup.level)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (setup.format == LOG_FMT_JSON)
		len = format_json(line, sizeof(line), level, text);
	else
		len = format_text(line, sizeof(line), level, text);
	/* One write, so that lines of several processes do not mix. A log
	 * that cannot be written must not stop packets. */
	if (len > 0 && write(STDERR_FILENO, line, (size_t)len) < 0)
		return;
}
