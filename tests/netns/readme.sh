#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What README.md shows of the web shop's commands that need root ("# polgen ...") is what polgen prints, but
# for what was counted, and the numbers of interfaces. "..." stands for any lines.
cd "${top_srcdir:-$(dirname "$0")/../..}" || exit 1
. tests/tap.sh
tap_sandbox "$0" "$@"
# shellcheck source=tests/flip.sh
. tests/flip.sh

command -v jq >/dev/null || tap_skip_all "no jq"

readme=$PWD/README.md
flip_up
cp -r examples/webshop/. "$SANDBOX"
cd "$SANDBOX" || exit 1
for interface in $(jq -r '.endpoints[].interface' endpoints.json); do
	flip_run ip link add "$interface" type veth peer name "p$interface"
	flip_run ip link set "$interface" master flip0 up
done

# On Flip, with the policy enforced by the backend that is asked about.
polgen() {
	local argument

	for argument in "$@"; do
		case $1-$argument in
		explain---backend=*)
			flip_run "$POLGEN" apply "$argument" --endpoints=endpoints.json policy.json \
				>/dev/null || return
			;;
		esac
	done
	flip_run "$POLGEN" "$@"
}

# One space for many; columns of counters empty.
plain() {
	sed -E 's/ +[0-9]+ +[0-9]+  ([^ ])/ \1/; s/(pg_endpoints) [0-9]+/\1/; s/ +/ /g'
}

# compare COMMAND SHOWN
compare() {
	local shown got pattern

	shown=$(plain <<<"$2")
	got=$(eval "$1" 2>&1 | plain)
	pattern=$(sed -e '/^\.\.\.$/!s/[][*?\\]/\\&/g' -e 's/^\.\.\.$/*/' <<<"$shown")
	# shellcheck disable=SC2053 # a pattern it is
	if [[ $got == $pattern ]]; then
		tap_ok "$1"
	else
		tap_equal "$1" "$shown" "$got"
	fi
}

command='' expected=''
while IFS= read -r line; do
	case $line in
	$'\t# polgen '* | [!$'\t']* | '')
		case $command in
		'polgen explain '* | 'polgen test '*) compare "$command" "$expected" ;;
		esac
		command='' expected=''
		;;
	$'\t'*) expected+=${expected:+$'\n'}${line#$'\t'} ;;
	esac
	case $line in
	$'\t# polgen '*) command=${line#$'\t# '} ;;
	esac
done <"$readme"
tap_equal "README.md has such commands" 3 "$tap_count"
tap_done
