#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# polgen check --lint: what it says, word by word, and what its exit code is. Write the golden files
# anew with: make check TESTS=tests/cli/lint.sh PG_GOLDEN_UPDATE=1
cd "${top_srcdir:-$(dirname "$0")/../..}" || exit 1
. tests/tap.sh

folder=tests/golden/check
endpoints=$folder/endpoints.json

lint() {
	"$POLGEN" check --lint --endpoints="$endpoints" "$@"
}

# golden NAME CODE POLICY OPTION...: stdout is NAME.out; nothing is on stderr
golden() {
	local file=$folder/$1.out code=$2 policy=$folder/$3
	local name="$1: exit code $2 and the text of $file"
	shift 3

	[ -z "${PG_GOLDEN_UPDATE:-}" ] || lint "$@" "$policy" >"$file"
	tap_run "$name" "$code" "$(cat "$file")" "" lint "$@" "$policy"
}

golden lint-nobody 1 lint-nobody.json
golden lint-shadowed 1 lint-shadowed.json
golden lint-misspelt 1 lint-misspelt.json
golden lint-denied 1 lint-denied.json
golden lint-denied-host 1 lint-denied.json --host-policy=enforce
golden lint-shadowed-json 1 lint-shadowed.json --json
golden lint-always 1 lint-shadowed.json --enforcement=always
endpoints=$folder/endpoints6.json
golden lint6 1 lint6.json
endpoints=$folder/endpoints.json

tap_run "nothing odd: exit code 0" 0 "0 warnings, 0 notes" "" lint --enforcement=always \
	$folder/diff-old.json
run lint $folder/diff-old.json
tap_equal "notes alone: exit code 0" "0 0 warnings, 2 notes" "$run_code $(tail -n 1 <<<"$run_out")"
run lint --json $folder/diff-old.json
tap_equal "in JSON, too" "0 0" "$run_code $(sed -n 's/^  "warnings": \([0-9]*\),$/\1/p' <<<"$run_out")"
tap_run "mode never: rules don't count, so nothing shadows anything" 1 \
	"$folder/lint-shadowed.json:29:3: warning: the rule says the same as an earlier one
  {
  ^
$folder/lint-shadowed.json:15:3: note: this one
  {
  ^
1 warning, 0 notes" "" lint --enforcement=never $folder/lint-shadowed.json

# A policy that is no policy has errors and no findings.
run lint tests/golden/decode/policy-cidr.json
tap_equal "a bad policy: exit code 3, nothing on stdout" "3 " "$run_code $run_out"
run lint $folder/missing.json
tap_equal "no policy: exit code 3, nothing on stdout" "3 " "$run_code $run_out"
tap_run "without endpoints there is nothing to lint by" 2 "" \
	"polgen: error: 'check --lint' needs --endpoints=docker or --endpoints=FILE" \
	"$POLGEN" check --lint $folder/lint-nobody.json

# No race against the clock: a linter that isn't near linear would not come back.
sandbox=$(mktemp -d) || exit 1
trap 'rm -rf "$sandbox"' EXIT
bench/generate 1000 10000 "$sandbox"
endpoints=$sandbox/endpoints.json
run lint "$sandbox/policy.json"
tap_equal "10,000 rules" "0 0 warnings, 0 notes" "$run_code $(tail -n 1 <<<"$run_out")"
tap_done
