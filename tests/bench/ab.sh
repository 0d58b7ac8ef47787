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

	for measure in tcp-stream tcp-rr tcp-crr udp-small; do
		measured_once "$measure" wire bridge iptables-top iptables-flat/200 \
			legacy-linear/200 legacy-tree/200 nft-linear/200 nft-tree/200 nftables/200 ebpf/0 ebpf/200
	done
	for measure in hosts-{stream,rr,crr,udp}; do
		measured_once "$measure" wire bridge iptables-top nftables/1 ebpf/1
	done
	for measure in verdict-{first,any,known}-ipv{4,6}; do
		measured_once "$measure" empty ebpf/1 ebpf/1000
	done
	for measure in {commit,apply}-{all,one} kernel-memory{,-fixed,-entry} lost-packets longest-pause; do
		measured_once "$measure" {iptables-restore,{legacy,nft}-{linear,tree}}/1000 nftables/1000 ebpf/1000
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
tap_check "no number of entries" refused --entries=0
tap_check "a change of one of one" refused --changes=1
tap_check "no number" refused --policies=1,x
tap_check "no such option" refused --no-such
tap_done
