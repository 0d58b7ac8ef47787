# Tables of our own in nf_tables.
libbackends_a_SOURCES += \
	backends/nftables/address.c \
	backends/nftables/chains.c \
	backends/nftables/commit.c \
	backends/nftables/flatten.c \
	backends/nftables/guard.c \
	backends/nftables/item.c backends/nftables/item.h \
	backends/nftables/kernel.h \
	backends/nftables/layout.h \
	backends/nftables/message.c \
	backends/nftables/meta.c \
	backends/nftables/nftables.c \
	backends/nftables/plan.c \
	backends/nftables/policy.c \
	backends/nftables/read.c \
	backends/nftables/rule.c backends/nftables/rule.h \
	backends/nftables/stray.c backends/nftables/stray.h \
	backends/nftables/text.c backends/nftables/text.h \
	backends/nftables/text_rule.c \
	backends/nftables/trace.c backends/nftables/trace.h
