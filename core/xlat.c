/* SPDX-License-Identifier: MIT */
#include "xlat.h"

#define XLAT_NAME(id, name, what, advice)   [WHY_##id] = (name),
#define XLAT_TEXT(id, name, what, advice)   [WHY_##id] = (what),
#define XLAT_ADVICE(id, name, what, advice) [WHY_##id] = (advice),

static const char *const names[WHY_COUNT] = { XLAT_REASONS(XLAT_NAME) };
static const char *const texts[WHY_COUNT] = { XLAT_REASONS(XLAT_TEXT) };
static const char *const advices[WHY_COUNT] = { XLAT_REASONS(XLAT_ADVICE) };

const char *xlat_why_name(enum xlat_why why)
{
	return names[why];
}

const char *xlat_why_text(enum xlat_why why)
{
	return texts[why];
}

const char *xlat_why_advice(enum xlat_why why)
{
	return advices[why];
}
