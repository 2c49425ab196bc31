#include "reports/chart.h"

#include "reports/gnuplot.h"
#include "sim/base/check.h"
#include "sim/base/units.h"

enum { AT_ONCE = 2 };
#define DEADLINE_NS (60 * UNITS_S)

size_t charts_draw(const struct chart *const *charts, size_t count,
                   const struct chart_drawing *drawing, struct error *errors)
{
    if (count == 0)
        return 0;
    struct arena *arena = arena_create("pictures", 0);
    struct gnuplot_job *jobs = arena_take_array(arena, count, sizeof *jobs);
    for (size_t i = 0; i < count; i++)
        jobs[i] = (struct gnuplot_job){
            .directory = drawing->folder,
            .script = arena_print(arena, "%s.gp", charts[i]->name),
            .picture = arena_print(arena, "%s.%s", charts[i]->name, drawing->format),
        };
    struct gnuplot_effort effort = {
        .at_once = drawing->at_once > 0 ? drawing->at_once : AT_ONCE,
        .deadline_ns = drawing->deadline_ns > 0 ? drawing->deadline_ns : DEADLINE_NS,
        .patience = drawing->patience,
    };
    size_t failure_count = gnuplot_draw_all(jobs, count, &effort, errors);
    for (size_t i = 0; i < count; i++)
        if (errors[i].code != 0)
            error_context(&errors[i], "chart %s", charts[i]->name);
    arena_destroy(arena);
    return failure_count;
}
