# What people and runtimes talk to.
noinst_LIBRARIES += libfrontend.a
libfrontend_a_SOURCES = \
	frontend/cli/check.h \
	frontend/cli/check_change.c \
	frontend/cli/check_diff.c \
	frontend/cli/check_finding.c \
	frontend/cli/check_lint.c \
	frontend/cli/enforce.c frontend/cli/enforce.h \
	frontend/cli/explain.h \
	frontend/cli/explain_flow.c \
	frontend/cli/explain_json.c \
	frontend/cli/explain_live.c \
	frontend/cli/explain_text.c \
	frontend/cli/explain_words.c \
	frontend/cli/input.c \
	frontend/cli/json_part.c frontend/cli/json_part.h \
	frontend/cli/options.c frontend/cli/options.h \
	frontend/cli/record.c frontend/cli/record.h \
	frontend/cli/verb_apply.c \
	frontend/cli/verb_check.c \
	frontend/cli/verb_clear.c \
	frontend/cli/verb_endpoints.c \
	frontend/cli/verb_explain.c \
	frontend/cli/verb_monitor.c \
	frontend/cli/verb_probe.c \
	frontend/cli/verb_render.c \
	frontend/cli/verb_status.c \
	frontend/cli/verb_test.c \
	frontend/cli/verbs.c frontend/cli/verbs.h \
	frontend/decode/case.c frontend/decode/case.h \
	frontend/decode/case_assign.c \
	frontend/decode/case_endpoints.c \
	frontend/decode/case_flow.c \
	frontend/decode/case_names.c \
	frontend/decode/case_part.h \
	frontend/decode/decode.h \
	frontend/decode/decode_endpoints.c \
	frontend/decode/decode_entry.c \
	frontend/decode/decode_http.c \
	frontend/decode/decode_icmp.c \
	frontend/decode/decode_label.c \
	frontend/decode/decode_network_peers.c \
	frontend/decode/decode_network_policy.c \
	frontend/decode/decode_object.c frontend/decode/decode_object.h \
	frontend/decode/decode_part.h \
	frontend/decode/decode_peers.c \
	frontend/decode/decode_policy.c \
	frontend/decode/decode_ports.c \
	frontend/decode/decode_scope.c \
	frontend/decode/decode_selector.c \
	frontend/decode/dispatch.c frontend/decode/dispatch.h \
	frontend/decode/document.c frontend/decode/document.h \
	frontend/decode/json.c frontend/decode/json.h \
	frontend/decode/json_build.h \
	frontend/decode/json_explain.c \
	frontend/decode/json_text.c frontend/decode/json_text.h \
	frontend/decode/misspelt.c frontend/decode/misspelt.h \
	frontend/decode/services.c frontend/decode/services.h \
	frontend/decode/yaml.c frontend/decode/yaml.h \
	frontend/intent.c frontend/intent.h \
	frontend/lab/casetest.c frontend/lab/casetest.h frontend/lab/casetest_internal.h \
	frontend/lab/casetest_lab.c \
	frontend/lab/casetest_model.c \
	frontend/lab/casetest_print.c \
	frontend/lab/casetest_probe.c \
	frontend/lab/hosts.c frontend/lab/hosts.h \
	frontend/lab/lab.c frontend/lab/lab.h frontend/lab/lab_internal.h \
	frontend/lab/lab_blocks.c \
	frontend/lab/lab_host.c \
	frontend/lab/lab_links.c \
	frontend/lab/matrix.c frontend/lab/matrix.h frontend/lab/matrix_internal.h \
	frontend/lab/matrix_fold.c \
	frontend/lab/matrix_json.c \
	frontend/lab/matrix_ports.c \
	frontend/lab/matrix_print.c \
	frontend/lab/matrix_probe.c \
	frontend/lab/matrix_summary.c \
	frontend/lab/probe.c frontend/lab/probe.h frontend/lab/probe_internal.h \
	frontend/lab/probe_event.c \
	frontend/lab/probe_send.c \
	frontend/lab/probe_socket.c \
	frontend/lab/probe_wire.c frontend/lab/probe_wire.h \
	frontend/progress.c frontend/progress.h \
	frontend/quote.c frontend/quote.h \
	frontend/report.c frontend/report.h \
	frontend/rule_title.c frontend/rule_title.h \
	frontend/source/docker.c frontend/source/docker.h \
	frontend/source/docker_answer.c \
	frontend/source/docker_client.c frontend/source/docker_client.h \
	frontend/source/docker_container.c \
	frontend/source/docker_endpoints.c \
	frontend/source/docker_interfaces.c \
	frontend/source/docker_json.c frontend/source/docker_json.h \
	frontend/source/folder.c frontend/source/folder.h \
	frontend/source/names.c frontend/source/names.h \
	frontend/source/source.c frontend/source/source.h \
	frontend/source/source_kernel.c frontend/source/source_kernel.h \
	frontend/source/source_labels.c \
	frontend/suggest.c frontend/suggest.h \
	frontend/width.c frontend/width.h

sbin_PROGRAMS += polgen
polgen_SOURCES = frontend/cli/main.c
polgen_LDADD = $(POLGEN_LIBS) $(SYSTEM_LIBS)
