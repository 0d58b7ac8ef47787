# The one model and its meaning. Pure: no I/O, no kernel, no globals.
noinst_LIBRARIES += libpolicy.a
libpolicy_a_SOURCES = \
	policy/addr.h \
	policy/classify.h \
	policy/diag.h \
	policy/endpoint.h \
	policy/evaluate.h \
	policy/http.h \
	policy/identity.h \
	policy/label.h \
	policy/loc.h \
	policy/resolve.h \
	policy/rule.h \
	policy/selector.h \
	policy/types.h
