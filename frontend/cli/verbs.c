// SPDX-License-Identifier: GPL-2.0-only
/* The table of verbs. */
#include "frontend/cli/verbs.h"

#define LIST(...) ((const char *const[]){ __VA_ARGS__, NULL })

/* Options that several verbs have. */
#define DECODE_OPTIONS "lenient"
#define POLICY_OPTIONS "policy-dir", DECODE_OPTIONS
#define SOURCE_OPTIONS "endpoints", "ignore-label"
#define MODEL_OPTIONS  "enforcement", "host-policy"
#define HOST_OPTIONS   "netns", "bpffs"

const struct pg_verb pg_verbs[] = {
	{ "check", "POLICY.json...",
	  "Decode and validate policies, or lint or compare them; all errors, located.",
	  LIST("lint", "diff", SOURCE_OPTIONS, MODEL_OPTIONS, POLICY_OPTIONS, "netns", "json",
	       "help"),
	  pg_verb_check },
	{ "render", "POLICY.json...", "Print what would be enforced.",
	  LIST("backend", "layout", SOURCE_OPTIONS, MODEL_OPTIONS, "on-revoke", "same-host",
	       "uplink", "l7", POLICY_OPTIONS, "parent-chain", "netns", "json", "help"),
	  pg_verb_render },
	{ "apply", "POLICY.json...",
	  "Enforce a policy; the other backend's enforcement is taken down after this one stands.",
	  LIST("backend", "layout", SOURCE_OPTIONS, MODEL_OPTIONS, "on-revoke", "same-host",
	       "uplink", "l7", POLICY_OPTIONS, "parent-chain", "attach", "flows", HOST_OPTIONS,
	       "json", "help"),
	  pg_verb_apply },
	{ "status", "", "Show what is enforced, by which backend, and its counters.",
	  LIST(HOST_OPTIONS, "json", "help"), pg_verb_status },
	{ "clear", "", "Take all enforcement down and leave nothing behind.",
	  LIST(HOST_OPTIONS, "help"), pg_verb_clear },
	{ "explain", "POLICY.json...", "Say what happens to a flow, and which rule decides it.",
	  LIST("from", "to", "family", "proto", "dport", "method", "path", "header", SOURCE_OPTIONS,
	       MODEL_OPTIONS, "backend", "on-revoke", "same-host", "uplink", "l7", POLICY_OPTIONS,
	       "parent-chain", HOST_OPTIONS, "json", "help"),
	  pg_verb_explain },
	{ "test", "CASE.json...",
	  "Run policy tests, on the model or with real packets; prints TAP.",
	  LIST("backend", "layout", DECODE_OPTIONS, "help"), pg_verb_test },
	{ "endpoints", "", "Show the endpoints that polgen sees, and their identities.",
	  LIST(SOURCE_OPTIONS, DECODE_OPTIONS, "netns", "json", "help"), pg_verb_endpoints },
	{ "probe", "", "Find out with real packets which endpoints reach which.",
	  LIST(SOURCE_OPTIONS, "ports", "against", "ascii", DECODE_OPTIONS, "netns", "json",
	       "help"),
	  pg_verb_probe },
	{ "monitor", "", "Print packets that the eBPF backend drops, as they are dropped.",
	  LIST(HOST_OPTIONS, "json", "help"), pg_verb_monitor },
	{ "completion", "", "Print a completion script for bash.", LIST("help"),
	  pg_verb_completion },
	{ 0 },
};

int pg_verb_completion(PG_UNUSED const struct pg_options *options)
{
	pg_print_completion(stdout);
	return PG_EXIT_DONE;
}
