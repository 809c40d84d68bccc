/* SPDX-License-Identifier: MIT */
#include "trace.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "pages.h"
#include "pcapng.h"
#include "pkttext.h"

#define SECOND     1000000000ull
#define WORDS_SIZE (PKTTEXT_SIZE + 120u)
#define RECORD_MAX (TRACE_SNAP + WORDS_SIZE + PCAPNG_AROUND)

struct trace *trace_open(const struct trace_filter *f, uint64_t now)
{
	struct trace *t = pages_take(sizeof(*t), false);
	struct timespec day;

	if (!t)
		return NULL;
	clock_gettime(CLOCK_REALTIME, &day);
	t->filter = *f;
	t->skew = (uint64_t)day.tv_sec * SECOND + (uint64_t)day.tv_nsec - now;
	if (f->pcapng)
		t->head = pcapng_begin(t->ring);
	return t;
}

void trace_close(struct trace *t)
{
	munmap(t, sizeof(*t));
}

static void put(struct trace *t, const void *bytes, uint32_t len)
{
	const uint8_t *from = bytes;
	const bool empty = t->head == t->tail;

	if (len > TRACE_RING - (t->head - t->tail)) {
		t->hidden++;
		return;
	}
	for (uint32_t i = 0; i < len; i++)
		t->ring[t->head++ % TRACE_RING] = from[i];
	if (empty && t->wake)
		t->wake(t->ctx);
}

uint32_t trace_take(struct trace *t, char *out, uint32_t size)
{
	uint32_t n = 0;

	while (n < size && t->tail != t->head)
		out[n++] = (char)t->ring[t->tail++ % TRACE_RING];
	return n;
}

/* "12:00:01.000001 7 WORDS", with the time of the day. */
static void put_text(struct trace *t, const char *words)
{
	const uint64_t usec = (t->now + t->skew) / 1000;
	const unsigned int second = (unsigned int)(usec / 1000000 % 86400);
	char line[WORDS_SIZE + 48];
	const int n =
		snprintf(line, sizeof(line), "%02u:%02u:%02u.%06u %u %s\n",
			 second / 3600, second / 60 % 60, second % 60,
			 (unsigned int)(usec % 1000000), t->shown, words);

	put(t, line, (uint32_t)n);
}

/* @len: of @data; @full: of the packet. */
static void step(struct trace *t, const char *words, const uint8_t *data,
		 uint32_t len, uint32_t full)
{
	uint8_t record[RECORD_MAX];
	char comment[WORDS_SIZE + 16];

	if (!t->filter.pcapng) {
		put_text(t, words);
		return;
	}
	snprintf(comment, sizeof(comment), "%u %s", t->shown, words);
	put(t, record,
	    pcapng_packet(record, (t->now + t->skew) / 1000, data, len, full,
			  comment));
}

/* A step about the packet as it was read. */
static void remark(struct trace *t, const char *words)
{
	step(t, words, t->snap, t->in_len < TRACE_SNAP ? t->in_len : TRACE_SNAP,
	     t->in_len);
}

static bool in_net(const struct net6 *net, struct addr6 a)
{
	return addr6_equal(addr6_mask(a, net->len), net->addr);
}

static struct addr6 mapped(uint32_t addr4)
{
	return (struct addr6){ 0, 0xffff00000000u | addr4 };
}

static bool matches(const struct trace_filter *f, const struct pkt_view *v)
{
	const bool v4 = v->version == 4;
	const uint32_t proto = v->proto == IP_ICMP6 ? IP_ICMP : v->proto;

	if (f->proto && f->proto != proto)
		return false;
	if (f->port &&
	    (!v->ports || (f->port != v->sport && f->port != v->dport)))
		return false;
	return !f->net.len ||
	       in_net(&f->net, v4 ? mapped(v->h4.src) : v->h6.src) ||
	       in_net(&f->net, v4 ? mapped(v->h4.dst) : v->h6.dst);
}

/* Does the packet that was read match, or what has become of it? */
static bool is_wanted(const struct trace *t, const struct pkt *p,
		      struct xlat_result r)
{
	const struct trace_filter *f = &t->filter;
	const bool any = !f->net.len && !f->proto && !f->port;
	struct pkt now = *p;
	struct pkt_view v;

	if (f->why && (r.verdict == XLAT_FORWARD || r.why != f->why))
		return false;
	if (any || (t->in_len && t->in_ok && matches(f, &t->in)))
		return true;
	return r.verdict != XLAT_DROP && !pkt_parse(&now, &v) && matches(f, &v);
}

/* So many a second, and a word about the others. */
static bool has_room(struct trace *t)
{
	char text[64];

	if (t->now >= t->second + SECOND) {
		t->second = t->now;
		t->left = t->filter.rate;
	}
	if (!t->left || t->head - t->tail > TRACE_RING / 2) {
		t->hidden++;
		return false;
	}
	t->left--;
	if (t->hidden && !t->filter.pcapng) {
		snprintf(text, sizeof(text), "and %llu more, not shown",
			 (unsigned long long)t->hidden);
		put_text(t, text);
		t->hidden = 0;
	}
	return true;
}

static void tell_in(struct trace *t)
{
	char text[PKTTEXT_SIZE] = "a packet that is malformed";
	char words[WORDS_SIZE];

	if (!t->in_len)
		return;
	if (t->in_ok)
		pkttext(text, &t->in, t->in_len, t->in_gso);
	snprintf(words, sizeof(words), "read     %s", text);
	remark(t, words);
}

void trace_read(struct trace *t, const struct pkt *p, uint64_t now)
{
	struct pkt copy = *p;

	t->now = now;
	t->in_len = p->len;
	t->in_gso = p->gso ? p->gso_size : 0;
	t->in_ok = !pkt_parse(&copy, &t->in);
	memcpy(t->snap, p->data, p->len < TRACE_SNAP ? p->len : TRACE_SNAP);
	t->told = false;
}

void trace_decided(struct trace *t, const struct pkt *p, struct xlat_result r,
		   uint64_t now)
{
	char words[WORDS_SIZE];

	t->now = now;
	t->told = t->told && t->in_len;
	t->following = !t->ended && (t->told || is_wanted(t, p, r));
	if (!t->following)
		return;
	if (!t->told) {
		t->following = has_room(t);
		if (!t->following)
			return;
		t->shown++;
		t->told = true;
		tell_in(t);
	}
	if (r.verdict == XLAT_FORWARD)
		return;
	snprintf(words, sizeof(words), "%s %s: %s",
		 r.verdict == XLAT_DROP ? "dropped " : "refused ",
		 xlat_why_name(r.why), xlat_why_text(r.why));
	remark(t, words);
}

void trace_limited(struct trace *t)
{
	if (t->following)
		remark(t, "dropped  error-limit: no ICMP error is sent");
}

void trace_written(struct trace *t, const struct pkt *p, int err)
{
	char text[PKTTEXT_SIZE] = "?";
	char words[WORDS_SIZE];
	struct pkt copy = *p;
	struct pkt_view v;

	if (!t->following)
		return;
	if (!pkt_parse(&copy, &v))
		pkttext(text, &v, p->len, p->gso ? p->gso_size : 0);
	if (err)
		snprintf(words, sizeof(words),
			 "refused  by the kernel (%s): %s", strerror(-err),
			 text);
	else
		snprintf(words, sizeof(words), "written  %s", text);
	step(t, words, p->data, p->len < TRACE_SNAP ? p->len : TRACE_SNAP,
	     p->len);
}

void trace_done(struct trace *t)
{
	t->in_len = 0;
	t->told = false;
	t->following = false;
	t->ended = t->filter.count && t->shown >= t->filter.count;
}
