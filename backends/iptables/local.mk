# Rules of the host's own iptables, legacy and nf_tables.
libbackends_a_SOURCES += \
	backends/iptables/flavour.h
