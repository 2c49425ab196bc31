# The data is in sweep.tsv, in the units of the axes; an empty cell has no value.
# Draw again:  gnuplot sweep.gp        As PNG:  gnuplot -e "format='png'" sweep.gp
if (!exists('format')) format = 'svg'
if (!exists('output')) output = 'sweep.'.format
width = 720.
height = 414.
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
set lmargin at screen 66/width
set rmargin at screen 630/width
set tmargin at screen 1-76/height
set bmargin at screen 108/height
set label 'Failure rate over two assumptions' at screen 14/width, screen 1-20/height noenhanced left font 'sans-serif Bold,15'
set label 'share of clusters with a temporary host' at screen 14/width, screen 1-39/height noenhanced left font ',12'
set xrange [-0.5:6.5]
set yrange [-0.5:4.5]
set grid xtics ytics linetype 1 linecolor rgb '#dddddd' linewidth 0.8 dashtype 1
set border 3 linewidth 0.8
set tics nomirror out scale 0.5 font ',12'
set xtics autofreq
set ytics autofreq
set format '%g'
set label 'provisioning.connect, median' at screen 348/width, screen 1-346/height noenhanced center font ',12'
set object rectangle from screen 20/width, screen 1-63/height to screen 38/width, screen 1-51/height fillcolor rgb '#777777' fillstyle pattern 4 border rgb '#777777'
set label 'wide interval' at screen 46/width, screen 1-57/height noenhanced left font ',11'
set label '20 replications a cell; hatched: the 95 % interval is wider than 2 points' at screen 14/width, screen 1-371/height noenhanced left font ',10'
set label 'sample 1.0, race 0123456789abcdef, seed 20261123, 200 replications.' at screen 14/width, screen 1-385/height noenhanced left font ',10' textcolor rgb '#666666'
set label 'Monte Carlo error only, not model error.' at screen 14/width, screen 1-399/height noenhanced left font ',10' textcolor rgb '#666666'
set xtics scale 0 noenhanced ('10 min' 0, \
    '12 min' 1, \
    '14 min' 2, \
    '16 min' 3, \
    '18 min' 4, \
    '20 min' 5, \
    '22 min' 6)
set ytics scale 0 noenhanced ('20 %%' 0, \
    '40 %%' 1, \
    '60 %%' 2, \
    '80 %%' 3, \
    '100 %%' 4)
unset grid
unset border
set palette defined (0 '#f1f6fb', 0.35 '#a6cbe3', 0.7 '#3d86bd', 1 '#0b3d73')
set cbrange [0.2:40.6]
set colorbox user origin screen 1-74/width, screen 108/height size screen 14/width, screen 230/height noborder
set cbtics scale 0 font ',11'
middle = 29.288
hatch(v) = v > middle ? 0xc9d8e6 : 0x33404d
digits(v) = gprintf(abs(v) >= 999.5 && abs(v) < 1e9 ? '%.0f' : '%.3g', v)
# column, row, value of the cells
$cells << END
0	0	0.2
1	0	0.42
2	0	1.08
3	0	2.18
4	0	3.72
5	0	5.7
6	0	8.12
0	1	0.4
1	1	0.84
2	1	2.16
3	1	4.36
4	1	7.44
5	1	11.4
6	1	16.24
0	2	0.6
1	2	1.26
2	2	3.24
4	2	11.16
5	2	17.1
6	2	24.36
0	3	0.8
1	3	1.68
2	3	4.32
3	3	8.72
4	3	14.88
5	3	22.8
6	3	32.48
0	4	1
1	4	2.1
2	4	5.4
3	4	10.9
4	4	18.6
5	4	28.5
6	4	40.6
END
# column, row, value of the cells with a wide interval
$wide << END
6	2	24.36
5	3	22.8
6	3	32.48
5	4	28.5
6	4	40.6
END
set label 'failed workflows (%)' at screen 706/width, screen 1-66/height noenhanced right font ',11'
set label 'no data' at 3, 2 center font ',10' textcolor rgb '#666666'
plot $cells using 1:2:($1-0.5):($1+0.5):($2-0.5):($2+0.5):3 with boxxyerror \
        linewidth 1 fillcolor palette fillstyle solid border rgb '#ffffff' notitle, \
     $wide using ($1-0.5):($2-0.25):(0.25):(-0.25):(hatch($3)) with vectors nohead \
        linetype 1 linecolor rgb variable linewidth 0.8 notitle, \
     $wide using ($1-0.5):($2+0):(0.5):(-0.5):(hatch($3)) with vectors nohead \
        linetype 1 linecolor rgb variable linewidth 0.8 notitle, \
     $wide using ($1-0.5):($2+0.25):(0.75):(-0.75):(hatch($3)) with vectors nohead \
        linetype 1 linecolor rgb variable linewidth 0.8 notitle, \
     $wide using ($1-0.5):($2+0.5):(1):(-1):(hatch($3)) with vectors nohead \
        linetype 1 linecolor rgb variable linewidth 0.8 notitle, \
     $wide using ($1-0.25):($2+0.5):(0.75):(-0.75):(hatch($3)) with vectors nohead \
        linetype 1 linecolor rgb variable linewidth 0.8 notitle, \
     $wide using ($1+0):($2+0.5):(0.5):(-0.5):(hatch($3)) with vectors nohead \
        linetype 1 linecolor rgb variable linewidth 0.8 notitle, \
     $wide using ($1+0.25):($2+0.5):(0.25):(-0.25):(hatch($3)) with vectors nohead \
        linetype 1 linecolor rgb variable linewidth 0.8 notitle, \
     $cells using 1:2:(digits($3)):($3 > middle ? 0xfffffe : 0x111111) \
        with labels center font ',11' textcolor rgb variable noenhanced notitle
