# Identity maps, and the tc programs that read them.
libbackends_a_SOURCES += \
	backends/ebpf/attach.c backends/ebpf/attach.h \
	backends/ebpf/batch.c backends/ebpf/batch.h \
	backends/ebpf/clsact.c backends/ebpf/clsact.h \
	backends/ebpf/commit.c backends/ebpf/commit.h \
	backends/ebpf/commit_endpoints.c \
	backends/ebpf/commit_policy.c \
	backends/ebpf/commit_uplink.c \
	backends/ebpf/counters.c \
	backends/ebpf/create.c \
	backends/ebpf/ebpf.c backends/ebpf/ebpf.h \
	backends/ebpf/entry.c backends/ebpf/entry.h \
	backends/ebpf/events.c backends/ebpf/events.h \
	backends/ebpf/generation.c backends/ebpf/generation.h \
	backends/ebpf/handover.c backends/ebpf/handover.h \
	backends/ebpf/known.c backends/ebpf/known.h \
	backends/ebpf/live.c \
	backends/ebpf/log.c backends/ebpf/log.h \
	backends/ebpf/lookup.c backends/ebpf/lookup.h \
	backends/ebpf/maps.c backends/ebpf/maps.h \
	backends/ebpf/outcome.c backends/ebpf/outcome.h \
	backends/ebpf/pins.c backends/ebpf/pins.h \
	backends/ebpf/plan.c \
	backends/ebpf/render.c \
	backends/ebpf/slots.c backends/ebpf/slots.h \
	backends/ebpf/stage.c backends/ebpf/stage.h \
	backends/ebpf/trace.c \
	backends/ebpf/way.c backends/ebpf/way.h \
	backends/ebpf/uplink.c backends/ebpf/uplink.h \
	$(BPF_PARTS)

# The programs: compiled, freed of debug sections, and made into a header with the bytes in it.
BPF_PARTS = \
	backends/ebpf/bpf/abi.h \
	backends/ebpf/bpf/context.h \
	backends/ebpf/bpf/established.h \
	backends/ebpf/bpf/flow.h \
	backends/ebpf/bpf/flow_id.h \
	backends/ebpf/bpf/ipv4.h \
	backends/ebpf/bpf/ipv6.h \
	backends/ebpf/bpf/maps.h \
	backends/ebpf/bpf/packet.h \
	backends/ebpf/bpf/policy.h \
	backends/ebpf/bpf/read.h \
	backends/ebpf/bpf/report.h \
	backends/ebpf/bpf/revoke.h \
	backends/ebpf/bpf/routed.h \
	backends/ebpf/bpf/uplink.h \
	backends/ebpf/bpf/way.h
EXTRA_DIST += backends/ebpf/bpf/polgen.bpf.c
BPF_SKELETON = backends/ebpf/polgen.bpf.skel.h
BUILT_SOURCES += $(BPF_SKELETON)
CLEANFILES += $(BPF_SKELETON) backends/ebpf/polgen.bpf.o backends/ebpf/polgen.bpf.linked.o

backends/ebpf/polgen.bpf.o: backends/ebpf/bpf/polgen.bpf.c $(BPF_PARTS)
	@$(MKDIR_P) backends/ebpf
	$(AM_V_GEN)$(CLANG) $(BPF_CFLAGS) -c $(srcdir)/backends/ebpf/bpf/polgen.bpf.c -o $@

backends/ebpf/polgen.bpf.linked.o: backends/ebpf/polgen.bpf.o
	$(AM_V_GEN)$(BPFTOOL) gen object $@ backends/ebpf/polgen.bpf.o

$(BPF_SKELETON): backends/ebpf/polgen.bpf.linked.o
	$(AM_V_GEN)$(BPFTOOL) gen skeleton backends/ebpf/polgen.bpf.linked.o \
		name pg_programs >$@.new && mv $@.new $@

# BUILT_SOURCES are made by `make all` and `make check` only.
backends/ebpf/create.$(OBJEXT): $(BPF_SKELETON)
