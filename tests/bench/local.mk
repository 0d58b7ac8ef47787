# That the measurements work; their figures are for a quiet machine.
TESTS += tests/bench/ab.sh
EXTRA_DIST += tests/bench/ab.sh
