# SPDX-License-Identifier: GPL-2.0-or-later

noinst_LIBRARIES += src/nl/libnl.a

# In reading order.
src_nl_libnl_a_SOURCES = \
	src/nl/nlerr.h src/nl/nlerr.c \
	src/nl/nlput.h src/nl/nlput.c \
	src/nl/nlget.h src/nl/nlget.c \
	src/nl/nlsock.h src/nl/nlsock.c \
	src/nl/nlbatch.h src/nl/nlbatch.c

# Each test needs two lines. Its source is tests/unit/nl/test-NAME.c.
unit_tests += tests/unit/nl/test-nlerr
tests_unit_nl_test_nlerr_LDADD = $(nl_ldadd) $(CMOCKA_LIBS)
unit_tests += tests/unit/nl/test-nlput
tests_unit_nl_test_nlput_LDADD = $(nl_ldadd) $(CMOCKA_LIBS)
unit_tests += tests/unit/nl/test-nlsock
tests_unit_nl_test_nlsock_LDADD = $(nl_ldadd) $(CMOCKA_LIBS)
