# SPDX-License-Identifier: MIT
# Debian packages by purpose, and the two libraries; each a stamp file.

$(B)/.have-%: scripts/packages.sh
	$(Q)scripts/packages.sh $*
	@mkdir -p $(@D) && touch $@

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
