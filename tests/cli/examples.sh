#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The examples: they decode, and their policy tests pass on the model and, as root, with real packets
# under each backend.
cd "${top_srcdir:-$(dirname "$0")/../..}" || exit 1
. tests/tap.sh

policies=(examples/*/policy.json)
cases=(examples/thesis/case-l4.json examples/webshop/cases/*.json)

for policy in "${policies[@]}"; do
	tap_check "$policy decodes" "$POLGEN" check "$policy"
done
# Exit code 0 says that all passed; the plan, that there was something to pass.
for case in examples/thesis/case.json "${cases[@]}"; do
	flows=$(grep -c '"expect"' "$case")
	run "$POLGEN" test "$case"
	tap_equal "$case on the model" "exit code 0, $flows flows" \
		"exit code $run_code, $(grep -c '^ok' <<<"$run_out") flows"
done
for backend in iptables-legacy iptables-nft nftables ebpf; do
	for case in "${cases[@]}"; do
		if [ "$(id -u)" -ne 0 ]; then
			tap_skip "$case under $backend" "not root"
			continue
		fi
		flows=$(grep -c '"expect"' "$case")
		run "$POLGEN" test --backend="$backend" "$case"
		tap_equal "$case under $backend" "exit code 0, $flows flows" "exit code $run_code, $(
			grep -c '^ok' <<<"$run_out"
		) flows$(grep '^not ok' <<<"$run_out")$run_err"
	done
done

# The first line and the heads of both sides.
explained() {
	"$POLGEN" explain --endpoints=examples/webshop/endpoints.json "$@" \
		examples/webshop/policy.json | grep '^[a-z0-9]* ->\|^[a-z]* of '
}
tap_run "a verdict is explained by the rules of both sides" 0 \
	"api1 -> db1 tcp/5432: allow
egress of api1 (identity 3152): allow, rule examples/webshop/policy.json:52:7
ingress of db1 (identity 18263): allow, rule examples/webshop/policy.json:88:7" "" \
	explained --from=api1 --to=db1 --dport=5432
tap_run "and by what closed a side, where none allows it" 0 \
	"web1 -> db1 tcp/5432: deny
egress of web1 (identity 28475): deny, default deny examples/webshop/policy.json:2:3
ingress of db1 (identity 18263): deny, default deny examples/webshop/policy.json:2:3" "" \
	explained --from=web1 --to=db1 --dport=5432
tap_done
