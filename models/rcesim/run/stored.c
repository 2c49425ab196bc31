#include "models/rcesim/run/stored.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <jansson.h>

#include "models/rcesim/command.h"
#include "models/rcesim/format/domain.h"
#include "models/rcesim/result/store.h"
#include "sim/base/check.h"

enum { MODELS_MAX = 16 };

static json_t *list_json(const struct options_list *list)
{
    json_t *value = json_array();
    for (size_t i = 0; i < list->count; i++)
        json_array_append_new(value, json_string(list->items[i]));
    return value;
}

static json_t *stop_json(const struct enough *enough)
{
    json_t *value = json_pack("{s:i, s:I, s:I, s:b}", "rule", (int)enough->rule, "pilot",
                              (json_int_t)enough->pilot_count, "replications",
                              (json_int_t)enough->replication_count, "met", enough->is_met);
    CHECK(value != NULL);
    if (enough->reason != NULL)
        json_object_set_new(value, "reason", json_string(enough->reason));
    return value;
}

/* The caller frees it. */
static char *print_context(const struct configuration *configuration,
                           const struct outcome_commands *commands, struct stored_shard shard)
{
    char *scenario = configure_resolved_text(configuration);
    json_t *value = json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:o}", "run", commands->run, "trace",
                              commands->trace, "rows", commands->rows, "scenario_file",
                              configuration->file_name, "scenario", scenario, "variants",
                              list_json(&configuration->selected), "thresholds",
                              list_json(&configuration->added_thresholds));
    CHECK(value != NULL);
    if (shard.count > 0)
        json_object_set_new(value, "shard",
                            json_pack("[I, I]", (json_int_t)shard.number, (json_int_t)shard.count));
    if (commands->enough != NULL)
        json_object_set_new(value, "stop", stop_json(commands->enough));
    char *text = json_dumps(value, JSON_COMPACT);
    CHECK(text != NULL);
    json_decref(value);
    free(scenario);
    return text;
}

void stored_write(FILE *file, const struct configuration *configuration,
                  const struct result *result, const struct outcome_commands *commands,
                  struct stored_shard shard)
{
    char *context = print_context(configuration, commands, shard);
    archive_write(file, result,
                  &(struct archive_label){
                      .program_version = command_version,
                      .simulation_hash = configuration->simulation_hash,
                      .world_hash = configuration->world_hash,
                      .context = context,
                  });
    free(context);
}

/* Take a text of the context; NULL if there is none. */
static const char *take_text(const json_t *context, const char *name, struct arena *arena)
{
    const json_t *value = json_object_get(context, name);
    return json_is_string(value) ? arena_copy_text(arena, json_string_value(value)) : NULL;
}

static bool take_list(const json_t *context, const char *name, struct options_list *list,
                      struct arena *arena)
{
    const json_t *value = json_object_get(context, name);
    for (size_t i = 0; i < json_array_size(value); i++) {
        const json_t *item = json_array_get(value, i);
        if (!json_is_string(item))
            return false;
        options_list_add(list, arena, arena_copy_text(arena, json_string_value(item)));
    }
    return json_is_array(value);
}

static bool take_shard(const json_t *context, struct stored_shard *shard)
{
    const json_t *value = json_object_get(context, "shard");
    if (value == NULL)
        return true;
    json_int_t number = json_integer_value(json_array_get(value, 0));
    json_int_t count = json_integer_value(json_array_get(value, 1));
    if (number < 1 || number > count || count > UINT32_MAX)
        return false;
    *shard = (struct stored_shard){(uint32_t)number, (uint32_t)count};
    return true;
}

static bool take_stop(const json_t *context, const struct enough **stop, struct arena *arena)
{
    const json_t *value = json_object_get(context, "stop");
    if (value == NULL)
        return true;
    int rule, met;
    json_int_t pilot, replications;
    if (json_unpack((json_t *)(uintptr_t)value, "{s:i, s:I, s:I, s:b}", "rule", &rule, "pilot",
                    &pilot, "replications", &replications, "met", &met) != 0 ||
        rule < STOP_FIXED || rule > STOP_DECIDE || pilot < 0 || pilot > UINT32_MAX ||
        replications < 0 || replications > UINT32_MAX)
        return false;
    struct enough *enough = arena_take(arena, sizeof *enough);
    *enough = (struct enough){
        .rule = (enum stop_rule)rule,
        .pilot_count = (uint32_t)pilot,
        .replication_count = (uint32_t)replications,
        .is_met = met != 0,
        .reason = take_text(value, "reason", arena),
    };
    *stop = enough;
    return true;
}

static bool take_context(struct stored *stored, const json_t *context, struct arena *arena)
{
    stored->commands.run = take_text(context, "run", arena);
    stored->commands.trace = take_text(context, "trace", arena);
    stored->commands.rows = take_text(context, "rows", arena);
    stored->scenario_file = take_text(context, "scenario_file", arena);
    stored->scenario_text = take_text(context, "scenario", arena);
    return stored->commands.run != NULL && stored->commands.trace != NULL &&
           stored->commands.rows != NULL && stored->scenario_file != NULL &&
           stored->scenario_text != NULL &&
           take_list(context, "variants", &stored->selected, arena) &&
           take_list(context, "thresholds", &stored->thresholds, arena) &&
           take_shard(context, &stored->shard) &&
           take_stop(context, &stored->commands.enough, arena);
}

static bool exists(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0;
}

bool stored_find(const char **records, struct arena *arena, const char *path, struct error *error)
{
    struct stat status;
    if (stat(path, &status) != 0)
        return error_set(error, ERROR_IO, "%s: there is no such folder", path);
    if (!S_ISDIR(status.st_mode)) {
        *records = path;
        return true;
    }
    const char *inside = arena_print(arena, "%s/%s", path, STORE_RECORDS);
    if (exists(inside)) {
        *records = inside;
        return true;
    }
    if (exists(arena_print(arena, "%s/%s", path, STORE_MARK)))
        return error_set(error, ERROR_IO,
                         "%s: this result has no %s, because another version wrote it or somebody "
                         "removed it; simulate it again with `rcesim run`",
                         path, STORE_RECORDS);
    return error_set(error, ERROR_IO, "%s: this is no result of `rcesim run` (no %s)", path,
                     STORE_MARK);
}

bool stored_read(struct stored *stored, struct arena *arena, const char *path, struct error *error)
{
    const struct model *models[MODELS_MAX];
    size_t model_count = 0;
    for (; domains[model_count] != NULL; model_count++) {
        CHECK(model_count < MODELS_MAX);
        models[model_count] = domains[model_count]->model;
    }
    struct archive archive;
    if (!archive_read(&archive, arena, path, &(struct archive_models){models, model_count}, error))
        return false;
    struct stored read = {
        .path = arena_copy_text(arena, path), .label = archive.label, .result = archive.result};
    json_t *context = json_loads(archive.label.context, 0, NULL);
    bool is_good = take_context(&read, context, arena);
    json_decref(context);
    if (!is_good) {
        result_destroy(archive.result);
        return error_set(error, ERROR_IO,
                         "%s: version %s wrote this file and did not say how it was made; simulate "
                         "these replications again",
                         path, archive.label.program_version);
    }
    *stored = read;
    return true;
}

bool stored_configure(const struct stored *stored, struct arena *arena,
                      struct configuration **configuration, struct error *error)
{
    struct scenario_source source = {
        .file_name = stored->scenario_file,
        .text = stored->scenario_text,
        .text_size_bytes = strlen(stored->scenario_text),
    };
    struct configuration *loaded;
    bool is_good = configure_load(&loaded, arena, &source, error) &&
                   configure_select_variants(loaded, arena, &stored->selected, error);
    for (size_t i = 0; is_good && i < stored->thresholds.count; i++)
        is_good = configure_add_threshold(loaded, arena, stored->thresholds.items[i], error);
    if (!is_good)
        return error_context(error, "%s: its scenario cannot be used any more", stored->path);
    if (loaded->simulation_hash != stored->label.simulation_hash)
        return error_set(error, ERROR_IO,
                         "%s: its scenario means something else today (hash %016" PRIx64
                         ", now %016" PRIx64 "): version %s wrote the file, this is %s; or a data "
                         "file that the scenario reads, or an engine that it runs, has changed",
                         stored->path, stored->label.simulation_hash, loaded->simulation_hash,
                         stored->label.program_version, command_version);
    loaded->resolved_text = stored->scenario_text;
    *configuration = loaded;
    return true;
}

static const char *list_variants(struct arena *arena, const struct experiment_variant *variants,
                                 uint32_t count)
{
    const char *list = "";
    for (uint32_t i = 0; i < count; i++)
        list = arena_print(arena, "%s%s%s", list, i > 0 ? ", " : "", variants[i].name);
    return list;
}

/* What decides about a replication, as texts that can be shown. */
struct facts {
    const char *version, *model, *seed, *variants, *simulation, *rows;
};

static struct facts find_facts(struct arena *arena, const char *version, const char *rows,
                               const struct result *result, uint64_t simulation_hash)
{
    return (struct facts){
        .version = version,
        .model = result->model->name,
        .seed = arena_print(arena, "%" PRIu64, result->seed),
        .variants = list_variants(arena, result->variants, result->variant_count),
        .simulation = arena_print(arena, "%016" PRIx64, simulation_hash),
        .rows = rows,
    };
}

/* Say what differs first; `there` and `here` are what the two are called. */
static bool compare_facts(const struct facts *a, const struct facts *b, const char *there,
                          const char *here, struct error *error)
{
    const struct {
        const char *what, *a, *b, *hint;
    } facts[] = {
        {"program version", a->version, b->version, ""},
        {"model", a->model, b->model, ""},
        {"seed", a->seed, b->seed, ""},
        {"variants", a->variants, b->variants, ""},
        {"hash of what is simulated", a->simulation, b->simulation,
         "; `rcesim scenario --resolved` shows what the scenario says now, scenario.resolved.yaml "
         "of a result what it said then; engines and data files that have changed count too"},
        {"rows (--rows)", a->rows, b->rows, ""},
    };
    for (size_t i = 0; i < sizeof facts / sizeof facts[0]; i++)
        if (strcmp(facts[i].a, facts[i].b) != 0)
            return error_set(error, ERROR_IO, "%s does not go with %s: %s: %s there, %s here%s",
                             there, here, facts[i].what, facts[i].a, facts[i].b, facts[i].hint);
    return true;
}

bool stored_check_continues(const struct stored *stored, const struct configuration *configuration,
                            const char *rows, struct error *error)
{
    const struct result wanted = {
        .model = configuration->domain->model,
        .seed = configuration->seed,
        .variants = configuration->variants,
        .variant_count = configuration->variant_count,
    };
    struct arena *arena = arena_create("facts", 0);
    struct facts there = find_facts(arena, stored->label.program_version, stored->commands.rows,
                                    stored->result, stored->label.simulation_hash);
    struct facts here =
        find_facts(arena, command_version, rows, &wanted, configuration->simulation_hash);
    bool is_good = compare_facts(&there, &here, stored->path, configuration->file_name, error);
    arena_destroy(arena);
    return is_good;
}

bool stored_is_of(const struct stored *stored, const struct configuration *configuration,
                  const struct outcome_commands *commands, struct stored_shard shard)
{
    char *context = print_context(configuration, commands, shard);
    bool is_same = strcmp(stored->label.context, context) == 0 &&
                   strcmp(stored->label.program_version, command_version) == 0 &&
                   stored->label.simulation_hash == configuration->simulation_hash &&
                   stored->label.world_hash == configuration->world_hash;
    free(context);
    return is_same;
}

static bool is_same_list(const struct options_list *a, const struct options_list *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++)
        if (strcmp(a->items[i], b->items[i]) != 0)
            return false;
    return true;
}

bool stored_check_same_run(const struct stored *a, const struct stored *b, struct error *error)
{
    struct arena *arena = arena_create("facts", 0);
    struct facts there = find_facts(arena, a->label.program_version, a->commands.rows, a->result,
                                    a->label.simulation_hash);
    struct facts here = find_facts(arena, b->label.program_version, b->commands.rows, b->result,
                                   b->label.simulation_hash);
    bool is_good = compare_facts(&there, &here, a->path, b->path, error);
    arena_destroy(arena);
    if (!is_good)
        return false;
    if (strcmp(a->commands.run, b->commands.run) != 0)
        return error_set(error, ERROR_IO,
                         "%s does not go with %s: the command is \"%s\" there and \"%s\" here",
                         a->path, b->path, a->commands.run, b->commands.run);
    if (strcmp(a->scenario_text, b->scenario_text) != 0 ||
        strcmp(a->scenario_file, b->scenario_file) != 0 ||
        strcmp(a->commands.trace, b->commands.trace) != 0 ||
        !is_same_list(&a->selected, &b->selected) || !is_same_list(&a->thresholds, &b->thresholds))
        return error_set(error, ERROR_IO,
                         "%s does not go with %s: they simulate the same, but question, experiment "
                         "or thresholds of the scenario were changed in between",
                         a->path, b->path);
    return true;
}
