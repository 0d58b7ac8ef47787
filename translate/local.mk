# Between rule languages. Pure.
noinst_LIBRARIES += libtranslate.a
libtranslate_a_SOURCES = \
	translate/ipset.c translate/ipset.h \
	translate/ruletree.c translate/ruletree.h
