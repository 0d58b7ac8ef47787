/* SPDX-License-Identifier: GPL-2.0-only */
/* Objects in the words of nft. */
#ifndef PG_BACKENDS_NFTABLES_TEXT_H
#define PG_BACKENDS_NFTABLES_TEXT_H

#include "backends/nftables/item.h"
#include "compat/strbuf.h"

/*
 * The command that adds an object, without a line's end: "add element inet polgen egress-16 { ... }".
 * `objects` is the list that it is in, with its set. Nothing for the end of an interval, which stands in
 * its beginning's command.
 */
void pg_nftables_format(const struct pg_objects *objects, const struct pg_object *object,
			struct pg_strbuf *buf);

/* Of an element what stands in the braces, without them. */
void pg_nftables_format_content(const struct pg_objects *objects, const struct pg_object *element,
				struct pg_strbuf *buf);

/* What a rule does; what there are no words for is named in "#...". */
void pg_nftables_format_rule(struct nftnl_rule *rule, struct pg_strbuf *buf);

/* "goto egress-judge" */
void pg_nftables_format_verdict(int code, const char *chain, struct pg_strbuf *buf);

int pg_nftables_render(const struct pg_objects *objects, enum pg_render_form form,
		       struct pg_strbuf *buf);

#endif
