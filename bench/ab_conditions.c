// SPDX-License-Identifier: GPL-2.0-only
#include "bench/ab_conditions.h"

#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/utsname.h>

#include "compat/netns.h"
#include "compat/rtnl.h"

/* The rest of the first line that begins with `start`. */
static void read_line(const char *path, const char *start, char text[AB_CONDITION_MAX])
{
	_cleanup_fclose_ FILE *file = fopen(path, "re");
	char line[512];

	snprintf(text, AB_CONDITION_MAX, "unknown");
	while (file && fgets(line, sizeof(line), file)) {
		if (strncmp(line, start, strlen(start)) != 0)
			continue;
		line[strcspn(line, "\n")] = 0;
		snprintf(text, AB_CONDITION_MAX, "%.*s", AB_CONDITION_MAX - 1,
			 line + strlen(start));
		return;
	}
}

static void read_kernel(char text[AB_CONDITION_MAX])
{
	struct utsname name = { 0 };

	uname(&name);
	snprintf(text, AB_CONDITION_MAX, "%.60s %.60s", name.release, name.machine);
}

static void read_cpu(char text[AB_CONDITION_MAX])
{
	char name[AB_CONDITION_MAX];

	read_line("/proc/cpuinfo", "model name\t: ", name);
	snprintf(text, AB_CONDITION_MAX, "%ld x %.100s", sysconf(_SC_NPROCESSORS_ONLN), name);
}

static void read_load(char text[AB_CONDITION_MAX])
{
	double load[3];

	snprintf(text, AB_CONDITION_MAX, "unknown");
	if (getloadavg(load, 3) == 3)
		snprintf(text, AB_CONDITION_MAX, "%.2f %.2f %.2f", load[0], load[1], load[2]);
}

static const char *ask(int fd, uint32_t command)
{
	struct ethtool_value value = { .cmd = command };
	struct ifreq request = { .ifr_name = "ab0", .ifr_data = (char *)&value };

	if (ioctl(fd, SIOCETHTOOL, &request) < 0)
		return "unknown";
	return value.data ? "on" : "off";
}

/* In a namespace that is made for it. */
static int read_offloads(void *text)
{
	struct pg_rtnl_end near = { .name = "ab0", .netns = -1 },
			   far = { .name = "ab1", .netns = -1 };
	_cleanup_close_ int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	_cleanup_rtnl_ struct pg_rtnl *rtnl = NULL;
	int err = pg_rtnl_new(&rtnl);

	if (err)
		return err;
	pg_rtnl_add_veth(rtnl, &near, &far);
	err = pg_rtnl_commit(rtnl);
	if (!err)
		snprintf(text, AB_CONDITION_MAX, "TSO %s, GSO %s, GRO %s", ask(fd, ETHTOOL_GTSO),
			 ask(fd, ETHTOOL_GGSO), ask(fd, ETHTOOL_GGRO));
	return err;
}

void ab_conditions_read(struct ab_conditions *conditions)
{
	_cleanup_close_ int netns = -1;

	read_kernel(conditions->kernel);
	read_cpu(conditions->cpu);
	read_line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "",
		  conditions->governor);
	read_load(conditions->load);
	snprintf(conditions->offloads, AB_CONDITION_MAX, "unknown");
	if (!pg_netns_new(&netns))
		pg_netns_run(netns, read_offloads, conditions->offloads);
}
