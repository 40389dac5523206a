# SPDX-License-Identifier: GPL-2.0-or-later

noinst_LIBRARIES += src/base/libbase.a

# In reading order.
src_base_libbase_a_SOURCES = \
	src/base/compiler.h \
	src/base/util.h \
	src/base/bug.h src/base/bug.c \
	src/base/fsm.h src/base/fsm.c \
	src/base/mono.h src/base/mono.c \
	src/base/log.h src/base/log.c \
	src/base/counter.h src/base/counter.c \
	src/base/ds/list.h \
	src/base/strbuf.h src/base/strbuf.c \
	src/base/parse.h src/base/parse.c \
	src/base/ds/siphash.h src/base/ds/siphash.c \
	src/base/ds/reserve.h src/base/ds/reserve.c \
	src/base/ds/slab.h src/base/ds/slab.c \
	src/base/ds/htab.h src/base/ds/htab.c \
	src/base/ds/wheel.h src/base/ds/wheel.c \
	src/base/ds/ring.h src/base/ds/ring.c \
	src/base/thread.h \
	src/base/loop.h src/base/loop.c \
	src/base/jsonline.h src/base/jsonline.c

# Each test needs two lines. Its source is tests/unit/base/test-NAME.c.
unit_tests += tests/unit/base/test-util
tests_unit_base_test_util_LDADD = $(base_ldadd) $(CMOCKA_LIBS)
unit_tests += tests/unit/base/test-fsm
tests_unit_base_test_fsm_LDADD = $(base_ldadd) $(CMOCKA_LIBS)
unit_tests += tests/unit/base/test-mono
tests_unit_base_test_mono_LDADD = $(base_ldadd) $(CMOCKA_LIBS)
unit_tests += tests/unit/base/test-list
tests_unit_base_test_list_LDADD = $(base_ldadd) $(CMOCKA_LIBS)
unit_tests += tests/unit/base/test-log
tests_unit_base_test_log_LDADD = $(base_ldadd) $(CMOCKA_LIBS)
unit_tests += tests/unit/base/test-counter
tests_unit_base_test_counter_LDADD = $(base_ldadd) $(CMOCKA_LIBS)
unit_tests += tests/unit/base/test-strbuf
tests_unit_base_test_strbuf_LDADD = $(base_ldadd) $(CMOCKA_LIBS)
unit_tests += tests/unit/base/test-parse
tests_unit_base_test_parse_LDADD = $(base_ldadd) $(CMOCKA_LIBS)
unit_tests += tests/unit/base/test-siphash
tests_unit_base_test_siphash_LDADD = $(base_ldadd) $(CMOCKA_LIBS)
unit_tests += tests/unit/base/test-slab
tests_unit_base_test_slab_LDADD = $(base_ldadd) $(CMOCKA_LIBS)
unit_tests += tests/unit/base/test-htab
tests_unit_base_test_htab_LDADD = $(base_ldadd) $(CMOCKA_LIBS)
unit_tests += tests/unit/base/test-wheel
tests_unit_base_test_wheel_LDADD = $(base_ldadd) $(CMOCKA_LIBS)
unit_tests += tests/unit/base/test-ring
tests_unit_base_test_ring_LDADD = $(base_ldadd) $(CMOCKA_LIBS)
unit_tests += tests/unit/base/test-loop
tests_unit_base_test_loop_LDADD = $(base_ldadd) $(CMOCKA_LIBS)
unit_tests += tests/unit/base/test-jsonline
tests_unit_base_test_jsonline_LDADD = $(base_ldadd) $(CMOCKA_LIBS)
