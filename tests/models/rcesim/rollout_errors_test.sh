#!/bin/sh
# What a scenario cannot say about a rollout: each mistake is told with file, line and column.
#
# usage: rollout_errors_test.sh PROGRAM
set -u
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../../tools/check.sh"
check_begin "$1"

# wrong POSITION MESSAGE TEXT: a rollout of TEXT, which begins in line 7, column 7.
wrong() {
    printf 'question: Why?\nvariants:\n  before: {}\n  after: {settle: 15min}\n  canary:\n    rollout:\n      %b\n' \
        "$3" >bad.yaml
    expect 3 "bad.yaml:$1: $2" "$program" validate bad.yaml
}

right() {
    printf 'question: Why?\nvariants:\n  before: {}\n  after: {settle: 15min}\n  canary:\n    rollout:\n      %b\n' \
        "$1" >good.yaml
    expect 0 "good.yaml: ok" "$program" validate good.yaml
}

right 'to: after'
right 'to: after\n      detect: {at: 8h}'
right 'placebo: true\n      stages: [{select: failing_first}, {select: all, after: 20min}]'
right 'pause: 2h'

at=variants.canary.rollout
wrong 7:11 "$at.to: there is no variant \"aftr\"; did you mean \"after\"?" 'to: aftr'
wrong 7:11 "$at.to: this is the variant itself; name the one" 'to: canary'
wrong 8:16 "$at.placebo" 'to: after\n      placebo: perhaps'
wrong 7:11 "$at.to: a placebo re-drives with the old engine" 'to: after\n      placebo: true'
wrong 8:16 "$at.redrive: a placebo does nothing but re-drive" 'placebo: true\n      redrive: never'
wrong 6:5 "$at: this changes nothing: it needs \`to\`, \`placebo\` or \`pause\`" 'delay: 2h'
wrong 8:7 "unknown key \"redriv\" in $at; did you mean \"redrive\"?" 'to: after\n      redriv: never'
wrong 8:14 "$at.delay: -1h is negative" 'to: after\n      delay: -1h'

# Detection.
wrong 8:32 "$at.detect.failed: the failure is detected at a fixed time here" \
    'to: after\n      detect: {at: 3h, failed: 3}'
wrong 8:24 "$at.detect.failed: 0 is less than the minimum 1" 'to: after\n      detect: {failed: 0}'
wrong 8:24 "$at.detect.within: 0s is less than the minimum 1s" \
    'to: after\n      detect: {within: 0s}'

# A resolved scenario writes defaults out, those of the other kind of detection too: what was stored is still read.
right 'to: after\n      detect: {at: 8h}'
expect 0 "" "$program" run good.yaml -q --set fleet.sddcs=5 --replications 2 -o stored
expect 0 "ok" "$program" validate stored/scenario.resolved.yaml
expect 0 "" "$program" run good.yaml -q --set fleet.sddcs=5 --replications 3 --extend stored

# Stages.
wrong 10:19 "$at.stages[1].after: this stage comes before the one above it" \
    'to: after\n      stages:\n        - {after: 10min, select: failing_first}\n        - {after: 5min}'
wrong 8:40 "$at.stages[0].share: \"101%\" is outside 0 to 1" \
    'to: after\n      stages: [{select: random, share: 101%}]'
wrong 8:37 "$at.stages[0].share: \`all\` has no share; write select: random, or percentage" \
    'to: after\n      stages: [{select: all, share: 50%}]'
wrong 8:25 "$at.stages[0].select: \"failing\" is not a choice here (choices: failing_first" \
    'to: after\n      stages: [{select: failing}]'
wrong 8:7 "$at.stages: stages of what?" 'pause: 1h\n      stages: [{select: all}]'
wrong 8:15 "\"$at.stages\" has 17 entries, more than the maximum 16" "to: after\n      stages: [$(printf '{},%.0s' 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17)]"

# Halting.
wrong 8:7 "the required \"$at.halt_if.failed\" (share) is missing" \
    'to: after\n      halt_if: {of: 5}'
wrong 8:7 "$at.halt_if: there is no new engine here whose failures could halt anything" \
    'pause: 1h\n      halt_if: {failed: 5%}'
wrong 8:7 "$at.halt_if: there is no new engine here" 'placebo: true\n      halt_if: {failed: 5%}'
wrong 8:25 "$at.halt_if.failed: \"150%\" is outside 0 to 1" 'to: after\n      halt_if: {failed: 150%}'

# An engine that can read states and write none cannot be stopped, so nothing can be restarted with it.
cat >bad.yaml <<'EOF'
question: Why?
variants:
  before: {}
  after:
    engine:
      command: [sh, -c, 'read line; echo "{\"protocol\":1,\"name\":\"x\",\"version\":\"0\",\"capabilities\":[\"load\"],\"state_version\":1,\"state_version_oldest\":1}"; cat >/dev/null']
  canary:
    rollout:
      to: after
      hand_over: all
EOF
expect 0 "" "$program" validate bad.yaml
sed -i 's/hand_over: all/hand_over: restart/' bad.yaml
expect 3 'bad.yaml:8:5: variants.canary.rollout: the engine "x" cannot save workflows' "$program" validate bad.yaml

# Bins.
printf 'question: Why?\nvariants: {before: {}}\nreport: {bin: 0min}\n' >bad.yaml
expect 3 "bad.yaml:3:15: report.bin: 0min is less than the minimum 1min" "$program" validate bad.yaml
printf 'question: Why?\nvariants: {before: {}}\nreport: {bin: 25h}\n' >bad.yaml
expect 3 "bad.yaml:3:15: report.bin: 25h" "$program" validate bad.yaml

check_end rollout_errors_test
