# The data is in paired.tsv, in the units of the axes; an empty cell has no value.
# Draw again:  gnuplot paired.gp        As PNG:  gnuplot -e "format='png'" paired.gp
if (!exists('format')) format = 'svg'
if (!exists('output')) output = 'paired.'.format
width = 720.
height = 460.
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
set bmargin at screen 84/height
set label 'The same worlds before and after' at screen 14/width, screen 1-20/height noenhanced left font 'sans-serif Bold,15'
set label 'failed workflows in a replication (%)' at screen 14/width, screen 1-39/height noenhanced left font ',12'
set xrange [-0.3:1.3]
set yrange [0:23.309699831]
set grid xtics ytics linetype 1 linecolor rgb '#dddddd' linewidth 0.8 dashtype 1
set border 3 linewidth 0.8
set tics nomirror out scale 0.5 font ',12'
set xtics autofreq
set ytics autofreq
set format '%g'
set arrow from screen 14/width, screen 1-57/height to screen 40/width, screen 1-57/height nohead linetype 1 linewidth 2
set label 'one pair' at screen 46/width, screen 1-57/height noenhanced left font ',11'
set arrow from screen 116/width, screen 1-57/height to screen 142/width, screen 1-57/height nohead linetype 2 linewidth 2
set label 'mean of all pairs' at screen 148/width, screen 1-57/height noenhanced left font ',11'
set label 'One line a replication, n = 60' at screen 14/width, screen 1-417/height noenhanced left font ',10'
set label 'sample 1.0, race 0123456789abcdef, seed 20261123, 200 replications.' at screen 14/width, screen 1-431/height noenhanced left font ',10' textcolor rgb '#666666'
set label 'Monte Carlo error only, not model error.' at screen 14/width, screen 1-445/height noenhanced left font ',10' textcolor rgb '#666666'
set xtics scale 0 noenhanced ('before' 0, \
    'after' 1)
unit = ' '.'%'
digits(v) = gprintf(abs(v) >= 999.5 && abs(v) < 1e9 ? '%.0f' : '%.3g', v)
# Means: place, value
$means << END
0	18.2671191215
1	0.69833400031
END
at(n) = valid(n) ? column(n) : NaN
plot 'paired.tsv' skip 1 every 1 using (0):(at(1)):(1):(at(2)-at(1)) with vectors nohead \
        linecolor rgb '#a00072b2' linewidth 1 notitle, \
     '' skip 1 every 1 using (0):(at(1)) with points linetype 1 pointsize 0.35 notitle, \
     '' skip 1 every 1 using (1):(at(2)) with points linetype 1 pointsize 0.35 notitle, \
     $means using 1:2 with linespoints linetype 2 linewidth 3 pointsize 1 notitle, \
     $means using ($1 == 0 ? 0 : NaN):2:(digits($2).unit) with labels right offset -1.5,0 \
        font 'sans-serif Bold,12' noenhanced notitle, \
     $means using ($1 > 0 ? $1 : NaN):2:(digits($2).unit) with labels left offset 1.5,0 \
        font 'sans-serif Bold,12' noenhanced notitle
