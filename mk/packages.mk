# SPDX-License-Identifier: MIT
# Debian packages by purpose, and the two libraries; each a stamp file.

$(B)/.have-%: scripts/packages.sh
	$(Q)scripts/packages.sh $*
	@mkdir -p $(@D) && touch $@

# A client of DNS64 whose package must not be installed.
$(B)/.have-net: $(B)/resolved/.done
$(B)/resolved/.done: scripts/unpack.sh
	$(call say,UNPACK)scripts/unpack.sh $(@D) systemd-resolved

ifeq ($(ARCH),)
$(DEPS)/.done: scripts/deps.sh scripts/libs.sh scripts/mnl_fortify.c \
		| $(B)/.have-build
	$(call say,DEPS)scripts/deps.sh $(DEPS)
else
$(DEPS)/.done: scripts/cross.sh scripts/libs.sh scripts/mnl_fortify.c \
		scripts/mnl_time64.c \
		| $(B)/.have-build $(B)/.have-cross
	$(call say,DEPS)scripts/cross.sh $(ARCH) $(DEPS)
endif

.PRECIOUS: $(B)/.have-%
