/* SPDX-License-Identifier: MIT */
#include "clat/claim.h"

#define SECOND        1000000000ull
#define ANNOUNCEMENTS 3u /* RFC 9131, 6.1.2 */
#define MORE_PROBES   3u /* MAX_MULTICAST_SOLICIT: RFC 7527, 4.2 */
#define PROBES_MAX    (CLAIM_PROBES_MAX - MORE_PROBES)
#define ANSWERS       100u /* a second */
#define DEFEND_EVERY  (10 * SECOND)
#define DEFEND_WITHIN (60 * SECOND)
#define FOREIGN_MAX   3u

void claim_start(struct claim *c, struct addr6 addr,
		 const struct claim_link *link, uint64_t now)
{
	*c = (struct claim){
		.state = link->optimistic && link->probes ? CLAIM_OPTIMISTIC
							  : CLAIM_PROBING,
		.addr = addr,
		.mac = link->mac,
		.router = link->router,
		.probes = link->probes < PROBES_MAX ? link->probes : PROBES_MAX,
		.wait = link->wait,
		.at = now,
	};
}

void claim_drop(struct claim *c)
{
	*c = (struct claim){ .at = UINT64_MAX };
}

void claim_announce(struct claim *c, struct nd_mac mac, uint64_t now)
{
	if (!nd_mac_equal(c->mac, mac))
		c->moved = true;
	c->mac = mac;
	if (c->state != CLAIM_HELD)
		return;
	c->announced = 0;
	if (c->at > now + SECOND)
		c->at = now;
}

static struct claim_step lose(struct claim *c, const struct nd *nd)
{
	claim_drop(c);
	return (struct claim_step){ .news = CLAIM_LOST, .other = nd->sender };
}

/* An advertisement to a multicast group. */
static void advertise(const struct claim *c, struct claim_step *step,
		      struct addr6 group, bool override)
{
	const struct nd nd = { .sender = c->mac,
			       .lladdr = c->mac,
			       .dst = group,
			       .target = c->addr,
			       .router = c->router,
			       .override = override };

	nd_advert(step->frame, &nd, c->mac);
	step->send = true;
}

static struct claim_step probe(struct claim *c, uint64_t now, uint64_t random)
{
	struct claim_step step = { .send = true };
	struct nd_nonce *nonce = &c->nonces[c->sent++];

	mem_copy(nonce->b, &random, ND_NONCE_LEN);
	nd_probe(step.frame, c->mac, c->addr, *nonce);
	c->at = now + c->wait;
	return step;
}

static struct claim_step announce(struct claim *c, uint64_t now)
{
	struct claim_step step = { .news = CLAIM_SAME };

	/* Neighbours hold the old link-layer address, if it has changed. */
	advertise(c, &step, c->moved ? ND_ALL_NODES : ND_ALL_ROUTERS,
		  c->moved && c->state == CLAIM_HELD);
	c->at = ++c->announced < ANNOUNCEMENTS ? now + SECOND : UINT64_MAX;
	return step;
}

/* What was optimistic is certain. The next announcement is a second after the
 * first, at least. */
static struct claim_step win_late(struct claim *c, uint64_t now)
{
	c->state = CLAIM_HELD;
	c->at = c->wait < SECOND ? now + SECOND - c->wait : now;
	return (struct claim_step){ .news = CLAIM_WON };
}

/* The first probe, at once the first announcement, then the other probes. */
static struct claim_step due_optimistic(struct claim *c, uint64_t now,
					uint64_t random)
{
	struct claim_step step;

	if (c->sent && !c->announced)
		step = announce(c, now);
	else if (c->sent < c->probes)
		step = probe(c, now, random);
	else
		return win_late(c, now);
	c->at = c->announced ? now + c->wait : now;
	return step;
}

struct claim_step claim_due(struct claim *c, uint64_t now, uint64_t random)
{
	struct claim_step step;

	if (c->state == CLAIM_FREE) {
		c->at = UINT64_MAX;
		return (struct claim_step){ .news = CLAIM_SAME };
	}
	if (c->state == CLAIM_HELD)
		return announce(c, now);
	if (c->state == CLAIM_OPTIMISTIC)
		return due_optimistic(c, now, random);
	if (c->sent < c->probes)
		return probe(c, now, random);
	c->state = CLAIM_HELD;
	step = announce(c, now);
	step.news = CLAIM_WON;
	return step;
}

static bool is_ours(const struct claim *c, const struct nd *nd)
{
	for (uint32_t i = 0; i < c->sent; i++)
		if (nd->has_nonce &&
		    mem_equal(c->nonces[i].b, nd->nonce.b, ND_NONCE_LEN))
			return true;
	return false;
}

/* A link that loops our probe back proves nothing: probe again, once. */
static void probe_longer(struct claim *c)
{
	if (c->looped)
		return;
	c->looped = true;
	c->probes += MORE_PROBES;
}

static bool may_answer(struct claim *c, uint64_t now)
{
	if (now - c->window >= SECOND) {
		c->window = now;
		c->answers = 0;
	}
	return c->answers++ < ANSWERS;
}

static struct claim_step answer(struct claim *c, const struct nd *nd,
				uint64_t now)
{
	struct claim_step step = { .send = may_answer(c, now) };
	const struct nd reply = { .sender = c->mac,
				  .lladdr = c->mac,
				  .dst = nd->src,
				  .target = c->addr,
				  .router = c->router,
				  .solicited = true,
				  .override = c->state == CLAIM_HELD };

	if (!step.send)
		return step;
	if (nd->src.hi | nd->src.lo)
		nd_advert(step.frame, &reply, nd->lladdr);
	else
		advertise(c, &step, ND_ALL_NODES, true);
	return step;
}

static struct claim_step heard_while_probing(struct claim *c,
					     const struct nd *nd, uint64_t now)
{
	const struct claim_step nothing = { .news = CLAIM_SAME };

	if (nd->type == ND_ADVERT)
		return lose(c, nd);
	if (nd->src.hi | nd->src.lo)
		return c->state == CLAIM_OPTIMISTIC ? answer(c, nd, now)
						    : nothing;
	if (!is_ours(c, nd))
		return lose(c, nd);
	probe_longer(c);
	return nothing;
}

/* Somebody says that the address is his. */
static struct claim_step contradict(struct claim *c, const struct nd *nd,
				    uint64_t now)
{
	struct claim_step step = { .news = CLAIM_SAME };

	if (nd_mac_equal(nd->lladdr, c->mac))
		return step;
	if (c->foreign == 0 || now - c->foreign_since >= DEFEND_WITHIN) {
		c->foreign = 0;
		c->foreign_since = now;
	}
	if (++c->foreign >= FOREIGN_MAX)
		return lose(c, nd);
	if (c->defended && now - c->defended < DEFEND_EVERY)
		return step;
	c->defended = now;
	advertise(c, &step, ND_ALL_NODES, true);
	return step;
}

struct claim_step claim_heard(struct claim *c, const struct nd *nd,
			      uint64_t now)
{
	if (c->state == CLAIM_FREE || !addr6_equal(nd->target, c->addr))
		return (struct claim_step){ .news = CLAIM_SAME };
	if (c->state != CLAIM_HELD)
		return heard_while_probing(c, nd, now);
	return nd->type == ND_ADVERT ? contradict(c, nd, now)
				     : answer(c, nd, now);
}
