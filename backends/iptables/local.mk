# Rules of the host's own iptables, legacy and nf_tables.
libbackends_a_SOURCES += \
	backends/iptables/builder.c backends/iptables/builder.h \
	backends/iptables/check.c \
	backends/iptables/choose.c \
	backends/iptables/dispatch.c backends/iptables/dispatch.h \
	backends/iptables/dispatch_ports.c \
	backends/iptables/flavour.h \
	backends/iptables/guard.c \
	backends/iptables/handle.h \
	backends/iptables/installed.c backends/iptables/installed.h \
	backends/iptables/iptables.c \
	backends/iptables/layout.c backends/iptables/layout.h \
	backends/iptables/legacy.c \
	backends/iptables/legacy_entry.c backends/iptables/legacy_entry.h \
	backends/iptables/legacy_match.c backends/iptables/legacy_match.h \
	backends/iptables/legacy_ops.c backends/iptables/legacy_ops.h \
	backends/iptables/legacy_table.c backends/iptables/legacy_table.h \
	backends/iptables/linear.c \
	backends/iptables/match_set.c backends/iptables/match_set.h \
	backends/iptables/merge.c backends/iptables/merge.h \
	backends/iptables/nft.c backends/iptables/nft.h \
	backends/iptables/nft_change.c \
	backends/iptables/nft_commit.c backends/iptables/nft_commit.h \
	backends/iptables/nft_decode.c \
	backends/iptables/nft_encode.c \
	backends/iptables/nft_hooks.c \
	backends/iptables/nft_match.c \
	backends/iptables/nft_message.c \
	backends/iptables/nft_report.c \
	backends/iptables/nft_rules.c \
	backends/iptables/nft_snapshot.c \
	backends/iptables/objects.c backends/iptables/objects.h \
	backends/iptables/peers.c backends/iptables/peers.h \
	backends/iptables/report.c \
	backends/iptables/sets.c backends/iptables/sets.h \
	backends/iptables/sets_kernel.c backends/iptables/sets_kernel.h \
	backends/iptables/sets_ports.c \
	backends/iptables/trace.c \
	backends/iptables/tree.c \
	backends/iptables/vlan.c backends/iptables/vlan.h \
	backends/iptables/vlan_build.c backends/iptables/vlan_nft.h \
	backends/iptables/vlan_commit.c \
	backends/iptables/vlan_read.c \
	backends/iptables/vlan_text.c \
	backends/iptables/walk.c backends/iptables/walk.h
