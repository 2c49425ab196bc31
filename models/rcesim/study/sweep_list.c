#include "models/rcesim/study/sweep_list.h"

#include "models/rcesim/options.h"
#include "models/rcesim/study/sweep.h"

static const char *path_of(struct arena *arena, size_t index)
{
    return arena_print(arena, "sweep[%zu]", index);
}

bool sweep_list_add(const struct configuration *configuration, struct grid *grid,
                    struct error *error)
{
    struct scenario *scenario = configuration->scenario;
    size_t count = scenario_child_count(scenario, "sweep");
    bool is_good = true;
    for (size_t i = 0; i < count; i++) {
        const char *path = path_of(grid->arena, i);
        struct error problem;
        if (!grid_add(grid, scenario_text(scenario, path), &problem))
            is_good = scenario_complain(scenario, path, error, "%s", problem.message);
    }
    return is_good;
}

/* The entries of a list that can be read, each as a grid of its own. */
struct trial {
    const struct configuration *base;
    const struct scenario_source *source;
    struct grid *grids; /* [count], with a point_count of 0 where an entry cannot be read. */
    size_t count;
    struct arena *arena;
};

/* All entries at their first values: no entry has this number. */
enum { NO_ENTRY = GRID_COLUMNS_MAX };

static void read_entries(struct trial *trial)
{
    struct scenario *scenario = trial->base->scenario;
    for (size_t i = 0; i < trial->count; i++) {
        struct grid *grid = &trial->grids[i];
        grid_init(grid, trial->arena);
        if (!grid_add(grid, scenario_text(scenario, path_of(trial->arena, i)), NULL) ||
            !grid_build(grid, NULL, 0, NULL))
            grid->point_count = 0;
    }
}

/* Load the scenario with a point of one entry, and on request the first point of all others. */
static bool try_point(const struct trial *trial, size_t entry, size_t point, bool has_others,
                      struct error *error)
{
    struct arena *arena = arena_create("point", 0);
    struct scenario_source tried = *trial->source;
    struct options_list overrides = {0};
    for (size_t i = 0; i < tried.override_count; i++)
        options_list_add(&overrides, arena, tried.overrides[i]);
    for (size_t i = 0; i < trial->count; i++) {
        const struct grid *grid = &trial->grids[i];
        if (grid->point_count == 0 || (i != entry && !has_others))
            continue;
        const char **texts = grid_overrides(grid, arena, i == entry ? point : 0);
        for (size_t k = 0; k < grid->override_count; k++)
            options_list_add(&overrides, arena, texts[k]);
    }
    tried.overrides = overrides.items;
    tried.override_count = overrides.count;
    struct configuration *configuration;
    bool is_good = configure_load(&configuration, arena, &tried, error);
    const char *key = is_good ? sweep_unlike_key(trial->base, configuration) : NULL;
    if (key != NULL)
        is_good =
            error_set(error, ERROR_SCENARIO, "%s has to be the same at all points of a sweep", key);
    arena_destroy(arena);
    return is_good;
}

/* Find the first value that cannot be. One that is good alone is this entry's fault only if
 * everything else is good. */
static bool check_entry(const struct trial *trial, size_t entry, bool are_first_good,
                        struct error *error)
{
    for (size_t p = 0; p < trial->grids[entry].point_count; p++) {
        struct error together;
        if (try_point(trial, entry, p, true, &together) ||
            (try_point(trial, entry, p, false, error) && !are_first_good))
            continue;
        if (try_point(trial, entry, p, false, error))
            *error = together;
        return false;
    }
    return true;
}

bool sweep_list_check(const struct configuration *configuration,
                      const struct scenario_source *source, struct error *error)
{
    struct scenario *scenario = configuration->scenario;
    struct arena *arena = arena_create("sweep list", 0);
    struct trial trial = {.base = configuration,
                          .source = source,
                          .count = scenario_child_count(scenario, "sweep"),
                          .arena = arena};
    struct grid all;
    struct error problem;
    grid_init(&all, arena);
    bool is_good = sweep_list_add(configuration, &all, error);
    if (is_good && trial.count > 0 && !grid_build(&all, NULL, 0, &problem))
        is_good = scenario_complain(scenario, "sweep", error, "%s", problem.message);
    trial.grids = arena_take_array(arena, trial.count, sizeof *trial.grids);
    read_entries(&trial);
    bool are_first_good = try_point(&trial, NO_ENTRY, 0, true, &problem);
    struct error first = problem;
    for (size_t i = 0; i < trial.count; i++)
        if (!check_entry(&trial, i, are_first_good, &problem))
            is_good = scenario_complain(scenario, path_of(arena, i), error, "%s", problem.message);
    if (is_good && !are_first_good)
        is_good = scenario_complain(scenario, "sweep", error, "%s", first.message);
    arena_destroy(arena);
    return is_good;
}
