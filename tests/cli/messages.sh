#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What the decoder can say has a golden case that has it said: each text in its source, unless it is a
# mere word, stands in the golden files.
cd "${top_srcdir:-$(dirname "$0")/../..}" || exit 1
. tests/tap.sh

# Neighbouring literals are one, and what a macro puts between them is anything.
literals() {
	sed -E "s/'\\\\?\"'/quote/g"'; s,/\*.*\*/,,; /^[[:space:]]*(\/?\*|#include)/d' "$1" |
		tr '\n\t' '  ' |
		sed -E 's/_Static_assert\([^;]*;//g; s/" +"//g; s/" +PG_[A-Z_]+ +"/%s/g' |
		grep -oE '"([^"\\]|\\.)*"' | sed -E 's/^"//; s/"$//; s/\\"/"/g' |
		grep '[a-z].* \|%.* ' | sort -u
}

# A format as a pattern of what it prints.
pattern() {
	sed -E 's/[][\\.*^$+?(){}|]/\\&/g; s/%[-0-9.*\\]*(l|ll|z)?[a-z]/.*/g' <<<"$1"
}

# Those of jansson's own messages, by which json_explain.c knows what is wrong.
is_of_jansson() {
	[[ $1 = *" expected" || $1 = *" or '}'" || $1 = *" or ']'" ]]
}

# What takes a file that is too large for the tree, a host without services, or no memory; and what is
# no message.
is_out_of_reach() {
	case $1 in
	"more than %d endpoints" | "more than %d values" | "invalid JSON: more than %u values") ;;
	"more endpoints than addresses in %s" | "too many values") ;;
	"cannot look up service '%s': %s: %s") ;;
	"something else" | "not readable" | "an element of ''") ;;
	*) return 1 ;;
	esac
}

unsaid() {
	local file text

	for file in frontend/decode/*.c; do
		literals "$file" | while IFS= read -r text; do
			is_of_jansson "$text" || is_out_of_reach "$text" ||
				grep -qE -e "$(pattern "$text")" \
					tests/golden/decode/*.err tests/golden/check/*.out ||
				echo "$file: $text"
		done
	done
}

# A search that finds nothing would pass as well.
tap_check "texts are found" test "$(literals frontend/decode/decode_peers.c | grep -c 'invalid CIDR')" -eq 1
tap_equal "each message of the decoder is in a golden file" "" "$(unsaid)"
tap_done
