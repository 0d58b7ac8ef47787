#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What README.md shows is what polgen prints: each command after a "$" that needs no privilege.
cd "${top_srcdir:-$(dirname "$0")/../..}" || exit 1
. tests/tap.sh

readme=$PWD/README.md
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
cp -r examples/webshop/. "$folder"
sed '0,/"api", "jobs"/s//"api", "job"/' "$folder/policy.json" >"$folder/next.json"
cat >"$folder/broken.json" <<'JSON'
[
  {
    "endpointSelector": { "matchLabels": { "tier": "db" } },
    "ingress": [
      {
        "fromEndpoint": [{ "matchLabels": { "tier": "api" } }],
        "toPorts": [{ "ports": [{ "port": "65432", "protocol": "TPC" }] }]
      }
    ]
  }
]
JSON
cd "$folder" || exit 1

polgen() {
	"$POLGEN" "$@"
}

# Runs one command and compares.
compare() {
	local command=$1 expected=$2

	case $command in
	polgen\ *) tap_equal "$command" "$expected" "$(eval "$command" 2>&1)" ;;
	esac
}

command='' expected=''
while IFS= read -r line; do
	case $line in
	$'\t$ '*)
		compare "$command" "$expected"
		command=${line#$'\t$ '} expected=''
		;;
	$'\t'*)
		expected+=${expected:+$'\n'}${line#$'\t'}
		;;
	*)
		compare "$command" "$expected"
		command='' expected=''
		;;
	esac
done <"$readme"
tap_check "README.md has commands" test "$tap_count" -gt 4
tap_done
