# SPDX-License-Identifier: MIT
# Programs that measure: each tests/bench/NAME.c becomes build/bench/NAME, with
# core's objects as they are in the binary.

BENCH := $(patsubst tests/bench/%.c,$(B)/bench/%,$(wildcard tests/bench/*.c))

$(B)/bench/%: tests/bench/%.c $(CORE_O) | $(DEPS)/.done
	@mkdir -p $(@D)
	$(call say,MUSL)$(MUSL) $(APP) $(MUSL_INC) $(WARN) $(OPT) $(LINK) \
		-o $@ $^
