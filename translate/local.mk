# Between rule languages. Pure.
noinst_LIBRARIES += libtranslate.a
libtranslate_a_SOURCES = \
	translate/ruletree.c translate/ruletree.h
