# SPDX-License-Identifier: MIT
# Fuzzers: each tests/fuzz/NAME.c becomes a libFuzzer program with core's
# translator.

FUZZ_C       := $(wildcard tests/fuzz/*.c)
FUZZ_CORE    := $(wildcard core/*.c core/siit/*.c)
FUZZ_SECONDS ?= 20

.PHONY: fuzz
fuzz: $(FUZZ_C:tests/fuzz/%.c=$(B)/fuzz/%)
	$(Q)tests/fuzz/seeds.py $(B)/fuzz/seeds/siit
	$(Q)for f in $^; do \
		seeds=$(B)/fuzz/seeds/$${f##*/}; mkdir -p $$seeds || exit 1; \
		$$f -max_total_time=$(FUZZ_SECONDS) \
			-artifact_prefix=$(B)/fuzz/ $$seeds || exit 1; \
	done

$(B)/fuzz/%: tests/fuzz/%.c $(FUZZ_CORE) tests/unit/wire_check.c \
		$(wildcard core/*.h core/*/*.h) | $(B)/.have-lint
	@mkdir -p $(@D)
	$(call say,FUZZ)$(CLANG) -std=c11 -Icore -Wall -Wextra -Werror -g -O1 \
		-fsanitize=fuzzer,address,undefined -o $@ $< \
		tests/unit/wire_check.c $(FUZZ_CORE)
