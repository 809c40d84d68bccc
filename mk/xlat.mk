# SPDX-License-Identifier: MIT
# The binary. Sources are found, not listed; build/obj mirrors the tree.

APPLETS := clat plat siit dns64
CORE_C  := $(wildcard core/*.c core/*/*.c)
APP_C   := $(wildcard platform/linux/*.c cmd/*.c)
MAN     := $(wildcard cmd/*.[58])
CORE_O  := $(CORE_C:%.c=$(B)/obj/%.o)
APP_O   := $(APP_C:%.c=$(B)/obj/%.o)

MUSL_INC := -isystem $(DEPS)/include -idirafter $(DEPS)/hdrs

$(B)/xlat: $(B)/xlat.debug
	$(call say,STRIP)$(STRIP) -s -R .comment -o $@ $<

$(B)/xlat.debug: $(CORE_O) $(APP_O) $(DEPS)/.done
	$(call say,LINK)$(MUSL) $(LINK) -Wl,-Map=$@.map -o $@ $(CORE_O) \
		$(APP_O) $(DEPS)/lib/libmnl.a $(DEPS)/lib/libcap.a

# The same with clocks that a test can set; who replaces a function of the C
# library must not be optimised away before that is done.
$(B)/obj/tests/clock/shift.o: APP_OPT := $(OPT)
$(B)/xlat-clock: $(CORE_O) $(APP_O) $(B)/obj/tests/clock/shift.o $(DEPS)/.done
	$(call say,LINK)$(MUSL) $(LINK) -Wl,--wrap=clock_gettime,--wrap=time \
		-o $@ $(filter %.o,$^) $(DEPS)/lib/libmnl.a \
		$(DEPS)/lib/libcap.a

$(HOT:%=$(B)/obj/core/%.o): CORE_OPT := $(HOT_OPT)
$(B)/obj/core/clat/%.o: CORE_OPT := $(CLAT_OPT)
$(B)/obj/core/dns/%.o: CORE_OPT := $(DNS_OPT)
$(COLD:%=$(B)/obj/core/%.o): CORE_OPT := $(COLD_OPT)

$(B)/obj/core/%.o: core/%.c $(MAKEFILE_LIST) | $(B)/.have-build
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(PURE) $(WARN) $(CORE_OPT) -MMD -MP -c -o $@ $<

$(B)/obj/%.o: %.c $(MAKEFILE_LIST) | $(DEPS)/.done
	@mkdir -p $(@D)
	$(call say,MUSL)$(MUSL) $(APP) $(MUSL_INC) $(WARN) $(APP_OPT) -MMD -MP \
		-c -o $@ $<

-include $(CORE_O:.o=.d) $(APP_O:.o=.d) $(B)/obj/tests/clock/shift.d
