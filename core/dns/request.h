/* SPDX-License-Identifier: MIT */
/*
 * request.h - what a client asks, and the frame of what it is told
 *
 * A reply is begun with request_reply(), gets its records, and is ended with
 * request_finish(), which puts the OPT record at its end, for which room was
 * kept, or makes it a truncated one.
 */
#ifndef XLAT_DNS_REQUEST_H
#define XLAT_DNS_REQUEST_H

#include "dns/cookie.h"
#include "dns/msg.h"

/* Bytes over UDP that get through unfragmented (RFC 9715, 3). */
#define REQUEST_UDP_SIZE 1232u
#define REQUEST_UDP_MIN  512u

/**
 * struct request - a client's question
 * @q:		question; name of length 0: there was none
 * @id:		message id
 * @flags:	opcode, RD and CD of the header, the rest zero
 * @size:	bytes over UDP that the client takes
 * @edns:	it sent an OPT record
 * @dnssec:	its DO bit is set (RFC 3225)
 * @cookie_len:	bytes of the cookie that it sent; 0: none
 * @cookie:	the first COOKIE_LEN of them; set it anew for the reply
 */
struct request {
	struct msg_question q;
	uint16_t id;
	uint16_t flags;
	uint16_t size;
	bool edns;
	bool dnssec;
	uint8_t cookie_len;
	uint8_t cookie[COOKIE_LEN];
};

enum request_kind { REQUEST_ASKS, REQUEST_COOKIE, REQUEST_WRONG, REQUEST_DROP };

/**
 * request_read() - parse what a client sent
 * @rcode:	for REQUEST_WRONG: the answer
 *
 * Return: REQUEST_ASKS; REQUEST_COOKIE: it asks for nothing but its cookie
 *         (RFC 7873, 5.4); REQUEST_WRONG: answer with @rcode; REQUEST_DROP: too
 *         short, or itself an answer (replying could loop)
 */
XL_MUST_USE enum request_kind request_read(struct request *rq, const void *data,
					   size_t len, uint16_t *rcode);

#define REQUEST_EDE_MAX 128u

/**
 * struct request_ede - an Extended DNS Error to go into the OPT record
 * @len:	bytes of @data; 0: none
 * @data:	info-code in wire order, and text (RFC 8914, 2)
 */
struct request_ede {
	uint8_t len;
	uint8_t data[REQUEST_EDE_MAX];
};

/* Info-codes that this program gives (RFC 8914, 4; IANA for the last). */
enum request_ede_code {
	REQUEST_EDE_STALE = 3,
	REQUEST_EDE_PROHIBITED = 18,
	REQUEST_EDE_NO_AUTHORITY = 22,
	REQUEST_EDE_SYNTHESIZED = 29,
};

struct request_ede request_ede(enum request_ede_code code);

/**
 * struct request_frame - a reply that is being made
 * @w:		records go here, when the reply has been begun
 * @rcode:	response code, 12 bits
 */
struct request_frame {
	struct msg_writer w;
	const struct request *rq;
	uint32_t limit;
	uint16_t rcode;
	struct request_ede ede;
};

/**
 * request_reply() - begin a reply: header and question
 * @buf:	MSG_MAX bytes if @tcp, else REQUEST_UDP_SIZE
 * @rcode:	response code
 * @ede:	to tell a client that speaks EDNS; may be NULL
 *
 * RA is set, RD and CD are the client's; AA, AD and TC are clear: nothing
 * here is authoritative, nothing was validated (RFC 4035, 3.2.3).
 */
void request_reply(struct request_frame *f, const struct request *rq, bool tcp,
		   void *buf, uint16_t rcode, const struct request_ede *ede);

/**
 * request_finish() - end a reply; one that did not fit becomes an empty one
 * with TC set
 *
 * Return: its length
 */
XL_MUST_USE uint32_t request_finish(struct request_frame *f);

#endif
