# Policy tests that ship with polgen's own tests.
TESTS += tests/cases/language.sh
EXTRA_DIST += tests/cases/language.sh tests/cases/language
