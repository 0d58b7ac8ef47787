// SPDX-License-Identifier: GPL-2.0-only
#include "bench/ab_config.h"

#include "frontend/lab/hosts.h"

#define EVERYWHERE (AB_IN_TRAFFIC | AB_IN_VERDICT | AB_IN_CHANGE)

const struct ab_form ab_forms[] = {
	{ "empty", AB_EMPTY, AB_IN_VERDICT, .reference = true },
	{ "wire", AB_WIRE, AB_IN_TRAFFIC | AB_IN_HOSTS, .reference = true },
	{ "bridge", AB_BRIDGE, AB_IN_TRAFFIC | AB_IN_HOSTS, .reference = true },
	{ "iptables-top", AB_TOP, AB_IN_TRAFFIC | AB_IN_HOSTS, .reference = true },
	{ "iptables-flat", AB_FLAT, AB_IN_TRAFFIC, .counted = true },
	{ "iptables-restore", AB_RESTORE, AB_IN_CHANGE, .counted = true, .most = 100000,
	  .backend = &pg_backend_iptables, .options = { .flavour = "legacy", .layout = "linear" } },
	{ "legacy-linear", AB_POLGEN, AB_IN_TRAFFIC | AB_IN_CHANGE, .counted = true, .most = 100000,
	  .backend = &pg_backend_iptables, .options = { .flavour = "legacy", .layout = "linear" } },
	{ "legacy-tree", AB_POLGEN, AB_IN_TRAFFIC | AB_IN_CHANGE, .counted = true, .most = 100000,
	  .backend = &pg_backend_iptables, .options = { .flavour = "legacy", .layout = "tree" } },
	{ "legacy-set", AB_POLGEN, AB_IN_TRAFFIC | AB_IN_CHANGE, .counted = true, .most = 100000,
	  .backend = &pg_backend_iptables, .options = { .flavour = "legacy", .layout = "set" } },
	{ "nft-linear", AB_POLGEN, AB_IN_TRAFFIC | AB_IN_CHANGE, .counted = true, .most = 10000,
	  .backend = &pg_backend_iptables, .options = { .flavour = "nft", .layout = "linear" } },
	{ "nft-tree", AB_POLGEN, AB_IN_TRAFFIC | AB_IN_CHANGE, .counted = true, .most = 10000,
	  .backend = &pg_backend_iptables, .options = { .flavour = "nft", .layout = "tree" } },
	{ "nft-set", AB_POLGEN, AB_IN_TRAFFIC | AB_IN_CHANGE, .counted = true, .most = 100000,
	  .backend = &pg_backend_iptables, .options = { .flavour = "nft", .layout = "set" } },
	{ "nftables", AB_POLGEN, AB_IN_TRAFFIC | AB_IN_CHANGE | AB_IN_HOSTS, .counted = true,
	  .most = 100000, .backend = &pg_backend_nftables },
	{ "ebpf", AB_POLGEN, EVERYWHERE | AB_IN_HOSTS, .counted = true,
	  .backend = &pg_backend_ebpf },
	{ "ebpf-uplink", AB_POLGEN, AB_IN_HOSTS, .counted = true, .backend = &pg_backend_ebpf,
	  .uplink = PG_LAB_HOSTS_UPLINK },
	{ 0 },
};

void ab_configs_done(struct ab_configs *configs)
{
	free(configs->list.items);
	*configs = (struct ab_configs){ 0 };
}

static bool is_wanted(const char *name, const char *only)
{
	for (const char *word = only; word && *word;) {
		size_t length = strcspn(word, ",");

		if (!strncmp(name, word, length))
			return true;
		word += length + (word[length] == ',');
	}
	return !only;
}

static int add(struct ab_configs *configs, const struct ab_form *form, size_t policies,
	       bool reference, const char *only)
{
	struct ab_config config = { form, policies, reference, "" }, *added;

	if (form->counted)
		snprintf(config.name, sizeof(config.name), "%s/%zu", form->name, policies);
	else
		snprintf(config.name, sizeof(config.name), "%s", form->name);
	if (!is_wanted(config.name, only))
		return 0;
	added = pg_array_add(&configs->list);
	if (!added)
		return -ENOMEM;
	*added = config;
	return 0;
}

/* How a verdict's cost grows is asked of the smallest number. */
static int add_form(struct ab_configs *configs, const struct ab_form *form, unsigned experiment,
		    const struct ab_sizes *sizes, const char *only)
{
	int err = 0;

	if (!form->counted)
		return add(configs, form, 0, form->reference, only);
	for (size_t i = 0; i < sizes->count && !err; i++) {
		if (experiment == AB_IN_CHANGE && form->most && sizes->list[i] > form->most)
			continue;
		err = add(configs, form, sizes->list[i], !i && experiment == AB_IN_VERDICT, only);
	}
	return err;
}

int ab_configs_make(unsigned experiment, const struct ab_sizes *sizes, const char *only,
		    struct ab_configs *ret_configs)
{
	_cleanup_configs_ struct ab_configs configs = { 0 };

	for (const struct ab_form *form = ab_forms; form->name; form++) {
		int err = form->experiments & experiment
				  ? add_form(&configs, form, experiment, sizes, only)
				  : 0;

		if (err)
			return err;
	}
	*ret_configs = configs;
	configs = (struct ab_configs){ 0 };
	return 0;
}
