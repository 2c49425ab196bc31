# The data is in causes.tsv, in the units of the axes; an empty cell has no value.
# Draw again:  gnuplot causes.gp        As PNG:  gnuplot -e "format='png'" causes.gp
if (!exists('format')) format = 'svg'
if (!exists('output')) output = 'causes.'.format
width = 720.
height = 282.
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
set lmargin at screen 69/width
set rmargin at screen 630/width
set tmargin at screen 1-82/height
set bmargin at screen 108/height
set label 'Why workflows failed' at screen 14/width, screen 1-20/height noenhanced left font 'sans-serif Bold,15'
set xrange [0:12391.93]
set yrange [1.6:-0.6]
set grid xtics ytics linetype 1 linecolor rgb '#dddddd' linewidth 0.8 dashtype 1
set border 3 linewidth 0.8
set tics nomirror out scale 0.5 font ',12'
set xtics autofreq
set ytics autofreq
set format '%g'
set label 'failed workflows' at screen 349.5/width, screen 1-214/height noenhanced center font ',12'
set object rectangle from screen 20/width, screen 1-51/height to screen 38/width, screen 1-39/height fillcolor rgb '#0072b2' fillstyle solid noborder
set label 'maintenance triggered too early' at screen 46/width, screen 1-45/height noenhanced left font ',11'
set object rectangle from screen 263/width, screen 1-51/height to screen 281/width, screen 1-39/height fillcolor rgb '#d55e00' fillstyle solid noborder
set label 'lost callback' at screen 289/width, screen 1-45/height noenhanced left font ',11'
set object rectangle from screen 396/width, screen 1-51/height to screen 414/width, screen 1-39/height fillcolor rgb '#009e73' fillstyle solid noborder
set label 'capacity outage' at screen 422/width, screen 1-45/height noenhanced left font ',11'
set object rectangle from screen 541/width, screen 1-51/height to screen 559/width, screen 1-39/height fillcolor rgb '#cc79a7' fillstyle solid noborder
set label 'stuck evacuation' at screen 567/width, screen 1-45/height noenhanced left font ',11'
set object rectangle from screen 20/width, screen 1-69/height to screen 38/width, screen 1-57/height fillcolor rgb '#e69f00' fillstyle solid noborder
set label 'throttled' at screen 46/width, screen 1-63/height noenhanced left font ',11'
set label 'Ground truth of the simulated world' at screen 14/width, screen 1-239/height noenhanced left font ',10'
set label 'sample 1.0, race 0123456789abcdef, seed 20261123, 200 replications.' at screen 14/width, screen 1-253/height noenhanced left font ',10' textcolor rgb '#666666'
set label 'Monte Carlo error only, not model error.' at screen 14/width, screen 1-267/height noenhanced left font ',10' textcolor rgb '#666666'
set ytics scale 0 noenhanced ('before' 0, \
    'after' 1)
unset grid
set grid xtics linetype 1 linecolor rgb '#dddddd' linewidth 0.8 dashtype 1
set border 1
unit = ''
digits(v) = gprintf(abs(v) >= 999.5 && abs(v) < 1e9 ? '%.0f' : '%.3g', v)
ink(part) = int(part) % 7 < 3 ? 0xfffffe : 0x111111
$totals << END
12031
640
END
# row, part, from, to: the values of the .tsv, side by side
$boxes << END
0	0	0	10801
0	1	10801	11441
0	2	11441	11851
0	3	11851	11971
0	4	11971	12031
1	0	0	0
1	1	0	90
1	2	90	470
1	3	470	600
1	4	600	640
END
plot $boxes using ($2 == 0 ? $3 : NaN):1:3:4:($1-0.34):($1+0.34) \
        with boxxyerror linetype 1 dashtype 1 fillstyle solid 0.85 border rgb '#ffffff' notitle, \
     $boxes using ($2 == 1 ? $3 : NaN):1:3:4:($1-0.34):($1+0.34) \
        with boxxyerror linetype 2 dashtype 1 fillstyle solid 0.85 border rgb '#ffffff' notitle, \
     $boxes using ($2 == 2 ? $3 : NaN):1:3:4:($1-0.34):($1+0.34) \
        with boxxyerror linetype 3 dashtype 1 fillstyle solid 0.85 border rgb '#ffffff' notitle, \
     $boxes using ($2 == 3 ? $3 : NaN):1:3:4:($1-0.34):($1+0.34) \
        with boxxyerror linetype 4 dashtype 1 fillstyle solid 0.85 border rgb '#ffffff' notitle, \
     $boxes using ($2 == 4 ? $3 : NaN):1:3:4:($1-0.34):($1+0.34) \
        with boxxyerror linetype 5 dashtype 1 fillstyle solid 0.85 border rgb '#ffffff' notitle, \
     $boxes using (($3+$4)/2):($4-$3 >= 971.916 ? $1 : NaN):(digits($4-$3)):(ink($2)) \
        with labels center font ',11' textcolor rgb variable noenhanced notitle, \
     $totals using (12391.93):0:(digits($1).unit) with labels left offset 1,0 font ',12' noenhanced notitle
