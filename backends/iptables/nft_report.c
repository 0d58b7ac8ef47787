// SPDX-License-Identifier: GPL-2.0-only
/* What is said when nf_tables won't. */
#include "backends/iptables/nft_commit.h"
#include "compat/errtext.h"

void pg_nft_format_chain(struct pg_strbuf *buf, uint8_t family, const char *chain)
{
	if (chain) {
		pg_strbuf_puts(buf, "chain '");
		pg_strbuf_add_escaped(buf, chain, strlen(chain));
		pg_strbuf_puts(buf, "' of ");
	}
	pg_strbuf_printf(buf, "table '%s " PG_NFT_TABLE "'", family == 4 ? "ip" : "ip6");
}

int pg_nft_report_read(struct pg_diags *diags, int err)
{
	char reason[PG_ERRTEXT_MAX];

	if (err == -EOPNOTSUPP || err == -EPROTONOSUPPORT)
		pg_error(diags, PG_LOC_NONE, "this kernel has no nf_tables");
	else if (err == -EPERM)
		pg_error(diags, PG_LOC_NONE, "nf_tables: not permitted; CAP_NET_ADMIN is needed");
	else if (err == -EAGAIN)
		pg_error(diags, PG_LOC_NONE,
			 "nf_tables: another program changes the rules again and again");
	else
		pg_error(diags, PG_LOC_NONE, "can't read the rules of nf_tables: %s",
			 pg_errtext(err, reason));
	return err == -EPROTONOSUPPORT ? -EOPNOTSUPP : err;
}

static void add_note(struct pg_diags *diags, int err, const struct pg_nft_note *note)
{
	if (err == -ENOENT && note && note->rule)
		pg_note(diags, PG_LOC_NONE,
			"the chain that it jumps to isn't there, or the kernel lacks a match that "
			"it uses");
	else if (err == -EBUSY)
		pg_note(diags, PG_LOC_NONE, "something that isn't polgen's still jumps to it");
	else if (err == -ELOOP || err == -EMLINK)
		pg_note(diags, PG_LOC_NONE, "jumps are nested too deep, or go in a circle");
}

int pg_nft_report_refusal(struct pg_diags *diags, int err, const struct pg_nft_note *note)
{
	_cleanup_strbuf_ struct pg_strbuf subject = { 0 };
	char reason[PG_ERRTEXT_MAX];

	if (note) {
		pg_strbuf_printf(&subject, "to %s ", note->action);
		pg_nft_format_chain(&subject, note->family, note->chain);
	} else {
		pg_strbuf_puts(&subject, "the rules as a whole");
	}
	if (note && note->rule) {
		pg_strbuf_puts(&subject, ", '");
		pg_tree_format_rule(note->rule, &subject);
		pg_strbuf_puts(&subject, "'");
	}
	pg_error(diags, PG_LOC_NONE, "nf_tables refuses %s: %s",
		 pg_strbuf_error(&subject) ? "the rules" : subject.text, pg_errtext(err, reason));
	add_note(diags, err, note);
	return err;
}
