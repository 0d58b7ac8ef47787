// SPDX-License-Identifier: GPL-2.0-only
/*
 * What becomes of running flows that a new policy denies, with real traffic, by each backend, iptables in
 * both flavours, and of both families: a TCP connection, one that DNAT sends here, UDP, and pings. Each
 * denied one runs beside a neighbour that may go on.
 */
#include "tests/unit/unit.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/icmpv6.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <sys/socket.h>

#include "compat/conntrack.h"
#include "compat/netns.h"
#include "frontend/cli/enforce.h"
#include "frontend/lab/lab.h"
#include "tests/unit/policy/build.h"

#define PATIENCE_MS 20000

enum party {
	SERVER,
	DENIED,
	ALLOWED,
	ENDPOINTS,
	HOST = ENDPOINTS,
	WORLD_DENIED,
	WORLD_ALLOWED,
	PARTIES,
};

static const char *const addrs[][PARTIES] = {
	{ "10.0.192.2", "10.0.192.3", "10.0.192.4", "10.0.192.1", "203.0.113.7", "203.0.113.8" },
	{ "fd00::2", "fd00::3", "fd00::4", "fd00::1", "2001:db8::7", "2001:db8::8" },
};

/* The kinds of flows; the entry of this number, from 1, denies those of DENIED and WORLD_DENIED. */
enum kind { TCP, UDP, PING, DNAT, KINDS };

struct flow {
	enum kind kind;
	int client, server; /* of a ping there is no server but the kernel */
};

/* A backend and a family, and what a test does with them. */
struct scene {
	const struct pg_backend *backend;
	const char *flavour; /* of iptables, which translates addresses also for others */
	uint8_t family;
	struct flow denied[KINDS], allowed[KINDS];
};

static struct pg_endpoints endpoints;
static struct pg_lab *lab;

static const char *addr_of(const struct scene *scene, enum party party)
{
	return addrs[scene->family == 6][party];
}

static int netns_of(enum party party)
{
	switch (party) {
	case HOST:
		return pg_lab_host_netns(lab);
	case WORLD_DENIED:
	case WORLD_ALLOWED:
		return pg_lab_world_netns(lab);
	default:
		return pg_lab_endpoint_netns(lab, party);
	}
}

static int open_lab(void **state)
{
	static const char *const names[] = { "app1", "app2", "app3" };
	struct pg_addr world[] = { build_addr(addrs[0][WORLD_DENIED]),
				   build_addr(addrs[0][WORLD_ALLOWED]),
				   build_addr(addrs[1][WORLD_DENIED]),
				   build_addr(addrs[1][WORLD_ALLOWED]) };
	_cleanup_diags_ struct pg_diags diags = { 0 };

	(void)state;
	for (int i = 0; i < ENDPOINTS; i++) {
		char labels[16];

		snprintf(labels, sizeof(labels), "k8s:app=%d", i);
		build_endpoint(&endpoints, names[i], addrs[0][i], labels)->ipv6 =
			build_addr(addrs[1][i]);
	}
	*pg_array_add(&endpoints.host_addrs) = build_addr(addrs[0][HOST]);
	*pg_array_add(&endpoints.host_addrs) = build_addr(addrs[1][HOST]);
	build_finish(&endpoints);
	if (pg_lab_enter(&endpoints, world, PG_COUNT(world), &diags, &lab))
		fail_msg("%s", diags.list.items[0].text);
	return 0;
}

static int close_lab(void **state)
{
	(void)state;
	pg_lab_free(lab);
	pg_endpoints_done(&endpoints);
	return 0;
}

static struct sockaddr_storage make_sockaddr(const char *text, uint16_t port, socklen_t *ret_length)
{
	struct sockaddr_storage storage = { 0 };
	struct sockaddr_in *v4 = (struct sockaddr_in *)&storage;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&storage;

	if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(port);
		*ret_length = sizeof(*v4);
	} else {
		assert_int_equal(inet_pton(AF_INET6, text, &v6->sin6_addr), 1);
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons(port);
		*ret_length = sizeof(*v6);
	}
	return storage;
}

/* A socket of a party, bound to its address. */
static int open_socket(const struct scene *scene, enum party party, int type, int proto,
		       uint16_t port)
{
	_cleanup_netns_ int back = -1;
	struct sockaddr_storage addr;
	struct timeval patience = { .tv_sec = PATIENCE_MS / 1000 };
	struct linger reset = { .l_onoff = 1 };
	socklen_t length;
	int on = 1, fd;

	assert_int_equal(pg_netns_enter(netns_of(party), &back), 0);
	fd = socket(scene->family == 4 ? AF_INET : AF_INET6, type | SOCK_CLOEXEC, proto);
	assert_true(fd >= 0);
	addr = make_sockaddr(addr_of(scene, party), port, &length);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)), 0);
	/* Nothing is sent again and again after the test that it belongs to. */
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)), 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)), 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)), 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, length), 0);
	return fd;
}

static void connect_to(int fd, const char *text, uint16_t port)
{
	socklen_t length;
	struct sockaddr_storage addr = make_sockaddr(text, port, &length);

	assert_int_equal(connect(fd, (struct sockaddr *)&addr, length), 0);
}

static void start_tcp(const struct scene *scene, enum party from, enum party to, uint16_t port,
		      struct flow *flow)
{
	_cleanup_close_ int listener = open_socket(scene, SERVER, SOCK_STREAM, 0, 80);

	assert_int_equal(listen(listener, 1), 0);
	flow->client = open_socket(scene, from, SOCK_STREAM, 0, 0);
	connect_to(flow->client, addr_of(scene, to), port);
	flow->server = accept(listener, NULL, NULL);
	assert_true(flow->server >= 0);
}

/* One port for each client, so that the server's socket is connected, too. */
static void start_udp(const struct scene *scene, enum party from, struct flow *flow)
{
	uint16_t port = (uint16_t)(5000 + from);
	struct sockaddr_storage peer;
	socklen_t length = sizeof(peer);
	char byte;

	flow->server = open_socket(scene, SERVER, SOCK_DGRAM, 0, port);
	flow->client = open_socket(scene, from, SOCK_DGRAM, 0, 0);
	connect_to(flow->client, addr_of(scene, SERVER), port);
	assert_int_equal(send(flow->client, "?", 1, 0), 1);
	assert_int_equal(recvfrom(flow->server, &byte, 1, 0, (struct sockaddr *)&peer, &length), 1);
	assert_int_equal(connect(flow->server, (struct sockaddr *)&peer, length), 0);
}

/* Pings of one identifier are one flow. */
static void start_ping(const struct scene *scene, enum party from, struct flow *flow)
{
	_cleanup_netns_ int back = -1;
	_cleanup_close_ int range = -1;

	assert_int_equal(pg_netns_enter(netns_of(from), &back), 0);
	range = open("/proc/sys/net/ipv4/ping_group_range", O_WRONLY | O_CLOEXEC);
	assert_int_equal(write(range, "0 0", 3), 3);
	flow->server = -1;
	flow->client = open_socket(scene, from, SOCK_DGRAM,
				   scene->family == 4 ? IPPROTO_ICMP : IPPROTO_ICMPV6, 0);
	connect_to(flow->client, addr_of(scene, SERVER), 0);
}

static void send_to_server(const struct scene *scene, const struct flow *flow)
{
	const uint8_t echo[8] = { scene->family == 4 ? ICMP_ECHO : ICMPV6_ECHO_REQUEST };

	if (flow->kind == PING)
		assert_int_equal(send(flow->client, echo, sizeof(echo), 0), sizeof(echo));
	else
		assert_int_equal(send(flow->client, "a", 1, 0), 1);
}

static void assert_received(int fd, const char *what)
{
	char bytes[64];

	if (recv(fd, bytes, sizeof(bytes), 0) <= 0)
		fail_msg("%s: nothing came", what);
}

static const char *const names[KINDS] = { "tcp", "udp", "ping", "dnat" };

/* There and back. */
static void assert_goes_on(const struct scene *scene, const struct flow *flow)
{
	send_to_server(scene, flow);
	if (flow->kind != PING) {
		assert_received(flow->server, names[flow->kind]);
		assert_int_equal(send(flow->server, "b", 1, 0), 1);
	}
	assert_received(flow->client, names[flow->kind]);
}

/* Packets that a rule dropped. */
static uint64_t count(const struct scene *scene, const char *rule, enum pg_direction direction)
{
	const struct pg_backend_options options = { 0 };
	_cleanup_counters_ struct pg_counters counters = { 0 };
	_cleanup_diags_ struct pg_diags diags = { 0 };
	struct pg_backend_handle *handle;
	uint64_t packets = 0;

	assert_int_equal(scene->backend->open(&options, true, &diags, &handle), 0);
	assert_int_equal(scene->backend->counters(handle, &diags, &counters), 0);
	scene->backend->close(handle);
	pg_array_foreach(counter, &counters.list) {
		if (!strcmp(counter->rule, rule) && counter->direction == direction &&
		    counter->verdict == PG_VERDICT_DENY)
			packets += counter->packets;
	}
	return packets;
}

static void await_drop(const struct scene *scene, const char *rule, enum pg_direction direction,
		       uint64_t before)
{
	for (int ms = 0; ms < PATIENCE_MS; ms += 10) {
		if (count(scene, rule, direction) > before)
			return;
		usleep(10000);
	}
	fail_msg("rule '%s' dropped nothing", rule);
}

static void assert_silent(int fd)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

	assert_int_equal(poll(&poll_fd, 1, 0), 0);
}

/* What either side sends is a new flow's, and dropped as that. */
static void assert_is_cut(const struct scene *scene, const struct flow *flow)
{
	uint64_t before;
	char rule[16];

	snprintf(rule, sizeof(rule), "rule-1.%d", flow->kind + 1);
	before = count(scene, rule, PG_INGRESS);
	send_to_server(scene, flow);
	await_drop(scene, rule, PG_INGRESS, before);
	if (flow->kind == PING) {
		assert_silent(flow->client);
		return;
	}
	assert_silent(flow->server);
	before = count(scene, "default-deny", PG_EGRESS);
	assert_int_equal(send(flow->server, "b", 1, 0), 1);
	await_drop(scene, "default-deny", PG_EGRESS, before);
	assert_silent(flow->client);
}

static void start(const struct scene *scene, struct flow flows[KINDS], enum party local,
		  enum party world)
{
	for (int kind = 0; kind < KINDS; kind++)
		flows[kind].kind = (enum kind)kind;
	start_tcp(scene, local, SERVER, 80, &flows[TCP]);
	start_tcp(scene, world, HOST, 8080, &flows[DNAT]);
	start_udp(scene, local, &flows[UDP]);
	start_ping(scene, local, &flows[PING]);
	for (int kind = 0; kind < KINDS; kind++)
		assert_goes_on(scene, &flows[kind]);
}

static void stop(struct flow flows[KINDS])
{
	for (int kind = 0; kind < KINDS; kind++) {
		close(flows[kind].client);
		if (flows[kind].server >= 0)
			close(flows[kind].server);
	}
}

/* The server sends nothing of its own, and takes nothing from some. */
static void make_policy(const struct scene *scene, struct pg_policy *policy)
{
	bool v4 = scene->family == 4;
	struct pg_rule *rule = build_rule(policy, "app=0", true);
	struct pg_entry *entry;

	rule->default_deny[PG_INGRESS] = false;
	entry = build_deny(rule, PG_INGRESS);
	build_peer(entry, "app=1");
	build_ports(entry, PG_PROTO_TCP, 80, 80);
	entry = build_deny(rule, PG_INGRESS);
	build_peer(entry, "app=1");
	build_ports(entry, PG_PROTO_UDP, 5000, 5999);
	entry = build_deny(rule, PG_INGRESS);
	build_peer(entry, "app=1");
	build_ports(entry, v4 ? PG_PROTO_ICMP : PG_PROTO_ICMPV6, v4 ? 8 : 128, v4 ? 8 : 128);
	entry = build_deny(rule, PG_INGRESS);
	build_cidr(entry, addr_of(scene, WORLD_DENIED), NULL);
	/* The port after DNAT. */
	build_ports(entry, PG_PROTO_TCP, 80, 80);
}

static void prepare(const struct pg_policy *policy, enum pg_on_revoke on_revoke,
		    struct pg_prepared *prepared)
{
	static const struct pg_sources no_sources;
	const struct pg_intent_options options = { .on_revoke = on_revoke };
	_cleanup_diags_ struct pg_diags diags = { 0 };

	assert_int_equal(pg_prepare(&no_sources, policy, &endpoints, &options, &diags, prepared),
			 0);
}

static struct pg_enforce_result enforce(const struct scene *scene, const struct pg_policy *policy,
					enum pg_on_revoke on_revoke)
{
	const struct pg_backend_options options = { .flavour = scene->flavour };
	_cleanup_prepared_ struct pg_prepared prepared = { 0 };
	_cleanup_diags_ struct pg_diags diags = { 0 };
	struct pg_enforce_result result;

	prepare(policy, on_revoke, &prepared);
	if (pg_enforce(scene->backend, &options, &prepared.intent, &diags, &result))
		fail_msg("%s", diags.list.items[0].text);
	return result;
}

/* As if it had been killed between the commit and what comes after it. */
static void commit_only(const struct scene *scene, const struct pg_policy *policy)
{
	const struct pg_backend *backend = scene->backend;
	const struct pg_backend_options options = { .flavour = scene->flavour };
	_cleanup_prepared_ struct pg_prepared prepared = { 0 };
	_cleanup_diags_ struct pg_diags diags = { 0 };
	_cleanup_objects_ struct pg_objects desired = { 0 }, live = { 0 };
	_cleanup_diff_ struct pg_diff diff = { 0 };
	struct pg_backend_handle *handle;

	prepare(policy, PG_ON_REVOKE_CUT, &prepared);
	assert_int_equal(backend->open(&options, true, &diags, &handle), 0);
	assert_int_equal(backend->plan(handle, &prepared.intent, &diags, &desired), 0);
	assert_int_equal(backend->live(handle, &diags, &live), 0);
	assert_int_equal(pg_diff_make(&desired, &live, &diff), 0);
	assert_int_equal(backend->commit(handle, &prepared.intent, &desired, &diff, &diags), 0);
	backend->close(handle);
}

struct search {
	struct pg_addr from;
	size_t found;
};

static int compare_source(const struct pg_ct_flow *flow, void *data)
{
	struct search *search = data;

	search->found += flow->family == search->from.family &&
			 !memcmp(flow->original.src, search->from.bytes, 16);
	return 0;
}

/* Flows from a party that the kernel knows. */
static size_t count_known(const struct scene *scene, enum party party)
{
	_cleanup_nfnl_ struct pg_nfnl nfnl = { 0 };
	struct search search = { .from = build_addr(addr_of(scene, party)) };

	assert_int_equal(pg_nfnl_open(&nfnl), 0);
	assert_int_equal(pg_ct_dump(&nfnl, compare_source, &search), 0);
	return search.found;
}

static void assert_all_go_on(const struct scene *scene, const struct flow flows[KINDS])
{
	for (int kind = 0; kind < KINDS; kind++)
		assert_goes_on(scene, &flows[kind]);
}

/* Backends that leave flows to the kernel's connection tracking make it forget them. */
static void assert_denied_are_cut(const struct scene *scene)
{
	if (scene->backend->revoke) {
		assert_int_equal(count_known(scene, DENIED), 0);
		assert_int_equal(count_known(scene, WORLD_DENIED), 0);
	}
	for (int kind = 0; kind < KINDS; kind++)
		assert_is_cut(scene, &scene->denied[kind]);
	assert_all_go_on(scene, scene->allowed);
}

/* Everything flows, under rules that allow it. */
static int open_scene(void **state)
{
	static const struct pg_policy open;
	struct scene *scene = *state;
	char command[512];

	snprintf(command, sizeof(command),
		 "%s-%s -t nat -F && %s-%s -t nat -A PREROUTING -d %s -p tcp --dport 8080 -j DNAT "
		 "--to-destination %s%s%s:80",
		 scene->family == 4 ? "iptables" : "ip6tables", scene->flavour,
		 scene->family == 4 ? "iptables" : "ip6tables", scene->flavour,
		 addr_of(scene, HOST), scene->family == 4 ? "" : "[", addr_of(scene, SERVER),
		 scene->family == 4 ? "" : "]");
	assert_int_equal(system(command), 0);
	enforce(scene, &open, PG_ON_REVOKE_CUT);
	start(scene, scene->denied, DENIED, WORLD_DENIED);
	start(scene, scene->allowed, ALLOWED, WORLD_ALLOWED);
	return 0;
}

static int close_scene(void **state)
{
	const struct pg_backend_options options = { 0 };
	_cleanup_diags_ struct pg_diags diags = { 0 };
	struct scene *scene = *state;
	char command[128];
	bool any;

	stop(scene->denied);
	stop(scene->allowed);
	snprintf(command, sizeof(command), "%s-%s -t nat -F",
		 scene->family == 4 ? "iptables" : "ip6tables", scene->flavour);
	return system(command) || pg_enforce_clear(&options, &diags, &any);
}

/* How many apply finds by itself. */
static size_t found_by_apply(const struct scene *scene)
{
	return scene->backend->revoke ? KINDS : 0;
}

static void test_cut(void **state)
{
	const struct scene *scene = *state;
	_cleanup_policy_ struct pg_policy policy = { 0 };

	make_policy(scene, &policy);
	assert_int_equal(enforce(scene, &policy, PG_ON_REVOKE_CUT).revoked, found_by_apply(scene));
	assert_denied_are_cut(scene);
}

/* To ask for it later, with the same policy, is soon enough for those that run still. */
static void test_keep_and_then_cut(void **state)
{
	const struct scene *scene = *state;
	_cleanup_policy_ struct pg_policy policy = { 0 };

	make_policy(scene, &policy);
	assert_int_equal(enforce(scene, &policy, PG_ON_REVOKE_KEEP).revoked, 0);
	assert_all_go_on(scene, scene->denied);
	assert_all_go_on(scene, scene->allowed);
	assert_int_equal(enforce(scene, &policy, PG_ON_REVOKE_CUT).revoked, found_by_apply(scene));
	assert_denied_are_cut(scene);
}

static void test_killed_after_the_commit(void **state)
{
	const struct scene *scene = *state;
	_cleanup_policy_ struct pg_policy policy = { 0 };
	struct pg_enforce_result again;

	make_policy(scene, &policy);
	commit_only(scene, &policy);
	assert_all_go_on(scene, scene->denied);
	again = enforce(scene, &policy, PG_ON_REVOKE_CUT);
	assert_int_equal(again.added + again.replaced + again.deleted, 0);
	assert_int_equal(again.revoked, KINDS);
	assert_denied_are_cut(scene);
}

static bool is_possible(void)
{
	_cleanup_close_ int fd = -1;

	if (!pg_netns_new(&fd) && !access("/proc/sys/net/bridge", F_OK) &&
	    !system("ip6tables-legacy -V >/dev/null 2>&1 && ip6tables-nft -V >/dev/null 2>&1"))
		return true;
	puts("1..0 # SKIP needs root, br_netfilter and both flavours of ip6tables");
	return false;
}

enum {
	LEGACY_IPV4,
	LEGACY_IPV6,
	NFT_IPV4,
	NFT_IPV6,
	NFTABLES_IPV4,
	NFTABLES_IPV6,
	EBPF_IPV4,
	EBPF_IPV6
};

/* clang-format off */
#define SCENE(fn, scene) \
	{ #fn "_" #scene, fn, open_scene, close_scene, &scenes[scene] }
/* clang-format on */
#define CONNTRACK_SCENES(fn)                                                                      \
	SCENE(fn, LEGACY_IPV4), SCENE(fn, LEGACY_IPV6), SCENE(fn, NFT_IPV4), SCENE(fn, NFT_IPV6), \
		SCENE(fn, NFTABLES_IPV4), SCENE(fn, NFTABLES_IPV6)
#define EBPF_SCENES(fn) SCENE(fn, EBPF_IPV4), SCENE(fn, EBPF_IPV6)

int main(void)
{
	static struct scene scenes[] = {
		[LEGACY_IPV4] = { &pg_backend_iptables, "legacy", .family = 4 },
		[LEGACY_IPV6] = { &pg_backend_iptables, "legacy", .family = 6 },
		[NFT_IPV4] = { &pg_backend_iptables, "nft", .family = 4 },
		[NFT_IPV6] = { &pg_backend_iptables, "nft", .family = 6 },
		[NFTABLES_IPV4] = { &pg_backend_nftables, "nft", .family = 4 },
		[NFTABLES_IPV6] = { &pg_backend_nftables, "nft", .family = 6 },
		[EBPF_IPV4] = { &pg_backend_ebpf, "nft", .family = 4 },
		[EBPF_IPV6] = { &pg_backend_ebpf, "nft", .family = 6 },
	};
	/* eBPF comes last: what it cuts connection tracking still knows, which iptables would find. */
	const struct CMUnitTest tests[] = {
		CONNTRACK_SCENES(test_cut),
		CONNTRACK_SCENES(test_keep_and_then_cut),
		CONNTRACK_SCENES(test_killed_after_the_commit),
		EBPF_SCENES(test_cut),
		EBPF_SCENES(test_keep_and_then_cut),
	};
	if (!is_possible())
		return 0;
	return cmocka_run_group_tests_name("revoke", tests, open_lab, close_lab);
}
