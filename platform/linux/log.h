/* SPDX-License-Identifier: MIT */
/*
 * log.h - one line per change of state, to standard error
 *
 * Text for a terminal, "<N>" priorities where journald reads, JSON lines on
 * request. Never one line per packet: packets have counters.
 */
#ifndef XLAT_LINUX_LOG_H
#define XLAT_LINUX_LOG_H

enum log_level { LOG_LVL_ERROR, LOG_LVL_WARNING, LOG_LVL_INFO, LOG_LVL_DEBUG };
enum log_format { LOG_FMT_TEXT, LOG_FMT_JSON };

/**
 * log_setup() - name, threshold and format of all later lines
 * @name:	the instance's; kept by reference
 */
void log_setup(const char *name, enum log_level level, enum log_format format);

/* log_error() .. log_debug(): printf-style, no newline at the end. */
#define log_error(...) log_line(LOG_LVL_ERROR, __VA_ARGS__)
#define log_warn(...)  log_line(LOG_LVL_WARNING, __VA_ARGS__)
#define log_info(...)  log_line(LOG_LVL_INFO, __VA_ARGS__)
#define log_debug(...) log_line(LOG_LVL_DEBUG, __VA_ARGS__)

void log_line(enum log_level level, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
