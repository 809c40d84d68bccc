/* SPDX-License-Identifier: MIT */
/* Leaks are looked for where something allocates. */
#ifndef TEST_LEAKS_H
#define TEST_LEAKS_H

/* Fails the test if something has been allocated that nothing points to. */
void leaks_check(void);

#endif
