// SPDX-License-Identifier: GPL-2.0-only
/*
 * packets [BACKEND]
 *
 * What all backends must agree on besides the verdicts of ordinary flows: forged sources, fragments,
 * replies and errors, TCP in mid-stream, translated addresses, the host's own rules. The same
 * traffic through each of them. TAP, one line a backend and subject.
 */
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "compat/netns.h"
#include "compat/rtnl.h"
#include "tests/parity/traffic.h"

/*
 * e0 may talk to e1 on port 80, to one address of the world, and to nobody else. Nobody but e0 and that
 * address reaches e1, which may not begin anything by itself. e2 and e4 are open.
 */
static const char policy[] =
	"[{\"endpointSelector\": {\"matchLabels\": {\"id\": \"e1\"}},"
	"  \"ingress\": [{\"fromEndpoints\": [{\"matchLabels\": {\"id\": \"e0\"}}],"
	"                 \"toPorts\": [{\"ports\": [{\"port\": \"80\"}]}]},"
	"                {\"fromCIDR\": [\"8.8.8.8/32\", \"2606:4700::8:8/128\"],"
	"                 \"toPorts\": [{\"ports\": [{\"port\": \"80\"}]}]}],"
	"  \"egress\": [{}]},"
	" {\"endpointSelector\": {\"matchLabels\": {\"id\": \"e0\"}},"
	"  \"egress\": [{\"toEndpoints\": [{\"matchLabels\": {\"id\": \"e1\"}}],"
	"                \"toPorts\": [{\"ports\": [{\"port\": \"80\"}]}]},"
	"               {\"toCIDR\": [\"8.8.8.8/32\", \"2606:4700::8:8/128\"]}]}]";

/* The same, and something that changes nothing for the flows here. */
static const char more[] = "[{\"endpointSelector\": {\"matchLabels\": {\"id\": \"e1\"}},"
			   "  \"ingress\": [{\"fromCIDR\": [\"1.1.1.1/32\"],"
			   "                 \"toPorts\": [{\"ports\": [{\"port\": \"443\"}]}]}]}]";

static const struct addresses {
	const char *e0, *e1, *e2, *e4, *host, *world, *other;
} addresses[FAMILIES] = {
	{ "10.0.192.2", "10.0.192.3", "10.0.192.200", "172.20.0.2", "10.0.192.1", "8.8.8.8",
	  "8.8.4.4" },
	{ "fd00:10::2", "fd00:10::3", "fd00:10::200", "2001:db8:20::2", "fd00:10::1",
	  "2606:4700::8:8", "2606:4700::8:4" },
};

/* What the kernel makes of the lab's MAC addresses. */
#define LINK_LOCAL_E2 "fe80::70:67ff:fe00:2"
#define LINK_LOCAL_E4 "fe80::70:67ff:fe00:4"

struct scene {
	struct arena arena;
	int netns[5]; /* of e0 .. e4 */
	int host, world;
	enum family family;
	const struct addresses *at; /* of that family */
};

enum variant {
	PLAIN,
	WITH_MORE, /* rules */
	ONLY_IPV4, /* is known of the endpoints */
};

static json_t *ips_of(enum variant variant)
{
	json_t *ips;

	if (variant != ONLY_IPV4)
		return universe_ips();
	ips = json_object();
	for (size_t i = 0; universe_names[i]; i++) {
		if (universe_addrs[i][V4])
			json_object_set_new(ips, universe_names[i],
					    json_string(universe_addrs[i][V4]));
	}
	return ips;
}

static int enforce(struct scene *scene, enum variant variant)
{
	_cleanup_json_value_ json_t *rules = json_loads(policy, 0, NULL);
	_cleanup_json_value_ json_t *others = json_loads(more, 0, NULL);
	_cleanup_json_value_ json_t *endpoints = json_object(), *ips = ips_of(variant);
	_cleanup_json_value_ json_t *test = NULL;
	struct difference unused;

	if (variant == WITH_MORE)
		json_array_extend(rules, others);
	for (size_t i = 0; universe_names[i]; i++) {
		if (json_object_get(ips, universe_names[i]))
			json_object_set_new(
				endpoints, universe_names[i],
				json_pack("[o]", json_sprintf("c:id=%s", universe_names[i])));
	}
	json_object_set(endpoints, "_ips", ips);
	json_object_set_new(endpoints, "_host_ips", universe_host_ips());
	test = json_pack("{s:s, s:O, s:O, s:[]}", "id", "packets", "policy", rules, "endpoints",
			 endpoints, "flows");
	return arena_try(&scene->arena, test, &unused);
}

static bool sh(const char *command)
{
	return system(command) == 0;
}

/* e2 as e0, which would be allowed; and as somebody out of the world. */
static bool forged_sources(struct scene *scene)
{
	const struct addresses *at = scene->at;
	_cleanup_close_ int forger = traffic_raw(scene->netns[2], scene->family, IPPROTO_RAW);
	_cleanup_close_ int e0 = traffic_socket(scene->netns[0], SOCK_DGRAM, at->e0, 0);
	_cleanup_close_ int e2 = traffic_socket(scene->netns[2], SOCK_DGRAM, at->e2, 0);
	_cleanup_close_ int e1 = traffic_socket(scene->netns[1], SOCK_DGRAM, at->e1, 80);
	_cleanup_close_ int e4 = traffic_socket(scene->netns[4], SOCK_DGRAM, at->e4, 80);

	return traffic_forge(forger, at->e0, at->e1, 80) && traffic_send(e0, at->e1, 80, 7) &&
	       traffic_receive(e1) == 7 && traffic_forge(forger, at->other, at->e4, 80) &&
	       traffic_send(e2, at->e4, 80, 8) && traffic_receive(e4) == 8;
}

/* Neither from nor to one, though all of them here are open. */
static bool link_local_addresses(struct scene *scene)
{
	const struct addresses *at = scene->at;
	_cleanup_close_ int forger = traffic_raw(scene->netns[2], scene->family, IPPROTO_RAW);
	_cleanup_close_ int e2 = traffic_socket(scene->netns[2], SOCK_DGRAM, at->e2, 0);
	_cleanup_close_ int e4 = traffic_socket(scene->netns[4], SOCK_DGRAM, "::", 80);

	return traffic_forge(forger, LINK_LOCAL_E2, at->e4, 80) &&
	       traffic_send(e2, LINK_LOCAL_E4, 80, 7) && traffic_send(e2, at->e4, 80, 8) &&
	       traffic_receive(e4) == 8;
}

static bool forget_neighbours(int netns)
{
	_cleanup_netns_ int home = -1;
	_cleanup_rtnl_ struct pg_rtnl *rtnl = NULL;

	if (pg_netns_enter(netns, &home) || pg_rtnl_new(&rtnl) ||
	    pg_rtnl_forget_neighbours(rtnl, AF_INET) || pg_rtnl_forget_neighbours(rtnl, AF_INET6))
		return false;
	return !pg_rtnl_commit(rtnl);
}

/* e1 is closed in both directions, and has to be asked and to answer nevertheless. */
static bool neighbours_are_found(struct scene *scene)
{
	const struct addresses *at = scene->at;
	_cleanup_close_ int e0 = traffic_socket(scene->netns[0], SOCK_DGRAM, at->e0, 0);
	_cleanup_close_ int e1 = traffic_socket(scene->netns[1], SOCK_DGRAM, at->e1, 80);

	return forget_neighbours(scene->netns[0]) && forget_neighbours(scene->netns[1]) &&
	       traffic_send(e0, at->e1, 80, 3) && traffic_receive(e1) == 3;
}

/* e1 is closed, and the bridge hears from it nevertheless to which group it listens. */
static bool listeners_are_heard(struct scene *scene)
{
	_cleanup_close_ int e1 = traffic_socket(scene->netns[1], SOCK_DGRAM, scene->at->e1, 0);

	return traffic_join(e1, "ff05::77") &&
	       sh("timeout 5 sh -c 'until bridge mdb show | grep -q \"port vpg1 grp ff05::77\"; "
		  "do sleep 0.02; done'");
}

/* More than two, to a port that is allowed, to one that isn't, and from somebody who isn't. */
static bool fragments(struct scene *scene)
{
	const struct addresses *at = scene->at;
	_cleanup_close_ int e0 = traffic_socket(scene->netns[0], SOCK_DGRAM, at->e0, 0);
	_cleanup_close_ int e2 = traffic_socket(scene->netns[2], SOCK_DGRAM, at->e2, 0);
	_cleanup_close_ int closed = traffic_socket(scene->netns[1], SOCK_DGRAM, at->e1, 81);
	_cleanup_close_ int open = traffic_socket(scene->netns[1], SOCK_DGRAM, at->e1, 80);

	return traffic_send(e0, at->e1, 81, 6000) && traffic_send(e2, at->e1, 80, 7000) &&
	       traffic_send(e0, at->e1, 80, 8000) && traffic_receive(open) == 8000 &&
	       traffic_silent(closed);
}

static bool fragments_of_the_world(struct scene *scene)
{
	const struct addresses *at = scene->at;
	_cleanup_close_ int e0 = traffic_socket(scene->netns[0], SOCK_DGRAM, at->e0, 0);
	_cleanup_close_ int closed = traffic_socket(scene->world, SOCK_DGRAM, at->other, 53);
	_cleanup_close_ int open = traffic_socket(scene->world, SOCK_DGRAM, at->world, 53);

	return traffic_send(e0, at->other, 53, 5000) && traffic_send(e0, at->world, 53, 9000) &&
	       traffic_receive(open) == 9000 && traffic_silent(closed);
}

/* What stands before the UDP header hides neither it nor the port; in fragments neither. */
static bool extension_headers(struct scene *scene)
{
	const struct addresses *at = scene->at;
	_cleanup_close_ int e0 = traffic_socket(scene->netns[0], SOCK_DGRAM, at->e0, 0);
	_cleanup_close_ int e2 = traffic_socket(scene->netns[2], SOCK_DGRAM, at->e2, 0);
	_cleanup_close_ int closed = traffic_socket(scene->netns[1], SOCK_DGRAM, at->e1, 81);
	_cleanup_close_ int open = traffic_socket(scene->netns[1], SOCK_DGRAM, at->e1, 80);

	return traffic_pad(e0, IPV6_HOPOPTS) && traffic_pad(e0, IPV6_DSTOPTS) &&
	       traffic_pad(e2, IPV6_DSTOPTS) && traffic_send(e0, at->e1, 81, 5) &&
	       traffic_send(e2, at->e1, 80, 6) && traffic_send(e0, at->e1, 80, 7) &&
	       traffic_receive(open) == 7 && traffic_send(e0, at->e1, 81, 5000) &&
	       traffic_send(e0, at->e1, 80, 6000) && traffic_receive(open) == 6000 &&
	       traffic_silent(closed);
}

/* e1 may begin nothing, but says that nobody listens: by an ICMP error, and by a RST. */
static bool errors_and_resets(struct scene *scene)
{
	const struct addresses *at = scene->at;
	_cleanup_close_ int udp = traffic_socket(scene->netns[0], SOCK_DGRAM, at->e0, 0);
	_cleanup_close_ int tcp = -1;
	struct traffic_addr to = traffic_addr(at->e1, 80);

	if (connect(udp, &to.any, to.length) < 0 || send(udp, "", 1, 0) != 1 ||
	    traffic_receive(udp) >= 0 || errno != ECONNREFUSED)
		return false;
	tcp = traffic_connect(scene->netns[0], at->e0, at->e1, 80);
	return tcp >= 0 && traffic_await(tcp) == ECONNREFUSED;
}

/* What is no SYN and of no flow is judged like a new one: the answer of a host that knows nothing. */
static bool stray_segments(struct scene *scene)
{
	const struct addresses *at = scene->at;
	_cleanup_close_ int raw = traffic_raw(scene->netns[0], scene->family, IPPROTO_TCP);

	return traffic_stray_ack(raw, at->e0, 41000, at->e1, 81) &&
	       traffic_stray_ack(raw, at->e0, 41001, at->e1, 80) &&
	       traffic_receive_reset(raw, scene->family) == 80;
}

/* The client's own address is the peer, and the container's port is judged. */
static bool published_ports(struct scene *scene)
{
	const struct addresses *at = scene->at;
	_cleanup_close_ int server = traffic_socket(scene->netns[1], SOCK_STREAM, at->e1, 80);
	_cleanup_close_ int other = traffic_connect(scene->world, at->other, at->host, 8080);
	_cleanup_close_ int wrong = traffic_connect(scene->world, at->world, at->host, 8081);
	_cleanup_close_ int client = traffic_connect(scene->world, at->world, at->host, 8080);

	return server >= 0 && client >= 0 && !traffic_await(client) && traffic_pending(other) &&
	       traffic_pending(wrong);
}

/* From a container to a published port of another one, by way of the host's address. */
static bool published_ports_from_inside(struct scene *scene)
{
	const struct addresses *at = scene->at;
	_cleanup_close_ int server = traffic_socket(scene->netns[1], SOCK_STREAM, at->e1, 80);
	_cleanup_close_ int open = traffic_socket(scene->netns[4], SOCK_STREAM, at->e4, 80);
	_cleanup_close_ int denied = traffic_connect(scene->netns[2], at->e2, at->host, 8080);
	_cleanup_close_ int client = traffic_connect(scene->netns[2], at->e2, at->host, 8084);

	return server >= 0 && open >= 0 && client >= 0 && !traffic_await(client) &&
	       traffic_pending(denied);
}

/* The host puts its own address in the place of the container's, and takes it out of the answer. */
static bool masqueraded(struct scene *scene)
{
	const struct addresses *at = scene->at;
	_cleanup_close_ int open = traffic_socket(scene->world, SOCK_STREAM, at->world, 80);
	_cleanup_close_ int closed = traffic_socket(scene->world, SOCK_STREAM, at->other, 80);
	_cleanup_close_ int denied = traffic_connect(scene->netns[0], at->e0, at->other, 80);
	_cleanup_close_ int client = traffic_connect(scene->netns[0], at->e0, at->world, 80);
	_cleanup_close_ int served = -1;
	struct traffic_addr from, host = traffic_addr(at->host, 0);

	if (open < 0 || closed < 0 || client < 0 || traffic_await(client) ||
	    !traffic_pending(denied))
		return false;
	served = traffic_accept(open, &from);
	if (served < 0)
		return false;
	return scene->family == V4 ? !memcmp(&from.v4.sin_addr, &host.v4.sin_addr, 4)
				   : !memcmp(&from.v6.sin6_addr, &host.v6.sin6_addr, 16);
}

/* polgen only restricts: what it lets through is the host's rules to decide. */
static bool rules_of_the_host(struct scene *scene)
{
	const struct addresses *at = scene->at;
	_cleanup_close_ int e2 = traffic_socket(scene->netns[2], SOCK_DGRAM, at->e2, 0);
	_cleanup_close_ int closed = traffic_socket(scene->netns[4], SOCK_DGRAM, at->e4, 7777);
	_cleanup_close_ int open = traffic_socket(scene->netns[4], SOCK_DGRAM, at->e4, 7778);

	return traffic_send(e2, at->e4, 7777, 1) && traffic_send(e2, at->e4, 7778, 2) &&
	       traffic_receive(open) == 2 && traffic_silent(closed);
}

/* A connection that stands: the client's end in `client`, and the other one. -1: it doesn't. */
static int connect_to(struct scene *scene, int netns, const char *src, int *client)
{
	_cleanup_close_ int server =
		traffic_socket(scene->netns[1], SOCK_STREAM, scene->at->e1, 80);

	*client = traffic_connect(netns, src, scene->at->e1, 80);
	if (server < 0 || *client < 0 || traffic_await(*client))
		return -1;
	return traffic_accept(server, NULL);
}

static bool carries(int from, int to)
{
	return send(from, "x", 1, MSG_NOSIGNAL) == 1 && traffic_receive(to) == 1;
}

/* A connection that stands goes on, both ways, while another policy that allows it is applied. */
static bool connections_go_on(struct scene *scene)
{
	_cleanup_close_ int client = -1;
	_cleanup_close_ int served = connect_to(scene, scene->netns[0], scene->at->e0, &client);

	return served >= 0 && carries(client, served) && carries(served, client) &&
	       !enforce(scene, WITH_MORE) && carries(served, client) && carries(client, served) &&
	       !enforce(scene, PLAIN) && carries(client, served);
}

static bool carries_much(int from, int to)
{
	static const char zeros[20000];
	size_t received = 0;

	if (send(from, zeros, sizeof(zeros), MSG_NOSIGNAL) != sizeof(zeros))
		return false;
	while (received < sizeof(zeros)) {
		ssize_t length = traffic_receive(to);

		if (length <= 0)
			return false;
		received += (size_t)length;
	}
	return true;
}

/* The host says to e1, which it may not reach, that a packet of e1's is too big. */
static bool path_mtu(struct scene *scene)
{
	_cleanup_close_ int client = -1;
	_cleanup_close_ int served = connect_to(scene, scene->world, scene->at->world, &client);
	bool passes;

	if (served < 0 || !sh("ip link set uplink0 mtu 1280"))
		return false;
	passes = carries_much(served, client);
	return sh("ip link set uplink0 mtu 1500") && passes;
}

/* Closed in a direction, all of it is dropped there; open, it is let alone. */
static bool unknown_addresses(struct scene *scene)
{
	const struct addresses *at = scene->at;
	_cleanup_close_ int e0 = traffic_socket(scene->netns[0], SOCK_DGRAM, at->e0, 0);
	_cleanup_close_ int e2 = traffic_socket(scene->netns[2], SOCK_DGRAM, at->e2, 0);
	_cleanup_close_ int e1 = traffic_socket(scene->netns[1], SOCK_DGRAM, at->e1, 80);
	_cleanup_close_ int e4 = traffic_socket(scene->netns[4], SOCK_DGRAM, at->e4, 80);
	bool passes;

	if (enforce(scene, ONLY_IPV4))
		return false;
	passes = traffic_send(e2, at->e1, 80, 1) && traffic_send(e0, at->e4, 80, 2) &&
		 traffic_send(e2, at->e4, 80, 3) && traffic_receive(e4) == 3 && traffic_silent(e1);
	return !enforce(scene, PLAIN) && passes && traffic_send(e0, at->e1, 80, 4) &&
	       traffic_receive(e1) == 4;
}

#define ANY_FAMILY (1u << V4 | 1u << V6)
#define ONLY_V6	   (1u << V6)

static const struct subject {
	const char *name;
	bool (*passes)(struct scene *scene);
	unsigned int families;
} subjects[] = {
	{ "forged source addresses are dropped", forged_sources, ANY_FAMILY },
	{ "link-local addresses are nobody's own", link_local_addresses, ONLY_V6 },
	{ "neighbours of closed endpoints are found", neighbours_are_found, ANY_FAMILY },
	{ "multicast listeners are heard", listeners_are_heard, ONLY_V6 },
	{ "fragments follow the first of them", fragments, ANY_FAMILY },
	{ "fragments to the world", fragments_of_the_world, ANY_FAMILY },
	{ "extension headers hide nothing", extension_headers, ONLY_V6 },
	{ "ICMP errors and resets come back", errors_and_resets, ANY_FAMILY },
	{ "segments of no connection are judged", stray_segments, ANY_FAMILY },
	{ "published ports are judged as the container's", published_ports, ANY_FAMILY },
	{ "published ports from another container", published_ports_from_inside, ANY_FAMILY },
	{ "masqueraded flows get their answers", masqueraded, ANY_FAMILY },
	{ "the host's own rules decide after polgen's", rules_of_the_host, ANY_FAMILY },
	{ "connections go on when a policy is applied", connections_go_on, ANY_FAMILY },
	{ "addresses that aren't known are dropped where closed", unknown_addresses, ONLY_V6 },
	{ "a path's MTU is found", path_mtu, ANY_FAMILY },
};

static const struct contender {
	const char *name;
	const struct pg_backend *backend;
	const char *flavour, *layout;
} contenders[] = {
	{ "iptables-legacy", &pg_backend_iptables, "legacy", "linear" },
	{ "iptables-nft", &pg_backend_iptables, "nft", "linear" },
	{ "iptables-legacy-tree", &pg_backend_iptables, "legacy", "tree" },
	{ "iptables-nft-tree", &pg_backend_iptables, "nft", "tree" },
	{ "iptables-legacy-set", &pg_backend_iptables, "legacy", "set" },
	{ "iptables-nft-set", &pg_backend_iptables, "nft", "set" },
	{ "nftables", &pg_backend_nftables, NULL, NULL },
	{ "ebpf", &pg_backend_ebpf, NULL, NULL },
};

/* What Docker would have: translations, and rules of its own after DOCKER-USER. */
static bool set_up_host(enum family family)
{
	static const char commands[] =
		"set -e; nat() { $iptables -t nat -A \"$@\"; }; "
		"publish() { nat PREROUTING -d $host -p tcp --dport $1 -j DNAT --to \"$2\"; }; "
		"publish 8080 \"$(printf $at $e1 80)\"; publish 8081 \"$(printf $at $e1 81)\"; "
		"publish 8084 \"$(printf $at $e4 80)\"; "
		"nat POSTROUTING -o uplink0 -j SNAT --to-source $host; "
		"$iptables -A FORWARD -d $e4 -p udp --dport 7777 -j DROP";

	setenv("iptables", family == V4 ? "iptables-nft" : "ip6tables-nft", 1);
	setenv("at", family == V4 ? "%s:%s" : "[%s]:%s", 1);
	setenv("host", addresses[family].host, 1);
	setenv("e1", addresses[family].e1, 1);
	setenv("e4", addresses[family].e4, 1);
	return sh(commands);
}

#define OUTCOMES (PG_COUNT(subjects) * FAMILIES)

/* In a process of its own. `passed`: what came of each subject, shared with the parent. */
static void play(const struct contender *contender, bool *passed)
{
	struct scene scene = {
		.arena = { .backend = contender->backend,
			   .options = { .flavour = contender->flavour,
					.layout = contender->layout } },
	};
	int err = arena_enter(&scene.arena);

	if (!err && (!set_up_host(V4) || !set_up_host(V6)))
		err = -EIO;
	if (!err)
		err = enforce(&scene, PLAIN);
	if (err)
		return;
	for (size_t i = 0; i < PG_COUNT(scene.netns); i++)
		scene.netns[i] = pg_lab_endpoint_netns(scene.arena.lab, i);
	scene.host = pg_lab_host_netns(scene.arena.lab);
	scene.world = pg_lab_world_netns(scene.arena.lab);
	for (size_t i = 0; i < OUTCOMES; i++) {
		scene.family = (enum family)(i % FAMILIES);
		scene.at = &addresses[scene.family];
		if (subjects[i / FAMILIES].families & 1u << scene.family)
			passed[i] = subjects[i / FAMILIES].passes(&scene);
	}
	arena_done(&scene.arena);
}

static void play_forked(const struct contender *contender, bool *passed)
{
	pid_t child;

	fflush(NULL);
	child = fork();
	if (!child) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		play(contender, passed);
		fflush(NULL);
		_exit(0);
	}
	if (child < 0 || waitpid(child, NULL, 0) != child)
		printf("# %s: the process of the test is lost\n", contender->name);
}

/* Yields how many failed. */
static size_t print_outcomes(const struct contender *contender, const bool *passed, size_t *number)
{
	size_t failed = 0;

	for (size_t i = 0; i < OUTCOMES; i++) {
		if (!(subjects[i / FAMILIES].families & 1u << i % FAMILIES))
			continue;
		printf("%s %zu - %s, IPv%s: %s\n", passed[i] ? "ok" : "not ok", ++*number,
		       contender->name, i % FAMILIES == V4 ? "4" : "6",
		       subjects[i / FAMILIES].name);
		failed += !passed[i];
	}
	return failed;
}

int main(int argc, char **argv)
{
	const size_t size = OUTCOMES * sizeof(bool);
	bool *passed = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	size_t number = 0, failed = 0;

	if (geteuid()) {
		puts("1..0 # SKIP needs root");
		return 0;
	}
	if (passed == MAP_FAILED)
		return 1;
	for (size_t i = 0; i < PG_COUNT(contenders); i++) {
		if (argc > 1 && strcmp(argv[1], contenders[i].name) != 0)
			continue;
		memset(passed, 0, size);
		play_forked(&contenders[i], passed);
		failed += print_outcomes(&contenders[i], passed, &number);
	}
	printf("1..%zu\n", number);
	return failed ? 1 : 0;
}
