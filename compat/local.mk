# This host: memory, text, kernel and library shims. Knows nothing of policy.
noinst_LIBRARIES += libcompat.a
libcompat_a_SOURCES = \
	compat/ban.h \
	compat/bridge.c compat/bridge.h \
	compat/bpffs.c compat/bpffs.h \
	compat/conntrack.c compat/conntrack.h \
	compat/errtext.c compat/errtext.h \
	compat/hash.c compat/hash.h \
	compat/hex.c compat/hex.h \
	compat/ipset.c compat/ipset.h compat/ipset_names.c \
	compat/netns.c compat/netns.h \
	compat/nfnl.c compat/nfnl.h \
	compat/nft.c compat/nft.h \
	compat/rtnl.c compat/rtnl.h compat/rtnl_internal.h compat/rtnl_list.c \
	compat/strbuf.c compat/strbuf.h \
	compat/util.c compat/util.h \
	compat/xtables_lock.c compat/xtables_lock.h
