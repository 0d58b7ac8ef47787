if HAVE_CMOCKA
check_PROGRAMS += tests/unit/translate/test_ipset
TESTS += tests/unit/translate/test_ipset
tests_unit_translate_test_ipset_SOURCES = tests/unit/translate/test_ipset.c tests/unit/unit.h
tests_unit_translate_test_ipset_CFLAGS = $(TEST_CFLAGS)
tests_unit_translate_test_ipset_LDADD = libtranslate.a libpolicy.a libcompat.a $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/translate/test_ruletree
TESTS += tests/unit/translate/test_ruletree
tests_unit_translate_test_ruletree_SOURCES = tests/unit/translate/test_ruletree.c tests/unit/unit.h
tests_unit_translate_test_ruletree_CFLAGS = $(TEST_CFLAGS)
tests_unit_translate_test_ruletree_LDADD = libtranslate.a libpolicy.a libcompat.a $(CMOCKA_LIBS)
endif
