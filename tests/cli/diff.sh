#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# polgen check --diff: what it says, word by word, and what its exit code is. Write the golden files
# anew with: make check TESTS=tests/cli/diff.sh PG_GOLDEN_UPDATE=1
cd "${top_srcdir:-$(dirname "$0")/../..}" || exit 1
. tests/tap.sh

folder=tests/golden/check
endpoints=$folder/endpoints.json
old=$folder/diff-old.json
new=$folder/diff-new.json

differ() {
	"$POLGEN" check --diff --endpoints="$endpoints" "$@"
}

# golden NAME CODE ARGUMENT...: stdout is NAME.out; nothing is on stderr
golden() {
	local file=$folder/$1.out code=$2
	local name="$1: exit code $2 and the text of $file"
	shift 2

	[ -z "${PG_GOLDEN_UPDATE:-}" ] || differ "$@" >"$file"
	tap_run "$name" "$code" "$(cat "$file")" "" differ "$@"
}

golden diff 1 $old $new
golden diff-back 1 $new $old
golden diff-json 1 --json $old $new
golden diff-always 1 --enforcement=always $old $new
golden diff-host 1 --host-policy=enforce $folder/lint-denied.json $old
endpoints=$folder/endpoints6.json
golden diff6 1 $folder/diff6-old.json $folder/diff6-new.json
endpoints=$folder/endpoints.json

tap_run "a policy and itself: exit code 0" 0 "0 changes" "" differ $new $new
tap_run "in JSON, too" 0 '{
  "count": 0,
  "atLeast": false,
  "changes": []
}' "" differ --json $new $new
tap_run "needless entries make no difference" 0 "0 changes" "" \
	differ $folder/lint-shadowed.json $folder/lint-shadowed.fixed.json
tap_run "mode never: rules make none" 0 "0 changes" "" differ --enforcement=never $old $new

# What the examples of a change claim is what explain says of them.
explained() {
	"$POLGEN" explain --endpoints="$endpoints" --from="$1" --to="$2" --dport="$3" "$4" |
		sed -n '1s/.*: //p'
}
verdicts=$(differ $old $new | sed -nE 's/^  .*: ([a-z]*) -> ([a-z]*)$/\1 \2/p')
said=$(differ $old $new | sed -nE 's,^    (\S+) -> (\S+) tcp/([0-9]+)$,\1 \2 \3,p' |
	while read -r from to port; do
		echo "$(explained "$from" "$to" "$port" $old) $(explained "$from" "$to" "$port" $new)"
	done)
tap_equal "explain agrees with each example" "$verdicts" "$said"

bad=tests/golden/decode/policy-cidr.json
run differ $bad tests/golden/decode/policy-json-empty.json
tap_equal "bad policies: exit code 3, the errors of both, nothing on stdout" "3 both " \
	"$run_code $(grep -q "^$bad:" <<<"$run_err" &&
		grep -q "^tests/golden/decode/policy-json-empty.json:" <<<"$run_err" && echo both) $run_out"
tap_run "one policy can't differ" 2 "" \
	"polgen: error: 'check --diff' needs two policies, the old and the new one" differ $old
tap_run "nor can three" 2 "" \
	"polgen: error: 'check --diff' needs two policies, the old and the new one" \
	differ $old $new $new
tap_run "two jobs are one too many" 2 "" "polgen: error: '--lint' and '--diff' exclude each other" \
	differ --lint $old $new
tap_run "without endpoints there are no flows" 2 "" \
	"polgen: error: 'check --diff' needs --endpoints=docker or --endpoints=FILE" \
	"$POLGEN" check --diff $old $new

# Everything that 10,000 rules close.
sandbox=$(mktemp -d) || exit 1
trap 'rm -rf "$sandbox"' EXIT
bench/generate 1000 10000 "$sandbox"
echo '[]' >"$sandbox/none.json"
endpoints=$sandbox/endpoints.json
run differ "$sandbox/none.json" "$sandbox/policy.json"
tap_equal "10,000 rules: what is shown has an end" "1 1000 , the first 1000 of them shown" \
	"$run_code $(grep -c '^    ' <<<"$(grep -v '^      ' <<<"$run_out")") $(
		tail -n 1 <<<"$run_out" | sed 's/^[0-9]* changes//')"
tap_run "10,000 rules and themselves" 0 "0 changes" "" \
	differ "$sandbox/policy.json" "$sandbox/policy.json"
tap_done
