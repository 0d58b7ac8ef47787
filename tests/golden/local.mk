# What polgen says, word by word. Write it anew with: make check TESTS=tests/golden/test_decode
# PG_GOLDEN_UPDATE=1
check_PROGRAMS += tests/golden/test_decode
TESTS += tests/golden/test_decode
tests_golden_test_decode_SOURCES = tests/golden/test_decode.c
tests_golden_test_decode_LDADD = libfrontend.a libpolicy.a libcompat.a $(JANSSON_LIBS) $(YAML_LIBS) $(PCRE2_LIBS)
EXTRA_DIST += tests/golden/decode tests/golden/check tests/golden/explain
