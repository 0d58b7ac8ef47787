# What people and runtimes talk to.
noinst_LIBRARIES += libfrontend.a
libfrontend_a_SOURCES = \
	frontend/case.c frontend/case.h \
	frontend/case_assign.c \
	frontend/case_endpoints.c \
	frontend/case_flow.c \
	frontend/case_part.h \
	frontend/casetest.c frontend/casetest.h frontend/casetest_internal.h \
	frontend/casetest_lab.c \
	frontend/casetest_model.c \
	frontend/casetest_print.c \
	frontend/casetest_probe.c \
	frontend/check.h \
	frontend/check_finding.c \
	frontend/check_lint.c \
	frontend/decode.h \
	frontend/decode_endpoints.c \
	frontend/decode_entry.c \
	frontend/decode_http.c \
	frontend/decode_icmp.c \
	frontend/decode_label.c \
	frontend/decode_network_peers.c \
	frontend/decode_network_policy.c \
	frontend/decode_object.c frontend/decode_object.h \
	frontend/decode_part.h \
	frontend/decode_peers.c \
	frontend/decode_policy.c \
	frontend/decode_ports.c \
	frontend/decode_scope.c \
	frontend/decode_selector.c \
	frontend/dispatch.c frontend/dispatch.h \
	frontend/docker.c frontend/docker.h \
	frontend/docker_answer.c \
	frontend/docker_client.c frontend/docker_client.h \
	frontend/docker_container.c \
	frontend/docker_endpoints.c \
	frontend/docker_interfaces.c \
	frontend/docker_json.c frontend/docker_json.h \
	frontend/document.c frontend/document.h \
	frontend/enforce.c frontend/enforce.h \
	frontend/folder.c frontend/folder.h \
	frontend/input.c \
	frontend/intent.c frontend/intent.h \
	frontend/json.c frontend/json.h \
	frontend/json_build.h \
	frontend/json_explain.c \
	frontend/json_text.c frontend/json_text.h \
	frontend/lab.c frontend/lab.h frontend/lab_internal.h \
	frontend/lab_blocks.c \
	frontend/lab_host.c \
	frontend/lab_links.c \
	frontend/matrix.c frontend/matrix.h frontend/matrix_internal.h \
	frontend/matrix_json.c \
	frontend/matrix_ports.c \
	frontend/matrix_print.c \
	frontend/matrix_probe.c \
	frontend/matrix_summary.c \
	frontend/misspelt.c frontend/misspelt.h \
	frontend/names.c frontend/names.h \
	frontend/options.c frontend/options.h \
	frontend/probe.c frontend/probe.h frontend/probe_internal.h \
	frontend/probe_event.c \
	frontend/probe_send.c \
	frontend/probe_socket.c \
	frontend/probe_wire.c frontend/probe_wire.h \
	frontend/quote.c frontend/quote.h \
	frontend/record.c frontend/record.h \
	frontend/report.c frontend/report.h \
	frontend/services.c frontend/services.h \
	frontend/source.c frontend/source.h \
	frontend/source_kernel.c frontend/source_kernel.h \
	frontend/source_labels.c \
	frontend/suggest.c frontend/suggest.h \
	frontend/verb_apply.c \
	frontend/verb_check.c \
	frontend/verb_clear.c \
	frontend/verb_endpoints.c \
	frontend/verb_explain.c \
	frontend/verb_monitor.c \
	frontend/verb_probe.c \
	frontend/verb_render.c \
	frontend/verb_status.c \
	frontend/verb_test.c \
	frontend/verbs.c frontend/verbs.h \
	frontend/width.c frontend/width.h \
	frontend/yaml.c frontend/yaml.h

sbin_PROGRAMS += polgen
polgen_SOURCES = frontend/main.c
polgen_LDADD = $(POLGEN_LIBS) $(SYSTEM_LIBS)
