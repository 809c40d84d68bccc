/* SPDX-License-Identifier: MIT */
#include "nat64/peer.h"

#include "nat64/hash.h"

static uint64_t hash(const struct nat64 *n, uint32_t binding, uint32_t remote)
{
	const uint64_t word = (uint64_t)binding << 32 | remote;

	return hash_words(n->cfg.key, &word, 1, HASH_PEER);
}

static uint32_t find(const struct nat64 *n, uint32_t binding, uint32_t remote)
{
	struct table_probe p =
		table_probe(&n->peers_by4, hash(n, binding, remote));
	uint32_t i;

	while ((i = table_next(&p))) {
		const struct peer *peer = slab_at(&n->peers, i);

		if (peer->binding == binding && peer->remote == remote)
			return i;
	}
	return 0;
}

static uint32_t make(struct nat64 *n, uint32_t binding, uint32_t remote)
{
	const uint32_t i = slab_take(&n->peers);

	if (!i)
		return 0;
	if (!table_insert(&n->peers_by4, hash(n, binding, remote), i)) {
		slab_give(&n->peers, i);
		return 0;
	}
	*(struct peer *)slab_at(&n->peers, i) = (struct peer){
		.binding = binding,
		.remote = remote,
	};
	return i;
}

/* Does it matter who sends to this binding? */
static bool is_filtered(const struct nat64 *n, uint32_t binding)
{
	const struct nat64_config *c = &n->cfg;

	return (binding_at(n, binding)->bib == BIB_TCP
			? c->filtering_tcp
			: c->filtering) == NAT64_ADDRESS_DEPENDENT;
}

bool peer_add(struct nat64 *n, uint32_t binding, uint32_t remote)
{
	uint32_t i;

	if (!is_filtered(n, binding))
		return true;
	i = find(n, binding, remote);
	if (!i)
		i = make(n, binding, remote);
	if (!i)
		return false;
	((struct peer *)slab_at(&n->peers, i))->sessions++;
	return true;
}

void peer_drop(struct nat64 *n, uint32_t binding, uint32_t remote)
{
	uint32_t i;

	if (!is_filtered(n, binding))
		return;
	i = find(n, binding, remote);
	if (--((struct peer *)slab_at(&n->peers, i))->sessions)
		return;
	table_remove(&n->peers_by4, hash(n, binding, remote), i);
	slab_give(&n->peers, i);
}

bool peer_may_send(const struct nat64 *n, uint32_t binding, uint32_t remote)
{
	return !is_filtered(n, binding) || binding_at(n, binding)->fixed ||
	       find(n, binding, remote) != 0;
}
