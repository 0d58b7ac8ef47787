# Measurements, run by hand.
EXTRA_DIST += bench/generate bench/run

# make bench/resolve: what the model costs, without decoding and without a backend.
EXTRA_PROGRAMS += bench/resolve
bench_resolve_SOURCES = bench/resolve.c
bench_resolve_LDADD = libpolicy.a libcompat.a $(PCRE2_LIBS)

# make bench/decode: what decoding costs a rule, from 1,000 rules to 100,000.
EXTRA_PROGRAMS += bench/decode
bench_decode_SOURCES = bench/decode.c
bench_decode_LDADD = libfrontend.a libpolicy.a libcompat.a $(JANSSON_LIBS) $(YAML_LIBS) $(PCRE2_LIBS)

# make bench/engine: from JSON text to a plan, and what one container or rule more costs then.
EXTRA_PROGRAMS += bench/engine
bench_engine_SOURCES = bench/engine.c
bench_engine_LDADD = $(POLGEN_LIBS) $(SYSTEM_LIBS)
