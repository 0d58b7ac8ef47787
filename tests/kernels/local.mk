# On other kernels, in an emulator: by hand, since it takes an hour and packages that apt fetches.
EXTRA_DIST += tests/kernels/run tests/kernels/guest
