/* SPDX-License-Identifier: MIT */
/*
 * rows.h - what is measured, by part of core
 */
#ifndef XLAT_BENCH_ROWS_H
#define XLAT_BENCH_ROWS_H

/* Translation by class of packet. */
void rows_siit(void);

/* The address mapping table: loading, and a packet at several sizes. */
void rows_eam(void);

/* Sessions: looking them up, making them, their memory and their end. */
void rows_nat64(void);

#endif
