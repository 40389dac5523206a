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
	src/kern/rt/bridges.h src/kern/rt/bridges.c \
	src/kern/rt/routes.h src/kern/rt/routes.c \
	src/kern/rt/netconf.h src/kern/rt/netconf.c \
	src/kern/rt/mtu6.h src/kern/rt/mtu6.c \
	src/kern/rt/routechange.h src/kern/rt/routechange.c \
	src/kern/rt/rtwatch.h src/kern/rt/rtwatch.c \
	src/kern/rt/rules.h src/kern/rt/rules.c \
	src/kern/rt/xfrm.h src/kern/rt/xfrm.c \
	src/kern/nft/nftnames.h \
	src/kern/nft/nftmsg.h \
	src/kern/nft/nftbatch.h src/kern/nft/nftbatch.c \
	src/kern/nft/nftobj.h src/kern/nft/nftobj.c \
	src/kern/nft/nftruleput.h src/kern/nft/nftruleput.c \
	src/kern/nft/nftoffload.h src/kern/nft/nftoffload.c \
	src/kern/nft/nftlayout.h src/kern/nft/nftlayout.c \
	src/kern/nft/nfttable.h src/kern/nft/nfttable.c \
	src/kern/nft/nftways.h src/kern/nft/nftways.c \
	src/kern/ruleset/nftflowtable.h src/kern/ruleset/nftflowtable.c \
	src/kern/ruleset/nftsetkeys.h src/kern/ruleset/nftsetkeys.c \
	src/kern/ruleset/nftwatch.h src/kern/ruleset/nftwatch.c \
	src/kern/ruleset/nftxtables.h src/kern/ruleset/nftxtables.c \
	src/kern/ruleset/nftruleget.h src/kern/ruleset/nftruleget.c \
	src/kern/ruleset/nftrules.h src/kern/ruleset/nftrules.c \
	src/kern/ruleset/nftchains.h src/kern/ruleset/nftchains.c

# Each test needs two lines. Its source is tests/unit/kern/test-NAME.c.
unit_tests += tests/unit/kern/test-flower
tests_unit_kern_test_flower_SOURCES = tests/unit/kern/test-flower.c tests/unit/flowerfixture.h
tests_unit_kern_test_flower_LDADD = $(kern_ldadd) $(CMOCKA_LIBS)
unit_tests += tests/unit/kern/test-flowerstats
tests_unit_kern_test_flowerstats_SOURCES = tests/unit/kern/test-flowerstats.c tests/unit/flowerfixture.h
tests_unit_kern_test_flowerstats_LDADD = $(kern_ldadd) $(CMOCKA_LIBS)
unit_tests += tests/unit/kern/test-ctnl
tests_unit_kern_test_ctnl_LDADD = $(kern_ldadd) $(CMOCKA_LIBS)
unit_tests += tests/unit/kern/test-links
tests_unit_kern_test_links_LDADD = $(kern_ldadd) $(CMOCKA_LIBS)
unit_tests += tests/unit/kern/test-routes
tests_unit_kern_test_routes_LDADD = $(kern_ldadd) $(CMOCKA_LIBS)
unit_tests += tests/unit/kern/test-bridges
tests_unit_kern_test_bridges_LDADD = $(kern_ldadd) $(CMOCKA_LIBS)
unit_tests += tests/unit/kern/test-hwinfo
tests_unit_kern_test_hwinfo_LDADD = $(kern_ldadd) $(CMOCKA_LIBS)
unit_tests += tests/unit/kern/test-devlink
tests_unit_kern_test_devlink_LDADD = $(kern_ldadd) $(CMOCKA_LIBS)
unit_tests += tests/unit/kern/test-rules
tests_unit_kern_test_rules_LDADD = $(kern_ldadd) $(CMOCKA_LIBS)
unit_tests += tests/unit/kern/test-nftways
tests_unit_kern_test_nftways_LDADD = $(kern_ldadd) $(CMOCKA_LIBS)
unit_tests += tests/unit/kern/test-xfrm
tests_unit_kern_test_xfrm_LDADD = $(kern_ldadd) $(CMOCKA_LIBS)
unit_tests += tests/unit/kern/test-hooks
tests_unit_kern_test_hooks_LDADD = $(kern_ldadd) $(CMOCKA_LIBS)
unit_tests += tests/unit/kern/test-nftchains
tests_unit_kern_test_nftchains_LDADD = $(kern_ldadd) $(CMOCKA_LIBS)
unit_tests += tests/unit/kern/test-nftlayout
tests_unit_kern_test_nftlayout_LDADD = $(kern_ldadd) $(CMOCKA_LIBS)
unit_tests += tests/unit/kern/test-nftoffload
tests_unit_kern_test_nftoffload_LDADD = $(kern_ldadd) $(CMOCKA_LIBS)
unit_tests += tests/unit/kern/test-nftflowtable
tests_unit_kern_test_nftflowtable_LDADD = $(kern_ldadd) $(CMOCKA_LIBS)
unit_tests += tests/unit/kern/test-nftwatch
tests_unit_kern_test_nftwatch_LDADD = $(kern_ldadd) $(CMOCKA_LIBS)
unit_tests += tests/unit/kern/test-nftsetkeys
tests_unit_kern_test_nftsetkeys_LDADD = $(kern_ldadd) $(CMOCKA_LIBS)
unit_tests += tests/unit/kern/test-nftrules
tests_unit_kern_test_nftrules_LDADD = $(kern_ldadd) $(CMOCKA_LIBS)
