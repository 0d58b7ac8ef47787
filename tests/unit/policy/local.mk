if HAVE_CMOCKA
policy_unit_tests = \
	tests/unit/policy/test_addr \
	tests/unit/policy/test_agreement \
	tests/unit/policy/test_compare \
	tests/unit/policy/test_cover \
	tests/unit/policy/test_endpoint \
	tests/unit/policy/test_engine \
	tests/unit/policy/test_engine_oom \
	tests/unit/policy/test_evaluate \
	tests/unit/policy/test_example \
	tests/unit/policy/test_http \
	tests/unit/policy/test_identity \
	tests/unit/policy/test_label \
	tests/unit/policy/test_lint \
	tests/unit/policy/test_reasoning \
	tests/unit/policy/test_resolve \
	tests/unit/policy/test_selector \
	tests/unit/policy/test_text
check_PROGRAMS += $(policy_unit_tests)
TESTS += $(policy_unit_tests)
POLICY_TEST_LIBS = libpolicy.a libcompat.a $(CMOCKA_LIBS) $(PCRE2_LIBS)
policy_test_build = tests/unit/policy/build.c tests/unit/policy/build.h tests/unit/unit.h

tests_unit_policy_test_addr_SOURCES = tests/unit/policy/test_addr.c tests/unit/unit.h
tests_unit_policy_test_addr_CFLAGS = $(TEST_CFLAGS)
tests_unit_policy_test_addr_LDADD = $(POLICY_TEST_LIBS)

tests_unit_policy_test_agreement_SOURCES = tests/unit/policy/test_agreement.c \
	tests/unit/policy/universe.c tests/unit/policy/universe.h $(policy_test_build)
tests_unit_policy_test_agreement_CFLAGS = $(TEST_CFLAGS)
tests_unit_policy_test_agreement_LDADD = $(POLICY_TEST_LIBS)

tests_unit_policy_test_compare_SOURCES = tests/unit/policy/test_compare.c \
	tests/unit/policy/universe.c tests/unit/policy/universe.h $(policy_test_build)
tests_unit_policy_test_compare_CFLAGS = $(TEST_CFLAGS)
tests_unit_policy_test_compare_LDADD = $(POLICY_TEST_LIBS)

tests_unit_policy_test_cover_SOURCES = tests/unit/policy/test_cover.c tests/unit/unit.h
tests_unit_policy_test_cover_CFLAGS = $(TEST_CFLAGS)
tests_unit_policy_test_cover_LDADD = $(POLICY_TEST_LIBS)

tests_unit_policy_test_endpoint_SOURCES = tests/unit/policy/test_endpoint.c $(policy_test_build)
tests_unit_policy_test_endpoint_CFLAGS = $(TEST_CFLAGS)
tests_unit_policy_test_endpoint_LDADD = $(POLICY_TEST_LIBS)

tests_unit_policy_test_engine_SOURCES = tests/unit/policy/test_engine.c \
	tests/unit/policy/universe.c tests/unit/policy/universe.h $(policy_test_build)
tests_unit_policy_test_engine_CFLAGS = $(TEST_CFLAGS)
tests_unit_policy_test_engine_LDADD = $(POLICY_TEST_LIBS)

tests_unit_policy_test_engine_oom_SOURCES = tests/unit/policy/test_engine_oom.c \
	tests/unit/failing_alloc.c tests/unit/failing_alloc.h \
	tests/unit/policy/universe.c tests/unit/policy/universe.h $(policy_test_build)
tests_unit_policy_test_engine_oom_CFLAGS = $(TEST_CFLAGS)
tests_unit_policy_test_engine_oom_LDFLAGS = $(AM_LDFLAGS) $(FAILING_ALLOC_WRAP)
tests_unit_policy_test_engine_oom_LDADD = $(POLICY_TEST_LIBS)

tests_unit_policy_test_evaluate_SOURCES = tests/unit/policy/test_evaluate.c $(policy_test_build)
tests_unit_policy_test_evaluate_CFLAGS = $(TEST_CFLAGS)
tests_unit_policy_test_evaluate_LDADD = $(POLICY_TEST_LIBS)

tests_unit_policy_test_example_SOURCES = tests/unit/policy/test_example.c $(policy_test_build)
tests_unit_policy_test_example_CFLAGS = $(TEST_CFLAGS)
tests_unit_policy_test_example_LDADD = $(POLICY_TEST_LIBS)

tests_unit_policy_test_http_SOURCES = tests/unit/policy/test_http.c tests/unit/unit.h
tests_unit_policy_test_http_CFLAGS = $(TEST_CFLAGS)
tests_unit_policy_test_http_LDADD = $(POLICY_TEST_LIBS)

tests_unit_policy_test_identity_SOURCES = tests/unit/policy/test_identity.c $(policy_test_build)
tests_unit_policy_test_identity_CFLAGS = $(TEST_CFLAGS)
tests_unit_policy_test_identity_LDADD = $(POLICY_TEST_LIBS)

tests_unit_policy_test_label_SOURCES = tests/unit/policy/test_label.c tests/unit/unit.h
tests_unit_policy_test_label_CFLAGS = $(TEST_CFLAGS)
tests_unit_policy_test_label_LDADD = $(POLICY_TEST_LIBS)

tests_unit_policy_test_lint_SOURCES = tests/unit/policy/test_lint.c \
	tests/unit/policy/universe.c tests/unit/policy/universe.h $(policy_test_build)
tests_unit_policy_test_lint_CFLAGS = $(TEST_CFLAGS)
tests_unit_policy_test_lint_LDADD = $(POLICY_TEST_LIBS)

tests_unit_policy_test_reasoning_SOURCES = tests/unit/policy/test_reasoning.c \
	tests/unit/policy/universe.c tests/unit/policy/universe.h $(policy_test_build)
tests_unit_policy_test_reasoning_CFLAGS = $(TEST_CFLAGS)
tests_unit_policy_test_reasoning_LDADD = $(POLICY_TEST_LIBS)

tests_unit_policy_test_resolve_SOURCES = tests/unit/policy/test_resolve.c $(policy_test_build)
tests_unit_policy_test_resolve_CFLAGS = $(TEST_CFLAGS)
tests_unit_policy_test_resolve_LDADD = $(POLICY_TEST_LIBS)

tests_unit_policy_test_selector_SOURCES = tests/unit/policy/test_selector.c $(policy_test_build)
tests_unit_policy_test_selector_CFLAGS = $(TEST_CFLAGS)
tests_unit_policy_test_selector_LDADD = $(POLICY_TEST_LIBS)

tests_unit_policy_test_text_SOURCES = tests/unit/policy/test_text.c tests/unit/unit.h
tests_unit_policy_test_text_CFLAGS = $(TEST_CFLAGS)
tests_unit_policy_test_text_LDADD = $(POLICY_TEST_LIBS)
endif
