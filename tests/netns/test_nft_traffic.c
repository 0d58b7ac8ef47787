// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rules of the nf_tables flavour and real packets: each match decides what it says, beside a
 * neighbour that it lets alone; rules count; a change is of one moment for every packet.
 */
#include "tests/unit/unit.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>

#include "backends/iptables/flavour.h"
#include "compat/netns.h"
#include "frontend/lab/lab.h"
#include "frontend/lab/probe.h"

enum party { APP1, APP2, APP3, ENDPOINTS };

static const char *const addrs[ENDPOINTS] = { "10.0.192.2", "10.0.192.3", "10.0.192.200" };
static const struct pg_tree none6 = { .family = 6 };

struct fixture {
	struct pg_endpoints endpoints;
	struct pg_lab *lab;
	struct pg_diags diags;
	uint32_t sequence;
};

static struct pg_addr parse(const char *text)
{
	struct pg_addr addr;

	assert_int_equal(pg_addr_parse(text, &addr), 0);
	return addr;
}

static int set_up(void **state)
{
	static const char *const names[ENDPOINTS] = { "app1", "app2", "app3" };
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	struct pg_addr *host;

	*state = fixture;
	assert_non_null(fixture);
	for (int i = 0; i < ENDPOINTS; i++) {
		struct pg_endpoint *endpoint = pg_array_add(&fixture->endpoints.list);

		assert_non_null(endpoint);
		endpoint->name = strdup(names[i]);
		endpoint->ipv4 = parse(addrs[i]);
	}
	host = pg_array_add(&fixture->endpoints.host_addrs);
	assert_non_null(host);
	*host = parse("10.0.192.1");
	if (pg_lab_enter(&fixture->endpoints, NULL, 0, &fixture->diags, &fixture->lab))
		fail_msg("%s", fixture->diags.list.items[0].text);
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	pg_lab_free(fixture->lab);
	pg_endpoints_done(&fixture->endpoints);
	pg_diags_done(&fixture->diags);
	free(fixture);
	return 0;
}

/* A chain with one rule that drops, for the caller to say what. */
static struct pg_tree_rule *start_tree(struct pg_tree *tree)
{
	struct pg_tree_chain *chain = pg_tree_add_chain(tree, "POLGEN");
	struct pg_tree_rule *rule;

	tree->family = 4;
	assert_non_null(chain);
	rule = pg_tree_add_rule(chain);
	assert_non_null(rule);
	rule->target = PG_TARGET_DROP;
	assert_int_equal(pg_tree_add_hook(tree, "FORWARD", "POLGEN", 0), 0);
	return rule;
}

static void write_tree(const struct pg_tree *tree)
{
	_cleanup_diags_ struct pg_diags diags = { 0 };
	struct pg_ipt_failure failure;

	if (pg_ipt_nft.write(tree, &none6, &diags, &failure))
		fail_msg("%s", diags.list.items[0].text);
}

/* What the first rule of our first chain has counted. */
static uint64_t first_count(void)
{
	_cleanup_diags_ struct pg_diags diags = { 0 };
	_cleanup_tree_ struct pg_tree live = { 0 };

	assert_int_equal(pg_ipt_nft.read(4, &diags, &live), 0);
	return live.chains.items[0].rules.items[0].packets;
}

static void assert_flow(struct fixture *fixture, enum party src, enum party dst, pg_proto proto,
			uint16_t dport, enum pg_probe_result wanted)
{
	_cleanup_diags_ struct pg_diags diags = { 0 };
	/* What is to be closed is known from the rule's counter besides. */
	const struct pg_probe_options options = { .settle_ms = 50, .sequence = &fixture->sequence };
	struct pg_probe probe = {
		.src_netns = pg_lab_endpoint_netns(fixture->lab, src),
		.dst_netns = pg_lab_endpoint_netns(fixture->lab, dst),
		.src = parse(addrs[src]),
		.dst = parse(addrs[dst]),
		.proto = proto,
		.dport = dport,
		.expect_open = wanted == PG_PROBE_OPEN,
	};

	assert_int_equal(pg_probe_run(&probe, 1, &options, &diags), 0);
	if (probe.result != wanted)
		fail_msg("%s to %s, protocol %u, port %u: %s", addrs[src], addrs[dst], proto.n,
			 dport, pg_probe_result_name(probe.result));
}

/* The rule drops and counts what it is for, and only that. */
static void assert_drops(struct fixture *fixture, const struct pg_tree *tree, enum party dst,
			 pg_proto proto, uint16_t dport)
{
	uint64_t before;

	write_tree(tree);
	before = first_count();
	assert_flow(fixture, APP1, dst, proto, dport, PG_PROBE_CLOSED);
	/* On a busy machine the packet may still be on its way through the veth. */
	for (int i = 0; i < 1000 && first_count() == before; i++)
		usleep(10000);
	assert_true(first_count() > before);
}

static void assert_spares(struct fixture *fixture, enum party dst, pg_proto proto, uint16_t dport)
{
	uint64_t before = first_count();

	assert_flow(fixture, APP1, dst, proto, dport, PG_PROBE_OPEN);
	assert_int_equal(first_count(), before);
}

static void test_ports(void **state)
{
	static const pg_proto protos[] = { PG_PROTO_TCP, PG_PROTO_UDP, PG_PROTO_SCTP };

	for (size_t i = 0; i < PG_COUNT(protos); i++) {
		_cleanup_tree_ struct pg_tree tree = { 0 };
		struct pg_tree_rule *rule = start_tree(&tree);

		rule->proto = protos[i];
		rule->has_dport = true;
		rule->dport_first = rule->dport_last = 80;
		assert_drops(*state, &tree, APP2, protos[i], 80);
		assert_spares(*state, APP2, protos[i], 81);
		assert_spares(*state, APP2, protos[(i + 1) % 2], 80);
		rule->dport_last = 82;
		assert_drops(*state, &tree, APP2, protos[i], 82);
		assert_spares(*state, APP2, protos[i], 83);
		rule->dport_first = 0;
		assert_drops(*state, &tree, APP2, protos[i], 7);
		assert_spares(*state, APP2, protos[i], 83);
		rule->dport_last = 65535;
		assert_drops(*state, &tree, APP2, protos[i], 83);
		assert_spares(*state, APP2, PG_PROTO_ICMP, 0);
	}
}

static void test_icmp_types(void **state)
{
	_cleanup_tree_ struct pg_tree tree = { 0 };
	struct pg_tree_rule *rule = start_tree(&tree);

	rule->proto = PG_PROTO_ICMP;
	rule->has_dport = true;
	rule->dport_first = rule->dport_last = 13;
	write_tree(&tree);
	assert_spares(*state, APP2, PG_PROTO_ICMP, 0);
	rule->dport_first = rule->dport_last = 8;
	assert_drops(*state, &tree, APP2, PG_PROTO_ICMP, 0);
	assert_spares(*state, APP2, PG_PROTO_UDP, 80);
}

/* APP2 is inside, APP3 is outside. */
static void test_addresses(void **state)
{
	static const char *const prefixes[] = { "10.0.192.3/32", "10.0.192.0/30", "10.0.192.2/31",
						"10.0.192.0/25" };

	for (size_t i = 0; i < PG_COUNT(prefixes); i++) {
		_cleanup_tree_ struct pg_tree tree = { 0 };
		struct pg_tree_rule *rule = start_tree(&tree);

		assert_int_equal(pg_prefix_parse(prefixes[i], &rule->dst), 0);
		assert_int_equal(pg_prefix_parse("10.0.192.2", &rule->src), 0);
		rule->proto = PG_PROTO_UDP;
		assert_drops(*state, &tree, APP2, PG_PROTO_UDP, 80);
		assert_spares(*state, APP3, PG_PROTO_UDP, 80);
		rule->dst_not = true;
		assert_drops(*state, &tree, APP3, PG_PROTO_UDP, 80);
		assert_spares(*state, APP2, PG_PROTO_UDP, 80);
	}
}

static void test_interfaces(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_tree_ struct pg_tree out = { 0 }, in = { 0 };
	struct pg_tree_rule *rule = start_tree(&out);

	snprintf(rule->physdev_out, IFNAMSIZ, "%s", fixture->endpoints.list.items[APP2].interface);
	assert_drops(fixture, &out, APP2, PG_PROTO_TCP, 80);
	assert_spares(fixture, APP3, PG_PROTO_TCP, 80);
	rule = start_tree(&in);
	snprintf(rule->physdev_in, IFNAMSIZ, "%s", fixture->endpoints.list.items[APP1].interface);
	rule->proto = PG_PROTO_TCP;
	assert_drops(fixture, &in, APP2, PG_PROTO_TCP, 80);
	assert_spares(fixture, APP2, PG_PROTO_UDP, 80);
	assert_flow(fixture, APP3, APP2, PG_PROTO_UDP, 80, PG_PROBE_OPEN);
}

/* Replies pass though what they are is dropped as a new flow. */
static void test_replies(void **state)
{
	_cleanup_tree_ struct pg_tree tree = { 0 };
	struct pg_tree_rule *rule = start_tree(&tree);

	rule->ct_states = PG_CT_ESTABLISHED | PG_CT_RELATED;
	rule->target = PG_TARGET_RETURN;
	rule = pg_tree_add_rule(&tree.chains.items[0]);
	assert_non_null(rule);
	assert_int_equal(pg_prefix_parse("10.0.192.3", &rule->src), 0);
	rule->target = PG_TARGET_DROP;
	write_tree(&tree);
	assert_flow(*state, APP1, APP2, PG_PROTO_TCP, 80, PG_PROBE_OPEN);
	assert_true(first_count() > 0);
	assert_flow(*state, APP2, APP1, PG_PROTO_TCP, 80, PG_PROBE_CLOSED);
}

/* Datagrams from APP1 to APP2, which must all arrive, and to APP3, of which none may. */
struct stream {
	int from, to[ENDPOINTS];
	atomic_bool stop, lost;
	atomic_size_t sent;
};

static int open_socket(const struct fixture *fixture, enum party party)
{
	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_port = htons(7777) };
	_cleanup_netns_ int home = -1;
	int fd;

	assert_int_equal(pg_netns_enter(pg_lab_endpoint_netns(fixture->lab, party), &home), 0);
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	return fd;
}

static void send_one(const struct stream *stream, enum party dst, size_t number)
{
	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_port = htons(7777) };

	inet_pton(AF_INET, addrs[dst], &addr.sin_addr);
	sendto(stream->from, &number, sizeof(number), 0, (struct sockaddr *)&addr, sizeof(addr));
}

static bool receive_one(const struct stream *stream, enum party dst, size_t number)
{
	struct pollfd wait = { .fd = stream->to[dst], .events = POLLIN };
	size_t got = 0;

	return poll(&wait, 1, 5000) == 1 &&
	       recv(stream->to[dst], &got, sizeof(got), 0) == sizeof(got) && got == number;
}

static void *run_stream(void *context)
{
	struct stream *stream = context;

	while (!atomic_load(&stream->stop) && !atomic_load(&stream->lost)) {
		size_t number = atomic_fetch_add(&stream->sent, 1);

		send_one(stream, APP2, number);
		send_one(stream, APP3, number);
		if (!receive_one(stream, APP2, number))
			atomic_store(&stream->lost, true);
	}
	return NULL;
}

/* Allows APP2, drops the rest, by rules of another text for each `kind`, some of them many. */
static void make_kind(struct pg_tree *tree, unsigned int kind)
{
	struct pg_tree_chain *chain;

	*start_tree(tree) = (struct pg_tree_rule){ .proto = { (uint8_t)(kind + 100) } };
	chain = &tree->chains.items[0];
	for (unsigned int i = 0; i < (kind % 3) * 500 + 1; i++) {
		struct pg_tree_rule *rule = pg_tree_add_rule(chain);

		assert_non_null(rule);
		rule->dst = pg_prefix_of(&(struct pg_addr){ 4, { 10, 0, 192, 3 } }, 32);
		snprintf(rule->comment, sizeof(rule->comment), "kind%u rule%u", kind % 4, i);
		rule->target = PG_TARGET_RETURN;
	}
	pg_tree_add_rule(chain)->target = PG_TARGET_DROP;
}

static void test_changes_are_of_one_moment(void **state)
{
	struct fixture *fixture = *state;
	struct stream stream = {
		.from = open_socket(fixture, APP1),
		.to = { [APP2] = open_socket(fixture, APP2), [APP3] = open_socket(fixture, APP3) }
	};
	pthread_t thread;
	size_t leaked;

	assert_int_equal(system("iptables-nft -P FORWARD ACCEPT"), 0);
	for (unsigned int kind = 0; kind < 100; kind++) {
		_cleanup_tree_ struct pg_tree tree = { 0 };
		size_t sent = atomic_load(&stream.sent);

		make_kind(&tree, kind);
		write_tree(&tree);
		if (!kind)
			assert_int_equal(pthread_create(&thread, NULL, run_stream, &stream), 0);
		/* some packets meet each kind, however busy the machine is */
		while (atomic_load(&stream.sent) < sent + 3 && !atomic_load(&stream.lost))
			usleep(100);
	}
	atomic_store(&stream.stop, true);
	pthread_join(thread, NULL);
	assert_false(atomic_load(&stream.lost));
	assert_int_equal(recv(stream.to[APP3], &leaked, sizeof(leaked), MSG_DONTWAIT), -1);
	close(stream.from);
	close(stream.to[APP2]);
	close(stream.to[APP3]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ports),	  cmocka_unit_test(test_icmp_types),
		cmocka_unit_test(test_addresses), cmocka_unit_test(test_interfaces),
		cmocka_unit_test(test_replies),	  cmocka_unit_test(test_changes_are_of_one_moment),
	};

	if (getuid() || system("iptables-nft -V >/dev/null 2>&1")) {
		printf("1..0 # SKIP needs root and iptables-nft\n");
		return 0;
	}
	return cmocka_run_group_tests_name("nft traffic", tests, set_up, tear_down);
}
