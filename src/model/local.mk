# SPDX-License-Identifier: GPL-2.0-or-later

noinst_LIBRARIES += src/model/libmodel.a

# In reading order.
src_model_libmodel_a_SOURCES = \
	src/model/addr.h src/model/addr.c \
	src/model/tuple.h src/model/tuple.c \
	src/model/conn.h src/model/conn.c \
	src/model/vlan.h src/model/vlan.c \
	src/model/link.h src/model/bridge.h src/model/hop.h src/model/exempt.h \
	src/model/flowtable.h \
	src/model/setelem.h src/model/setelem.c \
	src/model/rule.h src/model/rule.c \
	src/model/reason.h src/model/reason.c \
	src/model/bypass.h src/model/bypass.c \
	src/model/order.h \
	src/model/nftview.h src/model/nftview.c

# Each test needs two lines. Its source is tests/unit/model/test-NAME.c.
unit_tests += tests/unit/model/test-addr
tests_unit_model_test_addr_LDADD = $(model_ldadd) $(CMOCKA_LIBS)
unit_tests += tests/unit/model/test-tuple
tests_unit_model_test_tuple_LDADD = $(model_ldadd) $(CMOCKA_LIBS)
unit_tests += tests/unit/model/test-rule
tests_unit_model_test_rule_LDADD = $(model_ldadd) $(CMOCKA_LIBS)
unit_tests += tests/unit/model/test-bypass
tests_unit_model_test_bypass_LDADD = $(model_ldadd) $(CMOCKA_LIBS)
unit_tests += tests/unit/model/test-setelem
tests_unit_model_test_setelem_LDADD = $(model_ldadd) $(CMOCKA_LIBS)
