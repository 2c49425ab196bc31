# The data is in sensitivity.tsv, in the units of the axes; an empty cell has no value.
# Draw again:  gnuplot sensitivity.gp        As PNG:  gnuplot -e "format='png'" sensitivity.gp
if (!exists('format')) format = 'svg'
if (!exists('output')) output = 'sensitivity.'.format
width = 720.
height = 412.
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
set lmargin at screen 203/width
set rmargin at screen 696/width
set tmargin at screen 1-64/height
set bmargin at screen 108/height
set label 'How much the failure rate depends on each assumption' at screen 14/width, screen 1-20/height noenhanced left font 'sans-serif Bold,15'
set xrange [3.444:32.156]
set yrange [5.6:-0.6]
set grid xtics ytics linetype 1 linecolor rgb '#dddddd' linewidth 0.8 dashtype 1
set border 3 linewidth 0.8
set tics nomirror out scale 0.5 font ',12'
set xtics autofreq
set ytics autofreq
set format '%g'
set label 'failed workflows before the fix (%)' at screen 449.5/width, screen 1-344/height noenhanced center font ',12'
set object rectangle from screen 20/width, screen 1-51/height to screen 38/width, screen 1-39/height fillcolor rgb '#0072b2' fillstyle solid noborder
set label 'lower setting' at screen 46/width, screen 1-45/height noenhanced left font ',11'
set object rectangle from screen 153/width, screen 1-51/height to screen 171/width, screen 1-39/height fillcolor rgb '#d55e00' fillstyle solid noborder
set label 'higher setting' at screen 179/width, screen 1-45/height noenhanced left font ',11'
set label 'One value at a time, the others as in the scenario; 100 replications each' at screen 14/width, screen 1-369/height noenhanced left font ',10'
set label 'sample 1.0, race 0123456789abcdef, seed 20261123, 200 replications.' at screen 14/width, screen 1-383/height noenhanced left font ',10' textcolor rgb '#666666'
set label 'Monte Carlo error only, not model error.' at screen 14/width, screen 1-397/height noenhanced left font ',10' textcolor rgb '#666666'
set ytics scale 0 noenhanced ('provisioning.connect' 0, \
    'phase2.backup' 1, \
    'fleet.temporary_host.share' 2, \
    'provisioning.configure' 3, \
    'host_service.callback.loss' 4, \
    'one side' 5)
unset grid
set grid xtics linetype 1 linecolor rgb '#dddddd' linewidth 0.8 dashtype 1
set border 1
unit = ' '.'%'
digits(v) = gprintf(abs(v) >= 999.5 && abs(v) < 1e9 ? '%.0f' : '%.3g', v)
at(n) = valid(n) ? column(n) : NaN
set label '12 min' at 8.1, -0.18 right offset -0.6,0 font ',11' noenhanced
set label '18 min' at 27.5, 0.18 left offset 0.6,0 font ',11' noenhanced
set label '25 min' at 24.2, 0.82 left offset 0.6,0 font ',11' noenhanced
set label '40 min' at 11.9, 1.18 right offset -0.6,0 font ',11' noenhanced
set label '60 %' at 13.7, 1.82 right offset -0.6,0 font ',11' noenhanced
set label '100 %' at 22.8, 2.18 left offset 0.6,0 font ',11' noenhanced
set label '3 min' at 16.9, 2.82 right offset -0.6,0 font ',11' noenhanced
set label '5 min' at 19.4, 3.18 left offset 0.6,0 font ',11' noenhanced
set label '0.01 %' at 18.15, 3.82 right offset -0.6,0 font ',11' noenhanced
set label '0.1 %' at 18.6, 4.18 left offset 0.6,0 font ',11' noenhanced
set label '1' at 20.1, 4.82 left offset 0.6,0 font ',11' noenhanced
set label '2' at 21.6, 5.18 left offset 0.6,0 font ',11' noenhanced
set label 'base: 18.2 %' at screen 456.368/width, screen 1-60/height noenhanced center font ',11'
at_low = 1; at_high = 2; base = 3 # columns
set style fill solid 0.85 noborder
plot 'sensitivity.tsv' skip 1 using (at(base)):0:(at(base)):(at(at_low)):($0-0.36):($0-0.02) \
        with boxxyerror linetype 1 notitle, \
     '' skip 1 using (at(base)):0:(at(base)):(at(at_high)):($0+0.02):($0+0.36) \
        with boxxyerror linetype 2 notitle, \
     '' skip 1 using (at(base)):($0-0.5):(0):(1) with vectors nohead linetype 1 linecolor rgb '#777777' linewidth 1.4 notitle
