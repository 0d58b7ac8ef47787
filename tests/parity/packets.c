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

#include "tests/parity/traffic.h"

/*
 * e0 may talk to e1 on port 80, to 8.8.8.8, and to nobody else. Nobody but e0 and 8.8.8.8 reaches
 * e1, which may not begin anything by itself. e2, e3 and e4 are open.
 */
static const char policy[] =
	"[{\"endpointSelector\": {\"matchLabels\": {\"id\": \"e1\"}},"
	"  \"ingress\": [{\"fromEndpoints\": [{\"matchLabels\": {\"id\": \"e0\"}}],"
	"                 \"toPorts\": [{\"ports\": [{\"port\": \"80\"}]}]},"
	"                {\"fromCIDR\": [\"8.8.8.8/32\"],"
	"                 \"toPorts\": [{\"ports\": [{\"port\": \"80\"}]}]}],"
	"  \"egress\": [{}]},"
	" {\"endpointSelector\": {\"matchLabels\": {\"id\": \"e0\"}},"
	"  \"egress\": [{\"toEndpoints\": [{\"matchLabels\": {\"id\": \"e1\"}}],"
	"                \"toPorts\": [{\"ports\": [{\"port\": \"80\"}]}]},"
	"               {\"toCIDR\": [\"8.8.8.8/32\"]}]}]";

/* The same, and something that changes nothing for the flows here. */
static const char more[] = "[{\"endpointSelector\": {\"matchLabels\": {\"id\": \"e1\"}},"
			   "  \"ingress\": [{\"fromCIDR\": [\"1.1.1.1/32\"],"
			   "                 \"toPorts\": [{\"ports\": [{\"port\": \"443\"}]}]}]}]";

#define E0    "10.0.192.2"
#define E1    "10.0.192.3"
#define E2    "10.0.192.200"
#define E3    "10.0.193.1"
#define HOST  "10.0.192.1"
#define WORLD "8.8.8.8"
#define OTHER "8.8.4.4"

struct scene {
	struct arena arena;
	int netns[5]; /* of e0 .. e4 */
	int host, world;
};

static int enforce(struct scene *scene, bool with_more)
{
	_cleanup_json_value_ json_t *rules = json_loads(policy, 0, NULL);
	_cleanup_json_value_ json_t *others = json_loads(more, 0, NULL);
	_cleanup_json_value_ json_t *endpoints = json_object();
	_cleanup_json_value_ json_t *test = NULL;
	struct difference unused;

	if (with_more)
		json_array_extend(rules, others);
	for (size_t i = 0; universe_names[i]; i++)
		json_object_set_new(endpoints, universe_names[i],
				    json_pack("[o]", json_sprintf("c:id=%s", universe_names[i])));
	json_object_set_new(endpoints, "_ips", universe_ips());
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
	_cleanup_close_ int forger = traffic_raw(scene->netns[2], IPPROTO_RAW);
	_cleanup_close_ int e0 = traffic_socket(scene->netns[0], SOCK_DGRAM, E0, 0);
	_cleanup_close_ int e2 = traffic_socket(scene->netns[2], SOCK_DGRAM, E2, 0);
	_cleanup_close_ int e1 = traffic_socket(scene->netns[1], SOCK_DGRAM, E1, 80);
	_cleanup_close_ int e3 = traffic_socket(scene->netns[3], SOCK_DGRAM, E3, 80);

	return traffic_forge(forger, E0, E1, 80) && traffic_send(e0, E1, 80, 7) &&
	       traffic_receive(e1) == 7 && traffic_forge(forger, OTHER, E3, 80) &&
	       traffic_send(e2, E3, 80, 8) && traffic_receive(e3) == 8;
}

/* More than two, to a port that is allowed, to one that isn't, and from somebody who isn't. */
static bool fragments(struct scene *scene)
{
	_cleanup_close_ int e0 = traffic_socket(scene->netns[0], SOCK_DGRAM, E0, 0);
	_cleanup_close_ int e2 = traffic_socket(scene->netns[2], SOCK_DGRAM, E2, 0);
	_cleanup_close_ int closed = traffic_socket(scene->netns[1], SOCK_DGRAM, E1, 81);
	_cleanup_close_ int open = traffic_socket(scene->netns[1], SOCK_DGRAM, E1, 80);

	return traffic_send(e0, E1, 81, 6000) && traffic_send(e2, E1, 80, 7000) &&
	       traffic_send(e0, E1, 80, 8000) && traffic_receive(open) == 8000 &&
	       recv(closed, NULL, 0, 0) < 0 && errno == EAGAIN;
}

static bool fragments_of_the_world(struct scene *scene)
{
	_cleanup_close_ int e0 = traffic_socket(scene->netns[0], SOCK_DGRAM, E0, 0);
	_cleanup_close_ int closed = traffic_socket(scene->world, SOCK_DGRAM, OTHER, 53);
	_cleanup_close_ int open = traffic_socket(scene->world, SOCK_DGRAM, WORLD, 53);

	return traffic_send(e0, OTHER, 53, 5000) && traffic_send(e0, WORLD, 53, 9000) &&
	       traffic_receive(open) == 9000 && recv(closed, NULL, 0, 0) < 0 && errno == EAGAIN;
}

/* e1 may begin nothing, but says that nobody listens: by an ICMP error, and by a RST. */
static bool errors_and_resets(struct scene *scene)
{
	_cleanup_close_ int udp = traffic_socket(scene->netns[0], SOCK_DGRAM, E0, 0);
	_cleanup_close_ int tcp = -1;
	struct sockaddr_in to = traffic_addr(E1, 80);

	if (connect(udp, (struct sockaddr *)&to, sizeof(to)) < 0 || send(udp, "", 1, 0) != 1 ||
	    traffic_receive(udp) >= 0 || errno != ECONNREFUSED)
		return false;
	tcp = traffic_connect(scene->netns[0], E0, E1, 80);
	return tcp >= 0 && traffic_await(tcp) == ECONNREFUSED;
}

/* What is no SYN and of no flow is judged like a new one: the answer of a host that knows nothing. */
static bool stray_segments(struct scene *scene)
{
	_cleanup_close_ int raw = traffic_raw(scene->netns[0], IPPROTO_TCP);

	return traffic_stray_ack(raw, E0, 41000, E1, 81) &&
	       traffic_stray_ack(raw, E0, 41001, E1, 80) && traffic_receive_reset(raw) == 80;
}

/* The client's own address is the peer, and the container's port is judged. */
static bool published_ports(struct scene *scene)
{
	_cleanup_close_ int server = traffic_socket(scene->netns[1], SOCK_STREAM, E1, 80);
	_cleanup_close_ int other = traffic_connect(scene->world, OTHER, HOST, 8080);
	_cleanup_close_ int wrong = traffic_connect(scene->world, WORLD, HOST, 8081);
	_cleanup_close_ int client = traffic_connect(scene->world, WORLD, HOST, 8080);

	return server >= 0 && client >= 0 && !traffic_await(client) && traffic_pending(other) &&
	       traffic_pending(wrong);
}

/* From a container to a published port of another one, by way of the host's address. */
static bool published_ports_from_inside(struct scene *scene)
{
	_cleanup_close_ int server = traffic_socket(scene->netns[1], SOCK_STREAM, E1, 80);
	_cleanup_close_ int open = traffic_socket(scene->netns[3], SOCK_STREAM, E3, 80);
	_cleanup_close_ int denied = traffic_connect(scene->netns[2], E2, HOST, 8080);
	_cleanup_close_ int client = traffic_connect(scene->netns[2], E2, HOST, 8083);

	return server >= 0 && open >= 0 && client >= 0 && !traffic_await(client) &&
	       traffic_pending(denied);
}

/* The host puts its own address in the place of the container's, and takes it out of the answer. */
static bool masqueraded(struct scene *scene)
{
	_cleanup_close_ int open = traffic_socket(scene->world, SOCK_STREAM, WORLD, 80);
	_cleanup_close_ int closed = traffic_socket(scene->world, SOCK_STREAM, OTHER, 80);
	_cleanup_close_ int denied = traffic_connect(scene->netns[0], E0, OTHER, 80);
	_cleanup_close_ int client = traffic_connect(scene->netns[0], E0, WORLD, 80);
	_cleanup_close_ int served = -1;
	struct sockaddr_in from = { 0 }, host = traffic_addr(HOST, 0);
	socklen_t length = sizeof(from);

	if (open < 0 || closed < 0 || client < 0 || traffic_await(client) ||
	    !traffic_pending(denied))
		return false;
	served = accept4(open, (struct sockaddr *)&from, &length, SOCK_CLOEXEC);
	return served >= 0 && from.sin_addr.s_addr == host.sin_addr.s_addr;
}

/* polgen only restricts: what it lets through is the host's rules to decide. */
static bool rules_of_the_host(struct scene *scene)
{
	_cleanup_close_ int e2 = traffic_socket(scene->netns[2], SOCK_DGRAM, E2, 0);
	_cleanup_close_ int closed = traffic_socket(scene->netns[3], SOCK_DGRAM, E3, 7777);
	_cleanup_close_ int open = traffic_socket(scene->netns[3], SOCK_DGRAM, E3, 7778);

	return traffic_send(e2, E3, 7777, 1) && traffic_send(e2, E3, 7778, 2) &&
	       traffic_receive(open) == 2 && recv(closed, NULL, 0, 0) < 0 && errno == EAGAIN;
}

static bool carries(int from, int to)
{
	return send(from, "x", 1, MSG_NOSIGNAL) == 1 && traffic_receive(to) == 1;
}

/* A connection that stands goes on, both ways, while another policy that allows it is applied. */
static bool connections_go_on(struct scene *scene)
{
	_cleanup_close_ int server = traffic_socket(scene->netns[1], SOCK_STREAM, E1, 80);
	_cleanup_close_ int client = traffic_connect(scene->netns[0], E0, E1, 80);
	_cleanup_close_ int served = -1;

	if (server < 0 || client < 0 || traffic_await(client))
		return false;
	served = accept4(server, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	return served >= 0 && carries(client, served) && carries(served, client) &&
	       !enforce(scene, true) && carries(served, client) && carries(client, served) &&
	       !enforce(scene, false) && carries(client, served);
}

static const struct subject {
	const char *name;
	bool (*passes)(struct scene *scene);
} subjects[] = {
	{ "forged source addresses are dropped", forged_sources },
	{ "fragments follow the first of them", fragments },
	{ "fragments to the world", fragments_of_the_world },
	{ "ICMP errors and resets come back", errors_and_resets },
	{ "segments of no connection are judged", stray_segments },
	{ "published ports are judged as the container's", published_ports },
	{ "published ports from another container", published_ports_from_inside },
	{ "masqueraded flows get their answers", masqueraded },
	{ "the host's own rules decide after polgen's", rules_of_the_host },
	{ "connections go on when a policy is applied", connections_go_on },
};

static const struct contender {
	const char *name;
	const struct pg_backend *backend;
	const char *flavour;
} contenders[] = {
	{ "iptables-legacy", &pg_backend_iptables, "legacy" },
	{ "iptables-nft", &pg_backend_iptables, "nft" },
	{ "ebpf", &pg_backend_ebpf, NULL },
};

/* What Docker would have: translations, and rules of its own after DOCKER-USER. */
static bool set_up_host(void)
{
	return sh("iptables-nft -t nat -A PREROUTING -d " HOST " -p tcp --dport 8080 "
		  "-j DNAT --to-destination " E1 ":80") &&
	       sh("iptables-nft -t nat -A PREROUTING -d " HOST " -p tcp --dport 8081 "
		  "-j DNAT --to-destination " E1 ":81") &&
	       sh("iptables-nft -t nat -A PREROUTING -d " HOST " -p tcp --dport 8083 "
		  "-j DNAT --to-destination " E3 ":80") &&
	       sh("iptables-nft -t nat -A POSTROUTING -o uplink0 -j SNAT --to-source " HOST) &&
	       sh("iptables-nft -A FORWARD -d " E3 " -p udp --dport 7777 -j DROP");
}

/* In a process of its own. `passed`: what came of each subject, shared with the parent. */
static void play(const struct contender *contender, bool *passed)
{
	struct scene scene = {
		.arena = { .backend = contender->backend,
			   .options = { .flavour = contender->flavour } },
	};
	int err = arena_enter(&scene.arena);

	if (!err && !set_up_host())
		err = -EIO;
	if (!err)
		err = enforce(&scene, false);
	if (err)
		return;
	for (size_t i = 0; i < PG_COUNT(scene.netns); i++)
		scene.netns[i] = pg_lab_endpoint_netns(scene.arena.lab, i);
	scene.host = pg_lab_host_netns(scene.arena.lab);
	scene.world = pg_lab_world_netns(scene.arena.lab);
	for (size_t i = 0; i < PG_COUNT(subjects); i++)
		passed[i] = subjects[i].passes(&scene);
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

int main(int argc, char **argv)
{
	const size_t size = PG_COUNT(subjects) * sizeof(bool);
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
		for (size_t subject = 0; subject < PG_COUNT(subjects); subject++) {
			printf("%s %zu - %s: %s\n", passed[subject] ? "ok" : "not ok", ++number,
			       contenders[i].name, subjects[subject].name);
			failed += !passed[subject];
		}
	}
	printf("1..%zu\n", number);
	return failed ? 1 : 0;
}
