#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Policy tests of the language, field by field, on the model and with real packets on each backend.
cd "${top_srcdir:-$(dirname "$0")/../..}" || exit 1
. tests/tap.sh

cases=(tests/cases/language/*.json)
flows=$(cat "${cases[@]}" | grep -c '"expect"')

# all_pass BACKEND: polgen test exits 0, and has a line for each flow.
all_pass() {
	run "$POLGEN" test --backend="$1" "${cases[@]}"
	if [ "$run_code" -ne 0 ] || [ "$(grep -c '^ok' <<<"$run_out")" -ne "$flows" ]; then
		echo "exit code $run_code"
		grep -A 8 '^not ok' <<<"$run_out"
		echo "$run_err"
		return 1
	fi
}

tap_check "there are policy tests" test "$flows" -gt 50
tap_check "all of them pass on the model" all_pass model
for backend in iptables-legacy iptables-nft nftables ebpf; do
	if [ "$(id -u)" -eq 0 ]; then
		tap_check "all of them pass on $backend" all_pass "$backend"
	else
		tap_skip "all of them pass on $backend" "not root"
	fi
done
tap_done
