/* SPDX-License-Identifier: MIT */
#include "nat64/wheel.h"

#include "nat64/clock.h"

static uint32_t *head_of(struct wheel *w, uint32_t second)
{
	return &w->head[second % WHEEL_SECONDS];
}

static uint64_t bit_of(uint32_t second)
{
	return 1ull << second % 64;
}

static uint64_t *bits_of(struct wheel *w, uint32_t second)
{
	return &w->any[second % WHEEL_SECONDS / 64];
}

void wheel_add(struct nat64 *n, uint32_t index)
{
	struct wheel *w = &n->wheel;
	struct session *s = session_at(n, index);
	const uint64_t end = session_end(n, s);
	uint32_t *head;

	if (w->used++ == 0)
		w->at = n->now;
	s->due = w->at + WHEEL_SECONDS - 1;
	if (end < s->due)
		s->due = end > w->at ? (uint32_t)end : w->at;
	head = head_of(w, s->due);
	s->prev = 0;
	s->next = *head;
	if (s->next)
		session_at(n, s->next)->prev = index;
	*head = index;
	*bits_of(w, s->due) |= bit_of(s->due);
}

void wheel_remove(struct nat64 *n, uint32_t index)
{
	struct wheel *w = &n->wheel;
	const struct session *s = session_at(n, index);

	if (s->next)
		session_at(n, s->next)->prev = s->prev;
	if (s->prev)
		session_at(n, s->prev)->next = s->next;
	else
		*head_of(w, s->due) = s->next;
	w->used--;
	if (!*head_of(w, s->due))
		*bits_of(w, s->due) &= ~bit_of(s->due);
}

void wheel_move(struct nat64 *n, uint32_t index)
{
	wheel_remove(n, index);
	wheel_add(n, index);
}

uint64_t wheel_first(const struct nat64 *n, uint32_t *index)
{
	const struct wheel *w = &n->wheel;
	const uint32_t words = WHEEL_SECONDS / 64;
	const uint32_t start = w->at % WHEEL_SECONDS;
	uint32_t at = start / 64;
	uint64_t bits = w->any[at] & ~0ull << start % 64;
	uint32_t slot;

	/* Once around, and the first word's lower half again. */
	for (uint32_t i = 0; i <= words; i++) {
		if (bits) {
			slot = at * 64 + (uint32_t)__builtin_ctzll(bits);
			*index = w->head[slot];
			return session_at(n, *index)->due;
		}
		at = at + 1 < words ? at + 1 : 0;
		bits = w->any[at];
	}
	return UINT64_MAX;
}

void wheel_turn(struct nat64 *n, uint64_t to)
{
	n->wheel.at = to < n->now ? (uint32_t)to : n->now;
}
