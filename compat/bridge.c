// SPDX-License-Identifier: GPL-2.0-only
#include "compat/bridge.h"

const char *pg_bridge_sysctl(uint8_t family)
{
	return family == 4 ? "net.bridge.bridge-nf-call-iptables"
			   : "net.bridge.bridge-nf-call-ip6tables";
}

int pg_bridge_calls_iptables(uint8_t family, bool *ret_calls)
{
	const char *path = family == 4 ? "/proc/sys/net/bridge/bridge-nf-call-iptables"
				       : "/proc/sys/net/bridge/bridge-nf-call-ip6tables";
	_cleanup_fclose_ FILE *file = fopen(path, "re");
	int value;

	if (!file)
		return -errno;
	if (fscanf(file, "%d", &value) != 1)
		return ferror(file) && errno ? -errno : -EIO;
	*ret_calls = value != 0;
	return 0;
}
