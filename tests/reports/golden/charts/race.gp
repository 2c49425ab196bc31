# The data is in race.tsv, in the units of the axes; an empty cell has no value.
# Draw again:  gnuplot race.gp        As PNG:  gnuplot -e "format='png'" race.gp
if (!exists('format')) format = 'svg'
if (!exists('output')) output = 'race.'.format
width = 720.
height = 484.
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
set lmargin at screen 68/width
set rmargin at screen 696/width
set tmargin at screen 1-76/height
set bmargin at screen 108/height
set label 'The race: when a cluster is ready, when maintenance is triggered' at screen 14/width, screen 1-20/height noenhanced left font 'sans-serif Bold,15'
set label 'share of the clusters, per minute (%)' at screen 14/width, screen 1-39/height noenhanced left font ',12'
set xrange [0:81.2]
set yrange [0:14.84]
set grid xtics ytics linetype 1 linecolor rgb '#dddddd' linewidth 0.8 dashtype 1
set border 3 linewidth 0.8
set tics nomirror out scale 0.5 font ',12'
set xtics autofreq
set ytics autofreq
set format '%g'
set label 'minutes since the temporary host was requested' at screen 382/width, screen 1-416/height noenhanced center font ',12'
set arrow from screen 14/width, screen 1-57/height to screen 40/width, screen 1-57/height nohead linetype 1 linewidth 2
set label 'cluster ready' at screen 46/width, screen 1-57/height noenhanced left font ',11'
set arrow from screen 147/width, screen 1-57/height to screen 173/width, screen 1-57/height nohead linetype 2 linewidth 2
set label 'maintenance triggered' at screen 179/width, screen 1-57/height noenhanced left font ',11'
set object rectangle from screen 335/width, screen 1-63/height to screen 353/width, screen 1-51/height fillcolor rgb '#777777' fillstyle pattern 4 border rgb '#777777'
set label 'overlap' at screen 361/width, screen 1-57/height noenhanced left font ',11'
set label 'Clusters with a temporary host, n = 52,100; maintenance came first in 22.6 % of them' at screen 14/width, screen 1-441/height noenhanced left font ',10'
set label 'sample 1.0, race 0123456789abcdef, seed 20261123, 200 replications.' at screen 14/width, screen 1-455/height noenhanced left font ',10' textcolor rgb '#666666'
set label 'Monte Carlo error only, not model error.' at screen 14/width, screen 1-469/height noenhanced left font ',10' textcolor rgb '#666666'
first = 2; later = 3 # columns
least(a, b) = a < b ? a : b
at(n) = valid(n) ? column(n) : NaN
across = 1 # column of x
plot 'race.tsv' skip 1 using (at(across)):(at(first)) with filledcurves y=0 linetype 1 \
        fillstyle transparent solid 0.15 noborder notitle, \
     '' skip 1 using (at(across)):(at(later)) with filledcurves y=0 linetype 2 \
        fillstyle transparent solid 0.15 noborder notitle, \
     '' skip 1 using (at(across)):(least(at(first), at(later))) with filledcurves y=0 \
        linetype 1 linecolor rgb '#777777' fillstyle pattern 4 noborder notitle, \
     '' skip 1 using (at(across)):(at(first)) with lines linetype 1 linewidth 2 notitle, \
     '' skip 1 using (at(across)):(at(later)) with lines linetype 2 linewidth 2 notitle
