# SPDX-License-Identifier: MIT
# Programs of the benches: core_bench, isp_day and dns_scale have objects as they
# are in the binary, load makes traffic. What `make bench` finds is written below
# build/bench as well.

BENCH   := $(B)/bench/core_bench $(B)/bench/isp_day $(B)/bench/load \
	$(B)/bench/dns_scale
BENCH_C := $(wildcard tests/bench/core/*.c)
BENCH_O := $(BENCH_C:%.c=$(B)/obj/%.o)
DAY_O   := $(patsubst %.c,$(B)/obj/%.o,$(wildcard tests/bench/day/*.c))
LOAD_O  := $(B)/obj/tests/bench/load.o
SCALE_O := $(B)/obj/tests/bench/dns_scale.o

$(B)/bench/core_bench: $(CORE_O) $(BENCH_O)
$(B)/bench/isp_day: $(CORE_O) $(DAY_O) $(B)/obj/tests/bench/core/build.o
$(B)/bench/load: $(LOAD_O)
$(B)/bench/dns_scale: $(CORE_O) $(filter $(B)/obj/platform/%,$(APP_O)) \
	$(SCALE_O) $(DEPS)/lib/libmnl.a $(DEPS)/lib/libcap.a

$(BENCH):
	@mkdir -p $(@D)
	$(call say,LINK)$(MUSL) $(LINK) -o $@ $^

-include $(BENCH_O:.o=.d) $(DAY_O:.o=.d) $(LOAD_O:.o=.d) $(SCALE_O:.o=.d)
