/* SPDX-License-Identifier: MIT */
/*
 * stage.h - the rules of RFC 6147, 5: what to ask, and what an answer means
 *
 * A client's question goes through stages, one question to servers each:
 *
 *   PASS		handed on as it is, and so is the answer
 *   AAAA		usable records, NXDOMAIN, signed data for a client that
 *			validates, or a failed validation: the answer.
 *			Otherwise on to A; nothing is asked twice
 *   A			the answer is made of it; its error is the client's
 *   A_FIRST		of a name whose AAAA records are ignored: answer if
 *			something can be made of it, else on to AAAA_LAST
 *   AAAA_LAST		the answer, but for excluded records
 *   PTR		of an in-addr.arpa name, for one under a prefix
 */
#ifndef XLAT_DNS_STAGE_H
#define XLAT_DNS_STAGE_H

#include "dns/answer.h"

enum stage {
	STAGE_PASS,
	STAGE_AAAA,
	STAGE_A,
	STAGE_A_FIRST,
	STAGE_AAAA_LAST,
	STAGE_PTR,
};

enum stage_verdict {
	STAGE_HAND_ON,    /* the answer as it is */
	STAGE_NATIVE,     /* the answer without excluded addresses */
	STAGE_NEGATIVE,   /* the same; there is no AAAA record */
	STAGE_SYNTHESISE, /* an answer made of this one to an A question */
	STAGE_ALIAS,      /* an answer to PTR made of this one */
	STAGE_ERROR,      /* nothing but the response code */
	STAGE_GO_A,       /* go to that stage */
	STAGE_GO_AAAA_LAST,
};

/* In which stage does a question begin that is not ours to answer? */
enum stage stage_first(const struct synth *s, const struct request *rq);

/* What type is asked for in a stage for a client's question? */
uint16_t stage_type(enum stage stage, const struct request *rq);

/**
 * stage_judge() - what is to be done with the answer of a stage
 */
enum stage_verdict stage_judge(enum stage stage, const struct synth *s,
			       const struct request *rq,
			       const struct answer *a);

#endif
