#include "models/rcesim/result/trace_chrome.h"
#include "models/rcesim/result/trace_jsonl.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <gsl/gsl_errno.h>

#include "models/rcesim/format/configure.h"
#include "models/rcesim/run/single.h"
#include "models/vmc/model.h"

/* A world in which much goes wrong: errors, lost, late and doubled callbacks, throttling, several
 * clusters, and an engine that triggers twice. */
static const char wild_world[] =
    "question: What do other programs see?\n"
    "fleet: {sddcs: 12, clusters_per_sddc: 2, hosts_per_cluster: 3, temporary_host: {share: 80%}}\n"
    "provisioning: {boot: 10min, connect: 'uniform(5min, 40min)', configure: 4min}\n"
    "phase1: {control_plane: 3h}\n"
    "phase2: {backup: 30min, update_host: 45min, remove_host: 60min}\n"
    "phase3: {network: 30min}\n"
    "maintenance: {evacuate: 5min, exit: 1min, resync: 2min}\n"
    "host_service:\n"
    "  latency: 'exponential(mean=300ms)'\n"
    "  errors: {unavailable: 5%}\n"
    "  callback: {delay: 'exponential(mean=5s)', loss: 3%, duplicate: 10%, duplicate_delay: 30s}\n"
    "wave: {schedule: randomly, spread: 1h}\n"
    "variants:\n"
    "  before: {}\n"
    "  naive: {retry: {after: 1min, policy: fixed, base: 1min, attempts: 5}}\n"
    "experiment: {replications: 1, seed: 5}\n";

/* Answers and callbacks in the same instant as the request. */
static const char instant_world[] =
    "question: What if nothing takes time?\n"
    "fleet: {sddcs: 2, clusters_per_sddc: 2, hosts_per_cluster: 2}\n"
    "provisioning: {connect: 35min, configure: 4min}\n"
    "phase1: {control_plane: 3h}\n"
    "phase2: {backup: 30min, update_host: 45min, remove_host: 60min}\n"
    "phase3: {network: 30min}\n"
    "maintenance: {evacuate: 0s, exit: 0s}\n"
    "host_service: {latency: 0s, callback: {delay: 0s}}\n"
    "variants:\n"
    "  before: {}\n"
    "  after: {precheck: {}, retry: {}, idempotency: {}}\n"
    "experiment: {replications: 1}\n";

struct world {
    struct arena *arena;
    struct configuration *configuration, *instant;
    json_t *schema;
};

static int set_up(void **state)
{
    gsl_set_error_handler_off();
    struct arena *arena = arena_create("test", 0);
    struct world *world = arena_take(arena, sizeof *world);
    struct error error;
    world->arena = arena;
    struct scenario_source wild = {
        .file_name = "s.yaml", .text = wild_world, .text_size_bytes = sizeof wild_world - 1};
    struct scenario_source instant = {
        .file_name = "s.yaml", .text = instant_world, .text_size_bytes = sizeof instant_world - 1};
    if (!configure_load(&world->configuration, arena, &wild, &error) ||
        !configure_load(&world->instant, arena, &instant, &error)) {
        fprintf(stderr, "%s\n", error.message);
        return 1;
    }
    world->schema = trace_jsonl_schema(arena);
    *state = world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *world = *state;
    json_decref(world->schema);
    arena_destroy(world->arena);
    return 0;
}

static const struct trace *tell(const struct world *world, uint32_t variant, uint32_t workflow,
                                enum trace_level level)
{
    struct trace_options options = {
        .level = level, .types = vmc_trace_types, .type_count = vmc_trace_type_count};
    struct trace *trace = trace_create(world->arena, &options);
    struct model_sink sink = {.trace = trace, .trace_unit = workflow};
    struct single single = {
        .configuration = world->configuration, .variant = variant, .sink = &sink};
    const struct record *record;
    struct error error;
    assert_true(single_run(&single, world->arena, &record, &error));
    assert_true(trace_count(trace) > 10);
    return trace;
}

static char *print(const struct world *world, const struct trace *const *traces, size_t count,
                   void (*write)(const struct trace_document *document, FILE *file))
{
    const char *const variants[] = {world->configuration->variants[0].name,
                                    world->configuration->variants[1].name};
    struct trace_document document = {
        .traces = traces,
        .variants = variants,
        .count = count,
        .version = "0",
        .scenario = "a \"scenario\"",
        .arena = world->arena,
    };
    char *text = NULL;
    size_t size_bytes;
    FILE *file = open_memstream(&text, &size_bytes);
    write(&document, file);
    fclose(file);
    return text;
}

/* The part of JSON Schema that our schema uses. */
static bool fits(const json_t *value, const json_t *schema);

static bool fits_type(const json_t *value, const char *type)
{
    return strcmp(type, "integer") == 0   ? json_is_integer(value)
           : strcmp(type, "string") == 0  ? json_is_string(value)
           : strcmp(type, "boolean") == 0 ? json_is_boolean(value)
           : strcmp(type, "array") == 0   ? json_is_array(value)
           : strcmp(type, "object") == 0  ? json_is_object(value)
                                          : false;
}

static size_t count_fitting(const json_t *value, const json_t *schemas)
{
    size_t count = 0;
    for (size_t i = 0; i < json_array_size(schemas); i++)
        count += fits(value, json_array_get(schemas, i));
    return count;
}

static bool fits_object(const json_t *value, const json_t *schema)
{
    const json_t *properties = json_object_get(schema, "properties");
    const json_t *required = json_object_get(schema, "required");
    for (size_t i = 0; i < json_array_size(required); i++)
        if (json_object_get(value, json_string_value(json_array_get(required, i))) == NULL)
            return false;
    const char *key;
    json_t *item;
    json_object_foreach((json_t *)(uintptr_t)value, key, item)
    {
        const json_t *expected = json_object_get(properties, key);
        if (expected == NULL || !fits(item, expected))
            return false;
    }
    return true;
}

static bool fits(const json_t *value, const json_t *schema)
{
    const json_t *type = json_object_get(schema, "type");
    const json_t *constant = json_object_get(schema, "const");
    const json_t *names = json_object_get(schema, "enum");
    const json_t *any = json_object_get(schema, "anyOf");
    if (type != NULL && !fits_type(value, json_string_value(type)))
        return false;
    if (constant != NULL && !json_equal(value, constant))
        return false;
    if (any != NULL && count_fitting(value, any) == 0)
        return false;
    bool is_named = names == NULL;
    for (size_t i = 0; i < json_array_size(names); i++)
        is_named = is_named || json_equal(value, json_array_get(names, i));
    return is_named &&
           (json_object_get(schema, "properties") == NULL || fits_object(value, schema));
}

static void check_lines(const struct world *world, const struct trace *const *traces, size_t count)
{
    char *text = print(world, traces, count, trace_jsonl_write);
    size_t line_count = 0;
    json_int_t last_ns = 0;
    for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        json_t *value = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
        assert_non_null(value);
        if (count_fitting(value, json_object_get(world->schema, "oneOf")) != 1)
            fail_msg("does not fit the schema: %s", line);
        if (line_count++ > 0) {
            json_int_t time_ns = json_integer_value(json_object_get(value, "time_ns"));
            assert_true(time_ns >= last_ns);
            last_ns = time_ns;
        }
        json_decref(value);
    }
    size_t record_count = 0;
    for (size_t i = 0; i < count; i++)
        record_count += trace_count(traces[i]);
    assert_int_equal(line_count, record_count + 1);
    free(text);
}

static void test_lines_fit_the_schema(void **state)
{
    const struct world *world = *state;
    for (uint32_t workflow = 0; workflow < 12; workflow++) {
        const struct trace *traces[] = {tell(world, 0, workflow, TRACE_STEP),
                                        tell(world, 1, workflow, TRACE_DEBUG)};
        check_lines(world, traces, 1);
        check_lines(world, traces, 2);
    }
}

/* What is wrong does not fit, so the check above can fail. */
static void test_schema_is_strict(void **state)
{
    const struct world *world = *state;
    static const char *const bad[] = {
        "{\"time_ns\":1,\"variant\":\"a\",\"kind\":\"engine-asks\"}",
        "{\"time_ns\":1,\"variant\":\"a\",\"kind\":\"engine-sings\",\"sddc\":1}",
        "{\"time_ns\":1.5,\"variant\":\"a\",\"kind\":\"engine-asks\",\"sddc\":1}",
        "{\"time_ns\":1,\"variant\":\"a\",\"kind\":\"engine-asks\",\"sddc\":1,\"operation\":3}",
        "{\"time_ns\":1,\"variant\":\"a\",\"kind\":\"engine-asks\",\"sddc\":1,\"host\":\"last\"}",
        "{\"time_ns\":1,\"variant\":\"a\",\"kind\":\"engine-asks\",\"sddc\":1,\"more\":1}",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        json_t *value = json_loads(bad[i], 0, NULL);
        assert_non_null(value);
        assert_int_equal(count_fitting(value, json_object_get(world->schema, "oneOf")), 0);
        json_decref(value);
    }
}

static double number(const json_t *event, const char *key)
{
    const json_t *value = json_object_get(event, key);
    assert_true(json_is_number(value));
    return json_number_value(value);
}

enum { NESTING_MAX = 8, NAMED_MAX = 512, FLOWS_MAX = 512 };

/* The slices that go on, on one track. */
struct stack {
    double thread, ends[NESTING_MAX];
    size_t depth;
};

static struct stack *stack_of(struct stack *stacks, size_t *count, double thread)
{
    for (size_t i = 0; i < *count; i++)
        if (stacks[i].thread == thread)
            return &stacks[i];
    assert_true(*count < NAMED_MAX);
    stacks[*count] = (struct stack){.thread = thread};
    return &stacks[(*count)++];
}

/* Events come in the order of time, and a slice that begins within another ends within it. */
static void check_nesting(const json_t *events)
{
    static const struct stack none;
    struct stack stacks[NAMED_MAX];
    size_t stack_count = 0, slice_count = 0, nested_count = 0;
    double last = 0;
    stacks[0] = none;
    for (size_t i = 0; i < json_array_size(events); i++) {
        const json_t *event = json_array_get(events, i);
        const char *phase = json_string_value(json_object_get(event, "ph"));
        if (strcmp(phase, "M") == 0)
            continue;
        double from = number(event, "ts");
        assert_true(from >= last);
        last = from;
        if (strcmp(phase, "X") != 0)
            continue;
        double to = from + number(event, "dur");
        assert_true(to >= from);
        struct stack *stack = stack_of(stacks, &stack_count, number(event, "tid"));
        while (stack->depth > 0 && stack->ends[stack->depth - 1] <= from)
            stack->depth--;
        assert_true(stack->depth == 0 || to <= stack->ends[stack->depth - 1] + 1e-3);
        assert_true(stack->depth < NESTING_MAX);
        nested_count += stack->depth > 0;
        stack->ends[stack->depth++] = to;
        slice_count++;
    }
    assert_true(slice_count > 10 && nested_count > 5);
}

/* The process of a thread by its names; a thread has one name, and a number of its own. */
static double process_of(const json_t *events, double thread)
{
    double process = -1;
    for (size_t i = 0; i < json_array_size(events); i++) {
        const json_t *event = json_array_get(events, i);
        const char *name = json_string_value(json_object_get(event, "name"));
        if (strcmp(json_string_value(json_object_get(event, "ph")), "M") != 0)
            continue;
        const char *what = strcmp(name, "thread_name") == 0 ? "tid" : "pid";
        if (strcmp(name, "thread_name") != 0 && strcmp(name, "process_name") != 0)
            continue;
        const char *text =
            json_string_value(json_object_get(json_object_get(event, "args"), "name"));
        assert_true(text != NULL && *text != '\0');
        if (number(event, what) != thread)
            continue;
        assert_true(process == -1); /* Nobody else has the number. */
        process = number(event, "pid");
    }
    return process;
}

/* Everything is on a track that has a name, in a process that has one. */
static void check_names(const json_t *events)
{
    for (size_t i = 0; i < json_array_size(events); i++) {
        const json_t *event = json_array_get(events, i);
        if (strcmp(json_string_value(json_object_get(event, "ph")), "M") == 0)
            continue;
        double process = number(event, "pid");
        assert_true(process_of(events, number(event, "tid")) == process);
        assert_true(process_of(events, process) == process);
    }
}

static bool is_at(const json_t *event, const json_t *slice)
{
    return strcmp(json_string_value(json_object_get(slice, "ph")), "X") == 0 &&
           number(slice, "pid") == number(event, "pid") &&
           number(slice, "tid") == number(event, "tid") &&
           number(slice, "ts") == number(event, "ts");
}

static bool begins(const json_t *event, const char *text)
{
    return strncmp(json_string_value(json_object_get(event, "name")), text, strlen(text)) == 0;
}

/* A flow starts at a request, steps, and finishes, later and later; right before each of its points
 * stands the slice that it passes. */
static size_t check_flows(const json_t *events)
{
    char last[FLOWS_MAX] = {0};
    double time[FLOWS_MAX] = {0};
    const char *operation[FLOWS_MAX] = {NULL};
    size_t finished_count = 0, open_count = 0;
    for (size_t i = 0; i < json_array_size(events); i++) {
        const json_t *event = json_array_get(events, i);
        char phase = json_string_value(json_object_get(event, "ph"))[0];
        if (strchr("stf", phase) == NULL)
            continue;
        size_t id = (size_t)number(event, "id");
        assert_true(id < FLOWS_MAX && i > 0);
        assert_true(phase == 's' ? last[id] == 0 : last[id] == 's' || last[id] == 't');
        assert_true(number(event, "ts") >= time[id]);
        time[id] = number(event, "ts");
        last[id] = phase;
        open_count += phase == 's';
        finished_count += phase == 'f';
        const json_t *slice = json_array_get(events, i - 1);
        assert_true(is_at(event, slice));
        assert_true((phase == 's') == begins(slice, "asks: "));
        const char *about =
            json_string_value(json_object_get(json_object_get(slice, "args"), "operation"));
        assert_non_null(about);
        if (phase == 's')
            operation[id] = about;
        assert_string_equal(about, operation[id]);
    }
    assert_int_equal(open_count, finished_count);
    return open_count;
}

static void check_chrome(const struct world *world, const struct trace *const *traces, size_t count)
{
    char *text = print(world, traces, count, trace_chrome_write);
    json_t *value = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(value);
    const json_t *events = json_object_get(value, "traceEvents");
    check_nesting(events);
    check_names(events);
    assert_true(check_flows(events) > 3);
    json_decref(value);
    free(text);
}

static void test_chrome(void **state)
{
    const struct world *world = *state;
    for (uint32_t workflow = 0; workflow < 12; workflow++) {
        const struct trace *traces[] = {tell(world, 0, workflow, TRACE_STEP),
                                        tell(world, 1, workflow, TRACE_DEBUG)};
        check_chrome(world, traces, 1);
        check_chrome(world, traces, 2);
    }
}

/* Arrows within one instant begin before they end. */
static void test_chrome_of_an_instant(void **state)
{
    const struct world *world = *state;
    struct world instant = *world;
    instant.configuration = world->instant;
    for (uint32_t workflow = 0; workflow < 2; workflow++) {
        const struct trace *traces[] = {tell(&instant, 1, workflow, TRACE_STEP)};
        check_chrome(&instant, traces, 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines_fit_the_schema),
        cmocka_unit_test(test_schema_is_strict),
        cmocka_unit_test(test_chrome),
        cmocka_unit_test(test_chrome_of_an_instant),
    };
    return cmocka_run_group_tests_name("rcesim/trace_formats", tests, set_up, tear_down);
}
