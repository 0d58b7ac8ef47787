# Functions over bytes. Here each target replays its committed corpus. To search for more:
#
#	configure CC=clang CFLAGS='-g -O1 -fsanitize=fuzzer-no-link' --enable-sanitizers
#	make LIB_FUZZING_ENGINE=-fsanitize=fuzzer FUZZ_MAIN= tests/fuzz/fuzz_policy
#	tests/fuzz/fuzz_policy -max_total_time=60 NEW tests/fuzz/corpus/policy tests/golden/decode
#
# NEW is a folder for what is found. What broke something goes into the corpus with its fix.
LIB_FUZZING_ENGINE =
FUZZ_MAIN = tests/fuzz/libreplay.a

check_LIBRARIES = tests/fuzz/libreplay.a tests/fuzz/libfuzz.a
tests_fuzz_libreplay_a_SOURCES = tests/fuzz/replay.c
tests_fuzz_libfuzz_a_SOURCES = tests/fuzz/common.c tests/fuzz/fuzz.h

FUZZ_LIBS = tests/fuzz/libfuzz.a $(FUZZ_MAIN) libfrontend.a libpolicy.a libcompat.a \
	$(JANSSON_LIBS) $(YAML_LIBS) $(PCRE2_LIBS) $(LIB_FUZZING_ENGINE)
FUZZ_TARGETS = \
	tests/fuzz/fuzz_case \
	tests/fuzz/fuzz_cidr \
	tests/fuzz/fuzz_docker \
	tests/fuzz/fuzz_endpoints \
	tests/fuzz/fuzz_ipset \
	tests/fuzz/fuzz_matrix \
	tests/fuzz/fuzz_nft \
	tests/fuzz/fuzz_nftables \
	tests/fuzz/fuzz_policy \
	tests/fuzz/fuzz_selector \
	tests/fuzz/fuzz_wire \
	tests/fuzz/fuzz_yaml

check_PROGRAMS += $(FUZZ_TARGETS)
TESTS += $(FUZZ_TARGETS)
tests_fuzz_fuzz_case_LDADD = $(FUZZ_LIBS)
tests_fuzz_fuzz_cidr_LDADD = $(FUZZ_LIBS)
tests_fuzz_fuzz_docker_LDADD = $(FUZZ_LIBS)
tests_fuzz_fuzz_endpoints_LDADD = $(FUZZ_LIBS)
tests_fuzz_fuzz_ipset_LDADD = tests/fuzz/libfuzz.a $(FUZZ_MAIN) libtranslate.a libpolicy.a libcompat.a \
	$(LIB_FUZZING_ENGINE)
tests_fuzz_fuzz_matrix_LDADD = $(FUZZ_LIBS) $(MNL_LIBS)
tests_fuzz_fuzz_nft_LDADD = tests/fuzz/libfuzz.a $(FUZZ_MAIN) libbackends.a libtranslate.a \
	libpolicy.a libcompat.a $(NFTNL_LIBS) $(MNL_LIBS) $(LIB_FUZZING_ENGINE)
tests_fuzz_fuzz_nftables_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=pg_nfnl_open,--wrap=pg_nfnl_done \
	-Wl,--wrap=pg_nfnl_talk,--wrap=pg_nft_generation
tests_fuzz_fuzz_nftables_LDADD = $(tests_fuzz_fuzz_nft_LDADD)
tests_fuzz_fuzz_policy_LDADD = $(FUZZ_LIBS)
tests_fuzz_fuzz_selector_LDADD = $(FUZZ_LIBS)
tests_fuzz_fuzz_wire_LDADD = $(FUZZ_LIBS)
tests_fuzz_fuzz_yaml_LDADD = $(FUZZ_LIBS)
EXTRA_DIST += tests/fuzz/corpus
