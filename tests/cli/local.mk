# The command as people meet it, and what holds for the whole tree.
CLI_TESTS = \
	tests/cli/demo.sh \
	tests/cli/diff.sh \
	tests/cli/examples.sh \
	tests/cli/explain.sh \
	tests/cli/host.sh \
	tests/cli/layers.sh \
	tests/cli/lint.sh \
	tests/cli/manpages.sh \
	tests/cli/messages.sh \
	tests/cli/probe.sh \
	tests/cli/progress.sh \
	tests/cli/readme.sh \
	tests/cli/style.sh \
	tests/cli/folder.sh \
	tests/cli/usage.sh
TESTS += $(CLI_TESTS)
EXTRA_DIST += $(CLI_TESTS) tests/flip.sh tests/tap.sh
