/* SPDX-License-Identifier: MIT */
#include "nat64/snapshot.h"

#include "nat64/clock.h"
#include "nat64/cooling.h"
#include "nat64/restore.h"

#define MAGIC   "xlat plat state\n"
#define END     "end of the state of plat"
#define VERSION 1u

/* Where things are in the head... */
enum {
	HEAD_MAGIC = 0,
	HEAD_VERSION = 16,
	HEAD_RECORD = 20,
	HEAD_UP = 24,
	HEAD_WALL = 32,
	HEAD_BOOT = 40,
	HEAD_POOL6 = 80,
	HEAD_POOL6_LEN = 96,
	HEAD_THREADS = 97, /* 0: one */
};

/* ...in a session's record... */
enum {
	REC_CLIENT = 0,
	REC_POOL = 16,
	REC_REMOTE = 20,
	REC_CLIENT_PORT = 24,
	REC_POOL_PORT = 26,
	REC_REMOTE_PORT = 28,
	REC_BIB = 30,
	REC_TCP = 31,
	REC_AGE = 32,
	REC_CLASS = 36,
};

/* ...the class of which is none if it is a port... */
#define CLASS_PORT 0xffu

/* ...and in the tail. */
enum { TAIL_END = 0, TAIL_COUNT = 24, TAIL_SUM = 32 };

/* Each step can be undone, so that no change of one word is missed. */
static uint64_t sum_record(uint64_t sum, const uint8_t *record)
{
	for (unsigned int i = 0; i < SNAPSHOT_RECORD; i += 8) {
		sum = (sum ^ be_get64(record + i)) * 0x9e3779b97f4a7c15;
		sum ^= sum >> 32;
	}
	return sum;
}

static void write_head(const struct snapshot *s, const struct nat64 *n,
		       uint8_t *out)
{
	const struct pref64 *p = &n->cfg.pool6;

	mem_zero(out, SNAPSHOT_HEAD);
	mem_copy(out + HEAD_MAGIC, MAGIC, 16);
	be_put32(out + HEAD_VERSION, VERSION);
	be_put32(out + HEAD_RECORD, SNAPSHOT_RECORD);
	be_put64(out + HEAD_UP, s->origin.up);
	be_put64(out + HEAD_WALL, s->origin.wall);
	mem_copy(out + HEAD_BOOT, s->origin.boot, SNAPSHOT_BOOT);
	addr6_store(out + HEAD_POOL6, p->prefix);
	out[HEAD_POOL6_LEN] = (uint8_t)p->len;
	out[HEAD_THREADS] = n->cfg.shards > 1 ? (uint8_t)n->cfg.shards : 0;
}

/* Seconds until the file's time. */
static uint32_t age_of(const struct snapshot *shot, uint32_t since)
{
	const uint32_t now = (uint32_t)(shot->now / NS_PER_S);

	return now > since ? now - since : 0;
}

static void write_session(const struct snapshot *shot, const struct nat64 *n,
			  const struct session *s, uint8_t *out)
{
	mem_zero(out, SNAPSHOT_RECORD);
	addr6_store(out + REC_CLIENT, s->client);
	be_put32(out + REC_POOL, s->pool);
	be_put32(out + REC_REMOTE, s->remote);
	be_put16(out + REC_CLIENT_PORT, s->client_port);
	be_put16(out + REC_POOL_PORT, s->pool_port);
	be_put16(out + REC_REMOTE_PORT, s->remote_port);
	out[REC_BIB] = s->bib;
	out[REC_TCP] = s->tcp;
	be_put32(out + REC_AGE, age_of(shot, quicken_used(n, s)));
	out[REC_CLASS] = s->class;
}

/* Return: false: there is none left. */
static bool write_port(struct snapshot *s, const struct nat64 *n, uint8_t *out)
{
	const struct cooling *c;

	if (s->port < n->cooling_first)
		s->port = n->cooling_first;
	if (s->port >= n->cooling_end)
		return false;
	c = cooling_at(n, s->port++);
	mem_zero(out, SNAPSHOT_RECORD);
	be_put32(out + REC_POOL, c->pool);
	be_put16(out + REC_POOL_PORT, c->port);
	out[REC_BIB] = c->bib;
	be_put32(out + REC_AGE, age_of(s, c->since));
	out[REC_CLASS] = CLASS_PORT;
	return true;
}

static void write_tail(const struct snapshot *s, uint8_t *out)
{
	mem_zero(out, SNAPSHOT_RECORD);
	mem_copy(out + TAIL_END, END, 24);
	be_put64(out + TAIL_COUNT, s->count);
	be_put64(out + TAIL_SUM, s->sum);
}

/* Return: bytes of what comes next. */
static size_t write_next(struct snapshot *s, const struct nat64 *n,
			 uint8_t *out)
{
	if (s->stage == SNAPSHOT_AT_HEAD) {
		write_head(s, n, out);
		s->stage = SNAPSHOT_AT_SESSIONS;
		return SNAPSHOT_HEAD;
	}
	if (s->stage == SNAPSHOT_AT_SESSIONS) {
		s->cursor = slab_next(&n->sessions, s->cursor);
		if (s->cursor) {
			write_session(s, n, session_at(n, s->cursor), out);
			s->count++;
			return SNAPSHOT_RECORD;
		}
		s->stage = SNAPSHOT_AT_PORTS;
	}
	if (s->stage == SNAPSHOT_AT_PORTS) {
		if (write_port(s, n, out)) {
			s->count++;
			return SNAPSHOT_RECORD;
		}
		s->stage = s->more ? SNAPSHOT_AT_NEXT : SNAPSHOT_AT_TAIL;
	}
	if (s->stage == SNAPSHOT_DONE || s->stage == SNAPSHOT_AT_NEXT)
		return 0;
	write_tail(s, out);
	s->stage = SNAPSHOT_DONE;
	return SNAPSHOT_RECORD;
}

void snapshot_next(struct snapshot *s)
{
	s->stage = SNAPSHOT_AT_SESSIONS;
	s->cursor = 0;
	s->port = 0;
}

size_t snapshot_fill(struct snapshot *s, const struct nat64 *n, uint8_t *out,
		     size_t size)
{
	size_t len = 0;
	size_t more = 1;

	while (more && size - len >= SNAPSHOT_HEAD) {
		more = write_next(s, n, out + len);
		for (size_t i = 0; i < more; i += SNAPSHOT_RECORD)
			s->sum = sum_record(s->sum, out + len + i);
		len += more;
	}
	return len;
}

/* Nothing, or zeros: what a loss of power leaves of a file. */
static bool is_empty(const uint8_t *file, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (file[i])
			return false;
	return true;
}

bool snapshot_is_ours(const uint8_t *file, size_t len)
{
	const size_t magic = len < 16 ? len : 16;

	return mem_equal(file + HEAD_MAGIC, MAGIC, magic) ||
	       is_empty(file, len);
}

static bool is_for(const struct nat64 *n, const uint8_t *file)
{
	return file[HEAD_POOL6_LEN] == n->cfg.pool6.len &&
	       addr6_equal(addr6_load(file + HEAD_POOL6), n->cfg.pool6.prefix);
}

const char *snapshot_check(const struct nat64 *n, const uint8_t *file,
			   size_t len)
{
	const uint8_t *tail = file + len - SNAPSHOT_RECORD;
	uint64_t sum = 0;

	if (!snapshot_is_ours(file, len))
		return "is no state of xlat plat";
	if (is_empty(file, len))
		return "is empty";
	if (len >= SNAPSHOT_HEAD &&
	    (be_get32(file + HEAD_VERSION) != VERSION ||
	     be_get32(file + HEAD_RECORD) != SNAPSHOT_RECORD))
		return "is of another version of xlat";
	if (len < SNAPSHOT_HEAD + SNAPSHOT_RECORD || len % SNAPSHOT_RECORD ||
	    !mem_equal(tail + TAIL_END, END, 24) ||
	    be_get64(tail + TAIL_COUNT) != snapshot_count(len))
		return "is cut off";
	for (const uint8_t *at = file; at < tail; at += SNAPSHOT_RECORD)
		sum = sum_record(sum, at);
	if (be_get64(tail + TAIL_SUM) != sum)
		return "is damaged: its checksum is wrong";
	return is_for(n, file) ? NULL : "is of another pool6";
}

uint32_t snapshot_threads(const uint8_t *file)
{
	return file[HEAD_THREADS] ? file[HEAD_THREADS] : 1;
}

uint32_t snapshot_away(const uint8_t *file, const struct snapshot_origin *now)
{
	const bool same_boot =
		mem_equal(file + HEAD_BOOT, now->boot, SNAPSHOT_BOOT);
	const uint64_t then =
		be_get64(file + (same_boot ? HEAD_UP : HEAD_WALL));
	const uint64_t here = same_boot ? now->up : now->wall;

	if (here < then)
		return 0;
	return here - then < UINT32_MAX ? (uint32_t)(here - then) : UINT32_MAX;
}

static struct session read_session(const uint8_t *record)
{
	return (struct session){
		.client = addr6_load(record + REC_CLIENT),
		.pool = be_get32(record + REC_POOL),
		.remote = be_get32(record + REC_REMOTE),
		.client_port = be_get16(record + REC_CLIENT_PORT),
		.pool_port = be_get16(record + REC_POOL_PORT),
		.remote_port = be_get16(record + REC_REMOTE_PORT),
		.bib = record[REC_BIB],
		.tcp = record[REC_TCP],
		.class = record[REC_CLASS],
	};
}

bool snapshot_is_session(const uint8_t *record)
{
	return record[REC_CLASS] != CLASS_PORT;
}

XL_RARE bool snapshot_restore(struct nat64 *n, const uint8_t *record,
			      uint32_t away, uint64_t now)
{
	const struct session s = read_session(record);
	const uint64_t age = (uint64_t)be_get32(record + REC_AGE) + away;
	const struct cooling c = { .pool = s.pool,
				   .port = s.pool_port,
				   .bib = s.bib };

	clock_set(n, now);
	if (snapshot_is_session(record))
		return restore_session(n, &s, age);
	(void)!cooling_restore(n, &c, age);
	return false;
}
