// SPDX-License-Identifier: GPL-2.0-only
#include "tests/unit/unit.h"

#include "frontend/lab/matrix.h"
#include "frontend/report.h"

#define FLOW(from, to, port, result) \
	"{\"from\":\"" from "\",\"to\":\"" to "\",\"port\":\"" port "\",\"result\":\"" result "\"}"

#define LEFT                                                                                                                                  \
	"{\"title\":\"iptables\",\"endpoints\":[\"app1\",\"db\"],\"host\":\"host\","                                                          \
	"\"ports\":[\"tcp/80\",\"icmp\"],\"flows\":[" FLOW("app1", "db", "tcp/80", "open") "," FLOW("app1", "db", "icmp", "closed") "," FLOW( \
		"db", "app1", "tcp/80",                                                                                                       \
		"refused") "," FLOW("db", "app1", "icmp",                                                                                     \
				    "closed") "," FLOW("host", "app1", "tcp/80",                                                              \
						       "open") "," FLOW("host", "app1", "icmp",                                               \
									"open") "," FLOW("host",                                              \
											 "db",                                                \
											 "tcp/80",                                            \
											 "closed") "," FLOW("host",                           \
													    "db",                             \
													    "icmp",                           \
													    "unknown") "]}"

static int read_matrix(const char *text, struct pg_matrix *matrix, char **ret_log)
{
	_cleanup_sources_ struct pg_sources sources = { 0 };
	_cleanup_diags_ struct pg_diags diags = { 0 };
	uint32_t source;
	size_t length;
	FILE *log;
	int err;

	assert_int_equal(pg_sources_add(&sources, "m.json", text, strlen(text), &source), 0);
	err = pg_matrix_from_json(&sources, source, &diags, matrix);
	if (ret_log) {
		log = open_memstream(ret_log, &length);
		pg_report(log, &sources, &diags);
		fclose(log);
	}
	return err;
}

static void assert_format(const struct pg_matrix *matrix, const struct pg_matrix_style *style,
			  const char *wanted)
{
	_cleanup_strbuf_ struct pg_strbuf buf = { 0 };

	pg_matrix_format(matrix, style, &buf);
	assert_int_equal(pg_strbuf_error(&buf), 0);
	assert_string_equal(buf.text, wanted);
}

static void test_one_matrix(void **state)
{
	_cleanup_matrix_ struct pg_matrix matrix = { 0 };
	struct pg_matrix_style style = { 0 }, ascii = { .ascii = true, .width = 30 };

	(void)state;
	assert_int_equal(read_matrix(LEFT, &matrix, NULL), 0);
	assert_format(&matrix, &style,
		      "            │ tcp/80       │ icmp\n"
		      "  from ╲ to │  app1   db   │  app1   db\n"
		      " ───────────┼──────────────┼──────────────\n"
		      "  app1      │   –     ●    │   –     ·\n"
		      "  db        │   ✕     –    │   ·     –\n"
		      "  host      │   ●     ·    │   ●     ?\n"
		      "\n"
		      "  ● 3 open   · 3 closed   ✕ 1 refused   ? 1 unknown   iptables\n");
	assert_format(&matrix, &ascii,
		      "            | tcp/80\n"
		      "  from \\ to |  app1   db\n"
		      " -----------+--------------\n"
		      "  app1      |   -     #\n"
		      "  db        |   x     -\n"
		      "  host      |   #     .\n"
		      "\n"
		      "            | icmp\n"
		      "  from \\ to |  app1   db\n"
		      " -----------+--------------\n"
		      "  app1      |   -     .\n"
		      "  db        |   .     -\n"
		      "  host      |   #     ?\n"
		      "\n"
		      "  # 3 open   . 3 closed   x 1 refused   ? 1 unknown   iptables\n");
}

/* The right one lacks the host, and has an endpoint and a port that the left one lacks. */
static void test_two_matrices_side_by_side(void **state)
{
	_cleanup_matrix_ struct pg_matrix left = { 0 }, right = { 0 };
	_cleanup_strbuf_ struct pg_strbuf buf = { 0 };
	struct pg_matrix_style style = { .ascii = true };

	(void)state;
	assert_int_equal(read_matrix("{\"title\":\"nft\",\"endpoints\":[\"b\",\"a\"],"
				     "\"ports\":[\"udp/53\"],\"flows\":[" FLOW(
					     "a", "b", "udp/53",
					     "open") "," FLOW("b", "a", "udp/53", "open") "]}",
				     &left, NULL),
			 0);
	assert_int_equal(
		read_matrix("{\"title\":\"ebpf\",\"endpoints\":[\"a\",\"b\"],\"host\":\"host\","
			    "\"ports\":[\"udp/53\"],\"flows\":[" FLOW(
				    "a", "b", "udp/53",
				    "open") "," FLOW("b", "a", "udp/53",
						     "closed") "," FLOW("host", "a", "udp/53",
									"open") "]}",
			    &right, NULL),
		0);
	assert_int_equal(pg_matrix_align(&left, &right), 0);
	assert_int_equal(pg_matrix_differences(&left, &right), 2);
	pg_matrix_format_both(&left, &right, &style, &buf);
	assert_string_equal(buf.text,
			    "  udp/53    | nft        | ebpf\n"
			    "  from \\ to |   a    b   |   a    b\n"
			    " -----------+------------+------------\n"
			    "  a         |   -    #   |   -    #\n"
			    "  b         |  [#]   -   |  [.]   -\n"
			    "  host      |  [-]   -   |  [#]   -\n"
			    "\n"
			    "  # 2 open   . 0 closed   nft\n"
			    "  # 2 open   . 1 closed   ebpf\n"
			    "  2 differences, in brackets:\n"
			    "    b -> a udp/53: open with nft, closed with ebpf\n"
			    "    host -> a udp/53: not probed with nft, open with ebpf\n");
}

#define BOTH(v4, v6, v6_back)                                                                                \
	"{\"title\":\"\",\"endpoints\":[\"a\",\"b\"],\"ports\":[\"icmp\",\"tcp6/80\",\"icmp6\",\"tcp/80\"]," \
	"\"flows\":[" FLOW("a", "b", "icmp", "open") "," FLOW(                                               \
		"a", "b", "icmp6",                                                                           \
		"closed") "," FLOW("a", "b", "tcp/80",                                                       \
				   v4) "," FLOW("a", "b", "tcp6/80",                                         \
						v6) "," FLOW("b", "a", "tcp6/80", v6_back) "]}"

/* One block where the families agree, or only one was probed; two where they don't. */
static void test_families_are_folded(void **state)
{
	_cleanup_matrix_ struct pg_matrix matrix = { 0 };
	struct pg_matrix *const matrices[] = { &matrix };
	struct pg_matrix_style style = { .ascii = true };

	(void)state;
	assert_int_equal(read_matrix(BOTH("open", "open", "refused"), &matrix, NULL), 0);
	pg_matrix_fold(matrices, 1);
	assert_format(&matrix, &style,
		      "            | icmp       | icmp6      | tcp/80\n"
		      "  from \\ to |   a    b   |   a    b   |   a    b\n"
		      " -----------+------------+------------+------------\n"
		      "  a         |   -    #   |   -    .   |   -    #\n"
		      "  b         |   -    -   |   -    -   |   x    -\n"
		      "\n"
		      "  # 2 open   . 1 closed   x 1 refused\n");
}

/* What one of two matrices has apart is apart in both, so that there is something to compare. */
static void test_folded_together(void **state)
{
	_cleanup_matrix_ struct pg_matrix left = { 0 }, right = { 0 };
	struct pg_matrix *const matrices[] = { &left, &right };

	(void)state;
	assert_int_equal(read_matrix(BOTH("open", "open", "open"), &left, NULL), 0);
	assert_int_equal(read_matrix(BOTH("open", "closed", "open"), &right, NULL), 0);
	assert_int_equal(pg_matrix_align(&left, &right), 0);
	pg_matrix_fold(matrices, 2);
	assert_int_equal(left.ports.list.count, 4);
	assert_int_equal(right.ports.list.count, 4);
	assert_int_equal(pg_matrix_differences(&left, &right), 1);
}

static void test_equal_matrices_have_no_differences(void **state)
{
	_cleanup_matrix_ struct pg_matrix left = { 0 }, right = { 0 };
	_cleanup_strbuf_ struct pg_strbuf buf = { 0 };
	struct pg_matrix_style style = { 0 };

	(void)state;
	assert_int_equal(read_matrix(LEFT, &left, NULL), 0);
	assert_int_equal(read_matrix(LEFT, &right, NULL), 0);
	assert_int_equal(pg_matrix_align(&left, &right), 0);
	assert_int_equal(pg_matrix_differences(&left, &right), 0);
	pg_matrix_format_both(&left, &right, &style, &buf);
	assert_non_null(strstr(buf.text, "\n  no differences\n"));
	assert_null(strchr(buf.text, '['));
}

static void test_many_endpoints_are_numbered(void **state)
{
	_cleanup_matrix_ struct pg_matrix matrix = { 0 };
	_cleanup_strbuf_ struct pg_strbuf text = { 0 }, buf = { 0 };
	struct pg_matrix_style numbers = { .ascii = true, .width = 60 };
	struct pg_matrix_style upright = { .ascii = true, .width = 40 };

	(void)state;
	pg_strbuf_puts(&text, "{\"title\":\"\",\"endpoints\":[");
	for (int i = 10; i < 22; i++)
		pg_strbuf_printf(&text, "%s\"endpoint%d\"", i > 10 ? "," : "", i);
	pg_strbuf_puts(&text, "],\"ports\":[\"tcp/1\"],\"flows\":[");
	for (int i = 10; i < 22; i++)
		pg_strbuf_printf(&text,
				 "%s{\"from\":\"endpoint%d\",\"to\":\"endpoint%d\","
				 "\"port\":\"tcp/1\",\"result\":\"open\"}",
				 i > 10 ? "," : "", i, i < 21 ? i + 1 : 10);
	pg_strbuf_puts(&text, "]}");
	assert_int_equal(read_matrix(text.text, &matrix, NULL), 0);
	pg_matrix_format(&matrix, &numbers, &buf);
	assert_non_null(
		strstr(buf.text, "  from \\ to     |  1  2  3  4  5  6  7  8  9 10 11 12\n"));
	assert_non_null(strstr(buf.text, "   1 endpoint10 |  -  #  -  -"));
	pg_strbuf_done(&buf);
	pg_matrix_format(&matrix, &upright, &buf);
	assert_non_null(strstr(buf.text, "                |          111\n"
					 "  from \\ to     | 123456789012\n"));
	assert_non_null(strstr(buf.text, "  12 endpoint21 | #-----------\n"));
}

static void test_hostile_names_are_harmless(void **state)
{
	_cleanup_matrix_ struct pg_matrix matrix = { 0 }, again = { 0 };
	_cleanup_strbuf_ struct pg_strbuf buf = { 0 }, json = { 0 };
	struct pg_matrix_style style = { 0 };

	(void)state;
	assert_int_equal(
		read_matrix(
			"{\"title\":\"\\u001b[2J\",\"endpoints\":[\"a\\n\",\"\xe6\xbc\xa2\\\"\"],"
			"\"ports\":[\"icmp\"],\"flows\":[" FLOW("a\\n", "\xe6\xbc\xa2\\\"", "icmp",
								"open") "]}",
			&matrix, NULL),
		0);
	pg_matrix_format(&matrix, &style, &buf);
	assert_null(strchr(buf.text, '\x1b'));
	assert_non_null(strstr(buf.text, "  a\\n       │"));
	pg_matrix_to_json(&matrix, &json);
	assert_int_equal(read_matrix(json.text, &again, NULL), 0);
	assert_string_equal(again.parties.items[1], "\xe6\xbc\xa2\"");
}

/* What is written is read back to the same text. */
static void test_json_has_a_fixed_point(void **state)
{
	_cleanup_matrix_ struct pg_matrix matrix = { 0 }, again = { 0 };
	_cleanup_strbuf_ struct pg_strbuf first = { 0 }, second = { 0 };

	(void)state;
	assert_int_equal(read_matrix(LEFT, &matrix, NULL), 0);
	pg_matrix_to_json(&matrix, &first);
	assert_int_equal(read_matrix(first.text, &again, NULL), 0);
	pg_matrix_to_json(&again, &second);
	assert_string_equal(first.text, second.text);
	assert_non_null(strstr(first.text, "{\n  \"title\": \"iptables\",\n"
					   "  \"endpoints\": [\"app1\", \"db\"],\n"
					   "  \"host\": \"host\",\n"
					   "  \"ports\": [\"tcp/80\", \"icmp\"],\n"
					   "  \"flows\": [\n"
					   "    { \"from\": \"app1\", \"to\": \"db\", "
					   "\"port\": \"tcp/80\", \"result\": \"open\" },\n"));
}

static void assert_refused(const char *text, const char *error)
{
	_cleanup_matrix_ struct pg_matrix matrix = { 0 };
	_cleanup_free_ char *log = NULL;

	assert_int_equal(read_matrix(text, &matrix, &log), -EINVAL);
	if (!strstr(log, error))
		fail_msg("'%s' is not in:\n%s", error, log);
}

#define WITH_FLOW(flow) \
	"{\"title\":\"\",\"endpoints\":[\"a\",\"b\"],\"ports\":[\"icmp\"],\"flows\":[" flow "]}"

static void test_bad_json_is_located(void **state)
{
	(void)state;
	assert_refused("[]", "m.json:1:1: error: ");
	assert_refused("{}", "missing");
	assert_refused("{\"title\":\"\",\"endpoints\":[\"a\",\"a\"],\"ports\":[],\"flows\":[]}",
		       "m.json:1:30: error: 'a' is there twice");
	assert_refused("{\"title\":\"\",\"endpoints\":[],\"ports\":[\"tcp\"],\"flows\":[]}",
		       "error: bad port 'tcp'");
	assert_refused("{\"title\":\"\",\"endpoints\":[\"h\"],\"host\":\"h\",\"ports\":[],"
		       "\"flows\":[]}",
		       "the host's name is an endpoint's");
	assert_refused(WITH_FLOW(FLOW("a", "c", "icmp", "open")), "'c' is no endpoint");
	assert_refused(WITH_FLOW(FLOW("a", "b", "tcp/1", "open")), "'tcp/1' is no port");
	assert_refused(WITH_FLOW(FLOW("a", "b", "icmp", "opne")), "did you mean 'open'");
	assert_refused(WITH_FLOW(FLOW("a", "b", "icmp", "open") "," FLOW("a", "b", "icmp", "open")),
		       "this flow is there twice");
	assert_refused(WITH_FLOW("{\"from\":\"a\"}"), "missing");
}

static void assert_bad_ports(const char *text, const char *error)
{
	_cleanup_diags_ struct pg_diags diags = { 0 };
	_cleanup_matrix_ports_ struct pg_matrix_ports ports = { 0 };

	assert_int_equal(pg_matrix_ports_parse(text, &diags, &ports), -EINVAL);
	assert_int_equal(diags.errors, 1);
	assert_non_null(strstr(diags.list.items[0].text, error));
}

static void test_port_lists(void **state)
{
	_cleanup_diags_ struct pg_diags diags = { 0 };
	_cleanup_matrix_ports_ struct pg_matrix_ports ports = { 0 };
	char text[PG_MATRIX_PORT_TEXT_MAX];

	(void)state;
	assert_int_equal(pg_matrix_ports_parse("TCP/80,udp/65535,icmp,sctp/1", &diags, &ports), 0);
	assert_int_equal(ports.list.count, 4);
	assert_string_equal(pg_matrix_port_format(ports.list.items[0], text), "tcp/80");
	assert_string_equal(pg_matrix_port_format(ports.list.items[1], text), "udp/65535");
	assert_string_equal(pg_matrix_port_format(ports.list.items[2], text), "icmp");
	pg_matrix_ports_done(&ports);
	assert_int_equal(pg_matrix_ports_parse("tcp/80,tcp6/80,icmp6", &diags, &ports), 0);
	assert_int_equal(ports.list.count, 3);
	assert_string_equal(pg_matrix_port_format(ports.list.items[1], text), "tcp6/80");
	assert_string_equal(pg_matrix_port_format(ports.list.items[2], text), "icmp6");
	assert_bad_ports("icmp6,ICMPv6", "'ICMPv6' is given twice");
	assert_bad_ports("6/80", "bad port '6/80'");
	assert_bad_ports("tcp66/80", "bad port 'tcp66/80'");
	assert_bad_ports("icmpv6/80", "bad port 'icmpv6/80'");
	assert_bad_ports("", "bad port ''");
	assert_bad_ports("tcp/80,", "bad port ''");
	assert_bad_ports("tcp", "bad port 'tcp'");
	assert_bad_ports("tcp/", "bad port 'tcp/'");
	assert_bad_ports("tcp/0", "bad port 'tcp/0'");
	assert_bad_ports("tcp/65536", "bad port 'tcp/65536'");
	assert_bad_ports("tcp/+80", "bad port 'tcp/+80'");
	assert_bad_ports("tcp/99999999999999999999999", "bad port");
	assert_bad_ports("icmp/8", "bad port 'icmp/8'");
	assert_bad_ports("80", "bad port '80'");
	assert_bad_ports("tcp/80,TCP/80", "'TCP/80' is given twice");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_matrix),
		cmocka_unit_test(test_two_matrices_side_by_side),
		cmocka_unit_test(test_families_are_folded),
		cmocka_unit_test(test_folded_together),
		cmocka_unit_test(test_equal_matrices_have_no_differences),
		cmocka_unit_test(test_many_endpoints_are_numbered),
		cmocka_unit_test(test_hostile_names_are_harmless),
		cmocka_unit_test(test_json_has_a_fixed_point),
		cmocka_unit_test(test_bad_json_is_located),
		cmocka_unit_test(test_port_lists),
	};

	return cmocka_run_group_tests_name("matrix", tests, NULL, NULL);
}
