# SPDX-License-Identifier: GPL-2.0-or-later

noinst_LIBRARIES += src/core/libcore.a

# In reading order.
src_core_libcore_a_SOURCES = \
	src/core/settings.h \
	src/core/flow/policy.h src/core/flow/policy.c \
	src/core/port/recipe.h src/core/port/recipe.c \
	src/core/rules/slot.h src/core/rules/slot.c \
	src/core/port/driver.h src/core/port/driver.c \
	src/core/notice.h src/core/notice.c \
	src/core/port/card.h src/core/port/card.c \
	src/core/port/pair.h src/core/port/pair.c \
	src/core/flow/flow.h src/core/flow/flow.c \
	src/core/flow/flowtab.h src/core/flow/flowtab.c \
	src/core/port/portstate.h src/core/port/portstate.c \
	src/core/path/routelog.h src/core/path/routelog.c \
	src/core/path/routeset.h src/core/path/routeset.c \
	src/core/path/linktab.h src/core/path/linktab.c \
	src/core/path/stations.h src/core/path/stations.c \
	src/core/path/legs.h src/core/path/legs.c \
	src/core/path/topology.h src/core/path/topology.c \
	src/core/path/path.h src/core/path/path.c \
	src/core/path/plan.h src/core/path/plan.c \
	src/core/port/nic.h src/core/port/nic.c \
	src/core/engine.h src/core/engine_priv.h \
	src/core/clock.h src/core/clock.c \
	src/core/walk.h src/core/walk.c \
	src/core/flow/leftover.h src/core/flow/leftover.c \
	src/core/port/barrier.h src/core/port/barrier.c \
	src/core/flow/flowact.h src/core/flow/flowact.c \
	src/core/flow/pathanswer.h src/core/flow/pathanswer.c \
	src/core/port/portfsm.h src/core/port/portfsm.c \
	src/core/port/topofeed.h src/core/port/topofeed.c \
	src/core/port/proof.h src/core/port/proof.c \
	src/core/port/rank.h src/core/port/rank.c \
	src/core/flow/age.h src/core/flow/age.c \
	src/core/flow/adopt.h src/core/flow/adopt.c \
	src/core/rules/revoke.h src/core/rules/revoke.c \
	src/core/flow/kernfwd.h src/core/flow/kernfwd.c \
	src/core/flow/admit.h src/core/flow/admit.c \
	src/core/resync.h src/core/resync.c \
	src/core/engine.c \
	src/core/view.h src/core/view.c \
	src/core/rules/rulewalk.h src/core/rules/rulewalk.c

# Each test needs two lines. Its source is tests/unit/core/test-NAME.c.
unit_tests += tests/unit/core/test-policy
tests_unit_core_test_policy_LDADD = $(core_ldadd) $(CMOCKA_LIBS)

unit_tests += tests/unit/core/test-recipe
tests_unit_core_test_recipe_LDADD = $(core_ldadd) $(CMOCKA_LIBS)

unit_tests += tests/unit/core/test-driver
tests_unit_core_test_driver_LDADD = $(core_ldadd) $(CMOCKA_LIBS)

unit_tests += tests/unit/core/test-card
tests_unit_core_test_card_LDADD = $(core_ldadd) $(CMOCKA_LIBS)

unit_tests += tests/unit/core/test-nic
tests_unit_core_test_nic_SOURCES = tests/unit/core/test-nic.c tests/unit/nicfixture.h
tests_unit_core_test_nic_LDADD = $(core_ldadd) $(CMOCKA_LIBS)

unit_tests += tests/unit/core/test-nicladder
tests_unit_core_test_nicladder_SOURCES = tests/unit/core/test-nicladder.c tests/unit/nicfixture.h
tests_unit_core_test_nicladder_LDADD = $(core_ldadd) $(CMOCKA_LIBS)

unit_tests += tests/unit/core/test-flow
tests_unit_core_test_flow_LDADD = $(core_ldadd) $(CMOCKA_LIBS)

unit_tests += tests/unit/core/test-flowtab
tests_unit_core_test_flowtab_LDADD = $(core_ldadd) $(CMOCKA_LIBS)

unit_tests += tests/unit/core/test-portstate
tests_unit_core_test_portstate_LDADD = $(core_ldadd) $(CMOCKA_LIBS)

unit_tests += tests/unit/core/test-legs
tests_unit_core_test_legs_LDADD = $(core_ldadd) $(CMOCKA_LIBS)

unit_tests += tests/unit/core/test-topology
tests_unit_core_test_topology_SOURCES = tests/unit/core/test-topology.c tests/unit/topologyfixture.h
tests_unit_core_test_topology_LDADD = $(core_ldadd) $(CMOCKA_LIBS)

unit_tests += tests/unit/core/test-vlanlegs
tests_unit_core_test_vlanlegs_SOURCES = tests/unit/core/test-vlanlegs.c tests/unit/topologyfixture.h
tests_unit_core_test_vlanlegs_LDADD = $(core_ldadd) $(CMOCKA_LIBS)

unit_tests += tests/unit/core/test-path
tests_unit_core_test_path_LDADD = $(core_ldadd) $(CMOCKA_LIBS)
unit_tests += tests/unit/core/test-routelog
tests_unit_core_test_routelog_LDADD = $(core_ldadd) $(CMOCKA_LIBS)

unit_tests += tests/unit/core/test-plan
tests_unit_core_test_plan_LDADD = $(core_ldadd) $(CMOCKA_LIBS)

unit_tests += tests/unit/core/test-age
tests_unit_core_test_age_LDADD = $(core_ldadd) $(CMOCKA_LIBS)

unit_tests += tests/unit/core/test-engine
tests_unit_core_test_engine_SOURCES = tests/unit/core/test-engine.c $(fake_sources)
tests_unit_core_test_engine_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_unit_core_test_engine_LDADD = $(core_ldadd) $(CMOCKA_LIBS)

unit_tests += tests/unit/core/test-portfsm
tests_unit_core_test_portfsm_SOURCES = tests/unit/core/test-portfsm.c \
	tests/unit/portfixture.h tests/unit/rigfixture.h $(fake_sources)
tests_unit_core_test_portfsm_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_unit_core_test_portfsm_LDADD = $(core_ldadd) $(CMOCKA_LIBS)

unit_tests += tests/unit/core/test-portclose
tests_unit_core_test_portclose_SOURCES = tests/unit/core/test-portclose.c \
	tests/unit/portfixture.h tests/unit/rigfixture.h $(fake_sources)
tests_unit_core_test_portclose_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_unit_core_test_portclose_LDADD = $(core_ldadd) $(CMOCKA_LIBS)

unit_tests += tests/unit/core/test-portguards
tests_unit_core_test_portguards_SOURCES = tests/unit/core/test-portguards.c \
	tests/unit/portfixture.h tests/unit/rigfixture.h $(fake_sources)
tests_unit_core_test_portguards_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_unit_core_test_portguards_LDADD = $(core_ldadd) $(CMOCKA_LIBS)

unit_tests += tests/unit/core/test-portreturn
tests_unit_core_test_portreturn_SOURCES = tests/unit/core/test-portreturn.c \
	tests/unit/portfixture.h tests/unit/rigfixture.h $(fake_sources)
tests_unit_core_test_portreturn_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_unit_core_test_portreturn_LDADD = $(core_ldadd) $(CMOCKA_LIBS)

unit_tests += tests/unit/core/test-portmend
tests_unit_core_test_portmend_SOURCES = tests/unit/core/test-portmend.c \
	tests/unit/portfixture.h tests/unit/rigfixture.h $(fake_sources)
tests_unit_core_test_portmend_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_unit_core_test_portmend_LDADD = $(core_ldadd) $(CMOCKA_LIBS)

unit_tests += tests/unit/core/test-proof
tests_unit_core_test_proof_SOURCES = tests/unit/core/test-proof.c tests/unit/rigfixture.h $(fake_sources)
tests_unit_core_test_proof_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_unit_core_test_proof_LDADD = $(core_ldadd) $(CMOCKA_LIBS)

unit_tests += tests/unit/core/test-rank
tests_unit_core_test_rank_SOURCES = tests/unit/core/test-rank.c tests/unit/rigfixture.h $(fake_sources)
tests_unit_core_test_rank_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_unit_core_test_rank_LDADD = $(core_ldadd) $(CMOCKA_LIBS)

unit_tests += tests/unit/core/test-rulewalk
tests_unit_core_test_rulewalk_LDADD = $(core_ldadd) $(CMOCKA_LIBS)

unit_tests += tests/unit/core/test-adopt
tests_unit_core_test_adopt_SOURCES = tests/unit/core/test-adopt.c tests/unit/rigfixture.h $(fake_sources)
tests_unit_core_test_adopt_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_unit_core_test_adopt_LDADD = $(core_ldadd) $(CMOCKA_LIBS)

unit_tests += tests/unit/core/test-barrier
tests_unit_core_test_barrier_SOURCES = tests/unit/core/test-barrier.c \
	tests/unit/barrierfixture.h tests/unit/rigfixture.h $(fake_sources)
tests_unit_core_test_barrier_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_unit_core_test_barrier_LDADD = $(core_ldadd) $(CMOCKA_LIBS)

unit_tests += tests/unit/core/test-barrier-gone
tests_unit_core_test_barrier_gone_SOURCES = tests/unit/core/test-barrier-gone.c \
	tests/unit/barrierfixture.h tests/unit/rigfixture.h $(fake_sources)
tests_unit_core_test_barrier_gone_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_unit_core_test_barrier_gone_LDADD = $(core_ldadd) $(CMOCKA_LIBS)

unit_tests += tests/unit/core/test-barrier-kernel
tests_unit_core_test_barrier_kernel_SOURCES = tests/unit/core/test-barrier-kernel.c tests/unit/rigfixture.h $(fake_sources)
tests_unit_core_test_barrier_kernel_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_unit_core_test_barrier_kernel_LDADD = $(core_ldadd) $(CMOCKA_LIBS)

unit_tests += tests/unit/core/test-flowact
tests_unit_core_test_flowact_SOURCES = tests/unit/core/test-flowact.c tests/unit/flowfixture.h tests/unit/rigfixture.h $(fake_sources)
tests_unit_core_test_flowact_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_unit_core_test_flowact_LDADD = $(core_ldadd) $(CMOCKA_LIBS)

unit_tests += tests/unit/core/test-flowact-time
tests_unit_core_test_flowact_time_SOURCES = tests/unit/core/test-flowact-time.c tests/unit/flowfixture.h tests/unit/rigfixture.h $(fake_sources)
tests_unit_core_test_flowact_time_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_unit_core_test_flowact_time_LDADD = $(core_ldadd) $(CMOCKA_LIBS)

unit_tests += tests/unit/core/test-flowact-orders
tests_unit_core_test_flowact_orders_SOURCES = tests/unit/core/test-flowact-orders.c tests/unit/flowfixture.h tests/unit/rigfixture.h $(fake_sources)
tests_unit_core_test_flowact_orders_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_unit_core_test_flowact_orders_LDADD = $(core_ldadd) $(CMOCKA_LIBS)
