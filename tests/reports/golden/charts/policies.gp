# The data is in policies.tsv, in the units of the axes; an empty cell has no value.
# Draw again:  gnuplot policies.gp        As PNG:  gnuplot -e "format='png'" policies.gp
if (!exists('format')) format = 'svg'
if (!exists('output')) output = 'policies.'.format
width = 720.
height = 524.
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
set label 'Retry policies: failures against calls' at screen 14/width, screen 1-20/height noenhanced left font 'sans-serif Bold,15'
set label 'failed workflows (%)' at screen 14/width, screen 1-39/height noenhanced left font ',12'
set xrange [0:128.4]
set yrange [0:19.902]
set grid xtics ytics linetype 1 linecolor rgb '#dddddd' linewidth 0.8 dashtype 1
set border 3 linewidth 0.8
set tics nomirror out scale 0.5 font ',12'
set xtics autofreq
set ytics autofreq
set format '%g'
set label 'calls per workflow' at screen 382/width, screen 1-456/height noenhanced center font ',12'
set label '' at screen 27/width, screen 1-57/height point linetype 1 linewidth 2 pointsize 0.9
set label 'on the front: nothing else is better in both' at screen 46/width, screen 1-57/height noenhanced left font ',11'
set label '' at screen 351/width, screen 1-57/height point linetype 6 linewidth 2 pointsize 0.9
set label 'other' at screen 370/width, screen 1-57/height noenhanced left font ',11'
set label 'n = 400 replications for those still in the race' at screen 14/width, screen 1-481/height noenhanced left font ',10'
set label 'sample 1.0, race 0123456789abcdef, seed 20261123, 200 replications.' at screen 14/width, screen 1-495/height noenhanced left font ',10' textcolor rgb '#666666'
set label 'Monte Carlo error only, not model error.' at screen 14/width, screen 1-509/height noenhanced left font ',10' textcolor rgb '#666666'
set label 'none' at screen 199.12/width, screen 1-105.076/height noenhanced center font ',11'
set label 'aws-standard' at screen 234.293/width, screen 1-79.4932/height noenhanced center font ',11'
set arrow from screen 234.293/width, screen 1-108.493/height to screen 234.293/width, screen 1-86.4932/height nohead linecolor rgb '#999999' linewidth 0.8 dashtype 1 back
set label 'aws-full' at screen 343.131/width, screen 1-340.832/height noenhanced center font ',11'
set label 'temporal' at screen 550.969/width, screen 1-395.5/height noenhanced center font ',11'
set label 'aws-equal' at screen 381.022/width, screen 1-366.415/height noenhanced center font ',11'
set arrow from screen 381.022/width, screen 1-337.415/height to screen 381.022/width, screen 1-359.415/height nohead linecolor rgb '#999999' linewidth 0.8 dashtype 1 back
set label 'aws-decorrelated' at screen 455.213/width, screen 1-325.923/height noenhanced center font ',11'
set arrow from screen 385.913/width, screen 1-339.123/height to screen 405.713/width, screen 1-325.923/height nohead linecolor rgb '#999999' linewidth 0.8 dashtype 1 back
set label 'grpc-connection' at screen 457.104/width, screen 1-354.032/height noenhanced center font ',11'
set arrow from screen 390.804/width, screen 1-340.832/height to screen 410.604/width, screen 1-354.032/height nohead linecolor rgb '#999999' linewidth 0.8 dashtype 1 back
set label 'k8s-job' at screen 684.916/width, screen 1-361.332/height noenhanced center font ',11'
set label 'polly-v8' at screen 301.53/width, screen 1-118.743/height noenhanced center font ',11'
# The front, by x
$front << END
31	18.2
34	18
63	4.4
92	1.2
END
across = 1; up = 2; is_front = 3 # columns
at(n) = valid(n) ? column(n) : NaN
plot $front using 1:2 with steps linetype 1 linewidth 1.2 notitle, \
     'policies.tsv' skip 1 using (at(across)):(at(up)) with points pointtype 0 notitle, \
     '' skip 1 using (at(across)):(at(up)):(at(4)):(at(5)) with yerrorbars \
        linecolor rgb '#888888' dashtype 1 linewidth 0.9 pointtype 0 notitle, \
     '' skip 1 using (column(is_front) == 0 ? at(across) : NaN):(at(up)) \
        with points linetype 6 linewidth 2 pointsize 0.9 notitle, \
     '' skip 1 using (column(is_front) != 0 ? at(across) : NaN):(at(up)) \
        with points linetype 1 linewidth 2 pointsize 0.9 notitle
