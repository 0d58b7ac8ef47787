# With a real Docker Engine in a network namespace.
DOCKER_TESTS = \
	tests/docker/endpoints.sh \
	tests/docker/enforce.sh \
	tests/docker/enforce6.sh \
	tests/docker/ways.sh
TESTS += $(DOCKER_TESTS)
EXTRA_DIST += $(DOCKER_TESTS)
