# Rules of the host's own iptables, legacy and nf_tables.
libbackends_a_SOURCES += \
	backends/iptables/flavour.h \
	backends/iptables/guard.c \
	backends/iptables/ipv6.c \
	backends/iptables/layout.h \
	backends/iptables/linear.c \
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
	backends/iptables/peers.c backends/iptables/peers.h
