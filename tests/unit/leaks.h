/* SPDX-License-Identifier: MIT */
/* Leaks are looked for where something allocates. */
#ifndef TEST_LEAKS_H
#define TEST_LEAKS_H

/*
 * Fails the test if something has been allocated that nothing points to. It is
 * for a test's body: what fails after it is not counted.
 */
void leaks_check(void);

#endif
