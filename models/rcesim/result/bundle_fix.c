#include "models/rcesim/result/bundle_parts.h"

#include <inttypes.h>

#include "models/rcesim/format/domain.h"
#include "models/rcesim/result/estimate.h"
#include "sim/base/check.h"

enum { NAMED_MAX = 5 };

static void add_fates(struct bundle *bundle, struct manifest_section *section)
{
    struct arena *arena = bundle->arena;
    const char *first = bundle_name(bundle, 0);
    struct manifest_block *table = manifest_add_table(
        section, arena_print(arena, "The same %s with \"%s\" and with another variant",
                             bundle->units, first));
    manifest_add_table_column(table, "variant", MANIFEST_LEFT);
    manifest_add_table_column(table, "fixed: failed before, not now", MANIFEST_RIGHT);
    manifest_add_table_column(table, "new: failed only now", MANIFEST_RIGHT);
    manifest_add_table_column(table, "failed in both", MANIFEST_RIGHT);
    manifest_add_table_column(table, "failed in neither", MANIFEST_RIGHT);
    for (uint32_t v = 1; v < bundle->result->variant_count; v++) {
        const struct summary_units *units = &bundle->summary->variants[v].units;
        const uint64_t counts[] = {units->only_first, units->only_later, units->both,
                                   units->neither};
        manifest_add_cell(table, bundle_name(bundle, v));
        for (size_t i = 0; i < 4; i++)
            manifest_add_cell(table, units->is_known ? estimate_count_text(arena, (double)counts[i])
                                                     : "-");
    }
}

/* Units that only a later variant fails deserve a name, because they are what the fix costs. */
static void add_new_failures(struct bundle *bundle, struct manifest_section *section,
                             uint32_t variant)
{
    const struct result *result = bundle->result;
    const char *text = NULL, *look = NULL;
    size_t count = 0;
    for (uint32_t r = 0; r < result->replication_count && count < NAMED_MAX; r++) {
        const struct record *first = result_record(result, r, 0);
        const struct record *later = result_record(result, r, variant);
        for (uint32_t unit = 0; unit < later->unit_count && count < NAMED_MAX; unit++) {
            if (!summary_is_new_failure(first, later, unit))
                continue;
            uint32_t replication = result->first_replication + r;
            text = arena_print(bundle->arena, "%s%s%s %" PRIu32 " of replication %" PRIu32,
                               text == NULL ? "" : text, text == NULL ? "" : ", ",
                               bundle->model->unit_name, unit, replication);
            if (count++ == 0)
                look = outcome_look_command(bundle->outcome, variant, replication, unit);
        }
    }
    if (count == 0)
        return;
    uint64_t all = bundle->summary->variants[variant].units.only_later;
    manifest_add_text(section, MANIFEST_WARNING,
                      arena_print(bundle->arena, "%s fail%s only with \"%s\": %s%s.",
                                  bundle_units_text(bundle, all), all == 1 ? "s" : "",
                                  bundle_name(bundle, variant), text,
                                  all > count ? "; all of them are in new-failures.tsv" : ""));
    manifest_add_command(section, "The first of them, side by side", look);
}

/* Does a later variant fail less than the first, beyond chance? */
static bool is_fixed(const struct bundle *bundle)
{
    size_t failed = bundle->model->failed_metric;
    for (uint32_t v = 1; v < bundle->result->variant_count; v++) {
        const struct interval *less = &bundle->summary->variants[v].differences[failed].difference;
        if (interval_is_known(less) && less->low > 0)
            return true;
    }
    return false;
}

static void add_ablation_hint(struct bundle *bundle, struct manifest_section *section)
{
    const struct configuration *configuration = bundle->outcome->configuration;
    if (configuration->domain != &domain_vmc)
        return;
    manifest_add_command(
        section,
        is_fixed(bundle)
            ? "Which part of it did it: every combination of the fixes, added to this page"
            : "What each part does: every combination of the changes, added to this page",
        arena_print(bundle->arena,
                    "rcesim ablate %s -o ABLATION && rcesim report DIR --with ABLATION",
                    options_quote(bundle->arena, configuration->file_name)));
}

void bundle_add_fix(struct bundle *bundle)
{
    struct bundle_section section = {
        .bundle = bundle, .id = "fix", .title = "What the variants change"};
    if (bundle->result->variant_count < 2)
        return;
    if (is_fixed(bundle))
        section.title = "What fixed it";
    if (!bundle_is_seen(bundle, bundle->model->failed_metric)) {
        bundle_add_given(&section, BUNDLE_GIVEN_SWITCHES,
                         "What the variants change; nothing failed with any");
        return;
    }
    bool is_known = false;
    for (uint32_t v = 1; v < bundle->result->variant_count; v++)
        is_known = is_known || bundle->summary->variants[v].units.is_known;
    if (is_known)
        add_fates(bundle, bundle_open(&section));
    for (uint32_t v = 1; v < bundle->result->variant_count; v++)
        if (bundle->summary->variants[v].units.is_known)
            add_new_failures(bundle, bundle_open(&section), v);
    bundle_add_given(&section, BUNDLE_GIVEN_SWITCHES,
                     "What the variants change; the appendix has every value");
    add_ablation_hint(bundle, bundle_open(&section));
}
