// SPDX-License-Identifier: GPL-2.0-only
/* Namespaces and rtnetlink against the real kernel; nothing leaves namespaces made here. */
#include "tests/unit/unit.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/socket.h>

#include "compat/netns.h"
#include "compat/rtnl.h"

static int new_netns(void)
{
	int fd = -1;

	assert_int_equal(pg_netns_new(&fd), 0);
	return fd;
}

static struct pg_netns_id id_of(int fd)
{
	struct pg_netns_id id;

	assert_int_equal(pg_netns_id(fd, &id), 0);
	return id;
}

static struct pg_netns_id id_of_self(void)
{
	_cleanup_close_ int fd = -1;

	assert_int_equal(pg_netns_self(&fd), 0);
	return id_of(fd);
}

static int note_self(void *context)
{
	*(struct pg_netns_id *)context = id_of_self();
	return 7;
}

static void test_visit_and_return(void **state)
{
	struct pg_netns_id before = id_of_self(), inside = { 0 };
	_cleanup_close_ int fd = new_netns();

	(void)state;
	assert_true(pg_netns_same(before, id_of_self()));
	assert_false(pg_netns_same(before, id_of(fd)));
	assert_int_equal(pg_netns_run(fd, note_self, &inside), 7);
	assert_true(pg_netns_same(inside, id_of(fd)));
	assert_true(pg_netns_same(before, id_of_self()));
}

static void test_open_refuses_what_is_no_netns(void **state)
{
	_cleanup_close_ int fd = -1;

	(void)state;
	assert_int_equal(pg_netns_open("/proc/self/ns/mnt", &fd), -EINVAL);
	assert_int_equal(pg_netns_open("/dev/null", &fd), -EINVAL);
	assert_int_equal(pg_netns_open("/nowhere/at/all", &fd), -ENOENT);
	assert_int_equal(fd, -1);
	assert_int_equal(pg_netns_open("/proc/self/ns/net", &fd), 0);
}

static struct pg_rtnl *open_in(int fd)
{
	_cleanup_netns_ int home = -1;
	struct pg_rtnl *rtnl = NULL;

	assert_int_equal(pg_netns_enter(fd, &home), 0);
	assert_int_equal(pg_rtnl_new(&rtnl), 0);
	return rtnl;
}

static void commit(struct pg_rtnl *rtnl)
{
	int err = pg_rtnl_commit(rtnl);

	if (err)
		fail_msg("%s", pg_rtnl_error(rtnl));
}

static void test_veth_between_a_bridge_and_a_namespace(void **state)
{
	static const uint8_t mac[6] = { 2, 0, 0, 0, 0, 9 };
	_cleanup_close_ int host = new_netns(), guest = new_netns();
	_cleanup_rtnl_ struct pg_rtnl *rtnl = open_in(host), *inside = open_in(guest);
	_cleanup_rtnl_links_ struct pg_rtnl_links links = { 0 }, guest_links = { 0 };
	struct pg_rtnl_end bridge = { .name = "br0", .index = 5, .netns = -1 };
	struct pg_rtnl_end near = { .name = "v1", .index = 70000, .master = 5, .netns = -1 };
	struct pg_rtnl_end far = { .name = "eth0", .index = 3, .netns = guest };
	const struct pg_rtnl_link *link;

	(void)state;
	memcpy(far.mac, mac, sizeof(mac));
	pg_rtnl_add_bridge(rtnl, &bridge);
	pg_rtnl_add_veth(rtnl, &near, &far);
	commit(rtnl);

	assert_int_equal(pg_rtnl_links(rtnl, &links), 0);
	assert_int_equal(links.list.count, 3);
	assert_string_equal(pg_rtnl_links_by_index(&links, 5)->kind, "bridge");
	link = pg_rtnl_links_by_name(&links, "v1");
	assert_non_null(link);
	assert_int_equal(link->index, 70000);
	assert_int_equal(link->master, 5);
	assert_int_equal(link->peer, 3);
	assert_true(link->peer_ns >= 0);
	assert_string_equal(link->kind, "veth");
	assert_true(link->flags & IFF_UP);
	assert_null(pg_rtnl_links_by_index(&links, 6));
	assert_null(pg_rtnl_links_by_name(&links, "v2"));

	assert_int_equal(pg_rtnl_links(inside, &guest_links), 0);
	link = pg_rtnl_links_by_name(&guest_links, "eth0");
	assert_non_null(link);
	assert_memory_equal(link->mac, mac, sizeof(mac));
	assert_int_equal(link->peer, 70000);
}

static void test_which_namespace_a_peer_is_in(void **state)
{
	_cleanup_close_ int host = new_netns(), guest = new_netns(), other = new_netns();
	_cleanup_rtnl_ struct pg_rtnl *rtnl = open_in(host);
	_cleanup_rtnl_links_ struct pg_rtnl_links links = { 0 };
	struct pg_rtnl_end near = { .name = "v1", .netns = -1 };
	struct pg_rtnl_end far = { .name = "eth0", .netns = guest };
	int32_t guest_id = -7, other_id = -7;

	(void)state;
	pg_rtnl_add_veth(rtnl, &near, &far);
	commit(rtnl);
	assert_int_equal(pg_rtnl_links(rtnl, &links), 0);
	assert_int_equal(pg_rtnl_netns_id(rtnl, guest, &guest_id), 0);
	assert_int_equal(pg_rtnl_links_by_name(&links, "v1")->peer_ns, guest_id);
	assert_int_equal(pg_rtnl_netns_id(rtnl, other, &other_id), 0);
	assert_int_equal(other_id, -1);
	assert_int_equal(pg_rtnl_netns_id(rtnl, -1, &other_id), -EBADF);
}

static void test_many_addresses_in_batches(void **state)
{
	_cleanup_close_ int fd = new_netns();
	_cleanup_rtnl_ struct pg_rtnl *rtnl = open_in(fd);
	_cleanup_rtnl_addrs_ struct pg_rtnl_addrs addrs = { 0 };
	const int count = 3000;

	(void)state;
	for (int i = 0; i < count; i++) {
		uint32_t addr = htonl(0x0a000000 + (uint32_t)i);

		pg_rtnl_add_addr(rtnl, 1, AF_INET, &addr, 32);
	}
	pg_rtnl_set_up(rtnl, 1);
	commit(rtnl);
	assert_int_equal(pg_rtnl_addrs(rtnl, &addrs), 0);
	/* and 127.0.0.1, and ::1 where there is IPv6 */
	assert_in_range(addrs.list.count, count + 1, count + 2);
	assert_memory_equal(addrs.list.items[0].bytes, "\x0a\0\0\0", 4);
	assert_memory_equal(addrs.list.items[2999].bytes, "\x0a\0\x0b\xb7", 4);
	assert_int_equal(addrs.list.items[2999].length, 32);
	assert_int_equal(addrs.list.items[2999].index, 1);
}

static void test_the_first_error_of_a_group_is_told(void **state)
{
	_cleanup_close_ int fd = new_netns();
	_cleanup_rtnl_ struct pg_rtnl *rtnl = open_in(fd);
	struct pg_rtnl_route route = { .family = AF_INET, .index = 77 };
	uint32_t addr = htonl(0x0a000001);

	(void)state;
	pg_rtnl_set_up(rtnl, 1);
	pg_rtnl_add_route(rtnl, &route);
	pg_rtnl_add_addr(rtnl, 78, AF_INET, &addr, 32);
	assert_int_equal(pg_rtnl_commit(rtnl), -ENODEV);
	assert_memory_equal(pg_rtnl_error(rtnl), "add route: ", 11);

	/* The next group starts anew; the same address twice: */
	pg_rtnl_add_addr(rtnl, 1, AF_INET, &addr, 32);
	commit(rtnl);
	pg_rtnl_add_addr(rtnl, 1, AF_INET, &addr, 32);
	assert_int_equal(pg_rtnl_commit(rtnl), -EEXIST);
	assert_memory_equal(pg_rtnl_error(rtnl), "add address: ", 13);
}

/* Both ends of a link, each with the other as its gateway for everything. */
static void test_routes_and_neighbours_are_taken(void **state)
{
	static const uint8_t mac[6] = { 2, 0, 0, 0, 0, 1 };
	_cleanup_close_ int fd = new_netns(), guest = new_netns();
	_cleanup_rtnl_ struct pg_rtnl *rtnl = open_in(fd);
	struct pg_rtnl_end near = { .name = "v1", .index = 2, .netns = -1 };
	struct pg_rtnl_end far = { .name = "eth0", .netns = guest };
	uint32_t own = htonl(0x0a000001), gateway = htonl(0xa9fe0101), net = htonl(0xc0000200);
	struct pg_rtnl_route direct = { .family = AF_INET, .dst = &net, .length = 24, .index = 2 };
	struct pg_rtnl_route other = {
		.family = AF_INET, .gateway = &gateway, .source = &own, .index = 2
	};

	(void)state;
	pg_rtnl_add_veth(rtnl, &near, &far);
	pg_rtnl_add_addr(rtnl, 2, AF_INET, &own, 32);
	pg_rtnl_add_route(rtnl, &direct);
	pg_rtnl_add_route(rtnl, &other);
	pg_rtnl_add_neighbour(rtnl, 2, AF_INET, &gateway, mac);
	commit(rtnl);
	pg_rtnl_add_route(rtnl, &direct);
	assert_int_equal(pg_rtnl_commit(rtnl), -EEXIST);
	pg_rtnl_delete_link(rtnl, 2);
	commit(rtnl);
	pg_rtnl_delete_link(rtnl, 2);
	assert_int_equal(pg_rtnl_commit(rtnl), -ENODEV);
}

static int send_to_nobody(void *unused)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(9) };
	_cleanup_close_ int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	(void)unused;
	to.sin_addr.s_addr = htonl(0xc0000202);
	return sendto(fd, "", 1, 0, (struct sockaddr *)&to, sizeof(to)) == 1 ? 0 : -errno;
}

/* /proc/net/arp has a line of headings. */
static int count_neighbours(void *unused)
{
	_cleanup_fclose_ FILE *file = fopen("/proc/thread-self/net/arp", "re");
	char line[256];
	int count = -1;

	(void)unused;
	while (file && fgets(line, sizeof(line), file))
		count++;
	return count;
}

/* What ARP found goes, what was set stays. 192.0.2.2 answers nobody: its entry is incomplete. */
static void test_neighbours_are_forgotten(void **state)
{
	static const uint8_t mac[6] = { 2, 0, 0, 0, 0, 1 };
	_cleanup_close_ int fd = new_netns(), guest = new_netns();
	_cleanup_rtnl_ struct pg_rtnl *rtnl = open_in(fd), *inside = open_in(guest);
	struct pg_rtnl_end near = { .name = "v1", .index = 2, .netns = -1 };
	struct pg_rtnl_end far = { .name = "eth0", .index = 2, .netns = guest };
	uint32_t own = htonl(0xc0000201), fixed = htonl(0xc0000203);
	uint64_t overflows = UINT64_MAX;

	(void)state;
	pg_rtnl_add_veth(rtnl, &near, &far);
	pg_rtnl_add_addr(rtnl, 2, AF_INET, &own, 24);
	pg_rtnl_add_neighbour(rtnl, 2, AF_INET, &fixed, mac);
	commit(rtnl);
	pg_rtnl_set_up(inside, 2);
	commit(inside);
	assert_int_equal(pg_netns_run(fd, send_to_nobody, NULL), 0);
	assert_int_equal(pg_netns_run(fd, count_neighbours, NULL), 2);
	assert_int_equal(pg_rtnl_forget_neighbours(rtnl, AF_INET), 0);
	/* Of a family that has nothing to forget: its list is read while the others are queued. */
	assert_int_equal(pg_rtnl_forget_neighbours(rtnl, AF_DECnet), 0);
	commit(rtnl);
	assert_int_equal(pg_netns_run(fd, count_neighbours, NULL), 1);
	assert_int_equal(pg_rtnl_neighbour_overflows(rtnl, AF_INET, &overflows), 0);
	assert_true(overflows != UINT64_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_visit_and_return),
		cmocka_unit_test(test_open_refuses_what_is_no_netns),
		cmocka_unit_test(test_veth_between_a_bridge_and_a_namespace),
		cmocka_unit_test(test_which_namespace_a_peer_is_in),
		cmocka_unit_test(test_many_addresses_in_batches),
		cmocka_unit_test(test_the_first_error_of_a_group_is_told),
		cmocka_unit_test(test_routes_and_neighbours_are_taken),
		cmocka_unit_test(test_neighbours_are_forgotten),
	};

	if (geteuid()) {
		puts("1..0 # SKIP needs root");
		return 0;
	}
	return cmocka_run_group_tests_name("rtnl", tests, NULL, NULL);
}
