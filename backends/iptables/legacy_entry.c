// SPDX-License-Identifier: GPL-2.0-only
#include "backends/iptables/legacy_entry.h"

#include <arpa/inet.h>

#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/x_tables.h>
#include <linux/netfilter/xt_comment.h>
#include <linux/netfilter/xt_conntrack.h>
#include <linux/netfilter/xt_physdev.h>
#include <linux/netfilter/xt_sctp.h>
#include <linux/netfilter/xt_tcpudp.h>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv6/ip6_tables.h>

#include "backends/iptables/match_set.h"

#define STATE_ESTABLISHED XT_CONNTRACK_STATE_BIT(IP_CT_ESTABLISHED)
#define STATE_RELATED	  XT_CONNTRACK_STATE_BIT(IP_CT_RELATED)

const struct pg_xt_match_info pg_xt_match_infos[PG_XT_MATCHES] = {
	[PG_XT_PHYSDEV] = { "physdev", 0, XT_ALIGN(sizeof(struct xt_physdev_info)) },
	[PG_XT_CONNTRACK] = { "conntrack", 3, XT_ALIGN(sizeof(struct xt_conntrack_mtinfo3)) },
	[PG_XT_TCP] = { "tcp", 0, XT_ALIGN(sizeof(struct xt_tcp)) },
	[PG_XT_UDP] = { "udp", 0, XT_ALIGN(sizeof(struct xt_udp)) },
	[PG_XT_SCTP] = { "sctp", 0, XT_ALIGN(sizeof(struct xt_sctp_info)) },
	[PG_XT_ICMP] = { "icmp", 0, XT_ALIGN(sizeof(struct ipt_icmp)) },
	[PG_XT_ICMP6] = { "icmp6", 0, XT_ALIGN(sizeof(struct ip6t_icmp)) },
	[PG_XT_SET] = { "set", PG_MATCH_SET_REVISION,
			XT_ALIGN(sizeof(struct xt_set_info_match_v4)) },
	[PG_XT_COMMENT] = { "comment", 0, XT_ALIGN(sizeof(struct xt_comment_info)) },
};

#define MATCH_SIZE(info) (XT_ALIGN(sizeof(struct xt_entry_match)) + XT_ALIGN(sizeof(info)))

_Static_assert(
	sizeof(union pg_xt_entry) >=
		sizeof(struct ip6t_entry) + MATCH_SIZE(struct xt_physdev_info) +
			MATCH_SIZE(struct xt_conntrack_mtinfo3) + MATCH_SIZE(struct xt_sctp_info) +
			MATCH_SIZE(struct xt_set_info_match_v4) +
			MATCH_SIZE(struct xt_comment_info) +
			XT_ALIGN(sizeof(struct xt_standard_target)),
	"the largest rule has the larger head and one match of each kind, sctp of the ports");

/* The match of a rule's ports or types, PG_XT_MATCHES if it needs none. */
static enum pg_xt_match port_match(const struct pg_tree_rule *rule)
{
	if (!rule->has_dport)
		return PG_XT_MATCHES;
	switch (rule->proto.n) {
	case 1:
		return PG_XT_ICMP;
	case 6:
		return PG_XT_TCP;
	case 17:
		return PG_XT_UDP;
	case 58:
		return PG_XT_ICMP6;
	case 132:
		return PG_XT_SCTP;
	default:
		return PG_XT_MATCHES;
	}
}

unsigned int pg_xt_entry_matches(const struct pg_tree_rule *rule)
{
	enum pg_xt_match ports = port_match(rule);
	unsigned int matches = 0;

	if (rule->physdev_in[0] || rule->physdev_out[0])
		matches |= 1u << PG_XT_PHYSDEV;
	if (rule->ct_states)
		matches |= 1u << PG_XT_CONNTRACK;
	if (ports != PG_XT_MATCHES)
		matches |= 1u << ports;
	if (rule->has_set)
		matches |= 1u << PG_XT_SET;
	if (rule->comment[0])
		matches |= 1u << PG_XT_COMMENT;
	return matches;
}

/* Both families' entries are the same but for their head. */
struct head {
	size_t size;
	size_t target_offset, next_offset, counters; /* where in the head these are */
};

static const struct head *head_of(uint8_t family)
{
	static const struct head v4 = { sizeof(struct ipt_entry),
					offsetof(struct ipt_entry, target_offset),
					offsetof(struct ipt_entry, next_offset),
					offsetof(struct ipt_entry, counters) },
				 v6 = { sizeof(struct ip6t_entry),
					offsetof(struct ip6t_entry, target_offset),
					offsetof(struct ip6t_entry, next_offset),
					offsetof(struct ip6t_entry, counters) };

	return family == 4 ? &v4 : &v6;
}

static void set_mask(uint8_t *mask, size_t size, const struct pg_prefix *prefix)
{
	struct pg_addr ones = { .family = prefix->addr.family };
	struct pg_prefix masked;

	if (!prefix->addr.family)
		return;
	memset(ones.bytes, 0xff, size);
	masked = pg_prefix_of(&ones, prefix->length);
	memcpy(mask, masked.addr.bytes, size);
}

static void encode_head4(const struct pg_tree_rule *rule, struct ipt_entry *entry)
{
	memcpy(&entry->ip.src, rule->src.addr.bytes, sizeof(entry->ip.src));
	memcpy(&entry->ip.dst, rule->dst.addr.bytes, sizeof(entry->ip.dst));
	set_mask((uint8_t *)&entry->ip.smsk, sizeof(entry->ip.smsk), &rule->src);
	set_mask((uint8_t *)&entry->ip.dmsk, sizeof(entry->ip.dmsk), &rule->dst);
	entry->ip.proto = rule->proto.n;
	entry->ip.flags = rule->target == PG_TARGET_GOTO ? IPT_F_GOTO : 0;
	entry->ip.invflags = (uint8_t)((rule->src_not ? IPT_INV_SRCIP : 0) |
				       (rule->dst_not ? IPT_INV_DSTIP : 0));
}

static void encode_head6(const struct pg_tree_rule *rule, struct ip6t_entry *entry)
{
	memcpy(&entry->ipv6.src, rule->src.addr.bytes, sizeof(entry->ipv6.src));
	memcpy(&entry->ipv6.dst, rule->dst.addr.bytes, sizeof(entry->ipv6.dst));
	set_mask((uint8_t *)&entry->ipv6.smsk, sizeof(entry->ipv6.smsk), &rule->src);
	set_mask((uint8_t *)&entry->ipv6.dmsk, sizeof(entry->ipv6.dmsk), &rule->dst);
	entry->ipv6.proto = rule->proto.n;
	entry->ipv6.flags = (uint8_t)((rule->target == PG_TARGET_GOTO ? IP6T_F_GOTO : 0) |
				      (rule->proto.n ? IP6T_F_PROTO : 0));
	entry->ipv6.invflags = (uint8_t)((rule->src_not ? IP6T_INV_SRCIP : 0) |
					 (rule->dst_not ? IP6T_INV_DSTIP : 0));
}

/* At most so much of it, and a NUL. snprintf() takes as long as the rest of a rule. */
static void copy_text(char *to, const char *text, size_t most)
{
	size_t length = strnlen(text, most);

	memcpy(to, text, length);
	to[length] = 0;
}

/* Exactly this name, the NUL is compared too; one that ends in '+' is what others begin with. */
static void set_interface(char name[IFNAMSIZ], char mask[IFNAMSIZ], const char *wanted)
{
	size_t length;

	copy_text(name, wanted, IFNAMSIZ - 1);
	length = strlen(name);
	memset(mask, 0xff, name[length - 1] == '+' ? length - 1 : length + 1);
}

static void encode_physdev(const struct pg_tree_rule *rule, struct xt_physdev_info *info)
{
	if (rule->physdev_in[0]) {
		set_interface(info->physindev, info->in_mask, rule->physdev_in);
		info->bitmask |= XT_PHYSDEV_OP_IN;
	}
	if (rule->physdev_out[0]) {
		set_interface(info->physoutdev, info->out_mask, rule->physdev_out);
		info->bitmask |= XT_PHYSDEV_OP_OUT | XT_PHYSDEV_OP_BRIDGED;
	}
}

static void encode_conntrack(const struct pg_tree_rule *rule, struct xt_conntrack_mtinfo3 *info)
{
	info->match_flags = XT_CONNTRACK_STATE;
	info->state_mask =
		(uint16_t)((rule->ct_states & PG_CT_ESTABLISHED ? STATE_ESTABLISHED : 0) |
			   (rule->ct_states & PG_CT_RELATED ? STATE_RELATED : 0));
}

static void set_range(uint16_t range[2], uint16_t first, uint16_t last)
{
	range[0] = first;
	range[1] = last;
}

static void encode_ports(const struct pg_tree_rule *rule, enum pg_xt_match match, void *data)
{
	uint16_t first = rule->dport_first, last = rule->dport_last;
	struct xt_tcp *tcp = data;
	struct xt_udp *udp = data;
	struct xt_sctp_info *sctp = data;
	struct ipt_icmp *icmp = data;

	if (match == PG_XT_TCP) {
		set_range(tcp->spts, 0, 65535);
		set_range(tcp->dpts, first, last);
	} else if (match == PG_XT_UDP) {
		set_range(udp->spts, 0, 65535);
		set_range(udp->dpts, first, last);
	} else if (match == PG_XT_SCTP) {
		/* No ports at all is how iptables says any port. */
		if (first || last != 65535) {
			set_range(sctp->dpts, first, last);
			sctp->flags = XT_SCTP_DEST_PORTS;
		}
		/* As iptables leaves the flags that it has none of. */
		for (size_t i = 0; i < XT_NUM_SCTP_FLAGS; i++)
			sctp->flag_info[i].chunktype = 0xff;
	} else {
		/* ip6t_icmp is laid out as ipt_icmp; the codes are all of them */
		icmp->type = (uint8_t)first;
		icmp->code[1] = 0xff;
	}
}

static void encode_match(const struct pg_tree_rule *rule, enum pg_xt_match match, void *data)
{
	if (match == PG_XT_PHYSDEV)
		encode_physdev(rule, data);
	else if (match == PG_XT_CONNTRACK)
		encode_conntrack(rule, data);
	else if (match == PG_XT_SET)
		pg_match_set_encode(rule, data);
	else if (match == PG_XT_COMMENT)
		copy_text(((struct xt_comment_info *)data)->comment, rule->comment,
			  PG_COMMENT_MAX - 1);
	else
		encode_ports(rule, match, data);
}

/* The name is that of a verdict or chain for libiptc to look up; none means "go on". */
static void encode_target(const struct pg_tree_rule *rule, struct xt_standard_target *target)
{
	static const char *const names[PG_TARGETS] = {
		[PG_TARGET_NONE] = "",
		[PG_TARGET_RETURN] = "RETURN",
		[PG_TARGET_DROP] = "DROP",
		[PG_TARGET_ACCEPT] = "ACCEPT",
	};
	const char *name = names[rule->target];

	target->target.u.user.target_size = XT_ALIGN(sizeof(*target));
	copy_text(target->target.u.user.name, name ? name : rule->chain, PG_CHAIN_NAME_MAX - 1);
}

void pg_xt_entry_encode(const struct pg_tree_rule *rule, uint8_t family, union pg_xt_entry *entry)
{
	const struct head *head = head_of(family);
	unsigned int matches = pg_xt_entry_matches(rule);
	struct xt_counters counters = { .pcnt = rule->packets, .bcnt = rule->bytes };
	size_t at = head->size;
	uint16_t offset;

	memset(entry, 0, sizeof(*entry));
	if (family == 4)
		encode_head4(rule, (struct ipt_entry *)entry);
	else
		encode_head6(rule, (struct ip6t_entry *)entry);
	for (enum pg_xt_match i = 0; i < PG_XT_MATCHES; i++) {
		const struct pg_xt_match_info *info = &pg_xt_match_infos[i];
		struct xt_entry_match *match = (struct xt_entry_match *)(entry->bytes + at);

		if (!(matches & 1u << i))
			continue;
		match->u.user.match_size = (uint16_t)(XT_ALIGN(sizeof(*match)) + info->size);
		match->u.user.revision = info->revision;
		copy_text(match->u.user.name, info->name, sizeof(match->u.user.name) - 1);
		encode_match(rule, i, match->data);
		at += match->u.user.match_size;
	}
	offset = (uint16_t)at;
	memcpy(entry->bytes + head->target_offset, &offset, sizeof(offset));
	encode_target(rule, (struct xt_standard_target *)(entry->bytes + at));
	offset = (uint16_t)(at + XT_ALIGN(sizeof(struct xt_standard_target)));
	memcpy(entry->bytes + head->next_offset, &offset, sizeof(offset));
	memcpy(entry->bytes + head->counters, &counters, sizeof(counters));
}

/* False: a mask with holes. No mask is no prefix. */
static bool decode_prefix(uint8_t family, const void *addr, const void *mask,
			  struct pg_prefix *prefix)
{
	struct pg_addr bits = { .family = family };
	size_t size = family == 4 ? 4 : 16;
	uint8_t length = 0;

	memcpy(bits.bytes, mask, size);
	while (length < size * 8 && bits.bytes[length / 8] & 0x80 >> length % 8)
		length++;
	for (size_t i = length; i < size * 8; i++) {
		if (bits.bytes[i / 8] & 0x80 >> i % 8)
			return false;
	}
	if (!length)
		return true;
	memcpy(bits.bytes, addr, size);
	*prefix = (struct pg_prefix){ .addr = bits, .length = length };
	return true;
}

static bool is_zero(const void *bytes, size_t size)
{
	static const char zeros[256];

	return !memcmp(bytes, zeros, PG_MIN(size, sizeof(zeros)));
}

static bool decode_head4(const struct ipt_ip *ip, struct pg_tree_rule *rule)
{
	rule->proto = (pg_proto){ (uint8_t)ip->proto };
	rule->src_not = ip->invflags & IPT_INV_SRCIP;
	rule->dst_not = ip->invflags & IPT_INV_DSTIP;
	return ip->proto <= UINT8_MAX && !(ip->flags & ~IPT_F_GOTO) &&
	       !(ip->invflags & ~(IPT_INV_SRCIP | IPT_INV_DSTIP)) &&
	       is_zero(ip->iniface, sizeof(ip->iniface)) &&
	       is_zero(ip->outiface, sizeof(ip->outiface)) &&
	       decode_prefix(4, &ip->src, &ip->smsk, &rule->src) &&
	       decode_prefix(4, &ip->dst, &ip->dmsk, &rule->dst);
}

static bool decode_head6(const struct ip6t_ip6 *ip, struct pg_tree_rule *rule)
{
	rule->proto = (pg_proto){ (uint8_t)ip->proto };
	rule->src_not = ip->invflags & IP6T_INV_SRCIP;
	rule->dst_not = ip->invflags & IP6T_INV_DSTIP;
	return ip->proto <= UINT8_MAX && !(ip->flags & ~(IP6T_F_GOTO | IP6T_F_PROTO)) &&
	       !(ip->flags & IP6T_F_PROTO) == !ip->proto &&
	       !(ip->invflags & ~(IP6T_INV_SRCIP | IP6T_INV_DSTIP)) &&
	       is_zero(ip->iniface, sizeof(ip->iniface)) &&
	       is_zero(ip->outiface, sizeof(ip->outiface)) &&
	       decode_prefix(6, &ip->src, &ip->smsk, &rule->src) &&
	       decode_prefix(6, &ip->dst, &ip->dmsk, &rule->dst);
}

static void decode_ports(enum pg_xt_match match, const void *data, struct pg_tree_rule *rule)
{
	static const uint16_t any[2] = { 0, UINT16_MAX };
	const struct xt_sctp_info *sctp = data;
	const uint16_t *ports = any;

	rule->has_dport = true;
	if (match == PG_XT_ICMP || match == PG_XT_ICMP6) {
		/* ip6t_icmp is laid out as ipt_icmp. */
		rule->dport_first = rule->dport_last = ((const struct ipt_icmp *)data)->type;
		return;
	}
	if (match == PG_XT_TCP)
		ports = ((const struct xt_tcp *)data)->dpts;
	else if (match == PG_XT_UDP)
		ports = ((const struct xt_udp *)data)->dpts;
	else if (sctp->flags & XT_SCTP_DEST_PORTS)
		ports = sctp->dpts;
	rule->dport_first = ports[0];
	rule->dport_last = ports[1];
}

/*
 * Takes in what a match's data may say. Whether it says no more than that is seen by writing it again
 * and comparing, in the end.
 */
static void decode_match(enum pg_xt_match match, const void *data, struct pg_tree_rule *rule)
{
	const struct xt_physdev_info *physdev = data;
	const struct xt_conntrack_mtinfo3 *conntrack = data;

	if (match == PG_XT_PHYSDEV) {
		copy_text(rule->physdev_in, physdev->physindev, IFNAMSIZ - 1);
		copy_text(rule->physdev_out, physdev->physoutdev, IFNAMSIZ - 1);
	} else if (match == PG_XT_CONNTRACK) {
		rule->ct_states =
			(conntrack->state_mask & STATE_ESTABLISHED ? PG_CT_ESTABLISHED : 0u) |
			(conntrack->state_mask & STATE_RELATED ? PG_CT_RELATED : 0u);
	} else if (match == PG_XT_SET) {
		pg_match_set_decode(data, rule);
	} else if (match == PG_XT_COMMENT) {
		copy_text(rule->comment, ((const struct xt_comment_info *)data)->comment,
			  PG_COMMENT_MAX - 1);
	} else {
		decode_ports(match, data, rule);
	}
}

static enum pg_xt_match find_match(const struct xt_entry_match *match)
{
	for (enum pg_xt_match i = 0; i < PG_XT_MATCHES; i++) {
		const struct pg_xt_match_info *info = &pg_xt_match_infos[i];

		if (!strncmp(match->u.user.name, info->name, sizeof(match->u.user.name)) &&
		    match->u.user.revision == info->revision &&
		    match->u.user.match_size == XT_ALIGN(sizeof(*match)) + info->size)
			return i;
	}
	return PG_XT_MATCHES;
}

/* A comment's bytes behind its NUL are anything. */
static bool has_same_data(enum pg_xt_match match, const void *data, const void *wanted)
{
	if (match == PG_XT_COMMENT)
		return !strncmp(data, wanted, XT_MAX_COMMENT_LEN);
	return !memcmp(data, wanted, pg_xt_match_infos[match].size);
}

/* Whether an entry's matches are those that encoding the rule makes, to the byte. */
static bool has_same_matches(const char *bytes, size_t from, size_t to,
			     const struct pg_tree_rule *rule)
{
	size_t at = from;

	for (enum pg_xt_match i = 0; i < PG_XT_MATCHES; i++) {
		const struct xt_entry_match *match = (const struct xt_entry_match *)(bytes + at);
		union pg_xt_entry wanted = { 0 };

		if (!(pg_xt_entry_matches(rule) & 1u << i))
			continue;
		if (at >= to || find_match(match) != i)
			return false;
		encode_match(rule, i, wanted.bytes);
		if (!has_same_data(i, match->data, wanted.bytes))
			return false;
		at += match->u.user.match_size;
	}
	return at == to;
}

bool pg_xt_entry_decode(const void *entry, uint8_t family, struct pg_tree_rule *ret_rule)
{
	const struct head *head = head_of(family);
	const char *bytes = entry;
	struct pg_tree_rule rule = { 0 };
	struct xt_counters counters;
	uint16_t target_offset;
	bool ok;

	memcpy(&target_offset, bytes + head->target_offset, sizeof(target_offset));
	memcpy(&counters, bytes + head->counters, sizeof(counters));
	ok = family == 4 ? decode_head4(&((const struct ipt_entry *)entry)->ip, &rule)
			 : decode_head6(&((const struct ip6t_entry *)entry)->ipv6, &rule);
	for (size_t at = head->size; ok && at < target_offset;) {
		const struct xt_entry_match *match = (const struct xt_entry_match *)(bytes + at);
		enum pg_xt_match known = find_match(match);

		ok = known != PG_XT_MATCHES;
		if (ok)
			decode_match(known, match->data, &rule);
		at += match->u.user.match_size;
	}
	ok = ok && has_same_matches(bytes, head->size, target_offset, &rule);
	if (!ok)
		rule = (struct pg_tree_rule){ 0 };
	rule.packets = counters.pcnt;
	rule.bytes = counters.bcnt;
	*ret_rule = rule;
	return ok;
}

bool pg_xt_entry_is_goto(const void *entry, uint8_t family)
{
	if (family == 4)
		return ((const struct ipt_entry *)entry)->ip.flags & IPT_F_GOTO;
	return ((const struct ip6t_entry *)entry)->ipv6.flags & IP6T_F_GOTO;
}
