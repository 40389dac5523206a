# SPDX-License-Identifier: GPL-2.0-or-later

noinst_LIBRARIES += src/daemon/libdaemon.a

# In reading order.
src_daemon_libdaemon_a_SOURCES = \
	src/daemon/conf.h src/daemon/conf_priv.h src/daemon/conf.c src/daemon/confload.c \
	src/daemon/confexempt.c \
	src/daemon/confbypass.h src/daemon/confbypass.c \
	src/daemon/conffile.h src/daemon/conffile.c \
	src/daemon/ctlsock.h src/daemon/ctlsock.c \
	src/daemon/ctlcall.h src/daemon/ctlcall.c \
	src/daemon/varlink.h src/daemon/varlink.c \
	src/daemon/notify.h src/daemon/notify.c \
	src/daemon/sysctls.h src/daemon/sysctls.c \
	src/daemon/request.h \
	src/daemon/portwork.h src/daemon/portwork.c \
	src/daemon/probework.h src/daemon/probework.c \
	src/daemon/pace.h src/daemon/pace.c \
	src/daemon/lastlife.h src/daemon/lastlife.c \
	src/daemon/adopt.h src/daemon/adopt.c \
	src/daemon/cleanup.h src/daemon/cleanup.c \
	src/daemon/worker.h src/daemon/worker.c \
	src/daemon/questions.h src/daemon/questions.c \
	src/daemon/dispatch.h src/daemon/dispatch.c \
	src/daemon/report.h src/daemon/report.c \
	src/daemon/ipsec.h src/daemon/ipsec.c \
	src/daemon/devfollow.h src/daemon/devfollow.c \
	src/daemon/ingest.h src/daemon/ingest.c \
	src/daemon/epochs.h src/daemon/epochs.c \
	src/daemon/expiry.h src/daemon/expiry.c \
	src/daemon/nftwork.h src/daemon/nftwork.c \
	src/daemon/handover.h src/daemon/handover.c \
	src/daemon/ruleset.h src/daemon/ruleset.c \
	src/daemon/bypass.h src/daemon/bypass.c \
	src/daemon/sampler.h src/daemon/sampler.c \
	src/daemon/neighcare.h src/daemon/neighcare.c \
	src/daemon/ctlparam.h src/daemon/ctlparam.c \
	src/daemon/flowlist.h src/daemon/flowlist.c \
	src/daemon/devlist.h src/daemon/devlist.c \
	src/daemon/why.h src/daemon/why.c \
	src/daemon/envcheck.h src/daemon/envcheck.c \
	src/daemon/doctor.h src/daemon/doctor.c \
	src/daemon/ctlcmd.h src/daemon/ctlcmd.c

# The interface description, as string literals for varlink.c.
EXTRA_DIST += src/daemon/org.nftoffload.varlink
CLEANFILES += src/daemon/org.nftoffload.varlink.inc
$(src_daemon_libdaemon_a_OBJECTS): src/daemon/org.nftoffload.varlink.inc
src/daemon/org.nftoffload.varlink.inc: src/daemon/org.nftoffload.varlink
	$(AM_V_at)$(MKDIR_P) src/daemon
	$(AM_V_GEN)$(SED) -e 's/[\\"]/\\&/g' -e 's/.*/"&\\n"/' \
		$(srcdir)/src/daemon/org.nftoffload.varlink >$@.tmp && mv $@.tmp $@

sbin_PROGRAMS += nft-offloadd
nft_offloadd_SOURCES = src/daemon/main.c
nft_offloadd_LDADD = $(daemon_ldadd)

# One test: two lines. The source is tests/unit/test-NAME.c.
# unit_tests += tests/unit/test-NAME
# tests_unit_test_NAME_LDADD = $(daemon_ldadd) $(CMOCKA_LIBS)

unit_tests += tests/unit/test-conf
tests_unit_test_conf_LDADD = $(daemon_ldadd) $(CMOCKA_LIBS)

unit_tests += tests/unit/test-ctlsock
tests_unit_test_ctlsock_SOURCES = tests/unit/test-ctlsock.c tests/unit/ctlfixture.h
tests_unit_test_ctlsock_LDADD = $(daemon_ldadd) $(CMOCKA_LIBS)

unit_tests += tests/unit/test-ctlcall
tests_unit_test_ctlcall_SOURCES = tests/unit/test-ctlcall.c tests/unit/ctlfixture.h
tests_unit_test_ctlcall_LDADD = $(daemon_ldadd) $(CMOCKA_LIBS)

unit_tests += tests/unit/test-notify
tests_unit_test_notify_LDADD = $(daemon_ldadd) $(CMOCKA_LIBS)
unit_tests += tests/unit/test-probework
tests_unit_test_probework_LDADD = $(daemon_ldadd) $(CMOCKA_LIBS)

unit_tests += tests/unit/test-pace
tests_unit_test_pace_LDADD = $(daemon_ldadd) $(CMOCKA_LIBS)

unit_tests += tests/unit/test-epochs
tests_unit_test_epochs_LDADD = $(daemon_ldadd) $(CMOCKA_LIBS)

unit_tests += tests/unit/test-expiry
tests_unit_test_expiry_LDADD = $(daemon_ldadd) $(CMOCKA_LIBS)

unit_tests += tests/unit/test-lastlife
tests_unit_test_lastlife_LDADD = $(daemon_ldadd) $(CMOCKA_LIBS)

unit_tests += tests/unit/test-cleanup
tests_unit_test_cleanup_LDADD = $(daemon_ldadd) $(CMOCKA_LIBS)

unit_tests += tests/unit/test-envcheck
tests_unit_test_envcheck_LDADD = $(daemon_ldadd) $(CMOCKA_LIBS)

