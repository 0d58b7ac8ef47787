# Against the real kernel, in network namespaces that have no names and leave nothing behind.
if HAVE_CMOCKA
check_PROGRAMS += tests/netns/test_lab
TESTS += tests/netns/test_lab
tests_netns_test_lab_SOURCES = tests/netns/test_lab.c
tests_netns_test_lab_CFLAGS = $(TEST_CFLAGS)
tests_netns_test_lab_LDADD = libfrontend.a libpolicy.a libcompat.a $(CMOCKA_LIBS) $(MNL_LIBS)
endif
