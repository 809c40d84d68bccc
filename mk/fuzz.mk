# SPDX-License-Identifier: MIT
# Fuzzers: each tests/fuzz/NAME.c is a LLVMFuzzerTestOneInput(), which is
# linked twice: build/fuzz/NAME with libFuzzer, build/afl/NAME with AFL++'s
# driver, which calls it in a loop within one process. FUZZ_SECONDS is for all
# of them together.

FUZZ_SECONDS ?= 60

FUZZ_C  := $(wildcard tests/fuzz/*.c)
FUZZ    := $(FUZZ_C:tests/fuzz/%.c=$(B)/fuzz/%)
AFL     := $(FUZZ_C:tests/fuzz/%.c=$(B)/afl/%)
FUZZ_ON := $(CORE_C) tests/unit/wire_check.c cmd/options.c cmd/parse.c \
	$(addprefix platform/linux/,control.c ctlarg.c dirs.c ev.c log.c report.c \
		pages.c serve.c)

FUZZ_FLAGS := $(APP) -Itests/unit -Wall -Wextra -Werror -g -O1 \
	-fsanitize=address,undefined -fno-sanitize-recover=all
FUZZ_CC    := $(CLANG) $(FUZZ_FLAGS) -fsanitize=fuzzer-no-link
AFL_CC     := AFL_QUIET=1 afl-clang-fast $(FUZZ_FLAGS)

.PHONY: fuzzers fuzz afl
fuzzers: $(FUZZ)

fuzz: $(FUZZ)
	$(Q)python3 tests/fuzz/run.py $(B)/fuzz $(FUZZ_SECONDS)

afl: $(AFL)
	$(Q)tests/fuzz/afl.sh $(B)/afl $(FUZZ_SECONDS)

$(B)/fuzz/%: $(B)/fuzz-obj/tests/fuzz/%.o $(B)/fuzz-obj/on.a
	@mkdir -p $(@D)
	$(call say,LINK)$(CLANG) -fsanitize=fuzzer,address,undefined -o $@ $^

$(B)/afl/%: $(B)/afl-obj/tests/fuzz/%.o $(B)/afl-obj/on.a
	@mkdir -p $(@D)
	$(call say,LINK)$(AFL_CC) -fsanitize=fuzzer -o $@ $^

$(B)/fuzz-obj/on.a: $(FUZZ_ON:%.c=$(B)/fuzz-obj/%.o)
$(B)/afl-obj/on.a: $(FUZZ_ON:%.c=$(B)/afl-obj/%.o)

$(B)/%-obj/on.a:
	$(call say,AR)rm -f $@ && ar rc $@ $^

$(B)/fuzz-obj/%.o: %.c $(MAKEFILE_LIST) | $(B)/.have-fuzz
	@mkdir -p $(@D)
	$(call say,FUZZ)$(FUZZ_CC) -MMD -MP -c -o $@ $<

$(B)/afl-obj/%.o: %.c $(MAKEFILE_LIST) | $(B)/.have-afl
	@mkdir -p $(@D)
	$(call say,AFL)$(AFL_CC) -MMD -MP -c -o $@ $<

.SECONDARY: $(FUZZ_C:%.c=$(B)/fuzz-obj/%.o) $(FUZZ_C:%.c=$(B)/afl-obj/%.o)
-include $(FUZZ_C:%.c=$(B)/fuzz-obj/%.d) $(FUZZ_ON:%.c=$(B)/fuzz-obj/%.d)
