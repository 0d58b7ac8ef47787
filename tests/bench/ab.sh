#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# bench/ab does what it says. Not how fast anything is: that is for a quiet machine.
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
	diff <(tail -n +2 "$SANDBOX/ab.csv" | cut -d , -f 1,2,5 | sort) \
		<(jq -r '.results[] | . as $r | .values[] | [$r.measure, $r.config, .] | @csv' \
			"$SANDBOX/ab.json" | tr -d '"' | awk -F , '{ printf "%s,%s,%.9g\n", $1, $2, $3 }' | sort)
}

# Each of these for every configuration of traffic, in each of two rounds.
complete() {
	local measure config

	for measure in tcp-stream tcp-rr tcp-crr udp-small; do
		for config in wire bridge iptables-top iptables-flat/200 iptables-legacy/200 \
			iptables-nft/200 ebpf/1 ebpf/200; do
			grep -c "^$measure,$config,[^,]*,[12],[0-9.e+]*$" "$SANDBOX/ab.csv" |
				grep -qx 2 || echo "not twice: $measure $config"
		done
	done
}

in_order() {
	jq -e '.results | length > 0 and all(.estimate | .low <= .median and .median <= .high)' \
		"$SANDBOX/ab.json"
}

ratios() {
	jq -e '.results[] | select(.measure == "tcp-rr" and .config == "ebpf/200") | .ratios |
		keys == ["bridge", "iptables-top", "wire"]' "$SANDBOX/ab.json"
}

refused() {
	"$ab" "$@" 2>/dev/null
	[ $? -eq 2 ]
}

tap_check "a quick run" timeout 120 "$ab" --quick --csv="$SANDBOX/ab.csv" --json="$SANDBOX/ab.json"
tap_empty "every configuration is measured in each round" complete
tap_empty "both files have the same values" same_values
tap_check "medians are within their limits" in_order
tap_check "ratios to each reference" ratios
tap_check "no number of policies" refused --policies=0
tap_check "no such option" refused --no-such
tap_done
