// SPDX-License-Identifier: GPL-2.0-only
/* Matches of x_tables, as iptables 1.8.9 fills them: what nf_tables can't say itself, or could. */
#include <net/if.h> /* before the kernel's own, which then leaves out what it has */

#include <linux/netfilter/x_tables.h>
#include <linux/netfilter/xt_comment.h>
#include <linux/netfilter/xt_conntrack.h>
#include <linux/netfilter/xt_physdev.h>
#include <linux/netfilter/xt_sctp.h>
#include <linux/netfilter/xt_tcpudp.h>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv6/ip6_tables.h>

#include "backends/iptables/match_set.h"
#include "backends/iptables/nft.h"

/* A zeroed match of a name and size; yields its info. */
static void *start(struct pg_nft_match *match, const char *name, uint32_t revision, size_t size)
{
	*match = (struct pg_nft_match){
		.name = name,
		.revision = revision,
		.length = (uint32_t)XT_ALIGN(size),
	};
	return match->info;
}

static void set_interface(char name[IFNAMSIZ], char mask[IFNAMSIZ], const char *interface)
{
	size_t length = strnlen(interface, IFNAMSIZ - 1);

	memcpy(name, interface, length);
	/* With the NUL: a name that goes on is another interface, unless it ends in '+' here. */
	memset(mask, 0xff, interface[length - 1] == '+' ? length - 1 : length + 1);
}

bool pg_nft_match_physdev(const struct pg_tree_rule *rule, struct pg_nft_match *ret_match)
{
	struct xt_physdev_info *info;

	if (!rule->physdev_in[0] && !rule->physdev_out[0])
		return false;
	info = start(ret_match, "physdev", 0, sizeof(*info));
	if (rule->physdev_in[0]) {
		set_interface(info->physindev, info->in_mask, rule->physdev_in);
		info->bitmask |= XT_PHYSDEV_OP_IN;
	}
	if (rule->physdev_out[0]) {
		set_interface(info->physoutdev, info->out_mask, rule->physdev_out);
		info->bitmask |= XT_PHYSDEV_OP_OUT | XT_PHYSDEV_OP_BRIDGED;
	}
	return true;
}

bool pg_nft_match_conntrack(const struct pg_tree_rule *rule, struct pg_nft_match *ret_match)
{
	struct xt_conntrack_mtinfo3 *info;

	if (!rule->ct_states)
		return false;
	info = start(ret_match, "conntrack", 3, sizeof(*info));
	info->match_flags = XT_CONNTRACK_STATE;
	if (rule->ct_states & PG_CT_ESTABLISHED)
		info->state_mask |= XT_CONNTRACK_STATE_BIT(IP_CT_ESTABLISHED);
	if (rule->ct_states & PG_CT_RELATED)
		info->state_mask |= XT_CONNTRACK_STATE_BIT(IP_CT_RELATED);
	return true;
}

static bool every_port(const struct pg_tree_rule *rule)
{
	return rule->dport_first == 0 && rule->dport_last == 65535;
}

bool pg_nft_ports_are_native(const struct pg_tree_rule *rule)
{
	/* With no port to look for, `-m tcp` alone is kept as a match, so that it is listed. */
	return (rule->proto.n == PG_PROTO_TCP.n || rule->proto.n == PG_PROTO_UDP.n) &&
	       !every_port(rule);
}

static void start_sctp(struct pg_nft_match *match, const struct pg_tree_rule *rule)
{
	struct xt_sctp_info *info = start(match, "sctp", 0, sizeof(*info));

	for (size_t i = 0; i < XT_NUM_SCTP_FLAGS; i++)
		info->flag_info[i].chunktype = 0xff;
	if (every_port(rule))
		return;
	info->flags = XT_SCTP_DEST_PORTS;
	info->dpts[0] = rule->dport_first;
	info->dpts[1] = rule->dport_last;
}

/* Of one ICMP type every code. */
static void start_icmp(struct pg_nft_match *match, const struct pg_tree_rule *rule)
{
	struct ipt_icmp *info = start(match, "icmp", 0, sizeof(*info));

	info->type = (uint8_t)rule->dport_first;
	info->code[1] = 0xff;
}

static void start_icmp6(struct pg_nft_match *match, const struct pg_tree_rule *rule)
{
	struct ip6t_icmp *info = start(match, "icmp6", 0, sizeof(*info));

	info->type = (uint8_t)rule->dport_first;
	info->code[1] = 0xff;
}

static void start_every_tcp(struct pg_nft_match *match)
{
	struct xt_tcp *info = start(match, "tcp", 0, sizeof(*info));

	info->spts[1] = info->dpts[1] = 0xffff;
}

static void start_every_udp(struct pg_nft_match *match)
{
	struct xt_udp *info = start(match, "udp", 0, sizeof(*info));

	info->spts[1] = info->dpts[1] = 0xffff;
}

bool pg_nft_match_proto(const struct pg_tree_rule *rule, struct pg_nft_match *ret_match)
{
	if (!rule->has_dport || pg_nft_ports_are_native(rule))
		return false;
	if (rule->proto.n == PG_PROTO_TCP.n)
		start_every_tcp(ret_match);
	else if (rule->proto.n == PG_PROTO_UDP.n)
		start_every_udp(ret_match);
	else if (rule->proto.n == PG_PROTO_SCTP.n)
		start_sctp(ret_match, rule);
	else if (rule->proto.n == PG_PROTO_ICMP.n)
		start_icmp(ret_match, rule);
	else
		start_icmp6(ret_match, rule);
	return true;
}

bool pg_nft_match_set(const struct pg_tree_rule *rule, struct pg_nft_match *ret_match)
{
	if (!rule->has_set)
		return false;
	pg_match_set_encode(rule, start(ret_match, "set", PG_MATCH_SET_REVISION,
					sizeof(struct xt_set_info_match_v4)));
	return true;
}

bool pg_nft_match_comment(const struct pg_tree_rule *rule, struct pg_nft_match *ret_match)
{
	struct xt_comment_info *info;

	if (!rule->comment[0])
		return false;
	info = start(ret_match, "comment", 0, sizeof(*info));
	memcpy(info->comment, rule->comment, strnlen(rule->comment, PG_COMMENT_MAX - 1));
	return true;
}

/*
 * Parsing takes from a match's info what a rule can hold, builds the match anew from that and
 * compares: whatever else the info says makes a difference.
 */
static bool same(const struct pg_nft_match *built, const char *name, uint32_t revision,
		 const void *info, uint32_t length)
{
	return !strcmp(built->name, name) && built->revision == revision &&
	       built->length == length && !memcmp(built->info, info, length);
}

static void take_physdev(const void *bytes, struct pg_tree_rule *rule)
{
	const struct xt_physdev_info *info = bytes;

	if (info->bitmask & XT_PHYSDEV_OP_IN)
		memcpy(rule->physdev_in, info->physindev, IFNAMSIZ - 1);
	if (info->bitmask & XT_PHYSDEV_OP_OUT)
		memcpy(rule->physdev_out, info->physoutdev, IFNAMSIZ - 1);
}

static void take_conntrack(const void *bytes, struct pg_tree_rule *rule)
{
	const struct xt_conntrack_mtinfo3 *info = bytes;

	if (info->state_mask & XT_CONNTRACK_STATE_BIT(IP_CT_ESTABLISHED))
		rule->ct_states |= PG_CT_ESTABLISHED;
	if (info->state_mask & XT_CONNTRACK_STATE_BIT(IP_CT_RELATED))
		rule->ct_states |= PG_CT_RELATED;
}

static void take_sctp(const void *bytes, struct pg_tree_rule *rule)
{
	const struct xt_sctp_info *info = bytes;
	bool ports = info->flags & XT_SCTP_DEST_PORTS;

	rule->has_dport = true;
	rule->dport_first = ports ? info->dpts[0] : 0;
	rule->dport_last = ports ? info->dpts[1] : 65535;
}

static void take_icmp(const void *bytes, struct pg_tree_rule *rule)
{
	const struct ipt_icmp *info = bytes;

	_Static_assert(sizeof(struct ipt_icmp) == sizeof(struct ip6t_icmp) &&
			       offsetof(struct ipt_icmp, type) == offsetof(struct ip6t_icmp, type),
		       "one form for both families");
	rule->has_dport = true;
	rule->dport_first = rule->dport_last = info->type;
}

static void take_every_port(const void *bytes, struct pg_tree_rule *rule)
{
	(void)bytes;
	rule->has_dport = true;
	rule->dport_first = 0;
	rule->dport_last = 65535;
}

static void take_set(const void *bytes, struct pg_tree_rule *rule)
{
	pg_match_set_decode(bytes, rule);
}

static void take_comment(const void *bytes, struct pg_tree_rule *rule)
{
	const struct xt_comment_info *info = bytes;

	memcpy(rule->comment, info->comment, PG_COMMENT_MAX - 1);
}

static const struct {
	const char *name;
	size_t size;
	void (*take)(const void *info, struct pg_tree_rule *rule);
	bool (*build)(const struct pg_tree_rule *rule, struct pg_nft_match *ret_match);
} known[] = {
	{ "physdev", sizeof(struct xt_physdev_info), take_physdev, pg_nft_match_physdev },
	{ "conntrack", sizeof(struct xt_conntrack_mtinfo3), take_conntrack,
	  pg_nft_match_conntrack },
	{ "sctp", sizeof(struct xt_sctp_info), take_sctp, pg_nft_match_proto },
	{ "icmp", sizeof(struct ipt_icmp), take_icmp, pg_nft_match_proto },
	{ "icmp6", sizeof(struct ip6t_icmp), take_icmp, pg_nft_match_proto },
	{ "tcp", sizeof(struct xt_tcp), take_every_port, pg_nft_match_proto },
	{ "udp", sizeof(struct xt_udp), take_every_port, pg_nft_match_proto },
	{ "set", sizeof(struct xt_set_info_match_v4), take_set, pg_nft_match_set },
	{ "comment", sizeof(struct xt_comment_info), take_comment, pg_nft_match_comment },
};

bool pg_nft_match_parse(const char *name, uint32_t revision, const void *info, uint32_t length,
			struct pg_tree_rule *rule)
{
	for (size_t i = 0; i < PG_COUNT(known); i++) {
		struct pg_nft_match built;

		if (strcmp(known[i].name, name))
			continue;
		/* A second one of a kind finds the members of the first. */
		if (length < known[i].size || known[i].build(rule, &built))
			return false;
		known[i].take(info, rule);
		return known[i].build(rule, &built) && same(&built, name, revision, info, length);
	}
	return false;
}
