// SPDX-License-Identifier: GPL-2.0-only
#include "compat/strbuf.h"

void pg_strbuf_done(struct pg_strbuf *buf)
{
	free(buf->text);
	*buf = (struct pg_strbuf){ 0 };
}

/* Makes room for `length` more bytes and a NUL. */
static bool reserve(struct pg_strbuf *buf, size_t length)
{
	size_t wanted = buf->length + length + 1;
	size_t capacity = PG_MAX(buf->capacity, (size_t)64);
	char *grown;

	if (buf->failed || wanted < length) {
		buf->failed = true;
		return false;
	}
	if (wanted <= buf->capacity)
		return true;
	while (capacity < wanted)
		capacity *= 2;
	grown = realloc(buf->text, capacity);
	if (!grown) {
		buf->failed = true;
		return false;
	}
	buf->text = grown;
	buf->capacity = capacity;
	return true;
}

void pg_strbuf_add(struct pg_strbuf *buf, const char *bytes, size_t length)
{
	if (!reserve(buf, length))
		return;
	if (length)
		memcpy(buf->text + buf->length, bytes, length);
	buf->length += length;
	buf->text[buf->length] = '\0';
}

void pg_strbuf_puts(struct pg_strbuf *buf, const char *text)
{
	pg_strbuf_add(buf, text, strlen(text));
}

void pg_strbuf_putc(struct pg_strbuf *buf, char c)
{
	pg_strbuf_add(buf, &c, 1);
}

void pg_strbuf_vprintf(struct pg_strbuf *buf, const char *format, va_list args)
{
	va_list again;
	int length;

	va_copy(again, args);
	length = vsnprintf(NULL, 0, format, args);
	if (length < 0) {
		buf->failed = true;
	} else if (reserve(buf, (size_t)length)) {
		vsnprintf(buf->text + buf->length, (size_t)length + 1, format, again);
		buf->length += (size_t)length;
	}
	va_end(again);
}

void pg_strbuf_printf(struct pg_strbuf *buf, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	pg_strbuf_vprintf(buf, format, args);
	va_end(args);
}

size_t pg_utf8_length(const void *text, size_t available)
{
	const unsigned char *bytes = text;
	unsigned char first = available ? bytes[0] : 0xff;
	size_t length = first < 0x80   ? 1
			: first < 0xc2 ? 0
			: first < 0xe0 ? 2
			: first < 0xf0 ? 3
				       : 4;

	if (first > 0xf4 || length > available)
		return 0;
	for (size_t i = 1; i < length; i++) {
		if ((bytes[i] & 0xc0) != 0x80)
			return 0;
	}
	if ((first == 0xe0 && bytes[1] < 0xa0) || (first == 0xed && bytes[1] > 0x9f) ||
	    (first == 0xf0 && bytes[1] < 0x90) || (first == 0xf4 && bytes[1] > 0x8f))
		return 0;
	return length;
}

/* The character of a UTF-8 sequence of at most three bytes; 0 for longer ones. */
static unsigned int decode_short(const unsigned char *bytes, size_t length)
{
	if (length == 2)
		return (bytes[0] & 0x1fu) << 6 | (bytes[1] & 0x3fu);
	if (length == 3)
		return (bytes[0] & 0x0fu) << 12 | (bytes[1] & 0x3fu) << 6 | (bytes[2] & 0x3fu);
	return length == 1 ? bytes[0] : 0;
}

/*
 * C1 control characters (U+0080..U+009F) steer terminals just as C0 does; the separators of lines and
 * paragraphs end lines, and what turns the direction of text around shows it in another order.
 */
static bool is_control(const unsigned char *bytes, size_t length)
{
	unsigned int character = decode_short(bytes, length);

	if (!character)
		return length == 1;
	return character < 0x20 || (character >= 0x7f && character < 0xa0) || character == 0x61c ||
	       character == 0x200e || character == 0x200f ||
	       (character >= 0x2028 && character <= 0x202e) ||
	       (character >= 0x2066 && character <= 0x2069);
}

void pg_strbuf_add_escaped(struct pg_strbuf *buf, const char *bytes, size_t length)
{
	const unsigned char *at = (const unsigned char *)bytes, *end = at + length;

	while (at < end) {
		size_t step = pg_utf8_length(at, (size_t)(end - at));

		if (step && !is_control(at, step)) {
			pg_strbuf_add(buf, (const char *)at, step);
		} else if (*at == '\n') {
			pg_strbuf_puts(buf, "\\n");
		} else if (*at == '\t') {
			pg_strbuf_puts(buf, "\\t");
		} else {
			step = PG_MAX(step, (size_t)1);
			for (size_t i = 0; i < step; i++)
				pg_strbuf_printf(buf, "\\x%02x", at[i]);
		}
		at += PG_MAX(step, (size_t)1);
	}
}

static void add_json_character(struct pg_strbuf *buf, const unsigned char *at, size_t step)
{
	if (!step)
		pg_strbuf_puts(buf, "\xef\xbf\xbd");
	else if (*at == '"' || *at == '\\')
		pg_strbuf_printf(buf, "\\%c", *at);
	else if (*at == '\n')
		pg_strbuf_puts(buf, "\\n");
	else if (*at == '\t')
		pg_strbuf_puts(buf, "\\t");
	else if (is_control(at, step))
		pg_strbuf_printf(buf, "\\u%04x", decode_short(at, step));
	else
		pg_strbuf_add(buf, (const char *)at, step);
}

void pg_strbuf_add_json(struct pg_strbuf *buf, const char *bytes, size_t length)
{
	const unsigned char *at = (const unsigned char *)bytes, *end = at + length;

	pg_strbuf_putc(buf, '"');
	while (at < end) {
		size_t step = pg_utf8_length(at, (size_t)(end - at));

		add_json_character(buf, at, step);
		at += PG_MAX(step, (size_t)1);
	}
	pg_strbuf_putc(buf, '"');
}

int pg_strbuf_error(const struct pg_strbuf *buf)
{
	return buf->failed ? -ENOMEM : 0;
}

char *pg_strbuf_take(struct pg_strbuf *buf)
{
	if (!reserve(buf, 0))
		return NULL;
	buf->text[buf->length] = '\0';
	buf->length = buf->capacity = 0;
	return PG_TAKE(buf->text);
}
