/* SPDX-License-Identifier: MIT */
#include "dns64view.h"

#include <stdio.h>
#include <string.h>

static const struct pref64 wellknown = { { 0x0064ff9b00000000, 0 }, 96 };

/* Copy a list into an array of the core; false if it is too long. */
static bool take(void *to, uint32_t *count, uint32_t max, size_t size,
		 const struct list *from, const char *name,
		 struct option_error *e)
{
	char text[64];

	if (from->count > max) {
		snprintf(text, sizeof(text), "at most %u of it", max);
		options_expect(e, name, text);
		return false;
	}
	*count = (uint32_t)from->count;
	if (from->count)
		memcpy(to, from->items, from->count * size);
	return true;
}

#define TAKE(to, array, list, name)                                            \
	take((to)->array, &(to)->array##_count, XL_COUNT((to)->array),         \
	     sizeof((to)->array[0]), list, name, e)

static bool fill_synth(struct synth *s, const struct dns64opt *o,
		       struct option_error *e)
{
	s->v4only = o->v4only;
	s->pass_errors = o->pass_errors;
	s->ptr = o->ptr;
	if (!take(s->prefixes, &s->prefix_count, SYNTH_PREFIXES,
		  sizeof(s->prefixes[0]), &o->prefixes, "prefix", e) ||
	    !TAKE(s, map4, &o->map4, "map4") ||
	    !TAKE(s, exclude6, &o->exclude6, "exclude6") ||
	    !TAKE(s, ignore, &o->ignore, "ignore-aaaa") ||
	    !TAKE(s, exempt, &o->exempt, "exclude-name"))
		return false;
	if (!s->prefix_count)
		s->prefixes[s->prefix_count++] = wellknown;
	if (!s->exclude6_count)
		s->exclude6[s->exclude6_count++] =
			(struct synth_net6){ { 0, 0xffff00000000 }, 96 };
	return true;
}

static bool same_prefix(struct pref64 a, struct pref64 b)
{
	return a.len == b.len && addr6_equal(a.prefix, b.prefix);
}

static bool same_prefixes(const struct synth *a, const struct synth *b)
{
	if (a->prefix_count != b->prefix_count)
		return false;
	for (uint32_t i = 0; i < a->prefix_count; i++)
		if (!same_prefix(a->prefixes[i], b->prefixes[i]))
			return false;
	return true;
}

/* The view with the prefixes of @want: one that is there, or a new one. */
static const struct synth *find_view(struct dns64view *v,
				     const struct synth *want)
{
	for (uint32_t i = 0; i < v->count; i++)
		if (same_prefixes(&v->synth[i], want))
			return &v->synth[i];
	if (v->count == DNS64VIEW_SYNTHS)
		return NULL;
	v->synth[v->count] = *want;
	return &v->synth[v->count++];
}

static bool same_net(struct synth_net6 a, struct synth_net6 b)
{
	return a.len == b.len && addr6_equal(a.addr, b.addr);
}

/* Twice the same prefix would be every address twice. */
static bool check_prefixes(const struct dns64opt *o, struct option_error *e)
{
	const struct pref64 *p = o->prefixes.items;

	for (size_t i = 1; i < o->prefixes.count; i++)
		for (size_t j = 0; j < i; j++)
			if (same_prefix(p[i], p[j])) {
				options_expect(e, "prefix", "each prefix once");
				return false;
			}
	return true;
}

/* Can both be said of one network? Only two prefixes can. */
static bool agree(const struct dns64opt_allow *a,
		  const struct dns64opt_allow *b)
{
	return a->prefix.len && b->prefix.len &&
	       !same_prefix(a->prefix, b->prefix);
}

static bool check_allow(const struct dns64opt *o, struct option_error *e)
{
	const struct dns64opt_allow *all = o->allow.items;

	for (size_t i = 1; i < o->allow.count; i++)
		for (size_t j = 0; j < i; j++) {
			if (!same_net(all[i].net, all[j].net) ||
			    agree(&all[i], &all[j]))
				continue;
			options_expect(e, "allow",
				       "each network once, or once for each "
				       "of its prefixes");
			return false;
		}
	return true;
}

/* All that --allow says about the network of its value number @index. */
static bool gather(struct synth *want, const struct dns64opt *o, size_t index)
{
	const struct dns64opt_allow *all = o->allow.items;

	for (size_t i = index; i < o->allow.count; i++) {
		if (!same_net(all[i].net, all[index].net))
			continue;
		if ((all[i].none || all[i].prefix.len) && i == index)
			want->prefix_count = 0;
		if (!all[i].prefix.len)
			continue;
		if (want->prefix_count == SYNTH_PREFIXES)
			return false;
		want->prefixes[want->prefix_count++] = all[i].prefix;
	}
	return true;
}

static bool seen_before(const struct dns64view *v, struct synth_net6 net)
{
	for (uint32_t i = 0; i < v->allow_count; i++)
		if (same_net(v->allow[i].net, net))
			return true;
	return false;
}

static bool fill_allow(struct dns64view *v, const struct dns64opt *o,
		       struct option_error *e)
{
	const struct dns64opt_allow *all = o->allow.items;
	static struct synth want;
	const struct synth *view;

	for (size_t i = 0; i < o->allow.count; i++) {
		if (seen_before(v, all[i].net))
			continue;
		want = v->synth[0];
		view = gather(&want, o, i) ? find_view(v, &want) : NULL;
		if (!view || v->allow_count == DNS64VIEW_ALLOWS) {
			options_expect(e, "allow",
				       "at most 256 networks, 8 prefixes for "
				       "each, and 15 kinds of clients");
			return false;
		}
		v->allow[v->allow_count++] =
			(struct query_allow){ all[i].net, view };
	}
	return true;
}

bool dns64view_fill(struct dns64view *v, const struct dns64opt *o,
		    struct option_error *e)
{
	v->allow_count = 0;
	if (!check_prefixes(o, e) || !check_allow(o, e) ||
	    !fill_synth(&v->synth[0], o, e))
		return false;
	v->count = 1;
	return fill_allow(v, o, e);
}
