// SPDX-License-Identifier: GPL-2.0-only
#include "bench/ab_config.h"

const struct ab_form ab_forms[] = {
	{ "wire", AB_WIRE, .reference = true },
	{ "bridge", AB_BRIDGE, .reference = true },
	{ "iptables-top", AB_TOP, .reference = true },
	{ "iptables-flat", AB_FLAT, .counted = true },
	{ "iptables-legacy",
	  AB_POLGEN,
	  true,
	  false,
	  &pg_backend_iptables,
	  { .flavour = "legacy" } },
	{ "iptables-nft", AB_POLGEN, true, false, &pg_backend_iptables, { .flavour = "nft" } },
	{ "ebpf", AB_POLGEN, true, false, &pg_backend_ebpf, { 0 } },
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
	       const char *only)
{
	struct ab_config config = { form, policies, "" }, *added;

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

int ab_configs_make(const size_t *policies, size_t count, const char *only,
		    struct ab_configs *ret_configs)
{
	_cleanup_configs_ struct ab_configs configs = { 0 };

	for (const struct ab_form *form = ab_forms; form->name; form++) {
		for (size_t i = 0; i < (form->counted ? count : 1); i++) {
			int err = add(&configs, form, form->counted ? policies[i] : 1, only);

			if (err)
				return err;
		}
	}
	*ret_configs = configs;
	configs = (struct ab_configs){ 0 };
	return 0;
}
