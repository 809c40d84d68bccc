/* SPDX-License-Identifier: MIT */
/*
 * claim.h - owning one extra IPv6 address of a link: Duplicate Address
 * Detection, answering for the address, defending it
 *
 * The kernel does not know the address: applications must not find it, and
 * packets to it are routed into the TUN. So what a kernel would do is done
 * here, in virtual time, with frames in and frames out.
 *
 *   FREE		nothing is claimed
 *   PROBING		solicitations are sent; nobody is answered, and nothing
 *			may be sent from the address (RFC 4862, 5.4)
 *   OPTIMISTIC	the same, but it is used already: announced, and answered for
 *			without overriding anybody (RFC 4429). Packets from it
 *			are forwarded, so that the kernel never solicits from it
 *   HELD		it is ours: announced to the routers three times
 *			(RFC 9131), answered for, defended
 *
 * A foreign claim to an address that is HELD is contradicted twice a minute;
 * the third ends it, for two nodes that defend for ever break each other. (The
 * pattern of RFC 5227, 2.4; RFC 4862, 5.4.4 leaves it open.)
 */
#ifndef XLAT_CLAT_CLAIM_H
#define XLAT_CLAT_CLAIM_H

#include "clat/nd.h"

#define CLAIM_PROBES_MAX 8u

enum claim_state { CLAIM_FREE, CLAIM_PROBING, CLAIM_OPTIMISTIC, CLAIM_HELD };

/**
 * struct claim - an address and what is done for it; starts zeroed
 * @addr:	address; @mac: of the uplink
 * @router:	the uplink forwards: the R flag of advertisements
 * @looped:	a probe came back; @moved: @mac has changed
 * @wait:	between probes, ns (RetransTimer)
 * @probes:	to be sent; @sent: so far, with @nonces
 * @at:		when something is due, ns; UINT64_MAX: never
 * @announced:	announcements sent
 * @window:	start of the second in which @answers were given
 * @foreign:	foreign claims since @foreign_since
 * @defended:	when we contradicted last, ns; 0: never
 */
struct claim {
	enum claim_state state;
	struct addr6 addr;
	struct nd_mac mac;
	bool router;
	bool looped;
	bool moved;
	uint64_t wait;
	uint64_t at;
	uint32_t probes;
	uint32_t sent;
	uint32_t announced;
	struct nd_nonce nonces[CLAIM_PROBES_MAX];
	uint64_t window;
	uint32_t answers;
	uint64_t foreign_since;
	uint32_t foreign;
	uint64_t defended;
};

/**
 * struct claim_link - what the link says about DAD
 * @probes:	DupAddrDetectTransmits, at most 5 count; 0: no DAD
 * @wait:	RetransTimer, ns
 * @optimistic:	use the address meanwhile
 */
struct claim_link {
	struct nd_mac mac;
	bool router;
	uint32_t probes;
	uint64_t wait;
	bool optimistic;
};

enum claim_news {
	CLAIM_SAME,
	CLAIM_WON,  /* the address is ours */
	CLAIM_LOST, /* it is somebody else's, and now FREE */
};

/**
 * struct claim_step - what came of an event
 * @send:	@frame is to be sent
 * @other:	CLAIM_LOST: link-layer address of the other
 */
struct claim_step {
	enum claim_news news;
	bool send;
	struct nd_mac other;
	uint8_t frame[ND_FRAME_LEN];
};

/**
 * claim_start() - begin to claim an address; the first probe is due at once
 *
 * The solicited-node group must have been joined (RFC 4862, 5.4.2).
 */
void claim_start(struct claim *c, struct addr6 addr,
		 const struct claim_link *link, uint64_t now);

/* Stop answering for it: there is no message that gives an address back. */
void claim_drop(struct claim *c);

/* Announce a held address again: the link was down, or the MAC changed. */
void claim_announce(struct claim *c, struct nd_mac mac, uint64_t now);

/**
 * claim_due() - the time @c->at has come
 * @random:	fresh: nonces are made of it
 */
XL_MUST_USE struct claim_step claim_due(struct claim *c, uint64_t now,
					uint64_t random);

/* claim_heard() - a valid message that others sent was received. */
XL_MUST_USE struct claim_step claim_heard(struct claim *c, const struct nd *nd,
					  uint64_t now);

#endif
