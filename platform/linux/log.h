/* SPDX-License-Identifier: MIT */
/*
 * log.h - one line per change of state, to standard error or to syslog
 *
 * Text for a terminal, "<N>" priorities where journald reads, JSON lines on
 * request. Never one line per packet: packets have counters. Of many lines in a
 * short time the first hundred are written, and how many there were besides.
 */
#ifndef XLAT_LINUX_LOG_H
#define XLAT_LINUX_LOG_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base.h"

enum log_level { LOG_LVL_ERROR, LOG_LVL_WARNING, LOG_LVL_INFO, LOG_LVL_DEBUG };
enum log_format { LOG_FMT_TEXT, LOG_FMT_JSON };

/**
 * log_setup() - name, threshold and format of all later lines
 * @name:	the instance's; kept by reference
 *
 * From the first call on no line waits for whoever reads the log, unless it is
 * a pipe or a terminal that we may not open.
 */
void log_setup(const char *name, enum log_level level, enum log_format format);

/**
 * log_to_syslog() - from now on lines go to the machine's syslog, /dev/log
 *
 * That it is there can be later, and it may come and go; what it does not take
 * at once goes to standard error. For the stage open: it makes a socket.
 *
 * Return: 0 or -errno
 */
XL_MUST_USE int log_to_syslog(void);

/* What the log is written to. */
XL_MUST_USE int log_descriptor(void);

/* Has each line to be written by itself? */
XL_MUST_USE bool log_is_apart(void);

/* log_error() .. log_debug(): printf-style, no newline at the end. */
#define log_error(...) log_line(LOG_LVL_ERROR, __VA_ARGS__)
#define log_warn(...)  log_line(LOG_LVL_WARNING, __VA_ARGS__)
#define log_info(...)  log_line(LOG_LVL_INFO, __VA_ARGS__)
#define log_debug(...) log_line(LOG_LVL_DEBUG, __VA_ARGS__)

/**
 * log_write() - put whole lines into the log, if they are taken at once
 * @lines:	a single one if log_is_apart()
 *
 * Return: how many bytes were; or -errno
 */
ssize_t log_write(const char *lines, size_t len);

/**
 * log_head() - what stands before a line's text or JSON
 * @out:	LOG_HEAD bytes
 *
 * Return: bytes, without a NUL; maybe none
 */
#define LOG_HEAD 80
uint32_t log_head(char *out, enum log_level level);

/**
 * log_stamp() - a time as RFC 3339 writes it, in UTC
 * @ms:		milliseconds since 1970
 */
#define LOG_STAMP 80
void log_stamp(char out[LOG_STAMP], uint64_t ms);

void log_line(enum log_level level, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
