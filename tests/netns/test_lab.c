// SPDX-License-Identifier: GPL-2.0-only
/*
 * The scratch host and the prober, held against rules of iptables made by hand: every protocol in
 * every direction, open, dropped and refused. One lab for all tests; the process is the host.
 */
#include "tests/unit/unit.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "compat/netns.h"
#include "frontend/lab/lab.h"
#include "frontend/lab/probe.h"

enum party {
	APP1,
	APP2,
	APP3,
	ENDPOINTS,
	HOST = ENDPOINTS,
	WORLD,
	PARTIES,
};

enum family {
	V4,
	V6,
	FAMILIES,
};

/* The third endpoint is on no network with the others. */
static const char *const addrs[FAMILIES][PARTIES] = {
	{ "10.0.192.2", "10.0.192.3", "172.20.1.9", "10.0.192.1", "8.8.8.8" },
	{ "fd00:10::2", "fd00:10::3", "2001:db8:20::9", "fd00:10::1", "2606:4700::1111" },
};
/* Of the host and of the world, the latter among the endpoints' own. */
static const char *const other_addrs[FAMILIES][2] = { { "192.0.2.1", "10.0.192.7" },
						      { "2001:db8::1", "fd00:10::7" } };
#define PROTOS 4
static const pg_proto protos[FAMILIES][PROTOS] = {
	{ { IPPROTO_TCP }, { IPPROTO_UDP }, { IPPROTO_SCTP }, { IPPROTO_ICMP } },
	{ { IPPROTO_TCP }, { IPPROTO_UDP }, { IPPROTO_SCTP }, { IPPROTO_ICMPV6 } },
};

struct fixture {
	struct pg_endpoints endpoints;
	struct pg_lab *lab;
	struct pg_diags diags;
	uint32_t sequence;
	enum family family; /* of the test that runs */
};

static struct pg_addr parse(const char *text)
{
	struct pg_addr addr;

	assert_int_equal(pg_addr_parse(text, &addr), 0);
	return addr;
}

/* Either address may be NULL. */
static void add_endpoint(struct pg_endpoints *endpoints, const char *name, const char *ipv4,
			 const char *ipv6)
{
	struct pg_endpoint *endpoint = pg_array_add(&endpoints->list);

	assert_non_null(endpoint);
	endpoint->name = strdup(name);
	if (ipv4)
		endpoint->ipv4 = parse(ipv4);
	if (ipv6)
		endpoint->ipv6 = parse(ipv6);
}

static void add_host(struct pg_endpoints *endpoints, const char *addr)
{
	struct pg_addr *host = pg_array_add(&endpoints->host_addrs);

	assert_non_null(host);
	*host = parse(addr);
}

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	struct pg_addr world[] = { parse(addrs[V4][WORLD]), parse(other_addrs[V4][1]),
				   parse(addrs[V4][WORLD]), parse(addrs[V6][WORLD]),
				   parse(other_addrs[V6][1]) };

	*state = fixture;
	if (!fixture)
		return -1;
	for (int i = 0; i < ENDPOINTS; i++) {
		char name[] = { 'a', 'p', 'p', (char)('1' + i), '\0' };

		add_endpoint(&fixture->endpoints, name, addrs[V4][i], addrs[V6][i]);
	}
	for (int family = 0; family < FAMILIES; family++) {
		add_host(&fixture->endpoints, addrs[family][HOST]);
		add_host(&fixture->endpoints, other_addrs[family][0]);
	}
	if (pg_lab_enter(&fixture->endpoints, world, PG_COUNT(world), &fixture->diags,
			 &fixture->lab))
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

/* Runs a command of the shell; the machine has its words, the test its exit code. */
static void sh(const char *command)
{
	if (system(command))
		fail_msg("failed: %s", command);
}

/* Neighbours are found by packets that pass FORWARD, and no test is about them. */
static int flush_rules(void **state)
{
	(void)state;
	sh("iptables-legacy -F; iptables-nft -F; ip6tables-legacy -F; ip6tables-nft -F");
	for (int type = 135; type <= 136; type++) {
		char command[128];

		snprintf(command, sizeof(command),
			 "for flavour in legacy nft; do ip6tables-$flavour -A FORWARD -p icmpv6 "
			 "--icmpv6-type %d -j ACCEPT; done",
			 type);
		sh(command);
	}
	return 0;
}

/* What commands of the tests are written with. */
static int use(void **state, enum family family)
{
	static const char *const parties[] = { "APP1", "APP2", "APP3", "HOST", "WORLD" };
	struct fixture *fixture = *state;

	fixture->family = family;
	for (int i = 0; i < PARTIES; i++)
		setenv(parties[i], addrs[family][i], 1);
	setenv("legacy", family == V4 ? "iptables-legacy" : "ip6tables-legacy", 1);
	setenv("nft", family == V4 ? "iptables-nft" : "ip6tables-nft", 1);
	setenv("icmp", family == V4 ? "icmp" : "icmpv6", 1);
	setenv("prohibited", family == V4 ? "icmp-admin-prohibited" : "icmp6-adm-prohibited", 1);
	return 0;
}

static int use_ipv4(void **state)
{
	return use(state, V4);
}

static int use_ipv6(void **state)
{
	return use(state, V6);
}

static int netns_of(const struct fixture *fixture, enum party party)
{
	switch (party) {
	case HOST:
		return pg_lab_host_netns(fixture->lab);
	case WORLD:
		return pg_lab_world_netns(fixture->lab);
	default:
		return pg_lab_endpoint_netns(fixture->lab, party);
	}
}

static struct pg_probe make_probe(const struct fixture *fixture, enum party src, enum party dst,
				  pg_proto proto, uint16_t dport)
{
	return (struct pg_probe){
		.src_netns = netns_of(fixture, src),
		.dst_netns = netns_of(fixture, dst),
		.src = parse(addrs[fixture->family][src]),
		.dst = parse(addrs[fixture->family][dst]),
		.proto = proto,
		.dport = dport,
		.expect_open = true,
	};
}

static void run(struct fixture *fixture, struct pg_probe *probes, size_t count)
{
	struct pg_probe_options options = { .settle_ms = 100, .sequence = &fixture->sequence };

	if (pg_probe_run(probes, count, &options, &fixture->diags))
		fail_msg("%s", fixture->diags.list.items[0].text);
}

static void assert_result(const struct pg_probe *probe, enum pg_probe_result wanted)
{
	char src[PG_ADDR_TEXT_MAX], dst[PG_ADDR_TEXT_MAX];

	if (probe->result != wanted)
		fail_msg("%s -> %s %s/%u: expected %s, got %s (%s)",
			 pg_addr_format(&probe->src, src), pg_addr_format(&probe->dst, dst),
			 pg_proto_name(probe->proto), probe->dport, pg_probe_result_name(wanted),
			 pg_probe_result_name(probe->result), strerror(probe->error));
}

/* One flow that isn't expected to be open: the rest of a wave doesn't wait for it. */
static void assert_flow(struct fixture *fixture, enum party src, enum party dst, uint8_t proto,
			uint16_t dport, enum pg_probe_result wanted)
{
	struct pg_probe probe = make_probe(fixture, src, dst, (pg_proto){ proto }, dport);

	probe.expect_open = wanted == PG_PROBE_OPEN;
	run(fixture, &probe, 1);
	assert_result(&probe, wanted);
}

static void test_everything_is_open_without_rules(void **state)
{
	struct fixture *fixture = *state;
	struct pg_probe probes[PARTIES * PARTIES * PROTOS];
	size_t count = 0;

	for (int src = 0; src < PARTIES; src++) {
		for (int dst = 0; dst < PARTIES; dst++) {
			for (size_t i = 0; src != dst && i < PROTOS; i++)
				probes[count++] = make_probe(fixture, src, dst,
							     protos[fixture->family][i], 80);
		}
	}
	run(fixture, probes, count);
	for (size_t i = 0; i < count; i++)
		assert_result(&probes[i], PG_PROBE_OPEN);
}

static void test_one_rule_closes_one_protocol_each(void **state)
{
	static const char *const rules[] = {
		"$legacy -A FORWARD -p tcp --dport 80 -j DROP",
		"$nft -A FORWARD -p udp --dport 80 -j DROP",
		"$legacy -A FORWARD -p sctp --dport 80 -j DROP",
		"$nft -A FORWARD -p $icmp -j DROP",
	};
	struct fixture *fixture = *state;

	for (size_t rule = 0; rule < PG_COUNT(rules); rule++) {
		struct pg_probe probes[3 * PROTOS];
		size_t count = 0;

		sh(rules[rule]);
		for (size_t i = 0; i < PROTOS; i++) {
			probes[count++] =
				make_probe(fixture, APP1, APP2, protos[fixture->family][i], 80);
			probes[count++] =
				make_probe(fixture, APP1, WORLD, protos[fixture->family][i], 80);
			probes[count++] =
				make_probe(fixture, WORLD, APP3, protos[fixture->family][i], 80);
		}
		for (size_t i = 0; i < count; i++)
			probes[i].expect_open = i / 3 != rule;
		run(fixture, probes, count);
		for (size_t i = 0; i < count; i++)
			assert_result(&probes[i], i / 3 == rule ? PG_PROBE_CLOSED : PG_PROBE_OPEN);
		flush_rules(NULL);
	}
}

static void test_other_ports_stay_open(void **state)
{
	struct fixture *fixture = *state;

	sh("$legacy -A FORWARD -p tcp --dport 80 -j DROP");
	assert_flow(fixture, APP1, APP2, IPPROTO_TCP, 80, PG_PROBE_CLOSED);
	assert_flow(fixture, APP1, APP2, IPPROTO_TCP, 81, PG_PROBE_OPEN);
	assert_flow(fixture, HOST, APP2, IPPROTO_TCP, 80, PG_PROBE_OPEN);
}

static void test_bridged_traffic_passes_forward_and_hosts_does_not(void **state)
{
	struct fixture *fixture = *state;

	sh("$legacy -A FORWARD -m physdev --physdev-is-bridged -j DROP");
	assert_flow(fixture, APP1, APP2, IPPROTO_UDP, 53, PG_PROBE_CLOSED);
	assert_flow(fixture, APP1, APP3, IPPROTO_UDP, 53, PG_PROBE_CLOSED);
	assert_flow(fixture, APP1, WORLD, IPPROTO_UDP, 53, PG_PROBE_OPEN);
	assert_flow(fixture, APP1, HOST, IPPROTO_UDP, 53, PG_PROBE_OPEN);
	flush_rules(NULL);
	sh("$legacy -A INPUT -s $APP1 -j DROP");
	assert_flow(fixture, APP1, HOST, IPPROTO_TCP, 53, PG_PROBE_CLOSED);
	assert_flow(fixture, APP2, HOST, IPPROTO_TCP, 53, PG_PROBE_OPEN);
	flush_rules(NULL);
	sh("$legacy -A OUTPUT -d $APP1 -j DROP");
	for (size_t i = 0; i < PROTOS; i++) {
		assert_flow(fixture, HOST, APP1, protos[fixture->family][i].n, 53, PG_PROBE_CLOSED);
		assert_flow(fixture, HOST, APP2, protos[fixture->family][i].n, 53, PG_PROBE_OPEN);
	}
}

static void test_a_refusal_is_not_a_drop(void **state)
{
	struct fixture *fixture = *state;
	struct pg_probe probes[PROTOS];

	sh("$legacy -A FORWARD -d $APP2 -j REJECT");
	for (size_t i = 0; i < PROTOS; i++) {
		assert_flow(fixture, APP1, APP2, protos[fixture->family][i].n, 80,
			    PG_PROBE_REFUSED);
		assert_flow(fixture, WORLD, APP2, protos[fixture->family][i].n, 80,
			    PG_PROBE_REFUSED);
		probes[i] = make_probe(fixture, APP1, APP3, protos[fixture->family][i], 80);
	}
	run(fixture, probes, PG_COUNT(probes));
	for (size_t i = 0; i < PG_COUNT(probes); i++)
		assert_result(&probes[i], PG_PROBE_OPEN);
	flush_rules(NULL);
	sh("$legacy -A FORWARD -p tcp -j REJECT --reject-with tcp-reset && "
	   "$legacy -A FORWARD -j REJECT --reject-with $prohibited");
	for (size_t i = 0; i < PROTOS; i++)
		assert_flow(fixture, APP1, APP3, protos[fixture->family][i].n, 80,
			    PG_PROBE_REFUSED);
}

/* What answers must be let through too; a stateless rule shows that both ways are walked. */
static void test_a_dropped_reply_closes(void **state)
{
	struct fixture *fixture = *state;

	sh("$legacy -A FORWARD -s $APP2 -j DROP");
	for (size_t i = 0; i < PROTOS; i++) {
		assert_flow(fixture, APP1, APP2, protos[fixture->family][i].n, 80, PG_PROBE_CLOSED);
		assert_flow(fixture, APP1, APP3, protos[fixture->family][i].n, 80, PG_PROBE_OPEN);
	}
}

/* A handshake that gets through and data that doesn't is no open port. */
static void test_a_connection_that_carries_nothing_is_closed(void **state)
{
	struct fixture *fixture = *state;

	sh("$legacy -A FORWARD -s $APP2 -p tcp --tcp-flags PSH PSH -j DROP");
	assert_flow(fixture, APP1, APP2, IPPROTO_TCP, 80, PG_PROBE_CLOSED);
	assert_flow(fixture, APP2, APP1, IPPROTO_TCP, 80, PG_PROBE_OPEN);
}

static void test_conntrack_knows_every_protocol(void **state)
{
	struct fixture *fixture = *state;

	sh("$legacy -A FORWARD -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT && "
	   "$legacy -A FORWARD -s $APP1 -m conntrack --ctstate NEW -j ACCEPT && "
	   "$legacy -A FORWARD -j DROP");
	for (size_t i = 0; i < PROTOS; i++) {
		assert_flow(fixture, APP1, APP2, protos[fixture->family][i].n, 80, PG_PROBE_OPEN);
		assert_flow(fixture, APP1, WORLD, protos[fixture->family][i].n, 80, PG_PROBE_OPEN);
		assert_flow(fixture, APP2, APP1, protos[fixture->family][i].n, 80, PG_PROBE_CLOSED);
		assert_flow(fixture, WORLD, APP1, protos[fixture->family][i].n, 80,
			    PG_PROBE_CLOSED);
	}
}

static void test_other_addresses_of_host_and_world(void **state)
{
	struct fixture *fixture = *state;
	const char *const *others = other_addrs[fixture->family];
	struct pg_probe probes[] = {
		make_probe(fixture, APP1, HOST, PG_PROTO_TCP, 80),
		make_probe(fixture, APP1, WORLD, PG_PROTO_TCP, 80),
		make_probe(fixture, WORLD, APP1, protos[fixture->family][3], 0),
		make_probe(fixture, HOST, WORLD, PG_PROTO_UDP, 80),
		make_probe(fixture, WORLD, HOST, PG_PROTO_UDP, 80),
	};

	probes[0].dst = parse(others[0]);
	probes[1].dst = probes[2].src = probes[3].dst = parse(others[1]);
	probes[4].dst = parse(others[0]);
	run(fixture, probes, PG_COUNT(probes));
	for (size_t i = 0; i < PG_COUNT(probes); i++)
		assert_result(&probes[i], PG_PROBE_OPEN);
}

/* A source address that is left open is the kernel's choice. */
static void test_the_kernel_chooses_a_source(void **state)
{
	struct fixture *fixture = *state;

	sh("$legacy -A OUTPUT ! -s $HOST -j DROP");
	for (size_t i = 0; i < PROTOS; i++) {
		struct pg_probe probe =
			make_probe(fixture, HOST, APP1, protos[fixture->family][i], 80);

		probe.src = (struct pg_addr){ 0 };
		run(fixture, &probe, 1);
		assert_result(&probe, PG_PROBE_OPEN);
	}
}

static void assert_error(struct fixture *fixture, struct pg_probe probe, int error)
{
	struct pg_probe both[] = { probe, make_probe(fixture, APP1, APP2, PG_PROTO_TCP, 80) };

	run(fixture, both, PG_COUNT(both));
	assert_result(&both[0], PG_PROBE_UNKNOWN);
	assert_int_equal(both[0].error, error);
	assert_result(&both[1], PG_PROBE_OPEN);
}

static void test_a_probe_that_cant_be_made_says_why(void **state)
{
	struct fixture *fixture = *state;
	struct pg_probe probe = make_probe(fixture, APP1, APP2, PG_PROTO_TCP, 80);
	struct pg_addr nobody = parse(fixture->family == V4 ? "10.9.9.9" : "fd00:99::9");

	probe.src = nobody;
	assert_error(fixture, probe, EADDRNOTAVAIL);
	probe = make_probe(fixture, APP1, APP2, PG_PROTO_UDP, 80);
	probe.dst = nobody;
	assert_error(fixture, probe, EADDRNOTAVAIL);
	assert_error(fixture, make_probe(fixture, APP1, APP2, PG_PROTO_TCP, 0), EINVAL);
	assert_error(fixture, make_probe(fixture, APP1, APP2, (pg_proto){ 47 }, 0),
		     EPROTONOSUPPORT);
	probe = make_probe(fixture, WORLD, APP2, protos[fixture->family][3], 0);
	probe.dst = parse(fixture->family == V4 ? "203.0.113.1" : "4000::1");
	assert_error(fixture, probe, ENETUNREACH);
	assert_error(fixture, make_probe(fixture, APP1, APP2, protos[!fixture->family][3], 0),
		     EAFNOSUPPORT);
}

/* For both families at once, as servers mostly do. */
static int listen_at(const struct fixture *fixture, enum party party, int type, uint16_t port)
{
	_cleanup_netns_ int home = -1;
	struct sockaddr_in6 any = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	int fd;

	assert_int_equal(pg_netns_enter(netns_of(fixture, party), &home), 0);
	fd = socket(AF_INET6, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&any, sizeof(any)), 0);
	if (type == SOCK_STREAM)
		assert_int_equal(listen(fd, 8), 0);
	return fd;
}

static void test_a_server_that_is_there_is_used(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_close_ int tcp = listen_at(fixture, APP2, SOCK_STREAM, 80);
	_cleanup_close_ int udp = listen_at(fixture, APP2, SOCK_DGRAM, 80);
	_cleanup_close_ int connection = -1;
	char byte;

	assert_flow(fixture, APP1, APP2, IPPROTO_TCP, 80, PG_PROBE_OPEN);
	connection = accept4(tcp, NULL, NULL, SOCK_CLOEXEC);
	assert_true(connection >= 0);
	/* It doesn't answer, so nothing is known of the way. */
	assert_flow(fixture, APP1, APP2, IPPROTO_UDP, 80, PG_PROBE_CLOSED);
	assert_true(recv(udp, &byte, 1, 0) == 1);
}

/* All to one listener each, which takes the full length of its queues. */
static void test_thousands_in_waves(void **state)
{
	struct fixture *fixture = *state;
	const size_t count = 5000;
	struct pg_probe *probes = calloc(count, sizeof(*probes));

	assert_non_null(probes);
	sh("$legacy -A FORWARD -p tcp --dport 81 -j DROP");
	for (size_t i = 0; i < count; i++) {
		probes[i] = make_probe(fixture, APP1, APP2, protos[fixture->family][i % PROTOS],
				       80 + i % 8 / 4);
		probes[i].expect_open = i % 8 != 4;
	}
	run(fixture, probes, count);
	for (size_t i = 0; i < count; i++)
		assert_result(&probes[i], i % 8 == 4 ? PG_PROBE_CLOSED : PG_PROBE_OPEN);
	free(probes);
}

static void test_the_host_is_its_own(void **state)
{
	struct fixture *fixture = *state;
	struct stat status;

	assert_int_equal(stat("/run/polgen", &status), 0);
	assert_true(S_ISDIR(status.st_mode));
	sh("test \"$(cat /proc/sys/net/bridge/bridge-nf-call-iptables)\" = 1");
	sh("test \"$(stat -f -c %T /sys/fs/bpf)\" = bpf_fs && test ! -e /sys/fs/bpf/polgen");
	for (size_t i = 0; i < fixture->endpoints.list.count; i++) {
		const struct pg_endpoint *endpoint = &fixture->endpoints.list.items[i];
		_cleanup_close_ int fd = -1;
		struct pg_netns_id by_path, by_lab;

		assert_int_equal(if_nametoindex(endpoint->interface), endpoint->ifindex);
		assert_int_equal(pg_netns_open(endpoint->netns, &fd), 0);
		pg_netns_id(fd, &by_path);
		pg_netns_id(netns_of(fixture, (enum party)i), &by_lab);
		assert_true(pg_netns_same(by_path, by_lab));
	}
}

static const struct pg_addr *only_addr(const struct pg_endpoint *endpoint)
{
	return pg_endpoint_addr(endpoint, endpoint->ipv4.family ? 4 : 6);
}

/* A lab inside the lab, in a process of its own. 0, or what pg_lab_enter() returned. */
static int enter_another(struct pg_endpoints *endpoints, const char *world, size_t flows)
{
	_cleanup_diags_ struct pg_diags diags = { 0 };
	struct pg_addr addr = parse(world);
	struct pg_probe_options options = { .limit_ms = 1000 };
	struct pg_lab *lab = NULL;
	struct pg_probe *probes = calloc(flows + 1, sizeof(*probes));
	size_t count = endpoints->list.count;
	int err = pg_lab_enter(endpoints, &addr, 1, &diags, &lab);

	if (err) {
		free(probes);
		return err;
	}
	for (size_t i = 0; i < flows; i++) {
		size_t src = i % count, dst = (src + 1 + i / count) % count;

		probes[i] = (struct pg_probe){
			.src_netns = pg_lab_endpoint_netns(lab, src),
			.dst_netns = pg_lab_endpoint_netns(lab, dst),
			.src = *only_addr(&endpoints->list.items[src]),
			.dst = *only_addr(&endpoints->list.items[dst]),
			.proto = PG_PROTO_UDP,
			.dport = 53,
			.expect_open = true,
		};
	}
	err = pg_probe_run(probes, flows, &options, &diags);
	for (size_t i = 0; !err && i < flows; i++)
		err = probes[i].result == PG_PROBE_OPEN ? 0 : -EPIPE;
	pg_lab_free(lab);
	free(probes);
	return err;
}

static int in_child(struct pg_endpoints *endpoints, const char *world, size_t flows)
{
	int status;
	pid_t child = fork();

	if (!child)
		_exit(-enter_another(endpoints, world, flows));
	assert_true(waitpid(child, &status, 0) == child && WIFEXITED(status));
	return -WEXITSTATUS(status);
}

/* A ring of 300 endpoints, of which so many flows are probed. */
static int probe_ring(enum family family, size_t flows)
{
	_cleanup_endpoints_ struct pg_endpoints endpoints = { 0 };

	add_host(&endpoints, addrs[family][HOST]);
	for (unsigned int i = 0; i < 300; i++) {
		char addr[PG_ADDR_TEXT_MAX];

		snprintf(addr, sizeof(addr), family == V4 ? "10.0.%u.%u" : "fd00:10::%x:%x",
			 200 + i / 250, i % 250 + 1);
		add_endpoint(&endpoints, "e", family == V4 ? addr : NULL,
			     family == V6 ? addr : NULL);
	}
	return in_child(&endpoints, family == V4 ? "10.0.201.200" : "fd00:10::c9:200", flows);
}

static void test_a_large_lab(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(probe_ring(fixture->family, 100), 0);
}

/*
 * Pairs enough to fill the kernel's table of neighbours more than once. All namespaces of the machine
 * share it, and everybody's traffic on it suffers meanwhile: only by hand (--crowd).
 */
static void test_a_full_table_of_neighbours(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(probe_ring(fixture->family, 1200), 0);
}

static void test_addresses_that_no_lab_can_have(void **state)
{
	static const char *const unusable[] = { "::", "::1", "fe80::1", "ff02::1" };
	_cleanup_endpoints_ struct pg_endpoints endpoints = { 0 };

	(void)state;
	add_endpoint(&endpoints, "e", "10.0.0.2", NULL);
	assert_int_equal(in_child(&endpoints, "1.1.1.1", 0), -EINVAL);
	add_host(&endpoints, "fd00::1");
	assert_int_equal(in_child(&endpoints, "1.1.1.1", 0), -EINVAL);
	add_host(&endpoints, "10.0.0.1");
	assert_int_equal(in_child(&endpoints, "1.1.1.1", 0), 0);
	assert_int_equal(in_child(&endpoints, "127.0.0.1", 0), -EINVAL);
	assert_int_equal(in_child(&endpoints, "224.0.0.1", 0), -EINVAL);
	assert_int_equal(in_child(&endpoints, "10.0.0.2", 0), -EINVAL);
	assert_int_equal(in_child(&endpoints, "10.0.0.1", 0), -EINVAL);
	assert_int_equal(in_child(&endpoints, "fd00::1", 0), -EINVAL);
	assert_int_equal(in_child(&endpoints, "2001:db8::1", 0), 0);
	for (size_t i = 0; i < PG_COUNT(unusable); i++)
		assert_int_equal(in_child(&endpoints, unusable[i], 0), -EINVAL);
	endpoints.list.items[0].ipv4 = (struct pg_addr){ 0 };
	assert_int_equal(in_child(&endpoints, "1.1.1.1", 0), -EINVAL);
	endpoints.list.items[0].ipv6 = parse("fd00::2");
	assert_int_equal(in_child(&endpoints, "1.1.1.1", 0), 0);
	assert_int_equal(in_child(&endpoints, "fd00::2", 0), -EINVAL);
}

/* Without anybody's IPv6 address there is none of the kernel's own choice either. */
static int look_for_ipv6(void *context)
{
	(void)context;
	return system("grep -q . /proc/net/if_inet6") ? 0 : -EEXIST;
}

static void test_ipv6_is_off_where_nobody_has_it(void **state)
{
	_cleanup_endpoints_ struct pg_endpoints endpoints = { 0 };
	struct pg_lab *lab = NULL;
	int status;
	pid_t child;

	(void)state;
	add_endpoint(&endpoints, "e", "10.0.0.2", NULL);
	add_host(&endpoints, "10.0.0.1");
	child = fork();
	if (!child) {
		_cleanup_diags_ struct pg_diags diags = { 0 };
		int err = pg_lab_enter(&endpoints, NULL, 0, &diags, &lab);

		err = err ?: look_for_ipv6(NULL);
		_exit(-(err ?: pg_netns_run(pg_lab_endpoint_netns(lab, 0), look_for_ipv6, NULL)));
	}
	assert_true(waitpid(child, &status, 0) == child);
	assert_true(WIFEXITED(status) && !WEXITSTATUS(status));
}

#define ipv4_test(test) cmocka_unit_test_setup_teardown(test, use_ipv4, flush_rules)
#define ipv6_test(test)                                             \
	{                                                           \
#test " (IPv6)", test, use_ipv6, flush_rules, NULL, \
	}
#define lab_test(test) ipv4_test(test), ipv6_test(test)

int main(int argc, char **argv)
{
	const struct CMUnitTest crowd[] = {
		lab_test(test_a_full_table_of_neighbours),
	};
	const struct CMUnitTest tests[] = {
		ipv4_test(test_the_host_is_its_own),
		lab_test(test_everything_is_open_without_rules),
		lab_test(test_one_rule_closes_one_protocol_each),
		lab_test(test_other_ports_stay_open),
		lab_test(test_bridged_traffic_passes_forward_and_hosts_does_not),
		lab_test(test_a_refusal_is_not_a_drop),
		lab_test(test_a_dropped_reply_closes),
		lab_test(test_a_connection_that_carries_nothing_is_closed),
		lab_test(test_conntrack_knows_every_protocol),
		lab_test(test_other_addresses_of_host_and_world),
		lab_test(test_the_kernel_chooses_a_source),
		lab_test(test_a_probe_that_cant_be_made_says_why),
		lab_test(test_a_server_that_is_there_is_used),
		lab_test(test_thousands_in_waves),
		lab_test(test_a_large_lab),
		ipv4_test(test_addresses_that_no_lab_can_have),
		ipv4_test(test_ipv6_is_off_where_nobody_has_it),
	};

	if (geteuid()) {
		puts("1..0 # SKIP needs root");
		return 0;
	}
	if (argc > 1 && !strcmp(argv[1], "--crowd"))
		return cmocka_run_group_tests_name("crowd", crowd, set_up, tear_down);
	return cmocka_run_group_tests_name("lab", tests, set_up, tear_down);
}
