# The data is in areas.tsv, in the units of the axes; an empty cell has no value.
# Draw again:  gnuplot areas.gp        As PNG:  gnuplot -e "format='png'" areas.gp
if (!exists('format')) format = 'svg'
if (!exists('output')) output = 'areas.'.format
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
set label 'Where the workflows of one wave are' at screen 14/width, screen 1-20/height noenhanced left font 'sans-serif Bold,15'
set label 'workflows (%)' at screen 14/width, screen 1-39/height noenhanced left font ',12'
set xrange [0:20.3]
set yrange [0:104]
set grid xtics ytics linetype 1 linecolor rgb '#dddddd' linewidth 0.8 dashtype 1
set border 3 linewidth 0.8
set tics nomirror out scale 0.5 font ',12'
set xtics autofreq
set ytics autofreq
set format '%g'
set label 'hours since the start of the wave' at screen 382/width, screen 1-416/height noenhanced center font ',12'
set object rectangle from screen 20/width, screen 1-63/height to screen 38/width, screen 1-51/height fillcolor rgb '#0072b2' fillstyle solid noborder
set label 'completed' at screen 46/width, screen 1-57/height noenhanced left font ',11'
set object rectangle from screen 128/width, screen 1-63/height to screen 146/width, screen 1-51/height fillcolor rgb '#d55e00' fillstyle solid noborder
set label 'failed' at screen 154/width, screen 1-57/height noenhanced left font ',11'
set object rectangle from screen 217/width, screen 1-63/height to screen 235/width, screen 1-51/height fillcolor rgb '#009e73' fillstyle solid noborder
set label 'running' at screen 243/width, screen 1-57/height noenhanced left font ',11'
set label 'One replication' at screen 14/width, screen 1-441/height noenhanced left font ',10'
set label 'sample 1.0, race 0123456789abcdef, seed 20261123, 200 replications.' at screen 14/width, screen 1-455/height noenhanced left font ',10' textcolor rgb '#666666'
set label 'Monte Carlo error only, not model error.' at screen 14/width, screen 1-469/height noenhanced left font ',10' textcolor rgb '#666666'
at(n) = valid(n) ? column(n) : NaN
across = 1 # column of x
plot 'areas.tsv' skip 1 using (at(across)):(at(2)+at(3)+at(4)) with fillsteps linetype 3 fillstyle solid noborder notitle, \
     '' skip 1 using (at(across)):(at(2)+at(3)) with fillsteps linetype 2 fillstyle solid noborder notitle, \
     '' skip 1 using (at(across)):(at(2)) with fillsteps linetype 1 fillstyle solid noborder notitle
