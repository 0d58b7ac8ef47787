if HAVE_CMOCKA
policy_unit_tests = \
	tests/unit/policy/test_agreement
check_PROGRAMS += $(policy_unit_tests)
TESTS += $(policy_unit_tests)
POLICY_TEST_LIBS = libpolicy.a libcompat.a $(CMOCKA_LIBS) $(PCRE2_LIBS)
policy_test_build = tests/unit/policy/build.c tests/unit/policy/build.h tests/unit/unit.h

tests_unit_policy_test_agreement_SOURCES = tests/unit/policy/test_agreement.c \
	tests/unit/policy/universe.c tests/unit/policy/universe.h $(policy_test_build)
tests_unit_policy_test_agreement_CFLAGS = $(TEST_CFLAGS)
tests_unit_policy_test_agreement_LDADD = $(POLICY_TEST_LIBS)
endif
