# What enforces a policy, behind backend.h.
noinst_LIBRARIES += libbackends.a
libbackends_a_SOURCES = \
	backends/backend.h \
	backends/bridged.c backends/bridged.h \
	backends/counters.c \
	backends/intent.c \
	backends/object.c \
	backends/revoke.c backends/revoke.h \
	backends/trace.c backends/trace.h

include $(srcdir)/backends/iptables/local.mk
include $(srcdir)/backends/ebpf/local.mk
include $(srcdir)/backends/nftables/local.mk
