# SPDX-License-Identifier: MIT
# Unit tests: one Criterion program (glibc), with ASan and UBSan. Of cmd and
# platform only what asks nothing of the system is linked.

SAN := -O1 -g -fno-pie -fno-omit-frame-pointer -fsanitize=address,undefined \
	-fno-sanitize-recover=all

UNIT_APP_C := $(wildcard cmd/options.c cmd/parse.c platform/linux/ctlarg.c \
	platform/linux/digits.c platform/linux/vnet.c)
UNIT_C     := $(wildcard tests/unit/*.c)
UNIT_O     := $(CORE_C:%.c=$(B)/unit-obj/%.o) \
	$(UNIT_APP_C:%.c=$(B)/unit-obj/%.o) $(UNIT_C:%.c=$(B)/unit-obj/%.o)

$(B)/unit: $(UNIT_O)
	$(call say,LINK)$(CC) $(SAN) -no-pie -o $@ $^ -lcriterion

$(B)/unit-obj/core/%.o: core/%.c $(MAKEFILE_LIST) | $(B)/.have-build
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(PURE) $(WARN) $(SAN) -MMD -MP -c -o $@ $<

$(B)/unit-obj/%.o: %.c $(MAKEFILE_LIST) | $(B)/.have-build $(B)/.have-unit
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(APP) -Itests/unit -Wall -Wextra -Wshadow \
		-Werror $(SAN) -MMD -MP -c -o $@ $<

-include $(UNIT_O:.o=.d)
