#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# ./demo, with namespaces and with a real Docker Engine: both backends do as the policy says, and
# nothing is left, neither on Flip nor on the machine.
cd "${top_srcdir:-$(dirname "$0")/../..}" || exit 1
. tests/tap.sh
. scripts/docker.sh
[ "$(id -u)" -eq 0 ] || tap_skip_all "not root"
command -v jq >/dev/null || tap_skip_all "no jq here"

# A sandbox of its own, whose folder is in this one.
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
demo() {
	env -u SANDBOX TMPDIR="$folder" ./demo "$@"
}

check() {
	local what=$1
	shift

	run demo "$@"
	tap_equal "$what: exit code" 0 "$run_code"
	tap_equal "$what: twice as the policy says, no differences, nothing left" \
		"48 flows probed, 48 as the policy says
48 flows probed, 48 as the policy says
  no differences
the same flows pass under both backends
rules, programs, pins and files are as they were before" \
		"$(grep -E 'as the policy says|differences|same flows|as they were' <<<"$run_out")"
	tap_equal "$what: nothing is left on the machine" "" "$(ls "$folder")"
}

check "namespaces"
if reason=$(docker_missing) && command -v busybox >/dev/null; then
	check "Docker" --docker
else
	tap_skip "Docker" "${reason:-no busybox here}"
fi
tap_done
