# SPDX-License-Identifier: MIT
#
# make             build/xlat: one static binary (musl), stripped
# make check       unit tests, tests of the real binary in namespaces, fuzzers,
#                  two minutes of soak
# make unit, net   one half of it
# make lint        what can be checked without running it
# make soak        all daemons at work for SECONDS=N (3600), with faults
# make demo        the whole path, shown with real programs
# make bench       figures beside plain forwarding and other translators
# make compare     DNS64 beside Unbound and BIND: who does what the RFCs say
# make dist        binaries for other architectures as well, below build/dist
# make dist-check  run those under qemu: they start, core passes its unit tests
# make deb         a Debian package, below build
# make completions for bash, zsh and fish, below build/completions
# make fuzz        fuzzers alone, FUZZ_SECONDS=N all together (60); make
#                  fuzzers builds them
# make afl         the same, with AFL++
# make install     DESTDIR= PREFIX=/usr/local
# make clean       remove what was built, but not the dependencies
# make distclean   those too
#
# Variables: B=DIR builds there; V=1 shows the commands; TESTS="lint unit net"
# says what check runs, ONLY=WORD only the files with WORD in their name.

VERSION := 0.1.0

B      ?= build
DEPS   ?= build/deps
PREFIX ?= /usr/local
TESTS  ?= unit net fuzz soak
CC     := gcc
MUSL   := musl-gcc
CLANG  := clang
STRIP  := strip

MAKEFLAGS += --no-builtin-rules
# A make within make shares the jobs of the first one.
ifeq ($(MAKELEVEL),0)
MAKEFLAGS += -j$(shell nproc)
endif
.SUFFIXES:
.DELETE_ON_ERROR:

include mk/cross.mk
include mk/flags.mk
include mk/packages.mk
include mk/xlat.mk
include mk/unit.mk
include mk/bench.mk
include mk/fuzz.mk
include mk/dist.mk

.DEFAULT_GOAL := all
.PHONY: all deps check unit net soak lint bench compare demo install completions \
	clean distclean

all: $(B)/xlat

deps: $(DEPS)/.done

export XLAT    := $(abspath $(B)/xlat)
export UNIT    := $(abspath $(B)/unit)
export BUILD   := $(abspath $(B))
export DEPSDIR := $(abspath $(DEPS))
export PURE_FLAGS WARN FUZZ_SECONDS

check: all $(B)/unit $(B)/xlat-clock $(if $(filter lint,$(TESTS)),$(B)/.have-lint) \
		$(B)/.have-net $(if $(filter fuzz,$(TESTS)),$(FUZZ))
	$(Q)python3 tests/run.py $(TESTS)

unit: $(B)/unit
	$(Q)python3 tests/run.py unit

net: all $(B)/xlat-clock $(B)/.have-net
	$(Q)python3 tests/run.py net

SECONDS ?= 3600

soak: all $(B)/.have-net
	$(Q)SOAK_SECONDS=$(SECONDS) python3 tests/run.py soak

lint: all $(B)/.have-lint
	$(Q)python3 tests/run.py lint

bench: all $(BENCH) $(B)/.have-bench
	$(Q)$(B)/bench/core_bench $(B)/bench/core.csv
	$(Q)$(B)/bench/isp_day $(B)/bench/day.csv
	$(Q)python3 tests/bench/net_bench.py
	$(Q)python3 tests/bench/clat_start.py
	$(Q)python3 tests/bench/reload_bench.py
	$(Q)python3 tests/bench/ctl_bench.py
	$(Q)python3 tests/bench/dns_bench.py
	$(Q)$(B)/bench/dns_scale $(B)/bench/dns_scale.csv

compare: all $(B)/.have-net
	$(Q)python3 tests/compare/dns64.py

demo: all $(B)/.have-net
	$(Q)python3 tests/net/demo.py

install: all
	install -D -m 755 $(B)/xlat $(DESTDIR)$(PREFIX)/sbin/xlat
	for a in $(APPLETS); do \
		ln -sf xlat $(DESTDIR)$(PREFIX)/sbin/xlat-$$a || exit 1; \
	done
	for m in $(MAN); do \
		install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/man/man$${m##*.} \
			$$m || exit 1; \
	done

completions: all
	$(Q)scripts/completions.py $(B)/xlat $(B)/completions

clean:
	$(Q)rm -rf $(B)/obj $(B)/unit-obj $(B)/fuzz $(B)/fuzz-obj \
		$(B)/afl $(B)/afl-obj $(B)/bench \
		$(B)/xlat $(B)/xlat-clock $(B)/xlat.debug $(B)/xlat.debug.map $(B)/unit

distclean: clean
	$(Q)rm -rf $(B) $(DEPS)
