# SPDX-License-Identifier: GPL-2.0-or-later

noinst_LIBRARIES += src/kern/libkern.a

# In reading order.
src_kern_libkern_a_SOURCES = \
	src/kern/flower.h src/kern/flower_wire.h src/kern/flower_wire.c \
	src/kern/flower_put.c src/kern/flower_get.c \
	src/kern/qdisc.h src/kern/qdisc.c \
	src/kern/hooks.h src/kern/hooks.c \
	src/kern/ctnl.h src/kern/ctnl.c \
	src/kern/rtobj.h src/kern/rtobj.c \
	src/kern/links.h src/kern/links.c \
	src/kern/hwinfo.h src/kern/hwinfo.c \
	src/kern/devlink.h src/kern/devlink.c \
	src/kern/neighs.h src/kern/neighs.c \
	src/kern/routes.h src/kern/routes.c \
	src/kern/netconf.h src/kern/netconf.c \
	src/kern/routechange.h src/kern/routechange.c \
	src/kern/rtwatch.h src/kern/rtwatch.c \
	src/kern/xfrm.h src/kern/xfrm.c \
	src/kern/nftmsg.h \
	src/kern/nfttrans.h src/kern/nfttrans.c \
	src/kern/nftput.h src/kern/nftput.c \
	src/kern/nftbuild.h src/kern/nftbuild.c \
	src/kern/nftflow.h src/kern/nftflow.c \
	src/kern/nftadmit.h src/kern/nftadmit.c \
	src/kern/nftown.h src/kern/nftown.c \
	src/kern/flowtables.h src/kern/flowtables.c \
	src/kern/nftuse.h src/kern/nftuse.c \
	src/kern/nftwatch.h src/kern/nftwatch.c \
	src/kern/nftxt.h src/kern/nftxt.c \
	src/kern/nftexpr.h src/kern/nftexpr.c \
	src/kern/nftrules.h src/kern/nftrules.c \
	src/kern/nftchains.h src/kern/nftchains.c

# One test: two lines. The source is tests/unit/test-NAME.c.
unit_tests += tests/unit/test-flower
tests_unit_test_flower_LDADD = $(kern_ldadd) $(CMOCKA_LIBS)
unit_tests += tests/unit/test-ctnl
tests_unit_test_ctnl_LDADD = $(kern_ldadd) $(CMOCKA_LIBS)
unit_tests += tests/unit/test-links
tests_unit_test_links_LDADD = $(kern_ldadd) $(CMOCKA_LIBS)
unit_tests += tests/unit/test-hwinfo
tests_unit_test_hwinfo_LDADD = $(kern_ldadd) $(CMOCKA_LIBS)
unit_tests += tests/unit/test-devlink
tests_unit_test_devlink_LDADD = $(kern_ldadd) $(CMOCKA_LIBS)
unit_tests += tests/unit/test-xfrm
tests_unit_test_xfrm_LDADD = $(kern_ldadd) $(CMOCKA_LIBS)
unit_tests += tests/unit/test-hooks
tests_unit_test_hooks_LDADD = $(kern_ldadd) $(CMOCKA_LIBS)
unit_tests += tests/unit/test-nftchains
tests_unit_test_nftchains_LDADD = $(kern_ldadd) $(CMOCKA_LIBS)
unit_tests += tests/unit/test-nftadmit
tests_unit_test_nftadmit_LDADD = $(kern_ldadd) $(CMOCKA_LIBS)
unit_tests += tests/unit/test-nftflow
tests_unit_test_nftflow_LDADD = $(kern_ldadd) $(CMOCKA_LIBS)
unit_tests += tests/unit/test-flowtables
tests_unit_test_flowtables_LDADD = $(kern_ldadd) $(CMOCKA_LIBS)
unit_tests += tests/unit/test-nftwatch
tests_unit_test_nftwatch_LDADD = $(kern_ldadd) $(CMOCKA_LIBS)
unit_tests += tests/unit/test-nftuse
tests_unit_test_nftuse_LDADD = $(kern_ldadd) $(CMOCKA_LIBS)
unit_tests += tests/unit/test-nftrules
tests_unit_test_nftrules_LDADD = $(kern_ldadd) $(CMOCKA_LIBS)
