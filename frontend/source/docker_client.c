// SPDX-License-Identifier: GPL-2.0-only
#include "frontend/source/docker_client.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <curl/curl.h>
#include <sys/un.h>

#include "compat/errtext.h"
#include "frontend/quote.h"

#define CONNECT_MS 5000
#define ANSWER_MS  30000
#define TCP_PORT   2375u

struct pg_docker_client {
	CURL *curl;
	char *host;	  /* as the operator gave it, escaped for messages */
	char *base;	  /* "http://docker" or "http://127.0.0.1:2375" */
	char *socket;	  /* path; NULL: TCP */
	char version[16]; /* "/v1.41", or "" before it is known */
	struct pg_strbuf *answer;
	bool too_large;
	char error[CURL_ERROR_SIZE];
};

void pg_docker_client_free(struct pg_docker_client *client)
{
	if (!client)
		return;
	curl_easy_cleanup(client->curl);
	free(client->host);
	free(client->base);
	free(client->socket);
	free(client);
	curl_global_cleanup();
}

void pg_docker_client_cleanup(struct pg_docker_client **client)
{
	pg_docker_client_free(*client);
}

static int refuse_host(const char *host, struct pg_diags *diags, const char *why)
{
	pg_error(diags, PG_LOC_NONE, "cannot use DOCKER_HOST '%s': %s",
		 pg_quote(host, strlen(host)).text, why);
	return -EPROTONOSUPPORT;
}

static int use_unix(struct pg_docker_client *client, const char *host, const char *path,
		    struct pg_diags *diags)
{
	if (path[0] != '/')
		return refuse_host(host, diags, "the socket's path is not absolute");
	if (strlen(path) >= sizeof(((struct sockaddr_un *)0)->sun_path))
		return refuse_host(host, diags, "the socket's path is too long");
	client->socket = strdup(path);
	client->base = strdup("http://docker");
	return client->socket && client->base ? 0 : -ENOMEM;
}

/* Interfaces are looked up on this machine, so the Engine must be on it too. */
static bool is_this_machine(const char *name)
{
	struct in_addr addr;

	if (!strcmp(name, "localhost") || !strcmp(name, "[::1]"))
		return true;
	return inet_pton(AF_INET, name, &addr) == 1 && ntohl(addr.s_addr) >> 24 == 127;
}

/* "127.0.0.1:2375": splits off the port, which may be missing. */
static bool split_port(char *name, unsigned int *ret_port)
{
	char *colon = strrchr(name, ':'), end;
	unsigned int port = TCP_PORT;

	if (colon && !strchr(colon, ']')) {
		if (!isdigit((unsigned char)colon[1]) ||
		    sscanf(colon + 1, "%5u%c", &port, &end) != 1)
			return false;
		*colon = '\0';
	}
	if (!port || port > UINT16_MAX)
		return false;
	*ret_port = port;
	return true;
}

static int use_tcp(struct pg_docker_client *client, const char *host, const char *rest,
		   struct pg_diags *diags)
{
	_cleanup_free_ char *name = strndup(rest, strcspn(rest, "/"));
	const char *verify = getenv("DOCKER_TLS_VERIFY");
	unsigned int port;

	if (!name)
		return -ENOMEM;
	if (strcmp(rest + strlen(name), "/") && rest[strlen(name)])
		return refuse_host(host, diags, "it has a path");
	if (!split_port(name, &port))
		return refuse_host(host, diags, "its port is not one of 1..65535");
	if (!is_this_machine(name))
		return refuse_host(host, diags,
				   "it is not on this machine, whose interfaces are looked for");
	if (verify && *verify)
		return refuse_host(host, diags, "TLS is not supported (DOCKER_TLS_VERIFY is set)");
	if (asprintf(&client->base, "http://%s:%u", name, port) < 0)
		client->base = NULL;
	return client->base ? 0 : -ENOMEM;
}

static int use_host(struct pg_docker_client *client, const char *host, struct pg_diags *diags)
{
	static const char unix_scheme[] = "unix://", tcp_scheme[] = "tcp://";

	client->host = strdup(pg_quote(host, strlen(host)).text);
	if (!client->host)
		return -ENOMEM;
	if (!strncmp(host, unix_scheme, strlen(unix_scheme)))
		return use_unix(client, host, host + strlen(unix_scheme), diags);
	if (!strncmp(host, tcp_scheme, strlen(tcp_scheme)))
		return use_tcp(client, host, host + strlen(tcp_scheme), diags);
	return refuse_host(host, diags, "only unix:// and tcp:// are supported");
}

static size_t receive(char *bytes, size_t size, size_t count, void *context)
{
	struct pg_docker_client *client = context;
	size_t length = size * count;

	client->too_large = length > PG_DOCKER_ANSWER_MAX - client->answer->length;
	if (client->too_large)
		return 0;
	pg_strbuf_add(client->answer, bytes, length);
	return pg_strbuf_error(client->answer) < 0 ? 0 : length;
}

/* No proxy, no redirection, no signals: just this socket. */
static int set_up(struct pg_docker_client *client, const struct pg_docker_options *options)
{
	CURL *curl = client->curl = curl_easy_init();
	CURLcode code = CURLE_OK;

	if (!curl)
		return -ENOMEM;
	code = code ?: curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	code = code ?: curl_easy_setopt(curl, CURLOPT_PROXY, "");
	code = code ?: curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, client->socket);
	code = code ?: curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, client->error);
	code = code ?: curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, receive);
	code = code ?: curl_easy_setopt(curl, CURLOPT_WRITEDATA, client);
	code = code
		       ?: curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS,
					   options->connect_ms ?: CONNECT_MS);
	code = code ?: curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, options->answer_ms ?: ANSWER_MS);
	return code ? -ENOMEM : 0;
}

int pg_docker_client_new(const struct pg_docker_options *options, struct pg_diags *diags,
			 struct pg_docker_client **ret_client)
{
	_cleanup_docker_client_ struct pg_docker_client *client = NULL;
	const char *host = options->host && *options->host ? options->host : PG_DOCKER_HOST_DEFAULT;
	int r;

	if (curl_global_init(CURL_GLOBAL_DEFAULT))
		return -ENOMEM;
	client = calloc(1, sizeof(*client));
	if (!client) {
		curl_global_cleanup();
		return -ENOMEM;
	}
	r = use_host(client, host, diags);
	r = r ?: set_up(client, options);
	if (r < 0)
		return r;
	*ret_client = PG_TAKE(client);
	return 0;
}

void pg_docker_client_set_version(struct pg_docker_client *client, unsigned int minor)
{
	snprintf(client->version, sizeof(client->version), "/v1.%u", minor);
}

static const char *connect_hint(int error)
{
	if (error == ECONNREFUSED || error == ENOENT)
		return "; is dockerd running?";
	if (error == EACCES || error == EPERM)
		return "; are you root, or in the group that the socket belongs to?";
	return "";
}

static int fail_connect(struct pg_docker_client *client, struct pg_diags *diags)
{
	char text[PG_ERRTEXT_MAX];
	long error = 0;

	curl_easy_getinfo(client->curl, CURLINFO_OS_ERRNO, &error);
	if (!error)
		error = ENOTCONN;
	pg_error(diags, PG_LOC_NONE, "cannot reach Docker at '%s': %s%s",
		 client->socket ? client->host + strlen("unix://") : client->host,
		 pg_errtext((int)error, text), connect_hint((int)error));
	return -(int)error;
}

static int fail_transfer(struct pg_docker_client *client, CURLcode code, const char *path,
			 struct pg_diags *diags)
{
	const char *why = client->error[0] ? client->error : curl_easy_strerror(code);

	if (code == CURLE_OUT_OF_MEMORY || pg_strbuf_error(client->answer) < 0)
		return -ENOMEM;
	if (code == CURLE_COULDNT_CONNECT)
		return fail_connect(client, diags);
	if (client->too_large) {
		pg_error(diags, PG_LOC_NONE, "Docker's answer to '%s' is larger than %u MiB", path,
			 PG_DOCKER_ANSWER_MAX >> 20);
		return -EFBIG;
	}
	if (code == CURLE_OPERATION_TIMEDOUT) {
		pg_error(diags, PG_LOC_NONE, "Docker at '%s' does not answer to '%s'", client->host,
			 path);
		return -ETIMEDOUT;
	}
	pg_error(diags, PG_LOC_NONE, "Docker at '%s' broke off its answer to '%s': %s",
		 client->host, path, pg_quote(why, strlen(why)).text);
	return -EIO;
}

static int fail_status(struct pg_docker_client *client, long status, const char *path,
		       struct pg_diags *diags)
{
	_cleanup_free_ char *message =
		pg_docker_parse_message(client->answer->text, client->answer->length);

	pg_error(diags, PG_LOC_NONE, "Docker refuses '%s' with status %ld%s%s", path, status,
		 message ? ": " : "", message ? pg_quote(message, strlen(message)).text : "");
	return -EREMOTEIO;
}

int pg_docker_client_get(struct pg_docker_client *client, const char *path, struct pg_diags *diags,
			 struct pg_strbuf *answer)
{
	_cleanup_free_ char *url = NULL;
	long status = 0;
	CURLcode code;

	if (asprintf(&url, "%s%s%s", client->base, client->version, path) < 0) {
		url = NULL;
		return -ENOMEM;
	}
	client->answer = answer;
	client->too_large = false;
	client->error[0] = '\0';
	code = curl_easy_setopt(client->curl, CURLOPT_URL, url);
	code = code ?: curl_easy_perform(client->curl);
	if (code)
		return fail_transfer(client, code, path, diags);
	curl_easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, &status);
	if (status == 404)
		return -ESRCH;
	return status == 200 ? 0 : fail_status(client, status, path, diags);
}
