# SPDX-License-Identifier: GPL-2.0-or-later

noinst_LIBRARIES += src/daemon/libdaemon.a

# In reading order.
src_daemon_libdaemon_a_SOURCES = \
	src/daemon/conf/conf.h src/daemon/conf/conf_priv.h src/daemon/conf/conf.c src/daemon/conf/confload.c \
	src/daemon/conf/conferror.h src/daemon/conf/conferror.c \
	src/daemon/conf/confvalue.h src/daemon/conf/confvalue.c \
	src/daemon/conf/confexempt.h src/daemon/conf/confexempt.c \
	src/daemon/conf/confbypass.h src/daemon/conf/confbypass.c \
	src/daemon/conf/conffile.h src/daemon/conf/conffile.c \
	src/daemon/control/ctlsock.h src/daemon/control/ctlsock.c \
	src/daemon/control/ctlcall.h src/daemon/control/ctlcall.c \
	src/daemon/control/varlink.h src/daemon/control/varlink.c \
	src/daemon/notify.h src/daemon/notify.c \
	src/daemon/sysctls.h src/daemon/sysctls.c \
	src/daemon/work/request.h \
	src/daemon/work/portwork.h src/daemon/work/portwork.c \
	src/daemon/work/probework.h src/daemon/work/probework.c \
	src/daemon/work/pace.h src/daemon/work/pace.c \
	src/daemon/life/lastlife.h src/daemon/life/lastlife.c \
	src/daemon/life/adoption.h src/daemon/life/adoption.c \
	src/daemon/life/cleanup.h src/daemon/life/cleanup.c \
	src/daemon/work/worker.h src/daemon/work/worker.c \
	src/daemon/work/questions.h src/daemon/work/questions.c \
	src/daemon/work/dispatch.h src/daemon/work/dispatch.c \
	src/daemon/report.h src/daemon/report.c \
	src/daemon/watch/ipsec.h src/daemon/watch/ipsec.c \
	src/daemon/watch/portlist.h src/daemon/watch/portlist.c \
	src/daemon/watch/ingestrt.h src/daemon/watch/ingestrt.c \
	src/daemon/watch/ingest.h src/daemon/watch/ingest.c \
	src/daemon/admission/epochs.h src/daemon/admission/epochs.c \
	src/daemon/admission/gate.h src/daemon/admission/gate.c \
	src/daemon/admission/holdoff.h src/daemon/admission/holdoff.c \
	src/daemon/admission/expiry.h src/daemon/admission/expiry.c \
	src/daemon/admission/jobthread.h src/daemon/admission/jobthread.c \
	src/daemon/admission/tablethread.h src/daemon/admission/tablethread.c \
	src/daemon/admission/markcleaner.h src/daemon/admission/markcleaner.c \
	src/daemon/admission/markpass.h src/daemon/admission/markpass.c \
	src/daemon/admission/flowtableplan.h src/daemon/admission/flowtableplan.c \
	src/daemon/admission/admission.h src/daemon/admission/admission.c \
	src/daemon/watch/bypass.h src/daemon/watch/bypass.c \
	src/daemon/watch/sampler.h src/daemon/watch/sampler.c \
	src/daemon/watch/neighcare.h src/daemon/watch/neighcare.c \
	src/daemon/control/ctlparam.h src/daemon/control/ctlparam.c \
	src/daemon/control/flowlist.h src/daemon/control/flowlist.c \
	src/daemon/control/devlist.h src/daemon/control/devlist.c \
	src/daemon/control/remedy.h src/daemon/control/remedy.c \
	src/daemon/control/why.h src/daemon/control/why.c \
	src/daemon/control/envcheck.h src/daemon/control/envcheck.c \
	src/daemon/control/doctor.h src/daemon/control/doctor.c \
	src/daemon/control/ctlcmd.h src/daemon/control/ctlcmd.c

# The interface description as C string literals, which varlink.c includes.
EXTRA_DIST += src/daemon/control/org.nftoffload.varlink
CLEANFILES += src/daemon/control/org.nftoffload.varlink.inc
$(src_daemon_libdaemon_a_OBJECTS): src/daemon/control/org.nftoffload.varlink.inc
src/daemon/control/org.nftoffload.varlink.inc: src/daemon/control/org.nftoffload.varlink
	$(AM_V_at)$(MKDIR_P) src/daemon/control
	$(AM_V_GEN)$(SED) -e 's/[\\"]/\\&/g' -e 's/.*/"&\\n"/' \
		$(srcdir)/src/daemon/control/org.nftoffload.varlink >$@.tmp && mv $@.tmp $@

sbin_PROGRAMS += nft-offloadd
nft_offloadd_SOURCES = src/daemon/main.c
nft_offloadd_LDADD = $(daemon_ldadd)

# Each test needs two lines. Its source is tests/unit/daemon/test-NAME.c.
# unit_tests += tests/unit/daemon/test-NAME
# tests_unit_daemon_test_NAME_LDADD = $(daemon_ldadd) $(CMOCKA_LIBS)

unit_tests += tests/unit/daemon/test-conf
tests_unit_daemon_test_conf_LDADD = $(daemon_ldadd) $(CMOCKA_LIBS)

unit_tests += tests/unit/daemon/test-ctlsock
tests_unit_daemon_test_ctlsock_SOURCES = tests/unit/daemon/test-ctlsock.c tests/unit/ctlfixture.h
tests_unit_daemon_test_ctlsock_LDADD = $(daemon_ldadd) $(CMOCKA_LIBS)

unit_tests += tests/unit/daemon/test-ctlcall
tests_unit_daemon_test_ctlcall_SOURCES = tests/unit/daemon/test-ctlcall.c tests/unit/ctlfixture.h
tests_unit_daemon_test_ctlcall_LDADD = $(daemon_ldadd) $(CMOCKA_LIBS)

unit_tests += tests/unit/daemon/test-notify
tests_unit_daemon_test_notify_LDADD = $(daemon_ldadd) $(CMOCKA_LIBS)
unit_tests += tests/unit/daemon/test-probework
tests_unit_daemon_test_probework_LDADD = $(daemon_ldadd) $(CMOCKA_LIBS)

unit_tests += tests/unit/daemon/test-pace
tests_unit_daemon_test_pace_LDADD = $(daemon_ldadd) $(CMOCKA_LIBS)

unit_tests += tests/unit/daemon/test-epochs
tests_unit_daemon_test_epochs_LDADD = $(daemon_ldadd) $(CMOCKA_LIBS)

unit_tests += tests/unit/daemon/test-jobthread
tests_unit_daemon_test_jobthread_LDADD = $(daemon_ldadd) $(CMOCKA_LIBS)
unit_tests += tests/unit/daemon/test-holdoff
tests_unit_daemon_test_holdoff_LDADD = $(daemon_ldadd) $(CMOCKA_LIBS)
unit_tests += tests/unit/daemon/test-expiry
tests_unit_daemon_test_expiry_LDADD = $(daemon_ldadd) $(CMOCKA_LIBS)

unit_tests += tests/unit/daemon/test-lastlife
tests_unit_daemon_test_lastlife_LDADD = $(daemon_ldadd) $(CMOCKA_LIBS)

unit_tests += tests/unit/daemon/test-cleanup
tests_unit_daemon_test_cleanup_LDADD = $(daemon_ldadd) $(CMOCKA_LIBS)

unit_tests += tests/unit/daemon/test-envcheck
tests_unit_daemon_test_envcheck_LDADD = $(daemon_ldadd) $(CMOCKA_LIBS)

# Threads and kernel events against fakes of what lies below: nl/nlsock, base/loop and base/mono.
# Their objects come before the archives, so those in the archives are left out.
fakekern_sources = tests/fake/fakegate.h \
	tests/fake/fakeloop.h tests/fake/fakeloop.c \
	tests/fake/fakesock.h tests/fake/fakesock.c \
	tests/fake/fakenet.h tests/fake/fakenet.c

unit_tests += tests/unit/daemon/test-worker
tests_unit_daemon_test_worker_SOURCES = tests/unit/daemon/test-worker.c tests/unit/workerfixture.h $(fakekern_sources)
tests_unit_daemon_test_worker_LDADD = $(daemon_ldadd) $(CMOCKA_LIBS)

unit_tests += tests/unit/daemon/test-workerbounds
tests_unit_daemon_test_workerbounds_SOURCES = tests/unit/daemon/test-workerbounds.c tests/unit/workerfixture.h $(fakekern_sources)
tests_unit_daemon_test_workerbounds_LDADD = $(daemon_ldadd) $(CMOCKA_LIBS)

unit_tests += tests/unit/daemon/test-dispatch
tests_unit_daemon_test_dispatch_SOURCES = tests/unit/daemon/test-dispatch.c tests/unit/enginespy.h $(fakekern_sources)
tests_unit_daemon_test_dispatch_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=engine_feed
tests_unit_daemon_test_dispatch_LDADD = $(daemon_ldadd) $(CMOCKA_LIBS)

ingest_fixture = tests/unit/ingestfixture.h tests/unit/enginespy.h \
	tests/fake/fakert.h tests/fake/fakert.c $(fakekern_sources)

unit_tests += tests/unit/daemon/test-ingest
tests_unit_daemon_test_ingest_SOURCES = tests/unit/daemon/test-ingest.c $(ingest_fixture)
tests_unit_daemon_test_ingest_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=engine_feed
tests_unit_daemon_test_ingest_LDADD = $(daemon_ldadd) $(CMOCKA_LIBS)

unit_tests += tests/unit/daemon/test-ingestdue
tests_unit_daemon_test_ingestdue_SOURCES = tests/unit/daemon/test-ingestdue.c $(ingest_fixture)
tests_unit_daemon_test_ingestdue_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=engine_feed
tests_unit_daemon_test_ingestdue_LDADD = $(daemon_ldadd) $(CMOCKA_LIBS)

unit_tests += tests/unit/daemon/test-ingestrt
tests_unit_daemon_test_ingestrt_SOURCES = tests/unit/daemon/test-ingestrt.c $(ingest_fixture)
tests_unit_daemon_test_ingestrt_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=engine_feed
tests_unit_daemon_test_ingestrt_LDADD = $(daemon_ldadd) $(CMOCKA_LIBS)

unit_tests += tests/unit/daemon/test-markcleaner
tests_unit_daemon_test_markcleaner_SOURCES = tests/unit/daemon/test-markcleaner.c $(fakekern_sources)
tests_unit_daemon_test_markcleaner_LDADD = $(daemon_ldadd) $(CMOCKA_LIBS)

unit_tests += tests/unit/daemon/test-markpass
tests_unit_daemon_test_markpass_SOURCES = tests/unit/daemon/test-markpass.c tests/fake/fakeloop.h tests/fake/fakeloop.c
tests_unit_daemon_test_markpass_LDADD = $(daemon_ldadd) $(CMOCKA_LIBS)

plan_fixture = tests/unit/planfixture.h tests/fake/fakegate.h \
	tests/fake/fakeloop.h tests/fake/fakeloop.c $(fake_sources)

unit_tests += tests/unit/daemon/test-flowtableplan
tests_unit_daemon_test_flowtableplan_SOURCES = tests/unit/daemon/test-flowtableplan.c $(plan_fixture)
tests_unit_daemon_test_flowtableplan_LDADD = $(daemon_ldadd) $(CMOCKA_LIBS)

unit_tests += tests/unit/daemon/test-flowtabletrial
tests_unit_daemon_test_flowtabletrial_SOURCES = tests/unit/daemon/test-flowtabletrial.c $(plan_fixture)
tests_unit_daemon_test_flowtabletrial_LDADD = $(daemon_ldadd) $(CMOCKA_LIBS)
