# unit/backends
if HAVE_CMOCKA
backends_test_intent = tests/unit/backends/intent.c tests/unit/backends/intent.h \
	tests/unit/policy/universe.c tests/unit/policy/universe.h $(policy_test_build)

check_PROGRAMS += tests/unit/backends/test_judging
TESTS += tests/unit/backends/test_judging
tests_unit_backends_test_judging_SOURCES = tests/unit/backends/test_judging.c \
	tests/unit/backends/ipt_machine.c tests/unit/backends/ipt_machine.h \
	$(backends_test_intent)
tests_unit_backends_test_judging_CFLAGS = $(TEST_CFLAGS)
tests_unit_backends_test_judging_LDADD = libbackends.a libtranslate.a $(POLICY_TEST_LIBS)

check_PROGRAMS += tests/unit/backends/test_layout
TESTS += tests/unit/backends/test_layout
tests_unit_backends_test_layout_SOURCES = tests/unit/backends/test_layout.c \
	tests/unit/backends/ipt_machine.c tests/unit/backends/ipt_machine.h \
	$(backends_test_intent)
tests_unit_backends_test_layout_CFLAGS = $(TEST_CFLAGS)
tests_unit_backends_test_layout_LDADD = libbackends.a libtranslate.a $(POLICY_TEST_LIBS)

check_PROGRAMS += tests/unit/backends/test_dispatch
TESTS += tests/unit/backends/test_dispatch
tests_unit_backends_test_dispatch_SOURCES = tests/unit/backends/test_dispatch.c \
	tests/unit/backends/ipt_machine.c tests/unit/backends/ipt_machine.h \
	$(backends_test_intent)
tests_unit_backends_test_dispatch_CFLAGS = $(TEST_CFLAGS)
tests_unit_backends_test_dispatch_LDADD = libbackends.a libtranslate.a $(POLICY_TEST_LIBS)

check_PROGRAMS += tests/unit/backends/test_sets
TESTS += tests/unit/backends/test_sets
tests_unit_backends_test_sets_SOURCES = tests/unit/backends/test_sets.c \
	tests/unit/backends/ipt_machine.c tests/unit/backends/ipt_machine.h \
	$(backends_test_intent)
tests_unit_backends_test_sets_CFLAGS = $(TEST_CFLAGS)
tests_unit_backends_test_sets_LDADD = libbackends.a libtranslate.a $(POLICY_TEST_LIBS)

check_PROGRAMS += tests/unit/backends/test_walk
TESTS += tests/unit/backends/test_walk
tests_unit_backends_test_walk_SOURCES = tests/unit/backends/test_walk.c \
	tests/unit/backends/ipt_machine.c tests/unit/backends/ipt_machine.h \
	$(backends_test_intent)
tests_unit_backends_test_walk_CFLAGS = $(TEST_CFLAGS)
tests_unit_backends_test_walk_LDADD = libbackends.a libtranslate.a $(POLICY_TEST_LIBS)

check_PROGRAMS += tests/unit/backends/test_nft
TESTS += tests/unit/backends/test_nft
tests_unit_backends_test_nft_SOURCES = tests/unit/backends/test_nft.c \
	tests/unit/backends/nft_world.c tests/unit/backends/nft_world.h
tests_unit_backends_test_nft_CFLAGS = $(TEST_CFLAGS)
tests_unit_backends_test_nft_LDADD = libbackends.a libtranslate.a libpolicy.a libcompat.a \
	$(CMOCKA_LIBS) $(NFTNL_LIBS) $(MNL_LIBS)

check_PROGRAMS += tests/unit/backends/test_nft_refused
TESTS += tests/unit/backends/test_nft_refused
tests_unit_backends_test_nft_refused_SOURCES = tests/unit/backends/test_nft_refused.c \
	tests/unit/backends/nft_world.c tests/unit/backends/nft_world.h
tests_unit_backends_test_nft_refused_CFLAGS = $(TEST_CFLAGS)
tests_unit_backends_test_nft_refused_LDADD = libbackends.a libtranslate.a libpolicy.a libcompat.a \
	$(CMOCKA_LIBS) $(NFTNL_LIBS) $(MNL_LIBS)

check_PROGRAMS += tests/unit/backends/test_nftables_plan
TESTS += tests/unit/backends/test_nftables_plan
tests_unit_backends_test_nftables_plan_SOURCES = tests/unit/backends/test_nftables_plan.c \
	$(backends_test_intent)
tests_unit_backends_test_nftables_plan_CFLAGS = $(TEST_CFLAGS)
tests_unit_backends_test_nftables_plan_LDADD = libbackends.a libtranslate.a $(POLICY_TEST_LIBS) \
	$(NFTNL_LIBS) $(MNL_LIBS)

check_PROGRAMS += tests/unit/backends/test_nftables
TESTS += tests/unit/backends/test_nftables
tests_unit_backends_test_nftables_SOURCES = tests/unit/backends/test_nftables.c \
	tests/unit/backends/nft_world.c tests/unit/backends/nft_world.h $(backends_test_intent)
tests_unit_backends_test_nftables_CFLAGS = $(TEST_CFLAGS)
tests_unit_backends_test_nftables_LDADD = libbackends.a libtranslate.a $(POLICY_TEST_LIBS) \
	$(NFTNL_LIBS) $(MNL_LIBS)

check_PROGRAMS += tests/unit/backends/test_legacy
TESTS += tests/unit/backends/test_legacy
tests_unit_backends_test_legacy_SOURCES = tests/unit/backends/test_legacy.c \
	tests/unit/backends/nft_world.c tests/unit/backends/nft_world.h
tests_unit_backends_test_legacy_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=pg_xt_table_commit \
	-Wl,--wrap=pg_xtables_lock
tests_unit_backends_test_legacy_CFLAGS = $(TEST_CFLAGS)
tests_unit_backends_test_legacy_LDADD = libbackends.a libtranslate.a libpolicy.a libcompat.a \
	$(CMOCKA_LIBS) $(IPTC_LIBS) $(XTABLES_LIBS) $(IPSET_LIBS) $(NFTNL_LIBS) \
	$(MNL_LIBS)

check_PROGRAMS += tests/unit/backends/test_iptables
TESTS += tests/unit/backends/test_iptables
tests_unit_backends_test_iptables_SOURCES = tests/unit/backends/test_iptables.c \
	tests/unit/backends/nft_world.c tests/unit/backends/nft_world.h $(backends_test_intent)
tests_unit_backends_test_iptables_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=pg_ipset_has_type
tests_unit_backends_test_iptables_CFLAGS = $(TEST_CFLAGS)
tests_unit_backends_test_iptables_LDADD = libbackends.a libtranslate.a $(POLICY_TEST_LIBS) \
	$(IPTC_LIBS) $(XTABLES_LIBS) $(IPSET_LIBS) $(NFTNL_LIBS) \
	$(MNL_LIBS)

check_PROGRAMS += tests/unit/backends/test_revoke
TESTS += tests/unit/backends/test_revoke
tests_unit_backends_test_revoke_SOURCES = tests/unit/backends/test_revoke.c $(backends_test_intent)
tests_unit_backends_test_revoke_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=pg_ct_probe \
	-Wl,--wrap=pg_ct_dump -Wl,--wrap=pg_ct_delete
tests_unit_backends_test_revoke_CFLAGS = $(TEST_CFLAGS)
tests_unit_backends_test_revoke_LDADD = libbackends.a $(POLICY_TEST_LIBS) $(MNL_LIBS)
endif

include $(srcdir)/tests/unit/backends/ebpf.mk
