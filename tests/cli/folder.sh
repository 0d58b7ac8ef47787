#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A folder in the place of a policy file.
cd "${top_srcdir:-$(dirname "$0")/../..}" || exit 1
. tests/tap.sh

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
policies=$folder/policies
mkdir -p "$policies/deeper"

good='{"endpointSelector": {}, "ingress": [{}]}'
bad='{"endpointSelector": {}, "ingres": []}'

tap_run "an empty folder" 3 "" \
	"polgen: error: no policy in '$policies': no name ends in .json, .yaml or .yml" \
	"$POLGEN" check "$policies"

echo "$good" >"$policies/b.json"
printf 'endpointSelector: {}\n---\nendpointSelector: {}\negress: [{}]\n' >"$policies/a.yaml"
echo "endpointSelector: {}" >"$policies/C.yml"
for left_out in .hidden.json README notes.txt b.json~ deeper/d.json json .json; do
	echo "$bad" >"$policies/$left_out"
done
tap_run "what ends in .json, .yaml and .yml, not hidden and not deeper" 0 \
	"4 rules with 2 entries in 3 files: valid" "" "$POLGEN" check "$policies"
tap_run "with a slash, and a file beside it" 0 \
	"5 rules with 3 entries in 4 files: valid" "" "$POLGEN" check "$policies/" "$policies/b.json"
tap_run "by its option, and a file" 0 \
	"5 rules with 3 entries in 4 files: valid" "" \
	"$POLGEN" check "$policies/b.json" --policy-dir="$policies"
tap_run "by its option alone" 0 \
	"4 rules with 2 entries in 3 files: valid" "" "$POLGEN" check --policy-dir "$policies"
ln -s policies "$folder/link"
tap_run "a link to one" 0 \
	"4 rules with 2 entries in 3 files: valid" "" "$POLGEN" check "$folder/link"
run "$POLGEN" check --json "$policies"
tap_equal "--json counts files" 3 "$(sed -n 's/.*"files": \([0-9]*\),/\1/p' <<<"$run_out")"

# The order is that of bytes: capitals first, in every locale.
for name in a b C; do
	echo "$bad" >"$policies/$name.json"
done
rm "$policies/a.yaml" "$policies/C.yml"
places() {
	LC_ALL=$1 "$POLGEN" check "$policies" 2>&1 >/dev/null | sed -n 's/:.* error: .*//p' |
		xargs -n 1 basename | xargs
}
tap_equal "all errors of all files, in the order of their names" "C.json a.json b.json" \
	"$(places C)"
tap_equal "in any locale" "C.json a.json b.json" "$(places C.UTF-8)"
echo "$good" >"$policies/a.json"
run "$POLGEN" check "$policies"
tap_equal "one bad file is enough" 3 "$run_code"
echo "$good" >"$policies/b.json"
rm "$policies/C.json"
mkdir "$policies/z.json"
tap_run "a folder that has the name of a file is no file" 3 "" \
	"polgen: error: cannot read '$policies/z.json': is a directory" "$POLGEN" check "$policies"
tap_done
