#!/bin/sh
# The page of a run and of each study: what it says must be what the files beside it say, and `report` must make it again
# from the folder alone. Bytes of charts and of the page itself are checked in tests/reports.
#
# usage: report_test.sh PROGRAM
set -u
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../../tools/check.sh"
check_begin "$1"
cp "$here/race.yaml" "$here/constant.yaml" .

# says FILE TEXT...: every TEXT stands in FILE.
says() {
    file=$1
    shift
    for text in "$@"; do
        checks=$((checks + 1))
        grep -qF -- "$text" "$file" || fail "no \"$text\" in $file"
    done
}

# says_not FILE TEXT...
says_not() {
    file=$1
    shift
    for text in "$@"; do
        checks=$((checks + 1))
        ! grep -qF -- "$text" "$file" || fail "\"$text\" in $file"
    done
}

# sound DIR: no number that is none, no empty section, no chart without its three files, nothing that is not closed.
sound() {
    ! grep -Eiq '(^|[^a-z])-?(nan|inf)([^a-z]|$)' "$1"/report.md "$1"/report.json || fail "NaN or inf in $1"
    awk '/^## / { if (open) bad = 1; open = 1; next } NF { open = 0 } END { exit bad || open }' "$1/report.md" ||
        fail "an empty section in $1/report.md"
    ! grep -Eq '\(null\)|%[a-zA-Z]+ |(^|[^0-9,.])1 (workflows|replications|waves|clusters)([^a-z]|$)' "$1/report.md" ||
        fail "a text that was not filled in, or one in the plural, in $1"
    for data in $(grep -o '"data": "[^"]*' "$1/report.json" | cut -d'"' -f4); do
        for ending in tsv gp svg; do
            [ -s "$1/${data%.tsv}.$ending" ] || fail "$1 has no ${data%.tsv}.$ending"
        done
        grep -q "${data%.tsv}.svg" "$1/report.md" || fail "$1/report.md shows no ${data%.tsv}"
    done
    checks=$((checks + 4))
}

# sum FILE VARIANT COLUMN: of a column of replications.tsv.
sum() {
    awk -F '\t' -v variant="$2" -v name="$3" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) at = i }
        NR > 1 && $2 == variant { total += $at } END { printf "%d", total }' "$1"
}

# A run: sections in the order of a postmortem, and numbers that are those of the files.
expect 0 "Result: one" "$program" run race.yaml -q -o one
sound one
grep '^## ' one/report.md | cut -c4- >sections.txt
cat >wanted.txt <<'END'
Summary
Impact
Timeline
Root cause
What fixed it
One failure explained
What it costs
Assumptions and sensitivity
How to reproduce
Appendix
END
is diff wanted.txt sections.txt
failed=$(sum one/replications.tsv before failure_rate)
is test "$failed" -gt 20
early=$(sum one/replications.tsv before cause.early_trigger)
says one/report.md "# Does the hotfix stop the stalls?" "of 240 workflows in 6 simulated waves failed" \
    "| before | $failed of 240 |" "| maintenance before the cluster was ready | $early (" "All 3 thresholds are met." \
    "With \"after\", none (with 95 % confidence at most" "n = 240 workflows per variant in 6 replications" \
    "in bins of 30 min, pooled over replications; none was undecided at the end" \
    "| provisioning.connect | uniform(20min, 40min) | race.yaml:4 |" "rcesim run race.yaml" "rcesim report DIR" \
    "rcesim trace race.yaml --beside --variant before --variant after --replication 0 --workflow"
# P(race) of the picture is that of the table, and both are those of the model's own count.
share=$(sed -n 's/^| before | .* min | .* of \([0-9]*\) clusters (\([0-9.]* %\) \(\[[^]]*\] %\)) .*/\2 (95 % interval \3), n = \1 clusters/p' one/report.md)
is test -n "$share"
says one/report.md "P(triggered before ready) = $share" "| 0 of ${share##*= } (&lt; "
asked=$(sum one/replications.tsv before early_trigger_rate)
clusters=${share##*= }
clusters=${clusters% clusters}
says one/report.md "| $asked of $clusters clusters ($(awk -v a="$asked" -v n="$clusters" 'BEGIN { printf "%.3g", 100 * a / n }') % ["
# The failure that is explained: the first of its cause, both lives, the fatal moment, hosts as lanes.
says one/report.json '"at":' "request dropped: cluster not ready" "workflow failed"
for lane in engine cluster "temporary host" "host 0" "host 1"; do
    for variant in before after; do
        is grep -Eq "$variant	$lane	" one/one-failure.tsv
    done
done
workflow=$(awk -F '\t' 'NR == 1 { for (i = 1; i <= NF; i++) { if ($i == "cause") cause = i; if ($i == "variant") of = i } }
    NR > 1 && $of == "before" { if ($cause == "early_trigger") { print n + 0; exit } n++ }' one/workflows.tsv)
says one/report.md "n = 1: workflow ${workflow:-?} of replication 0"
# Failures by time of trigger add up to all failures.
awk -F '\t' 'NR > 1 && $2 != "" { sum += $2 * $NF / 100 } END { printf "%.0f\n", sum }' one/failures-by-trigger.tsv >sum.txt
is test "$(cat sum.txt)" -le "$failed" -a "$(cat sum.txt)" -ge $((failed * 9 / 10))

# Again from the folder alone, whatever the number of threads of the run: the same bytes. Nothing is left behind.
cp -a one again
expect 0 "Report: again/report.html" "$program" report again
is diff -r one again
rm again/*.svg again/report.html again/report.md
expect 0 "" "$program" report -q again
is diff -r one again
expect 0 "" "$program" run race.yaml -q -o threads --threads 3
is diff -r one threads
rm again/*.svg
expect 0 "" "$program" report -q again --only incidence
is test -s again/incidence.svg -a ! -e again/failure-rate.svg
expect 2 'did you mean "incidence"' "$program" report again --only incidenc
expect 2 "there are: failure-rate, " "$program" report again --only xyz
expect 2 "--only draws into the folder" "$program" report again --only incidence -o elsewhere
expect 2 "the folder of a result is missing" "$program" report
expect 0 "" "$program" report -q again --png
is test "$(head -c 4 again/failure-rate.png | tail -c 3)" = PNG
# What report adds is ours: --force may still replace the folder; what somebody else put there stops both.
expect 0 "" "$program" run race.yaml -q -o again --force
is diff -r one again
echo mine >again/failure-rate.png
expect 4 "again/failure-rate.png is not of this program" "$program" report again --png
expect 4 "failure-rate.png is not of this program" "$program" run race.yaml -q -o again --force
is test "$(cat again/failure-rate.png)" = mine
rm again/failure-rate.png
expect 0 "Report: copy/report.html" "$program" report one -o copy
is diff one/report.html copy/report.html
is test ! -e copy/records.rcesim
expect 4 "copy exists" "$program" report one -o copy
expect 0 "" "$program" report -q one -o copy --force
expect 4 "is another kind of result" "$program" report one -o again --force
expect 0 "" "$program" report -q copy
is diff one/report.md copy/report.md
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
    chmod 755 "$work"
    expect 4 "cannot write" setpriv --reuid=65534 --clear-groups "$program" report one
    is diff -r one threads
fi

# Without gnuplot: 5, the page is written and says so. A gnuplot that hangs is interrupted, and every file is whole.
mkdir bin
expect 5 "no chart: " env PATH="$work/bin" "$program" report one -o no-pictures
says no-pictures/report.html "failure-rate.tsv"
is test -s no-pictures/report.md -a ! -e no-pictures/failure-rate.svg
printf '#!/bin/sh\nexec sleep 50\n' >bin/gnuplot
chmod +x bin/gnuplot
interrupted() {
    PATH="$work/bin:/bin:/usr/bin" "$program" report again >inner.txt 2>inner-err.txt &
    pid=$!
    wait_until listens $pid
    sleep 0.5
    kill -INT $pid
    wait $pid
    status=$?
    cat inner.txt
    cat inner-err.txt >&2
    return $status
}
expect 130 "" interrupted
is diff -r one again

# What is read is checked: it may have been edited, or be of another version.
edited() {
    rm -rf edited
    cp -a one edited
    sed -i "$1" edited/report.json
}
edited 's/"schema_version": 2/"schema_version": 1/'
expect 4 "schema_version: 1 cannot be read" "$program" report edited
edited 's/"kind": "timeline"/"kind": "timelin"/'
expect 4 'there is no chart "timelin"; did you mean "timeline"' "$program" report edited
edited '40,$d'
expect 4 "edited/report.json:" "$program" report edited
edited 's/"name": "incidence"/"name": "..\/incidence"/'
expect 4 "name" "$program" report edited
edited 's/"scale": "linear"/"scale": "linea"/'
expect 4 "scale" "$program" report edited
edited ''
rm edited/incidence.tsv
expect 4 "cannot read edited/incidence.tsv" "$program" report edited
printf 'one\ttwo\n1\t2\n' >edited/incidence.tsv
expect 4 "edited/incidence.tsv:1" "$program" report edited
edited 's/"caption": "Failed workflows by variant[^"]*"/"caption": "Edited $(touch pwned) `touch pwned` <b>\&"/'
expect 0 "" "$program" report -q edited
says edited/report.html 'Edited $(touch pwned) `touch pwned` &lt;b&gt;&amp;'
is test ! -e pwned -a ! -e edited/pwned
expect 4 "cannot read nothing/report.json" "$program" report nothing

# Words of scenarios reach page, charts and shell as words.
sed 's/^question:.*/question: "Why $(touch pwned) `touch pwned` <script>x<\/script> 100 % _a_ ü |?"/' race.yaml >words.yaml
expect 0 "" "$program" run words.yaml -q -o words --replications 2
sound words
says words/report.html '&lt;script&gt;x&lt;/script&gt; 100 % _a_ ü |?'
says_not words/report.html '<script'
is test ! -e pwned -a ! -e words/pwned

# Nothing failed: no cause, no fix, no lines at 0, and "none" with its bound. One replication, one variant: no intervals.
cp "$here/../../../scenarios/quiet.yaml" .
expect 0 "" "$program" run quiet.yaml -q -o quiet
sound quiet
says quiet/report.md 'With "before" none of 100 workflows in 10 simulated waves failed: with 95 % confidence at most 2.95 % do.' \
    'With "after" none failed either.' "In none of the clusters with a temporary host"
says_not quiet/report.md "## Timeline" "## What fixed it" "## One failure" "## Root cause" "Tests of"
expect 11 "" "$program" run race.yaml -q -o single --replications 1 --variant before
sound single
says single/report.md "no interval from one replication" "There is one variant, so nothing is compared." "in 1 simulated wave failed" \
    "in 1 replication"
says_not single/report.md "## What fixed it" "convergence" "same worlds for all"
expect 0 "" "$program" run constant.yaml -q -o constant
sound constant
expect 0 "" "$program" run "$here/../../../scenarios/contention.yaml" -q -o contention --replications 5 --set 'thresholds=[]'
sound contention
says contention/report.md "clients" "| completion time |"
says_not contention/report.md "workflow" "SDDC"

# A partial result says so, at the top.
partial() {
    "$program" run race.yaml -q -o partial --replications 200000 --rows none >inner.txt 2>&1 &
    pid=$!
    wait_until has_worked $pid 40
    kill -INT $pid
    wait $pid
}
expect 130 "" partial
sound partial
says partial/report.md "Interrupted: only " " of 200000 replications were carried out"
says_not partial/report.md "This is a partial result"
cp -a partial partial-again
expect 0 "" "$program" report -q partial-again
is diff -r partial partial-again

# A rollout: who asked when, and what the placebo says. The words are the numbers of the chart beside them.
cp "$here/../../../scenarios/phase2-race.yaml" "$here/../../../scenarios/canary-rollout.yaml" .
expect 0 "" "$program" run canary-rollout.yaml -q -o rollout --replications 20 --variant before --variant after --variant canary \
    --variant placebo --set 'thresholds=[]'
sound rollout
says rollout/report.md "of the workflows that first asked for maintenance before the failure was detected" \
    "in the first bin of 30 min after the last stage" "The last stage came 20 min after the deployment." \
    "ONE replication (number 0)" "the median, would still allow for a rate of" '"placebo" is the placebo arm' \
    "ended well without any fix" "by time of the end of their first drive in bins of 30 min"
after=$(awk -F '\t' '$1 == 0.75 { printf "%.0f of %d:", $2 * $NF / 100, $NF }' rollout/rollout.tsv | sed 's/\([0-9]\)\([0-9][0-9][0-9]\):/\1,\2:/')
is test -n "$after"
is grep -q "^| 30 to 60 min after | $after" rollout/report.md
for mark in detected deployed "last stage"; do
    says rollout/report.json "\"label\": \"$mark\""
done
says rollout/report.md 'One workflow in the same world, with "before" and with "after"'
says_not rollout/report.md "workflows fail only with \"canary\""

# Rollouts that never come to it, that do in some waves only, and one that is halted in each; the first wave of "some" has
# none. What is no better than before is not called a fix, and a rollout that never began is put beside nothing.
sed '/^variants:/,$d' race.yaml >rollouts.yaml
cat >>rollouts.yaml <<'END'
variants:
  before: {}
  worse: {idempotency: {}}
  never: {rollout: {to: worse, detect: {failed: 40, within: 1min}, delay: 1h}}
  some: {rollout: {to: worse, detect: {failed: 6, within: 190min}, delay: 1h, redrive: never}}
  halted: {rollout: {to: worse, detect: {failed: 1, within: 1h}, delay: 1min, halt_if: {failed: 0%, of: 1}, redrive: never,
    stages: [{select: percentage, share: 100%}, {select: all, after: 40h}]}}
experiment: {replications: 6, seed: 2}
END
expect 0 "" "$program" run rollouts.yaml -q -o rollouts
sound rollouts
reached() { # reached COLUMN VARIANT: in how many replications there is a value.
    awk -F '\t' -v variant="$2" -v name="$1" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) at = i }
        NR > 1 && $2 == variant && $at != "" { n++ } END { print n + 0 }' rollouts/replications.tsv
}
some=$(reached detected_at_s some)
is test "$some" -gt 0 -a "$some" -lt 6
says rollouts/report.md 'With "never", the failure was never detected in 6 replications, so nothing was rolled out.' \
    "It was detected, and the rollout begun, in $some of 6 replications only" \
    "| detected in | 0 of 6 replications | $some of 6 replications | 6 of 6 replications |" \
    "| deployed in | 0 of 6 replications | $some of 6 replications | 6 of 6 replications |" \
    "of the replications in which it was deployed: \"some\" $some of 6" "In 6 of 6 replications the rule of the scenario halted the rollout" "ONE replication (number" "## What the variants change"
says_not rollouts/report.md "What fixed it" "Which part of it did it" "The last stage came" "the fix was"
first=$(awk -F '\t' 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == "deployed_at_s") at = i }
    NR > 1 && $2 == "some" && $at != "" { print $1; exit }' rollouts/replications.tsv)
is test "${first:-0}" -gt 0
says rollouts/report.md "ONE replication (number $first)"
expect 0 "" "$program" run rollouts.yaml -q -o alone --variant before --variant never
says_not alone/report.md "ONE replication" '" and with "never"'

# Workflows that a wave has no time for are no failures of something else.
expect 0 "" "$program" run race.yaml -q -o unended --variant after --set 'wave.windows=[{from: 0s, to: 1h}]' --set 'thresholds=[]'
says unended/report.md "because of: not ended when the simulation ended"

# Studies: each has a page of its own, and a section in that of the run, once.
study() {
    name=$1
    shift
    expect 0 "" "$program" "$@" -q -o "$name"
    sound "$name"
    cp -a "$name" study-again
    expect 0 "" "$program" report -q study-again
    is diff -r "$name" study-again
    rm -r study-again
}
study ablation ablate race.yaml
study points sweep race.yaml --over 'provisioning.configure=uniform(1min, 5min),uniform(2min, 9min)'
study curve sweep race.yaml --over phase2.backup=20min,30min,40min
study map sweep race.yaml --over phase2.backup=20min,30min --over fleet.temporary_host.share=20%,80%
study tornado sweep race.yaml --one-at-a-time --over phase2.backup=20min,40min --over fleet.temporary_host.share=20%,100%
study calibrated calibrate race.yaml --turn 'phase2.backup={20min..40min}' --target 'failure_rate(before)=50%+-10%'
awk 'BEGIN { srand(1); print "s"; for (i = 0; i < 40; i++) print 1 + i * i % 17 + rand() }' >delays.csv
study fitted fit delays.csv --column s --bootstrap 20
study raced policies "$here/../../../scenarios/contention.yaml" --policy full --policy none --delta 5
says points/report.md '(provisioning.configure = uniform(1min, 5min))' "n = 240 workflows per variant at each point"
says_not points/report.md "is least where"
says ablation/report.md "Without any of the fixes the failure rate is" "Shapley share"
says map/report.json '"is_wide"'
says fitted/report.md "data delays.csv" "Describes these data; whether others would be like them is another question."
says_not fitted/report.md "Monte Carlo error only"
says_not fitted/report.md "replication"
with="--with ablation --with tornado --with map --with calibrated --with fitted"
expect 0 "" "$program" report -q again $with
sound again
grep '^## ' again/report.md | cut -c4- >sections.txt
cat >wanted.txt <<'END'
Summary
Impact
Timeline
Root cause
What fixed it
Which part of the fix did it
One failure explained
What it costs
Assumptions and sensitivity
What the result depends on
What if
Calibration
Fitted distributions
How to reproduce
Appendix
END
is diff wanted.txt sections.txt
cp -a again twice
expect 0 "" "$program" report -q again $with
is diff -r again twice
says_not again/report.md "another scenario than that of this page"
expect 2 "is not the result of a study" "$program" report again --with one
expect 4 "cannot read nothing/report.json" "$program" report again --with nothing
expect 0 "" "$program" run race.yaml -q -o again --force
is diff -r one again

# A folder from somebody else: nothing is written through a link in it.
cp -a one linked
echo mine >mine.txt
ln -sf ../mine.txt linked/report.html
expect 4 "linked/report.html is a link" "$program" report linked
rm linked/report.html
ln -s ../mine.txt linked/failure-rate.svg.part
expect 0 "" "$program" report -q linked
is test "$(cat mine.txt)" = mine

# A fleet of 100,000: the page stays small.
expect 11 "" "$program" run race.yaml -q -o fleet --set fleet.sddcs=100000 --replications 1 --rows none --variant before
sound fleet
is test "$(wc -c <fleet/report.html)" -lt 2000000

check_end report
