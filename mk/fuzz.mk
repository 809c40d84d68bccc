# SPDX-License-Identifier: MIT
# Fuzzers: each tests/fuzz/NAME.c becomes a libFuzzer program with core.

FUZZ_C       := $(wildcard tests/fuzz/*.c)
FUZZ_SECONDS ?= 20

.PHONY: fuzz
fuzz: $(FUZZ_C:tests/fuzz/%.c=$(B)/fuzz/%)
	$(Q)for f in $^; do $$f -max_total_time=$(FUZZ_SECONDS) || exit 1; done

$(B)/fuzz/%: tests/fuzz/%.c $(CORE_C) $(wildcard core/*.h core/*/*.h) \
		| $(B)/.have-lint
	@mkdir -p $(@D)
	$(call say,FUZZ)$(CLANG) -std=c11 -Icore -Wall -Wextra -Werror -g -O1 \
		-fsanitize=fuzzer,address,undefined -o $@ $< $(CORE_C)
