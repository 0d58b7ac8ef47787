if HAVE_CMOCKA
check_PROGRAMS += tests/unit/compat/test_hash
TESTS += tests/unit/compat/test_hash
tests_unit_compat_test_hash_SOURCES = tests/unit/compat/test_hash.c tests/unit/unit.h
tests_unit_compat_test_hash_CFLAGS = $(TEST_CFLAGS)
tests_unit_compat_test_hash_LDADD = libcompat.a $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/compat/test_hex
TESTS += tests/unit/compat/test_hex
tests_unit_compat_test_hex_SOURCES = tests/unit/compat/test_hex.c tests/unit/unit.h
tests_unit_compat_test_hex_CFLAGS = $(TEST_CFLAGS)
tests_unit_compat_test_hex_LDADD = libcompat.a $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/compat/test_strbuf
TESTS += tests/unit/compat/test_strbuf
tests_unit_compat_test_strbuf_SOURCES = tests/unit/compat/test_strbuf.c tests/unit/unit.h
tests_unit_compat_test_strbuf_CFLAGS = $(TEST_CFLAGS)
tests_unit_compat_test_strbuf_LDADD = libcompat.a $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/compat/test_errtext
TESTS += tests/unit/compat/test_errtext
tests_unit_compat_test_errtext_SOURCES = tests/unit/compat/test_errtext.c
tests_unit_compat_test_errtext_CFLAGS = $(TEST_CFLAGS)
tests_unit_compat_test_errtext_LDADD = libcompat.a $(CMOCKA_LIBS)
check_PROGRAMS += tests/unit/compat/test_rtnl
TESTS += tests/unit/compat/test_rtnl
tests_unit_compat_test_rtnl_SOURCES = tests/unit/compat/test_rtnl.c
tests_unit_compat_test_rtnl_CFLAGS = $(TEST_CFLAGS)
tests_unit_compat_test_rtnl_LDADD = libcompat.a $(CMOCKA_LIBS) $(MNL_LIBS)

check_PROGRAMS += tests/unit/compat/test_xtables_lock
TESTS += tests/unit/compat/test_xtables_lock
tests_unit_compat_test_xtables_lock_SOURCES = tests/unit/compat/test_xtables_lock.c
tests_unit_compat_test_xtables_lock_CFLAGS = $(TEST_CFLAGS)
tests_unit_compat_test_xtables_lock_LDADD = libcompat.a $(CMOCKA_LIBS)
endif
