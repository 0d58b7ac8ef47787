# The differential test: random policies, the evaluator against every backend with real packets; and
# what becomes of running flows when one policy follows another.
check_PROGRAMS += tests/parity/parity
TESTS += tests/parity/parity
tests_parity_parity_SOURCES = \
	tests/parity/arena.c \
	tests/parity/generate.c \
	tests/parity/generate_rule.c \
	tests/parity/parity.c tests/parity/parity.h \
	tests/parity/revocation.c \
	tests/parity/shrink.c \
	tests/parity/traffic.c tests/parity/traffic.h
tests_parity_parity_LDADD = $(POLGEN_LIBS) $(SYSTEM_LIBS)

# What they must agree on besides, with packets that no prober makes.
check_PROGRAMS += tests/parity/packets
TESTS += tests/parity/packets
tests_parity_packets_SOURCES = \
	tests/parity/arena.c \
	tests/parity/generate.c \
	tests/parity/generate_rule.c \
	tests/parity/packets.c tests/parity/parity.h \
	tests/parity/traffic.c tests/parity/traffic.h
tests_parity_packets_LDADD = $(POLGEN_LIBS) $(SYSTEM_LIBS)
