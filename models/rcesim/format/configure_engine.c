#include "models/rcesim/format/configure_engine.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "models/rcesim/format/relative.h"
#include "models/rcesim/interrupt.h"
#include "sim/base/check.h"
#include "sim/base/text.h"

/* The engine of one variant while it is being read. */
struct source {
    const struct reading *reading;
    const char *path;
    const json_t *tree;
};

static bool complain_about(const struct source *source, const char *key, const char *message)
{
    const struct reading *reading = source->reading;
    return scenario_complain_in(reading->scenario, source->path, key, reading->error, "%s",
                                message);
}

static bool check_keys(const struct source *source)
{
    static const char *const known[] = {"plugin", "command", "name", "config"};
    enum { KNOWN_COUNT = sizeof known / sizeof known[0] };
    struct arena *arena = source->reading->arena;
    for (void *at = json_object_iter((json_t *)(uintptr_t)source->tree); at != NULL;
         at = json_object_iter_next((json_t *)(uintptr_t)source->tree, at)) {
        const char *key = json_object_iter_key(at);
        bool is_known = false;
        for (size_t i = 0; i < KNOWN_COUNT; i++)
            is_known = is_known || strcmp(key, known[i]) == 0;
        if (is_known)
            continue;
        const char *closest = text_closest(key, known, KNOWN_COUNT);
        return complain_about(
            source, key,
            closest != NULL
                ? arena_print(arena, "an engine has no \"%s\"; did you mean \"%s\"?", key, closest)
                : arena_print(arena,
                              "an engine has no \"%s\"; it has plugin, command or name, and config",
                              key));
    }
    return true;
}

static bool read_words(const struct source *source, const json_t *list, struct engine_spec *spec)
{
    size_t count = json_is_array(list) ? json_array_size(list) : 0;
    const char **words = arena_take_array(source->reading->arena, count + 1, sizeof *words);
    if (count == 0 || count > ENGINE_WORDS_MAX)
        return complain_about(source, "command",
                              arena_print(source->reading->arena,
                                          "has to be a list of 1 to %d words, the program first, "
                                          "such as [python3, my_engine.py]",
                                          ENGINE_WORDS_MAX));
    for (size_t i = 0; i < count; i++) {
        const json_t *word = json_array_get(list, i);
        /* A number was written as a word; JSON prints it as it stood there, or nearly. */
        if (json_is_string(word))
            words[i] = arena_copy_text(source->reading->arena, json_string_value(word));
        else if (json_is_integer(word))
            words[i] =
                arena_print(source->reading->arena, "%lld", (long long)json_integer_value(word));
        else
            return complain_about(source, "command",
                                  "has to be a list of words; put those in quotes that look like "
                                  "something else");
    }
    if (*words[0] == '\0')
        return complain_about(source, "command", "its first word, the program, is empty");
    spec->kind = ENGINE_COMMAND;
    spec->words = words;
    spec->word_count = count;
    return true;
}

static bool read_text(const struct source *source, const char *key, const char **text)
{
    const json_t *value = json_object_get(source->tree, key);
    if (!json_is_string(value) || *json_string_value(value) == '\0')
        return complain_about(source, key, "has to be a text");
    *text = arena_copy_text(source->reading->arena, json_string_value(value));
    return true;
}

static bool read_kind(const struct source *source, struct engine_spec *spec)
{
    const json_t *tree = source->tree;
    const json_t *command = json_object_get(tree, "command");
    bool has_plugin = json_object_get(tree, "plugin") != NULL;
    bool has_name = json_object_get(tree, "name") != NULL;
    if ((command != NULL) + has_plugin + has_name != 1)
        return complain_about(source, command != NULL ? "command" : "name",
                              "an engine is one of plugin: FILE, command: [WORDS] and name: NAME");
    if (command != NULL)
        return read_words(source, command, spec);
    spec->kind = has_plugin ? ENGINE_PLUGIN : ENGINE_LINKED;
    return has_plugin ? read_text(source, "plugin", &spec->path)
                      : read_text(source, "name", &spec->name);
}

static bool read_map(const struct source *source, struct engine_spec *spec)
{
    const json_t *config = json_object_get(source->tree, "config");
    if (!check_keys(source) || !read_kind(source, spec))
        return false;
    if (config == NULL)
        return true;
    if (!json_is_object(config))
        return complain_about(source, "config", "has to be a map");
    char *text = json_dumps(config, JSON_SORT_KEYS | JSON_REAL_PRECISION(17));
    if (text == NULL)
        check_limit("no memory for the config of an engine");
    spec->config = arena_copy_text(source->reading->arena, text);
    free(text);
    return true;
}

static bool read_spec(const struct source *source, struct engine_spec *spec)
{
    const struct reading *reading = source->reading;
    spec->directory = scenario_directory(reading->scenario, source->path);
    if (json_is_object(source->tree))
        return read_map(source, spec);
    if (!json_is_string(source->tree))
        return scenario_complain(reading->scenario, source->path, reading->error,
                                 "has to be the name of an engine, {plugin: FILE} or {command: "
                                 "[WORDS]}");
    spec->kind = ENGINE_LINKED;
    spec->name = arena_copy_text(reading->arena, json_string_value(source->tree));
    return true;
}

/* The key that an error of opening is about; NULL: the engine as a whole. */
static const char *blamed_key(const struct engine_spec *spec, const char *message)
{
    bool is_of_config = strstr(message, "config") != NULL ||
                        strstr(message, ": process.") != NULL ||
                        strstr(message, ": process:") != NULL;
    if (is_of_config && spec->config != NULL)
        return "config";
    return spec->kind == ENGINE_PLUGIN    ? "plugin"
           : spec->kind == ENGINE_COMMAND ? "command"
                                          : "name";
}

bool configure_engine(const struct reading *reading, const char *path,
                      const struct rce_options *options, const struct engine **engine)
{
    struct error error;
    struct engine_spec spec = {.kind = ENGINE_LINKED, .interrupted = interrupt_flag()};
    const char *text = scenario_tree(reading->scenario, path);
    json_t *tree = json_loads(text, JSON_DECODE_ANY, NULL);
    CHECK(tree != NULL);
    struct source source = {.reading = reading, .path = path, .tree = tree};
    bool is_good = read_spec(&source, &spec);
    json_decref(tree);
    if (!is_good)
        return false;
    if (engine_open(engine, reading->arena, &spec, options, &error))
        return true;
    return scenario_complain_in(reading->scenario, path, blamed_key(&spec, error.message),
                                reading->error, "%s", error.message);
}

bool configure_exchange(struct arena *arena, struct vmc_parameters *parameters,
                        const struct engine *like, const struct rce_options *options,
                        struct error *error)
{
    enum { IDLE_MAX = 2 };
    const struct engine *engine;
    if (!engine_open_again(&engine, arena, like, options, IDLE_MAX, error))
        return false;
    parameters->options = options;
    parameters->engine = engine->table;
    parameters->engine_label = engine->label;
    parameters->settings = engine->kind == ENGINE_LINKED ? NULL : engine->settings;
    return true;
}

/* A path from the current folder on, made one from the scenario's folder on. What does not exist
 * stays as it is: the message about it will quote it. A symbolic link at its end stays one: a
 * program may go by the name that it is called by, as Python does in a virtual environment. */
static const char *path_from_scenario(struct arena *arena, const char *scenario_file,
                                      const char *path)
{
    char folder[PATH_MAX], above[PATH_MAX];
    const char *slash = strrchr(scenario_file, '/');
    if (*path == '/' || slash == NULL || access(path, F_OK) != 0)
        return path;
    const char *name = arena_print(arena, "%.*s/", (int)(slash - scenario_file), scenario_file);
    const char *last = strrchr(path, '/');
    last = last == NULL ? path : last + 1;
    const char *before = arena_print(arena, "./%.*s", (int)(last - path), path);
    if (realpath(name, folder) == NULL || realpath(before, above) == NULL)
        return path;
    return relative_path(arena, folder, arena_print(arena, "%s/%s", above, last));
}

bool configure_engine_override(const char **override, struct arena *arena,
                               const char *scenario_file, const char *text, struct error *error)
{
    struct engine_spec spec;
    if (!engine_spec_parse(&spec, arena, text, error))
        return false;
    json_t *tree = NULL;
    switch (spec.kind) {
    case ENGINE_LINKED: tree = json_string(spec.name); break;
    case ENGINE_PLUGIN:
        tree = json_pack("{s:s}", "plugin", path_from_scenario(arena, scenario_file, spec.path));
        break;
    case ENGINE_COMMAND:
        tree = json_pack("{s:[]}", "command");
        for (size_t i = 0; i < spec.word_count; i++) {
            bool is_file = strchr(spec.words[i], '/') != NULL || access(spec.words[i], F_OK) == 0;
            bool is_path = i > 0 ? is_file : strchr(spec.words[i], '/') != NULL;
            json_array_append_new(
                json_object_get(tree, "command"),
                json_string(is_path ? path_from_scenario(arena, scenario_file, spec.words[i])
                                    : spec.words[i]));
        }
        break;
    }
    char *json = tree == NULL ? NULL : json_dumps(tree, JSON_ENCODE_ANY);
    json_decref(tree);
    if (json == NULL)
        return error_set(error, ERROR_USAGE, "--engine: \"%s\" is not UTF-8", text);
    *override = arena_print(arena, "variants.*.engine=%s", json);
    free(json);
    return true;
}
