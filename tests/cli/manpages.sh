#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The manual pages are well-formed, and polgen(8) has every verb, and every option of every verb.
cd "${top_srcdir:-$(dirname "$0")/../..}" || exit 1
. tests/tap.sh

# Whether a page that is referred to is on this machine says nothing of ours.
lint() {
	mandoc -Tlint -Wstyle "$1" 2>&1 | grep -Ev 'referenced manual not found|mandoc.db'
	[ "${PIPESTATUS[0]}" -le 2 ]
}

verbs() {
	"$POLGEN" --help | sed -n '/^Verbs:/,/^$/s/^  \([a-z]*\) .*/\1/p'
}

# Prints the words of a list on stdin, one a line, that the page's source lacks as `.It MACRO WORD`.
lacking() {
	local macro=$1 word

	while read -r word; do
		grep -qE "^\.It (.* , )?$macro ${word}( |\$)" doc/polgen.8 || echo "$word"
	done
}

options() {
	local verb

	for verb in $(verbs); do
		"$POLGEN" "$verb" --help | sed -n 's/^  --\([a-z0-9-]*\).*/\1/p'
	done | sort -u
}

if command -v mandoc >/dev/null; then
	for page in doc/*.[1-9]; do
		tap_empty "$page is well-formed" lint "$page"
	done
else
	tap_skip "pages are well-formed" "no mandoc here"
fi
tap_check "polgen --help has verbs" test "$(verbs | wc -l)" -gt 5
tap_check "the verbs have options" test "$(options | wc -l)" -gt 10
tap_empty "polgen(8) has every verb" lacking Ic < <(verbs)
tap_empty "polgen(8) has every option" lacking 'Fl Fl' < <(options)

# The rows of the decoder's tables, what is supported and what isn't, and the patterns of labels that
# don't count.
rows() {
	grep -hoE "$1\(\"[A-Za-z0-9_]*\"" frontend/decode/*.c |
		sed 's/.*"\(.*\)"/\1/' | sort -u
}
patterns() {
	sed -n 's/^\t"\(.*\)",$/\1/p' frontend/source/source_labels.c
}
# lacking_in FILE: the words on stdin that the file lacks
lacking_in() {
	while read -r word; do
		grep -qwF -- "$word" "$1" || echo "$word"
	done
}
unsupported=$(mktemp)
supported=$(mktemp)
trap 'rm -f "$unsupported" "$supported"' EXIT
awk -v no="$unsupported" -v yes="$supported" '
	/^\.S[sh] / { out = / not supported/ ? no : yes }
	{ print >out }' out="$supported" doc/polgen-policy.5

tap_check "there are fields and patterns" \
	test "$(rows PG_FIELD | wc -l)" -gt 30 -a "$(patterns | wc -l)" -gt 10
tap_empty "polgen-policy(5) has every field of every file" lacking_in "$supported" < <(rows PG_FIELD)
tap_empty "polgen-policy(5) has every field that isn't supported, as such" \
	lacking_in "$unsupported" < <(rows PG_UNSUPPORTED)
tap_empty "polgen(8) has every label that doesn't count" lacking_in doc/polgen.8 < <(patterns)
tap_done
