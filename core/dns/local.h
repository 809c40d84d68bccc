/* SPDX-License-Identifier: MIT */
/*
 * local.h - questions that no server is asked: the zone ipv4only.arpa
 * (RFC 8880, 7.1), the ip6.arpa names of the prefixes (RFC 6147, 5.3.1), and
 * domains that are in no zone (RFC 6761)
 */
#ifndef XLAT_DNS_LOCAL_H
#define XLAT_DNS_LOCAL_H

#include "dns/answer.h"

/* How long what is said here may be remembered, seconds. */
#define LOCAL_TTL 3600u

enum local_kind {
	LOCAL_NO,      /* not of our zones */
	LOCAL_V4,      /* the addresses of ipv4only.arpa */
	LOCAL_V6,      /* the same under every prefix */
	LOCAL_HOST,    /* a loopback address */
	LOCAL_PTR,     /* one of those addresses is called ipv4only.arpa */
	LOCAL_NOTHING, /* the name exists, the type does not */
	LOCAL_NOBODY,  /* the name does not exist */
	LOCAL_ALIAS,   /* ask for the PTR records of another name instead */
};

/**
 * struct local - what is known here about a question
 * @name:	LOCAL_ALIAS: that other name; LOCAL_NOTHING and LOCAL_NOBODY:
 *		apex of the zone
 */
struct local {
	enum local_kind kind;
	struct msg_name name;
};

/**
 * local_find() - is this a question for our own zones?
 */
struct local local_find(const struct synth *s, const struct msg_question *q);

/**
 * local_rcode() - the response code for it
 */
uint16_t local_rcode(const struct local *l);

/**
 * local_put() - write its records, or the SOA record that denies them
 * @l:		not LOCAL_NO, not LOCAL_ALIAS
 */
void local_put(struct request_frame *f, const struct synth *s,
	       const struct local *l);

#endif
