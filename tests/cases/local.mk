# Policy tests that ship with polgen's own tests.
TESTS += tests/cases/all.sh
EXTRA_DIST += tests/cases/all.sh tests/cases/language
