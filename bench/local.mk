# Measurements, run by hand.
EXTRA_DIST += bench/generate bench/report bench/report.jq bench/run

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

# make bench/ab: the A/B experiments.
check_PROGRAMS += bench/ab
bench_ab_SOURCES = \
	bench/ab.c \
	bench/ab_conditions.c bench/ab_conditions.h \
	bench/ab_config.c bench/ab_config.h \
	bench/ab_frame.c bench/ab_frame.h \
	bench/ab_host.c bench/ab_host.h \
	bench/ab_memory.c bench/ab_memory.h \
	bench/ab_pair.c bench/ab_pair.h \
	bench/ab_policy.c bench/ab_policy.h \
	bench/ab_quiet.c bench/ab_quiet.h \
	bench/ab_report.c bench/ab_report.h \
	bench/ab_restore.c bench/ab_restore.h \
	bench/ab_results.c bench/ab_results.h \
	bench/ab_experiment.h \
	bench/ab_run.c \
	bench/ab_run_change.c \
	bench/ab_run_hosts.c \
	bench/ab_run_traffic.c \
	bench/ab_run_verdict.c \
	bench/ab_site.c bench/ab_site.h \
	bench/ab_stats.c bench/ab_stats.h \
	bench/ab_stream.c bench/ab_stream.h \
	bench/ab_targets.c bench/ab_targets.h \
	bench/ab_traffic.c bench/ab_traffic.h
bench_ab_LDADD = $(POLGEN_LIBS) $(SYSTEM_LIBS)
