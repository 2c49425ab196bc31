# The data is in ablation.tsv, in the units of the axes; an empty cell has no value.
# Draw again:  gnuplot ablation.gp        As PNG:  gnuplot -e "format='png'" ablation.gp
if (!exists('format')) format = 'svg'
if (!exists('output')) output = 'ablation.'.format
width = 720.
height = 374.
if (format eq 'png') {
    set terminal pngcairo size 2*width,2*height font 'sans-serif,10' fontscale 2 \
        linewidth 2 pointscale 2 background '#ffffff'
} else {
    set terminal svg size width,height dynamic font 'sans-serif,13' \
        background '#ffffff'
}
set output output
set encoding utf8
set datafile separator tab
set datafile commentschars ''
unset key
# Colours that the colour-blind can tell apart (gnuplot's podo), each with dashes and points.
set linetype 1 linecolor rgb '#0072b2' linewidth 1.6 dashtype 1 pointtype 7 pointsize 0.6
set linetype 2 linecolor rgb '#d55e00' linewidth 1.6 dashtype (12,4) pointtype 5 pointsize 0.6
set linetype 3 linecolor rgb '#009e73' linewidth 1.6 dashtype (3,3) pointtype 9 pointsize 0.6
set linetype 4 linecolor rgb '#cc79a7' linewidth 1.6 dashtype (10,3,3,3) pointtype 13 pointsize 0.6
set linetype 5 linecolor rgb '#e69f00' linewidth 1.6 dashtype (18,5) pointtype 4 pointsize 0.6
set linetype 6 linecolor rgb '#56b4e9' linewidth 1.6 dashtype (6,3) pointtype 6 pointsize 0.6
set linetype 7 linecolor rgb '#8c8c8c' linewidth 1.6 dashtype (2,5) pointtype 8 pointsize 0.6
# Where the plot is, in pixels; words stand around it.
set lmargin at screen 156/width
set rmargin at screen 610/width
set tmargin at screen 1-64/height
set bmargin at screen 108/height
set label 'What each part of the fix contributes' at screen 14/width, screen 1-20/height noenhanced left font 'sans-serif Bold,15'
set xrange [0:19.292]
set yrange [4.6:-0.6]
set grid xtics ytics linetype 1 linecolor rgb '#dddddd' linewidth 0.8 dashtype 1
set border 3 linewidth 0.8
set tics nomirror out scale 0.5 font ',12'
set xtics autofreq
set ytics autofreq
set format '%g'
set label 'failed workflows (%)' at screen 383/width, screen 1-306/height noenhanced center font ',12'
set object rectangle from screen 20/width, screen 1-51/height to screen 38/width, screen 1-39/height fillcolor rgb '#0072b2' fillstyle solid noborder
set label 'total' at screen 46/width, screen 1-45/height noenhanced left font ',11'
set object rectangle from screen 103/width, screen 1-51/height to screen 121/width, screen 1-39/height fillcolor rgb '#d55e00' fillstyle solid noborder
set label 'increase' at screen 129/width, screen 1-45/height noenhanced left font ',11'
set object rectangle from screen 205/width, screen 1-51/height to screen 223/width, screen 1-39/height fillcolor rgb '#009e73' fillstyle solid noborder
set label 'decrease' at screen 231/width, screen 1-45/height noenhanced left font ',11'
set label 'Shapley values over all 8 combinations, 200 replications' at screen 14/width, screen 1-331/height noenhanced left font ',10'
set label 'sample 1.0, race 0123456789abcdef, seed 20261123, 200 replications.' at screen 14/width, screen 1-345/height noenhanced left font ',10' textcolor rgb '#666666'
set label 'Monte Carlo error only, not model error.' at screen 14/width, screen 1-359/height noenhanced left font ',10' textcolor rgb '#666666'
set ytics scale 0 noenhanced ('before' 0, \
    'pre-check' 1, \
    'retry with back-off' 2, \
    'idempotency' 3, \
    'after' 4)
unset grid
set grid xtics linetype 1 linecolor rgb '#dddddd' linewidth 0.8 dashtype 1
set border 1
unit = ' '.'%'
digits(v) = gprintf(abs(v) >= 999.5 && abs(v) < 1e9 ? '%.0f' : '%.3g', v)
at(n) = valid(n) ? column(n) : NaN
step_unit = ' points'
from = 1; to = 2 # columns
last = 4 # row
is_total(x) = column(from) == 0 && ($0 == 0 || $0 == last)
kind(x) = is_total(0) ? 1 : column(to) > column(from) ? 2 : 3
left(k) = valid(from) && valid(to) && kind(0) == k ? column(from) : NaN
say(x) = !valid(from) || !valid(to) ? 'no data' : is_total(0) ? digits(column(to)).unit : \
    (column(to) > column(from) ? '+' : '').digits(column(to) - column(from)).step_unit
set style fill solid 0.85 noborder
plot 'ablation.tsv' skip 1 using (left(1)):0:(at(from)):(at(to)):($0-0.32):($0+0.32) \
        with boxxyerror linetype 1 notitle, \
     '' skip 1 using (left(2)):0:(at(from)):(at(to)):($0-0.32):($0+0.32) \
        with boxxyerror linetype 2 notitle, \
     '' skip 1 using (left(3)):0:(at(from)):(at(to)):($0-0.32):($0+0.32) \
        with boxxyerror linetype 3 notitle, \
     '' skip 1 using (at(to)):($0 < last ? $0+0.32 : NaN):(0):(0.36) \
        with vectors nohead linetype 1 linecolor rgb '#777777' linewidth 1 notitle, \
     '' skip 1 using (19.292):0:(say(0)) with labels left offset 1,0 font ',12' noenhanced notitle
