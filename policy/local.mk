# The one model and its meaning. Pure: no I/O, no kernel, no globals.
noinst_LIBRARIES += libpolicy.a
libpolicy_a_SOURCES = \
	policy/addr.c policy/addr.h \
	policy/classify.c policy/classify.h \
	policy/compare.c policy/compare.h policy/compare_part.h \
	policy/compare_cover.c \
	policy/compare_flows.c \
	policy/compare_http.c \
	policy/compare_pairs.c \
	policy/compare_parties.c \
	policy/cover.c policy/cover.h \
	policy/diag.c policy/diag.h \
	policy/engine.c policy/engine.h policy/engine_part.h \
	policy/engine_endpoint.c \
	policy/engine_identity.c \
	policy/engine_links.c \
	policy/engine_number.c \
	policy/engine_rows.c \
	policy/engine_rule.c \
	policy/engine_topics.c \
	policy/engine_view.c \
	policy/endpoint.c policy/endpoint.h \
	policy/evaluate.c policy/evaluate.h \
	policy/example.c policy/example.h \
	policy/http.c policy/http.h \
	policy/identity.c policy/identity.h \
	policy/label.c policy/label.h \
	policy/lint.c policy/lint.h policy/lint_part.h \
	policy/lint_entries.c \
	policy/lint_peers.c \
	policy/lint_rules.c \
	policy/lint_selector.c \
	policy/loc.c policy/loc.h \
	policy/reasoning.c policy/reasoning.h \
	policy/number.c policy/number.h \
	policy/resolve.c policy/resolve.h \
	policy/peers.c policy/peers.h \
	policy/labelindex.c policy/labelindex.h \
	policy/table.c \
	policy/rule.c policy/rule.h \
	policy/rule_compare.c \
	policy/selector.c policy/selector.h \
	policy/side.c policy/side.h \
	policy/types.c policy/types.h
