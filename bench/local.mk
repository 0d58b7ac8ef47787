# Measurements, run by hand.
EXTRA_DIST += bench/generate bench/run

# make bench/resolve: what the model costs, without decoding and without a backend.
EXTRA_PROGRAMS += bench/resolve
bench_resolve_SOURCES = bench/resolve.c
bench_resolve_LDADD = libpolicy.a libcompat.a $(PCRE2_LIBS)
