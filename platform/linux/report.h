/* SPDX-License-Identifier: MIT */
/*
 * report.h - records of named values, as text for people, as JSON, or for
 * Prometheus
 *
 * One way to say it: text is "name value" lines for a single record and
 * aligned columns under a heading for many; JSON is an object or an array of
 * objects. A line is "name=value" pairs. For Prometheus only what is a counter or a gauge is written, in its
 * text format 0.0.4; what is none of them is left out.
 */
#ifndef XLAT_LINUX_REPORT_H
#define XLAT_LINUX_REPORT_H

#include "wire/ip.h"

/**
 * struct report - a document while it is written
 * @json:	JSON, else text
 * @prometheus:	none of the others
 * @line:	a line; of a single record
 * @prefix:	of names there: "xlat_plat_"
 * @family:	the last one that was described
 * @table:	many records
 * @asked:	what was asked for, where that takes arguments (control.h)
 * @rows:	records so far
 * @fields:	fields of the current record so far
 * @buf:	where it goes
 * @size:	bytes there
 * @len:	bytes written; never more than @size
 * @head:	the heading of a text table, while its first row is written
 */
struct report {
	bool json;
	bool prometheus;
	bool line;
	const char *prefix;
	const void *family;
	bool table;
	const void *asked;
	uint32_t rows;
	uint32_t fields;
	char *buf;
	uint32_t size;
	uint32_t len;
	char head[256];
	uint32_t head_len;
};

/* A record never takes more bytes than this. */
#define REPORT_RECORD_MAX 12288u

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
 * report_counter() - a number that only grows
 * report_gauge() - a number that is the state of something
 * @name:	field; Prometheus gets it behind @r->prefix, a counter with
 *		_total at the end
 * @help:	what it is, for Prometheus
 */
void report_counter(struct report *r, const char *name, const char *help,
		    uint64_t value);
void report_gauge(struct report *r, const char *name, const char *help,
		  uint64_t value);

/**
 * struct report_family - counters that Prometheus gets as one, with labels
 * @name:	whole: "xlat_packets_total"
 * @help:	what they are
 */
struct report_family {
	const char *name;
	const char *help;
};

/**
 * report_member() - a counter of a family; all of them one after the other
 * @name:	field
 * @labels:	what is between the braces
 */
void report_member(struct report *r, const struct report_family *family,
		   const char *name, const char *labels, uint64_t value);

/**
 * report_labelled() - one of several numbers that are told apart by a label
 * @name:	what they are; the field is "which-name", for Prometheus
 *		"label_name" behind @r->prefix; all of them one after the other
 * @label:	what @which is
 * @counter:	they only grow
 */
void report_labelled(struct report *r, const char *name, const char *label,
		     const char *which, bool counter, uint64_t value);

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
