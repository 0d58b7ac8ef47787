# What people and runtimes talk to.
noinst_LIBRARIES += libfrontend.a
libfrontend_a_SOURCES = \
	frontend/case.h \
	frontend/decode.h \
	frontend/intent.h \
	frontend/lab.h \
	frontend/probe.h \
	frontend/report.h \
	frontend/source.h \
	frontend/suggest.c frontend/suggest.h
