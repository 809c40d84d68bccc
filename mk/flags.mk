# SPDX-License-Identifier: MIT
# Compilers' flags. Core is compiled so that nothing but the compiler's own
# headers exists for it; the include paths are the layers.

WARN := -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes -Wundef \
	-Wvla -Werror

# The shell asks for the path, late: on a fresh machine there is no compiler
# yet when make reads this.
PURE_FLAGS := -std=c11 -ffreestanding -nostdinc -Icore
PURE := $(PURE_FLAGS) -isystem "$$($(CC) -print-file-name=include)"

# Debian's musl-gcc takes -static-pie and makes a dynamic PIE, so: -static.
# Nothing is aligned: 4 KB, and no faster.
OPT  := -O2 -g -fno-pie -ffunction-sections -fdata-sections \
	-fstack-protector-strong -fno-asynchronous-unwind-tables \
	-falign-functions=1 -falign-loops=1 -falign-jumps=1 -falign-labels=1
# Nor are tables more than the ABI asks for, where the compiler would.
ifeq ($(ARCH)-$(shell uname -m),-x86_64)
OPT  += -malign-data=abi
endif

# Core is many small functions in many files, so it is optimised as a whole.
# Not vectorised: pairs of 64-bit halves then go through memory that has just
# been written in halves, which stalls.
# -O3 would take 5 KB more for 5 % less time.
CORE_OPT := $(OPT) -O2 -flto -fno-tree-slp-vectorize \
	--param max-inline-insns-auto=30

# The short way of a plain packet, in one piece.
HOT_OPT := $(CORE_OPT) -O3 --param max-inline-insns-auto=200
HOT := $(addprefix siit/,lookup shortcut siit transport)

# DNS is run per query, among system calls; CLAT's life hardly ever.
DNS_OPT  := $(OPT) -Os -flto
COLD_OPT := $(OPT) -Oz -flto
CLAT_OPT := $(COLD_OPT)

# What of the packet path's layers no packet meets: start, reload, showing,
# logs, and errors that are limited anyway; of DNS what is short, or done once
# for a question to a server; and what is done only where there are threads.
COLD := $(addprefix nat64/,adjust ahead alarm block config determ event expire ipfix owner quicken \
	restore snapshot tell wheel view) $(addprefix siit/,cut gather icmpext parts) \
	$(addprefix dns/,cookie count local named rrl synth upcookie upstream)

# Around it little is done per packet but system calls.
APP_OPT := $(OPT) -Oz -flto

# Here all of it is compiled in one piece; how much each function is optimised
# was said before. Constants share the program's segment: one of their own
# costs two pages of a router's flash. What RELRO is for, layout.ld does.
LINK := -Os -flto=auto -flto-partition=one -fno-asynchronous-unwind-tables \
	-static -no-pie -Wl,--gc-sections -Wl,-z,norelro -Wl,-z,noexecstack \
	-Wl,-z,noseparate-code -Wl,-T,mk/layout.ld

APP := -std=c11 -D_GNU_SOURCE -DXLAT_VERSION='"$(VERSION)"' \
	-Icore -Iplatform/linux -Icmd

ifeq ($(V),1)
Q    :=
say   =
else
Q    := @
say   = @echo "  $(1)	$@";
endif
