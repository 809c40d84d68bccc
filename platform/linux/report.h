/* SPDX-License-Identifier: MIT */
/*
 * report.h - records of named values, as text for people or as JSON
 *
 * One way to say it: text is "name value" lines for a single record and
 * aligned columns under a heading for many; JSON is an object or an array of
 * objects.
 */
#ifndef XLAT_LINUX_REPORT_H
#define XLAT_LINUX_REPORT_H

#include "wire/ip.h"

/**
 * struct report - a document while it is written
 * @json:	JSON, else text
 * @table:	many records
 * @rows:	records so far
 * @fields:	fields of the current record so far
 * @buf:	where it goes
 * @size:	bytes there
 * @len:	bytes written; never more than @size
 * @head:	the heading of a text table, while its first row is written
 */
struct report {
	bool json;
	bool table;
	uint32_t rows;
	uint32_t fields;
	char *buf;
	uint32_t size;
	uint32_t len;
	char head[256];
	uint32_t head_len;
};

/* A record never takes more bytes than this. */
#define REPORT_RECORD_MAX 8192u

/* The document's first and last bytes. */
void report_begin(struct report *r);
void report_end(struct report *r);

/* Around the fields of a record. */
void report_record(struct report *r);
void report_record_end(struct report *r);

/**
 * report_text() - a field with words
 * @width:	column width in a text table
 *
 * report_number() - a field with a number
 */
void report_text(struct report *r, const char *name, int width,
		 const char *value);
void report_number(struct report *r, const char *name, int width,
		   uint64_t value);

/**
 * report_addr4(), report_addr6() - a field with an address, wide enough for
 * any
 * report_net6() - a field with a network
 */
void report_addr4(struct report *r, const char *name, uint32_t addr);
void report_addr6(struct report *r, const char *name, struct addr6 addr);
void report_net6(struct report *r, const char *name, struct addr6 addr,
		 unsigned int len);

#endif
