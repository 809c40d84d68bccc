# SPDX-License-Identifier: MIT
# ARCH=armel builds for that Debian architecture, below build/armel.

ARCHES := armel armhf arm64 i386

CROSS_armel := arm-linux-gnueabi
CROSS_armhf := arm-linux-gnueabihf
CROSS_arm64 := aarch64-linux-gnu
CROSS_i386  := i686-linux-gnu

ifneq ($(ARCH),)
CROSS := $(CROSS_$(ARCH))
ifeq ($(CROSS),)
$(error ARCH has to be one of: $(ARCHES))
endif
override DEPS := $(DEPS)/$(ARCH)
override B := $(B)/$(ARCH)
CC := $(CROSS)-gcc
MUSL := $(DEPS)/cc
STRIP := $(CROSS)-strip
endif
