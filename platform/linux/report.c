/* SPDX-License-Identifier: MIT */
#include "report.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define NAME_WIDTH  24
#define ADDR4_WIDTH 15
#define ADDR6_WIDTH 39

static void put(struct report *r, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void put(struct report *r, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(r->buf + r->len, r->size - r->len, format, args);
	va_end(args);
	if (n > 0)
		r->len += (uint32_t)n;
	if (r->len >= r->size)
		r->len = r->size ? r->size - 1 : 0;
}

/* How many bytes of @s a JSON string has as they are. */
static size_t plain(const char *s)
{
	size_t n = 0;

	while ((unsigned char)s[n] >= 0x20 && s[n] != '"' && s[n] != '\\')
		n++;
	return n;
}

static void put_json_string(struct report *r, const char *s)
{
	put(r, "\"");
	for (;;) {
		const size_t n = plain(s);

		put(r, "%.*s", (int)n, s);
		s += n;
		if (!*s)
			break;
		if (*s == '"' || *s == '\\')
			put(r, "\\%c", *s++);
		else
			put(r, "\\u%04x", (unsigned char)*s++);
	}
	put(r, "\"");
}

void report_begin(struct report *r)
{
	if (!r->prometheus && r->json && r->table)
		put(r, "[");
}

void report_end(struct report *r)
{
	if (r->json && !r->prometheus)
		put(r, r->table ? "%s]\n" : "%s", r->rows ? "\n" : "");
}

void report_record(struct report *r)
{
	r->fields = 0;
	r->head_len = 0;
	if (r->json && !r->prometheus)
		put(r, "%s{", !r->table ? "" : r->rows ? ",\n" : "\n");
}

/* The heading is known only when the first row is: it goes before it. */
static void insert_heading(struct report *r, uint32_t row)
{
	if (r->len + r->head_len + 1 >= r->size)
		return;
	memmove(r->buf + row + r->head_len + 1, r->buf + row, r->len - row);
	memcpy(r->buf + row, r->head, r->head_len);
	r->buf[row + r->head_len] = '\n';
	r->len += r->head_len + 1;
}

void report_record_end(struct report *r)
{
	uint32_t row = r->len;

	if (r->prometheus)
		return;
	if (r->json)
		put(r, "}");
	else if (r->table)
		put(r, "\n");
	while (row > 0 && r->buf[row - 1] != '\n')
		row--;
	if (!r->json && r->table && r->rows == 0)
		insert_heading(r, row);
	r->rows++;
}

static void note_heading(struct report *r, const char *name, int width)
{
	int n;

	if (r->rows)
		return;
	n = snprintf(r->head + r->head_len, sizeof(r->head) - r->head_len,
		     "%-*s ", width, name);
	if (n > 0 && r->head_len + (uint32_t)n < sizeof(r->head))
		r->head_len += (uint32_t)n;
}

static void put_name(struct report *r, const char *name)
{
	if (r->fields++)
		put(r, ", ");
	put_json_string(r, name);
	put(r, ": ");
}

void report_text(struct report *r, const char *name, int width,
		 const char *value)
{
	if (r->prometheus)
		return;
	if (r->json) {
		put_name(r, name);
		put_json_string(r, value);
	} else if (r->line) {
		put(r, "%s%s=%s", r->fields++ ? " " : "", name, value);
	} else if (r->table) {
		note_heading(r, name, width);
		put(r, "%-*s ", width, value);
	} else {
		put(r, "%-*s %s\n", NAME_WIDTH, name, value);
	}
}

void report_number(struct report *r, const char *name, int width,
		   uint64_t value)
{
	char text[24];

	if (r->prometheus)
		return;
	if (r->json) {
		put_name(r, name);
		put(r, "%llu", (unsigned long long)value);
		return;
	}
	snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	report_text(r, name, width, text);
}

/* "syns-held" as "syns_held": only these bytes are allowed. */
static void put_dashed(struct report *r, const char *name, const char *suffix)
{
	for (; *name; name++)
		put(r, "%c", *name == '-' ? '_' : *name);
	put(r, "%s", suffix);
}

static void put_metric_name(struct report *r, const char *name,
			    const char *suffix)
{
	put(r, "%s", r->prefix);
	put_dashed(r, name, suffix);
}

static void put_metric(struct report *r, const char *name, const char *suffix,
		       const char *help, uint64_t value)
{
	put(r, "# HELP ");
	put_metric_name(r, name, suffix);
	put(r, " %s\n# TYPE ", help);
	put_metric_name(r, name, suffix);
	put(r, " %s\n", *suffix ? "counter" : "gauge");
	put_metric_name(r, name, suffix);
	put(r, " %llu\n", (unsigned long long)value);
}

void report_counter(struct report *r, const char *name, const char *help,
		    uint64_t value)
{
	if (r->prometheus)
		put_metric(r, name, "_total", help, value);
	else
		report_number(r, name, 0, value);
}

void report_gauge(struct report *r, const char *name, const char *help,
		  uint64_t value)
{
	if (r->prometheus)
		put_metric(r, name, "", help, value);
	else
		report_number(r, name, 0, value);
}

void report_member(struct report *r, const struct report_family *family,
		   const char *name, const char *labels, uint64_t value)
{
	if (!r->prometheus) {
		report_number(r, name, 0, value);
		return;
	}
	if (r->family != family)
		put(r, "# HELP %s %s\n# TYPE %s counter\n", family->name,
		    family->help, family->name);
	r->family = family;
	put(r, "%s{%s} %llu\n", family->name, labels,
	    (unsigned long long)value);
}

static void put_labelled_name(struct report *r, const char *name,
			      const char *label, bool counter)
{
	put(r, "%s%s_", r->prefix, label);
	put_dashed(r, name, counter ? "_total" : "");
}

void report_labelled(struct report *r, const char *name, const char *label,
		     const char *which, bool counter, uint64_t value)
{
	char field[64];

	if (!r->prometheus) {
		snprintf(field, sizeof(field), "%s-%s", which, name);
		report_number(r, field, 0, value);
		return;
	}
	if (r->family != name) {
		put(r, "# HELP ");
		put_labelled_name(r, name, label, counter);
		put(r, " %s, by %s\n# TYPE ", name, label);
		put_labelled_name(r, name, label, counter);
		put(r, counter ? " counter\n" : " gauge\n");
	}
	r->family = name;
	put_labelled_name(r, name, label, counter);
	put(r, "{%s=\"%s\"} %llu\n", label, which, (unsigned long long)value);
}

void report_addr4(struct report *r, const char *name, uint32_t addr)
{
	char text[INET_ADDRSTRLEN] = "";
	uint8_t wire[4];

	be_put32(wire, addr);
	inet_ntop(AF_INET, wire, text, sizeof(text));
	report_text(r, name, ADDR4_WIDTH, text);
}

void report_addr6(struct report *r, const char *name, struct addr6 addr)
{
	char text[INET6_ADDRSTRLEN] = "";
	uint8_t wire[16];

	addr6_store(wire, addr);
	inet_ntop(AF_INET6, wire, text, sizeof(text));
	report_text(r, name, ADDR6_WIDTH, text);
}

void report_net6(struct report *r, const char *name, struct addr6 addr,
		 unsigned int len)
{
	char text[INET6_ADDRSTRLEN + 8] = "";
	uint8_t wire[16];

	addr6_store(wire, addr);
	inet_ntop(AF_INET6, wire, text, INET6_ADDRSTRLEN);
	snprintf(text + strlen(text), 8, "/%u", len);
	report_text(r, name, ADDR6_WIDTH + 4, text);
}
