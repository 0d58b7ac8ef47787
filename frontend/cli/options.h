/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The command line: one table of verbs, one table of options. Parsing, --help, shell completion and
 * the check of the manual page all come from these two tables.
 */
#ifndef PG_FRONTEND_OPTIONS_H
#define PG_FRONTEND_OPTIONS_H

#include "policy/types.h"

enum pg_exit {
	PG_EXIT_DONE = 0,
	PG_EXIT_DIFFERENCE = 1, /* a test failed, a difference or a counterexample was found */
	PG_EXIT_USAGE = 2,
	PG_EXIT_INPUT = 3,    /* bad policy or other input */
	PG_EXIT_SYSTEM = 4,   /* the kernel, Docker or the system */
	PG_EXIT_INTERNAL = 5, /* a bug, or no memory */
};

enum pg_backend_choice {
	PG_CHOICE_NONE,
	PG_CHOICE_MODEL,
	PG_CHOICE_IPTABLES, /* flavour by probing */
	PG_CHOICE_IPTABLES_LEGACY,
	PG_CHOICE_IPTABLES_NFT,
	PG_CHOICE_NFTABLES,
	PG_CHOICE_EBPF,
	PG_CHOICES,
};

/* "iptables-nft" and so on; "model" for none. */
const char *pg_choice_name(enum pg_backend_choice choice);

/* What the command line says. Strings point into argv. */
struct pg_options {
	enum pg_backend_choice backend;
	enum pg_enforcement enforcement;
	enum pg_host_policy host_policy;
	bool host_policy_given;
	enum pg_on_revoke on_revoke;
	enum pg_same_host same_host;
	bool json, lenient, l4_only, ascii, help;
	bool lint, diff;
	const char *endpoints, *netns, *bpffs, *attach, *parent_chain, *layout, *uplink;
	const char *from, *to, *method, *path, *ports, *against;
	char *recalled_bpffs; /* owned; what `bpffs` points to when it isn't from argv */
	pg_proto proto;
	bool proto_given, dport_given;
	uint8_t family; /* 4, 6; 0: not given */
	uint16_t dport;
	uint32_t flows;				      /* 0: not given */
	struct pg_array(const char *) ignored_labels; /* NULL-terminated once parsed, if any */
	struct pg_array(const char *) headers;	      /* "Name: value" */
	struct pg_array(const char *) paths;	      /* of --policy-dir, then arguments */
	const char *const *files;		      /* of `paths`, or of some of them */
	size_t file_count;
};

struct pg_verb {
	const char *name, *arguments, *summary;
	const char *const *options; /* names in the table of options; NULL-terminated */
	int (*run)(const struct pg_options *options);
};

/* NULL-terminated by name; frontend/cli/verbs.c */
extern const struct pg_verb pg_verbs[];

const struct pg_verb *pg_verb_find(const char *name);

/*
 * Parses a verb's arguments (argv[0] is the verb). PG_EXIT_DONE, or PG_EXIT_USAGE and a message on
 * stderr. `options` is to be pg_options_done() either way.
 */
enum pg_exit pg_options_parse(const struct pg_verb *verb, int argc, char **argv,
			      struct pg_options *options);
void pg_options_done(struct pg_options *options);
#define _cleanup_options_ PG_CLEANUP(pg_options_done)

void pg_help(FILE *out);
void pg_help_verb(FILE *out, const struct pg_verb *verb);

/* A completion script for bash, made from the tables. */
void pg_print_completion(FILE *out);

#endif
