# SPDX-License-Identifier: GPL-2.0-or-later
#
# make check: unit tests (cmocka), layer checks, and scripts. All print TAP. The
# unit tests of a layer are listed in src/LAYER/local.mk.

LOG_DRIVER = env AM_TAP_AWK='$(AWK)' $(SHELL) $(top_srcdir)/build-aux/tap-driver.sh

# The environment of the test programs and scripts.
AM_TESTS_ENVIRONMENT = \
	CMOCKA_MESSAGE_OUTPUT=TAP; export CMOCKA_MESSAGE_OUTPUT; \
	top_srcdir='$(top_srcdir)'; export top_srcdir; \
	top_builddir='$(top_builddir)'; export top_builddir; \
	CC='$(CC)'; export CC; \
	NM='$(NM)'; export NM; \
	COMPILE_FLAGS='$(DEFS) $(DEFAULT_INCLUDES) $(INCLUDES) $(AM_CPPFLAGS) $(CPPFLAGS) $(AM_CFLAGS) $(CFLAGS)'; \
	export COMPILE_FLAGS;

# ---------------------------------------------------------------- layers

# Each program links one whole layer with nothing but the layers and libraries that it
# may use. A forbidden call anywhere in the layer is an undefined symbol, and the link
# fails. (The archive is in LDFLAGS because automake accepts no linker flags in LDADD.)

layer_tests += tests/layer/base tests/layer/model tests/layer/core tests/layer/nl \
	tests/layer/kern tests/layer/ctl

tests_layer_base_SOURCES = tests/layer/layer.c
tests_layer_base_CPPFLAGS = $(AM_CPPFLAGS) -DLAYER='"base"'
tests_layer_base_LDFLAGS = $(AM_LDFLAGS) -Wl,--whole-archive,src/base/libbase.a,--no-whole-archive
tests_layer_base_LDADD = $(base_libs)
EXTRA_tests_layer_base_DEPENDENCIES = src/base/libbase.a

tests_layer_model_SOURCES = tests/layer/layer.c
tests_layer_model_CPPFLAGS = $(AM_CPPFLAGS) -DLAYER='"model"'
tests_layer_model_LDFLAGS = $(AM_LDFLAGS) -Wl,--whole-archive,src/model/libmodel.a,--no-whole-archive
tests_layer_model_LDADD = $(base_ldadd)
EXTRA_tests_layer_model_DEPENDENCIES = src/model/libmodel.a

tests_layer_core_SOURCES = tests/layer/layer.c
tests_layer_core_CPPFLAGS = $(AM_CPPFLAGS) -DLAYER='"core"'
tests_layer_core_LDFLAGS = $(AM_LDFLAGS) -Wl,--whole-archive,src/core/libcore.a,--no-whole-archive
tests_layer_core_LDADD = $(model_ldadd)
EXTRA_tests_layer_core_DEPENDENCIES = src/core/libcore.a

tests_layer_nl_SOURCES = tests/layer/layer.c
tests_layer_nl_CPPFLAGS = $(AM_CPPFLAGS) -DLAYER='"nl"'
tests_layer_nl_LDFLAGS = $(AM_LDFLAGS) -Wl,--whole-archive,src/nl/libnl.a,--no-whole-archive
tests_layer_nl_LDADD = $(base_ldadd) $(MNL_LIBS)
EXTRA_tests_layer_nl_DEPENDENCIES = src/nl/libnl.a

tests_layer_kern_SOURCES = tests/layer/layer.c
tests_layer_kern_CPPFLAGS = $(AM_CPPFLAGS) -DLAYER='"kern"'
tests_layer_kern_LDFLAGS = $(AM_LDFLAGS) -Wl,--whole-archive,src/kern/libkern.a,--no-whole-archive
tests_layer_kern_LDADD = src/nl/libnl.a $(model_ldadd) $(netlink_libs)
EXTRA_tests_layer_kern_DEPENDENCIES = src/kern/libkern.a

tests_layer_ctl_SOURCES = tests/layer/layer.c
tests_layer_ctl_CPPFLAGS = $(AM_CPPFLAGS) -DLAYER='"ctl"'
tests_layer_ctl_LDFLAGS = $(AM_LDFLAGS) -Wl,--whole-archive,src/ctl/libctl.a,--no-whole-archive
tests_layer_ctl_LDADD = src/base/libbase.a $(JANSSON_LIBS)
EXTRA_tests_layer_ctl_DEPENDENCIES = src/ctl/libctl.a

# ---------------------------------------------------------------- the core

# The core runs against a fake kernel and a virtual clock: in scripted scenarios, and in
# random worlds.
core_tests = tests/scenario/scenario tests/random/random
fake_sources = \
	tests/fake/fakekernel.h tests/fake/fakekernel.c tests/fake/fakeorders.c \
	tests/fake/rig.h tests/fake/rig.c

tests_scenario_scenario_SOURCES = tests/scenario/scenario.c tests/scenario/scene.h \
	tests/scenario/words.c tests/scenario/setup.c tests/scenario/hardware.c \
	tests/scenario/happen.c \
	tests/scenario/expect.c $(fake_sources)
tests_scenario_scenario_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_scenario_scenario_LDADD = $(core_ldadd)

tests_random_random_SOURCES = tests/random/random.c tests/random/world.h tests/random/world.c \
	tests/random/topology.c tests/random/ruleset.c tests/random/rest.c \
	tests/random/invariants.c $(fake_sources)
tests_random_random_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_random_random_LDADD = $(core_ldadd)

# ---------------------------------------------------------------- golden files

# test-golden compares the bytes of our tc requests with the golden files. golden-lab sends
# the requests to a real kernel in the lab (see tests/cases/110-golden-rules.sh).
unit_tests += tests/golden/test-golden
tests_golden_test_golden_SOURCES = tests/golden/test-golden.c tests/golden/golden.h \
	tests/golden/golden.c
tests_golden_test_golden_LDADD = $(kern_ldadd) $(CMOCKA_LIBS)

noinst_PROGRAMS = tests/golden/golden-lab
tests_golden_golden_lab_SOURCES = tests/golden/golden-lab.c tests/golden/golden-nft.c \
	tests/golden/golden.h tests/golden/golden.c
tests_golden_golden_lab_LDADD = $(kern_ldadd)

# A command that probes a real driver (see tests/cases/360-probe.sh).
noinst_PROGRAMS += tests/golden/probe-lab
tests_golden_probe_lab_LDADD = $(daemon_ldadd)

# Compares the routes of the fake kernel with those of a real one (see
# tests/cases/007-lab-routes.sh).
noinst_PROGRAMS += tests/golden/routes-lab
tests_golden_routes_lab_SOURCES = tests/golden/routes-lab.c $(fake_sources)
tests_golden_routes_lab_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_golden_routes_lab_LDADD = src/core/libcore.a $(kern_ldadd)

# ---------------------------------------------------------------- benchmarks

# Generates load, and measures the limits to compare the daemon with (see "./lab bench").
noinst_PROGRAMS += tests/bench/benchload
tests_bench_benchload_LDADD = $(kern_ldadd)

# ---------------------------------------------------------------- hostile input

# Fuzz targets. make check runs each over its corpus. With --enable-fuzzer they become
# libFuzzer programs, which make check builds but does not run.
fuzz_targets = \
	tests/fuzz/fuzz-conntrack \
	tests/fuzz/fuzz-tc \
	tests/fuzz/fuzz-route \
	tests/fuzz/fuzz-nft \
	tests/fuzz/fuzz-conf \
	tests/fuzz/fuzz-control
if ENABLE_FUZZER
fuzz_main =
else
fuzz_main = tests/fuzz/replay.c
endif
fuzz_sources = tests/fuzz/fuzz.h tests/fuzz/fuzz.c $(fuzz_main)
fuzz_flags = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
EXTRA_DIST += tests/fuzz/corpus tests/fuzz/replay.c tests/fuzz/capture.py tests/fuzz/capture.sh \
	tests/fuzz/save-seeds

tests_fuzz_fuzz_conntrack_SOURCES = tests/fuzz/fuzz-conntrack.c $(fuzz_sources)
tests_fuzz_fuzz_conntrack_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests -DCORPUS='"tests/fuzz/corpus/conntrack"'
tests_fuzz_fuzz_conntrack_LDFLAGS = $(fuzz_flags)
tests_fuzz_fuzz_conntrack_LDADD = src/core/libcore.a $(kern_ldadd)

tests_fuzz_fuzz_tc_SOURCES = tests/fuzz/fuzz-tc.c $(fuzz_sources)
tests_fuzz_fuzz_tc_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests -DCORPUS='"tests/fuzz/corpus/tc"'
tests_fuzz_fuzz_tc_LDFLAGS = $(fuzz_flags)
tests_fuzz_fuzz_tc_LDADD = $(kern_ldadd)

tests_fuzz_fuzz_route_SOURCES = tests/fuzz/fuzz-route.c $(fuzz_sources)
tests_fuzz_fuzz_route_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests -DCORPUS='"tests/fuzz/corpus/route"'
tests_fuzz_fuzz_route_LDFLAGS = $(fuzz_flags)
tests_fuzz_fuzz_route_LDADD = $(kern_ldadd)

tests_fuzz_fuzz_nft_SOURCES = tests/fuzz/fuzz-nft.c $(fuzz_sources)
tests_fuzz_fuzz_nft_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests -DCORPUS='"tests/fuzz/corpus/nft"'
tests_fuzz_fuzz_nft_LDFLAGS = $(fuzz_flags)
tests_fuzz_fuzz_nft_LDADD = $(kern_ldadd)

tests_fuzz_fuzz_conf_SOURCES = tests/fuzz/fuzz-conf.c $(fuzz_sources)
tests_fuzz_fuzz_conf_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests -DCORPUS='"tests/fuzz/corpus/conf"'
tests_fuzz_fuzz_conf_LDFLAGS = $(fuzz_flags)
tests_fuzz_fuzz_conf_LDADD = $(daemon_ldadd)

tests_fuzz_fuzz_control_SOURCES = tests/fuzz/fuzz-control.c $(fuzz_sources)
tests_fuzz_fuzz_control_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests -DCORPUS='"tests/fuzz/corpus/control"'
tests_fuzz_fuzz_control_LDFLAGS = $(fuzz_flags)
tests_fuzz_fuzz_control_LDADD = $(daemon_ldadd)

# ---------------------------------------------------------------- scripts

script_tests += \
	tests/lint/layers \
	tests/lint/symbols \
	tests/lint/headers \
	tests/lint/sizes \
	tests/lint/names \
	tests/lint/spdx \
	tests/lint/docs \
	tests/lint/fsm \
	tests/lint/cases \
	tests/lint/circles \
	tests/lint/examples

dist_noinst_SCRIPTS += $(script_tests)
EXTRA_DIST += tests/lint/sizes.allow tests/lint/sleeps.allow tests/lint/lib.sh tests/unit/unit.h tests/splitmix.h

# ---------------------------------------------------------------- list of tests

check_PROGRAMS += $(layer_tests) $(core_tests) $(fuzz_targets)
if ENABLE_FUZZER
TESTS =
else
TESTS = $(layer_tests) $(core_tests) $(fuzz_targets) $(script_tests)
endif
if HAVE_CMOCKA
check_PROGRAMS += $(unit_tests)
TESTS += $(unit_tests)
endif
