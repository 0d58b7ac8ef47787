# Scripts for people, and what they share.
EXTRA_DIST += demo .shellcheckrc scripts/copy-tree scripts/docker.sh scripts/flip.sh \
	scripts/install-deps scripts/sandbox

# A file called check can't be in EXTRA_DIST: make would take it for the target and run the tests.
dist-hook:
	cp -p $(srcdir)/check $(distdir)/check
