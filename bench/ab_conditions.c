// SPDX-License-Identifier: GPL-2.0-only
#include "bench/ab_conditions.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdarg.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <time.h>

#include "compat/netns.h"
#include "compat/rtnl.h"
#include "compat/strbuf.h"

/* The share of its time for which a quiet machine may be busy by itself. */
#define QUIET 0.05

#ifdef __SANITIZE_ADDRESS__
#define SANITIZED true
#else
#define SANITIZED false
#endif

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

static void read_date(char text[AB_CONDITION_MAX])
{
	time_t now = time(NULL);
	struct tm utc;

	gmtime_r(&now, &utc);
	strftime(text, AB_CONDITION_MAX, "%Y-%m-%d %H:%M UTC", &utc);
}

static void read_kernel(char text[AB_CONDITION_MAX])
{
	struct utsname name = { 0 };

	uname(&name);
	snprintf(text, AB_CONDITION_MAX, "%.60s %.60s %.60s", name.sysname, name.release,
		 name.machine);
}

/* The processor says so: cpuid(4), leaf 1, ECX bit 31. */
static bool is_virtual(void)
{
	_cleanup_fclose_ FILE *file = fopen("/proc/cpuinfo", "re");
	char line[4096];

	while (file && fgets(line, sizeof(line), file)) {
		if (!strncmp(line, "flags", 5))
			return strstr(line, " hypervisor");
	}
	return false;
}

static void read_cpu(char text[AB_CONDITION_MAX])
{
	char name[AB_CONDITION_MAX];

	read_line("/proc/cpuinfo", "model name\t: ", name);
	snprintf(text, AB_CONDITION_MAX, "%ld x %.100s%s", sysconf(_SC_NPROCESSORS_ONLN), name,
		 is_virtual() ? ", virtual" : "");
}

static void read_governor(char text[AB_CONDITION_MAX])
{
	read_line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "", text);
}

static void read_clocksource(char text[AB_CONDITION_MAX])
{
	read_line("/sys/devices/system/clocksource/clocksource0/current_clocksource", "", text);
}

/* The names of the weaknesses about which the kernel says something that begins so. */
static void list_weaknesses(const char *start, struct pg_strbuf *text)
{
	DIR *folder = opendir("/sys/devices/system/cpu/vulnerabilities");
	struct dirent *entry;

	while (folder && (entry = readdir(folder))) {
		char path[512], line[AB_CONDITION_MAX];

		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "/sys/devices/system/cpu/vulnerabilities/%s",
			 entry->d_name);
		read_line(path, "", line);
		if (!strncmp(line, start, strlen(start)))
			pg_strbuf_printf(text, " %s", entry->d_name);
	}
	if (folder)
		closedir(folder);
}

static void read_mitigations(char text[AB_CONDITION_MAX])
{
	_cleanup_strbuf_ struct pg_strbuf names = { 0 };

	pg_strbuf_puts(&names, "on:");
	list_weaknesses("Mitigation", &names);
	pg_strbuf_puts(&names, "; vulnerable:");
	list_weaknesses("Vulnerable", &names);
	snprintf(text, AB_CONDITION_MAX, "%s", pg_strbuf_error(&names) ? "unknown" : names.text);
}

static void read_build(char text[AB_CONDITION_MAX])
{
	snprintf(text, AB_CONDITION_MAX, "%s, compiled by %s%s", PACKAGE_STRING, __VERSION__,
		 SANITIZED ? ", sanitizers" : "");
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

static void read_veth(char text[AB_CONDITION_MAX])
{
	_cleanup_close_ int netns = -1;

	snprintf(text, AB_CONDITION_MAX, "unknown");
	if (!pg_netns_new(&netns))
		pg_netns_run(netns, read_offloads, text);
}

static const struct {
	const char *name;
	void (*read)(char text[AB_CONDITION_MAX]);
} readers[] = {
	{ "date", read_date },
	{ "build", read_build },
	{ "kernel", read_kernel },
	{ "cpu", read_cpu },
	{ "mitigations", read_mitigations },
	{ "governor", read_governor },
	{ "clocksource", read_clocksource },
	{ "veth", read_veth },
	{ "load", read_load },
};

void ab_conditions_add(struct ab_conditions *conditions, const char *name, const char *text)
{
	struct ab_condition *condition = &conditions->list[conditions->count];

	if (conditions->count == AB_CONDITIONS_MAX)
		return;
	condition->name = name;
	snprintf(condition->text, sizeof(condition->text), "%s", text);
	conditions->count++;
}

void ab_conditions_warn(struct ab_conditions *conditions, const char *format, ...)
{
	va_list arguments;

	if (conditions->warning_count == PG_COUNT(conditions->warnings))
		return;
	va_start(arguments, format);
	vsnprintf(conditions->warnings[conditions->warning_count++], AB_CONDITION_MAX, format,
		  arguments);
	va_end(arguments);
}

void ab_conditions_read(struct ab_conditions *conditions)
{
	*conditions = (struct ab_conditions){ 0 };
	for (size_t i = 0; i < PG_COUNT(readers); i++) {
		char text[AB_CONDITION_MAX];

		readers[i].read(text);
		ab_conditions_add(conditions, readers[i].name, text);
	}
	if (SANITIZED)
		ab_conditions_warn(conditions,
				   "built with sanitizers: polgen's own times are theirs");
}

void ab_conditions_judge(struct ab_conditions *conditions, const struct ab_quiet *quiet)
{
	double busy = ab_quiet_busy(quiet);
	char text[AB_CONDITION_MAX];

	snprintf(text, sizeof(text),
		 "busy for %.1f %% of %zu looks between measurements, worst %.0f %%", busy * 100,
		 quiet->looks, quiet->worst * 100);
	ab_conditions_add(conditions, "quiet", text);
	if (busy > QUIET)
		ab_conditions_warn(conditions,
				   "the machine was not quiet: %.0f %% busy with other things",
				   busy * 100);
}
