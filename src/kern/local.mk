# SPDX-License-Identifier: GPL-2.0-or-later

noinst_LIBRARIES += src/kern/libkern.a

# In reading order.
src_kern_libkern_a_SOURCES = \
	src/kern/tc/flower.h src/kern/tc/flower_wire.h src/kern/tc/flower_wire.c \
	src/kern/tc/flower_put.c src/kern/tc/flower_get.c \
	src/kern/tc/qdisc.h src/kern/tc/qdisc.c \
	src/kern/tc/hooks.h src/kern/tc/hooks.c \
	src/kern/ct/ctnl.h src/kern/ct/ctnl.c \
	src/kern/rt/rtobj.h src/kern/rt/rtobj.c \
	src/kern/rt/links.h src/kern/rt/links.c \
	src/kern/hw/hwinfo.h src/kern/hw/hwinfo.c \
	src/kern/hw/devlink.h src/kern/hw/devlink.c \
	src/kern/rt/neighs.h src/kern/rt/neighs.c \
	src/kern/rt/routes.h src/kern/rt/routes.c \
	src/kern/rt/netconf.h src/kern/rt/netconf.c \
	src/kern/rt/routechange.h src/kern/rt/routechange.c \
	src/kern/rt/rtwatch.h src/kern/rt/rtwatch.c \
	src/kern/rt/xfrm.h src/kern/rt/xfrm.c \
	src/kern/nft/nftmsg.h \
	src/kern/nft/nfttrans.h src/kern/nft/nfttrans.c \
	src/kern/nft/nftput.h src/kern/nft/nftput.c \
	src/kern/nft/nftbuild.h src/kern/nft/nftbuild.c \
	src/kern/nft/nftflow.h src/kern/nft/nftflow.c \
	src/kern/nft/nftadmit.h src/kern/nft/nftadmit.c \
	src/kern/nft/nftown.h src/kern/nft/nftown.c \
	src/kern/nft/flowtables.h src/kern/nft/flowtables.c \
	src/kern/nft/nftuse.h src/kern/nft/nftuse.c \
	src/kern/nft/nftwatch.h src/kern/nft/nftwatch.c \
	src/kern/nft/nftxt.h src/kern/nft/nftxt.c \
	src/kern/nft/nftexpr.h src/kern/nft/nftexpr.c \
	src/kern/nft/nftrules.h src/kern/nft/nftrules.c \
	src/kern/nft/nftchains.h src/kern/nft/nftchains.c

# One test: two lines. The source is tests/unit/kern/test-NAME.c.
unit_tests += tests/unit/kern/test-flower
tests_unit_kern_test_flower_LDADD = $(kern_ldadd) $(CMOCKA_LIBS)
unit_tests += tests/unit/kern/test-ctnl
tests_unit_kern_test_ctnl_LDADD = $(kern_ldadd) $(CMOCKA_LIBS)
unit_tests += tests/unit/kern/test-links
tests_unit_kern_test_links_LDADD = $(kern_ldadd) $(CMOCKA_LIBS)
unit_tests += tests/unit/kern/test-hwinfo
tests_unit_kern_test_hwinfo_LDADD = $(kern_ldadd) $(CMOCKA_LIBS)
unit_tests += tests/unit/kern/test-devlink
tests_unit_kern_test_devlink_LDADD = $(kern_ldadd) $(CMOCKA_LIBS)
unit_tests += tests/unit/kern/test-xfrm
tests_unit_kern_test_xfrm_LDADD = $(kern_ldadd) $(CMOCKA_LIBS)
unit_tests += tests/unit/kern/test-hooks
tests_unit_kern_test_hooks_LDADD = $(kern_ldadd) $(CMOCKA_LIBS)
unit_tests += tests/unit/kern/test-nftchains
tests_unit_kern_test_nftchains_LDADD = $(kern_ldadd) $(CMOCKA_LIBS)
unit_tests += tests/unit/kern/test-nftadmit
tests_unit_kern_test_nftadmit_LDADD = $(kern_ldadd) $(CMOCKA_LIBS)
unit_tests += tests/unit/kern/test-nftflow
tests_unit_kern_test_nftflow_LDADD = $(kern_ldadd) $(CMOCKA_LIBS)
unit_tests += tests/unit/kern/test-flowtables
tests_unit_kern_test_flowtables_LDADD = $(kern_ldadd) $(CMOCKA_LIBS)
unit_tests += tests/unit/kern/test-nftwatch
tests_unit_kern_test_nftwatch_LDADD = $(kern_ldadd) $(CMOCKA_LIBS)
unit_tests += tests/unit/kern/test-nftuse
tests_unit_kern_test_nftuse_LDADD = $(kern_ldadd) $(CMOCKA_LIBS)
unit_tests += tests/unit/kern/test-nftrules
tests_unit_kern_test_nftrules_LDADD = $(kern_ldadd) $(CMOCKA_LIBS)
