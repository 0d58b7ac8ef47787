/* SPDX-License-Identifier: GPL-2.0-only */
/* The parts of `polgen explain`. */
#ifndef PG_FRONTEND_EXPLAIN_H
#define PG_FRONTEND_EXPLAIN_H

#include <jansson.h>

#include "frontend/cli/verbs.h"
#include "policy/reasoning.h"

/* One end of the flow, as it was asked for. */
struct pg_explain_end {
	const char *option, *text;	    /* "from", "web1" */
	const struct pg_endpoint *endpoint; /* NULL: the host, or an address */
	bool host;
	struct pg_addr address; /* of "ip:..."; else family 0 */
};

/* What a backend's live objects do with the flow. */
struct pg_explain_live {
	const char *backend; /* NULL: none was asked for */
	struct pg_backend_status status;
	uint8_t expected[32]; /* the digest that the policy comes to */
	bool current;	      /* the policy is what is enforced */
	bool agrees;	      /* with the policy's verdict */
	bool sure;	      /* all that the packet meets is known to polgen */
	struct pg_trace trace;
};

struct pg_explanation {
	const struct pg_options *options;
	struct pg_input *input;
	const struct pg_identities *identities;
	struct pg_explain_end ends[PG_DIRECTIONS]; /* by whose side it is: source, destination */
	uint8_t family;				   /* 4 or 6 */
	struct pg_flow flow;
	struct pg_http_request http;
	struct pg_array(struct pg_http_header) headers; /* of the request; names are owned */
	struct pg_reasoning reasoning;
	struct pg_explain_live live;
};

/*
 * explain_flow.c: who is meant by the options, and which flow between them. The address family is
 * what --family says; else that of ICMPv6, of an address, or of an endpoint that has only one;
 * else IPv4. -EINVAL (diags): an unknown name, or ends without an address of one family.
 */
int pg_explain_find_flow(struct pg_explanation *explanation);
void pg_explain_flow_done(struct pg_explanation *explanation);
/* "web1 -> db1 tcp/5432". */
void pg_explain_format_flow(const struct pg_explanation *explanation, struct pg_strbuf *buf);

/* The address of an end in the flow; family 0: not known. */
static inline const struct pg_party *pg_explain_party(const struct pg_explanation *explanation,
						      enum pg_direction direction)
{
	return direction == PG_EGRESS ? &explanation->flow.src : &explanation->flow.dst;
}

/* explain_words.c: parts of an entry, and what a step comes to, for people. */
void pg_explain_peers(const struct pg_entry *entry, struct pg_strbuf *buf); /* "app=web or host" */
void pg_explain_ports(const struct pg_entry *entry, struct pg_strbuf *buf); /* "tcp/80, udp/53" */
void pg_explain_requires(const struct pg_entry *entry, struct pg_strbuf *buf); /* "app=web" */
void pg_explain_answer(const struct pg_explanation *explanation, const struct pg_reason_step *step,
		       struct pg_strbuf *buf);
/* How a side's verdict follows from its steps. */
const char *pg_explain_conclusion(const struct pg_explanation *explanation,
				  enum pg_direction direction);
/* How the flow's verdict follows from both sides'. */
const char *pg_explain_both(const struct pg_evaluation *evaluation);
/* "allow", "deny", "redirect", "http-403". */
const char *pg_explain_outcome(const struct pg_evaluation *evaluation);

static inline const struct pg_rule *pg_explain_rule(const struct pg_explanation *explanation,
						    struct pg_origin origin)
{
	return &explanation->input->policy.rules.items[origin.rule - 1];
}

static inline const struct pg_entry *pg_explain_entry(const struct pg_explanation *explanation,
						      struct pg_origin origin)
{
	return &pg_explain_rule(explanation, origin)->entries.items[origin.entry - 1];
}

/* explain_text.c, explain_json.c */
void pg_explain_print(const struct pg_explanation *explanation);
json_t *pg_explain_to_json(const struct pg_explanation *explanation);

/* explain_live.c: asks the backend of the options. 0, or -errno (diags). */
int pg_explain_ask_live(struct pg_explanation *explanation, const struct pg_intent *intent);
void pg_explain_live_done(struct pg_explain_live *live);
void pg_explain_print_live(const struct pg_explain_live *live);
json_t *pg_explain_live_to_json(const struct pg_explain_live *live);

#endif
