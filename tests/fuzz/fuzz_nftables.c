// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the kernel answers when the nftables backend reads its tables back: names, types, keys and
 * comments in there may be anybody's. The input is answers, one after another: messages, each two bytes
 * of length and so many of attributes; a length of 0 ends the answer. The table's name, which the
 * kernel was asked about, comes first in each. Chains and rules are libnftnl's to parse, which trusts
 * the form of the kernel's messages (fuzz_nft has more of rules): there are none. What was read can be
 * taken apart, put into words, and fits into messages.
 */
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include "backends/nftables/kernel.h"
#include "backends/nftables/text.h"
#include "tests/fuzz/fuzz.h"

static const uint8_t *input;
static size_t left;

int __wrap_pg_nfnl_open(struct pg_nfnl *ret_nfnl);
void __wrap_pg_nfnl_done(struct pg_nfnl *nfnl);
int __wrap_pg_nft_generation(struct pg_nfnl *nfnl, uint32_t *ret_generation);
int __wrap_pg_nfnl_talk(struct pg_nfnl *nfnl, const struct nlmsghdr *request, mnl_cb_t callback,
			void *data);

int __wrap_pg_nfnl_open(struct pg_nfnl *ret_nfnl)
{
	*ret_nfnl = (struct pg_nfnl){ 0 };
	return 0;
}

void __wrap_pg_nfnl_done(struct pg_nfnl *nfnl)
{
	(void)nfnl;
}

int __wrap_pg_nft_generation(struct pg_nfnl *nfnl, uint32_t *ret_generation)
{
	(void)nfnl;
	*ret_generation = 1;
	return 0;
}

/* NULL: the answer ends. Its buffer is the caller's to free. */
static struct nlmsghdr *next_message(const struct nlmsghdr *request)
{
	const struct nfgenmsg *asked = mnl_nlmsg_get_payload(request);
	size_t length = left < 2 ? 0 : input[0] | (size_t)input[1] << 8;
	struct nlmsghdr *message;

	if (left < 2)
		return NULL;
	input += 2;
	left -= 2;
	length = PG_MIN(length, left);
	if (!length)
		return NULL;
	message = calloc(1, 256 + MNL_ALIGN(length));
	FUZZ_CHECK(message);
	mnl_nlmsg_put_header(message);
	mnl_nlmsg_put_extra_header(message, sizeof(*asked));
	_Static_assert((int)NFTA_SET_TABLE == (int)NFTA_OBJ_TABLE, "one number for both");
	mnl_attr_put_strz(message, NFTA_SET_TABLE, pg_nftables_table(asked->nfgen_family));
	memcpy(mnl_nlmsg_get_payload_tail(message), input, length);
	message->nlmsg_len += (uint32_t)length;
	input += length;
	left -= length;
	return message;
}

int __wrap_pg_nfnl_talk(struct pg_nfnl *nfnl, const struct nlmsghdr *request, mnl_cb_t callback,
			void *data)
{
	uint8_t type = request->nlmsg_type & 0xff;
	struct nlmsghdr *message;

	(void)nfnl;
	if (type == NFT_MSG_GETCHAIN || type == NFT_MSG_GETRULE)
		return 0;
	while ((message = next_message(request))) {
		int result = callback(message, data);

		free(message);
		if (result == MNL_CB_ERROR)
			return -errno;
	}
	return 0;
}

static void check_text(const struct pg_objects *objects, const struct pg_object *object)
{
	_cleanup_strbuf_ struct pg_strbuf text = { 0 };

	pg_nftables_format(objects, object, &text);
	FUZZ_CHECK(!pg_strbuf_error(&text));
}

static void check_objects(const struct pg_objects *objects)
{
	_cleanup_nftables_batch_ struct pg_nftables_batch batch = { 0 };
	struct pg_nfnl nfnl = { 0 };

	FUZZ_CHECK(pg_nfnl_batch_begin(&nfnl, &batch.messages, NFNL_SUBSYS_NFTABLES, 1) == 0);
	pg_array_foreach(object, &objects->list) {
		struct pg_nftables_item item;

		FUZZ_CHECK(pg_nftables_item(object, &item) == 0);
		check_text(objects, object);
		if (item.rank == PG_RANK_FOREIGN)
			continue;
		FUZZ_CHECK(pg_nftables_put(&batch, object) == 0);
		FUZZ_CHECK(pg_nftables_remove(&batch, object) == 0);
	}
	pg_nftables_finish(&batch);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_nftables_state_ struct pg_nftables_state state = { 0 };
	_cleanup_diags_ struct pg_diags diags = { 0 };

	input = data;
	left = size;
	if (pg_nftables_read(&diags, size & 1, &state) < 0)
		FUZZ_CHECK(diags.errors);
	else
		check_objects(&state.objects);
	return 0;
}
