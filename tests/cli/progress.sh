#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Work that takes over a second says what it is doing, on a terminal and nowhere else, and leaves nothing.
cd "${top_srcdir:-$(dirname "$0")/../..}" || exit 1
. tests/tap.sh

command -v script >/dev/null || tap_skip_all "no script(1)"
folder=$(mktemp -d)
pid=
trap '[ -z "$pid" ] || kill "$pid" 2>/dev/null; rm -rf "$folder"' EXIT
mkfifo "$folder/policy.json"
erase=$'\r\033[K'

# What is on the terminal once all is erased that is to be.
visible() {
	sed -E 's/\r$//; s/.*\r\x1b\[K//' "$1"
}

# The policy is a pipe, and polgen waits for it: so the work takes as long as wanted.
script -qefc "$POLGEN check '$folder/policy.json'" "$folder/terminal" </dev/null >/dev/null &
pid=$!
exec 3>"$folder/policy.json"
tries=0
until grep -qaF "${erase}polgen: reading policies, 2 s" "$folder/terminal" || [ $((tries += 1)) -gt 300 ]; do
	sleep 0.1
done
tap_check "the first line comes after a second" grep -qaF "${erase}polgen: reading policies, 1 s" "$folder/terminal"
tap_check "it is written again each second" grep -qaF "${erase}polgen: reading policies, 2 s" "$folder/terminal"
echo '[]' >&3
exec 3>&-
wait "$pid"
tap_equal "the work is done all the same" 0 $?
pid=
tap_check "nothing of it is left" test "$(visible "$folder/terminal" | grep -ac 'reading')" -eq 0
tap_check "the result stands in a line of its own" \
	test "$(visible "$folder/terminal" | grep -acx '0 rules with 0 entries in 1 file: valid')" -eq 1

# Not on a terminal, for longer than it takes to say something.
{ sleep 2.2; echo '[]'; } >"$folder/policy.json" &
run "$POLGEN" check "$folder/policy.json"
tap_equal "without a terminal nothing is said" "" "$run_err"
tap_equal "and the result is the same" "0 rules with 0 entries in 1 file: valid" "$run_out"

# On a terminal, but fast, unless this machine is too busy for that.
echo '[]' >"$folder/fast.json"
start=${EPOCHREALTIME/./}
script -qefc "$POLGEN check '$folder/fast.json'" "$folder/fast" </dev/null >/dev/null
if [ $((${EPOCHREALTIME/./} - start)) -lt 1000000 ]; then
	tap_check "what is fast says nothing" test "$(grep -acF "$erase" "$folder/fast")" -eq 0
else
	tap_skip "what is fast says nothing" "this machine is busy"
fi
tap_done
