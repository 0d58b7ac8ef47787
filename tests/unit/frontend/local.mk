EXTRA_DIST += tests/unit/frontend/docker

FAILING_ALLOC_WRAP = -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc \
	-Wl,--wrap=reallocarray,--wrap=strdup,--wrap=strndup

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/frontend/test_docker_oom
TESTS += tests/unit/frontend/test_docker_oom
tests_unit_frontend_test_docker_oom_SOURCES = tests/unit/frontend/test_docker_oom.c \
	tests/unit/failing_alloc.c tests/unit/failing_alloc.h
tests_unit_frontend_test_docker_oom_CFLAGS = $(TEST_CFLAGS)
tests_unit_frontend_test_docker_oom_LDFLAGS = $(AM_LDFLAGS) $(FAILING_ALLOC_WRAP)
tests_unit_frontend_test_docker_oom_LDADD = $(TEST_LIBS)

check_PROGRAMS += tests/unit/frontend/test_docker_answer
TESTS += tests/unit/frontend/test_docker_answer
tests_unit_frontend_test_docker_answer_SOURCES = tests/unit/frontend/test_docker_answer.c
tests_unit_frontend_test_docker_answer_CFLAGS = $(TEST_CFLAGS)
tests_unit_frontend_test_docker_answer_LDADD = $(TEST_LIBS)

check_PROGRAMS += tests/unit/frontend/test_docker_load
TESTS += tests/unit/frontend/test_docker_load
tests_unit_frontend_test_docker_load_SOURCES = tests/unit/frontend/test_docker_load.c \
	tests/unit/frontend/fake_docker.c tests/unit/frontend/fake_docker.h
tests_unit_frontend_test_docker_load_CFLAGS = $(TEST_CFLAGS)
tests_unit_frontend_test_docker_load_LDADD = $(TEST_LIBS)

check_PROGRAMS += tests/unit/frontend/test_source
TESTS += tests/unit/frontend/test_source
tests_unit_frontend_test_source_SOURCES = tests/unit/frontend/test_source.c \
	tests/unit/frontend/fake_docker.c tests/unit/frontend/fake_docker.h
tests_unit_frontend_test_source_CFLAGS = $(TEST_CFLAGS)
tests_unit_frontend_test_source_LDADD = $(TEST_LIBS)

check_PROGRAMS += tests/unit/frontend/test_docker_interfaces
TESTS += tests/unit/frontend/test_docker_interfaces
tests_unit_frontend_test_docker_interfaces_SOURCES = tests/unit/frontend/test_docker_interfaces.c
tests_unit_frontend_test_docker_interfaces_CFLAGS = $(TEST_CFLAGS)
tests_unit_frontend_test_docker_interfaces_LDADD = $(TEST_LIBS)

check_PROGRAMS += tests/unit/frontend/test_services
TESTS += tests/unit/frontend/test_services
tests_unit_frontend_test_services_SOURCES = tests/unit/frontend/test_services.c
tests_unit_frontend_test_services_CFLAGS = $(TEST_CFLAGS)
tests_unit_frontend_test_services_LDADD = libfrontend.a libcompat.a $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/frontend/test_suggest
TESTS += tests/unit/frontend/test_suggest
tests_unit_frontend_test_suggest_SOURCES = tests/unit/frontend/test_suggest.c
tests_unit_frontend_test_suggest_CFLAGS = $(TEST_CFLAGS)
tests_unit_frontend_test_suggest_LDADD = libfrontend.a libcompat.a $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/frontend/test_json
TESTS += tests/unit/frontend/test_json
tests_unit_frontend_test_json_SOURCES = tests/unit/frontend/test_json.c
tests_unit_frontend_test_json_CFLAGS = $(TEST_CFLAGS)
tests_unit_frontend_test_json_LDADD = libfrontend.a libpolicy.a libcompat.a $(CMOCKA_LIBS) \
	$(JANSSON_LIBS) $(YAML_LIBS)

check_PROGRAMS += tests/unit/frontend/test_rule_name
TESTS += tests/unit/frontend/test_rule_name
tests_unit_frontend_test_rule_name_SOURCES = tests/unit/frontend/test_rule_name.c \
	$(policy_test_build)
tests_unit_frontend_test_rule_name_CFLAGS = $(TEST_CFLAGS)
tests_unit_frontend_test_rule_name_LDADD = libfrontend.a libpolicy.a libcompat.a $(CMOCKA_LIBS) \
	$(NETTLE_LIBS) $(PCRE2_LIBS)

check_PROGRAMS += tests/unit/frontend/test_report
TESTS += tests/unit/frontend/test_report
tests_unit_frontend_test_report_SOURCES = tests/unit/frontend/test_report.c
tests_unit_frontend_test_report_CFLAGS = $(TEST_CFLAGS)
tests_unit_frontend_test_report_LDADD = libfrontend.a libpolicy.a libcompat.a $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/frontend/test_matrix
TESTS += tests/unit/frontend/test_matrix
tests_unit_frontend_test_matrix_SOURCES = tests/unit/frontend/test_matrix.c
tests_unit_frontend_test_matrix_CFLAGS = $(TEST_CFLAGS)
tests_unit_frontend_test_matrix_LDADD = $(TEST_LIBS)

check_PROGRAMS += tests/unit/frontend/test_probe_wire
TESTS += tests/unit/frontend/test_probe_wire
tests_unit_frontend_test_probe_wire_SOURCES = tests/unit/frontend/test_probe_wire.c
tests_unit_frontend_test_probe_wire_CFLAGS = $(TEST_CFLAGS)
tests_unit_frontend_test_probe_wire_LDADD = libfrontend.a libpolicy.a libcompat.a $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/frontend/test_dispatch
TESTS += tests/unit/frontend/test_dispatch
tests_unit_frontend_test_dispatch_SOURCES = tests/unit/frontend/test_dispatch.c
tests_unit_frontend_test_dispatch_CFLAGS = $(TEST_CFLAGS)
tests_unit_frontend_test_dispatch_LDADD = libfrontend.a libpolicy.a libcompat.a $(CMOCKA_LIBS) \
	$(JANSSON_LIBS) $(YAML_LIBS) $(PCRE2_LIBS)

check_PROGRAMS += tests/unit/frontend/test_decode
TESTS += tests/unit/frontend/test_decode
tests_unit_frontend_test_decode_SOURCES = tests/unit/frontend/test_decode.c tests/unit/frontend/decoded.h
tests_unit_frontend_test_decode_CFLAGS = $(TEST_CFLAGS)
tests_unit_frontend_test_decode_LDADD = libfrontend.a libpolicy.a libcompat.a $(CMOCKA_LIBS) \
	$(JANSSON_LIBS) $(YAML_LIBS) $(PCRE2_LIBS)

check_PROGRAMS += tests/unit/frontend/test_object
TESTS += tests/unit/frontend/test_object
tests_unit_frontend_test_object_SOURCES = tests/unit/frontend/test_object.c \
	tests/unit/frontend/decoded.h
tests_unit_frontend_test_object_CFLAGS = $(TEST_CFLAGS)
tests_unit_frontend_test_object_LDADD = libfrontend.a libpolicy.a libcompat.a $(CMOCKA_LIBS) \
	$(JANSSON_LIBS) $(YAML_LIBS) $(PCRE2_LIBS)

check_PROGRAMS += tests/unit/frontend/test_case
TESTS += tests/unit/frontend/test_case
tests_unit_frontend_test_case_SOURCES = tests/unit/frontend/test_case.c tests/unit/frontend/decoded.h
tests_unit_frontend_test_case_CFLAGS = $(TEST_CFLAGS)
tests_unit_frontend_test_case_LDADD = libfrontend.a libpolicy.a libcompat.a $(CMOCKA_LIBS) \
	$(JANSSON_LIBS) $(YAML_LIBS) $(PCRE2_LIBS)

check_PROGRAMS += tests/unit/frontend/test_oom
TESTS += tests/unit/frontend/test_oom
tests_unit_frontend_test_oom_SOURCES = tests/unit/frontend/test_oom.c \
	tests/unit/frontend/decoded.h tests/unit/failing_alloc.c tests/unit/failing_alloc.h
tests_unit_frontend_test_oom_CFLAGS = $(TEST_CFLAGS)
tests_unit_frontend_test_oom_LDFLAGS = $(AM_LDFLAGS) $(FAILING_ALLOC_WRAP)
tests_unit_frontend_test_oom_LDADD = libfrontend.a libpolicy.a libcompat.a $(CMOCKA_LIBS) \
	$(JANSSON_LIBS) $(YAML_LIBS) $(PCRE2_LIBS)

check_PROGRAMS += tests/unit/frontend/test_yaml
TESTS += tests/unit/frontend/test_yaml
tests_unit_frontend_test_yaml_SOURCES = tests/unit/frontend/test_yaml.c
tests_unit_frontend_test_yaml_CFLAGS = $(TEST_CFLAGS)
tests_unit_frontend_test_yaml_LDADD = libfrontend.a libpolicy.a libcompat.a $(CMOCKA_LIBS) \
	$(JANSSON_LIBS) $(YAML_LIBS)
endif
