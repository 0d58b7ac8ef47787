#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# polgen explain: what it says, word by word. Write the golden files anew with:
# make check TESTS=tests/cli/explain.sh PG_GOLDEN_UPDATE=1
cd "${top_srcdir:-$(dirname "$0")/../..}" || exit 1
. tests/tap.sh

folder=tests/golden/explain
policy=$folder/policy.yaml
endpoints=$folder/endpoints.json

explain() {
	"$POLGEN" explain --endpoints="$endpoints" "$@" "$policy"
}

# golden NAME ARGUMENT...: stdout is NAME.out, nothing is on stderr
golden() {
	local file=$folder/$1.out
	local name="$1: the text of $file"
	shift

	[ -z "${PG_GOLDEN_UPDATE:-}" ] || explain "$@" >"$file"
	tap_run "$name" 0 "$(cat "$file")" "" explain "$@"
}

golden allow --from=api1 --to=web1 --dport=80
golden deny --from=guest1 --to=web1 --dport=80
golden default-deny --from=web1 --to=db1 --dport=5432
golden icmp --from=ip:198.51.100.7 --to=web1 --proto=icmp
golden icmp6 --from=ip:2001:db8::7 --to=web1 --proto=icmp
golden http --from=web1 --to=api1 --dport=80
golden http-403 --from=web1 --to=api1 --dport=80 --method=GET --path=/private
golden http-200 --from=web1 --to=api1 --dport=80 --method=GET --path=/public/a
golden http-header --from=web1 --to=api1 --dport=80 --header="Host: intern" --header=x-token:7
golden host --from=host --to=db1 --dport=5432
golden host-enforce --from=host --to=db1 --dport=5432 --host-policy=enforce
golden always --from=six1 --to=ip:2001:db8::1 --dport=443 --enforcement=always
golden never --from=guest1 --to=web1 --dport=80 --enforcement=never
golden json --from=web1 --to=api1 --dport=80 --method=GET --path=/private --json
golden json-unmet --from=web1 --to=db1 --dport=5432 --json

# family CODE STDERR FAMILY ARGUMENT...
family() {
	local name="family of ${*:4}: ${3:-none}" code=$1 err=$2 family=$3

	shift 3
	run explain --json "$@"
	tap_equal "$name" "$code $err $family" \
		"$run_code $run_err $(jq -r '.family' <<<"${run_out:-{\}}" | sed 's/null//')"
}

family 0 "" 4 --from=web1 --to=db1 --dport=1
family 0 "" 6 --from=web1 --to=db1 --dport=1 --family=6
family 0 "" 6 --from=web1 --to=six1 --dport=1
family 0 "" 6 --from=ip:2001:db8::1 --to=web1 --dport=1
family 0 "" 6 --from=web1 --to=db1 --proto=icmpv6
family 0 "" 4 --from=web1 --to=db1 --proto=icmp
family 0 "" 4 --from=host --to=api1 --dport=1
family 0 "" 6 --from=six1 --to=host --dport=1
family 3 "polgen: error: --to: 'six1' has no IPv4 address" "" --from=api1 --to=six1 --dport=1
family 3 "polgen: error: --from: 'api1' has no IPv6 address" "" --from=api1 --to=web1 --dport=1 --family=6
family 3 "polgen: error: --to: 'ip:192.0.2.1' has no IPv6 address" "" \
	--from=ip:2001:db8::1 --to=ip:192.0.2.1 --dport=1
family 3 "polgen: error: --proto: there is no icmpv6 between IPv4 addresses" "" \
	--from=web1 --to=db1 --proto=icmpv6 --family=4
family 3 "polgen: error: --dport: message type 256 is not in 0..255" "" \
	--from=web1 --to=db1 --proto=icmp --dport=256

tap_equal "the host has an address" "10.0.192.1" \
	"$(explain --json --from=host --to=web1 --dport=80 | jq -r .source.address)"
tap_equal "ICMPv6 is an echo request by default" "web1 -> db1 icmpv6 type 128" \
	"$(explain --json --from=web1 --to=db1 --proto=icmp --family=6 | jq -r .flow)"
tap_equal "another header, another answer" "http-403" \
	"$(explain --json --from=web1 --to=api1 --dport=80 --header=host:intern --header=x-token:8 |
		jq -r .verdict)"
tap_run "a request is of tcp" 2 "" "polgen: error: --method, --path and --header are of tcp" \
	explain --from=web1 --to=db1 --proto=udp --dport=80 --path=/
tap_done
