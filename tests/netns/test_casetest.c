// SPDX-License-Identifier: GPL-2.0-only
/*
 * The runner of policy tests: its TAP, its counts, and what it does when a backend fails. The
 * backends here are stand-ins: one drops TCP port 81 whatever the policy says.
 */
#include "tests/unit/unit.h"

#include <signal.h>
#include <sys/stat.h>

#include "frontend/lab/casetest.h"

static enum { COMMIT_RULE, COMMIT_ERROR, COMMIT_CRASH } commit_does;

static int stub_open(const struct pg_backend_options *options, bool kernel, struct pg_diags *diags,
		     struct pg_backend_handle **ret_handle)
{
	(void)options;
	(void)kernel;
	(void)diags;
	*ret_handle = NULL;
	return 0;
}

static void stub_close(struct pg_backend_handle *handle)
{
	(void)handle;
}

static int stub_plan(struct pg_backend_handle *handle, const struct pg_intent *intent,
		     struct pg_diags *diags, struct pg_objects *ret_desired)
{
	struct pg_objects desired = { 0 };
	int err = pg_objects_add(&desired, "rule", 4, "", 0, PG_ORIGIN_NONE);

	(void)handle;
	(void)intent;
	(void)diags;
	*ret_desired = desired;
	return err;
}

static int stub_live(struct pg_backend_handle *handle, struct pg_diags *diags,
		     struct pg_objects *ret_live)
{
	(void)handle;
	(void)diags;
	*ret_live = (struct pg_objects){ 0 };
	return 0;
}

static int stub_check(struct pg_backend_handle *handle, const struct pg_intent *intent,
		      struct pg_diags *diags)
{
	(void)handle;
	(void)intent;
	(void)diags;
	return 0;
}

static int stub_commit(struct pg_backend_handle *handle, const struct pg_intent *intent,
		       const struct pg_objects *desired, const struct pg_diff *diff,
		       struct pg_diags *diags)
{
	(void)handle;
	(void)intent;
	(void)desired;
	(void)diff;
	if (commit_does == COMMIT_CRASH)
		raise(SIGKILL);
	if (commit_does == COMMIT_ERROR) {
		pg_error(diags, PG_LOC_NONE, "the stand-in has no room");
		return -ENOSPC;
	}
	return system("iptables-legacy -A FORWARD -p tcp --dport 81 -j DROP && "
		      "ip6tables-legacy -A FORWARD -p tcp --dport 81 -j DROP")
		       ? -EIO
		       : 0;
}

static int stub_clear(struct pg_backend_handle *handle, struct pg_diags *diags)
{
	(void)handle;
	(void)diags;
	return 0;
}

static int stub_status(struct pg_backend_handle *handle, struct pg_diags *diags,
		       struct pg_backend_status *ret_status)
{
	(void)handle;
	(void)diags;
	*ret_status = (struct pg_backend_status){ .enforcing = true };
	return 0;
}

#define STUB                                                                               \
	{                                                                                  \
		.name = "stub", .open = stub_open, .close = stub_close, .plan = stub_plan, \
		.live = stub_live, .check = stub_check, .commit = stub_commit,             \
		.clear = stub_clear, .status = stub_status                                 \
	}

const struct pg_backend pg_backend_iptables = STUB;
const struct pg_backend pg_backend_nftables = STUB;
const struct pg_backend pg_backend_ebpf = STUB;

#define CASE                                                                                           \
	"{\"id\": \"t\",\n"                                                                            \
	" \"endpoints\": {\"a\": [\"c:app=a\"], \"b\": [\"c:app=b\"], \"h\": [\"reserved:host=\"]},\n" \
	" \"policy\": [{\"endpointSelector\": {\"matchLabels\": {\"app\": \"b\"}},\n"                  \
	"   \"ingress\": [{\"fromEndpoints\": [{\"matchLabels\": {\"app\": \"a\"}}],\n"                \
	"     \"toPorts\": [{\"ports\": [{\"port\": \"80\", \"protocol\": \"TCP\"}]}]}]}],\n"          \
	" \"flows\": [\n"

struct fixture {
	char folder[32];
	char *out, log[4096];
	size_t out_length;
	struct pg_casetest_counts counts;
};

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	*state = fixture;
	if (!fixture)
		return -1;
	snprintf(fixture->folder, sizeof(fixture->folder), "/tmp/casetest.XXXXXX");
	commit_does = COMMIT_RULE;
	return mkdtemp(fixture->folder) && !chdir(fixture->folder) ? 0 : -1;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;
	char command[64];

	snprintf(command, sizeof(command), "rm -r %s", fixture->folder);
	if (chdir("/") || system(command))
		return -1;
	free(fixture->out);
	free(fixture);
	return 0;
}

static void write_file(const char *name, const char *text)
{
	_cleanup_fclose_ FILE *file = fopen(name, "we");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
}

static int run(struct fixture *fixture, const struct pg_backend *backend, const char *const *names,
	       size_t count)
{
	struct pg_casetest_options options = { .backend = backend, .backend_name = "stub" };
	FILE *out = open_memstream(&fixture->out, &fixture->out_length);
	/* A file, for the forked process writes to it too. */
	_cleanup_fclose_ FILE *log = tmpfile();
	int err = pg_casetest_run(names, count, &options, out, log, &fixture->counts);

	fclose(out);
	rewind(log);
	fixture->log[fread(fixture->log, 1, sizeof(fixture->log) - 1, log)] = '\0';
	return err;
}

static int run_one(struct fixture *fixture, const struct pg_backend *backend, const char *flows)
{
	static const char *const name = "case.json";
	_cleanup_free_ char *text = NULL;

	assert_true(asprintf(&text, CASE "%s\n]}\n", flows) > 0);
	write_file(name, text);
	return run(fixture, backend, &name, 1);
}

static void assert_counts(const struct fixture *fixture, size_t passed, size_t failed,
			  size_t skipped)
{
	assert_int_equal(fixture->counts.passed, passed);
	assert_int_equal(fixture->counts.failed, failed);
	assert_int_equal(fixture->counts.skipped, skipped);
}

#define FLOW(src, dst, port, expect)                                                        \
	"{\"src\": \"" src "\", \"dst\": \"" dst "\", \"proto\": \"tcp\", \"dport\": " port \
	", \"expect\": \"" expect "\"}"

static void test_model_passes(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(
		run_one(fixture, NULL,
			FLOW("a", "b", "80", "allow") ",\n" FLOW(
				"ip:8.8.8.8", "b", "80",
				"deny") ",\n"
					"{\"src\": \"a\", \"dst\": \"b\", \"proto\": \"icmp\", \"expect\": \"deny\"},\n" FLOW(
						"h", "a", "1", "allow")),
		0);
	assert_string_equal(fixture->out, "TAP version 13\n1..4\n"
					  "ok 1 - case.json: a -> b tcp/80 allow\n"
					  "ok 2 - case.json: ip:8.8.8.8 -> b tcp/80 deny\n"
					  "ok 3 - case.json: a -> b icmp deny\n"
					  "ok 4 - case.json: h -> a tcp/1 allow\n");
	assert_string_equal(fixture->log, "");
	assert_counts(fixture, 4, 0, 0);
}

static void test_a_wrong_verdict_says_which_rule(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(
		run_one(fixture, NULL,
			FLOW("a", "b", "80", "deny") ",\n" FLOW("b", "b", "80", "deny") ",\n" FLOW(
				"h", "b", "81", "allow")),
		0);
	assert_string_equal(fixture->out, "TAP version 13\n1..3\n"
					  "not ok 1 - case.json: a -> b tcp/80 deny\n"
					  "# case.json:7:1: expected deny, got allow\n"
					  "# the model says allow\n"
					  "# egress of a: allow, not enforced\n"
					  "# ingress of b: allow, rule case.json:4:16\n"
					  "not ok 2 - case.json: b -> b tcp/80 deny\n"
					  "# case.json:8:1: expected deny, got allow\n"
					  "# the model says allow\n"
					  "# egress of b: allow, not enforced\n"
					  "# ingress of b: allow, not enforced\n"
					  "not ok 3 - case.json: h -> b tcp/81 allow\n"
					  "# case.json:9:1: expected allow, got deny\n"
					  "# the model says deny\n"
					  "# ingress of b: deny, default deny case.json:3:13\n");
	assert_counts(fixture, 0, 3, 0);
}

static void test_a_file_that_is_no_case_fails_alone(void **state)
{
	static const char *const names[] = { "a#b.json", "none.json", "case.json",
					     "policy/case.json" };
	struct fixture *fixture = *state;

	write_file(names[0], "{\"flows\": 1}\n");
	write_file(names[2], CASE FLOW("a", "b", "80", "allow") "]}");
	assert_int_equal(mkdir("policy", 0700), 0);
	write_file("policy/p.json", "[{\"endpointSelector\": {}, \"ingress\": [{}]}]");
	write_file(
		names[3],
		"{\"id\": \"p\", \"policy\": \"p.json\", \"endpoints\": {\"a\": [], \"b\": []}, \"flows\": [" FLOW(
			"a", "b", "80", "deny") "]}");
	assert_int_equal(run(fixture, NULL, names, PG_COUNT(names)), 0);
	assert_string_equal(fixture->out, "TAP version 13\n1..4\n"
					  "not ok 1 - a\\#b.json: error\n"
					  "not ok 2 - none.json: error\n"
					  "ok 3 - case.json: a -> b tcp/80 allow\n"
					  "ok 4 - policy/case.json: a -> b tcp/80 deny\n");
	assert_non_null(strstr(fixture->log, "a#b.json:1:11: error: "));
	assert_non_null(strstr(fixture->log, "cannot read 'none.json'"));
	assert_int_equal(fixture->counts.undecodable, 2);
	assert_counts(fixture, 2, 0, 0);
}

static void test_a_backend_is_judged_by_packets(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(
		run_one(fixture, &pg_backend_ebpf,
			FLOW("a", "b", "80", "allow") ",\n" FLOW("a", "b", "81", "deny") ",\n" FLOW("ip:8.8.8.8", "b", "81", "deny") ",\n" FLOW(
				"ip:8.8.8.8", "ip:1.1.1.1", "81",
				"allow") ",\n" FLOW("b", "b", "81",
						    "allow") ",\n" FLOW("h", "b", "81",
									"allow") ",\n" FLOW("h",
											    "ip:8.8.8.8",
											    "80",
											    "allow") ",\n" FLOW("a",
														"h",
														"81",
														"allow")),
		0);
	assert_string_equal(fixture->log, "");
	assert_counts(fixture, 8, 0, 0);
}

static void test_no_packet_has_port_0(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(run_one(fixture, &pg_backend_ebpf,
				 FLOW("b", "a", "0", "allow") ",\n" FLOW("b", "a", "1", "allow")),
			 0);
	assert_string_equal(fixture->out,
			    "TAP version 13\n1..2\n"
			    "ok 1 - case.json: b -> a tcp/0 allow # SKIP no socket has port 0\n"
			    "ok 2 - case.json: b -> a tcp/1 allow\n");
	assert_counts(fixture, 1, 0, 1);
}

static void test_a_backend_that_is_wrong_fails(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(
		run_one(fixture, &pg_backend_iptables,
			FLOW("a", "b", "82", "deny") ",\n" FLOW(
				"b", "a", "81",
				"allow") ",\n"
					 "{\"src\": \"a\", \"dst\": \"b\", \"proto\": \"tcp\", \"dport\": 80,\n"
					 "\"http\": {\"method\": \"GET\", \"path\": \"/\"}, \"expect\": \"allow\"}"),
		0);
	assert_string_equal(
		fixture->out,
		"TAP version 13\n1..3\n"
		"not ok 1 - case.json: a -> b tcp/82 deny\n"
		"# case.json:7:1: expected deny, got open\n"
		"# the model says deny\n"
		"# egress of a: allow, not enforced\n"
		"# ingress of b: deny, default deny case.json:3:13\n"
		"not ok 2 - case.json: b -> a tcp/81 allow\n"
		"# case.json:8:1: expected allow, got closed\n"
		"# the model says allow\n"
		"# egress of b: allow, not enforced\n"
		"# ingress of a: allow, not enforced\n"
		"ok 3 - case.json: a -> b tcp/80 GET / allow # SKIP http on a real backend\n");
	assert_counts(fixture, 0, 2, 1);
}

#define FLOW6(src, dst, port, expect)                                                     \
	"{\"src\": \"" src "\", \"dst\": \"" dst "\", \"family\": 6, \"proto\": \"tcp\"," \
	"\"dport\": " port ", \"expect\": \"" expect "\"}"

static void test_a_backend_is_judged_by_packets_of_ipv6(void **state)
{
	static const char flows[] = FLOW6("a", "b", "80", "allow") "," FLOW6("a", "b", "81", "deny") "," FLOW(
		"ip:2001:db8::8", "b", "81",
		"deny") "," FLOW("ip:2001:db8::8", "b", "80",
				 "allow") ","
					  "{\"src\": \"h\", \"dst\": \"b\", \"proto\": \"icmpv6\", \"expect\": \"allow\"},"
					  "{\"src\": \"ip:2001:db8::8\", \"dst\": \"b\", \"proto\": \"icmp\", \"expect\": \"allow\"},"
					  "{\"src\": \"b\", \"dst\": \"a\", \"family\": 6, \"proto\": \"sctp\", \"dport\": 1, "
					  "\"expect\": \"allow\"}";
	struct fixture *fixture = *state;

	assert_int_equal(run_one(fixture, &pg_backend_ebpf, flows), 0);
	assert_string_equal(fixture->log, "");
	assert_string_equal(fixture->out, "TAP version 13\n1..7\n"
					  "ok 1 - case.json: a -> b tcp/80 IPv6 allow\n"
					  "ok 2 - case.json: a -> b tcp/81 IPv6 deny\n"
					  "ok 3 - case.json: ip:2001:db8::8 -> b tcp/81 deny\n"
					  "ok 4 - case.json: ip:2001:db8::8 -> b tcp/80 allow\n"
					  "ok 5 - case.json: h -> b icmpv6 allow\n"
					  "ok 6 - case.json: ip:2001:db8::8 -> b icmpv6 allow\n"
					  "ok 7 - case.json: b -> a sctp/1 IPv6 allow\n");
}

static void assert_unrunnable(struct fixture *fixture, const char *log)
{
	assert_int_equal(run_one(fixture, &pg_backend_iptables, FLOW("a", "b", "80", "allow")), 0);
	assert_non_null(strstr(fixture->out, "\nnot ok 1 - case.json: a -> b tcp/80 allow\n"
					     "# case.json:7:1: expected allow, got nothing: "));
	assert_non_null(strstr(fixture->log, log));
	assert_int_equal(fixture->counts.unrunnable, 1);
	assert_counts(fixture, 0, 1, 0);
}

static void test_a_backend_that_fails_says_why(void **state)
{
	commit_does = COMMIT_ERROR;
	assert_unrunnable(*state, "polgen: error: the stand-in has no room\n");
}

static void test_a_backend_that_crashes_is_no_pass(void **state)
{
	commit_does = COMMIT_CRASH;
	assert_unrunnable(*state, "killed by signal 9\n");
}

#define casetest(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		casetest(test_model_passes),
		casetest(test_a_wrong_verdict_says_which_rule),
		casetest(test_a_file_that_is_no_case_fails_alone),
		casetest(test_a_backend_is_judged_by_packets),
		casetest(test_a_backend_is_judged_by_packets_of_ipv6),
		casetest(test_no_packet_has_port_0),
		casetest(test_a_backend_that_is_wrong_fails),
		casetest(test_a_backend_that_fails_says_why),
		casetest(test_a_backend_that_crashes_is_no_pass),
	};

	if (geteuid()) {
		puts("1..0 # SKIP needs root");
		return 0;
	}
	return cmocka_run_group_tests_name("casetest", tests, NULL, NULL);
}
