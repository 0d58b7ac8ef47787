// SPDX-License-Identifier: GPL-2.0-only
#include "frontend/width.h"

/* Sorted; what is in none of them is one column wide. */
static const struct {
	uint32_t first, last;
	size_t width;
} ranges[] = {
	{ 0x0300, 0x036f, 0 },	 /* combining diacritical marks */
	{ 0x1100, 0x115f, 2 },	 /* Hangul initials */
	{ 0x1ab0, 0x1aff, 0 },	 /* combining marks, extended */
	{ 0x1dc0, 0x1dff, 0 },	 /* combining marks, supplement */
	{ 0x200b, 0x200f, 0 },	 /* zero width space, joiners, direction marks */
	{ 0x20d0, 0x20ff, 0 },	 /* combining marks for symbols */
	{ 0x2e80, 0x303e, 2 },	 /* CJK radicals and punctuation */
	{ 0x3041, 0x33ff, 2 },	 /* kana, CJK symbols */
	{ 0x3400, 0x4dbf, 2 },	 /* CJK extension A */
	{ 0x4e00, 0x9fff, 2 },	 /* CJK */
	{ 0xa000, 0xa4cf, 2 },	 /* Yi */
	{ 0xac00, 0xd7a3, 2 },	 /* Hangul */
	{ 0xf900, 0xfaff, 2 },	 /* CJK compatibility */
	{ 0xfe00, 0xfe0f, 0 },	 /* variation selectors */
	{ 0xfe20, 0xfe2f, 0 },	 /* combining half marks */
	{ 0xfe30, 0xfe6f, 2 },	 /* CJK compatibility forms */
	{ 0xff00, 0xff60, 2 },	 /* full width forms */
	{ 0xffe0, 0xffe6, 2 },	 /* full width signs */
	{ 0x1f300, 0x1f64f, 2 }, /* pictographs, emoticons */
	{ 0x1f680, 0x1f6ff, 2 }, /* transport */
	{ 0x1f900, 0x1f9ff, 2 }, /* more pictographs */
	{ 0x20000, 0x3fffd, 2 }, /* CJK extensions B and on */
};

static uint32_t decode(const char *text, size_t length)
{
	static const unsigned char lead_bits[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
	uint32_t character = (unsigned char)text[0] & lead_bits[length];

	for (size_t i = 1; i < length; i++)
		character = character << 6 | ((unsigned char)text[i] & 0x3f);
	return character;
}

size_t pg_character_width(const char *text, size_t length)
{
	uint32_t character = decode(text, length);

	for (size_t i = 0; i < PG_COUNT(ranges) && ranges[i].first <= character; i++) {
		if (character <= ranges[i].last)
			return ranges[i].width;
	}
	return 1;
}
