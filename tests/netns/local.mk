# Against the real kernel, in network namespaces that have no names and leave nothing behind.
if HAVE_CMOCKA
check_PROGRAMS += tests/netns/test_lab
TESTS += tests/netns/test_lab
tests_netns_test_lab_SOURCES = tests/netns/test_lab.c
tests_netns_test_lab_CFLAGS = $(TEST_CFLAGS)
tests_netns_test_lab_LDADD = libfrontend.a libpolicy.a libcompat.a $(CMOCKA_LIBS) $(MNL_LIBS)

check_PROGRAMS += tests/netns/test_nft_traffic
TESTS += tests/netns/test_nft_traffic
tests_netns_test_nft_traffic_SOURCES = tests/netns/test_nft_traffic.c
tests_netns_test_nft_traffic_CFLAGS = $(TEST_CFLAGS)
tests_netns_test_nft_traffic_LDADD = libfrontend.a libbackends.a libtranslate.a libpolicy.a \
	libcompat.a $(CMOCKA_LIBS) $(NFTNL_LIBS) $(MNL_LIBS)

check_PROGRAMS += tests/netns/test_matrix
TESTS += tests/netns/test_matrix
tests_netns_test_matrix_SOURCES = tests/netns/test_matrix.c
tests_netns_test_matrix_CFLAGS = $(TEST_CFLAGS)
tests_netns_test_matrix_LDADD = $(TEST_LIBS)

check_PROGRAMS += tests/netns/test_casetest
TESTS += tests/netns/test_casetest
tests_netns_test_casetest_SOURCES = tests/netns/test_casetest.c
tests_netns_test_casetest_CFLAGS = $(TEST_CFLAGS)
tests_netns_test_casetest_LDADD = $(TEST_LIBS)

check_PROGRAMS += tests/netns/test_revoke
TESTS += tests/netns/test_revoke
tests_netns_test_revoke_SOURCES = tests/netns/test_revoke.c $(policy_test_build)
tests_netns_test_revoke_CFLAGS = $(TEST_CFLAGS)
tests_netns_test_revoke_LDADD = $(TEST_LIBS)
endif

NETNS_TESTS = tests/netns/ebpf.sh tests/netns/explain.sh tests/netns/handover.sh tests/netns/hosts.sh \
	tests/netns/ipset.sh tests/netns/iptables.sh \
	tests/netns/ipv6.sh tests/netns/nft.sh tests/netns/readme.sh tests/netns/vlan.sh \
	tests/netns/ways.sh
TESTS += $(NETNS_TESTS)
EXTRA_DIST += $(NETNS_TESTS) tests/netns/networks.sh tests/netns/traffic.pl
