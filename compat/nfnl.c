// SPDX-License-Identifier: GPL-2.0-only
#include <arpa/inet.h>
#include <linux/netfilter/nfnetlink.h>
#include <sys/socket.h>

#include "compat/nfnl.h"

/* The kernel fills dump messages of up to 32 KiB when there is room for them. */
#define RECEIVE_MAX (64u << 10)

static void closep(struct mnl_socket **socket)
{
	if (*socket)
		mnl_socket_close(*socket);
}

int pg_nfnl_open(struct pg_nfnl *ret_nfnl)
{
	PG_CLEANUP(closep)
	struct mnl_socket *socket = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
	int on = 1;

	if (!socket)
		return -errno;
	if (mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0)
		return -errno;
	/* Errors need not carry the message that failed: its number says which it was. */
	if (mnl_socket_setsockopt(socket, NETLINK_CAP_ACK, &on, sizeof(on)) < 0)
		return -errno;
	*ret_nfnl = (struct pg_nfnl){ .socket = PG_TAKE(socket) };
	return 0;
}

void pg_nfnl_done(struct pg_nfnl *nfnl)
{
	if (nfnl->socket)
		mnl_socket_close(nfnl->socket);
	*nfnl = (struct pg_nfnl){ 0 };
}

static struct nlmsghdr *put_header(void *buffer, uint16_t type, uint16_t flags, uint8_t family,
				   uint16_t resource, uint32_t seq)
{
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	struct nfgenmsg *generic = mnl_nlmsg_put_extra_header(message, sizeof(*generic));

	message->nlmsg_type = type;
	message->nlmsg_flags = NLM_F_REQUEST | flags;
	message->nlmsg_seq = seq;
	generic->nfgen_family = family;
	generic->version = NFNETLINK_V0;
	generic->res_id = htons(resource);
	return message;
}

struct nlmsghdr *pg_nfnl_request(struct pg_nfnl *nfnl, void *buffer, uint16_t type, uint8_t family,
				 uint16_t flags)
{
	/* Each answer then ends with a message of its own: the dump's end, or this acknowledgement. */
	if (!(flags & NLM_F_DUMP))
		flags |= NLM_F_ACK;
	return put_header(buffer, type, flags, family, 0, ++nfnl->seq);
}

/*
 * A dump during which something changed says so in the flags of its messages. It is read to its end
 * all the same: the socket would hold the rest of it otherwise.
 */
static bool clear_interruption(char *buffer, int length)
{
	struct nlmsghdr *message = (struct nlmsghdr *)buffer;
	bool found = false;

	for (; mnl_nlmsg_ok(message, length); message = mnl_nlmsg_next(message, &length)) {
		found |= message->nlmsg_flags & NLM_F_DUMP_INTR;
		message->nlmsg_flags &= (uint16_t)~NLM_F_DUMP_INTR;
	}
	return found;
}

int pg_nfnl_talk(struct pg_nfnl *nfnl, const struct nlmsghdr *request, mnl_cb_t callback,
		 void *data)
{
	_cleanup_free_ char *buffer = malloc(RECEIVE_MAX);
	unsigned int port = mnl_socket_get_portid(nfnl->socket);
	bool interrupted = false;
	int more = MNL_CB_OK;

	if (!buffer)
		return -ENOMEM;
	if (mnl_socket_sendto(nfnl->socket, request, request->nlmsg_len) < 0)
		return -errno;
	while (more == MNL_CB_OK) {
		ssize_t length = mnl_socket_recvfrom(nfnl->socket, buffer, RECEIVE_MAX);

		if (length < 0)
			return -errno;
		interrupted |= clear_interruption(buffer, (int)length);
		more = mnl_cb_run(buffer, (size_t)length, request->nlmsg_seq, port, callback, data);
	}
	if (more == MNL_CB_ERROR)
		return -errno;
	return interrupted ? -EINTR : 0;
}

void pg_nfnl_batch_done(struct pg_nfnl_batch *batch)
{
	free(batch->bytes);
	*batch = (struct pg_nfnl_batch){ 0 };
}

/* What was added last is complete only now: its attributes came after its header. */
static void close_last(struct pg_nfnl_batch *batch)
{
	if (batch->bytes)
		batch->used =
			batch->last + ((struct nlmsghdr *)(batch->bytes + batch->last))->nlmsg_len;
}

/* Room for one more message behind the last one; 0 or -errno. */
static int reserve(struct pg_nfnl_batch *batch)
{
	size_t capacity = PG_MAX(batch->capacity, (size_t)16 * PG_NFNL_MESSAGE_MAX);
	char *grown;

	close_last(batch);
	/* One more than this one: the batch's end always has its place. */
	if (batch->used + 2 * PG_NFNL_MESSAGE_MAX > PG_NFNL_BATCH_MAX)
		return -E2BIG;
	while (capacity < batch->used + 2 * PG_NFNL_MESSAGE_MAX)
		capacity *= 2;
	if (capacity == batch->capacity)
		return 0;
	grown = realloc(batch->bytes, capacity);
	if (!grown)
		return -ENOMEM;
	batch->bytes = grown;
	batch->capacity = capacity;
	return 0;
}

static struct nlmsghdr *add(struct pg_nfnl_batch *batch, uint16_t type, uint16_t flags,
			    uint8_t family, uint16_t resource, uint32_t seq)
{
	batch->last = batch->used;
	return put_header(batch->bytes + batch->last, type, flags, family, resource, seq);
}

int pg_nfnl_batch_begin(struct pg_nfnl *nfnl, struct pg_nfnl_batch *batch, uint16_t subsystem,
			uint32_t generation)
{
	struct nlmsghdr *message;
	int err = reserve(batch);

	if (err)
		return err;
	message = add(batch, NFNL_MSG_BATCH_BEGIN, 0, AF_UNSPEC, subsystem, ++nfnl->seq);
	mnl_attr_put_u32(message, NFNL_BATCH_GENID, htonl(generation));
	batch->subsystem = subsystem;
	batch->first_seq = nfnl->seq + 1;
	return 0;
}

struct nlmsghdr *pg_nfnl_batch_add(struct pg_nfnl_batch *batch, uint16_t type, uint8_t family,
				   uint16_t flags)
{
	int err = reserve(batch);

	if (err) {
		errno = -err;
		return NULL;
	}
	return add(batch, type, flags, family, 0, batch->first_seq + batch->count++);
}

static int send_all(struct pg_nfnl *nfnl, const struct pg_nfnl_batch *batch)
{
	int fd = mnl_socket_get_fd(nfnl->socket);
	int size = (int)batch->used;

	/* Where forcing isn't allowed, sending says that the message is too long. */
	setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size));
	return mnl_socket_sendto(nfnl->socket, batch->bytes, batch->used) < 0 ? -errno : 0;
}

/* What was said of the batch so far. */
struct verdict {
	bool acknowledged;
	struct pg_nfnl_error first; /* error 0: none yet */
};

static void take_answers(const struct pg_nfnl_batch *batch, const char *buffer, int length,
			 struct verdict *verdict)
{
	const struct nlmsghdr *message = (const struct nlmsghdr *)buffer;

	for (; mnl_nlmsg_ok(message, length); message = mnl_nlmsg_next(message, &length)) {
		const struct nlmsgerr *answer = mnl_nlmsg_get_payload(message);
		uint32_t index = message->nlmsg_seq - batch->first_seq;

		if (message->nlmsg_type != NLMSG_ERROR ||
		    mnl_nlmsg_get_payload_len(message) < sizeof(*answer))
			continue;
		/* The batch's own header has the number before the first. */
		if (!answer->error && index == batch->count - 1)
			verdict->acknowledged = true;
		else if (answer->error && !verdict->first.error)
			verdict->first = (struct pg_nfnl_error){
				.error = answer->error,
				.index = index < batch->count ? index : UINT32_MAX,
			};
	}
}

/*
 * A batch is done, and answered, when sending returns; so there's nothing to wait for. Answers that
 * found no room are lost, which the socket says once with ENOBUFS; the first ones are there.
 */
static int read_answers(struct pg_nfnl *nfnl, const struct pg_nfnl_batch *batch,
			struct verdict *verdict)
{
	_cleanup_free_ char *buffer = malloc(RECEIVE_MAX);
	int fd = mnl_socket_get_fd(nfnl->socket);

	if (!buffer)
		return -ENOMEM;
	for (;;) {
		ssize_t length = recv(fd, buffer, RECEIVE_MAX, MSG_DONTWAIT);

		if (length >= 0)
			take_answers(batch, buffer, (int)length, verdict);
		else if (errno == EAGAIN)
			return 0;
		else if (errno != ENOBUFS && errno != EINTR)
			return -errno;
	}
}

int pg_nfnl_batch_send(struct pg_nfnl *nfnl, struct pg_nfnl_batch *batch,
		       struct pg_nfnl_error *ret_error)
{
	struct verdict verdict = { 0 };
	int err;

	close_last(batch);
	((struct nlmsghdr *)(batch->bytes + batch->last))->nlmsg_flags |= NLM_F_ACK;
	nfnl->seq = batch->first_seq + batch->count;
	add(batch, NFNL_MSG_BATCH_END, 0, AF_UNSPEC, batch->subsystem, nfnl->seq);
	close_last(batch);
	err = send_all(nfnl, batch);
	if (!err)
		err = read_answers(nfnl, batch, &verdict);
	if (!err && verdict.first.error) {
		*ret_error = verdict.first;
		return verdict.first.error;
	}
	if (!err && !verdict.acknowledged)
		err = -EPROTO;
	if (err)
		*ret_error = (struct pg_nfnl_error){ .error = err, .index = UINT32_MAX };
	return err;
}
