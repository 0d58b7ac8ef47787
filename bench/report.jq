# SPDX-License-Identifier: GPL-2.0-only
# What bench/ab measured, as tables of HTML and Markdown and as columns for gnuplot. For bench/report; its
# input is a list of bench/ab's JSON documents.

def fix($digits):
  (if . < 0 then "-" else "" end) as $sign
  | (fabs * pow(10; $digits) | round | tostring) as $text
  | (if ($text | length) <= $digits
     then "0" * ($digits + 1 - ($text | length)) + $text else $text end) as $text
  | $sign + (if $digits == 0 then $text else $text[:-$digits] + "." + $text[-$digits:] end);

def commas:
  if length > 3 and .[0:1] != "-" then (.[:-3] | commas) + "," + .[-3:] else . end;

# Three digits that count.
def number:
  fabs as $x
  | if $x >= 1000 then fix(0) | commas
    elif $x >= 100 or $x == 0 then fix(0)
    elif $x >= 10 then fix(1)
    elif $x >= 1 then fix(2)
    else fix(3) end;

def escape: gsub("&"; "&amp;") | gsub("<"; "&lt;") | gsub(">"; "&gt;");

def results: [.[].results[]];
def targets: [.[].targets[]];
def of($measure): [results[] | select(.measure == $measure)];

def names:
  {
    "wire": "a bare veth",
    "bridge": "an unfiltered bridge",
    "empty": "an empty program",
    "iptables-top": "iptables by hand, ESTABLISHED first",
    "iptables-flat": "iptables by hand, no state",
    "iptables-restore": "iptables-restore",
    "legacy-linear": "iptables-legacy, linear",
    "legacy-tree": "iptables-legacy, tree",
    "legacy-set": "iptables-legacy, set",
    "nft-linear": "iptables-nft, linear",
    "nft-tree": "iptables-nft, tree",
    "nft-set": "iptables-nft, set",
    "nftables": "nftables",
    "ebpf": "eBPF"
  };
def form_name: . as $form | names[$form] // $form;
def config_name:
  (.form | form_name) + (if .policies == null then "" else ", " + (.policies | tostring | commas) end);

def between(f): "\(.median | f) (\(.low | f) to \(.high | f))";

# A table is {head: [...], rows: [[...], ...]}; the first column is to the left, the others to the right.

def markdown:
  "| " + (.head | join(" | ")) + " |",
  "|" + (.head | map("---") | join("|")) + "|",
  (.rows[] | "| " + join(" | ") + " |"),
  "";

def html:
  "<table><thead><tr>" + (.head | map("<th>" + escape + "</th>") | join("")) + "</tr></thead><tbody>",
  (.rows[]
   | "<tr>"
     + (map(escape
            | if . == "reached" or . == "missed" or . == "undecided"
              then "<td class=\"" + . + "\">" + . + "</td>" else "<td>" + . + "</td>" end)
        | join(""))
     + "</tr>"),
  "</tbody></table>";

def table($title; $head; rows):
  [rows] | select(length > 0) | {title: $title, head: $head, rows: .};

def targets_table:
  table("Targets"; ["", "of", "to reach", "median", "95 %", ""];
    targets[]
    | [ .target,
        .config + (if .other then " : " + .other else "" end),
        (if (.kind | test("least")) then "at least " else "at most " end)
          + (if .kind | test("difference") then "+" else "" end)
          + (.limit | tostring) + (if .unit == "" then "" else " " + .unit end),
        (.estimate.median | number),
        "\(.estimate.low | number) to \(.estimate.high | number)",
        .outcome ]);

# Numbers of policies with which something was measured.
def sizes_of($measures): [ results[] | select(.measure | IN($measures[])) | .policies | values ] | unique;

# Shares of a reference: a row for each configuration, a column for each measurement. Brief: only with the
# largest number of policies, but for the form that depends on it most.
def shares_table($title; $reference; $measures; $heads; $brief):
  results as $results
  | (sizes_of([$measures[0]]) | max) as $most
  | [ of($measures[0])[]
      | select($brief and .policies != null and .policies != $most and .form != "iptables-flat" | not) ] as $rows
  | table($title; [""] + $heads;
      ($rows[] | select(.config != $reference) | . as $row
       | [ ($row | config_name) ]
         + [ $measures[] as $measure
             | [ $results[] | select(.measure == $measure and .config == $row.config) ][0].ratios[$reference]
             | if . then between(fix(2)) else "" end ]),
      ($rows[] | select(.config == $reference) | . as $row
       | [ ($row | config_name) ]
         + [ $measures[] as $measure
             | [ $results[] | select(.measure == $measure and .config == $row.config) ][0]
             | if . then (.estimate.median | number) + " " + (.unit | sub("1/s"; "a second")) else "" end ]));

def verdict_table:
  sizes_of(["verdict-known-ipv4"]) as $sizes
  | results as $results
  | select($sizes | length > 0)
  | table("eBPF's verdict alone, ns"; [""] + [$sizes[] | tostring | commas] + ["an empty program"];
      [ ["verdict-known-ipv4", "known flow, IPv4"], ["verdict-known-ipv6", "known flow, IPv6"],
        ["verdict-first-ipv4", "first packet, always by the same policy, IPv4"],
        ["verdict-first-ipv6", "first packet, always by the same policy, IPv6"],
        ["verdict-row-ipv4", "first packets in a row, mean, IPv4"],
        ["verdict-row-ipv6", "first packets in a row, mean, IPv6"],
        ["verdict-any-ipv4", "first packet, by any of the policies, IPv4"],
        ["verdict-any-ipv6", "first packet, by any of the policies, IPv6"] ][] as [$measure, $text]
      | [ $text ]
        + [ ($sizes[], null) as $size
            | [ $results[] | select(.measure == $measure and .policies == $size) ][0]
            | if . then (.estimate | between(fix(0))) else "" end ]);

def change_table($title; $measure):
  sizes_of([$measure]) as $sizes
  | of($measure) as $series
  | table($title; [""] + [$sizes[] | tostring | commas];
      ($series | map(.form) | reduce .[] as $form ([]; if index($form) then . else . + [$form] end))[] as $form
      | [ $form | form_name ]
        + [ $sizes[] as $size
            | [ $series[] | select(.form == $form and .policies == $size) ][0]
            | if . then (.estimate | between(number)) else "" end ]);

def memory_table:
  (sizes_of(["kernel-memory-entry"]) | max) as $size
  | of("kernel-memory") as $all | of("kernel-memory-fixed") as $fixed | of("kernel-memory-entry") as $entry
  | table("Memory of the kernel"; ["", "policies", "MiB", "of that with one policy, MiB", "a policy more, bytes"];
      ($entry | group_by(.form)[] | max_by(.policies)) as $series
      | [ ($series.form | form_name), ($series.policies | tostring | commas) ]
        + [ ($all, $fixed, $entry) as $list
            | [ $list[] | select(.config == $series.config) ][0]
            | if . then .estimate.median | number else "" end ]);

def summary_tables($brief):
  targets_table,
  shares_table("Between two containers of one host: shares of an unfiltered bridge"; "bridge";
    ["tcp-stream", "tcp-rr", "tcp-crr", "udp-small"];
    ["TCP throughput", "TCP_RR", "TCP_CRR", "UDP, 18 bytes, one way"]; $brief),
  shares_table("The same on one CPU: what the way costs by itself"; "bridge";
    ["tcp-stream-1cpu", "tcp-rr-1cpu", "tcp-crr-1cpu"]; ["TCP throughput", "TCP_RR", "TCP_CRR"]; $brief),
  shares_table("Between containers of two hosts: shares of iptables with ESTABLISHED first"; "iptables-top";
    ["hosts-stream", "hosts-rr", "hosts-crr", "hosts-udp"];
    ["TCP throughput", "TCP_RR", "TCP_CRR", "UDP, 18 bytes, one way"]; $brief),
  shares_table("The same on one CPU"; "iptables-top";
    ["hosts-stream-1cpu", "hosts-rr-1cpu", "hosts-crr-1cpu"]; ["TCP throughput", "TCP_RR", "TCP_CRR"]; $brief),
  verdict_table,
  change_table("Installing n policies, ms: the transaction alone"; "commit-all"),
  change_table("Changing 1 of n, ms: until it counts"; "flip-one"),
  change_table("Changing 1 of n, ms: the transaction"; "commit-one"),
  change_table("Changing 1 of n, ms: with plan, live and diff"; "apply-one"),
  change_table("Packets of an allowed flow that are lost in a change"; "lost-packets"),
  change_table("The longest pause in that flow meanwhile, ms"; "longest-pause"),
  memory_table;

def conditions:
  .[] | (.conditions | to_entries[] | [.key, .value]), (.warnings[] | ["warning", .]);

def markdown_report:
  (.[] | "Measured on " + .conditions.date + ", " + .conditions.cpu + ", " + .conditions.kernel
         + ", load " + .conditions.load + "; " + .conditions.veth + "; " + .conditions.method
         + "; machine " + .conditions.quiet + "." + ([.warnings[] | " Warning: " + . + "."] | join("")), ""),
  (summary_tables(true) | "**" + .title + "**", "", markdown);

# All that was measured, as it is in the file.
def full_tables:
  results | group_by([.experiment, .measure])[]
  | (map(.ratios | keys[]) | unique) as $references
  | { title: (.[0].experiment + ": " + .[0].measure),
      head: (["", .[0].unit, "95 %", "rounds"] + [$references[] | "x " + .]),
      rows: [ .[]
              | [ .config, (.estimate.median | number),
                  "\(.estimate.low | number) to \(.estimate.high | number)", (.values | length | tostring) ]
                + [ $references[] as $reference
                    | .ratios[$reference] | if . then between(fix(3)) else "" end ] ] };

def html_conditions:
  "<table class=\"conditions\"><tbody>",
  (conditions | "<tr class=\"" + (if .[0] == "warning" then "warning" else "" end) + "\"><td>"
                + (.[0] | escape) + "</td><td>" + (.[1] | escape) + "</td></tr>"),
  "</tbody></table>";

# Lines of one form for gnuplot: x, median, low, high. x is the number of policies, or which one of the
# measurement's numbers it is.
def columns($measure; $form; $ranked; value):
  sizes_of([$measure]) as $sizes
  | of($measure)[] | select(.form == $form) | .policies as $policies
  | [ (if $ranked and $policies != null then $sizes | index($policies) else $policies end) ]
    + ([.estimate | .median, .low, .high] | map(value))
  | map(tostring) | join(" ");

# The upper end of an axis: above all medians, and above limits that aren't far from them.
def top($measure; value):
  [ of($measure)[].estimate | .median | value ] | (max // 1) * 1.35;

# For bars: position, colour, median, low, high, name.
def bars($measure; value):
  [ of($measure)[] ] | to_entries[] | .key as $position | .value
  | ([.estimate | .median, .low, .high | value]) as $values
  | [ ($position | tostring),
      ({"ebpf": "0x2ca02c", "nftables": "0x1f77b4", "iptables-top": "0xd9a441"}[.form] // "0x999999"),
      ($values[] | tostring), "\"" + (.config | gsub("/.*"; "")) + "\"" ]
  | join(" ");
