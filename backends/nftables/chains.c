// SPDX-License-Identifier: GPL-2.0-only
/* Chains and rules of table inet polgen. */
#include "backends/nftables/layout.h"

#include <arpa/inet.h>
#include <linux/netfilter/nf_conntrack_common.h>

#include "backends/nftables/rule.h"
#include "compat/strbuf.h"

/* Chains that a direction has, some for each family: "egress-managed4". */
enum stage {
	STAGE_ENTER,   /* "egress": whether the subject is one of ours, with anything to judge */
	STAGE_JUDGE,   /* whether its headers can be read */
	STAGE_PEERS,   /* whether the peer is managed */
	STAGE_MANAGED, /* it is */
	STAGE_OTHERS,  /* it isn't */
	STAGE_ANY,     /* what is said of every peer, then the rest */
};

static const struct {
	const char *suffix;
	bool by_family;
} stages[] = {
	[STAGE_ENTER] = { "", false },	      [STAGE_JUDGE] = { "-judge", false },
	[STAGE_PEERS] = { "-peers", true },   [STAGE_MANAGED] = { "-managed", true },
	[STAGE_OTHERS] = { "-others", true }, [STAGE_ANY] = { "-any", true },
};

static struct pg_nftables_name name_chain(enum pg_direction direction, enum stage stage,
					  uint8_t family)
{
	struct pg_nftables_name name;

	snprintf(name.text, sizeof(name.text), "%s%s%s", pg_direction_name(direction),
		 stages[stage].suffix,
		 !stages[stage].by_family ? ""
		 : family == 4		  ? "4"
					  : "6");
	return name;
}

/* "egress-any-16" */
static struct pg_nftables_name name_map(enum pg_direction direction, bool any, const char *what)
{
	struct pg_nftables_name name;

	snprintf(name.text, sizeof(name.text), "%s-%s%s", pg_direction_name(direction),
		 any ? "any-" : "", what);
	return name;
}

static struct pg_nftables_name name_family(const char *what, uint8_t family)
{
	struct pg_nftables_name name;

	snprintf(name.text, sizeof(name.text), "%s%d", what, family);
	return name;
}

/* What is looked up for whom: the peers of rules that name one are in `peers`. */
struct judge {
	enum pg_direction direction;
	uint8_t family;
	const char *peers; /* NULL: every peer */
	const struct pg_nftables_use *use;
};

static struct pg_nftables_rules begin(struct pg_objects *objects, const char *chain)
{
	return (struct pg_nftables_rules){ .objects = objects,
					   .family = NFPROTO_INET,
					   .chain = chain };
}

static uint8_t nfproto(uint8_t family)
{
	return family == 4 ? NFPROTO_IPV4 : NFPROTO_IPV6;
}

/* Address of the subject or of its peer -> identity, by a map of the packet's family. */
static void find_identity(struct pg_nftables_rule *rule, const struct judge *judge, bool subject,
			  const char *map, uint32_t to)
{
	struct pg_nftables_name name = name_family(map, judge->family);

	pg_nftables_address(rule, judge->family, subject == (judge->direction == PG_EGRESS),
			    PG_REG_ADDRESS);
	pg_nftables_map(rule, name.text, PG_REG_ADDRESS, to);
}

/* Nothing between saving and giving back can end the rule. */
static void pass_through(struct pg_nftables_rule *rule, uint32_t key, uint32_t reg, uint32_t saved)
{
	pg_nftables_load(rule, key, saved);
	pg_nftables_store(rule, key, reg);
	pg_nftables_load(rule, key, reg);
	pg_nftables_store(rule, key, saved);
}

/* The key's beginning: subject, and the peer if one is asked for. Returns the next register. */
static uint32_t load_identities(struct pg_nftables_rule *rule, const struct judge *judge)
{
	pg_nftables_is_nfproto(rule, nfproto(judge->family));
	find_identity(rule, judge, true, "subjects", PG_REG_0);
	if (judge->peers)
		find_identity(rule, judge, false, judge->peers, PG_REG_1);
	pass_through(rule, NFT_META_PRIORITY, PG_REG_0, PG_REG_PRIORITY);
	if (!judge->peers)
		return PG_REG_1;
	pass_through(rule, NFT_META_MARK, PG_REG_1, PG_REG_MARK);
	return PG_REG_2;
}

/* The last step: whatever the map says of the key is done. */
static void decide(struct pg_nftables_rules *rules, struct pg_nftables_rule *rule,
		   const struct judge *judge, const char *what)
{
	struct pg_nftables_name map = name_map(judge->direction, !judge->peers, what);

	pg_nftables_map(rule, map.text, PG_REG_0, NFT_REG_VERDICT);
	pg_nftables_rules_add(rules, rule);
}

static void add_ports(struct pg_nftables_rules *rules, const struct judge *judge, unsigned int bits)
{
	uint16_t mask = htons((uint16_t)(0xffff0000u >> bits));
	struct pg_nftables_rule rule = pg_nftables_rule(rules->family, rules->chain);
	uint32_t reg = load_identities(&rule, judge);
	char what[16];

	pg_nftables_load(&rule, NFT_META_L4PROTO, reg);
	pg_nftables_payload(&rule, NFT_PAYLOAD_TRANSPORT_HEADER, 2, sizeof(mask), reg + 1);
	if (bits < 16)
		pg_nftables_mask(&rule, reg + 1, &mask, sizeof(mask));
	snprintf(what, sizeof(what), "%u", bits);
	decide(rules, &rule, judge, what);
}

static void add_types(struct pg_nftables_rules *rules, const struct judge *judge, unsigned int bits)
{
	bool v4 = judge->family == 4;
	uint8_t mask = (uint8_t)(0xff00 >> bits);
	struct pg_nftables_rule rule = pg_nftables_rule(rules->family, rules->chain);
	uint32_t reg;
	char what[16];

	pg_nftables_is_l4proto(&rule, v4 ? IPPROTO_ICMP : IPPROTO_ICMPV6);
	reg = load_identities(&rule, judge);
	pg_nftables_payload(&rule, NFT_PAYLOAD_TRANSPORT_HEADER, 0, sizeof(mask), reg);
	if (bits < 8)
		pg_nftables_mask(&rule, reg, &mask, sizeof(mask));
	snprintf(what, sizeof(what), "%s-%u", v4 ? "icmp" : "icmpv6", bits);
	decide(rules, &rule, judge, what);
}

static void add_proto(struct pg_nftables_rules *rules, const struct judge *judge)
{
	/* The other family's ICMP has no name here. */
	uint8_t strange = judge->family == 4 ? IPPROTO_ICMPV6 : IPPROTO_ICMP;
	struct pg_nftables_rule rule = pg_nftables_rule(rules->family, rules->chain);
	uint32_t reg;

	pg_nftables_load(&rule, NFT_META_L4PROTO, PG_REG_0);
	pg_nftables_compare(&rule, NFT_CMP_NEQ, PG_REG_0, &strange, sizeof(strange));
	reg = load_identities(&rule, judge);
	pg_nftables_load(&rule, NFT_META_L4PROTO, reg);
	decide(rules, &rule, judge, "proto");
}

static void add_every(struct pg_nftables_rules *rules, const struct judge *judge, const char *what)
{
	struct pg_nftables_rule rule = pg_nftables_rule(rules->family, rules->chain);

	load_identities(&rule, judge);
	decide(rules, &rule, judge, what);
}

/* The order of classify.h; a packet has ports or a type, never both. */
static void add_look_ups(struct pg_nftables_rules *rules, const struct judge *judge)
{
	uint32_t types = judge->family == 4 ? judge->use->icmp : judge->use->icmpv6;

	for (unsigned int bits = 16; bits; bits--) {
		if (judge->use->ports & 1u << bits)
			add_ports(rules, judge, bits);
	}
	for (unsigned int bits = 8; bits; bits--) {
		if (types & 1u << bits)
			add_types(rules, judge, bits);
	}
	if (judge->use->proto)
		add_proto(rules, judge);
	if (judge->use->every)
		add_every(rules, judge, "every");
}

static void go(struct pg_nftables_rules *rules, int code, const char *chain)
{
	struct pg_nftables_rule rule = pg_nftables_rule(rules->family, rules->chain);

	pg_nftables_verdict(&rule, code, chain);
	pg_nftables_rules_add(rules, &rule);
}

static void drop_malformed(struct pg_nftables_rules *rules)
{
	struct pg_nftables_rule rule = pg_nftables_rule(rules->family, rules->chain);

	pg_nftables_count(&rule, PG_COUNT_MALFORMED);
	pg_nftables_verdict(&rule, NF_DROP, NULL);
	pg_nftables_rules_add(rules, &rule);
}

static int end(const struct pg_nftables_rules *rules)
{
	return rules->err
		       ?: pg_nftables_add_chain(rules->objects, rules->family, rules->chain, NULL);
}

static int plan_peers(struct pg_objects *objects, const struct judge *judge)
{
	struct pg_nftables_name managed =
		name_chain(judge->direction, STAGE_MANAGED, judge->family);
	struct pg_nftables_name others = name_chain(judge->direction, STAGE_OTHERS, judge->family);
	struct pg_nftables_name own = name_chain(judge->direction, STAGE_PEERS, judge->family);
	struct pg_nftables_rules rules = begin(objects, own.text);
	struct pg_nftables_rule rule = pg_nftables_rule(rules.family, rules.chain);

	pg_nftables_is_nfproto(&rule, nfproto(judge->family));
	find_identity(&rule, judge, false, "peers", PG_REG_1);
	pass_through(&rule, NFT_META_MARK, PG_REG_1, PG_REG_MARK);
	pg_nftables_verdict(&rule, NFT_GOTO, managed.text);
	pg_nftables_rules_add(&rules, &rule);
	go(&rules, NFT_GOTO, others.text);
	return end(&rules);
}

static int plan_certain(struct pg_objects *objects, const struct judge *judge, enum stage stage)
{
	struct pg_nftables_name any = name_chain(judge->direction, STAGE_ANY, judge->family);
	struct pg_nftables_name own = name_chain(judge->direction, stage, judge->family);
	struct pg_nftables_rules rules = begin(objects, own.text);

	add_look_ups(&rules, judge);
	go(&rules, NFT_GOTO, any.text);
	return end(&rules);
}

static int plan_any(struct pg_objects *objects, const struct judge *judge)
{
	struct pg_nftables_name own = name_chain(judge->direction, STAGE_ANY, judge->family);
	struct pg_nftables_rules rules = begin(objects, own.text);
	struct judge closed = *judge;
	struct pg_nftables_name map = name_map(judge->direction, false, "closed");
	struct pg_nftables_rule rule;

	add_look_ups(&rules, judge);
	rule = pg_nftables_rule(rules.family, rules.chain);
	load_identities(&rule, &closed);
	pg_nftables_map(&rule, map.text, PG_REG_0, NFT_REG_VERDICT);
	pg_nftables_rules_add(&rules, &rule);
	return end(&rules);
}

static int plan_family(struct pg_objects *objects, enum pg_direction direction, uint8_t family,
		       const struct pg_nftables_uses *uses)
{
	struct judge judge = { .direction = direction,
			       .family = family,
			       .use = &uses->use[direction][false] };
	int err = plan_peers(objects, &judge);

	judge.peers = "peers";
	if (!err)
		err = plan_certain(objects, &judge, STAGE_MANAGED);
	judge.peers = "cidrs";
	if (!err)
		err = plan_certain(objects, &judge, STAGE_OTHERS);
	judge.peers = NULL;
	judge.use = &uses->use[direction][true];
	return err ?: plan_any(objects, &judge);
}

static int plan_enter(struct pg_objects *objects, enum pg_direction direction)
{
	struct pg_nftables_name own = name_chain(direction, STAGE_ENTER, 0);
	struct pg_nftables_name map = name_map(direction, false, "subjects");
	struct pg_nftables_rules rules = begin(objects, own.text);

	for (uint8_t family = 4; family <= 6; family += 2) {
		struct judge judge = { .direction = direction, .family = family };
		struct pg_nftables_rule rule = pg_nftables_rule(rules.family, rules.chain);

		load_identities(&rule, &judge);
		pg_nftables_map(&rule, map.text, PG_REG_0, NFT_REG_VERDICT);
		pg_nftables_rules_add(&rules, &rule);
	}
	return end(&rules);
}

static int plan_judge(struct pg_objects *objects, enum pg_direction direction)
{
	static const uint8_t zero;
	struct pg_nftables_name own = name_chain(direction, STAGE_JUDGE, 0);
	struct pg_nftables_rules rules = begin(objects, own.text);
	struct pg_nftables_rule rule = pg_nftables_rule(rules.family, rules.chain);

	pg_nftables_load(&rule, NFT_META_L4PROTO, PG_REG_0);
	pg_nftables_map(&rule, "protocols", PG_REG_0, NFT_REG_VERDICT);
	pg_nftables_rules_add(&rules, &rule);
	for (uint8_t family = 4; family <= 6; family += 2) {
		struct pg_nftables_name peers = name_chain(direction, STAGE_PEERS, family);

		rule = pg_nftables_rule(rules.family, rules.chain);
		pg_nftables_is_nfproto(&rule, nfproto(family));
		/* Of IPv6 whose headers can't be walked no protocol is known. */
		pg_nftables_load(&rule, NFT_META_L4PROTO, PG_REG_0);
		pg_nftables_compare(&rule, NFT_CMP_GTE, PG_REG_0, &zero, sizeof(zero));
		pg_nftables_verdict(&rule, NFT_GOTO, peers.text);
		pg_nftables_rules_add(&rules, &rule);
	}
	drop_malformed(&rules);
	return end(&rules);
}

static int plan_direction(struct pg_objects *objects, enum pg_direction direction,
			  const struct pg_nftables_uses *uses)
{
	int err = plan_enter(objects, direction);

	if (!err)
		err = plan_judge(objects, direction);
	if (!err)
		err = plan_family(objects, direction, 4, uses);
	return err ?: plan_family(objects, direction, 6, uses);
}

/* "ports" and "types": back where they were jumped from if the header is long enough. */
static int plan_readable(struct pg_objects *objects, const char *chain, uint32_t offset,
			 uint32_t length)
{
	static const uint8_t zero[2];
	struct pg_nftables_rules rules = begin(objects, chain);
	struct pg_nftables_rule rule = pg_nftables_rule(rules.family, rules.chain);

	pg_nftables_payload(&rule, NFT_PAYLOAD_TRANSPORT_HEADER, offset, length, PG_REG_0);
	pg_nftables_compare(&rule, NFT_CMP_GTE, PG_REG_0, zero, length);
	pg_nftables_verdict(&rule, NFT_RETURN, NULL);
	pg_nftables_rules_add(&rules, &rule);
	drop_malformed(&rules);
	return end(&rules);
}

/* Which protocols have ports or types that are part of keys. */
static int plan_protocols(struct pg_objects *objects)
{
	static const struct {
		uint8_t proto;
		const char *chain;
	} protocols[] = { { IPPROTO_TCP, "ports" },
			  { IPPROTO_UDP, "ports" },
			  { IPPROTO_SCTP, "ports" },
			  { IPPROTO_ICMP, "types" },
			  { IPPROTO_ICMPV6, "types" } };
	const struct pg_nftables_set set = { .key = { PG_TYPE_PROTO }, .data = PG_TYPE_VERDICT };
	int err = pg_nftables_add_set(objects, NFPROTO_INET, "protocols", &set);

	for (size_t i = 0; i < PG_COUNT(protocols) && !err; i++) {
		struct pg_nftables_value value = { .kind = PG_TYPE_VERDICT, .code = NFT_JUMP };
		struct pg_nftables_key key = { 0 };

		snprintf(value.chain, sizeof(value.chain), "%s", protocols[i].chain);
		pg_nftables_key_add(&key, &protocols[i].proto, 1);
		err = pg_nftables_add_element(objects, NFPROTO_INET, "protocols", &key, &value,
					      PG_ORIGIN_NONE);
	}
	if (!err)
		err = plan_readable(objects, "ports", 2, 2);
	return err ?: plan_readable(objects, "types", 0, 1);
}

static void pass_established(struct pg_nftables_rules *rules)
{
	struct pg_nftables_rule rule = pg_nftables_rule(rules->family, rules->chain);

	pg_nftables_state(&rule,
			  NF_CT_STATE_BIT(IP_CT_ESTABLISHED) | NF_CT_STATE_BIT(IP_CT_RELATED));
	pg_nftables_count(&rule, PG_COUNT_ESTABLISHED);
	pg_nftables_verdict(&rule, NF_ACCEPT, NULL);
	pg_nftables_rules_add(rules, &rule);
}

static int plan_base(struct pg_objects *objects, const char *chain, uint32_t hook, bool egress,
		     bool ingress)
{
	const struct pg_nftables_chain base = { .hook = hook,
						.priority = PG_NFTABLES_PRIORITY,
						.policy = NF_ACCEPT };
	struct pg_nftables_rules rules = begin(objects, chain);

	pg_nftables_neighbours(&rules);
	pass_established(&rules);
	if (egress)
		go(&rules, NFT_JUMP, pg_direction_name(PG_EGRESS));
	if (ingress)
		go(&rules, NFT_JUMP, pg_direction_name(PG_INGRESS));
	return rules.err ?: pg_nftables_add_chain(objects, rules.family, chain, &base);
}

/*
 * Never jumped to: its one rule's comment says what is installed. Nearly any
 * other expression would make the kernel look for loops of jumps each time that the rule changes, through
 * all elements of all maps.
 */
static int plan_meta(const struct pg_intent *intent, struct pg_objects *objects)
{
	struct pg_nftables_rules rules = begin(objects, PG_NFTABLES_META);
	struct pg_nftables_rule rule = pg_nftables_rule(rules.family, rules.chain);
	char text[PG_NFTABLES_META_MAX];

	pg_nftables_meta_format(intent, text);
	pg_nftables_count_here(&rule);
	pg_nftables_comment(&rule, text);
	pg_nftables_rules_add(&rules, &rule);
	return end(&rules);
}

int pg_nftables_plan_chains(const struct pg_intent *intent, const struct pg_nftables_uses *uses,
			    struct pg_objects *objects)
{
	static const char *const counters[] = { PG_COUNT_ESTABLISHED, PG_COUNT_MALFORMED };
	int err = pg_nftables_add_table(objects, NFPROTO_INET);

	for (size_t i = 0; i < PG_COUNT(counters) && !err; i++)
		err = pg_nftables_add_counter(objects, NFPROTO_INET, counters[i]);
	if (!err)
		err = plan_base(objects, "forward", NF_INET_FORWARD, true, true);
	if (!err)
		err = plan_base(objects, "input", NF_INET_LOCAL_IN, true, false);
	if (!err && intent->host_policy == PG_HOST_POLICY_ENFORCE)
		err = plan_base(objects, "output", NF_INET_LOCAL_OUT, false, true);
	for (int i = 0; i < PG_DIRECTIONS && !err; i++)
		err = plan_direction(objects, (enum pg_direction)i, uses);
	if (!err)
		err = plan_protocols(objects);
	return err ?: plan_meta(intent, objects);
}
