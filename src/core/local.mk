# SPDX-License-Identifier: GPL-2.0-or-later

noinst_LIBRARIES += src/core/libcore.a

# In reading order.
src_core_libcore_a_SOURCES = \
	src/core/settings.h \
	src/core/policy.h src/core/policy.c \
	src/core/recipe.h src/core/recipe.c \
	src/core/driver.h src/core/driver.c \
	src/core/notice.h src/core/notice.c \
	src/core/card.h src/core/card.c \
	src/core/flow.h src/core/flow.c \
	src/core/flowtab.h src/core/flowtab.c \
	src/core/routeset.h src/core/routeset.c \
	src/core/pathtab.h src/core/pathtab.c \
	src/core/path.h src/core/path.c \
	src/core/plan.h src/core/plan.c \
	src/core/nic.h src/core/nic.c \
	src/core/engine.h src/core/engine_priv.h \
	src/core/ports.c src/core/admit.c src/core/drive.c src/core/age.c \
	src/core/proof.c src/core/rank.c src/core/resync.c \
	src/core/ruleset.c src/core/barrier.c src/core/kernelflow.c \
	src/core/adopt.c \
	src/core/engine.c \
	src/core/view.h src/core/view.c \
	src/core/rulewalk.h src/core/rulewalk.c

# One test: two lines. The source is tests/unit/test-NAME.c.
unit_tests += tests/unit/test-policy
tests_unit_test_policy_LDADD = $(core_ldadd) $(CMOCKA_LIBS)

unit_tests += tests/unit/test-recipe
tests_unit_test_recipe_LDADD = $(core_ldadd) $(CMOCKA_LIBS)

unit_tests += tests/unit/test-driver
tests_unit_test_driver_LDADD = $(core_ldadd) $(CMOCKA_LIBS)

unit_tests += tests/unit/test-card
tests_unit_test_card_LDADD = $(core_ldadd) $(CMOCKA_LIBS)

unit_tests += tests/unit/test-nic
tests_unit_test_nic_LDADD = $(core_ldadd) $(CMOCKA_LIBS)

unit_tests += tests/unit/test-flow
tests_unit_test_flow_LDADD = $(core_ldadd) $(CMOCKA_LIBS)

unit_tests += tests/unit/test-flowtab
tests_unit_test_flowtab_LDADD = $(core_ldadd) $(CMOCKA_LIBS)

unit_tests += tests/unit/test-pathtab
tests_unit_test_pathtab_LDADD = $(core_ldadd) $(CMOCKA_LIBS)

unit_tests += tests/unit/test-path
tests_unit_test_path_LDADD = $(core_ldadd) $(CMOCKA_LIBS)

unit_tests += tests/unit/test-plan
tests_unit_test_plan_LDADD = $(core_ldadd) $(CMOCKA_LIBS)

unit_tests += tests/unit/test-age
tests_unit_test_age_LDADD = $(core_ldadd) $(CMOCKA_LIBS)

unit_tests += tests/unit/test-engine
tests_unit_test_engine_SOURCES = tests/unit/test-engine.c $(fake_sources)
tests_unit_test_engine_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_unit_test_engine_LDADD = $(core_ldadd) $(CMOCKA_LIBS)

unit_tests += tests/unit/test-proof
tests_unit_test_proof_SOURCES = tests/unit/test-proof.c tests/unit/rigfixture.h $(fake_sources)
tests_unit_test_proof_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_unit_test_proof_LDADD = $(core_ldadd) $(CMOCKA_LIBS)

unit_tests += tests/unit/test-rank
tests_unit_test_rank_SOURCES = tests/unit/test-rank.c tests/unit/rigfixture.h $(fake_sources)
tests_unit_test_rank_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_unit_test_rank_LDADD = $(core_ldadd) $(CMOCKA_LIBS)

unit_tests += tests/unit/test-rulewalk
tests_unit_test_rulewalk_LDADD = $(core_ldadd) $(CMOCKA_LIBS)

unit_tests += tests/unit/test-adopt
tests_unit_test_adopt_SOURCES = tests/unit/test-adopt.c tests/unit/rigfixture.h $(fake_sources)
tests_unit_test_adopt_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_unit_test_adopt_LDADD = $(core_ldadd) $(CMOCKA_LIBS)
