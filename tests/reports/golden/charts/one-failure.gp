# The data is in one-failure.tsv, in the units of the axes; an empty cell has no value.
# Draw again:  gnuplot one-failure.gp        As PNG:  gnuplot -e "format='png'" one-failure.gp
if (!exists('format')) format = 'svg'
if (!exists('output')) output = 'one-failure.'.format
width = 720.
height = 490.
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
set lmargin at screen 125/width
set rmargin at screen 696/width
set tmargin at screen 1-82/height
set bmargin at screen 108/height
set label 'One workflow that failed, and the same one with the fix' at screen 14/width, screen 1-20/height noenhanced left font 'sans-serif Bold,15'
set xrange [0:101]
set yrange [0:1]
set grid xtics ytics linetype 1 linecolor rgb '#dddddd' linewidth 0.8 dashtype 1
set border 3 linewidth 0.8
set tics nomirror out scale 0.5 font ',12'
set xtics autofreq
set ytics autofreq
set format '%g'
set label 'minutes since the start of phase 2' at screen 410.5/width, screen 1-422/height noenhanced center font ',12'
set object rectangle from screen 20/width, screen 1-51/height to screen 38/width, screen 1-39/height fillcolor rgb '#0072b2' fillstyle solid noborder
set label 'backup' at screen 46/width, screen 1-45/height noenhanced left font ',11'
set object rectangle from screen 109/width, screen 1-51/height to screen 127/width, screen 1-39/height fillcolor rgb '#d55e00' fillstyle solid noborder
set label 'waiting for a callback' at screen 135/width, screen 1-45/height noenhanced left font ',11'
set object rectangle from screen 297/width, screen 1-51/height to screen 315/width, screen 1-39/height fillcolor rgb '#009e73' fillstyle solid noborder
set label 'provisioning' at screen 323/width, screen 1-45/height noenhanced left font ',11'
set object rectangle from screen 423/width, screen 1-51/height to screen 441/width, screen 1-39/height fillcolor rgb '#cc79a7' fillstyle solid noborder
set label 'connected, not ready' at screen 449/width, screen 1-45/height noenhanced left font ',11'
set object rectangle from screen 599/width, screen 1-51/height to screen 617/width, screen 1-39/height fillcolor rgb '#e69f00' fillstyle solid noborder
set label 'ready' at screen 625/width, screen 1-45/height noenhanced left font ',11'
set object rectangle from screen 20/width, screen 1-69/height to screen 38/width, screen 1-57/height fillcolor rgb '#56b4e9' fillstyle solid noborder
set label 'pre-check' at screen 46/width, screen 1-63/height noenhanced left font ',11'
set object rectangle from screen 128/width, screen 1-69/height to screen 146/width, screen 1-57/height fillcolor rgb '#8c8c8c' fillstyle solid noborder
set label 'updating hosts' at screen 154/width, screen 1-63/height noenhanced left font ',11'
set object rectangle from screen 267/width, screen 1-69/height to screen 285/width, screen 1-57/height fillcolor rgb '#0072b2' fillstyle pattern 4 border rgb '#777777'
set label 'entering maintenance' at screen 293/width, screen 1-63/height noenhanced left font ',11'
set object rectangle from screen 443/width, screen 1-69/height to screen 461/width, screen 1-57/height fillcolor rgb '#d55e00' fillstyle pattern 4 border rgb '#777777'
set label 'in maintenance' at screen 469/width, screen 1-63/height noenhanced left font ',11'
set label '' at screen 589/width, screen 1-63/height point linetype 3 pointtype 13 pointsize 1.1
set label 'request' at screen 608/width, screen 1-63/height noenhanced left font ',11'
set label 'Replication 0, SDDC 17, cluster 1' at screen 14/width, screen 1-447/height noenhanced left font ',10'
set label 'sample 1.0, race 0123456789abcdef, seed 20261123, 200 replications.' at screen 14/width, screen 1-461/height noenhanced left font ',10' textcolor rgb '#666666'
set label 'Monte Carlo error only, not model error.' at screen 14/width, screen 1-475/height noenhanced left font ',10' textcolor rgb '#666666'
set multiplot
set grid noytics
set tmargin at screen 1-123/height
set bmargin at screen 1-227/height
set yrange [3.5:-0.5]
set format x ''
set ytics scale 0 noenhanced ('engine' 0, \
    'temporary host' 1, \
    'host 1' 2, \
    'host 2' 3)
set label 'before' at screen 14/width, screen 1-97/height noenhanced left font 'sans-serif Bold,12'
set arrow from screen 297.431/width, screen 1-227/height to screen 297.431/width, screen 1-109.5/height nohead linecolor rgb '#666666' linewidth 1.2 dashtype 2
set label 'maintenance triggered: not ready, dropped' at screen 301.431/width, screen 1-115.5/height noenhanced left font ',11'
set arrow from screen 633.812/width, screen 1-227/height to screen 633.812/width, screen 1-109.5/height nohead linecolor rgb '#666666' linewidth 1.2 dashtype 2
set label 'deadline' at screen 637.812/width, screen 1-115.5/height noenhanced left font ',11'
# from, to, lane, state
$bars0 << END
0	30	0	0
30	90	0	1
0	28	1	2
28	39	1	3
39	90	1	4
0	90	2	4
0	90	3	4
END
set label 'backup' at screen 209.802/width, screen 1-136/height noenhanced center font ',10' textcolor rgb '#fffffe' front
set label 'waiting for a callback' at screen 464.208/width, screen 1-136/height noenhanced center font ',10' textcolor rgb '#fffffe' front
set label 'provisioning' at screen 204.149/width, screen 1-162/height noenhanced center font ',10' textcolor rgb '#fffffe' front
set label 'ready' at screen 489.649/width, screen 1-162/height noenhanced center font ',10' textcolor rgb '#111111' front
set label 'ready' at screen 379.406/width, screen 1-188/height noenhanced center font ',10' textcolor rgb '#111111' front
set label 'ready' at screen 379.406/width, screen 1-214/height noenhanced center font ',10' textcolor rgb '#111111' front
plot $bars0 using ($4 == 0 ? $1 : NaN):3:1:2:($3-0.38):($3+0.38) \
        with boxxyerror linetype 1 dashtype 1 fillstyle solid 0.9 noborder notitle, \
     $bars0 using ($4 == 1 ? $1 : NaN):3:1:2:($3-0.38):($3+0.38) \
        with boxxyerror linetype 2 dashtype 1 fillstyle solid 0.9 noborder notitle, \
     $bars0 using ($4 == 2 ? $1 : NaN):3:1:2:($3-0.38):($3+0.38) \
        with boxxyerror linetype 3 dashtype 1 fillstyle solid 0.9 noborder notitle, \
     $bars0 using ($4 == 3 ? $1 : NaN):3:1:2:($3-0.38):($3+0.38) \
        with boxxyerror linetype 4 dashtype 1 fillstyle solid 0.9 noborder notitle, \
     $bars0 using ($4 == 4 ? $1 : NaN):3:1:2:($3-0.38):($3+0.38) \
        with boxxyerror linetype 5 dashtype 1 fillstyle solid 0.9 noborder notitle
unset label
unset arrow
unset object
set tmargin at screen 1-278/height
set bmargin at screen 1-382/height
set yrange [3.5:-0.5]
set format x '%g'
set ytics scale 0 noenhanced ('engine' 0, \
    'temporary host' 1, \
    'host 1' 2, \
    'host 2' 3)
set label 'after' at screen 14/width, screen 1-252/height noenhanced left font 'sans-serif Bold,12'
set arrow from screen 362.446/width, screen 1-382/height to screen 362.446/width, screen 1-264.5/height nohead linecolor rgb '#666666' linewidth 1.2 dashtype 2
set label 'pre-check passed' at screen 366.446/width, screen 1-270.5/height noenhanced left font ',11'
# from, to, lane, state
$bars1 << END
0	30	0	0
30	42	0	5
42	100	0	6
0	28	1	2
28	39	1	3
39	101	1	4
0	44	2	4
44	52	2	7
52	100	2	8
0	100	3	4
60	60	3	9
END
set label 'backup' at screen 209.802/width, screen 1-291/height noenhanced center font ',10' textcolor rgb '#fffffe' front
set label 'pre-check' at screen 328.525/width, screen 1-291/height noenhanced center font ',10' textcolor rgb '#111111' front
set label 'updating hosts' at screen 526.396/width, screen 1-291/height noenhanced center font ',10' textcolor rgb '#111111' front
set label 'provisioning' at screen 204.149/width, screen 1-317/height noenhanced center font ',10' textcolor rgb '#fffffe' front
set label 'ready' at screen 520.743/width, screen 1-317/height noenhanced center font ',10' textcolor rgb '#111111' front
set label 'ready' at screen 249.376/width, screen 1-343/height noenhanced center font ',10' textcolor rgb '#111111' front
set label 'ready' at screen 407.673/width, screen 1-369/height noenhanced center font ',10' textcolor rgb '#111111' front
plot $bars1 using ($4 == 0 ? $1 : NaN):3:1:2:($3-0.38):($3+0.38) \
        with boxxyerror linetype 1 dashtype 1 fillstyle solid 0.9 noborder notitle, \
     $bars1 using ($4 == 2 ? $1 : NaN):3:1:2:($3-0.38):($3+0.38) \
        with boxxyerror linetype 3 dashtype 1 fillstyle solid 0.9 noborder notitle, \
     $bars1 using ($4 == 3 ? $1 : NaN):3:1:2:($3-0.38):($3+0.38) \
        with boxxyerror linetype 4 dashtype 1 fillstyle solid 0.9 noborder notitle, \
     $bars1 using ($4 == 4 ? $1 : NaN):3:1:2:($3-0.38):($3+0.38) \
        with boxxyerror linetype 5 dashtype 1 fillstyle solid 0.9 noborder notitle, \
     $bars1 using ($4 == 5 ? $1 : NaN):3:1:2:($3-0.38):($3+0.38) \
        with boxxyerror linetype 6 dashtype 1 fillstyle solid 0.9 noborder notitle, \
     $bars1 using ($4 == 6 ? $1 : NaN):3:1:2:($3-0.38):($3+0.38) \
        with boxxyerror linetype 7 dashtype 1 fillstyle solid 0.9 noborder notitle, \
     $bars1 using ($4 == 7 ? $1 : NaN):3:1:2:($3-0.38):($3+0.38) \
        with boxxyerror linetype 1 dashtype 1 fillstyle pattern 4 border notitle, \
     $bars1 using ($4 == 8 ? $1 : NaN):3:1:2:($3-0.38):($3+0.38) \
        with boxxyerror linetype 2 dashtype 1 fillstyle pattern 4 border notitle, \
     $bars1 using ($1 == $2 && $4 == 9 ? $1 : NaN):3 with points linetype 3 pointtype 13 pointsize 1.1 notitle
unset multiplot
