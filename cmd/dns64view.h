/* SPDX-License-Identifier: MIT */
/*
 * dns64view.h - what the options of synthesis mean, client by client
 */
#ifndef XLAT_CMD_DNS64VIEW_H
#define XLAT_CMD_DNS64VIEW_H

#include "dns64opt.h"

#define DNS64VIEW_SYNTHS 16u
#define DNS64VIEW_ALLOWS 256u

/**
 * struct dns64view - how to synthesise, for whom
 * @synth:	[0]: for everybody who has no prefix of his own
 * @allow:	the networks that --allow names
 */
struct dns64view {
	struct synth synth[DNS64VIEW_SYNTHS];
	uint32_t count;
	struct query_allow allow[DNS64VIEW_ALLOWS];
	uint32_t allow_count;
};

/**
 * dns64view_fill() - out of the options, if they make sense together
 * @v:		all zero
 */
XL_MUST_USE bool dns64view_fill(struct dns64view *v, const struct dns64opt *o,
				struct option_error *e);

#endif
