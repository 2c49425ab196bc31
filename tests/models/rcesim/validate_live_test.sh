#!/bin/sh
# `validate-live`: both sides of a small world agree, and what it says of them is whole; a service that is another one is
# told apart; what it refuses.
#
# usage: validate_live_test.sh PROGRAM
# The world is one whose waves are short, with room enough for a machine that is busy with other tests.
set -u
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../../tools/check.sh"
check_begin "$1"
cp "$here/../../../scenarios/phase2-race.yaml" "$here/../../../scenarios/contention.yaml" .
cat >small.yaml <<'END'
question: Does a short wave tell the same live?
extends: phase2-race.yaml
fleet: {sddcs: 60, hosts_per_cluster: 2}
wave: {spread: 1h}
phase1: {control_plane: 10min}
thresholds: null
END

# Room for 40 ms at speed 3600 is 2.4 min of simulated time: less than half of the shortest step, which takes 5.5 min.
"$program" validate-live small.yaml --speed 3600 --shift 40ms --rate-tolerance 15% --calls-tolerance 15% \
    --json --quiet >out.txt 2>err.txt
status=$?
is [ ! -s err.txt ]
looks='
import json, sys
whole = json.load(open("out.txt"))
# One that is in time passes. One that is not may leave it undecided, but never accuses the same world.
is_in_time = all(one["scaling"]["late_simulated_s"] < 36 for one in whole["variants"])
assert whole["verdict"] == "PASS" or whole["verdict"] == "INCONCLUSIVE" and not is_in_time, whole
assert int(sys.argv[1]) == (11 if whole["verdict"] == "INCONCLUSIVE" else 0)
assert whole["schema_version"] == 1
assert [one["name"] for one in whole["variants"]] == ["before", "after"]
before, after = whole["variants"]
for one in whole["variants"]:
    assert one["workflows"] == 60
    failures = one["failures"]
    assert failures["other_workflows"] == 199 * 60
    assert failures["other_low"] <= failures["other_failed"] / failures["other_workflows"] <= failures["other_high"]
    assert failures["difference_same"]["low"] <= failures["difference_same"]["estimate"] <= failures["difference_same"]["high"]
    flipped = failures["flipped"]
    assert len(flipped) == failures["only_live"] + failures["only_simulated"]
    assert sum(flip["close"] for flip in flipped) == failures["flipped_close"] <= failures["close"]
    names = [step["step"] for step in one["steps"]["operations"]]
    assert "enter-maintenance" in names and "read-cluster" not in names, names
    assert all(step["live"] > 0 and step["simulated"] > 50 * step["live"] for step in one["steps"]["operations"])
    assert all(step["told"] for step in one["steps"]["operations"]) or one["scaling"]["too_busy"]
    assert round(one["steps"]["shift_simulated_s"]) == 144
    scaling = one["scaling"]
    assert not scaling["shift_too_wide"] and scaling["same_world"]
    assert scaling["speed"] == 3600 and round(scaling["window_simulated_s"]) == 240 and not scaling["herd"]
    lates = [scaling["wake_late_%s_real_s" % share] for share in ("median", "p99", "p999", "max")]
    assert 0 < lates[0] and lates == sorted(lates)
    assert scaling["driver_lag_p999_real_s"] > 0
    assert scaling["late_simulated_s"] >= 3600 * scaling["wake_late_p999_real_s"] * 0.999
    assert scaling["reach_simulated_s"] >= scaling["late_simulated_s"]
    if is_in_time:
        assert abs(scaling["wave_simulated_s"] / scaling["wave_real_s"] - 3600) < 600
        assert scaling["reach_simulated_s"] < 144
# Whose seconds they are is said of every time.
def times(value):
    if isinstance(value, dict):
        for key, inner in value.items():
            assert not key.endswith("_s") or key.endswith("_simulated_s") or key.endswith("_real_s"), key
            times(inner)
    if isinstance(value, list):
        for inner in value:
            times(inner)
times(whole)
assert before["failures"]["live_failed"] > 0 and before["early_trigger"] > 0
assert after["early_trigger"] == 0
assert before["calls"]["live"] < after["calls"]["live"]
'
is python3 -c "$looks" $status

# A service in which backups take 45 min longer than in the simulation, which are 450 ms of the machine's time: told
# apart, however busy the machine is, and the reason is named.
expect 10 "" "$program" validate-live small.yaml --variant after --speed 6000 --service-set phase2.backup=75min --quiet
is grep -q '^  FAIL         durations of steps' out.txt
tr -s '\n ' ' ' <out.txt >words.txt # As it was before lines were broken.
is grep -q 'Live and simulated differ: .*duration of backup' words.txt
is grep -q '^  FAIL         validate-live$' out.txt
is [ "$(grep -c -e '--shift gives room' out.txt)" = 0 ]
is grep -q '^after$' out.txt
if grep -q '^before$' out.txt; then fail "a variant that was not asked for"; fi
is [ -z "$(awk 'length > 80' out.txt | head -1)" ]

# What is too little to be told by its steps is another world all the same, and does not pass.
"$program" validate-live small.yaml --variant after --speed 3600 --shift 40ms --rate-tolerance 15% --calls-tolerance 15% \
    --service-set 'host_service.callback.delay=exponential(mean=60s)' --quiet >out.txt 2>err.txt
status=$?
is [ $status = 11 -o $status = 10 ]
is grep -q 'The world of the service is another one' out.txt

# A speed that hardly any machine keeps up with: undecided, and it says what was late and which speed to take; never that
# the worlds differ.
overload="--variant after --speed 300000 --set fleet.sddcs=150 --rate-tolerance 15% --calls-tolerance 15% --quiet"
"$program" validate-live small.yaml $overload >out.txt 2>err.txt
status=$?
is [ $status = 11 -o $status = 0 ]
tr -s '\n ' ' ' <out.txt >words.txt
[ $status = 0 ] || is grep -q 'the machine was so late that it may have done it: .* up to .* simulated) late.* Try again with --speed [0-9]*,' words.txt
is [ "$(grep -c 'Live and simulated differ' out.txt)" = 0 ]
# But if they do, it is told as well there: steps are held against each other as the service had them.
expect 10 "" "$program" validate-live small.yaml $overload --service-set phase1.control_plane=2h --json
looks='
import json
after, = json.load(open("out.txt"))["variants"]
steps = {step["step"]: step for step in after["steps"]["operations"]}
assert after["steps"]["verdict"] == "FAIL"
assert steps["upgrade-control-plane"]["world_differs"], steps
assert not after["scaling"]["same_world"]
assert 6590 < steps["upgrade-control-plane"]["same_world_median_simulated_s"] < 6610
assert after["scaling"]["late_simulated_s"] > after["steps"]["shift_simulated_s"]
'
is python3 -c "$looks"

# Who polls asks less often, because each request takes some of the machine's time: that is measured and simulated.
cat >polling.yaml <<'END'
question: Do those who poll ask as often live?
extends: small.yaml
fleet: {sddcs: 40, clusters_per_sddc: 1, hosts_per_cluster: 1, temporary_host: {share: 100%}}
provisioning: {configure: 2h}
host_service: {throttle: {reads: {rate: 1000/s, burst: 1000}}}
variants:
  after:
    precheck: {poll: {policy: fixed, base: 20s}, deadline: 12h}
END
polling="--variant after --speed 24000 --rate-tolerance 25% --json --quiet"
looks='
import json, sys
after, = json.load(open("out.txt"))["variants"]
calls, scaling = after["calls"], after["scaling"]
assert 0 < scaling["request_mean_real_s"] <= scaling["request_p999_real_s"] <= scaling["request_max_real_s"]
assert 0 < scaling["callback_mean_real_s"] <= scaling["callback_p999_real_s"] <= scaling["callback_max_real_s"]
assert calls["delayed"] > 0 and calls["difference_delayed"]["low"] <= calls["difference_delayed"]["high"]
if sys.argv[1] == "same":
    assert calls["verdict"] != "FAIL", calls
    if scaling["late_simulated_s"] < after["steps"]["shift_simulated_s"]:
        assert calls["verdict"] == "PASS" and calls["delayed"] < calls["simulated"], calls
        assert abs(calls["live"] - calls["delayed"]) < 0.05 * calls["delayed"], calls
else: # Half as many again, which no delay brings about.
    assert scaling["too_busy"] or calls["verdict"] == "FAIL" and not calls["with_delays"], calls
'
"$program" validate-live polling.yaml $polling >out.txt 2>err.txt
status=$?
is [ $status = 0 -o $status = 11 ]
is python3 -c "$looks" same
"$program" validate-live polling.yaml $polling --service-set provisioning.configure=3h >out.txt 2>err.txt
status=$?
is [ $status = 10 -o $status = 11 ]
is python3 -c "$looks" other

# One that waits where the simulated one drops what comes too early: fewer workflows fail. A shift of 200 ms, which is
# 20 min simulated, is too wide to tell of most steps, but does not explain that.
looks='
import json, sys
before, = json.load(open("out.txt"))["variants"]
scaling, failures, steps = before["scaling"], before["failures"], before["steps"]
# The machine is blamed for its lateness alone: where it was kept waiting for longer than a step lasts, or decides many.
is_late = scaling["late_simulated_s"] > steps["shift_simulated_s"] or failures["close"] > 15
assert not scaling["too_busy"] or is_late and scaling["reach_simulated_s"] == scaling["late_simulated_s"]
if int(sys.argv[1]) == 11:
    assert scaling["too_busy"] or scaling["shift_too_wide"]
# One that is as late as the window of the race is long lets others fail instead, and nobody comes too early.
if scaling["late_simulated_s"] > min(steps["shift_simulated_s"], scaling["window_simulated_s"] / 4):
    sys.exit(0)
assert not scaling["same_world"]
if int(sys.argv[1]) == 10:
    assert failures["verdict"] == "FAIL", failures
    assert failures["live_failed"] < failures["simulated_failed"] / 2
    told = {step["step"]: step["told"] for step in steps["operations"]}
    assert told["enter-maintenance"] == (sys.argv[2] == "5ms") and told["remove-host"], told
    assert sys.argv[2] == "5ms" or steps["verdict"] == "INCONCLUSIVE", steps
'
for shift in 5ms 200ms; do
    "$program" validate-live small.yaml --variant before --speed 6000 --set fleet.sddcs=150 --shift $shift \
        --service-set host_service.early_request=queue --json --quiet >out.txt 2>err.txt
    status=$?
    is [ $status = 10 -o $status = 11 ]
    is python3 -c "$looks" $status $shift
done

# The same world with such a shift: it is the shift that leaves too little to compare, and no machine is blamed.
"$program" validate-live small.yaml --variant after --speed 6000 --shift 200ms --rate-tolerance 15% \
    --calls-tolerance 15% --quiet >out.txt 2>err.txt
is [ $? = 11 ]
is grep -q '^  INCONCLUSIVE durations of steps, with room for 20.0 min simulated' out.txt
tr -s '\n ' ' ' <out.txt >words.txt
is grep -q 'not told, as the room is more than half of the step: .*enter-maintenance' words.txt
is grep -q -e '--shift gives room for more than there is to compare' words.txt
# But one that was later than this.
if grep -q 'machine was so late' words.txt && ! grep -q 'up to \([2-9][0-9][0-9] ms\|[1-9][0-9.]* s\) (.* simulated) late' words.txt; then
    fail "the machine is blamed for the shift"
fi
is grep -q '(.* simulated) too late, at most .* simulated)' words.txt
is grep -q '199 other waves: .* %; the least and the most: ' words.txt

# What it refuses.
expect 2 "only worlds of the model vmc can be had in real time" "$program" validate-live contention.yaml
expect 2 "there is no variant" "$program" validate-live small.yaml --variant nobody
expect 2 "--speed" "$program" validate-live small.yaml --speed 0
expect 2 "--speed" "$program" validate-live small.yaml --speed fast
expect 2 "--shift" "$program" validate-live small.yaml --shift 2min
expect 2 "--waves" "$program" validate-live small.yaml --waves 198
expect 2 "take fewer --waves" "$program" validate-live small.yaml --set fleet.sddcs=10000 --set wave.spread=600h \
    --set fleet.hosts_per_cluster=8 --waves 10000 # 105 GiB
expect 2 "--rate-tolerance" "$program" validate-live small.yaml --rate-tolerance 300%
expect 3 "backups" "$program" validate-live small.yaml --service-set phase2.backups=1h

# Ctrl-C ends it at once.
rm -f err.txt
"$program" validate-live small.yaml --speed 60 >out.txt 2>err.txt &
background=$!
wait_until grep -q live err.txt
kill -TERM $background
wait $background
status=$?
is [ $status = 130 ]
check_end validate-live
