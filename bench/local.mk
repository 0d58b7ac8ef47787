# Measurements, run by hand.
EXTRA_DIST += bench/generate bench/run
