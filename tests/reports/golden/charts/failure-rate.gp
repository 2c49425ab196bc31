# The data is in failure-rate.tsv, in the units of the axes; an empty cell has no value.
# Draw again:  gnuplot failure-rate.gp        As PNG:  gnuplot -e "format='png'" failure-rate.gp
if (!exists('format')) format = 'svg'
if (!exists('output')) output = 'failure-rate.'.format
width = 720.
height = 385.
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
set lmargin at screen 129/width
set rmargin at screen 530/width
set tmargin at screen 1-61/height
set bmargin at screen 122/height
set label 'Failed workflows by variant' at screen 14/width, screen 1-20/height noenhanced left font 'sans-serif Bold,15'
set xrange [0:19.822]
set yrange [4.6:-0.6]
set grid xtics ytics linetype 1 linecolor rgb '#dddddd' linewidth 0.8 dashtype 1
set border 3 linewidth 0.8
set tics nomirror out scale 0.5 font ',12'
set xtics autofreq
set ytics autofreq
set format '%g'
set label 'failed workflows (%)' at screen 329.5/width, screen 1-303/height noenhanced center font ',12'
set arrow from screen 149.23/width, screen 1-263/height to screen 149.23/width, screen 1-47.5/height nohead linecolor rgb '#666666' linewidth 1.2 dashtype 2
set label 'target 1 %' at screen 153.23/width, screen 1-53.5/height noenhanced left font ',11'
set label 'n = 102,000 workflows per variant in 200 replications, the same worlds for all' at screen 14/width, screen 1-328/height noenhanced left font ',10'
set label 'Bars: 95 % interval (t over replications; Clopper-Pearson where failures are rare)' at screen 14/width, screen 1-342/height noenhanced left font ',10'
set label 'sample 1.0, race 0123456789abcdef, seed 20261123, 200 replications.' at screen 14/width, screen 1-356/height noenhanced left font ',10' textcolor rgb '#666666'
set label 'Monte Carlo error only, not model error.' at screen 14/width, screen 1-370/height noenhanced left font ',10' textcolor rgb '#666666'
set ytics scale 0 noenhanced ('before' 0, \
    'settle 15 min' 1, \
    'after' 2, \
    'one replication' 3, \
    'not run' 4)
unset grid
set grid xtics linetype 1 linecolor rgb '#dddddd' linewidth 0.8 dashtype 1
set border 1
unit = ' '.'%'
digits(v) = gprintf(abs(v) >= 999.5 && abs(v) < 1e9 ? '%.0f' : '%.3g', v)
at(n) = valid(n) ? column(n) : NaN
low = 1; estimate = 2; high = 3 # columns
has_interval(x) = valid(low) && valid(high)
say(x) = !valid(estimate) ? 'no data' : !has_interval(0) ? digits(column(estimate)).unit : \
    digits(column(estimate)).'  ['.digits(column(low)).', '.digits(column(high)).']'.unit
plot 'failure-rate.tsv' skip 1 using (has_interval(0) ? at(estimate) : NaN):0:(at(low)):(at(high)) \
        with xerrorbars linetype 1 dashtype 1 linewidth 2.4 pointtype 0 notitle, \
     '' skip 1 using (at(estimate)):0 with points linetype 1 pointtype 7 pointsize 0.9 notitle, \
     '' skip 1 using (19.822):0:(say(0)) with labels left offset 1,0 font ',12' noenhanced notitle
