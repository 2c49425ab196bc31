# The data is in storm.tsv, in the units of the axes; an empty cell has no value.
# Draw again:  gnuplot storm.gp        As PNG:  gnuplot -e "format='png'" storm.gp
if (!exists('format')) format = 'svg'
if (!exists('output')) output = 'storm.'.format
width = 720.
height = 481.
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
set rmargin at screen 612/width
set tmargin at screen 1-73/height
set bmargin at screen 108/height
set label 'Requests to the service while it recovers' at screen 14/width, screen 1-20/height noenhanced left font 'sans-serif Bold,15'
set label 'requests per minute' at screen 14/width, screen 1-39/height noenhanced left font ',12'
set xrange [0:90.335]
set yrange [0:1329.36090908]
set grid xtics ytics linetype 1 linecolor rgb '#dddddd' linewidth 0.8 dashtype 1
set border 3 linewidth 0.8
set tics nomirror out scale 0.5 font ',12'
set xtics autofreq
set ytics autofreq
set format '%g'
set label 'minutes since the outage' at screen 340/width, screen 1-413/height noenhanced center font ',12'
set arrow from screen 620/width, screen 1-305.298/height to screen 646/width, screen 1-305.298/height nohead linetype 7 linewidth 2
set label 'capacity' at screen 651/width, screen 1-305.298/height noenhanced left font ',11'
set arrow from screen 620/width, screen 1-323.78/height to screen 646/width, screen 1-323.78/height nohead linetype 1 linewidth 2
set label 'offered' at screen 651/width, screen 1-323.78/height noenhanced left font ',11'
set arrow from screen 620/width, screen 1-338.78/height to screen 646/width, screen 1-338.78/height nohead linetype 2 linewidth 2
set label 'accepted' at screen 651/width, screen 1-338.78/height noenhanced left font ',11'
set arrow from screen 620/width, screen 1-373/height to screen 646/width, screen 1-373/height nohead linetype 3 linewidth 2
set label 'throttled' at screen 651/width, screen 1-373/height noenhanced left font ',11'
set object rectangle from first 0, graph 0 to first 20, graph 1 fillcolor rgb '#888888' fillstyle transparent solid 0.18 noborder behind
set arrow from screen 68/width, screen 1-373/height to screen 68/width, screen 1-59.5/height nohead linecolor rgb '#666666' linewidth 1.2 dashtype 2
set label 'outage' at screen 72/width, screen 1-65.5/height noenhanced left font ',11'
set label 'One replication' at screen 14/width, screen 1-438/height noenhanced left font ',10'
set label 'sample 1.0, race 0123456789abcdef, seed 20261123, 200 replications.' at screen 14/width, screen 1-452/height noenhanced left font ',10' textcolor rgb '#666666'
set label 'Monte Carlo error only, not model error.' at screen 14/width, screen 1-466/height noenhanced left font ',10' textcolor rgb '#666666'
at(n) = valid(n) ? column(n) : NaN
across = 1 # column of x
plot 'storm.tsv' skip 1 using (at(across)):(at(2)) with steps linetype 1 linewidth 1.8 notitle, \
     '' skip 1 using (at(across)):(at(3)) with steps linetype 2 linewidth 1.8 notitle, \
     '' skip 1 using (at(across)):(at(4)) with steps linetype 3 linewidth 1.8 notitle, \
     '' skip 1 using (at(across)):(at(5)) with steps linetype 7 linewidth 2.2 notitle
