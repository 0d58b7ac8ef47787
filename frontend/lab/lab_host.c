// SPDX-License-Identifier: GPL-2.0-only
/* The lab's namespaces, with nothing in them yet. */
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "compat/errtext.h"
#include "compat/netns.h"
#include "compat/rtnl.h"
#include "frontend/lab/lab_internal.h"

struct setting {
	const char *path;
	const char *value;
	bool optional; /* absent where the kernel lacks what it steers */
};

static const struct setting guest_settings[] = {
	{ "/proc/sys/net/ipv4/conf/all/rp_filter", "0", false },
	{ "/proc/sys/net/ipv4/conf/default/rp_filter", "0", false },
	/* A refusal that isn't sent because others were sent before would look like a drop. */
	{ "/proc/sys/net/ipv4/icmp_ratelimit", "0", false },
	{ "/proc/sys/net/ipv4/icmp_msgs_per_sec", "100000", true },
	{ "/proc/sys/net/ipv4/icmp_msgs_burst", "100000", true },
};

/* What a namespace does by itself is no test's traffic. */
static const struct setting no_ipv6_settings[] = {
	{ "/proc/sys/net/ipv6/conf/all/disable_ipv6", "1", true },
	{ "/proc/sys/net/ipv6/conf/default/disable_ipv6", "1", true },
};

/*
 * Link-local addresses, as containers have them, but neither routers asked for nor duplicates waited
 * for. What remains are reports of multicast groups (MLD), which nothing turns off.
 */
static const struct setting ipv6_settings[] = {
	{ "/proc/sys/net/ipv6/conf/all/accept_dad", "0", false },
	{ "/proc/sys/net/ipv6/conf/default/accept_dad", "0", false },
	{ "/proc/sys/net/ipv6/conf/default/accept_ra", "0", false },
	{ "/proc/sys/net/ipv6/conf/default/router_solicitations", "0", false },
	{ "/proc/sys/net/ipv6/conf/default/accept_redirects", "0", false },
	{ "/proc/sys/net/ipv6/icmp/ratelimit", "0", false },
};

/* ip_forward first: the kernel sets others along with it. */
static const struct setting host_settings[] = {
	{ "/proc/sys/net/ipv4/ip_forward", "1", false },
	{ "/proc/sys/net/ipv4/conf/all/send_redirects", "0", false },
	{ "/proc/sys/net/ipv4/conf/default/send_redirects", "0", false },
	{ "/proc/sys/net/bridge/bridge-nf-call-iptables", "1", true },
	{ "/proc/sys/net/bridge/bridge-nf-call-ip6tables", "1", true },
};

static const struct setting host_ipv6_settings[] = {
	{ "/proc/sys/net/ipv6/conf/all/forwarding", "1", false },
};

static int complain(struct pg_diags *diags, const char *what, int err)
{
	char text[PG_ERRTEXT_MAX];

	pg_error(diags, PG_LOC_NONE, "%s: %s", what, pg_errtext(err, text));
	return err;
}

static int write_setting(const struct setting *setting)
{
	_cleanup_close_ int fd = open(setting->path, O_WRONLY | O_CLOEXEC);
	size_t length = strlen(setting->value);

	if (fd < 0)
		return -errno;
	return write(fd, setting->value, length) == (ssize_t)length ? 0 : -errno;
}

static int write_settings(const struct setting *settings, size_t count, struct pg_diags *diags)
{
	for (size_t i = 0; i < count; i++) {
		int err = write_setting(&settings[i]);

		if (err && !(settings[i].optional && (err == -ENOENT || err == -EACCES)))
			return complain(diags, settings[i].path, err);
	}
	return 0;
}

static int write_ipv6_settings(bool ipv6, struct pg_diags *diags)
{
	return ipv6 ? write_settings(ipv6_settings, PG_COUNT(ipv6_settings), diags)
		    : write_settings(no_ipv6_settings, PG_COUNT(no_ipv6_settings), diags);
}

static int set_loopback_up(struct pg_diags *diags)
{
	_cleanup_rtnl_ struct pg_rtnl *rtnl = NULL;
	int err = pg_rtnl_new(&rtnl);

	if (err)
		return complain(diags, "cannot open rtnetlink", err);
	pg_rtnl_set_up(rtnl, PG_LAB_LOOPBACK_INDEX);
	err = pg_rtnl_commit(rtnl);
	return err ? complain(diags, "cannot set the loopback interface up", err) : 0;
}

struct guest {
	bool ipv6;
	struct pg_diags *diags;
};

/* In the calling thread's namespace. */
static int set_up_guest(void *context)
{
	const struct guest *guest = context;
	int err = write_settings(guest_settings, PG_COUNT(guest_settings), guest->diags);

	err = err ?: write_ipv6_settings(guest->ipv6, guest->diags);
	return err ?: set_loopback_up(guest->diags);
}

int pg_lab_guest_new(bool ipv6, struct pg_diags *diags, int *ret_netns)
{
	struct guest guest = { ipv6, diags };
	_cleanup_close_ int fd = -1;
	int err = pg_netns_new(&fd);

	if (err)
		return complain(diags, "cannot make a network namespace", err);
	err = pg_netns_run(fd, set_up_guest, &guest);
	if (err)
		return err;
	*ret_netns = PG_TAKE_FD(fd);
	return 0;
}

/*
 * Private mounts: a /run of its own, so that neither locks nor records of polgen's and of iptables'
 * are shared with the machine's, and a bpffs, which is left out where the kernel has none.
 */
static int mount_own(struct pg_diags *diags)
{
	if (mount("", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return complain(diags, "cannot make mounts private", -errno);
	if (mount("tmpfs", "/run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=755") < 0)
		return complain(diags, "cannot mount a tmpfs on '/run'", -errno);
	if (mkdir("/run/polgen", 0755) < 0)
		return complain(diags, "cannot make '/run/polgen'", -errno);
	if (mount("bpf", "/sys/fs/bpf", "bpf", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=700") < 0 &&
	    errno != ENODEV && errno != ENOENT)
		return complain(diags, "cannot mount a bpffs on '/sys/fs/bpf'", -errno);
	return 0;
}

static int set_up_host(bool ipv6, struct pg_diags *diags)
{
	struct guest guest = { ipv6, diags };
	int err = write_settings(host_settings, PG_COUNT(host_settings), diags);

	if (!err && ipv6)
		err = write_settings(host_ipv6_settings, PG_COUNT(host_ipv6_settings), diags);
	return err ?: set_up_guest(&guest);
}

static int set_up_another_host(void *context)
{
	const struct guest *guest = context;

	return set_up_host(guest->ipv6, guest->diags);
}

int pg_lab_host_new(bool ipv6, struct pg_diags *diags, int *ret_netns)
{
	struct guest guest = { ipv6, diags };
	_cleanup_close_ int fd = -1;
	int err = pg_netns_new(&fd);

	if (err)
		return complain(diags, "cannot make a network namespace", err);
	err = pg_netns_run(fd, set_up_another_host, &guest);
	if (err)
		return err;
	*ret_netns = PG_TAKE_FD(fd);
	return 0;
}

int pg_lab_host_enter(bool ipv6, struct pg_diags *diags, int *ret_netns)
{
	int err;

	pg_raise_fd_limit();
	if (unshare(CLONE_NEWNET | CLONE_NEWNS) < 0) {
		err = -errno;
		if (err != -EPERM)
			return complain(diags, "cannot make namespaces for a lab", err);
		pg_error(diags, PG_LOC_NONE, "a lab of network namespaces needs root");
		return err;
	}
	err = mount_own(diags);
	if (!err)
		err = set_up_host(ipv6, diags);
	if (err)
		return err;
	err = pg_netns_self(ret_netns);
	return err ? complain(diags, "cannot open '/proc/thread-self/ns/net'", err) : 0;
}
