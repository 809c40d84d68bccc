/* SPDX-License-Identifier: MIT */
/*
 * ipfix.h - events as IPFIX messages (RFC 7011, RFC 8158)
 *
 * Theory of operation. A record is the values of a template's fields, one
 * after the other; a template says what they are. There is one for each kind
 * of event, in one message that is sent now and again. Consecutive events of
 * one template share a set. Everything is big endian.
 */
#ifndef XLAT_NAT64_IPFIX_H
#define XLAT_NAT64_IPFIX_H

#include "nat64/event.h"
#include "siit/pref64.h"

/* What ipfix_templates() makes is shorter than this. */
#define IPFIX_TEMPLATES_MAX 384u

/* A message that holds less than this may not take an event. */
#define IPFIX_MESSAGE_MIN   128u

/**
 * struct ipfix - an exporting process, and the message that it writes
 * @pool6:	what makes a remote host's IPv6 address
 * @domain:	observation domain
 * @sequence:	data records of all messages that were sent
 * @buf:	the message
 * @size:	room for it, IPFIX_MESSAGE_MIN at least
 * @len:	bytes so far; 0: it has not been begun
 * @records:	in it
 * @set:	where its last set begins
 * @set_id:	and what that is of
 */
struct ipfix {
	struct pref64 pool6;
	uint32_t domain;
	uint32_t sequence;
	uint8_t *buf;
	uint32_t size;
	uint32_t len;
	uint32_t records;
	uint32_t set;
	uint16_t set_id;
};

/**
 * ipfix_templates() - a message with all templates
 * @time:	seconds since 1970
 * @out:	IPFIX_TEMPLATES_MAX bytes
 *
 * Return: its length
 */
XL_MUST_USE uint32_t ipfix_templates(const struct ipfix *x, uint32_t time,
				     uint8_t *out);

/**
 * ipfix_add() - write an event behind what there is
 * @ms:		when it was, milliseconds since 1970
 *
 * Return: false if the message is full: send it, then add this one again
 */
XL_MUST_USE bool ipfix_add(struct ipfix *x, const struct nat64_event *e,
			   uint64_t ms);

/**
 * ipfix_end() - the message is to be sent, @x->len bytes of @x->buf
 * @time:	seconds since 1970
 */
void ipfix_end(struct ipfix *x, uint32_t time);

/**
 * ipfix_sent() - it has been, and another one can be begun
 */
void ipfix_sent(struct ipfix *x);

#endif
