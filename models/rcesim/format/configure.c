#include "models/rcesim/format/configure.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "models/rcesim/format/domain.h"
#include "models/rcesim/format/manual.h"
#include "models/rcesim/format/schema_fields.h"
#include "sim/base/check.h"
#include "sim/base/text.h"

enum { VARIANTS_MAX = 64 }; /* As the schemas say. */

/* What thresholds may name now. The names lie in the arena. */
static struct threshold_names known_names(const struct configuration *configuration,
                                          struct arena *arena)
{
    const char **names = arena_take_array(arena, configuration->variant_count, sizeof *names);
    for (uint32_t i = 0; i < configuration->variant_count; i++)
        names[i] = configuration->variants[i].name;
    return (struct threshold_names){.model = configuration->domain->model,
                                    .variants = names,
                                    .variant_count = configuration->variant_count};
}

/* What is wrong and where; a suggestion stands last. */
static const char *describe_problem(struct arena *arena, const struct model *model,
                                    const char *text, size_t at, const struct error *problem)
{
    const char *message = problem->message;
    const char *suggestion = strstr(message, "; did you mean ");
    const char *rest = at < strlen(text) ? text + at : "";
    rest += strspn(rest, " \t");
    const char *where = *rest == '\0' ? "the end" : arena_print(arena, "\"%s\"", rest);
    if (suggestion != NULL)
        return arena_print(arena, "%.*s, at %s%s", (int)(suggestion - message), message, where,
                           suggestion);
    if (strstr(message, "there is no metric") != NULL)
        return arena_print(arena, "%s, at %s; %s", message, where,
                           manual_metrics_hint(arena, model));
    return arena_print(arena, "%s, at %s", message, where);
}

static bool read_thresholds(const struct reading *reading, struct configuration *configuration)
{
    struct scenario *scenario = reading->scenario;
    size_t count = scenario_child_count(scenario, "thresholds");
    struct threshold_names known = known_names(configuration, reading->arena);
    configuration->threshold_count = count;
    configuration->thresholds =
        arena_take_array(reading->arena, count + 1, sizeof *configuration->thresholds);
    bool is_good = true;
    for (size_t i = 0; i < count; i++) {
        const char *path = arena_print(reading->arena, "thresholds[%zu]", i);
        const char *text = scenario_text(scenario, path);
        size_t at = 0;
        struct error problem;
        if (threshold_parse(&configuration->thresholds[i], text, &known, &at, &problem))
            continue;
        is_good =
            scenario_complain(scenario, path, reading->error, "%s",
                              describe_problem(reading->arena, known.model, text, at, &problem));
    }
    return is_good;
}

/* Would it be a threshold if no variant had been left out? */
static bool is_about_left_out(const struct configuration *configuration, struct arena *arena,
                              const char *text)
{
    struct threshold_names known = known_names(configuration, arena);
    size_t count = known.variant_count + configuration->left_out.count;
    const char **names = arena_take_array(arena, count, sizeof *names);
    for (size_t i = 0; i < count; i++)
        names[i] = i < known.variant_count ? known.variants[i]
                                           : configuration->left_out.items[i - known.variant_count];
    known.variants = names;
    known.variant_count = count;
    struct threshold threshold;
    return threshold_parse(&threshold, text, &known, NULL, NULL);
}

bool configure_add_threshold(struct configuration *configuration, struct arena *arena,
                             const char *text, struct error *error)
{
    struct threshold_names known = known_names(configuration, arena);
    struct threshold *thresholds =
        arena_take_array(arena, configuration->threshold_count + 1, sizeof *thresholds);
    size_t at = 0;
    struct error problem;
    if (!threshold_parse(&thresholds[configuration->threshold_count], text, &known, &at,
                         &problem) &&
        is_about_left_out(configuration, arena, text))
        return error_set(error, ERROR_USAGE,
                         "--threshold '%s' is about a variant that --variant leaves out", text);
    if (!threshold_parse(&thresholds[configuration->threshold_count], text, &known, &at, &problem))
        return error_set(error, ERROR_USAGE, "--threshold '%s': %s", text,
                         describe_problem(arena, known.model, text, at, &problem));
    for (size_t i = 0; i < configuration->threshold_count; i++)
        thresholds[i] = configuration->thresholds[i];
    configuration->thresholds = thresholds;
    configuration->threshold_count++;
    options_list_add(&configuration->added_thresholds, arena, text);
    return true;
}

/* A value that was written and has no effect is a mistake that nobody would see. One that says what
 * holds anyway is none: the resolved form of a scenario writes them all. */
static bool refuse_useless(const struct reading *reading, const char *path, int64_t harmless,
                           const char *why)
{
    if (!scenario_is_given(reading->scenario, path) ||
        scenario_count(reading->scenario, path) == harmless)
        return true;
    return scenario_complain(reading->scenario, path, reading->error, "%s", why);
}

/* A precision is a threshold in disguise: the same language before "+-", a number behind it. */
static bool parse_precision(struct precision *precision, struct arena *arena, const char *text,
                            const struct threshold_names *known, struct error *error)
{
    const char *sign = strstr(text, "+-");
    if (sign == NULL)
        return error_set(error, ERROR_SCENARIO,
                         "expected \"+-\" and a number, as in failure_rate(%s) +- 0.1%%",
                         known->variants[0]);
    const char *claim = arena_print(arena, "%.*s<=%s", (int)(sign - text), text, sign + 2);
    size_t at = 0;
    struct error problem;
    struct threshold parsed;
    if (!threshold_parse(&parsed, claim, known, &at, &problem))
        return error_set(error, ERROR_SCENARIO, "%s",
                         describe_problem(arena, known->model, text, at, &problem));
    if (parsed.low.term_count > 0 || !(parsed.low.constant > 0))
        return error_set(error, ERROR_SCENARIO,
                         "what stands behind \"+-\" has to be a number above 0");
    *precision =
        (struct precision){.text = text, .claim = parsed, .half_width = parsed.low.constant};
    return true;
}

static bool read_precisions(const struct reading *reading, struct configuration *configuration)
{
    struct scenario *scenario = reading->scenario;
    struct stop *stop = &configuration->stop;
    size_t count = scenario_child_count(scenario, "experiment.stop.precision");
    struct threshold_names known = known_names(configuration, reading->arena);
    stop->precision_count = count;
    stop->precisions = arena_take_array(reading->arena, count + 1, sizeof *stop->precisions);
    bool is_good = true;
    for (size_t i = 0; i < count; i++) {
        const char *path = arena_print(reading->arena, "experiment.stop.precision[%zu]", i);
        struct error problem;
        if (!parse_precision(&stop->precisions[i], reading->arena, scenario_text(scenario, path),
                             &known, &problem))
            is_good = scenario_complain(scenario, path, reading->error, "%s", problem.message);
    }
    return is_good;
}

static bool read_stop(const struct reading *reading, struct configuration *configuration)
{
    struct scenario *scenario = reading->scenario;
    struct stop *stop = &configuration->stop;
    stop->rule = (enum stop_rule)scenario_choice(scenario, "experiment.stop.rule");
    stop->pilot_count = (uint32_t)scenario_count(scenario, "experiment.stop.pilot");
    stop->budget_count = (uint32_t)scenario_count(scenario, "experiment.stop.budget");
    bool is_good = read_precisions(reading, configuration);
    if (stop->rule == STOP_FIXED) {
        static const char why[] = "goes with the rules half_width and decide; write "
                                  "experiment.stop.rule, or take it away";
        is_good = refuse_useless(reading, "experiment.stop.pilot", PILOT_DEFAULT, why) && is_good;
        is_good = refuse_useless(reading, "experiment.stop.budget", BUDGET_DEFAULT, why) && is_good;
    } else {
        configuration->replication_count = stop->budget_count;
        is_good = refuse_useless(reading, "experiment.replications", REPLICATIONS_DEFAULT,
                                 "goes with the rule fixed; the other rules have "
                                 "experiment.stop.pilot and experiment.stop.budget") &&
                  is_good;
        if (stop->pilot_count > stop->budget_count / 2)
            is_good = scenario_complain(scenario, "experiment.stop.pilot", reading->error,
                                        "the pilot has more than half of the budget of %u",
                                        stop->budget_count);
    }
    if (stop->rule == STOP_HALF_WIDTH && stop->precision_count == 0)
        is_good = scenario_complain(scenario, "experiment.stop.rule", reading->error,
                                    "half_width needs experiment.stop.precision, such as "
                                    "[\"failure_rate(after) +- 0.1%%\"]");
    if (stop->rule != STOP_HALF_WIDTH && stop->precision_count > 0)
        is_good = scenario_complain(scenario, "experiment.stop.precision", reading->error,
                                    "goes with the rule half_width");
    return is_good;
}

/* With variants left out it is another experiment, and has another hash. */
static uint64_t hash_selection(const struct configuration *configuration, uint64_t hash)
{
    uint64_t parts[1 + VARIANTS_MAX] = {hash};
    for (uint32_t i = 0; i < configuration->variant_count; i++) {
        const char *name = configuration->variants[i].name;
        parts[1 + i] = text_hash(name, strlen(name));
    }
    return text_hash(parts, (1 + configuration->variant_count) * sizeof parts[0]);
}

/* The keys that are not of the world, last those that a replication depends on nevertheless. */
static const char *const no_world[] = {"question", "experiment", "thresholds",
                                       "sweep",    "variants",   "report"};
enum { NO_WORLD_COUNT = sizeof no_world / sizeof no_world[0], NO_SIMULATION_COUNT = 4 };

void configure_print_world(const struct scenario *scenario, FILE *out)
{
    scenario_print_content_without(scenario, no_world, NO_WORLD_COUNT, out);
}

static void hash_parts(struct configuration *configuration)
{
    const struct scenario *scenario = configuration->scenario;
    configuration->hash = scenario_hash(scenario);
    configuration->simulation_hash = scenario_hash_without(scenario, no_world, NO_SIMULATION_COUNT);
    configuration->world_hash = scenario_hash_without(scenario, no_world, NO_WORLD_COUNT);
}

/* What an engine from outside does is not in the scenario: its bytes count too. */
static void hash_engines(struct configuration *configuration)
{
    if (configuration->engines_digest == 0)
        return;
    uint64_t whole[] = {configuration->hash, configuration->engines_digest};
    uint64_t simulation[] = {configuration->simulation_hash, configuration->engines_digest};
    configuration->hash = text_hash(whole, sizeof whole);
    configuration->simulation_hash = text_hash(simulation, sizeof simulation);
}

bool configure_load(struct configuration **out, struct arena *arena,
                    const struct scenario_source *source, struct error *error)
{
    struct configuration *configuration = arena_take(arena, sizeof *configuration);
    const char *name = scenario_peek(arena, source, "model");
    const struct domain *domain = name == NULL ? NULL : domain_find(name);
    domain = domain == NULL ? domains[0] : domain; /* Whose schema complains about the name. */
    if (!scenario_load(&configuration->scenario, arena, source, domain->schema, error))
        return false;
    struct scenario *scenario = configuration->scenario;
    struct reading reading = {.scenario = scenario, .arena = arena, .error = error};
    configuration->domain = domain;
    configuration->file_name = source->file_name;
    configuration->question = scenario_text(scenario, "question");
    configuration->seed = (uint64_t)scenario_count(scenario, "experiment.seed");
    configuration->replication_count =
        (uint32_t)scenario_count(scenario, "experiment.replications");
    configuration->confidence = scenario_share(scenario, "experiment.confidence");
    hash_parts(configuration);
    bool is_good = domain->configure(&reading, configuration);
    hash_engines(configuration);
    is_good = read_thresholds(&reading, configuration) && is_good;
    is_good = read_stop(&reading, configuration) && is_good;
    for (uint32_t i = 0; is_good && i < configuration->variant_count; i++) {
        uint32_t unit_count = domain->model->units_max(configuration->variants[i].parameters);
        if (unit_count > configuration->unit_count)
            configuration->unit_count = unit_count;
    }
    if (is_good)
        *out = configuration;
    return is_good;
}

static bool is_listed(const char *name, const struct options_list *names)
{
    for (size_t i = 0; i < names->count; i++)
        if (strcmp(name, names->items[i]) == 0)
            return true;
    return false;
}

static bool check_variant_name(const struct configuration *configuration, const char *name,
                               struct error *error)
{
    const char *names[VARIANTS_MAX];
    size_t count = 0;
    char list[2048] = "";
    for (uint32_t i = 0; i < configuration->variant_count && count < VARIANTS_MAX; i++) {
        names[count++] = configuration->variants[i].name;
        if (strcmp(names[count - 1], name) == 0)
            return true;
        size_t used = strlen(list);
        snprintf(list + used, sizeof list - used, "%s%s", used > 0 ? ", " : "", names[count - 1]);
    }
    const char *closest = text_closest(name, names, count);
    if (closest != NULL)
        return error_set(error, ERROR_USAGE, "there is no variant \"%s\"; did you mean \"%s\"?",
                         name, closest);
    return error_set(error, ERROR_USAGE, "there is no variant \"%s\"; there are: %s", name, list);
}

/* Keep the thresholds and precisions that are about variants that are still there. */
static void select_claims(struct configuration *configuration, struct arena *arena)
{
    struct threshold_names known = known_names(configuration, arena);
    size_t kept = 0;
    for (size_t i = 0; i < configuration->threshold_count; i++) {
        const char *text = configuration->thresholds[i].text;
        kept += threshold_parse(&configuration->thresholds[kept], text, &known, NULL, NULL);
    }
    configuration->threshold_left_out_count = configuration->threshold_count - kept;
    configuration->threshold_count = kept;
    struct stop *stop = &configuration->stop;
    size_t precisions_kept = 0;
    for (size_t i = 0; i < stop->precision_count; i++)
        precisions_kept += parse_precision(&stop->precisions[precisions_kept], arena,
                                           stop->precisions[i].text, &known, NULL);
    stop->precision_count = precisions_kept;
}

const char *configure_left_out_text(struct arena *arena, const struct configuration *configuration)
{
    size_t count = configuration->threshold_left_out_count;
    return arena_print(arena, "%zu threshold%s about variants that are left out %s not judged",
                       count, count == 1 ? "" : "s", count == 1 ? "is" : "are");
}

const struct engine *configure_find_engine(const struct configuration *configuration,
                                           const void *options)
{
    for (size_t i = 0; i < configuration->engine_count; i++)
        if (configuration->engines[i].options == options)
            return configuration->engines[i].engine;
    return NULL;
}

bool configure_select_variants(struct configuration *configuration, struct arena *arena,
                               const struct options_list *names, struct error *error)
{
    for (size_t i = 0; i < names->count; i++)
        if (!check_variant_name(configuration, names->items[i], error))
            return false;
    if (names->count == 0)
        return true;
    for (size_t i = 0; i < names->count; i++)
        options_list_add(&configuration->selected, arena, names->items[i]);
    CHECK(configuration->variant_count <= VARIANTS_MAX);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < configuration->variant_count; i++)
        if (is_listed(configuration->variants[i].name, names))
            configuration->variants[kept++] = configuration->variants[i];
        else
            options_list_add(&configuration->left_out, arena, configuration->variants[i].name);
    bool is_less = kept < configuration->variant_count;
    configuration->variant_count = kept;
    if (!is_less)
        return true;
    configuration->hash = hash_selection(configuration, configuration->hash);
    configuration->simulation_hash = hash_selection(configuration, configuration->simulation_hash);
    select_claims(configuration, arena);
    if (configuration->stop.rule == STOP_HALF_WIDTH && configuration->stop.precision_count == 0)
        return error_set(error, ERROR_USAGE,
                         "experiment.stop.precision is about none of the variants that are left");
    return true;
}

double configure_memory_available_bytes(void)
{
    double available = (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE);
    FILE *file = fopen("/proc/meminfo", "re");
    char line[256];
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        double kibibytes;
        if (sscanf(line, "MemAvailable: %lf kB", &kibibytes) == 1)
            available = 1024 * kibibytes;
    }
    if (file != NULL)
        fclose(file);
    return available;
}

bool configure_check_memory(struct configuration *configuration, uint32_t thread_count,
                            uint32_t rows_replication_count, size_t *limit_bytes,
                            struct error *error)
{
    const double gib = 1024.0 * 1024 * 1024;
    const struct domain *domain = configuration->domain;
    const struct model *model = domain->model;
    uint32_t replications = configuration->replication_count;
    double threads = thread_count < replications ? thread_count : replications;
    double per_thread = domain->memory_bytes(configuration);
    double row_bytes =
        8.0 * rows_replication_count * (double)model->row_column_count * configuration->unit_count;
    /* A record is its failed bits, its values and the buckets in use of its histograms. */
    double record = configuration->unit_count / 8.0 + 8.0 * (double)model->metric_count + 2048;
    double records = (record * replications + row_bytes) * configuration->variant_count;
    double available = 0.9 * configure_memory_available_bytes();
    bool is_fleet_larger = threads * per_thread > records;
    if (threads * per_thread + records > available)
        return scenario_complain(
            configuration->scenario,
            is_fleet_larger ? domain->size_path : "experiment.replications", error,
            "this needs about %.1f GiB of memory (%.1f for each of %.0f threads, %.1f for the "
            "records and rows of %u replications), and %.1f GiB are free; take fewer %s%s%s",
            (threads * per_thread + records) / gib, per_thread / gib, threads, records / gib,
            replications, available / gib, is_fleet_larger ? "" : "replications or ",
            domain->size_names, is_fleet_larger ? " or --threads" : ", or less --rows");
    if (limit_bytes != NULL)
        *limit_bytes = (size_t)((available - records) / threads);
    return true;
}

char *configure_resolved_text(const struct configuration *configuration)
{
    char *text = NULL;
    size_t size_bytes;
    if (configuration->resolved_text != NULL) {
        text = strdup(configuration->resolved_text);
    } else {
        FILE *file = open_memstream(&text, &size_bytes);
        if (file != NULL) {
            scenario_print_resolved(configuration->scenario, file);
            fclose(file);
        }
    }
    if (text == NULL)
        check_limit("no memory for the resolved scenario");
    return text;
}
