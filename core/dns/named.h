/* SPDX-License-Identifier: MIT */
/*
 * named.h - a question of our own, and what an answer says about addresses
 */
#ifndef XLAT_DNS_NAMED_H
#define XLAT_DNS_NAMED_H

#include "dns/msg.h"
#include "wire/ip.h"

#define NAMED_ADDRS        8u

/* More than any question takes whose padding is up to NAMED_PAD_MAX bytes. */
#define NAMED_PAD_MAX      1800u
#define NAMED_QUESTION_MAX 2200u

/**
 * struct named_ask - a question
 * @q:		what about; of class IN
 * @id:		fresh and random (RFC 5452)
 * @pad:	bytes of EDNS padding (RFC 7830), even; 0: no EDNS. With EDNS
 *		the answer may be large, and have signatures
 */
struct named_ask {
	struct msg_question q;
	uint16_t id;
	uint16_t pad;
};

enum named_what {
	NAMED_IGNORE, /* not the answer, or damaged; go on waiting */
	NAMED_ANSWER, /* the addresses are all that there are */
	NAMED_FAILED, /* the server has no answer, or not over UDP */
};

/**
 * struct named - what an answer says
 * @addrs:	of the answer section, whatever aliases lead to them; those of
 *		type A in the low 32 bits
 */
struct named {
	enum named_what what;
	uint32_t count;
	struct addr6 addrs[NAMED_ADDRS];
};

/**
 * named_question() - write the question
 * @buf:	NAMED_QUESTION_MAX bytes
 *
 * Return: its length
 */
size_t named_question(void *buf, const struct named_ask *ask);

/* named_answer() - read an answer to it, which need not be one. */
struct named named_answer(const struct named_ask *ask, const void *msg,
			  size_t len);

#endif
