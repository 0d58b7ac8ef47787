#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The layers: includes only point down, no backend knows another, nothing below frontend/ prints.
cd "${top_srcdir:-$(dirname "$0")/../..}" || exit 1
. tests/tap.sh

# "file:line: included" for each include of the project's own headers in the given folders.
includes() {
	grep -rEn --include='*.[ch]' '^[[:space:]]*#[[:space:]]*include[[:space:]]*"' "$@" |
		sed 's/:[[:space:]]*#[^"]*"\([^"]*\)".*/: \1/'
}

# Prints the includes that point up or sideways. The lowest layer has number 1.
upward() {
	includes "$@" | awk '
	BEGIN {
		n = split("compat policy translate backends frontend bench", names, " ")
		for (i = 1; i <= n; i++)
			rank[names[i]] = i
		rank["bench"] = rank["frontend"] + 1
	}
	# A file beside the one that includes it.
	function beside(place, name) {
		sub("[^/]*$", name, place)
		return name !~ "/" && (getline < place) >= 0
	}
	{
		if (beside($1, $2))
			next
		split($1, from, "/")
		split($2, to, "/")
		if (!(to[1] in rank)) {
			print $0 " (neither beside it nor from the root of the tree)"
			next
		}
		if (rank[to[1]] > rank[from[1]])
			print $0 " (points up)"
	}'
}

# Prints the includes of one backend that name another, and of what they share that name one.
sideways() {
	includes "$@" | awk '
	{
		depth = split($1, from, "/")
		own = depth > 2 ? from[2] : ""
		count = split($2, to, "/")
		if (to[1] == "backends" && count > 2 && to[2] != own)
			print $0 " (another backend)"
	}'
}

# Prints the lines that write to stdout or stderr. Comments are taken out by the compiler, and what
# is in quotes by sed.
printing() {
	find "$@" -name '*.[ch]' ! -name '*.skel.h' | sort | while read -r file; do
		${CC:-cc} -fpreprocessed -dD -E -P -x c "$file" 2>/dev/null |
			sed -e 's/"\([^"\\]\|\\.\)*"/""/g' -e 's/^[[:space:]]*//' |
			grep -E '(^|[^A-Za-z0-9_])((v?printf|puts|putchar|perror|bpf_printk)[[:space:]]*\(|stdout|stderr)' |
			sed "s|^|$file: |"
	done
}

existing() {
	local folder

	for folder in "$@"; do
		[ ! -d "$folder" ] || echo "$folder"
	done
}

mapfile -t all < <(existing compat policy translate backends frontend bench)
mapfile -t quiet < <(existing compat policy translate backends)

# What finds nothing here might find nothing anywhere: each rule is shown a breach first.
sample=$(mktemp -d) || exit 1
trap 'rm -rf "$sample"' EXIT
mkdir -p "$sample"/{policy,backends/iptables}
printf '#include "backends/backend.h"\n#include "compat/util.h"\n' >"$sample/policy/a.c"
printf '#include "backends/ebpf/abi.h"\n#include "backends/backend.h"\n' >"$sample/backends/iptables/b.c"
printf '/* printf("x") */\nvoid f(void)\n{\n\tg("puts(");\n\tfprintf(stderr, "y");\n}\n' \
	>"$sample/policy/c.c"
in_sample() {
	(cd "$sample" && "$@")
}
tap_equal "an include that points up is found" "policy/a.c:1: backends/backend.h (points up)" \
	"$(in_sample upward policy backends)"
tap_equal "an include of another backend is found" \
	"backends/iptables/b.c:1: backends/ebpf/abi.h (another backend)" "$(in_sample sideways backends)"
tap_equal "a line that prints is found, comments and strings are not" \
	"policy/c.c: fprintf(stderr, \"\");" "$(in_sample printing policy)"

tap_empty "includes only point down" upward "${all[@]}"
tap_empty "no backend includes another" sideways backends
tap_empty "nothing below frontend/ prints" printing "${quiet[@]}"
tap_done
