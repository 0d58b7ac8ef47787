#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What the house style asks of every file of the tree.
cd "${top_srcdir:-$(dirname "$0")/../..}" || exit 1
. tests/tap.sh

# Only these are searched: a build may have put its own folders beside them.
folders=()
for folder in compat policy translate backends frontend bench tests scripts doc examples .ci; do
	[ ! -d "$folder" ] || folders+=("$folder")
done

c_files() {
	find "${folders[@]}" -name '*.[ch]' ! -name '*.skel.h' | sort
}

# Scripts are known by their first line.
scripts() {
	{
		find "${folders[@]}" -type f ! -name '*.[cho]' ! -name '*.json'
		find . -maxdepth 1 -type f ! -name 'config*'
	} | sort | while IFS= read -r file; do
		IFS= read -r first <"$file" 2>/dev/null || continue
		case $first in
		'#!/bin/sh'* | '#!/bin/bash'*) echo "${file#./}" ;;
		esac
	done
}

build_files() {
	find configure.ac Makefile.am "${folders[@]}" -name '*.mk' -o -name '*.am' -o -name '*.ac'
}

# Prints the files whose first two lines don't name the licence.
without_licence() {
	{
		c_files
		scripts
		find "${folders[@]}" -name '*.[1-9]'
		printf '%s\n' configure.ac Makefile.am
	} | while IFS= read -r file; do
		head -n 2 "$file" | grep -qF 'SPDX-License-Identifier: GPL-2.0' || echo "$file"
	done
}

# Prints the lines that put work off. The words are split so that this file has none of them.
put_off() {
	{
		c_files
		scripts
		build_files
	} | xargs grep -nwE 'TO''DO|FIX''ME|X''XX|HA''CK'
	# grep's 1 is what is hoped for
	[ $? -ne 2 ]
}

long_functions() {
	c_files | xargs awk '
		/^\{/ { start = FNR }
		/^\}/ {
			if (start && FNR - start > 80)
				printf "%s:%d: %d lines\n", FILENAME, start, FNR - start
			start = 0
		}'
}

tap_check "the source tree is found" test "$(c_files | wc -l)" -gt 20 -a "$(scripts | wc -l)" -gt 2

tap_check "the licence's text is there" grep -q "GNU GENERAL PUBLIC LICENSE" COPYING
tap_empty "each source names its licence first" without_licence
tap_empty "no source puts work off" put_off
tap_empty "no function is longer than 80 lines" long_functions

if clang-format --version 2>/dev/null | grep -q 'version 14\.'; then
	mapfile -t files < <(c_files)
	tap_empty "clang-format finds nothing to change" clang-format --dry-run -Werror "${files[@]}"
else
	tap_skip "clang-format finds nothing to change" "no clang-format 14 here"
fi
if command -v shellcheck >/dev/null; then
	mapfile -t files < <(scripts)
	tap_empty "shellcheck finds nothing in any script" shellcheck -x "${files[@]}"
else
	tap_skip "shellcheck finds nothing in any script" "no shellcheck here"
fi
tap_done
