# SPDX-License-Identifier: GPL-2.0-or-later

noinst_LIBRARIES += src/ctl/libctl.a

# In reading order.
src_ctl_libctl_a_SOURCES = \
	src/ctl/cmd.h src/ctl/cmd.c \
	src/ctl/tuplearg.h src/ctl/tuplearg.c \
	src/ctl/session.h src/ctl/session.c \
	src/ctl/cleanup.h src/ctl/cleanup.c \
	src/ctl/out.h src/ctl/out_text.c src/ctl/out_json.c \
	src/ctl/table.h src/ctl/table.c

sbin_PROGRAMS += nft-offload
nft_offload_SOURCES = src/ctl/main.c
nft_offload_LDADD = $(ctl_ldadd)

# Each test needs two lines. Its source is tests/unit/ctl/test-NAME.c.
# unit_tests += tests/unit/ctl/test-NAME
# tests_unit_ctl_test_NAME_LDADD = $(ctl_ldadd) $(CMOCKA_LIBS)

unit_tests += tests/unit/ctl/test-out
tests_unit_ctl_test_out_LDADD = $(ctl_ldadd) $(CMOCKA_LIBS)

unit_tests += tests/unit/ctl/test-session
tests_unit_ctl_test_session_LDADD = $(ctl_ldadd) $(CMOCKA_LIBS)
