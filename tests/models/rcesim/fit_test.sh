#!/bin/sh
# `rcesim fit` as its users meet it: the tables, the lines for a scenario (which must parse there), JSON, and bad input.
# usage: fit_test.sh PROGRAM      RCESIM_DATA names the folder of the measurements; that part skips without it
set -u
. "$(dirname "$0")/../../tools/check.sh"
check_begin "$1"

fit() { # fit STATUS TEXT ARGUMENT...
    status=$1
    text=$2
    shift 2
    expect "$status" "$text" "$program" fit --quiet "$@"
}

# Quantiles of a lognormal with median 60 s and sigma 0.5 at (i - 1/2) / 200, by the Box-Muller transform of a lattice;
# the last three of 203 rows timed out, one has another kind.
awk 'BEGIN {
    print "kind,delay,note"
    for (i = 0; i < 200; i++) {
        u = (i + 0.5) / 200; v = (i * 0.6180339887498949) % 1
        printf "a,%.6f,\n", 60 * exp(0.5 * sqrt(-2 * log(u)) * cos(6.283185307179586 * v))
    }
    for (i = 0; i < 3; i++) print "a,,late"
    print "b,5000,"
}' >delays.csv
ended="--column delay --where kind==a --where note!=late"

fit 0 "delays.csv, delay: 200 of 204 rows" delays.csv $ended --qq
is grep -q " 4 by --where" out.txt
is grep -Eq '^  lognormal +[0-9.]+ +0\.0 ' out.txt
is grep -q "nothing speaks against it" out.txt
is grep -Eq '^  50% +' out.txt
is grep -q "delay: lognormal(median=" out.txt
is [ "$(awk 'length > 80' out.txt | wc -l)" = 0 ]
cp out.txt first.txt
fit 0 "" delays.csv $ended --qq
is cmp -s first.txt out.txt
fit 0 "seed 2" delays.csv $ended --seed 2 --bootstrap 9
fit 0 "(20" delays.csv $ended --bootstrap 20
fit 0 "Families" delays.csv $ended --bootstrap 0
is [ "$(grep -c samples out.txt)" = 0 ]
fit 0 "weibull" delays.csv $ended --family weibull --family gamma --bootstrap 9
is [ "$(grep -c lognormal out.txt)" = 0 ]

# The unit of the column changes the lines and not the statistics.
fit 0 "lognormal" delays.csv $ended --bootstrap 0 --family lognormal
in_s=$(grep -o 'lognormal(.*' out.txt)
awk -F, 'NR == 1 { print; next } { printf "%s,%s,%s\n", $1, $2 == "" ? "" : $2 * 1000, $3 }' delays.csv >ms.csv
fit 0 "$in_s" ms.csv $ended --bootstrap 0 --family lognormal --unit ms

# Windows line ends and a byte-order mark make no difference.
{ printf '\357\273\277'; awk '{ printf "%s\r\n", $0 }' delays.csv; } >windows.csv
fit 0 "$in_s" windows.csv $ended --bootstrap 0 --family lognormal

# Censored rows.
fit 0 "Censored: 3 rows did not end by 10min" delays.csv --column delay --where kind==a --censored note==late \
    --censored-at 10min --bootstrap 9
is grep -q "Kaplan-Meier" out.txt
is grep -q "censored=note==late, censored_at=10min" out.txt
fit 4 "is empty" delays.csv --column delay --where kind==a --censored note==late

# The 6-MP data (Freireich et al. 1963): median 23 weeks, quartile 13; limits as in survival_test.c.
{
    echo weeks,state
    for weeks in 6 6 6 7 10 13 16 22 23; do echo $weeks,relapse; done
    for weeks in 6 9 10 11 17 19 20 25 32 32 34 35; do echo $weeks,open; done
} >remission.csv
fit 0 "counting those that were cut off" remission.csv --column weeks --unit d --censored state==open --bootstrap 0
is grep -Eq '^ +25 % +13d +\[6d, 22d\]$' out.txt
is grep -Eq '^ +50 % +23d +\[13d, not reached\]$' out.txt
is grep -Eq '^ +75 % +not reached +\[23d, not reached\]$' out.txt
fit 0 '"after": 1987200.0' remission.csv --column weeks --unit d --censored state==open --bootstrap 0 --json
is [ "$(grep -c NaN out.txt)" = 0 ]
fit 0 "Families" remission.csv --column weeks --unit d --bootstrap 0
is test -z "$(grep 'cut off' out.txt)"

# A condition that no row meets would have no effect and no trace.
fit 4 "no row has state==opn; the column holds: open (12), relapse (9)" remission.csv --column weeks --unit d \
    --censored state==opn
fit 4 "no row has state!=open; the column holds: open (12)" remission.csv --column weeks --unit d \
    --where state==open --censored "state!=open"

# Few samples cannot doubt: p is at least 1 / (N + 1). In between it is said so.
fit 0 "18 samples cannot say" delays.csv $ended --family exponential --bootstrap 18
fit 0 "rarely as far" delays.csv $ended --family exponential --bootstrap 20
fit 0 "  < 0.001  " delays.csv $ended --family exponential --bootstrap 1999
is [ "$(grep -c '0\.000' out.txt)" = 0 ]

# Limits are told.
fit 0 " 4 by --where, " delays.csv $ended --min 30s --max 2min --bootstrap 0
is grep -Eq "[0-9]+ above --max" out.txt
is grep -q "min=30s, max=2min" out.txt

# Every line can stand in a scenario as it was printed, several lines long where it is long.
fit 0 "boot: " delays.csv $ended --key boot --bootstrap 0
awk '/^  boot: / { n++ } /^ *$/ || /^[A-Z]/ { on = 0 } /^  boot: / { on = 1 } on { print >("line-" n ".txt") }' out.txt
is [ -s line-7.txt ]
for line in line-*.txt; do
    { printf 'question: Does it parse?\nvariants: {before: {}}\nprovisioning:\n'; cat $line; } >scenario.yaml
    expect 0 "ok" "$program" validate scenario.yaml
done

# JSON.
fit 0 '"schema_version": 1' delays.csv $ended --json --qq --bootstrap 9
is grep -q '"line": "lognormal(median=' out.txt
is grep -q '"excluded": 4' out.txt
is grep -q '"qq": \[' out.txt
is [ "$(grep -Ec '(nan|inf)' out.txt)" = 0 ]
is [ ! -s err.txt ]

# Usage.
expect 0 "Usage: rcesim fit" "$program" fit --help
fit 2 "a CSV file is missing" --column delay
fit 2 "--column is missing" delays.csv
fit 2 "one file at a time" delays.csv delays.csv --column delay
fit 2 "--unit" delays.csv --column delay --unit parsec
fit 2 "COLUMN==TEXT" delays.csv --column delay --where kind=a
fit 2 "--min takes a duration" delays.csv --column delay --min 30
fit 2 "--max is less than --min" delays.csv --column delay --min 30s --max 20s
fit 2 "--censored-at needs" delays.csv --column delay --censored-at 5s
fit 2 "--family" delays.csv --column delay --family normal
fit 2 "--key takes a key" delays.csv --column delay --key 'a b: {'
fit 2 "--bootstrap" delays.csv --column delay --bootstrap -1

# Bad files.
bad() { # bad STATUS TEXT CONTENT
    printf "$3" >bad.csv
    fit "$1" "$2" bad.csv --column t
    is [ ! -s out.txt ]
}
fit 4 "cannot open nowhere.csv" nowhere.csv --column t
fit 4 "not a regular file" . --column t
fit 4 "has to be saved first" /dev/null --column t
fit 4 'did you mean "delay"' delays.csv --column dely
fit 4 'no column "knd"' delays.csv --column delay --where knd==a
fit 4 "no row is chosen" delays.csv --column delay --where kind==c
bad 4 't is 1e300, too large a number' 't\n1\n1e300\n'
bad 4 'bad.csv:2: t is 150 years, and a delay has at most 100' 't\n4730400000\n1\n'
bad 4 "separated by semicolons" 'a;t\n1;2\n'
bad 4 "separated by tabs" 'a\tt\n1\t2\n'
bad 4 '2 columns of the name "t"' 't,a,t\n1,2,3\n'
bad 4 'no column "t"; the columns: alpha, beta' 'alpha,beta\n1,2\n'
bad 4 "leave such rows out by --where COLUMN!=TEXT" 't,u\n,2\n'
bad 4 "leave the others out (--min)" 't\n1\n2\n3\n4\n5\n6\n7\n8\n0\n'
bad 4 "is empty" ''
bad 4 "has a header but no row" 't\n'
bad 4 "has a header but no row" 't\r\n'
bad 4 'bad.csv:3: t: "x" is not a number' 't\n1\nx\n'
bad 4 'bad.csv:2: t: "1,5" is not a number' 't\n"1,5"\n'
bad 4 "bad.csv:4: t is negative" 't\n1\n2\n-3\n'
bad 4 "bad.csv:3: t is empty" 't,u\n1,2\n,2\n'
bad 4 "2 columns where the header has 1" 't\n1\n2,3\n'
bad 4 "3 rows that ended are too few" 't\n1\n2\n3\n'
bad 4 "0 is among the values" 't\n1\n2\n3\n4\n5\n6\n7\n0\n'
bad 4 "have the same value" 't\n5\n5\n5\n5\n5\n5\n5\n5\n'
bad 4 "UTF-8" 't\n\377\n'
{ echo t; head -c 70000 /dev/zero | tr '\0' 1; echo; } >bad.csv
fit 4 "a row of more than 64 KiB" bad.csv --column t

# Larger than the window that the file is read through: the letters at its edges are whole.
awk 'BEGIN { print "t,n"; for (i = 1; i <= 150000; i++) printf "%.3f,größe\n", 10 + i % 977 / 7 + i / 1e5 }' >large.csv
fit 0 "150000 of 150000 rows" large.csv --column t --where n==größe --family lognormal
is grep -q "p is not computed for more than" out.txt

if [ -n "${RCESIM_DATA:-}" ]; then
    fit 0 "lognormal(median=11.7min, sigma=0.261)" "$RCESIM_DATA/azure_vm_startup/azure_vm_startup.csv" \
        --column total_s --where suite!=vm_only --where "note!=Not Supported" --where "note!=Timed Out"
    is grep -Eq '^  lognormal .* 0\.071 ' out.txt
else
    echo "fit: the part on measured delays is skipped, RCESIM_DATA does not name their folder"
fi

check_end fit
