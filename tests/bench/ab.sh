#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# bench/ab and bench/report do what they say. Not how fast anything is: that is for a quiet machine.
cd "${top_srcdir:-$(dirname "$0")/../..}" || exit 1
. tests/tap.sh
tap_sandbox "$0" "$@"

ab=${top_builddir:-build}/bench/ab
for tool in jq iptables-legacy-restore; do
	command -v $tool >/dev/null || tap_skip_all "no $tool"
done
[ -x "$ab" ] || tap_skip_all "no $ab"

# Values of a measurement, in both files, are the same ones.
same_values() {
	diff <(tail -n +2 "$SANDBOX/ab.csv" | cut -d , -f 2,6,8 | sort) \
		<(jq -r '.results[] | . as $r | .values[] | [$r.measure, $r.config, .] | @csv' \
			"$SANDBOX/ab.json" | tr -d '"' | awk -F , '{ printf "%s,%s,%.9g\n", $1, $2, $3 }' | sort)
}

# measured_once MEASURE CONFIGURATION...
measured_once() {
	local measure=$1 config
	shift

	for config; do
		grep -c "^[a-z]*,$measure,.*,$config,1,-\?[0-9.e+-]*$" "$SANDBOX/ab.csv" |
			grep -qx 1 || echo "not once: $measure $config"
	done
}

complete() {
	local measure

	for measure in {tcp-stream,tcp-rr,tcp-crr}{,-1cpu} udp-small; do
		measured_once "$measure" wire bridge iptables-top iptables-flat/200 \
			{legacy,nft}-{linear,tree,set}/200 nftables/200 ebpf/0 ebpf/200
	done
	for measure in hosts-{stream,rr,crr}{,-1cpu} hosts-udp; do
		measured_once "$measure" wire bridge iptables-top nftables/1 ebpf/1 ebpf-uplink/1
	done
	for measure in verdict-{row,first,any,known}-ipv{4,6}; do
		measured_once "$measure" empty ebpf/1 ebpf/1000
	done
	for measure in {commit,apply}-{all,one} kernel-memory{,-fixed,-entry} lost-packets longest-pause; do
		measured_once "$measure" {iptables-restore,{legacy,nft}-{linear,tree,set}}/1000 nftables/1000 ebpf/1000
	done
}

lossless() {
	! grep ,lost-packets, "$SANDBOX/ab.csv" | grep -v ',1,0$'
}

in_order() {
	jq -e '.results | length > 0 and all(.estimate | .low <= .median and .median <= .high)' \
		"$SANDBOX/ab.json"
}

ratios() {
	jq -e '.results[] | select(.measure == "tcp-rr" and .config == "ebpf/200") | .ratios |
		keys == ["bridge", "iptables-top", "wire"]' "$SANDBOX/ab.json"
}

conditions() {
	jq -e '(.conditions | [.kernel, .cpu, .mitigations, .clocksource, .load, .quiet, .method] |
		all(length > 0)) and (.warnings | length > 0)' "$SANDBOX/ab.json"
}

# What a reader of the file counts on.
schema() {
	jq -e '(.results | length > 0 and all(
			(.experiment, .measure, .unit, .form, .config | type == "string") and
			(.policies | type | IN("number", "null")) and (.better | IN("more", "less")) and
			(.values | length > 0 and all(type == "number")) and (.ratios | type == "object"))) and
		(.targets | length > 0 and all(
			(.target, .config, .kind | type == "string") and (.limit | type == "number") and
			(.outcome | IN("reached", "missed", "undecided")) and
			(.estimate | .low <= .median and .median <= .high)))' "$SANDBOX/ab.json"
}

# What is judged is what was measured.
judged() {
	jq -e '([.results[] | select(.measure == "tcp-rr" and .config == "ebpf/200")][0].ratios.wire) as $ratio
		| [.targets[] | select(.measure == "tcp-rr" and .other == "wire")]
		| length == 1 and (.[0] | .estimate == $ratio and
			.outcome == (if $ratio.median >= .limit then "reached" else "missed" end))' "$SANDBOX/ab.json"
}

report() {
	bench/report "$@" "$SANDBOX/ab.json"
}

# Prints the lines of Markdown tables that have another number of columns than the head above them.
ragged() {
	report --markdown | awk -F '|' '
		!/^\|/ { columns = 0; next }
		!columns { columns = NF; tables++ }
		NF != columns
		END { if (tables != 13) print tables " tables" }'
}

markdown_value() {
	local value

	value=$(jq -r '.results[] | select(.measure == "verdict-known-ipv4" and .config == "ebpf/1000")
		| .values[0] | round' "$SANDBOX/ab.json")
	report --markdown | grep "^| known flow, IPv4 |.*| $value ($value to $value) |"
}

plots() {
	local plot

	grep -o 'src="data:image/svg+xml;base64,[^"]*' "$SANDBOX/ab.html" | sed 's/.*base64,//' |
		while read -r plot; do
			base64 -d <<<"$plot" | grep -c '</svg>'
		done
}

html() {
	report --output="$SANDBOX/ab.html" && ! grep -E '(src|href)="https?:' "$SANDBOX/ab.html" &&
		[ "$(plots | grep -cx 1)" -eq 12 ]
}

# report_fails CODE TEXT ARGUMENT...
report_fails() {
	local code=$1 text=$2
	shift 2

	bench/report "$@" 2>"$SANDBOX/errors" >/dev/null
	[ $? -eq "$code" ] && grep -qF "$text" "$SANDBOX/errors"
}

refused() {
	"$ab" "$@" 2>/dev/null
	[ $? -eq 2 ]
}

tap_check "a quick run" timeout 300 "$ab" --quick --csv="$SANDBOX/ab.csv" --json="$SANDBOX/ab.json"
tap_empty "every configuration is measured" complete
tap_check "no packet of an allowed flow is lost in a change" lossless
tap_empty "both files have the same values" same_values
tap_check "medians are within their limits" in_order
tap_check "ratios to each reference" ratios
tap_check "conditions, and a warning of a quick run" conditions
tap_check "the JSON file has all that a reader counts on" schema
tap_check "a target is judged by the ratio that was measured" judged
tap_empty "the report's tables in Markdown" ragged
tap_check "a value in Markdown" markdown_value
if command -v gnuplot >/dev/null; then
	tap_check "the report in HTML has all plots in it" html
else
	tap_skip "the report in HTML has all plots in it" "no gnuplot here"
fi
echo '{}' >"$SANDBOX/other.json"
tap_check "a report of nothing" report_fails 2 "neither a file nor --run" --markdown
tap_check "a report of another file" report_fails 3 "not written by bench/ab" --markdown "$SANDBOX/other.json"
tap_check "no number of entries" refused --entries=0
tap_check "a change of one of one" refused --changes=1
tap_check "no number" refused --policies=1,x
tap_check "no such option" refused --no-such
tap_done
