/* SPDX-License-Identifier: MIT */
#include "siit/parts.h"

/* Does the end that @part says agree with the one known, and with the parts? */
static bool end_agrees(const struct parts *p, struct part part, bool last)
{
	if (p->end && (last ? part.end != p->end : part.end > p->end))
		return false;
	for (uint32_t i = 0; last && i < p->count; i++)
		if (p->part[i].end > part.end)
			return false;
	return true;
}

enum part_kind parts_add(struct parts *p, const struct pkt_view *v)
{
	const uint32_t off = v->version == 4 ? v->h4.off : v->h6.off;
	const bool last = v->version == 4 ? !v->h4.mf : !v->h6.mf;
	const struct part part = {
		.off = (uint16_t)off,
		.end = (uint16_t)(off + v->l4_len),
	};

	for (uint32_t i = 0; i < p->count; i++) {
		const struct part *x = &p->part[i];

		if (x->off == part.off && x->end == part.end)
			return PART_DUPLICATE;
		if (x->off < part.end && part.off < x->end)
			return PART_OVERLAP;
	}
	if (part.off == part.end || (!last && v->l4_len % 8) ||
	    !end_agrees(p, part, last) || p->count == PARTS_MAX)
		return PART_OVERLAP;
	p->part[p->count++] = part;
	p->bytes += part.end - part.off;
	if (last)
		p->end = part.end;
	return PART_NEW;
}

bool parts_are_all(const struct parts *p)
{
	return p->end && p->bytes == p->end;
}
