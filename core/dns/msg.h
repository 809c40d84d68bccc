/* SPDX-License-Identifier: MIT */
/*
 * msg.h - DNS messages: a bounded reader and a bounded writer (RFC 1035, 4.1)
 *
 * Names are kept in wire form without compression: any byte may stand in a
 * label (RFC 2181, 11), so text would be ambiguous. The reader never looks
 * beyond the message, follows compression pointers only backwards, and ends;
 * the writer never writes beyond its buffer, and remembers that it would have.
 */
#ifndef XLAT_DNS_MSG_H
#define XLAT_DNS_MSG_H

#include "wire/be.h"

#define MSG_HDR_LEN     12u
#define MSG_NAME_MAX    255u
#define MSG_MAX         65535u

/* A length byte from here on begins a pointer (RFC 1035, 4.1.4), of two bytes;
 * as far as it can point. */
#define MSG_POINTER     0xc0u
#define MSG_POINTER_MAX 0x3fffu

/* Record types that this program treats by name. */
enum msg_type {
	MSG_A = 1,
	MSG_NS = 2,
	MSG_CNAME = 5,
	MSG_SOA = 6,
	MSG_PTR = 12,
	MSG_AAAA = 28,
	MSG_DNAME = 39,
	MSG_OPT = 41,
	MSG_DS = 43,
	MSG_RRSIG = 46,
	MSG_NSEC = 47,
	MSG_NSEC3 = 50,
	MSG_IXFR = 251,
	MSG_AXFR = 252,
	MSG_ANY = 255,
};

enum msg_class { MSG_IN = 1 };

/* Response codes (RFC 1035; RFC 6891 and RFC 7873 for the last). */
enum msg_rcode {
	MSG_NOERROR = 0,
	MSG_FORMERR = 1,
	MSG_SERVFAIL = 2,
	MSG_NXDOMAIN = 3,
	MSG_NOTIMP = 4,
	MSG_REFUSED = 5,
	MSG_BADVERS = 16,
	MSG_BADCOOKIE = 23,
};

/* The header's second word (RFC 1035, 4.1.1; RFC 4035, 3.1.6 and 3.2.2). */
#define MSG_QR     0x8000u
#define MSG_OPCODE 0x7800u
#define MSG_TC     0x0200u
#define MSG_RD     0x0100u
#define MSG_RA     0x0080u
#define MSG_CD     0x0010u
#define MSG_RCODE  0x000fu

/* The DO bit in the TTL field of an OPT record (RFC 3225). */
#define MSG_DO     0x8000u

/* EDNS options: a cookie (RFC 7873), an Extended DNS Error (RFC 8914). */
#define MSG_COOKIE 10u
#define MSG_EDE    15u

/**
 * struct msg_name - a domain name in wire form
 * @len:	bytes, the root label included; 1 to 255
 * @b:		labels, each behind its length
 */
struct msg_name {
	uint8_t len;
	uint8_t b[MSG_NAME_MAX];
};

/**
 * struct msg_question - an entry of the question section
 */
struct msg_question {
	struct msg_name name;
	uint16_t type;
	uint16_t class;
};

/* The four sections; also how far a walk has come. */
enum msg_section { MSG_QUESTION, MSG_ANSWER, MSG_AUTHORITY, MSG_ADDITIONAL };

/**
 * struct msg_rr - a resource record of a message that is being read
 * @owner:	whom it is about; @at: offset of that in the message
 * @section:	MSG_ANSWER, MSG_AUTHORITY or MSG_ADDITIONAL
 * @type:	type; @class: class
 * @ttl:	seconds left; a set top bit reads as 0 (RFC 2181, 8). Of an
 *		OPT record: flags
 * @rdata:	offset of its data in the message
 * @rdlen:	bytes of data
 */
struct msg_rr {
	struct msg_name owner;
	uint32_t at;
	enum msg_section section;
	uint16_t type;
	uint16_t class;
	uint32_t ttl;
	uint32_t rdata;
	uint16_t rdlen;
};

/**
 * struct msg_reader - a message and how far it has been read
 * @data:	message; @len: its bytes
 * @pos:	offset of the next record
 * @left:	records that are still to come, by section
 * @age:	seconds since it came: TTLs are less by that
 * @least:	but not less than this
 */
struct msg_reader {
	const uint8_t *data;
	uint32_t len;
	uint32_t pos;
	uint16_t left[4];
	uint32_t age;
	uint32_t least;
};

/**
 * msg_read() - begin to read
 * @data:	message
 * @len:	its bytes, at most MSG_MAX
 *
 * Return: false if there is not even a header
 */
XL_MUST_USE bool msg_read(struct msg_reader *r, const void *data, size_t len);

static inline uint16_t msg_id(const struct msg_reader *r)
{
	return be_get16(r->data);
}

static inline uint16_t msg_flags(const struct msg_reader *r)
{
	return be_get16(r->data + 2);
}

/**
 * msg_read_name() - read a name, compressed or not (RFC 1035, 4.1.4)
 * @pos:	offset of its first byte; set to that behind its last
 *
 * Return: false: it leaves the message, is longer than 255 bytes, points
 *         forwards or into the header, or has a label type of the past
 */
XL_MUST_USE bool msg_read_name(const struct msg_reader *r, uint32_t *pos,
			       struct msg_name *name);

/**
 * msg_read_question() - read the next question
 *
 * Return: false if it is malformed
 */
XL_MUST_USE bool msg_read_question(struct msg_reader *r,
				   struct msg_question *q);

enum msg_got { MSG_RR, MSG_END, MSG_BAD };

/**
 * msg_read_rr() - read the next record; the questions must have been read
 *
 * Return: MSG_RR; MSG_END: there are no more; MSG_BAD: malformed
 */
XL_MUST_USE enum msg_got msg_read_rr(struct msg_reader *r, struct msg_rr *rr);

/**
 * msg_skim_rr() - the same without the owner, which then is not looked at
 */
XL_MUST_USE enum msg_got msg_skim_rr(struct msg_reader *r, struct msg_rr *rr);

/* Read the owner of a record that was skimmed; false if it is malformed. */
XL_MUST_USE bool msg_read_owner(const struct msg_reader *r, struct msg_rr *rr);

/* Copy a name, but not the room behind it. */
static inline void msg_name_copy(struct msg_name *to,
				 const struct msg_name *name)
{
	mem_copy(to, name, name->len + 1u);
}

/* Length bytes are below 64, so lowering them as if they were text is
 * harmless: no letter is. */
static inline uint8_t msg_lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
}

/* Compare bytes of names, ASCII letters without their case (RFC 4343). */
bool msg_equal_fold(const uint8_t *a, const uint8_t *b, size_t n);

/**
 * msg_name_equal() - compare names, ASCII letters without their case
 * (RFC 4343)
 */
bool msg_name_equal(const struct msg_name *a, const struct msg_name *b);

/**
 * msg_name_tail() - what is left of a name without its first labels
 * @skip:	labels to leave out; not more than it has
 */
struct msg_name msg_name_tail(const struct msg_name *name, unsigned int skip);

/* Labels of a name, the root not counted. */
unsigned int msg_name_labels(const struct msg_name *name);

/* Is @name @zone, or below it? */
bool msg_name_within(const struct msg_name *name, const struct msg_name *zone);

/**
 * msg_name_append() - put a label before the end of a name that is being made
 * @name:	a name, at first { 1, { 0 } }
 * @label:	@len bytes, 1 to 63
 *
 * Return: false if it does not fit
 */
XL_MUST_USE bool msg_name_append(struct msg_name *name, const void *label,
				 size_t len);

#define MSG_TARGETS 32u

/**
 * struct msg_writer - a message that is being made
 * @buf:	where; @size: room there
 * @len:	bytes written
 * @full:	something did not fit; what is there is not to be sent
 * @targets:	offsets of names that later ones may point at
 */
struct msg_writer {
	uint8_t *buf;
	uint32_t size;
	uint32_t len;
	bool full;
	uint8_t target_count;
	uint16_t targets[MSG_TARGETS];
};

/**
 * msg_write() - begin a message
 * @size:	room, at most MSG_MAX
 * @id:		message id
 * @flags:	the header's second word
 */
void msg_write(struct msg_writer *w, void *buf, size_t size, uint16_t id,
	       uint16_t flags);

/* Count one more record in @section; msg_put_rr() and _question() do. */
void msg_count(struct msg_writer *w, enum msg_section section);

void msg_put_bytes(struct msg_writer *w, const void *data, size_t len);
void msg_put_u16(struct msg_writer *w, uint16_t v);
void msg_put_u32(struct msg_writer *w, uint32_t v);

/**
 * msg_put_name() - write a name
 * @compress:	point at an equal ending where there is one; the letter case
 *		of that ending then is what the reader will see
 */
void msg_put_name(struct msg_writer *w, const struct msg_name *name,
		  bool compress);

void msg_put_question(struct msg_writer *w, const struct msg_question *q);

/**
 * struct msg_mark - a place in a message that is being made, to come back to
 */
struct msg_mark {
	uint32_t len;
	uint8_t target_count;
};

struct msg_mark msg_mark(const struct msg_writer *w);

/* Forget what was written since; its record must not have been counted. */
void msg_rewind(struct msg_writer *w, struct msg_mark mark);

/**
 * msg_put_rr() - write a record's head, and count it
 * @section:	not before an earlier one's
 *
 * Return: what msg_end_rr() needs, to be called when the data is written
 */
XL_MUST_USE uint32_t msg_put_rr(struct msg_writer *w, enum msg_section section,
				const struct msg_name *owner, uint16_t type,
				uint32_t ttl);
void msg_end_rr(struct msg_writer *w, uint32_t start);

/**
 * msg_copy_rr() - write a record of another message
 * @r:		the message that @rr was read from
 *
 * Names in the data of the types that RFC 1035 defines and RFC 3597, 4 lists
 * may be compressed there: they are written anew. All other data is copied
 * byte for byte.
 *
 * Return: false if those names are malformed
 */
XL_MUST_USE bool msg_copy_rr(struct msg_writer *w, const struct msg_reader *r,
			     const struct msg_rr *rr);

#endif
