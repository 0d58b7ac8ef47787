// SPDX-License-Identifier: GPL-2.0-only
#include "frontend/cli/options.h"

#include <ctype.h>
#include <getopt.h>

#include "backends/backend.h"
#include "compat/strbuf.h"
#include "frontend/suggest.h"

/* Stores an option's value. False: the value is none that the option takes. */
typedef bool (*setter)(struct pg_options *options, const char *value);

struct option_row {
	const char *name;
	const char *value; /* what stands for the value in the help; NULL: takes none */
	const char *help;
	setter set;
};

static const char *const choice_names[] = {
	[PG_CHOICE_MODEL] = "model",
	[PG_CHOICE_IPTABLES] = "iptables",
	[PG_CHOICE_IPTABLES_LEGACY] = "iptables-legacy",
	[PG_CHOICE_IPTABLES_NFT] = "iptables-nft",
	[PG_CHOICE_NFTABLES] = "nftables",
	[PG_CHOICE_EBPF] = "ebpf",
};
_Static_assert(PG_COUNT(choice_names) == PG_CHOICES, "a name for each choice");

const char *pg_choice_name(enum pg_backend_choice choice)
{
	return choice_names[choice == PG_CHOICE_NONE ? PG_CHOICE_MODEL : choice];
}

static bool set_backend(struct pg_options *options, const char *value)
{
	for (size_t i = PG_CHOICE_MODEL; i < PG_COUNT(choice_names); i++) {
		if (!strcmp(value, choice_names[i])) {
			options->backend = (enum pg_backend_choice)i;
			return true;
		}
	}
	return false;
}

static bool set_enforcement(struct pg_options *options, const char *value)
{
	return !pg_enforcement_parse(value, &options->enforcement);
}

static bool set_host_policy(struct pg_options *options, const char *value)
{
	options->host_policy_given = true;
	return !pg_host_policy_parse(value, &options->host_policy);
}

static bool set_on_revoke(struct pg_options *options, const char *value)
{
	return !pg_on_revoke_parse(value, &options->on_revoke);
}

static bool set_same_host(struct pg_options *options, const char *value)
{
	return !pg_same_host_parse(value, &options->same_host);
}

static bool set_l7(struct pg_options *options, const char *value)
{
	options->l4_only = true;
	return !strcmp(value, "l4-only");
}

static bool set_attach(struct pg_options *options, const char *value)
{
	options->attach = value;
	return !strcmp(value, "tcx") || !strcmp(value, "clsact");
}

static bool set_layout(struct pg_options *options, const char *value)
{
	options->layout = value;
	return !strcmp(value, "linear") || !strcmp(value, "tree") || !strcmp(value, "set");
}

static bool set_proto(struct pg_options *options, const char *value)
{
	options->proto_given = true;
	return !pg_proto_parse(value, &options->proto);
}

static bool set_family(struct pg_options *options, const char *value)
{
	options->family = *value == '6' ? 6 : 4;
	return !strcmp(value, "4") || !strcmp(value, "6");
}

static bool set_dport(struct pg_options *options, const char *value)
{
	char *end;
	unsigned long port;

	errno = 0;
	port = strtoul(value, &end, 10);
	options->dport = (uint16_t)port;
	options->dport_given = true;
	return !errno && isdigit((unsigned char)*value) && !*end && port <= 65535;
}

static bool set_flows(struct pg_options *options, const char *value)
{
	char *end;
	unsigned long flows;

	errno = 0;
	flows = strtoul(value, &end, 10);
	options->flows = (uint32_t)flows;
	return !errno && isdigit((unsigned char)*value) && !*end && flows >= PG_FLOWS_MIN &&
	       flows <= PG_FLOWS_MAX;
}

static bool set_ignored_label(struct pg_options *options, const char *value)
{
	const char **slot = pg_array_add(&options->ignored_labels);

	if (slot)
		*slot = value;
	return slot && *value;
}

/* As a request has it; the value may be empty. */
static bool set_header(struct pg_options *options, const char *value)
{
	const char *colon = strchr(value, ':'), **slot;

	if (!colon || colon == value)
		return false;
	slot = pg_array_add(&options->headers);
	if (slot)
		*slot = value;
	return slot;
}

static bool add_path(struct pg_options *options, const char *path)
{
	const char **slot = pg_array_add(&options->paths);

	if (slot)
		*slot = path;
	return slot;
}

static bool set_policy_dir(struct pg_options *options, const char *value)
{
	return *value && add_path(options, value);
}

#define SET_TEXT(member)                                                        \
	static bool set_##member(struct pg_options *options, const char *value) \
	{                                                                       \
		options->member = value;                                        \
		return *value;                                                  \
	}
SET_TEXT(endpoints)
SET_TEXT(netns)
SET_TEXT(bpffs)
SET_TEXT(parent_chain)
SET_TEXT(uplink)
SET_TEXT(from)
SET_TEXT(to)
SET_TEXT(method)
SET_TEXT(path)
SET_TEXT(ports)
SET_TEXT(against)

#define SET_FLAG(member)                                                                  \
	static bool set_##member(struct pg_options *options, PG_UNUSED const char *value) \
	{                                                                                 \
		options->member = true;                                                   \
		return true;                                                              \
	}
SET_FLAG(json)
SET_FLAG(lenient)
SET_FLAG(lint)
SET_FLAG(ascii)
SET_FLAG(diff)
SET_FLAG(help)

static const struct option_row option_rows[] = {
	{ "against", "FILE", "compare with an earlier result of probe --json", set_against },
	{ "ascii", NULL, "draw with ASCII characters only", set_ascii },
	{ "attach", "tcx|clsact",
	  "how the eBPF programs are attached; by default what the kernel has", set_attach },
	{ "backend", "BACKEND",
	  "iptables (flavour by probing), iptables-legacy, iptables-nft, nftables or ebpf",
	  set_backend },
	{ "bpffs", "DIR", "the bpffs to pin eBPF objects in; default /sys/fs/bpf", set_bpffs },
	{ "diff", NULL, "show the flows that two policies, the old and the new, judge differently",
	  set_diff },
	{ "dport", "PORT", "destination port, 0..65535; for ICMP the message type", set_dport },
	{ "endpoints", "SRC",
	  "where endpoints come from: docker, a JSON file, or - for standard input",
	  set_endpoints },
	{ "enforcement", "default|always|never",
	  "which endpoints are closed: those that rules select, all, none", set_enforcement },
	{ "family", "4|6", "the flow's address family, where both ends have both", set_family },
	{ "flows", "N",
	  "ebpf: how many running flows of each family are remembered, 4096 to 16777216; default 262144",
	  set_flows },
	{ "from", "A", "source: an endpoint, host, or ip:ADDRESS", set_from },
	{ "header", "NAME:VALUE", "a header of an HTTP request (repeatable)", set_header },
	{ "help", NULL, "show this help", set_help },
	{ "host-policy", "allow|enforce",
	  "whether the host always reaches its endpoints, or is judged as peer host",
	  set_host_policy },
	{ "ignore-label", "PATTERN",
	  "a Docker label that doesn't count for identity (repeatable; replaces the default list)",
	  set_ignored_label },
	{ "json", NULL, "machine-readable output", set_json },
	{ "l7", "l4-only", "enforce only the L4 part of rules with HTTP rules", set_l7 },
	{ "layout", "linear|tree|set",
	  "iptables: a rule for each pair of addresses, chains found by address, or by sets of addresses",
	  set_layout },
	{ "lenient", NULL, "unknown keys are warnings, not errors", set_lenient },
	{ "lint", NULL, "find rules and entries that do nothing on these endpoints", set_lint },
	{ "method", "METHOD", "an HTTP request's method", set_method },
	{ "netns", "NAME|PATH", "work in this network namespace (of /run/netns, or a path)",
	  set_netns },
	{ "on-revoke", "cut|keep",
	  "whether running flows that the policy denies now are cut, or go on until they end",
	  set_on_revoke },
	{ "parent-chain", "CHAIN",
	  "the chain that jumps to polgen's; default DOCKER-USER, or FORWARD", set_parent_chain },
	{ "path", "PATH", "an HTTP request's path", set_path },
	{ "policy-dir", "DIR", "a folder of policies: the same as naming it (repeatable)",
	  set_policy_dir },
	{ "ports", "LIST", "what to probe, e.g. tcp/80,udp/53,icmp", set_ports },
	{ "proto", "tcp|udp|sctp|icmp|icmpv6", "the protocol; default tcp", set_proto },
	{ "same-host", "redirect|stack",
	  "ebpf: whether flows between containers may pass by the bridge where it has no say",
	  set_same_host },
	{ "to", "B", "destination: an endpoint, host, or ip:ADDRESS", set_to },
	{ "uplink", "IFACE",
	  "ebpf: the interface to other hosts, whose endpoints are reached past the stack",
	  set_uplink },
};

static const struct option_row *find_row(const char *name)
{
	for (size_t i = 0; i < PG_COUNT(option_rows); i++) {
		if (!strcmp(option_rows[i].name, name))
			return &option_rows[i];
	}
	return NULL;
}

const struct pg_verb *pg_verb_find(const char *name)
{
	for (const struct pg_verb *verb = pg_verbs; verb->name; verb++) {
		if (!strcmp(verb->name, name))
			return verb;
	}
	return NULL;
}

static size_t count_options(const struct pg_verb *verb)
{
	size_t count = 0;

	while (verb->options[count])
		count++;
	return count;
}

/* The least that getopt_long() yields for a long option; below are characters of short ones. */
#define FIRST_LONG 256

/* getopt_long()'s table for one verb; `val` is FIRST_LONG + the index in verb->options. */
static struct option *make_getopt_table(const struct pg_verb *verb)
{
	size_t count = count_options(verb);
	struct option *table = calloc(count + 1, sizeof(*table));

	for (size_t i = 0; table && i < count; i++) {
		const struct option_row *row = find_row(verb->options[i]);

		table[i] = (struct option){ .name = row->name,
					    .has_arg = row->value ? required_argument : no_argument,
					    .val = FIRST_LONG + (int)i };
	}
	return table;
}

/* The name in "--name=value", escaped for people. */
static char *option_name(const char *argument)
{
	struct pg_strbuf name = { 0 };

	pg_strbuf_add_escaped(&name, argument, strcspn(argument, "="));
	return pg_strbuf_take(&name);
}

/* There are no short options. They come in clusters, "-xy", within which optind stands still. */
static void complain_short(const struct pg_verb *verb)
{
	const char option[] = { '-', (char)optopt };
	_cleanup_strbuf_ struct pg_strbuf text = { 0 };

	pg_strbuf_add_escaped(&text, option, sizeof(option));
	fprintf(stderr, "polgen: error: unknown option '%s' of '%s'\n", text.text ? text.text : "",
		verb->name);
}

static void complain_long(const struct pg_verb *verb, const char *argument)
{
	_cleanup_free_ char *name = option_name(argument);
	_cleanup_free_ char *bare = strndup(argument + 2, strcspn(argument + 2, "="));
	const char *near = bare ? pg_suggest(bare, verb->options, count_options(verb)) : NULL;

	fprintf(stderr, "polgen: error: unknown option '%s' of '%s'", name ? name : "", verb->name);
	fprintf(stderr, near ? "; did you mean '--%s'?\n" : "\n", near);
}

/* What optopt is when getopt_long() says '?' tells why it does. */
static void complain_unknown(const struct pg_verb *verb, char *const *argv)
{
	if (optopt >= FIRST_LONG)
		fprintf(stderr, "polgen: error: option '--%s' takes no value\n",
			verb->options[optopt - FIRST_LONG]);
	else if (optopt)
		complain_short(verb);
	else
		complain_long(verb, argv[optind - 1]);
}

static void complain_value(const struct option_row *row, const char *value)
{
	_cleanup_strbuf_ struct pg_strbuf text = { 0 };

	pg_strbuf_add_escaped(&text, value, strlen(value));
	fprintf(stderr, "polgen: error: bad value '%s' of '--%s': expected %s\n",
		text.text ? text.text : "", row->name,
		islower((unsigned char)*row->value) ? row->value : row->help);
}

static enum pg_exit parse_one(const struct pg_verb *verb, int found, int argc, char **argv,
			      struct pg_options *options)
{
	const struct option_row *row;

	if (found == '?') {
		complain_unknown(verb, argv);
		return PG_EXIT_USAGE;
	}
	if (found == ':') {
		fprintf(stderr, "polgen: error: option '%s' needs a value\n", argv[optind - 1]);
		return PG_EXIT_USAGE;
	}
	row = find_row(verb->options[found - FIRST_LONG]);
	if (!row->set(options, optarg)) {
		complain_value(row, optarg);
		return PG_EXIT_USAGE;
	}
	(void)argc;
	return PG_EXIT_DONE;
}

/* Ends the list, if there is one, with the NULL that its reader wants. */
static bool terminate_ignored_labels(struct pg_options *options)
{
	const char **end;

	if (!options->ignored_labels.count)
		return true;
	end = pg_array_add(&options->ignored_labels);
	return end;
}

static bool add_arguments(struct pg_options *options, char *const *arguments)
{
	for (; *arguments; arguments++) {
		if (!add_path(options, *arguments))
			return false;
	}
	options->files = options->paths.items;
	options->file_count = options->paths.count;
	return true;
}

/* An option that would change nothing is a mistake. */
static enum pg_exit check_layout(const struct pg_options *options)
{
	switch (options->backend) {
	case PG_CHOICE_IPTABLES:
	case PG_CHOICE_IPTABLES_LEGACY:
	case PG_CHOICE_IPTABLES_NFT:
		return PG_EXIT_DONE;
	default:
		break;
	}
	if (!options->layout)
		return PG_EXIT_DONE;
	fprintf(stderr, "polgen: error: '--layout' is of iptables' rules, and needs "
			"--backend=iptables, iptables-legacy or iptables-nft\n");
	return PG_EXIT_USAGE;
}

enum pg_exit pg_options_parse(const struct pg_verb *verb, int argc, char **argv,
			      struct pg_options *options)
{
	_cleanup_free_ struct option *table = make_getopt_table(verb);
	int found;

	if (!table)
		return PG_EXIT_INTERNAL;
	optind = 1;
	while ((found = getopt_long(argc, argv, ":", table, NULL)) != -1) {
		enum pg_exit code = parse_one(verb, found, argc, argv, options);

		if (code)
			return code;
	}
	if (!add_arguments(options, argv + optind) || !terminate_ignored_labels(options))
		return PG_EXIT_INTERNAL;
	return check_layout(options);
}

void pg_options_done(struct pg_options *options)
{
	free(options->recalled_bpffs);
	free(options->ignored_labels.items);
	free(options->headers.items);
	free(options->paths.items);
	*options = (struct pg_options){ 0 };
}

void pg_help(FILE *out)
{
	fputs("usage: polgen VERB [OPTION...] [FILE...]\n"
	      "       polgen --backend=BACKEND POLICY.json --endpoints=SRC\n"
	      "\n"
	      "One label policy, enforced on this host's containers by iptables, nftables or eBPF.\n"
	      "\n"
	      "Verbs:\n",
	      out);
	for (const struct pg_verb *verb = pg_verbs; verb->name; verb++)
		fprintf(out, "  %-12s%s\n", verb->name, verb->summary);
	fputs("\n"
	      "'polgen VERB --help' shows a verb's options. Without a verb: render.\n"
	      "Exit codes: 0 done, 1 a difference was found, 2 usage, 3 bad input, 4 system,\n"
	      "5 internal. Manual: polgen(8), polgen-policy(5).\n",
	      out);
}

void pg_help_verb(FILE *out, const struct pg_verb *verb)
{
	fprintf(out, "usage: polgen %s [OPTION...]%s%s\n\n%s\n\nOptions:\n", verb->name,
		*verb->arguments ? " " : "", verb->arguments, verb->summary);
	for (size_t i = 0; verb->options[i]; i++) {
		const struct option_row *row = find_row(verb->options[i]);
		char left[64];

		snprintf(left, sizeof(left), "--%s%s%s", row->name, row->value ? "=" : "",
			 row->value ? row->value : "");
		fprintf(out, "  %-34s  %s\n", left, row->help);
	}
}

void pg_print_completion(FILE *out)
{
	fputs("# bash completion for polgen\n"
	      "_polgen() {\n"
	      "\tlocal current=${COMP_WORDS[COMP_CWORD]}\n"
	      "\tif [ \"$COMP_CWORD\" -eq 1 ] && [[ $current != -* ]]; then\n"
	      "\t\tCOMPREPLY=($(compgen -W '",
	      out);
	for (const struct pg_verb *verb = pg_verbs; verb->name; verb++)
		fprintf(out, "%s ", verb->name);
	fputs("' -- \"$current\"))\n\t\treturn\n\tfi\n\tlocal options=\n\tcase ${COMP_WORDS[1]} in\n",
	      out);
	for (const struct pg_verb *verb = pg_verbs; verb->name; verb++) {
		fprintf(out, "\t%s) options='", verb->name);
		for (size_t i = 0; verb->options[i]; i++)
			fprintf(out, "--%s%s ", verb->options[i],
				find_row(verb->options[i])->value ? "=" : "");
		fputs("' ;;\n", out);
	}
	fputs("\tesac\n"
	      "\tif [[ $current == -* ]]; then\n"
	      "\t\tCOMPREPLY=($(compgen -W \"$options\" -- \"$current\"))\n"
	      "\telse\n"
	      "\t\tCOMPREPLY=($(compgen -f -- \"$current\"))\n"
	      "\tfi\n"
	      "}\n"
	      "complete -o default -o nospace -F _polgen polgen\n",
	      out);
}
