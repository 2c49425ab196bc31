#!/bin/sh
# The page as a reader's browser shows it: nothing on the console, every section there, light and dark not blank, no
# scrolling sideways on a telephone, everything on paper. Needs Chromium (Debian: apt-get install chromium); without it
# nothing is checked. What is on the paper is looked at with poppler-utils, if they are there.
#
# usage: page_browser_test.sh PROGRAM
set -u
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../tools/check.sh"
browser=
for name in chromium chromium-browser google-chrome; do
    command -v "$name" >/dev/null 2>&1 && browser=$name && break
done
if [ -z "$browser" ]; then
    echo "page_browser: skipped, there is no chromium (apt-get install chromium)"
    exit 0
fi
check_begin "$1"
export HOME="$work" XDG_CONFIG_HOME="$work/config" XDG_CACHE_HOME="$work/cache"

# browse OPTION... FILE: no network, no sandbox (tests may run as root), and a profile that goes with the folder.
browse() {
    timeout -k 5 30 "$browser" --headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage --hide-scrollbars --no-first-run \
        --disable-background-networking --user-data-dir="$work/profile" --host-resolver-rules='MAP * ~NOTFOUND' "$@"
}

# A browser that cannot even show a word (no namespaces, no shared memory, a stub that wants a package) says nothing of
# the page.
echo '<p>works</p>' >word.html
if ! browse --dump-dom "file://$work/word.html" 2>word.txt | grep -q 'works'; then
    echo "page_browser: skipped, $browser does not work here: $(tail -n 1 word.txt)"
    rm -rf "$work"
    exit 0
fi

# probe FILE WIDTH...: write to probe.txt what a script in a copy of the page finds out at each width, which begins its
# lines. The copy has no policy against scripts, and stands in frames, because a window cannot be narrower than 500 pixels.
probe() {
    sed -e '/http-equiv="Content-Security-Policy"/d' -e '/<\/body>/,$d' "$1" >probe.html
    cat >>probe.html <<'END'
<script>
const ids = [...document.querySelectorAll('[id]')].map(e => e.id);
const links = [...document.querySelectorAll('nav a')].map(e => e.getAttribute('href').slice(1));
const shown = e => e.getBoundingClientRect().height > 0;
const scrolls = e => e.scrollWidth > e.clientWidth && getComputedStyle(e).overflowX == 'auto';
parent.postMessage([
    'wide ' + (document.documentElement.scrollWidth > innerWidth),
    'twice ' + (ids.length - new Set(ids).size),
    'lost ' + links.filter(id => !document.getElementById(id)).length,
    'sections ' + [...document.querySelectorAll('main section')].filter(shown).length,
    'pictures ' + [...document.querySelectorAll('svg[role=img]')].filter(shown).length,
    'unnamed ' + [...document.querySelectorAll('svg')].filter(e => !e.querySelector('title')).length,
    'unreachable ' + [...document.querySelectorAll('main *')].filter(e => scrolls(e) && e.tabIndex != 0).length,
    'miscopied ' + [...document.querySelectorAll('.command code')].filter(e => e.innerText != e.textContent).length,
    'active ' + document.querySelectorAll('script,img,iframe,object,link,form').length,
].map(line => 'PROBE ' + innerWidth + ' ' + line + '\n').join(''), '*');
</script></body></html>
END
    shift
    {
        echo '<body><pre></pre><script>onmessage = e => { document.querySelector("pre").textContent += e.data; }</script>'
        printf '<iframe width="%s" height="900" frameborder="0" src="probe.html"></iframe>\n' "$@"
        echo '</body>'
    } >frame.html
    browse --window-size=1400,1000 --virtual-time-budget=10000 --dump-dom "file://$work/frame.html" 2>/dev/null |
        sed -n 's/.*PROBE //p' >probe.txt
}

# look SCHEME FILE: print "LIGHTNESS COLOURS" of a screenshot: mean of 0 to 255, and how many different colours. The
# browser that made the picture also reads it. SCHEME is 0 (dark) or 1 (light).
look() {
    rm -f shot.png
    browse --window-size=1280,1400 --blink-settings=preferredColorScheme="$1" --screenshot="$work/shot.png" "file://$2" \
        >/dev/null 2>&1
    [ -s shot.png ] || return
    {
        printf '<body><script>const image = new Image(); const data_url = "data:image/png;base64,'
        base64 -w 0 shot.png
        cat <<'END'
";
image.onload = () => {
    const canvas = document.createElement('canvas'), seen = new Set();
    canvas.width = image.width, canvas.height = image.height;
    const context = canvas.getContext('2d');
    context.drawImage(image, 0, 0);
    const data = context.getImageData(0, 0, canvas.width, canvas.height).data;
    let sum = 0;
    for (let i = 0; i < data.length; i += 4) {
        sum += (data[i] + data[i + 1] + data[i + 2]) / 3;
        seen.add(data[i] << 16 | data[i + 1] << 8 | data[i + 2]);
    }
    document.body.textContent = 'LOOK ' + Math.round(4 * sum / data.length) + ' ' + seen.size;
};
image.src = data_url;
</script></body>
END
    } >look.html
    browse --dump-dom "file://$work/look.html" 2>/dev/null | sed -n 's/.*LOOK \([0-9 ]*\).*/\1/p'
}

# check_paper FILE: print it with the dark theme wished for; paper is white all the same, and no section is lost.
check_paper() {
    rm -f page.pdf
    browse --no-pdf-header-footer --blink-settings=preferredColorScheme=0 --print-to-pdf="$work/page.pdf" "file://$1" \
        >/dev/null 2>&1
    is [ "$(head -c 5 page.pdf)" = %PDF- ]
    command -v pdftotext >/dev/null 2>&1 && command -v pdftoppm >/dev/null 2>&1 || return
    pdftotext page.pdf page.txt
    is grep -q 'Monte Carlo error only' page.txt
    sed -n 's/.*<h2 id="title-[^>]*>\(.*\)<\/h2>.*/\1/p' "$1" >titles.txt
    while read -r title; do
        is grep -qF "$title" page.txt
    done <titles.txt
    is [ "$(pdftoppm -r 10 -f 1 -l 1 -gray page.pdf | tail -c +20 | od -An -v -tu1 -w1 |
        awk '{ sum += $1 } END { print (sum / NR > 200) }')" = 1 ]
}

# check_screen FILE WIDTH...: the console, and what the probe finds at each width.
check_screen() {
    page=$1
    shift
    browse --enable-logging=stderr --window-size=1280,900 --dump-dom "file://$page" >dom.html 2>err.txt
    is grep -q '</footer>' dom.html
    if [ $failures != 0 ]; then # A browser that hangs is not waited for again and again.
        check_end page_browser
        exit 1
    fi
    grep -q 'CONSOLE' err.txt && fail "the console is not silent: $page"
    : >err.txt
    sections=$(grep -c '<section ' "$page")
    pictures=$(grep -c '<svg' "$page")
    is [ "$sections" -gt 0 ]
    probe "$page" "$@"
    cp probe.txt out.txt
    for width in "$@"; do
        for line in 'wide false' 'twice 0' 'lost 0' "sections $sections" "pictures $pictures" 'unnamed 0' \
            'unreachable 0' 'miscopied 0' 'active 1'; do # The one script is the probe itself.
            is grep -qx "$width $line" probe.txt
        done
    done
    : >out.txt
}

# check_look FILE: the light page is light, the dark one dark, and neither is blank.
check_look() {
    # shellcheck disable=SC2046
    set -- $(look 1 "$1") $(look 0 "$1")
    is [ $# = 4 ]
    is [ "${1:-0}" -gt 200 ]
    is [ "${2:-0}" -gt 100 ]
    is [ "${3:-255}" -lt 80 ]
    is [ "${4:-0}" -gt 100 ]
}

cp "$here/../models/rcesim/race.yaml" race.yaml
cat >hostile.yaml <<'EOF2'
question: "</title><script>alert(1)</script><img src=x onerror=alert(2)>\"'`id`$(id) & %s _x_ Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichenverleihungsurkunde"
extends: race.yaml
EOF2
expect 0 "" "$program" run -q -o plain race.yaml
expect 0 "" "$program" run -q -o hostile hostile.yaml
if [ $failures = 0 ]; then
    check_screen "$work/plain/report.html" 400 1280
    check_look "$work/plain/report.html"
    check_paper "$work/plain/report.html"
    check_screen "$work/hostile/report.html" 400
fi
check_end page_browser
