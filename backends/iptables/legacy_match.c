// SPDX-License-Identifier: GPL-2.0-only
#include "backends/iptables/legacy_match.h"

#include <getopt.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <sys/socket.h>

#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv6/ip6_tables.h>
#include <xtables.h>

#include "backends/iptables/legacy_entry.h"
#include "backends/iptables/legacy_ops.h"
#include "compat/errtext.h"

/* libxtables is told by globals what to do when it gives up; this one comes back from there. */
static jmp_buf gave_up;
static uint8_t asked_family;

static void __attribute__((noreturn)) PG_PRINTF(2, 3)
	give_up(enum xtables_exittype status PG_UNUSED, const char *format PG_UNUSED, ...)
{
	longjmp(gave_up, 1);
}

/* Asks the kernel; it loads the match's module if it has to. 0, or -errno. */
static int ask_revision(uint8_t family, const char *name, uint8_t revision)
{
	_cleanup_close_ int fd =
		socket(family == 4 ? AF_INET : AF_INET6, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
	struct xt_get_revision wanted = { .revision = revision };
	socklen_t size = sizeof(wanted);

	if (fd < 0)
		return -errno;
	snprintf(wanted.name, sizeof(wanted.name), "%s", name);
	if (getsockopt(fd, family == 4 ? IPPROTO_IP : IPPROTO_IPV6,
		       family == 4 ? IPT_SO_GET_REVISION_MATCH : IP6T_SO_GET_REVISION_MATCH,
		       &wanted, &size))
		return -errno;
	return 0;
}

/* Where nobody has used iptables yet: the socket option doesn't load iptables' own module. */
static int ask_first(uint8_t family, const char *name, uint8_t revision)
{
	int err = ask_revision(family, name, revision);

	if (err != -ENOPROTOOPT)
		return err;
	xtables_insmod(pg_xt_ops(family)->module, NULL, true);
	return ask_revision(family, name, revision);
}

/* libxtables' own would print and exit. It picks the highest revision that this says yes to. */
static int has_revision(const char *name, uint8_t revision, int option PG_UNUSED)
{
	return !ask_revision(asked_family, name, revision);
}

static struct option no_options[] = { { 0 } };

static struct xtables_globals globals = {
	.program_name = "polgen",
	.program_version = POLGEN_VERSION,
	.orig_opts = no_options,
	.exit_err = give_up,
	.compat_rev = has_revision,
};

static const struct xtables_match *find_match(uint8_t family, const char *name)
{
	asked_family = family;
	if (setjmp(gave_up))
		return NULL;
	xtables_init_all(&globals, family == 4 ? NFPROTO_IPV4 : NFPROTO_IPV6);
	return xtables_find_match(name, XTF_TRY_LOAD, NULL);
}

static int check_match(uint8_t family, const struct pg_xt_match_info *info, struct pg_diags *diags)
{
	int err = ask_first(family, info->name, info->revision);
	const struct xtables_match *match;
	char text[PG_ERRTEXT_MAX];

	if (err == -EPROTONOSUPPORT || err == -ENOENT) {
		pg_error(diags, PG_LOC_NONE,
			 "the kernel lacks match '%s' revision %u of IPv%u iptables", info->name,
			 info->revision, family);
		return -EOPNOTSUPP;
	}
	if (err) {
		pg_error(diags, PG_LOC_NONE, "cannot ask the kernel for iptables match '%s': %s",
			 info->name, pg_errtext(err, text));
		return err;
	}
	match = find_match(family, info->name);
	if (match && match->revision == info->revision && match->size == info->size)
		return 0;
	pg_error(diags, PG_LOC_NONE, "libxtables has no match '%s' of revision %u and %zu bytes",
		 info->name, info->revision, info->size);
	return -EOPNOTSUPP;
}

int pg_xt_match_check(const struct pg_tree *tree, struct pg_diags *diags)
{
	unsigned int matches = 0;

	pg_array_foreach(chain, &tree->chains) {
		pg_array_foreach(rule, &chain->rules)
			matches |= pg_xt_entry_matches(rule);
	}
	for (enum pg_xt_match i = 0; i < PG_XT_MATCHES; i++) {
		int err = 0;

		if (matches & 1u << i)
			err = check_match(tree->family, &pg_xt_match_infos[i], diags);
		if (err)
			return err;
	}
	return 0;
}
