#include "models/engines/external_config.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "models/engines/message.h"
#include "sim/base/text.h"
#include "sim/base/units.h"

enum { ENVIRONMENT_MAX = 64 };

static bool read_limit(const json_t *value, const char *name, int64_t *limit_ns,
                       struct error *error)
{
    if (value == NULL)
        return true;
    int64_t duration_ns;
    if (!json_is_string(value))
        return error_set(error, ERROR_SCENARIO, "process.%s: expected a duration as in \"10s\"",
                         name);
    if (!units_parse_duration(json_string_value(value), &duration_ns, error))
        return error_context(error, "process.%s", name);
    if (duration_ns <= 0)
        return error_set(error, ERROR_SCENARIO, "process.%s: has to be longer than nothing", name);
    *limit_ns = duration_ns;
    return true;
}

/* NAME=value, or nothing where we do not have the variable ourselves. */
static void add_variable(struct arena *arena, const char **environment, size_t *count,
                         const char *name, const char *value)
{
    if (value == NULL)
        value = getenv(name);
    if (value != NULL)
        environment[(*count)++] = arena_print(arena, "%s=%s", name, value);
}

static bool read_environment(struct arena *arena, const json_t *variables,
                             struct spawn_command *command, struct error *error)
{
    static const char *const passed_on[] = {"PATH", "LANG", "LC_ALL"};
    const char **environment = arena_take_array(arena, ENVIRONMENT_MAX + 4, sizeof *environment);
    size_t count = 0;
    for (size_t i = 0; i < sizeof passed_on / sizeof passed_on[0]; i++)
        if (variables == NULL || json_object_get(variables, passed_on[i]) == NULL)
            add_variable(arena, environment, &count, passed_on[i], NULL);
    command->environment = environment;
    if (variables == NULL)
        return true;
    if (!json_is_object(variables) || json_object_size(variables) > ENVIRONMENT_MAX)
        return error_set(error, ERROR_SCENARIO,
                         "process.environment: expected an object of at most %d variables",
                         ENVIRONMENT_MAX);
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)variables, name, value)
    {
        if ((!json_is_string(value) && !json_is_null(value)) || *name == '\0' ||
            strchr(name, '=') != NULL)
            return error_set(error, ERROR_SCENARIO,
                             "process.environment.%s: expected a string, or null to take ours over",
                             name);
        add_variable(arena, environment, &count, name, json_string_value(value));
    }
    return true;
}

static bool read_process_part(struct external_config *config, struct arena *arena,
                              const json_t *part, struct error *error)
{
    static const char *const keys[] = {"step_timeout", "start_timeout", "environment", "pin"};
    const char *key;
    json_t *value;
    if (part != NULL && !json_is_object(part))
        return error_set(error, ERROR_SCENARIO, "process: expected an object");
    json_object_foreach((json_t *)(uintptr_t)part, key, value)
    {
        bool is_known = false;
        for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
            is_known = is_known || strcmp(key, keys[i]) == 0;
        const char *closest = text_closest(key, keys, sizeof keys / sizeof keys[0]);
        if (!is_known)
            return error_set(error, ERROR_SCENARIO, "process.%s: unknown key; did you mean \"%s\"?",
                             key, closest != NULL ? closest : keys[0]);
    }
    const json_t *pin = json_object_get(part, keys[3]);
    if (pin != NULL && !json_is_boolean(pin))
        return error_set(error, ERROR_SCENARIO, "process.pin: expected true or false");
    config->is_pinned = pin == NULL || json_is_true(pin);
    return read_limit(json_object_get(part, keys[0]), keys[0], &config->step_limit_ns, error) &&
           read_limit(json_object_get(part, keys[1]), keys[1], &config->start_limit_ns, error) &&
           read_environment(arena, json_object_get(part, keys[2]), &config->command, error);
}

bool external_config_read(struct external_config *config, struct arena *arena, const char *text,
                          const struct rce_options *options, struct error *error)
{
    json_error_t json_error;
    config->step_limit_ns = 10 * UNITS_S;
    config->start_limit_ns = 30 * UNITS_S;
    json_t *root = json_loads(text != NULL ? text : "{}", JSON_REJECT_DUPLICATES, &json_error);
    if (!json_is_object(root)) {
        json_decref(root);
        return error_set(error, ERROR_SCENARIO, "its config is no JSON object%s%s",
                         root == NULL ? ": " : "", root == NULL ? json_error.text : "");
    }
    bool is_good = read_process_part(config, arena, json_object_get(root, "process"), error);
    json_object_del(root, "process");
    char *own = is_good ? json_dumps(root, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
    json_decref(root);
    if (own == NULL)
        return is_good ? error_set(error, ERROR_INTERNAL, "no memory for a config") : false;
    size_t room_bytes = MESSAGE_INIT_MAX_BYTES + strlen(own) + 1;
    if (room_bytes > MESSAGE_LINE_MAX_BYTES) {
        free(own);
        return error_set(error, ERROR_SCENARIO,
                         "its config is longer than a line may be (%d bytes)",
                         MESSAGE_LINE_MAX_BYTES);
    }
    struct message_text line = {.bytes = arena_take(arena, room_bytes), .room_bytes = room_bytes};
    message_write_init(&line, options, own);
    free(own);
    line.bytes[line.size_bytes] = '\0';
    config->init = line.bytes;
    return true;
}
