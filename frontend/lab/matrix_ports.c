// SPDX-License-Identifier: GPL-2.0-only
/* Lists of ports: "tcp/80,udp/53,icmp". */
#include "frontend/lab/matrix_internal.h"
#include "frontend/quote.h"

void pg_matrix_ports_done(struct pg_matrix_ports *ports)
{
	free(ports->list.items);
	*ports = (struct pg_matrix_ports){ 0 };
}

bool pg_matrix_same_port(struct pg_matrix_port a, struct pg_matrix_port b)
{
	return a.proto.n == b.proto.n && a.port == b.port && a.family == b.family;
}

size_t pg_matrix_find_port(const struct pg_matrix_ports *ports, struct pg_matrix_port port)
{
	for (size_t i = 0; i < ports->list.count; i++) {
		if (pg_matrix_same_port(ports->list.items[i], port))
			return i;
	}
	return SIZE_MAX;
}

int pg_matrix_add_port(struct pg_matrix_ports *ports, struct pg_matrix_port port)
{
	struct pg_matrix_port *added = pg_array_add(&ports->list);

	if (!added)
		return -ENOMEM;
	*added = port;
	return 0;
}

const char *pg_matrix_port_format(struct pg_matrix_port port, char text[PG_MATRIX_PORT_TEXT_MAX])
{
	const char *proto = pg_proto_name(port.proto), *family = port.family == 6 ? "6" : "";

	if (port.port)
		snprintf(text, PG_MATRIX_PORT_TEXT_MAX, "%s%s/%u", proto ? proto : "?", family,
			 port.port);
	else
		snprintf(text, PG_MATRIX_PORT_TEXT_MAX, "%s%s", proto ? proto : "?", family);
	return text;
}

/* Digits only, 1..65535. */
static int parse_number(const char *text, uint16_t *ret_number)
{
	unsigned long number = 0;

	for (const char *at = text; *at; at++) {
		if (*at < '0' || *at > '9')
			return -EINVAL;
		number = number * 10 + (unsigned long)(*at - '0');
		if (number > UINT16_MAX)
			return -EINVAL;
	}
	if (!number)
		return -EINVAL;
	*ret_number = (uint16_t)number;
	return 0;
}

/* "tcp", "tcp6"; "icmpv6" is "icmp6". */
static int parse_proto(char *text, struct pg_matrix_port *port)
{
	size_t length = strlen(text);

	port->family = 4;
	if (!pg_proto_parse(text, &port->proto) && port->proto.n == PG_PROTO_ICMPV6.n) {
		port->proto = PG_PROTO_ICMP;
		port->family = 6;
		return 0;
	}
	if (length > 1 && text[length - 1] == '6') {
		text[length - 1] = '\0';
		port->family = 6;
	}
	return pg_proto_parse(text, &port->proto);
}

int pg_matrix_port_parse(const char *text, size_t length, struct pg_matrix_port *ret_port)
{
	struct pg_matrix_port port = { 0 };
	char copy[PG_MATRIX_PORT_TEXT_MAX];
	char *slash;

	if (length >= sizeof(copy))
		return -EINVAL;
	memcpy(copy, text, length);
	copy[length] = '\0';
	slash = strchr(copy, '/');
	if (slash)
		*slash = '\0';
	if (parse_proto(copy, &port))
		return -EINVAL;
	if (!slash != (port.proto.n == PG_PROTO_ICMP.n))
		return -EINVAL;
	if (slash && parse_number(slash + 1, &port.port))
		return -EINVAL;
	*ret_port = port;
	return 0;
}

static int add_text(struct pg_matrix_ports *ports, const char *text, size_t length,
		    struct pg_diags *diags)
{
	struct pg_matrix_port port;

	if (pg_matrix_port_parse(text, length, &port)) {
		pg_error(diags, PG_LOC_NONE,
			 "bad port '%s'; ports are written as 'tcp/80', 'udp/53', 'sctp/3868' or "
			 "'icmp', of IPv6 alone as 'tcp6/80'",
			 pg_quote(text, length).text);
		return -EINVAL;
	}
	if (pg_matrix_find_port(ports, port) != SIZE_MAX) {
		pg_error(diags, PG_LOC_NONE, "port '%s' is given twice",
			 pg_quote(text, length).text);
		return -EINVAL;
	}
	return pg_matrix_add_port(ports, port);
}

int pg_matrix_ports_parse(const char *text, struct pg_diags *diags,
			  struct pg_matrix_ports *ret_ports)
{
	_cleanup_matrix_ports_ struct pg_matrix_ports ports = { 0 };

	for (const char *at = text;; at++) {
		size_t length = strcspn(at, ",");
		int err = add_text(&ports, at, length, diags);

		if (err)
			return err;
		at += length;
		if (!*at)
			break;
	}
	*ret_ports = ports;
	ports = (struct pg_matrix_ports){ 0 };
	return 0;
}
