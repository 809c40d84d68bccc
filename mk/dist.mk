# SPDX-License-Identifier: MIT
# `make dist`: binaries for every architecture and their checksums. The same
# tree makes the same bytes, whatever folder it is in.

DIST := $(B)/dist

.PHONY: dist dist-check $(ARCHES:%=dist-%)

dist: all $(ARCHES:%=dist-%)
	$(Q)cp $(B)/xlat $(DIST)/xlat-$(VERSION)-amd64
	$(Q)cd $(DIST) && sha256sum xlat-$(VERSION)-* >SHA256SUMS

$(ARCHES:%=dist-%): dist-%:
	@mkdir -p $(DIST)
	+$(Q)$(MAKE) --no-print-directory ARCH=$* all cross-unit
	$(Q)cp $(B)/$*/xlat $(DIST)/xlat-$(VERSION)-$*

dist-check: dist
	$(Q)ARCHES="$(ARCHES)" BUILD="$(abspath $(B))" \
		python3 tests/dist/test_arches.py

# Core and its unit tests, vectors among them, without Criterion: to run where
# there is only qemu-user. Tests that look for leaks need a sanitizer.
CROSS_C := $(wildcard tests/cross/*.c) $(UNIT_APP_C) \
	$(filter-out $(shell grep -l leaks_check tests/unit/*.c),$(UNIT_C))
CROSS_O := $(CROSS_C:%.c=$(B)/cross-obj/%.o)

.PHONY: cross-unit
cross-unit: $(B)/cross-unit

$(B)/cross-unit: $(CORE_O) $(CROSS_O)
	$(call say,LINK)$(MUSL) $(LINK) -o $@ $^

$(B)/cross-obj/%.o: %.c $(MAKEFILE_LIST) | $(DEPS)/.done
	@mkdir -p $(@D)
	$(call say,MUSL)$(MUSL) $(APP) $(MUSL_INC) -Itests/cross -Itests/unit \
		-O1 -Wall -Wextra -Werror -Wno-format-zero-length -MMD -MP \
		-c -o $@ $<

-include $(CROSS_O:.o=.d)

# A Debian package for this machine's architecture.
DEB_ARCH = $(shell dpkg --print-architecture)

.PHONY: deb
deb: all
	$(call say,DEB)scripts/deb.sh $(B)/xlat $(DEB_ARCH) \
		$(B)/xlat_$(VERSION)_$(DEB_ARCH).deb
