#include "models/rcesim/result/enrich.h"

#include <string.h>

#include "models/rcesim/study/study_page.h"

/* Behind which section of a run the section of a study stands. */
static const struct place {
    const char *id, *after;
} places[] = {
    /* Those behind one section stand in this order, in whatever order they came. */
    {STUDY_PAGE_EXPLORATION, "one-failure"},
    {STUDY_PAGE_ABLATION, "fix"},
    {STUDY_PAGE_POLICIES, "fix"},
    {STUDY_PAGE_TORNADO, "assumptions"},
    {STUDY_PAGE_SWEEP, "assumptions"},
    {STUDY_PAGE_CALIBRATION, "assumptions"},
    {STUDY_PAGE_FIT, "assumptions"},
};
enum { PLACE_COUNT = sizeof places / sizeof places[0] };

static size_t find_section(const struct manifest *manifest, const char *id)
{
    size_t at = 0;
    while (at < manifest->section_count && strcmp(manifest->sections[at]->id, id) != 0)
        at++;
    return at;
}

static const struct place *find_place(const struct manifest *study)
{
    for (size_t i = 0; i < PLACE_COUNT; i++)
        if (find_section(study, places[i].id) < study->section_count)
            return &places[i];
    return NULL;
}

/* Take a section of an earlier time out, with its charts. */
static void remove_section(struct manifest *run, const char *id)
{
    size_t at = find_section(run, id);
    if (at == run->section_count)
        return;
    const struct manifest_section *section = run->sections[at];
    for (size_t b = 0; b < section->block_count; b++) {
        size_t kept = 0;
        for (size_t c = 0; c < run->chart_count; c++)
            if (section->blocks[b]->kind != MANIFEST_CHART ||
                run->charts[c] != section->blocks[b]->chart)
                run->charts[kept++] = run->charts[c];
        run->chart_count = kept;
    }
    run->section_count--;
    memmove(&run->sections[at], &run->sections[at + 1],
            (run->section_count - at) * sizeof(struct manifest_section *));
}

static bool check_charts(const struct manifest *run, const struct manifest *study,
                         const char *folder, struct error *error)
{
    for (size_t i = 0; i < study->chart_count; i++)
        if (manifest_find_chart(run, study->charts[i]->name) != NULL)
            return error_set(error, ERROR_USAGE,
                             "%s has a chart \"%s\", and the report it is to go into has one of "
                             "that name already",
                             folder, study->charts[i]->name);
    return true;
}

/* Where a section of that place belongs: behind its section and those of studies before it. Without
 * its section: at the end. */
static size_t find_room(const struct manifest *run, const struct place *place)
{
    size_t at = find_section(run, place->after);
    if (at == run->section_count)
        return run->section_count;
    for (at++; at < run->section_count; at++) {
        bool is_before = false;
        for (const struct place *other = places; other < place; other++)
            is_before = is_before || strcmp(other->id, run->sections[at]->id) == 0;
        if (!is_before)
            break;
    }
    return at;
}

/* Make the last section stand at `at`, and the last block of a section first. */
static void move_last_section(struct manifest *run, size_t at)
{
    struct manifest_section *last = run->sections[run->section_count - 1];
    memmove(&run->sections[at + 1], &run->sections[at],
            (run->section_count - 1 - at) * sizeof(struct manifest_section *));
    run->sections[at] = last;
}

static void move_last_block(struct manifest_section *section)
{
    struct manifest_block *last = section->blocks[section->block_count - 1];
    memmove(&section->blocks[1], &section->blocks[0],
            (section->block_count - 1) * sizeof(struct manifest_block *));
    section->blocks[0] = last;
}

/* What the study says of itself, and that it is another experiment. */
static void introduce(struct manifest_section *section, const struct manifest *run,
                      const struct manifest *study)
{
    struct arena *arena = run->arena;
    bool is_measured = identity_is_of_data(&study->identity); /* A fit has no scenario. */
    bool is_other = !is_measured && strcmp(run->identity.scenario, study->identity.scenario) != 0;
    manifest_add_command(section, "Where this section comes from", study->identity.command);
    move_last_block(section);
    manifest_add_text(
        section, is_other ? MANIFEST_WARNING : MANIFEST_NOTE,
        arena_print(arena, "From %s.%s", identity_line(&study->identity, arena),
                    is_other ? " That is another scenario than that of this page." : ""));
    move_last_block(section);
    manifest_add_text(section, MANIFEST_PLAIN, study->lead);
    move_last_block(section);
}

/* The picture is signed for the page that it is in; its figures are those of the study. */
static const char *caption_of(struct arena *arena, const struct chart *chart,
                              const struct manifest *study)
{
    return arena_print(arena, "%s\nFigures of the study: %s", chart->caption,
                       identity_line(&study->identity, arena));
}

/* Charts in the order of the page, so that the order of --with makes no difference. */
static void order_charts(struct manifest *run)
{
    size_t placed = 0;
    for (size_t s = 0; s < run->section_count; s++)
        for (size_t b = 0; b < run->sections[s]->block_count; b++)
            for (size_t c = placed; c < run->chart_count; c++) {
                struct chart *chart = run->charts[c];
                if (run->sections[s]->blocks[b]->kind != MANIFEST_CHART ||
                    run->sections[s]->blocks[b]->chart != chart)
                    continue;
                memmove(&run->charts[placed + 1], &run->charts[placed],
                        (c - placed) * sizeof(struct chart *));
                run->charts[placed++] = chart;
            }
}

bool enrich(struct manifest *run, struct manifest *study, const char *folder, struct error *error)
{
    const struct place *place = find_place(study);
    if (place == NULL)
        return error_set(error, ERROR_USAGE,
                         "%s is not the result of a study; --with takes those of explore, ablate, "
                         "sweep, policies, calibrate and fit",
                         folder);
    remove_section(run, place->id);
    if (!check_charts(run, study, folder, error))
        return false;
    struct manifest_section *section = study->sections[find_section(study, place->id)];
    size_t room = find_room(run, place);
    struct manifest_section *added = manifest_add_section(run, section->id, section->title);
    introduce(section, run, study);
    *added = *section;
    for (size_t i = 0; i < section->block_count; i++)
        if (section->blocks[i]->kind == MANIFEST_CHART) {
            /* Adding a chart adds its block as well, which the section has already. */
            struct chart *chart = manifest_find_chart(study, section->blocks[i]->chart->name);
            struct manifest_section scratch = {.arena = run->arena};
            chart_set_words(chart, chart->title, caption_of(run->arena, chart, study), chart->alt);
            manifest_add_chart(run, &scratch, chart);
        }
    move_last_section(run, room);
    order_charts(run);
    return true;
}
