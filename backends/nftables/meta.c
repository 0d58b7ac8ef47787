// SPDX-License-Identifier: GPL-2.0-only
/* What is installed, in a comment. */
#include "backends/nftables/layout.h"
#include "compat/hex.h"

/* The 1 is the version of the tables as a whole. */
#define META_FORMAT "polgen/1 digest=%s host-policy=%s on-revoke=%s"
#define META_HEAD   "polgen/1 digest="
#define META_HOST   " host-policy="
#define META_REVOKE " on-revoke="

void pg_nftables_meta_format(const struct pg_intent *intent, char text[PG_NFTABLES_META_MAX])
{
	char digest[PG_DIGEST_TEXT_MAX];

	pg_digest_format(intent->digest, digest);
	snprintf(text, PG_NFTABLES_META_MAX, META_FORMAT, digest,
		 pg_host_policy_name(intent->host_policy), pg_on_revoke_name(intent->on_revoke));
}

/* The word behind `head`; "" where there is none. */
static void find_word(const char *text, const char *head, char word[16])
{
	const char *found = strstr(text, head);

	word[0] = '\0';
	if (found)
		snprintf(word, 16, "%.*s", (int)strcspn(found + strlen(head), " "),
			 found + strlen(head));
}

int pg_nftables_meta_parse(const char *text, struct pg_nftables_meta *ret_meta)
{
	struct pg_nftables_meta meta = { 0 };
	char host[16], revoke[16];

	find_word(text, META_HOST, host);
	find_word(text, META_REVOKE, revoke);
	if (strncmp(text, META_HEAD, strlen(META_HEAD)) ||
	    pg_digest_parse(text + strlen(META_HEAD), meta.digest) ||
	    pg_host_policy_parse(host, &meta.host_policy) ||
	    pg_on_revoke_parse(revoke, &meta.on_revoke))
		return -EINVAL;
	*ret_meta = meta;
	return 0;
}
