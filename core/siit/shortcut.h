/* SPDX-License-Identifier: MIT */
/*
 * shortcut.h - plain packets (siit/plain.h) through the stateless translator
 *
 * Internal to siit/.
 */
#ifndef XLAT_SIIT_SHORTCUT_H
#define XLAT_SIIT_SHORTCUT_H

#include "siit/siit.h"

/**
 * shortcut_packet() - translate a packet if it is a plain one
 * @p:		as read
 *
 * Return: true: it is done, as siit_any() would have; false: it is as it was
 */
XL_MUST_USE bool shortcut_packet(struct siit *s, struct pkt *p);

#endif
