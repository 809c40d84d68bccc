/* SPDX-License-Identifier: MIT */
/*
 * answer.h - what a server said, and the reply that is made of it
 *
 * An answer is read once for the facts that decide (struct answer); the reply
 * is then made by walking its records again. Aliases are followed inside the
 * one answer only, so a chain never mixes two (RFC 6147, 5.1.5).
 */
#ifndef XLAT_DNS_ANSWER_H
#define XLAT_DNS_ANSWER_H

#include "dns/request.h"
#include "dns/synth.h"

/* Aliases that are followed. */
#define ANSWER_CHAIN       16u

/* TTL of synthetic records where no SOA record limits it (RFC 6147, 5.1.7). */
#define ANSWER_TTL         600u

/* Longest that data, and that its absence, is kept, seconds (RFC 8767, 4;
 * RFC 2308, 5). */
#define ANSWER_KEEP        86400u
#define ANSWER_KEEP_NEG    10800u

/* Most bytes that answer_make_failure() writes. */
#define ANSWER_FAILURE_MAX (MSG_HDR_LEN + MSG_NAME_MAX + 4 + 17)

#define ANSWER_SOA_DATA    (2 * MSG_NAME_MAX + 20)

/**
 * struct answer_soa - a SOA record that outlives its message
 * @owner:	apex of the zone; length 0: there is none
 * @ttl:	seconds
 * @rdlen:	bytes of @rdata, without compression
 */
struct answer_soa {
	struct msg_name owner;
	uint32_t ttl;
	uint16_t rdlen;
	uint8_t rdata[ANSWER_SOA_DATA];
};

/**
 * struct answer - the facts of a server's answer
 * @r:		reader, at the first record behind the question
 * @type:	type that was asked for
 * @rcode:	response code, 12 bits
 * @truncated:	TC is set
 * @edns:	it has an OPT record
 * @bogus:	the server says that validation failed (RFC 8914)
 * @sig:	there are signatures or proofs
 * @cookie:	offset of its first cookie; @cookie_len: its bytes, 0: none
 * @ede:	its first Extended DNS Error
 * @end:	name at the end of the aliases
 * @count:	records of @type owned by @end
 * @ttl:	the smallest TTL of those
 */
struct answer {
	struct msg_reader r;
	uint16_t type;
	uint16_t rcode;
	bool truncated;
	bool edns;
	bool bogus;
	bool sig;
	uint32_t cookie;
	uint32_t cookie_len;
	struct request_ede ede;
	struct msg_name end;
	uint32_t count;
	uint32_t ttl;
};

enum answer_kind { ANSWER_IS, ANSWER_BROKEN, ANSWER_FOREIGN };

/**
 * answer_read() - parse what a server sent
 * @id:		id of our question
 * @q:		our question
 *
 * Return: ANSWER_IS; ANSWER_BROKEN: it is the answer but malformed;
 *         ANSWER_FOREIGN: it is not the answer to this question (RFC 5452, 9.1)
 */
XL_MUST_USE enum answer_kind answer_read(struct answer *a, const void *data,
					 size_t len, uint16_t id,
					 const struct msg_question *q);

/**
 * answer_recall() - parse an answer that was kept
 * @age:	seconds since it came
 * @least:	what TTLs are at least; not 0 if it is too old
 *
 * Return: false if it is not the answer to @q
 */
XL_MUST_USE bool answer_recall(struct answer *a, const void *data, size_t len,
			       uint32_t age, uint32_t least,
			       const struct msg_question *q);

/* Does it say what there is, or that there is nothing? */
static inline bool answer_is_data(const struct answer *a)
{
	return a->rcode == MSG_NOERROR || a->rcode == MSG_NXDOMAIN;
}

/**
 * answer_lifetime() - for how long may an answer be kept, seconds?
 * @a:		answer_is_data()
 *
 * That of absence is said by a SOA record; without it, it is not kept
 * (RFC 2308, 5).
 */
uint32_t answer_lifetime(const struct answer *a);

/**
 * answer_make_failure() - the answer that stands for none at all
 * @buf:	ANSWER_FAILURE_MAX bytes
 *
 * Return: its length
 */
uint32_t answer_make_failure(void *buf, const struct msg_question *q);

/* Is it the type of a signature, or of a proof that there is nothing? */
static inline bool answer_is_proof(uint16_t type)
{
	return type == MSG_RRSIG || type == MSG_NSEC || type == MSG_NSEC3;
}

/* Next record of the answer section, skimmed; false behind the last. */
XL_MUST_USE bool answer_next(struct msg_reader *r, struct msg_rr *rr);

/* Is the record that was skimmed about @name? It then has its owner. */
XL_MUST_USE bool answer_owner_is(const struct msg_reader *r, struct msg_rr *rr,
				 const struct msg_name *name);

/* Is it an AAAA record that is not to be believed? */
bool answer_excluded(const struct msg_reader *r, const struct msg_rr *rr,
		     const struct synth *s);

/**
 * answer_has_aaaa() - is there an AAAA record that is not excluded?
 * @a:		answer to an AAAA question
 */
bool answer_has_aaaa(const struct answer *a, const struct synth *s);

/* Keep the SOA record of a negative answer, if it has one. */
void answer_keep_soa(const struct answer *a, struct answer_soa *soa);

/*
 * The records of a reply: compose.c.
 */

/* Write AAAA records. */
void answer_put_set(struct msg_writer *w, const struct msg_name *owner,
		    const struct synth_set *set, uint32_t ttl);

/* Write a SOA record that was kept. */
void answer_put_soa(struct msg_writer *w, const struct answer_soa *soa);

/**
 * answer_pass() - hand an answer on as it is
 * @s:		leave out excluded AAAA records, their signatures, and A
 *		records (RFC 6147, 5.1.4); NULL: leave nothing out
 *
 * A client that did not set DO gets no signatures and proofs (RFC 4035,
 * 3.2.1). The server's OPT record is its own affair.
 */
void answer_pass(struct request_frame *f, const struct answer *a,
		 const struct synth *s);

/**
 * answer_can_synth() - does an answer to an A question hold an address that
 * can be mapped?
 */
bool answer_can_synth(const struct answer *a, const struct synth *s);

/**
 * answer_synth() - answer an AAAA question out of the answer to an A question
 * @soa:	of the negative answer to the AAAA question; limits the TTL, and
 *		proves the negative if nothing can be synthesised
 */
void answer_synth(struct request_frame *f, const struct answer *a,
		  const struct synth *s, const struct answer_soa *soa);

/**
 * answer_alias() - answer a PTR question out of the answer to another
 * @to:		name of the other question; an alias to it is put in front if
 *		it has any data (RFC 6147, 5.3.1)
 */
void answer_alias(struct request_frame *f, const struct answer *a,
		  const struct msg_name *to);

#endif
