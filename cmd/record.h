/* SPDX-License-Identifier: MIT */
/*
 * record.h - what a NAT64 does, as records for the log, syslog and IPFIX
 *
 * Theory of operation. The NAT64 notes events in a ring (event.h), from which
 * each way out reads at its own pace, after every batch of packets. A way that
 * takes nothing at the moment is tried again a little later, one that is broken
 * after a second; what does not fit into the ring meanwhile is lost, the
 * oldest first, and counted. Nothing of this ever waits.
 */
#ifndef XLAT_CMD_RECORD_H
#define XLAT_CMD_RECORD_H

#include "app.h"
#include "nat64/event.h"
#include "nat64/ipfix.h"
#include "sink.h"

/**
 * struct record_options - what is recorded, and where
 * @bindings:	bindings, or blocks of ports
 * @sessions:	sessions, with the hosts that clients talk with
 * @syslog:	whom to send them to as messages of RFC 5424
 * @ipfix:	whom as messages of RFC 7011
 * @refresh:	seconds between two sendings of IPFIX templates
 */
struct record_options {
	bool bindings;
	bool sessions;
	struct sink_address syslog;
	struct sink_address ipfix;
	uint32_t refresh;
};

#define RECORD_DEFAULTS                                                        \
	{                                                                      \
		.refresh = 60                                                  \
	}

#define RECORD_ROW_COUNT 5

extern const struct option_row record_rows[];

/* The group of these rows; @base: where a struct record_options is. */
#define RECORD_GROUP(base)                                                     \
	{                                                                      \
		"records of what was translated", record_rows,                 \
			RECORD_ROW_COUNT, base                                 \
	}

/* record_options_adopt() - take over what may change at run time. */
void record_options_adopt(struct record_options *o,
			  const struct record_options *fresh);

enum record_ways { RECORD_LOG, RECORD_SYSLOG, RECORD_IPFIX, RECORD_WAYS };

#define RECORD_BUFFER 4096u

/**
 * struct record_way - a way out
 * @retry:	it is not tried before then
 * @cursor:	where it is in the ring
 * @lost:	events that left the ring unread, or that are known to have
 *		found nobody
 * @told:	so many of them the log has told of
 * @next_tale:	it tells no more before then, ns
 * @sent:	records
 * @last:	records in the last datagram, which may turn out to be lost
 * @err:	why it was broken the last time it was tried; 0: it was not
 * @tried:	it was refused, and a record is on its way to see if that has
 *		changed
 * @start:	of what is to be written
 * @len:	bytes in @buf
 * @records:	in @buf
 */
struct record_way {
	struct ev_timer retry; /* first member */
	struct record *owner;
	bool open;
	struct sink sink;
	uint64_t cursor;
	uint64_t lost;
	uint64_t told;
	uint64_t next_tale;
	uint64_t sent;
	uint32_t last;
	int err;
	bool tried;
	uint32_t start;
	uint32_t len;
	uint32_t records;
	char buf[RECORD_BUFFER];
};

/**
 * struct record - all of them
 * @ring:	to be listened to with nat64_listen(), if @wants
 * @now:	monotonic time that ...
 * @wall:	... this time since 1970 belongs to, ns
 * @missed:	events that other threads have lost
 * @templates:	when those of IPFIX are sent again
 */
struct record {
	const struct record_options *opt;
	const struct app *app;
	struct ev_loop *loop;
	struct nat64_events ring;
	struct ipfix ipfix;
	struct ev_timer templates;
	uint64_t now;
	uint64_t wall;
	uint64_t missed;
	char host[256];
	struct record_way ways[RECORD_WAYS];
};

/**
 * record_open() - open the ways out that the options name; for the stage open
 * @pool6:	the NAT64's
 */
XL_MUST_USE enum exit_status record_open(struct record *r, struct app *a,
					 const struct record_options *opt,
					 struct pref64 pool6);

/**
 * record_ring() - what to listen with, by the options as they are now
 * @blocks:	there are blocks of ports, which stand for their bindings
 *
 * Return: NULL: there is no memory
 */
struct nat64_events *record_ring(struct record *r, bool blocks);

/* record_put() - an event that another thread has noted. */
void record_put(struct record *r, const struct nat64_event *e);

/**
 * record_drain() - hand on what has happened, but not too much at a time
 */
void record_drain(struct record *r);

/**
 * record_close() - hand on what there is, if it is taken at once
 */
void record_close(struct record *r);

void record_counters(const struct record *r, struct report *out);

/**
 * record_line() - an event as a line for the log
 * record_syslog() - as a message of RFC 5424
 * @ms:		when it was, milliseconds since 1970
 * @out:	RECORD_LINE bytes
 *
 * Return: bytes, without a NUL
 */
#define RECORD_LINE 512u

uint32_t record_line(const struct app_options *o, const struct nat64_event *e,
		     uint64_t ms, char *out);
uint32_t record_syslog(const struct record *r, const struct nat64_event *e,
		       uint64_t ms, char *out);

#endif
