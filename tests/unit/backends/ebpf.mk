# the eBPF backend
EBPF_TEST_WORLD = \
	tests/unit/backends/ebpf_packet.c tests/unit/backends/ebpf_packet.h \
	tests/unit/backends/ebpf_world.c tests/unit/backends/ebpf_world.h
EBPF_TEST_LIBS = libbackends.a libtranslate.a libpolicy.a libcompat.a \
	$(CMOCKA_LIBS) $(BPF_LIBS) $(MNL_LIBS) $(PCRE2_LIBS)

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/backends/test_ebpf_programs
TESTS += tests/unit/backends/test_ebpf_programs
tests_unit_backends_test_ebpf_programs_SOURCES = tests/unit/backends/test_ebpf_programs.c \
	$(EBPF_TEST_WORLD)
tests_unit_backends_test_ebpf_programs_CFLAGS = $(TEST_CFLAGS)
tests_unit_backends_test_ebpf_programs_LDADD = $(EBPF_TEST_LIBS)
endif
