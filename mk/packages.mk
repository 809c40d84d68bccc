# SPDX-License-Identifier: MIT
# Debian packages by purpose, and the two libraries; each a stamp file.

$(B)/.have-%: scripts/packages.sh
	$(Q)scripts/packages.sh $*
	@mkdir -p $(@D) && touch $@

$(DEPS)/.done: scripts/deps.sh scripts/mnl_fortify.c | $(B)/.have-build
	$(call say,DEPS)scripts/deps.sh $(DEPS)

.PRECIOUS: $(B)/.have-%
