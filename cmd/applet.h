/* SPDX-License-Identifier: MIT */
/*
 * applet.h - what the binary can be called as
 */
#ifndef XLAT_CMD_APPLET_H
#define XLAT_CMD_APPLET_H

#include "base.h"

/**
 * struct applet - one program of those in the binary
 * @name:	as in `xlat NAME`, and in a link called NAME or xlat-NAME
 * @summary:	half a sentence
 * @run:	gets the arguments behind the name; returns an exit status
 * @link:	`xlat install` makes a link for it
 */
struct applet {
	const char *name;
	const char *summary;
	int (*run)(int argc, char **argv);
	bool link;
};

int clat_run(int argc, char **argv);
int plat_run(int argc, char **argv);
int siit_run(int argc, char **argv);
int dns64_run(int argc, char **argv);
int ctl_run(int argc, char **argv);
int doctor_run(int argc, char **argv);
int addr_run(int argc, char **argv);

#endif
