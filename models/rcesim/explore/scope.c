#include "models/rcesim/explore/scope.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/rcesim/format/domain.h"
#include "reports/figure.h"
#include "sim/base/check.h"
#include "sim/base/text.h"

/* What no run depends on. */
static const char *const beside[] = {"question", "experiment", "thresholds", "sweep", "report"};
enum { BESIDE_COUNT = sizeof beside / sizeof beside[0] };

/* Does the line "variants.NAME..." belong to another variant? */
static bool is_of_another(const char *line, const char *variant)
{
    static const char all[] = "variants.";
    if (strncmp(line, all, sizeof all - 1) != 0)
        return false;
    const char *name = line + sizeof all - 1;
    size_t length = strlen(variant);
    return strncmp(name, variant, length) != 0 || strchr(". \n", name[length]) == NULL;
}

/* Was the value of the line "PATH = VALUE", or the map "PATH", written? */
static bool is_written(const struct scenario *scenario, const char *line, size_t length)
{
    char path[512];
    size_t end = strcspn(line, " \n");
    if (end > length || end >= sizeof path)
        return true;
    memcpy(path, line, end);
    path[end] = '\0';
    return scenario_is_given(scenario, path);
}

/* `variant` NULL: of all of them. */
static uint64_t hash_scope(const struct scenario *scenario, const char *variant, uint64_t digest)
{
    char *text = NULL;
    size_t size_bytes = 0;
    FILE *file = open_memstream(&text, &size_bytes);
    if (file == NULL)
        check_limit("no memory for the content of a scenario");
    scenario_print_content_without(scenario, beside, BESIDE_COUNT, file);
    if (fclose(file) != 0)
        check_limit("no memory for the content of a scenario");
    uint64_t parts[2] = {0, digest};
    for (const char *line = text; *line != '\0';) {
        const char *newline = strchr(line, '\n');
        size_t length = newline == NULL ? strlen(line) : (size_t)(newline - line) + 1;
        uint64_t both[2] = {parts[0], text_hash(line, length)};
        bool is_other = variant != NULL && is_of_another(line, variant);
        if (!is_other && is_written(scenario, line, length))
            parts[0] = text_hash(both, sizeof both);
        line += length;
    }
    free(text);
    return text_hash(parts, digest == 0 ? sizeof parts[0] : sizeof parts);
}

static bool check_model(const struct configuration *configuration, struct error *error)
{
    const struct model *model = configuration->domain->model;
    if (configuration->domain == &domain_vmc && model->explore != NULL)
        return true;
    return error_set(error, ERROR_USAGE, "only the model vmc can be explored, and %s simulates %s",
                     configuration->file_name, model->name);
}

static bool find_variant(struct scope *scope, const char *name, struct error *error)
{
    struct options_list wanted = {0};
    if (name != NULL)
        options_list_add(&wanted, scope->arena, name);
    /* To refuse what is not there; a copy is narrowed, so that the scope keeps all. */
    struct configuration narrowed = *scope->configuration;
    narrowed.variants =
        arena_take_array(scope->arena, narrowed.variant_count, sizeof *narrowed.variants);
    memcpy(narrowed.variants, scope->configuration->variants,
           narrowed.variant_count * sizeof *narrowed.variants);
    narrowed.thresholds =
        arena_take_array(scope->arena, narrowed.threshold_count + 1, sizeof *narrowed.thresholds);
    memcpy(narrowed.thresholds, scope->configuration->thresholds,
           narrowed.threshold_count * sizeof *narrowed.thresholds);
    narrowed.stop = (struct stop){0};
    if (!configure_select_variants(&narrowed, scope->arena, &wanted, error))
        return false;
    scope->variant_name = narrowed.variants[0].name;
    scope->parameters = narrowed.variants[0].parameters;
    while (scope->configuration->variants[scope->variant].parameters != scope->parameters)
        scope->variant++;
    return true;
}

bool scope_load(struct scope *out, struct arena *arena, const struct scope_request *request,
                struct error *error)
{
    struct scope scope = {.arena = arena, .file = request->file};
    for (size_t i = 0; i < request->overrides->count; i++)
        options_list_add(&scope.overrides, arena, request->overrides->items[i]);
    struct scenario_source source = {
        .file_name = request->file,
        .overrides = scope.overrides.items,
        .override_count = scope.overrides.count,
    };
    if (!configure_load(&scope.configuration, arena, &source, error) ||
        !check_model(scope.configuration, error) || !find_variant(&scope, request->variant, error))
        return false;
    const struct rce_engine *engine = scope.parameters->engine;
    scope.engine = arena_print(arena, "%s %s", engine->name, engine->version);
    scope.digest = scope.configuration->engines_digest;
    /* A rollout leads to another variant. */
    scope.hash =
        hash_scope(scope.configuration->scenario,
                   scope.parameters->rollout != NULL ? NULL : scope.variant_name, scope.digest);
    *out = scope;
    return true;
}

static const char *count_text(struct arena *arena, uint32_t count, const char *noun)
{
    static const char *const words[] = {"no",  "one",   "two",   "three", "four", "five",
                                        "six", "seven", "eight", "nine",  "ten"};
    const char *plural = count == 1 ? "" : "s";
    if (count < sizeof words / sizeof words[0])
        return arena_print(arena, "%s %s%s", words[count], noun, plural);
    char text[FIGURE_SIZE_BYTES];
    return arena_print(arena, "%s %s%s", figure_count(text, count), noun, plural);
}

static const char *topology_words(struct arena *arena, const struct scope_topology *topology)
{
    return arena_print(arena, "%s, %s%s, %s%s", count_text(arena, topology->sddcs, "SDDC"),
                       count_text(arena, topology->clusters, "cluster"),
                       topology->sddcs > 1 ? " each" : "",
                       count_text(arena, topology->hosts, "host"),
                       topology->sddcs > 1 || topology->clusters > 1 ? " each" : "");
}

bool scope_load_sized(struct scope *scope, struct arena *arena, const struct scope_request *request,
                      const struct scope_topology *topology, const char **words,
                      struct error *error)
{
    struct scope given;
    if (!scope_load(&given, arena, request, error))
        return false;
    const struct vmc_fleet *fleet = &given.parameters->world->fleet;
    if (topology->is_as_scenario) {
        if (words != NULL)
            *words = arena_print(arena, "%s of the scenario's shapes",
                                 count_text(arena, fleet->sddcs_count, "SDDC"));
        *scope = given;
        return true;
    }
    struct options_list overrides = given.overrides;
    options_list_add(&overrides, arena,
                     arena_print(arena, "fleet.sddcs=%" PRIu32, topology->sddcs));
    options_list_add(&overrides, arena,
                     arena_print(arena, "fleet.clusters_per_sddc=%" PRIu32, topology->clusters));
    options_list_add(&overrides, arena,
                     arena_print(arena, "fleet.hosts_per_cluster=%" PRIu32, topology->hosts));
    if (fleet->temporary_host_share > 0 && fleet->temporary_host_share < 1)
        options_list_add(&overrides, arena, "fleet.temporary_host.share=100%");
    struct scope_request sized = *request;
    sized.overrides = &overrides;
    sized.variant = given.variant_name;
    if (!scope_load(scope, arena, &sized, error))
        return false;
    if (words != NULL)
        *words = topology_words(arena, topology);
    return true;
}

struct probe_options scope_probe(const struct scope *scope, const struct probe_options *like)
{
    struct probe_options options = like == NULL ? (struct probe_options){0} : *like;
    options.model = scope->configuration->domain->model;
    options.parameters = scope->parameters;
    options.variant = scope->variant;
    if (like == NULL)
        options.unit = MODEL_ALL_UNITS;
    return options;
}
