# rcesim: one makefile, no recursion into folders. `make help` lists the goals.
#
# Variants live in folders of their own: build/release (the program is also linked as build/rcesim), build/debug,
# build/asan, build/tsan, build/check. Everything under sim, reports and models is found by wildcard.

VERSION := 0.1.0
BUILD   := build
VARIANT := release
CC      ?= cc
ifeq ($(origin CC),default)
CC := gcc
endif
PREFIX  ?= /usr/local

WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Wstrict-prototypes \
  -Wmissing-prototypes -Wvla -Wwrite-strings -Wpointer-arith -Wcast-qual -Wundef
# Simulated results must not depend on how a compiler contracts floating point.
LANGUAGE := -std=c11 -D_GNU_SOURCE -ffp-contract=off -pthread
RCE_FREESTANDING := -ffreestanding -fno-stack-protector -U_FORTIFY_SOURCE

OPTIMISE_release := -O2 -g
OPTIMISE_check   := -O2 -g -Werror
OPTIMISE_debug   := -O0 -g -DRCESIM_SLOW_CHECKS
OPTIMISE_asan    := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -DRCESIM_SLOW_CHECKS
OPTIMISE_tsan    := -O1 -g -fsanitize=thread
OPTIMISE         := $(OPTIMISE_$(VARIANT))
ifeq ($(OPTIMISE),)
$(error VARIANT=$(VARIANT) is not one of release check debug asan tsan)
endif

PACKAGES := gsl yaml-0.1 jansson sqlite3 libmicrohttpd libcurl
PKG_CFLAGS := $(shell pkg-config --cflags $(PACKAGES) 2>/dev/null)
PKG_LIBS   := $(shell pkg-config --libs $(PACKAGES) 2>/dev/null || echo -lgsl -lgslcblas -lyaml -ljansson -lsqlite3 -lmicrohttpd -lcurl)
CMOCKA_LIBS := $(shell pkg-config --libs cmocka 2>/dev/null || echo -lcmocka)

# MPI=1 builds the same program to run under mpirun, too: build/rcesim-mpi.
MPICC  ?= mpicc
OUT    := $(BUILD)/$(VARIANT)
CPPFLAGS += -I. $(PKG_CFLAGS) -DRCESIM_VERSION='"$(VERSION)"'
ALL_CFLAGS = $(LANGUAGE) $(WARNINGS) $(OPTIMISE) $(CFLAGS)
LIBS   := $(PKG_LIBS) -lm -ldl -pthread

MAIN_SOURCE := models/rcesim/main.c
RCE_SOURCES := $(sort $(wildcard models/rce/*.c))
# Engines that are programs or shared objects of their own are no part of this program.
OUTSIDE     := models/engines/examples/% models/engines/reference/%
SOURCES     := $(filter-out $(OUTSIDE),$(sort $(wildcard sim/*/*.c reports/*.c models/*/*.c models/*/*/*.c)))
LIB_SOURCES := $(filter-out $(MAIN_SOURCE) $(RCE_SOURCES),$(SOURCES))
TEST_SOURCES  := $(sort $(shell find tests -name '*_test.c'))
SHELL_TESTS   := $(sort $(shell find tests -name '*_test.sh'))
BENCH_SOURCES := $(sort $(wildcard tests/bench/*_bench.c))
FUZZ_SOURCES  := $(sort $(wildcard tests/fuzz/*_fuzz.c))

# One short line a file; V=1 shows whole commands.
is_silent = $(findstring s,$(filter-out --%,$(firstword -$(MAKEFLAGS))))
run = $(if $(V),$(2),@$(if $(is_silent),,printf '  %-5s %s\n' $(1) $@;) $(2))
objects = $(patsubst %.c,$(OUT)/%.o,$(1))
LIBRARY := $(OUT)/librcesim.a
RCE_LIBRARY := $(OUT)/librce.a
# The engine once more, so that it can be linked into shared objects: for others, and as one itself.
RCE_PIC_LIBRARY := $(OUT)/pic/librce.a
RCE_PLUGIN  := $(OUT)/librce_plugin.so
RCE_ABI     := $(shell sed -n 's/^.define RCE_ABI \([0-9]*\)u*/\1/p' models/rce/rce.h)
RCE_HEADERS := rce.h retry.h contract.h
PROGRAM := $(OUT)/rcesim
TESTS   := $(patsubst %.c,$(OUT)/%,$(TEST_SOURCES))
BENCHES := $(patsubst %.c,$(OUT)/%,$(BENCH_SOURCES))
REPLAYS := $(patsubst %.c,$(OUT)/%,$(FUZZ_SOURCES))

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.PHONY: all demo test check asan tsan mpi-test fuzz bench mutants lint format install install-rce uninstall clean help setup \
  test-programs run-demo run-tests analyze

all: $(BUILD)/rcesim $(if $(MPI),$(BUILD)/rcesim-mpi) ## Build the program: build/rcesim; with MPI=1 build/rcesim-mpi, too

# The two commands for a newcomer use all cores; everything else leaves that to -j.
JOBS = $(if $(filter -j% --jobserver%,$(MAKEFLAGS)),,-j$(shell nproc 2>/dev/null || echo 2))

demo: setup ## Install what is missing, build, run the incident, leave the report and say where it is
	@$(MAKE) --no-print-directory $(JOBS) run-demo

test: setup ## Install what is missing, build, run all tests
	@$(MAKE) --no-print-directory $(JOBS) run-tests

setup:
	@tests/tools/setup.sh build test

run-demo: $(BUILD)/rcesim
	$(BUILD)/rcesim run scenarios/phase2-race.yaml -o out/phase2-race --force

run-tests: test-programs
	@tests/tools/run_tests.sh $(PROGRAM) $(TESTS) $(SHELL_TESTS)

test-programs: $(TESTS) $(REPLAYS) $(PROGRAM) $(RCE_PLUGIN) $(RCE_PIC_LIBRARY) $(OUT)/rce-engine $(if $(filter release,$(VARIANT)),$(BUILD)/rcesim)

$(BUILD)/rcesim: $(BUILD)/release/rcesim
	@ln -sf release/rcesim $@
ifneq ($(OUT),$(BUILD)/release)
$(BUILD)/release/rcesim:
	@$(MAKE) --no-print-directory VARIANT=release $@
endif

# All that it has of its own is how it speaks to other ranks; the one of the library is not linked in beside it.
MPI_PROGRAM := $(OUT)/rcesim-mpi
$(BUILD)/rcesim-mpi: $(MPI_PROGRAM)
	@ln -sf $(VARIANT)/rcesim-mpi $@
$(MPI_PROGRAM): $(call objects,$(MAIN_SOURCE)) $(OUT)/mpi/ranks.o $(LIBRARY) $(RCE_LIBRARY)
	$(call run,LINK,$(MPICC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS))
$(OUT)/mpi/ranks.o: models/rcesim/run/ranks.c
	@mkdir -p $(@D)
	$(call run,CC,$(MPICC) $(CPPFLAGS) -DRCESIM_MPI $(ALL_CFLAGS) -MMD -MP -c -o $@ $<)

$(PROGRAM): $(call objects,$(MAIN_SOURCE)) $(LIBRARY) $(RCE_LIBRARY)
	$(call run,LINK,$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS))

$(LIBRARY): $(call objects,$(LIB_SOURCES))
	@rm -f $@
	@$(AR) rcs $@ $^

$(RCE_LIBRARY): $(call objects,$(RCE_SOURCES))
	@rm -f $@
	@$(AR) rcs $@ $^

PIC_OBJECTS := $(patsubst %.c,$(OUT)/pic/%.o,$(RCE_SOURCES))
$(RCE_PIC_LIBRARY): $(PIC_OBJECTS)
	@rm -f $@
	@$(AR) rcs $@ $^

# The engine as a process of its own, which speaks models/engines/PROTOCOL.md.
RCE_PROCESS := $(OUT)/rce-engine
$(RCE_PROCESS): $(OUT)/models/engines/reference/engine.o $(LIBRARY) $(RCE_LIBRARY)
	$(call run,LINK,$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS))

# These start it.
$(addprefix $(OUT)/tests/,models/engines/batch_test models/engines/external_test models/engines/interrupt_test models/engines/twins_test bench/external_bench): \
  | $(RCE_PROCESS)
$(OUT)/tests/models/engines/damaged_plugin_test: | $(RCE_PLUGIN)

$(RCE_PLUGIN): $(OUT)/pic/models/engines/reference/rce_plugin.o $(RCE_PIC_LIBRARY)
	$(call run,LINK,$(CC) $(ALL_CFLAGS) $(LDFLAGS) -shared -o $@ $^)

$(OUT)/pic/%.o: %.c
	@mkdir -p $(@D)
	$(call run,CC,$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -fPIC -fvisibility=hidden -MMD -MP -c -o $@ $<)

ifneq ($(filter release check,$(VARIANT)),)
$(call objects,$(RCE_SOURCES)) $(PIC_OBJECTS): ALL_CFLAGS += $(RCE_FREESTANDING)
endif

$(OUT)/%.o: %.c
	@mkdir -p $(@D)
	$(call run,CC,$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<)

# Files that the assembler takes in whole.
$(OUT)/models/testbed/asset.o: $(addprefix models/testbed/,openapi.json status.html status.css status.js)

$(TESTS): $(OUT)/%: $(OUT)/%.o $(LIBRARY) $(RCE_LIBRARY)
	$(call run,LINK,$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(CMOCKA_LIBS) $(LIBS))

# The fuzz targets without a fuzzer: they run the committed corpus as a test.
$(REPLAYS): $(OUT)/%: $(OUT)/%.o $(OUT)/tests/fuzz/replay_main.o $(LIBRARY) $(RCE_LIBRARY)
	$(call run,LINK,$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS))

$(BENCHES): $(OUT)/%: $(OUT)/%.o $(OUT)/tests/bench/profile.o $(LIBRARY) $(RCE_LIBRARY)
	$(call run,LINK,$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS))

check: ## Build everything with gcc and with clang, warnings as errors, and run the tests
	@$(MAKE) --no-print-directory VARIANT=check CC=gcc BUILD=$(BUILD)/gcc run-tests
	@$(MAKE) --no-print-directory VARIANT=check CC=clang BUILD=$(BUILD)/clang test-programs

# Not what is about real time, which a program that is so much slower has too little of.
asan: ## Run all tests under AddressSanitizer and UBSan, with slow checks
	@$(MAKE) --no-print-directory VARIANT=asan SHELL_TESTS='$(filter-out tests/readme_test.sh tests/models/rcesim/incident_live_test.sh,$(SHELL_TESTS))' run-tests

# What has threads: the runner, engines that are shared objects or processes, which each thread has its own of, the testbed.
TSAN_TESTS := $(wildcard tests/sim/experiment/*_test.c tests/models/vmc/*determinism*_test.c) \
  $(addprefix tests/sim/explore/,exhaustive_test.c random_test.c order_test.c \
  rare_test.c likelihood_test.c) \
  $(addprefix tests/models/engines/,batch_test.c damaged_plugin_test.c external_test.c) \
  $(addprefix tests/models/testbed/,testbed_test.c webhook_test.c)
TSAN_SHELL_TESTS := tests/models/engines/plugin_test.sh tests/models/rcesim/external_test.sh tests/models/rcesim/validate_live_test.sh \
  tests/models/testbed/truth_test.sh

tsan: ## Run the tests of what has threads (runner, engines that are not linked in, testbed) under ThreadSanitizer
	@$(MAKE) --no-print-directory VARIANT=tsan TEST_SOURCES='$(TSAN_TESTS)' SHELL_TESTS='$(TSAN_SHELL_TESTS)' run-tests

mpi-test: ## Build with MPI (OpenMPI is installed if it is missing) and compare runs over ranks with one process
	@tests/tools/setup.sh build mpi
	@$(MAKE) --no-print-directory $(JOBS) MPI=1 all $(RCE_PROCESS) $(RCE_PLUGIN)
	@sh tests/models/rcesim/mpi_test.sh $(BUILD)/rcesim-mpi

FUZZ_SECONDS ?= 20
fuzz: ## Run every fuzz target for FUZZ_SECONDS (default 20) on top of its committed corpus
	@tests/tools/fuzz.sh $(BUILD)/fuzz $(FUZZ_SECONDS)

bench: $(BENCHES) $(OUT)/rce-engine $(RCE_PLUGIN) $(BUILD)/rcesim ## Print one `name value unit` a line, with baselines and ratios
	@tests/tools/bench.sh $(BUILD)/rcesim $(BENCHES)

mutants: ## Apply each patch of tests/mutants in turn; every one must break a test
	@tests/tools/mutants.sh $(MUTANTS)

lint: $(RCE_LIBRARY) ## Check formatting, layers, headers, purity of models/rce, function sizes, and what clang warns of
	@CLANG_FLAGS='$(LANGUAGE) $(WARNINGS) -I. $(PKG_CFLAGS)' tests/tools/lint.sh $(RCE_LIBRARY)

format: ## Format all C files
	clang-format -i $$(git ls-files '*.c' '*.h')

install: $(BUILD)/rcesim $(if $(MPI),$(MPI_PROGRAM)) install-rce ## Install program, man page, librce and its headers below PREFIX (default /usr/local)
	install -D -m 755 $(BUILD)/release/rcesim $(DESTDIR)$(PREFIX)/bin/rcesim
	$(if $(MPI),install -D -m 755 $(MPI_PROGRAM) $(DESTDIR)$(PREFIX)/bin/rcesim-mpi)
	install -d $(DESTDIR)$(PREFIX)/share/rcesim/scenarios/schedules
	install -m 644 scenarios/*.yaml $(DESTDIR)$(PREFIX)/share/rcesim/scenarios
	install -m 644 scenarios/schedules/*.sched $(DESTDIR)$(PREFIX)/share/rcesim/scenarios/schedules
	if command -v help2man >/dev/null; then install -d $(DESTDIR)$(PREFIX)/share/man/man1 && help2man -N -n \
	  'simulate release orchestration' $(BUILD)/release/rcesim -o $(DESTDIR)$(PREFIX)/share/man/man1/rcesim.1; fi

install-rce: $(RCE_PIC_LIBRARY) ## Install only what engines are written with: librce.a, headers, rce.pc
	install -d $(DESTDIR)$(PREFIX)/lib/pkgconfig $(DESTDIR)$(PREFIX)/include/rce
	install -m 644 $(RCE_PIC_LIBRARY) $(DESTDIR)$(PREFIX)/lib/librce.a
	for header in $(RCE_HEADERS); do sed 's|^#include "models/rce/|#include "rce/|' models/rce/$$header \
	  > $(DESTDIR)$(PREFIX)/include/rce/$$header || exit 1; done
	sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@VERSION@|$(VERSION)|' -e 's|@ABI@|$(RCE_ABI)|' models/engines/rce.pc.in \
	  > $(DESTDIR)$(PREFIX)/lib/pkgconfig/rce.pc

uninstall: ## Remove what install put there
	rm -f $(DESTDIR)$(PREFIX)/bin/rcesim $(DESTDIR)$(PREFIX)/bin/rcesim-mpi $(DESTDIR)$(PREFIX)/share/man/man1/rcesim.1
	rm -rf $(DESTDIR)$(PREFIX)/share/rcesim $(DESTDIR)$(PREFIX)/include/rce
	rm -f $(DESTDIR)$(PREFIX)/lib/librce.a $(DESTDIR)$(PREFIX)/lib/pkgconfig/rce.pc

clean: ## Remove build and out
	rm -rf $(BUILD) out

help: ## List the goals
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 14

-include $(OUT)/models/engines/reference/engine.d $(OUT)/mpi/ranks.d $(patsubst %.c,$(OUT)/%.d,$(SOURCES) $(TEST_SOURCES) $(BENCH_SOURCES) \
  $(FUZZ_SOURCES) tests/bench/profile.c tests/fuzz/replay_main.c) $(PIC_OBJECTS:.o=.d)
