# SPDX-License-Identifier: MIT
# The program that measures core, with core's objects as they are in the
# binary. What it prints, and what tests/bench/net_bench.py does, is written
# below build/bench as well.

BENCH   := $(B)/bench/core_bench
BENCH_C := $(wildcard tests/bench/*.c)
BENCH_O := $(BENCH_C:%.c=$(B)/obj/%.o)

$(BENCH): $(CORE_O) $(BENCH_O)
	@mkdir -p $(@D)
	$(call say,LINK)$(MUSL) $(LINK) -o $@ $^

-include $(BENCH_O:.o=.d)
