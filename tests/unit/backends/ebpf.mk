# the eBPF backend
EBPF_TEST_WORLD = \
	tests/unit/backends/ebpf_abc.c tests/unit/backends/ebpf_abc.h \
	tests/unit/backends/ebpf_packet.c tests/unit/backends/ebpf_packet.h \
	tests/unit/backends/ebpf_world.c tests/unit/backends/ebpf_world.h
EBPF_TEST_LIBS = libbackends.a libtranslate.a libpolicy.a libcompat.a \
	$(CMOCKA_LIBS) $(BPF_LIBS) $(MNL_LIBS) $(PCRE2_LIBS)

EBPF_TESTS = \
	tests/unit/backends/test_delta_plan \
	tests/unit/backends/test_ebpf_attach \
	tests/unit/backends/test_ebpf_commit \
	tests/unit/backends/test_ebpf_established \
	tests/unit/backends/test_ebpf_flows \
	tests/unit/backends/test_ebpf_flows6 \
	tests/unit/backends/test_ebpf_frames \
	tests/unit/backends/test_ebpf_frames6 \
	tests/unit/backends/test_ebpf_handover \
	tests/unit/backends/test_ebpf_kill \
	tests/unit/backends/test_ebpf_plan \
	tests/unit/backends/test_ebpf_policy \
	tests/unit/backends/test_ebpf_random \
	tests/unit/backends/test_ebpf_revoke \
	tests/unit/backends/test_ebpf_short \
	tests/unit/backends/test_ebpf_size \
	tests/unit/backends/test_ebpf_trace \
	tests/unit/backends/test_ebpf_verifier \
	tests/unit/backends/test_ebpf_uplink \
	tests/unit/backends/test_ebpf_way \
	tests/unit/backends/test_ebpf_wire

if HAVE_CMOCKA
check_PROGRAMS += $(EBPF_TESTS)
TESTS += $(EBPF_TESTS)

tests_unit_backends_test_delta_plan_SOURCES = tests/unit/backends/test_delta_plan.c \
	tests/unit/policy/universe.c tests/unit/policy/universe.h $(policy_test_build)
tests_unit_backends_test_delta_plan_CFLAGS = $(TEST_CFLAGS)
tests_unit_backends_test_delta_plan_LDADD = $(EBPF_TEST_LIBS)

tests_unit_backends_test_ebpf_attach_SOURCES = tests/unit/backends/test_ebpf_attach.c \
	$(EBPF_TEST_WORLD)
tests_unit_backends_test_ebpf_attach_CFLAGS = $(TEST_CFLAGS)
tests_unit_backends_test_ebpf_attach_LDADD = $(EBPF_TEST_LIBS)

tests_unit_backends_test_ebpf_commit_SOURCES = tests/unit/backends/test_ebpf_commit.c \
	$(EBPF_TEST_WORLD)
tests_unit_backends_test_ebpf_commit_CFLAGS = $(TEST_CFLAGS)
tests_unit_backends_test_ebpf_commit_LDADD = $(EBPF_TEST_LIBS)

tests_unit_backends_test_ebpf_established_SOURCES = tests/unit/backends/test_ebpf_established.c \
	$(EBPF_TEST_WORLD)
tests_unit_backends_test_ebpf_established_CFLAGS = $(TEST_CFLAGS)
tests_unit_backends_test_ebpf_established_LDADD = $(EBPF_TEST_LIBS)

tests_unit_backends_test_ebpf_flows_SOURCES = tests/unit/backends/test_ebpf_flows.c \
	$(EBPF_TEST_WORLD)
tests_unit_backends_test_ebpf_flows_CFLAGS = $(TEST_CFLAGS)
tests_unit_backends_test_ebpf_flows_LDADD = $(EBPF_TEST_LIBS)

tests_unit_backends_test_ebpf_flows6_SOURCES = tests/unit/backends/test_ebpf_flows6.c \
	$(EBPF_TEST_WORLD)
tests_unit_backends_test_ebpf_flows6_CFLAGS = $(TEST_CFLAGS)
tests_unit_backends_test_ebpf_flows6_LDADD = $(EBPF_TEST_LIBS)

tests_unit_backends_test_ebpf_frames_SOURCES = tests/unit/backends/test_ebpf_frames.c \
	$(EBPF_TEST_WORLD)
tests_unit_backends_test_ebpf_frames_CFLAGS = $(TEST_CFLAGS)
tests_unit_backends_test_ebpf_frames_LDADD = $(EBPF_TEST_LIBS)

tests_unit_backends_test_ebpf_frames6_SOURCES = tests/unit/backends/test_ebpf_frames6.c \
	$(EBPF_TEST_WORLD)
tests_unit_backends_test_ebpf_frames6_CFLAGS = $(TEST_CFLAGS)
tests_unit_backends_test_ebpf_frames6_LDADD = $(EBPF_TEST_LIBS)

tests_unit_backends_test_ebpf_handover_SOURCES = tests/unit/backends/test_ebpf_handover.c \
	$(EBPF_TEST_WORLD)
tests_unit_backends_test_ebpf_handover_CFLAGS = $(TEST_CFLAGS)
tests_unit_backends_test_ebpf_handover_LDADD = $(EBPF_TEST_LIBS)

tests_unit_backends_test_ebpf_kill_SOURCES = tests/unit/backends/test_ebpf_kill.c \
	$(EBPF_TEST_WORLD)
tests_unit_backends_test_ebpf_kill_CFLAGS = $(TEST_CFLAGS)
tests_unit_backends_test_ebpf_kill_LDADD = $(EBPF_TEST_LIBS)

tests_unit_backends_test_ebpf_plan_SOURCES = tests/unit/backends/test_ebpf_plan.c \
	$(EBPF_TEST_WORLD)
tests_unit_backends_test_ebpf_plan_CFLAGS = $(TEST_CFLAGS)
tests_unit_backends_test_ebpf_plan_LDADD = $(EBPF_TEST_LIBS)

tests_unit_backends_test_ebpf_policy_SOURCES = tests/unit/backends/test_ebpf_policy.c \
	$(EBPF_TEST_WORLD)
tests_unit_backends_test_ebpf_policy_CFLAGS = $(TEST_CFLAGS)
tests_unit_backends_test_ebpf_policy_LDADD = $(EBPF_TEST_LIBS)

tests_unit_backends_test_ebpf_random_SOURCES = tests/unit/backends/test_ebpf_random.c \
	$(EBPF_TEST_WORLD) $(backends_test_intent)
tests_unit_backends_test_ebpf_random_CFLAGS = $(TEST_CFLAGS)
tests_unit_backends_test_ebpf_random_LDADD = $(EBPF_TEST_LIBS)

tests_unit_backends_test_ebpf_revoke_SOURCES = tests/unit/backends/test_ebpf_revoke.c \
	$(EBPF_TEST_WORLD)
tests_unit_backends_test_ebpf_revoke_CFLAGS = $(TEST_CFLAGS)
tests_unit_backends_test_ebpf_revoke_LDADD = $(EBPF_TEST_LIBS)

tests_unit_backends_test_ebpf_short_SOURCES = tests/unit/backends/test_ebpf_short.c \
	$(EBPF_TEST_WORLD)
tests_unit_backends_test_ebpf_short_CFLAGS = $(TEST_CFLAGS)
tests_unit_backends_test_ebpf_short_LDADD = $(EBPF_TEST_LIBS)

tests_unit_backends_test_ebpf_size_SOURCES = tests/unit/backends/test_ebpf_size.c \
	$(EBPF_TEST_WORLD)
tests_unit_backends_test_ebpf_size_CFLAGS = $(TEST_CFLAGS)
tests_unit_backends_test_ebpf_size_LDADD = $(EBPF_TEST_LIBS)

tests_unit_backends_test_ebpf_trace_SOURCES = tests/unit/backends/test_ebpf_trace.c \
	$(EBPF_TEST_WORLD) $(backends_test_intent)
tests_unit_backends_test_ebpf_trace_CFLAGS = $(TEST_CFLAGS)
tests_unit_backends_test_ebpf_trace_LDADD = $(EBPF_TEST_LIBS)

tests_unit_backends_test_ebpf_verifier_SOURCES = tests/unit/backends/test_ebpf_verifier.c \
	$(EBPF_TEST_WORLD)
tests_unit_backends_test_ebpf_verifier_CFLAGS = $(TEST_CFLAGS)
tests_unit_backends_test_ebpf_verifier_LDADD = $(EBPF_TEST_LIBS)

tests_unit_backends_test_ebpf_uplink_SOURCES = tests/unit/backends/test_ebpf_uplink.c \
	$(EBPF_TEST_WORLD)
tests_unit_backends_test_ebpf_uplink_CFLAGS = $(TEST_CFLAGS)
tests_unit_backends_test_ebpf_uplink_LDADD = $(EBPF_TEST_LIBS)

tests_unit_backends_test_ebpf_way_SOURCES = tests/unit/backends/test_ebpf_way.c $(EBPF_TEST_WORLD)
tests_unit_backends_test_ebpf_way_CFLAGS = $(TEST_CFLAGS)
tests_unit_backends_test_ebpf_way_LDADD = $(EBPF_TEST_LIBS)

tests_unit_backends_test_ebpf_wire_SOURCES = tests/unit/backends/test_ebpf_wire.c \
	$(EBPF_TEST_WORLD)
tests_unit_backends_test_ebpf_wire_CFLAGS = $(TEST_CFLAGS)
tests_unit_backends_test_ebpf_wire_LDADD = $(EBPF_TEST_LIBS)
endif
