#include "models/rcesim/explore/hunt.h"

#include <inttypes.h>
#include <stdlib.h>

#include "models/rcesim/study/study_page.h"
#include "models/vmc/model.h"
#include "reports/figure.h"
#include "sim/base/check.h"

static struct arena *arena_of(const struct hunt *hunt)
{
    return hunt->study.arena;
}

static const char *lead_text(const struct hunt *hunt)
{
    struct arena *arena = arena_of(hunt);
    if (hunt->item_count == 0)
        return certificate_sentence(&hunt->certificate, arena);
    const struct hunt_finding *first = &hunt->items[0];
    const char *count = arena_print(arena, "Variant %s has %" PRIu32 " way%s to fail, in %s.",
                                    hunt->scope.variant_name, hunt->item_count,
                                    hunt->item_count == 1 ? "" : "s", hunt->scope_words);
    const char *bound = hunt_bound_text(hunt, first);
    const char *which = hunt->item_count == 1 ? "It is" : "The first:";
    return bound == NULL ? arena_print(arena, "%s %s %s.", count, which, first->signature)
                         : arena_print(arena, "%s %s %s, in at least %s of such worlds.", count,
                                       which, first->signature, bound);
}

static void add_table(const struct hunt *hunt, struct manifest_section *section)
{
    struct arena *arena = arena_of(hunt);
    struct manifest_block *table =
        manifest_add_table(section, arena_print(arena, "What was found in variant %s: %s",
                                                hunt->scope.variant_name, hunt->scope_words));
    manifest_add_table_column(table, "failure", MANIFEST_LEFT);
    manifest_add_table_column(table, "deviations", MANIFEST_LEFT);
    manifest_add_table_column(table, "probability at least", MANIFEST_RIGHT);
    manifest_add_table_column(table, "runs that failed so", MANIFEST_RIGHT);
    for (uint32_t i = 0; i < hunt->item_count; i++) {
        const struct hunt_finding *item = &hunt->items[i];
        const char *text = item->is_shrunk ? "none: the typical world fails" : "not shrunk";
        for (size_t k = 0; k < item->schedule.item_count; k++) {
            const struct schedule_item *deviation = &item->schedule.items[k];
            const char *one =
                schedule_print_deviation(arena, &vmc_model, &deviation->deviation, deviation->form);
            text = k == 0 ? one : arena_print(arena, "%s; %s", text, one);
        }
        manifest_add_cell(table, item->signature);
        manifest_add_cell(table, text);
        const char *bound = hunt_bound_text(hunt, item);
        manifest_add_cell(table, bound == NULL ? "" : bound);
        char count[FIGURE_SIZE_BYTES];
        manifest_add_cell(table,
                          arena_copy_text(arena, figure_count(count, (int64_t)item->found.count)));
    }
}

/* So many are shown on the page; each has a page of its own as well. */
enum { STORIES_SHOWN = 4 };

/* The story of one finding, with its diagram. */
static void add_story(const struct hunt *hunt, uint32_t index, struct manifest_section *section)
{
    const struct hunt_finding *item = &hunt->items[index];
    char *text = NULL;
    size_t size_bytes;
    if (!item->is_explained)
        return;
    manifest_add_text(section, MANIFEST_PLAIN,
                      arena_print(arena_of(hunt), "%s: %s", hunt_finding_title(hunt, index),
                                  item->story.sentence));
    if (item->story.doom != NULL && *item->story.doom != '\0')
        manifest_add_text(section, MANIFEST_PLAIN, item->story.doom);
    FILE *file = open_memstream(&text, &size_bytes);
    if (file == NULL)
        check_limit("no memory for a picture");
    explain_story_write_svg(&item->story, file);
    if (fclose(file) != 0)
        check_limit("no memory for a picture");
    manifest_add_picture(section, item->signature, item->story.sentence, text);
    free(text);
}

struct manifest *hunt_manifest(const struct hunt *hunt)
{
    struct arena *arena = arena_of(hunt);
    struct identity identity = hunt_identity(hunt);
    identity.is_cut_short = false; /* Said by the section. */
    struct study_page page =
        study_page_begin(arena, &identity,
                         &(struct study_page_words){
                             .question = hunt->scope.configuration->question,
                             .lead = lead_text(hunt),
                             .id = STUDY_PAGE_EXPLORATION,
                             .title = "The smallest stories that fail",
                             .partial = hunt->is_partial ? "the exploration was interrupted" : NULL,
                         });
    if (hunt->item_count > 0)
        add_table(hunt, page.section);
    for (uint32_t i = 0; i < hunt->item_count && i < STORIES_SHOWN; i++)
        add_story(hunt, i, page.section);
    if (!hunt->request.has_replication)
        manifest_add_story(page.section, "What was looked at",
                           certificate_print(&hunt->certificate, arena));
    return study_page_end(&page);
}
