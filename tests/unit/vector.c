/* SPDX-License-Identifier: MIT */
#include "vector.h"

#include <fnmatch.h>
#include <stdlib.h>

#define FILE_NAME "tests/vectors/siit.txt"
#define VECTOR    "vector "
#define LINE      20000u

static struct vector_bytes bytes(const char *text)
{
	struct vector_bytes x = { malloc(strlen(text) / 2), 0 };

	x.len = unhex(text, x.b, strlen(text) / 2);
	return x;
}

static void add_out(struct vector *v, enum vector_kind kind, const char *text)
{
	cr_assert(v->out_count < VECTOR_OUT_MAX, "%s", v->id);
	v->kind = kind;
	v->out[v->out_count++] = bytes(text);
}

static void add_masks(struct vector *v, const char *text)
{
	int used;

	while (sscanf(text, "%zu+%zu%n", &v->mask[v->mask_count].at,
		      &v->mask[v->mask_count].len, &used) == 2) {
		cr_assert(++v->mask_count < VECTOR_MASK_MAX, "%s", v->id);
		text += used;
	}
}

static void add_words(struct vector *v, const char *text)
{
	char *end;

	for (; *text; text = end)
		v->words[v->word_count++] = (uint32_t)strtoul(text, &end, 10);
}

static void add_eam(struct vector *v, const char *text)
{
	char prefix4[64];
	char prefix6[64];

	cr_assert(sscanf(text, "%63s %63s", prefix4, prefix6) == 2);
	bench_eam(&v->bench, prefix4, prefix6);
}

static uint32_t number(const char *text)
{
	return (uint32_t)strtoul(text, NULL, 10);
}

/* The lines that configure the translator. Return: was it one of them? */
static bool configure(struct siit *s, const char *key, const char *value)
{
	if (!strcmp(key, "pool6"))
		s->pool6 = text_prefix(value);
	else if (!strcmp(key, "mtu4"))
		s->tr.mtu4 = number(value);
	else if (!strcmp(key, "mtu6"))
		s->tr.mtu6 = number(value);
	else if (!strcmp(key, "lowest-ipv6-mtu"))
		s->tr.lowest_mtu6 = number(value);
	else if (!strcmp(key, "tos"))
		s->tr.tos = (int)number(value);
	else if (!strcmp(key, "traffic-class"))
		s->tr.tc = (int)number(value);
	else if (!strcmp(key, "wkp-strict"))
		s->wkp_strict = strcmp(value, "off");
	else if (!strcmp(key, "error-extension"))
		s->error_ext = NODE_EXT_INTERFACE;
	else if (!strcmp(key, "hairpin"))
		s->hairpin = !strcmp(value, "simple") ? HAIRPIN_SIMPLE
						      : HAIRPIN_INTRINSIC;
	else if (!strcmp(key, "udp-zero-checksum"))
		s->tr.udp_zero = !strcmp(value, "drop") ? UDP_ZERO_DROP
							: UDP_ZERO_FORWARD;
	else
		return false;
	return true;
}

/* What has to come out. Return: was it one of these lines? */
static bool expect(struct vector *v, const char *key, const char *value)
{
	if (!strcmp(key, "out"))
		add_out(v, VECTOR_OUT, value);
	else if (!strcmp(key, "reply"))
		add_out(v, VECTOR_REPLY, value);
	else if (!strcmp(key, "drop"))
		v->kind = VECTOR_DROP;
	else if (!strcmp(key, "may-reply"))
		add_out(v, VECTOR_DROP, value);
	else if (!strcmp(key, "mask"))
		add_masks(v, value);
	else if (!strcmp(key, "prefix"))
		return sscanf(value, "%zu %zu", &v->prefix, &v->prefix_max) ==
		       2;
	else if (!strcmp(key, "reassemble"))
		v->bound = number(value);
	else if (!strcmp(key, "words"))
		add_words(v, value);
	else if (!strcmp(key, "bad-checksum"))
		v->bad_checksum = true;
	else
		return false;
	return true;
}

static void take_pair(struct vector *v, const char *key, const char *value)
{
	if (!strcmp(key, "requirement")) {
		sscanf(value, "%15s", v->requirement);
	} else if (!strcmp(key, "in")) {
		v->in = bytes(value);
	} else if (!strcmp(key, "eam")) {
		add_eam(v, value);
	} else if (!strcmp(key, "error-source4")) {
		cr_assert(!v->bench.s.error4_on, "%s: one is enough", v->id);
		v->bench.s.error4 = (struct net4){ text4(value), 32 };
		v->bench.s.error4_on = true;
	} else if (!strcmp(key, "doubt")) {
		v->doubt = true;
	} else if (strcmp(key, "note") && strcmp(key, "choice")) {
		cr_assert(configure(&v->bench.s, key, value) ||
				  expect(v, key, value),
			  "%s: %s %s", v->id, key, value);
	}
}

static void take(struct vector *v, char *line)
{
	char *value = strchr(line, ' ');

	if (value)
		*value++ = 0;
	take_pair(v, line, value ? value : "");
}

static struct vector *vector_new(const char *id)
{
	struct vector *v = calloc(1, sizeof(*v));

	bench_init(&v->bench);
	snprintf(v->id, sizeof(v->id), "%s", id);
	return v;
}

static void finish(struct vector *v, void (*fn)(struct vector *v))
{
	cr_assert(v->in.b, "%s", v->id);
	if (!v->doubt)
		fn(v);
	bench_clear(&v->bench);
	while (v->out_count)
		free(v->out[--v->out_count].b);
	free(v->in.b);
	free(v);
}

static bool matches(const char *line, const char *pattern)
{
	return !strncmp(line, VECTOR, strlen(VECTOR)) &&
	       !fnmatch(pattern, line + strlen(VECTOR), 0);
}

size_t vector_each(const char *pattern, void (*fn)(struct vector *v))
{
	FILE *f = fopen(FILE_NAME, "r");
	char *line = malloc(LINE);
	struct vector *v = NULL;
	size_t count = 0;

	cr_assert(f, "%s: run this from the project's folder", FILE_NAME);
	while (fgets(line, LINE, f)) {
		line[strcspn(line, "\n")] = 0;
		if (v && line[0] == 0) {
			finish(v, fn);
			v = NULL;
			count++;
		} else if (v) {
			take(v, line);
		} else if (matches(line, pattern)) {
			v = vector_new(line + strlen(VECTOR));
		}
	}
	if (v)
		finish(v, fn);
	count += v != NULL;
	free(line);
	fclose(f);
	return count;
}

static void run(struct vector *v)
{
	const struct bench *b = &v->bench;
	char text[2 * 120 + 1] = "";
	const char *fault;

	bench_put(&v->bench, v->in.b, v->in.len);
	fault = vector_judge(v);
	if (!fault)
		return;
	for (size_t i = 0; b->count && i < b->len[0] && i < 120; i++)
		snprintf(text + 2 * i, 3, "%02x", b->packet[0][i]);
	cr_expect(false, "%s (%s): %s; verdict %d, %s, %zu out: %s", v->id,
		  v->requirement, fault, b->r.verdict, xlat_why_name(b->r.why),
		  b->count, text);
}

void vector_run(const char *pattern)
{
	cr_assert(vector_each(pattern, run), "no vector is called %s", pattern);
}

static bool masked(const struct vector *v, size_t at)
{
	for (size_t i = 0; i < v->mask_count; i++)
		if (at - v->mask[i].at < v->mask[i].len)
			return true;
	return false;
}

/* The first @n bytes, but for what is masked, and but for what does not
 * count where the second word is free: it and the ICMP checksum. */
static bool same(const struct vector *v, const uint8_t *a, const uint8_t *b,
		 size_t n)
{
	const size_t icmp = a[0] >> 4 == 4 ? 20 : 40;

	for (size_t i = 0; i < n; i++) {
		if (masked(v, i))
			continue;
		if (v->word_count && i >= icmp + 2 && i < icmp + 8)
			continue;
		if (a[i] != b[i])
			return false;
	}
	return true;
}

static bool word_allowed(const struct vector *v, const uint8_t *b)
{
	const size_t at = b[0] >> 4 == 4 ? 24 : 44;

	for (size_t i = 0; i < v->word_count; i++)
		if (be_get32(b + at) == v->words[i])
			return true;
	return v->word_count == 0;
}

static bool exact(const struct vector *v)
{
	const struct bench *b = &v->bench;

	if (b->count != v->out_count)
		return false;
	for (size_t i = 0; i < b->count; i++)
		if (b->len[i] != v->out[i].len ||
		    !same(v, b->packet[i], v->out[i].b, b->len[i]) ||
		    !word_allowed(v, b->packet[i]))
			return false;
	return true;
}

/* An error of ours of which only the start is prescribed. */
static const char *judge_prefix(const struct vector *v)
{
	const uint8_t *b = v->bench.packet[0];
	const size_t len = v->bench.len[0];
	const size_t hdr = b[0] >> 4 == 4 ? 28 : 48;

	if (len < v->prefix || len > v->prefix_max)
		return "length of the error";
	if (!same(v, b, v->out[0].b, v->prefix))
		return "start of the error";
	for (size_t i = v->prefix; i < len; i++)
		if (b[i] != v->in.b[i - hdr] && !masked(v, i))
			return "quote of the error";
	return NULL;
}

/* Other fragments than the vector's: the same when put together. */
static const char *judge_fragments(const struct vector *v)
{
	static uint8_t mine[65536];
	static uint8_t theirs[65536];
	const uint8_t *want[VECTOR_OUT_MAX];
	size_t want_len[VECTOR_OUT_MAX];
	size_t n;
	size_t m;
	const char *fault;

	for (size_t i = 0; i < v->out_count; i++) {
		want[i] = v->out[i].b;
		want_len[i] = v->out[i].len;
	}
	fault = wire_reassemble((const uint8_t *const *)v->bench.packet,
				v->bench.len, v->bench.count, v->bound, mine,
				&n);
	if (!fault)
		fault = wire_reassemble(want, want_len, v->out_count, v->bound,
					theirs, &m);
	if (!fault && (n != m || memcmp(mine, theirs, n)))
		fault = "reassembled bytes";
	return fault;
}

static const char *faults(const struct vector *v)
{
	const char *fault = NULL;

	for (size_t i = 0; !fault && i < v->bench.count; i++)
		fault = wire_fault(v->bench.packet[i], v->bench.len[i],
				   v->bad_checksum);
	return fault;
}

const char *vector_judge(struct vector *v)
{
	static const enum xlat_verdict verdicts[] = {
		[VECTOR_OUT] = XLAT_FORWARD,
		[VECTOR_REPLY] = XLAT_REPLY,
		[VECTOR_DROP] = XLAT_DROP,
	};
	const struct xlat_result r = v->bench.r;
	const char *fault = faults(v);

	if (fault)
		return fault;
	if (r.verdict != XLAT_FORWARD && r.why == WHY_NONE)
		return "no reason given";
	if (v->kind == VECTOR_DROP && r.verdict == XLAT_REPLY)
		return v->out_count && exact(v) ? NULL : "error not expected";
	if (r.verdict != verdicts[v->kind])
		return "verdict";
	if (v->kind == VECTOR_DROP || exact(v))
		return NULL;
	if (v->prefix)
		return judge_prefix(v);
	return v->bound ? judge_fragments(v) : "bytes";
}
