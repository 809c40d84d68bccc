/* SPDX-License-Identifier: MIT */
/*
 * dns_help.h - DNS messages for tests: made from words, shown as words
 *
 * Names are written as text here, "www.example"; "" is the root. Messages
 * are made without compression and without core's writer, so that reader and
 * writer are not tested against themselves.
 */
#ifndef TEST_DNS_HELP_H
#define TEST_DNS_HELP_H

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dns/msg.h"

/**
 * struct dm - a DNS message that is being made
 */
struct dm {
	uint8_t b[65535];
	size_t n;
};

static inline void dm_u16(struct dm *m, unsigned int v)
{
	m->b[m->n++] = (uint8_t)(v >> 8);
	m->b[m->n++] = (uint8_t)v;
}

static inline void dm_bytes(struct dm *m, const void *data, size_t n)
{
	memcpy(m->b + m->n, data, n);
	m->n += n;
}

static inline void dm_name(struct dm *m, const char *text)
{
	while (*text) {
		size_t n = strcspn(text, ".");

		m->b[m->n++] = (uint8_t)n;
		dm_bytes(m, text, n);
		text += n + (text[n] == '.');
	}
	m->b[m->n++] = 0;
}

static inline void dm_bump(struct dm *m, unsigned int section)
{
	unsigned int at = 4 + 2 * section;
	unsigned int v = m->b[at] * 256u + m->b[at + 1] + 1;

	m->b[at] = (uint8_t)(v >> 8);
	m->b[at + 1] = (uint8_t)v;
}

static inline void dm_begin(struct dm *m, unsigned int id, unsigned int flags)
{
	m->n = 0;
	dm_u16(m, id);
	dm_u16(m, flags);
	memset(m->b + 4, 0, 8);
	m->n = 12;
}

static inline void dm_question(struct dm *m, const char *name,
			       unsigned int type)
{
	dm_name(m, name);
	dm_u16(m, type);
	dm_u16(m, 1);
	dm_bump(m, 0);
}

static inline void dm_rr(struct dm *m, unsigned int section, const char *name,
			 unsigned int type, unsigned long ttl,
			 const void *rdata, size_t rdlen)
{
	dm_name(m, name);
	dm_u16(m, type);
	dm_u16(m, 1);
	dm_u16(m, (unsigned int)(ttl >> 16));
	dm_u16(m, (unsigned int)(ttl & 0xffff));
	dm_u16(m, (unsigned int)rdlen);
	dm_bytes(m, rdata, rdlen);
	dm_bump(m, section);
}

static inline void dm_rr_name(struct dm *m, unsigned int section,
			      const char *name, unsigned int type,
			      unsigned long ttl, const char *target)
{
	struct dm rdata = { .n = 0 };

	dm_name(&rdata, target);
	dm_rr(m, section, name, type, ttl, rdata.b, rdata.n);
}

static inline void dm_a(struct dm *m, const char *name, unsigned long ttl,
			const char *addr)
{
	uint8_t wire[4];

	inet_pton(AF_INET, addr, wire);
	dm_rr(m, 1, name, 1, ttl, wire, 4);
}

static inline void dm_aaaa(struct dm *m, const char *name, unsigned long ttl,
			   const char *addr)
{
	uint8_t wire[16];

	inet_pton(AF_INET6, addr, wire);
	dm_rr(m, 1, name, 28, ttl, wire, 16);
}

static inline void dm_soa_minimum(struct dm *m, const char *zone,
				  unsigned long ttl, unsigned int minimum)
{
	struct dm rdata = { .n = 0 };

	dm_name(&rdata, "ns.invalid");
	dm_name(&rdata, "who.invalid");
	for (unsigned int i = 0; i < 5; i++) {
		dm_u16(&rdata, 0);
		dm_u16(&rdata, i == 4 ? minimum : 7 + i);
	}
	dm_rr(m, 2, zone, 6, ttl, rdata.b, rdata.n);
}

static inline void dm_soa(struct dm *m, const char *zone, unsigned long ttl)
{
	dm_soa_minimum(m, zone, ttl, 3600);
}

/* An OPT record; @option: at most one, its code, with @text behind @info. */
static inline void dm_opt(struct dm *m, unsigned int size, unsigned long ttl,
			  int ede)
{
	m->b[m->n++] = 0;
	dm_u16(m, 41);
	dm_u16(m, size);
	dm_u16(m, (unsigned int)(ttl >> 16));
	dm_u16(m, (unsigned int)(ttl & 0xffff));
	dm_u16(m, ede < 0 ? 0 : 6);
	if (ede >= 0) {
		dm_u16(m, 15);
		dm_u16(m, 2);
		dm_u16(m, (unsigned int)ede);
	}
	dm_bump(m, 3);
}

/* An OPT record with these options as they are. */
static inline void dm_opt_data(struct dm *m, const void *options, size_t n)
{
	dm_opt(m, 1232, 0, -1);
	m->n -= 2;
	dm_u16(m, (unsigned int)n);
	dm_bytes(m, options, n);
}

/* A name as text; bytes that would confuse as \NNN. */
static inline size_t show_name(char *out, const struct msg_name *name)
{
	size_t n = 0;

	for (unsigned int at = 0; name->b[at]; at += name->b[at] + 1u) {
		for (unsigned int i = 1; i <= name->b[at]; i++) {
			const uint8_t c = name->b[at + i];

			if (c > ' ' && c < 127 && c != '.')
				out[n++] = (char)c;
			else
				n += (size_t)sprintf(out + n, "\\%03u", c);
		}
		out[n++] = '.';
	}
	if (n == 0)
		out[n++] = '.';
	out[n] = '\0';
	return n;
}

static inline size_t show_data(char *out, const struct msg_reader *r,
			       const struct msg_rr *rr)
{
	char text[INET6_ADDRSTRLEN];
	struct msg_name name;
	uint32_t at = rr->rdata;
	size_t n = 0;

	switch (rr->type) {
	case 1:
	case 28:
		inet_ntop(rr->type == 1 ? AF_INET : AF_INET6, r->data + at,
			  text, sizeof(text));
		return (size_t)sprintf(out, "%s %s",
				       rr->type == 1 ? "A" : "AAAA", text);
	case 2:
	case 5:
	case 6:
	case 12:
	case 39:
		if (!msg_read_name(r, &at, &name))
			return (size_t)sprintf(out, "BAD");
		n = (size_t)sprintf(out, "%s ",
				    rr->type == 2    ? "NS"
				    : rr->type == 5  ? "CNAME"
				    : rr->type == 6  ? "SOA"
				    : rr->type == 12 ? "PTR"
						     : "DNAME");
		return n + show_name(out + n, &name);
	default:
		n = (size_t)sprintf(out, "TYPE%u ", rr->type);
		for (unsigned int i = 0; i < rr->rdlen; i++)
			n += (size_t)sprintf(out + n, "%02x", r->data[at + i]);
		return n;
	}
}

/*
 * A message as text, a line each: "RCODE FLAGS", the question, and the
 * records, "an www.example. 300 AAAA 64:ff9b::102:304". Flags are shown by
 * their letters in the order of the header; an OPT record as
 * "opt SIZE TTL OPTIONS".
 */
static inline const char *show(const uint8_t *data, size_t len)
{
	static char out[200000];
	static const char *const sections[] = { "qd", "an", "ns", "ar" };
	struct msg_question q;
	struct msg_reader r;
	struct msg_rr rr;
	enum msg_got got;
	unsigned int flags;
	size_t n;

	if (!msg_read(&r, data, len))
		return "SHORT\n";
	flags = msg_flags(&r);
	n = (size_t)sprintf(
		out, "%u%s%s%s%s%s%s%s\n", flags & 15,
		flags & 0x8000 ? " qr" : "", flags & 0x0400 ? " aa" : "",
		flags & 0x0200 ? " tc" : "", flags & 0x0100 ? " rd" : "",
		flags & 0x0080 ? " ra" : "", flags & 0x0020 ? " ad" : "",
		flags & 0x0010 ? " cd" : "");
	while (r.left[0]) {
		if (!msg_read_question(&r, &q))
			return "BAD QUESTION\n";
		n += (size_t)sprintf(out + n, "qd ");
		n += show_name(out + n, &q.name);
		n += (size_t)sprintf(out + n, " %u %u\n", q.class, q.type);
	}
	while ((got = msg_read_rr(&r, &rr)) == MSG_RR) {
		if (rr.type == 41) {
			n += (size_t)sprintf(out + n, "opt %u %08x ", rr.class,
					     rr.ttl);
			for (unsigned int i = 0; i < rr.rdlen; i++)
				n += (size_t)sprintf(out + n, "%02x",
						     data[rr.rdata + i]);
		} else {
			n += (size_t)sprintf(out + n, "%s ",
					     sections[rr.section]);
			n += show_name(out + n, &rr.owner);
			n += (size_t)sprintf(out + n, " %u ", rr.ttl);
			n += show_data(out + n, &r, &rr);
		}
		n += (size_t)sprintf(out + n, "\n");
	}
	if (got == MSG_BAD || r.pos != r.len)
		sprintf(out + n, "BAD\n");
	return out;
}

#endif
