# The data is in rollout.tsv, in the units of the axes; an empty cell has no value.
# Draw again:  gnuplot rollout.gp        As PNG:  gnuplot -e "format='png'" rollout.gp
if (!exists('format')) format = 'svg'
if (!exists('output')) output = 'rollout.'.format
width = 720.
height = 544.
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
set rmargin at screen 689/width
set tmargin at screen 1-136/height
set bmargin at screen 108/height
set label 'Failure rate while the fix was rolled out' at screen 14/width, screen 1-20/height noenhanced left font 'sans-serif Bold,15'
set label 'failed, of the workflows that triggered in the bin (%)' at screen 14/width, screen 1-39/height noenhanced left font ',12'
set xrange [-0.1725:12.1725]
set yrange [0:35.1411532023]
set grid xtics ytics linetype 1 linecolor rgb '#dddddd' linewidth 0.8 dashtype 1
set border 3 linewidth 0.8
set tics nomirror out scale 0.5 font ',12'
set xtics autofreq
set ytics autofreq
set format '%g'
set label 'hours since the start of the wave' at screen 378.5/width, screen 1-476/height noenhanced center font ',12'
set arrow from screen 14/width, screen 1-57/height to screen 40/width, screen 1-57/height nohead linetype 1 linewidth 2
set label 'by trigger' at screen 46/width, screen 1-57/height noenhanced left font ',11'
set arrow from screen 128/width, screen 1-57/height to screen 154/width, screen 1-57/height nohead linetype 2 linewidth 2
set label 'by decision' at screen 160/width, screen 1-57/height noenhanced left font ',11'
set object rectangle from screen 254/width, screen 1-63/height to screen 272/width, screen 1-51/height fillcolor rgb '#777777' fillstyle pattern 4 border rgb '#777777'
set label 'not decided yet (%)' at screen 280/width, screen 1-57/height noenhanced left font ',11'
set arrow from screen 388.561/width, screen 1-436/height to screen 388.561/width, screen 1-77.5/height nohead linecolor rgb '#666666' linewidth 1.2 dashtype 2
set label 'detected' at screen 392.561/width, screen 1-83.5/height noenhanced left font ',11'
set arrow from screen 438.865/width, screen 1-436/height to screen 438.865/width, screen 1-92.5/height nohead linecolor rgb '#666666' linewidth 1.2 dashtype 2
set label 'deployed: failing first' at screen 442.865/width, screen 1-98.5/height noenhanced left font ',11'
set arrow from screen 448.925/width, screen 1-436/height to screen 448.925/width, screen 1-107.5/height nohead linecolor rgb '#666666' linewidth 1.2 dashtype 2
set label '25 %' at screen 452.925/width, screen 1-113.5/height noenhanced left font ',11'
set arrow from screen 453.956/width, screen 1-436/height to screen 453.956/width, screen 1-122.5/height nohead linecolor rgb '#666666' linewidth 1.2 dashtype 2
set label 'all' at screen 457.956/width, screen 1-128.5/height noenhanced left font ',11'
set arrow from screen 68/width, screen 1-427.463/height to screen 689/width, screen 1-427.463/height nohead linecolor rgb '#666666' linewidth 1.2 dashtype 2
set label '1 %' at screen 694/width, screen 1-427.463/height noenhanced left font ',11'
set label 'By first maintenance trigger, bins of 30 min, pooled over 200 replications; 95 % intervals' at screen 14/width, screen 1-501/height noenhanced left font ',10'
set label 'sample 1.0, race 0123456789abcdef, seed 20261123, 200 replications.' at screen 14/width, screen 1-515/height noenhanced left font ',10' textcolor rgb '#666666'
set label 'Monte Carlo error only, not model error.' at screen 14/width, screen 1-529/height noenhanced left font ',10' textcolor rgb '#666666'
set label 'n' at screen 694/width, screen 1-143/height noenhanced left font 'sans-serif Italic,10' textcolor rgb '#777777'
at(n) = valid(n) ? column(n) : NaN
across = 1 # column of x
plot 'rollout.tsv' skip 1 using (at(across)):(at(8)):(0.45) with boxes linecolor rgb '#999999' \
        linewidth 0.8 fillstyle pattern 4 border notitle, \
     '' skip 1 using (at(across)):(35.1411532023):(valid(9) ? gprintf('%.0f', column(9)) : '') \
        with labels center offset 0,-0.6 font ',9' textcolor rgb '#777777' noenhanced notitle, \
     '' skip 1 using (at(across)):(at(3)):(at(4)) with filledcurves linetype 1 \
        fillstyle transparent solid 0.18 noborder notitle, \
     '' skip 1 using (at(across)):(at(2)):(at(3)):(at(4)) with yerrorbars \
        linetype 1 dashtype 1 linewidth 0.9 pointtype 0 notitle, \
     '' skip 1 using (at(across)):(at(2)) with linespoints linetype 1 linewidth 2 notitle, \
     '' skip 1 using (at(across)):(at(6)):(at(7)) with filledcurves linetype 2 \
        fillstyle transparent solid 0.18 noborder notitle, \
     '' skip 1 using (at(across)):(at(5)):(at(6)):(at(7)) with yerrorbars \
        linetype 2 dashtype 1 linewidth 0.9 pointtype 0 notitle, \
     '' skip 1 using (at(across)):(at(5)) with linespoints linetype 2 linewidth 2 notitle
