// SPDX-License-Identifier: GPL-2.0-only
/* What an entry says, and what becomes of it, in words. */
#include "frontend/cli/explain.h"
#include "frontend/rule_title.h"

static const struct {
	enum pg_entity entity;
	const char *name;
} entities[] = {
	{ PG_ENTITY_ALL, "all" },	  { PG_ENTITY_WORLD, "world" },
	{ PG_ENTITY_HOST, "host" },	  { PG_ENTITY_REMOTE_NODE, "remote-node" },
	{ PG_ENTITY_CLUSTER, "cluster" },
};

/* Before each but the first of a list. */
static void separate(struct pg_strbuf *buf, size_t start, const char *separator)
{
	if (buf->length > start)
		pg_strbuf_puts(buf, separator);
}

static void add_cidr(const struct pg_cidr *cidr, struct pg_strbuf *buf)
{
	char text[PG_PREFIX_TEXT_MAX];

	pg_strbuf_puts(buf, pg_prefix_format(&cidr->prefix, text));
	pg_array_foreach(except, &cidr->except)
		pg_strbuf_printf(buf, "%s%s", except == cidr->except.items ? " except " : ", ",
				 pg_prefix_format(except, text));
}

void pg_explain_requires(const struct pg_entry *entry, struct pg_strbuf *buf)
{
	size_t start = buf->length;

	pg_array_foreach(selector, &entry->peers.requires) {
		separate(buf, start, " and ");
		pg_selector_format(selector, buf);
	}
}

void pg_explain_peers(const struct pg_entry *entry, struct pg_strbuf *buf)
{
	const struct pg_peers *peers = &entry->peers;
	size_t start = buf->length;

	if (peers->l3 == PG_L3_ANY)
		pg_strbuf_puts(buf, "anybody");
	pg_array_foreach(selector, &peers->endpoints) {
		separate(buf, start, " or ");
		pg_selector_format(selector, buf);
	}
	pg_array_foreach(cidr, &peers->cidrs) {
		separate(buf, start, " or ");
		add_cidr(cidr, buf);
	}
	for (size_t i = 0; i < PG_COUNT(entities); i++) {
		if (!(peers->entities & entities[i].entity))
			continue;
		separate(buf, start, " or ");
		pg_strbuf_puts(buf, entities[i].name);
	}
	if (buf->length == start)
		pg_strbuf_puts(buf, "nobody");
	if (peers->requires.count) {
		pg_strbuf_puts(buf, " who is ");
		pg_explain_requires(entry, buf);
	}
}

static void add_port(const struct pg_l4 *l4, struct pg_strbuf *buf)
{
	bool icmp = l4->proto.n == PG_PROTO_ICMP.n || l4->proto.n == PG_PROTO_ICMPV6.n;
	const char *name = pg_proto_name(l4->proto);

	pg_strbuf_puts(buf, name ? name : "?");
	if (!l4->first && l4->last == UINT16_MAX)
		return;
	pg_strbuf_printf(buf, icmp ? " type %u" : "/%u", l4->first);
	if (l4->last != l4->first)
		pg_strbuf_printf(buf, "-%u", l4->last);
}

void pg_explain_ports(const struct pg_entry *entry, struct pg_strbuf *buf)
{
	size_t start = buf->length;

	if (!entry->has_l4)
		pg_strbuf_puts(buf, "every protocol");
	else if (!entry->l4.count)
		pg_strbuf_puts(buf, "no port");
	pg_array_foreach(l4, &entry->l4) {
		separate(buf, start, ", ");
		add_port(l4, buf);
		if (l4->http)
			pg_strbuf_puts(buf, " http");
	}
}

static void add_peer_answer(const struct pg_explanation *explanation,
			    const struct pg_reason_step *step, struct pg_strbuf *buf)
{
	switch (step->answer.peer) {
	case PG_PEER_OTHER:
		pg_strbuf_puts(buf, "other peer");
		break;
	case PG_PEER_NOBODY:
		pg_strbuf_puts(buf, "no peer");
		break;
	case PG_PEER_LACKS:
		pg_strbuf_puts(buf, "the peer isn't what it requires");
		break;
	case PG_PEER_UNMET:
		pg_strbuf_puts(buf, "the peer isn't what ");
		pg_rule_place(&explanation->input->sources, &explanation->input->policy,
			      step->unmet, buf);
		pg_strbuf_puts(buf, " requires");
		break;
	default:
		break;
	}
}

static void add_port_answer(const struct pg_explanation *explanation,
			    const struct pg_reason_step *step, struct pg_strbuf *buf)
{
	pg_proto proto = explanation->flow.proto;
	bool icmp = proto.n == PG_PROTO_ICMP.n || proto.n == PG_PROTO_ICMPV6.n;

	if (step->answer.port >= PG_PORT_MATCHES)
		return;
	separate(buf, 0, ", ");
	pg_strbuf_puts(buf, step->answer.port == PG_PORT_PROTO	? "other protocol"
			    : step->answer.port == PG_PORT_NONE ? "no port"
			    : icmp				? "other type"
								: "other port");
}

void pg_explain_answer(const struct pg_explanation *explanation, const struct pg_reason_step *step,
		       struct pg_strbuf *buf)
{
	const struct pg_entry *entry = pg_explain_entry(explanation, step->origin);

	if (step->answer.port == PG_PORT_NOTHING && entry->peers.requires.count) {
		pg_strbuf_puts(buf, step->answer.peer == PG_PEER_LACKS ? "the peer isn't"
								       : "the peer is");
	} else if (step->answer.port == PG_PORT_NOTHING) {
		pg_strbuf_puts(buf, "it has neither peers nor ports");
	} else if (step->http_asked) {
		pg_strbuf_puts(buf, step->http_allows ? "matches, and so does the request"
						      : "matches, but the request doesn't");
	} else if (step->answer.verdict != PG_VERDICT_NONE) {
		pg_strbuf_puts(buf, "matches");
	} else {
		add_peer_answer(explanation, step, buf);
		add_port_answer(explanation, step, buf);
	}
}

/* Whether an entry of the side says so, though another one decides. */
static bool says(const struct pg_reasoning_side *side, enum pg_verdict verdict)
{
	pg_array_foreach(step, &side->steps) {
		if (step->origin.entry && step->answer.verdict == verdict)
			return true;
	}
	return false;
}

/* What the deciding entry goes before. */
static const char *precedence(const struct pg_reasoning_side *side, enum pg_verdict verdict)
{
	if (verdict == PG_VERDICT_DENY &&
	    (says(side, PG_VERDICT_ALLOW) || says(side, PG_VERDICT_REDIRECT)))
		return "a deny goes before every allow";
	if (verdict == PG_VERDICT_REDIRECT)
		return "allowed, and each request is judged by the HTTP rules";
	if (verdict == PG_VERDICT_ALLOW && says(side, PG_VERDICT_ALLOW) &&
	    says(side, PG_VERDICT_REDIRECT))
		return "an allow without HTTP rules goes before those with";
	return verdict == PG_VERDICT_DENY ? "a deny entry matches" : "an entry allows it";
}

static const char *not_enforced(const struct pg_explanation *explanation)
{
	if (explanation->reasoning.to_itself)
		return "it never leaves the endpoint";
	if (explanation->options->enforcement == PG_ENFORCEMENT_NEVER)
		return "rules don't count: --enforcement=never";
	return "open: no rule closes this side, and none denies";
}

const char *pg_explain_conclusion(const struct pg_explanation *explanation,
				  enum pg_direction direction)
{
	const struct pg_judgement *side = &explanation->reasoning.evaluation.side[direction];

	switch (side->reason) {
	case PG_REASON_NOT_MANAGED:
		return "no endpoint of this host: nothing to judge";
	case PG_REASON_HOST_POLICY:
		return "the host reaches its endpoints; --host-policy=enforce judges it, too";
	case PG_REASON_NOT_ENFORCED:
		return not_enforced(explanation);
	case PG_REASON_DEFAULT_DENY:
		return side->origin.rule ? "closed, and no entry allows it"
					 : "closed by --enforcement=always, and no entry allows it";
	case PG_REASON_HTTP:
		return "the connection is allowed, the request is answered 403";
	default:
		return precedence(&explanation->reasoning.side[direction], side->verdict);
	}
}

const char *pg_explain_both(const struct pg_evaluation *evaluation)
{
	bool egress = evaluation->side[PG_EGRESS].verdict == PG_VERDICT_DENY;
	bool ingress = evaluation->side[PG_INGRESS].verdict == PG_VERDICT_DENY;

	return egress && ingress ? "both sides deny it"
	       : egress		 ? "egress denies it"
	       : ingress	 ? "ingress denies it"
				 : "both sides allow it";
}

const char *pg_explain_outcome(const struct pg_evaluation *evaluation)
{
	return evaluation->http_403 ? "http-403" : pg_verdict_name(evaluation->verdict);
}
