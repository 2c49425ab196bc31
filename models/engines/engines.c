#include "models/engines/engines.h"

#include <stdlib.h>
#include <string.h>

#include "models/engines/external.h"
#include "models/engines/plugin.h"
#include "sim/base/check.h"
#include "sim/base/text.h"

static const struct rce_engine *const engines[] = {&rce_engine};

/* Kept beside the table, because the name of a linked engine is no constant expression. */
static const char *const names[] = {"rce"};

enum { ENGINE_COUNT = sizeof engines / sizeof engines[0] };
_Static_assert(sizeof names / sizeof names[0] == ENGINE_COUNT, "each engine has its name");

const struct rce_engine *engines_find(const char *name)
{
    for (size_t i = 0; i < ENGINE_COUNT; i++)
        if (strcmp(names[i], name) == 0)
            return engines[i];
    return NULL;
}

size_t engines_count(void)
{
    return ENGINE_COUNT;
}

const struct rce_engine *engines_at(size_t index)
{
    return index < ENGINE_COUNT ? engines[index] : NULL;
}

const char *const *engines_names(void)
{
    return names;
}

bool engine_configure(struct engine *engine, struct arena *arena, const struct rce_options *options,
                      const char *config, struct error *error)
{
    const struct rce_engine *table = engine->table;
    bool has_config = config != NULL && strcmp(config, "{}") != 0;
    if (table->configure == NULL && has_config)
        return error_set(error, ERROR_SCENARIO, "the engine \"%s\" has no config of its own",
                         table->name);
    if (table->configure == NULL) {
        struct rce_options *settings = arena_take(arena, sizeof *settings);
        *settings = *options;
        engine->settings = settings;
        return true;
    }
    char message[1024] = "";
    engine->settings = arena_take(arena, table->settings_size_bytes);
    if (table->configure(engine->settings, options, config != NULL ? config : "{}", message,
                         sizeof message))
        return true;
    message[sizeof message - 1] = '\0';
    for (char *at = message; *at != '\0'; at++)
        if ((unsigned char)*at < 0x20 || *at == 0x7f)
            *at = ' ';
    return error_set(error, ERROR_SCENARIO, "the engine \"%s\" refuses its config: %s", table->name,
                     *message != '\0' ? message : "it does not say why");
}

static bool open_linked(struct engine *engine, struct arena *arena, const struct engine_spec *spec,
                        const struct rce_options *options, struct error *error)
{
    engine->table = engines_find(spec->name);
    if (engine->table == NULL) {
        const char *closest = text_closest(spec->name, names, ENGINE_COUNT);
        return error_set(error, ERROR_SCENARIO, "there is no engine \"%s\"; did you mean \"%s\"?",
                         spec->name, closest != NULL ? closest : names[0]);
    }
    engine->label = arena_print(arena, "%s %s", engine->table->name, engine->table->version);
    return engine_configure(engine, arena, options, spec->config, error);
}

/* A specification that needs nothing of the one it was made from. */
static const struct engine_spec *copy_spec(struct arena *arena, const struct engine_spec *spec)
{
    struct engine_spec *copy = arena_take(arena, sizeof *copy);
    const char **words = arena_take_array(arena, spec->word_count + 1, sizeof *words);
    for (size_t i = 0; i < spec->word_count; i++)
        words[i] = arena_copy_text(arena, spec->words[i]);
    *copy = *spec;
    copy->words = words;
    copy->name = spec->name != NULL ? arena_copy_text(arena, spec->name) : NULL;
    copy->path = spec->path != NULL ? arena_copy_text(arena, spec->path) : NULL;
    copy->config = spec->config != NULL ? arena_copy_text(arena, spec->config) : NULL;
    copy->directory = spec->directory != NULL ? arena_copy_text(arena, spec->directory) : NULL;
    return copy;
}

static void close_engine(void *context)
{
    struct engine *engine = context;
    if (engine->close != NULL)
        engine->close(engine);
}

bool engine_open(const struct engine **out, struct arena *arena, const struct engine_spec *spec,
                 const struct rce_options *options, struct error *error)
{
    struct engine *engine = arena_take(arena, sizeof *engine);
    engine->kind = spec->kind;
    engine->spec = copy_spec(arena, spec);
    bool is_good = false;
    switch (spec->kind) {
    case ENGINE_LINKED: is_good = open_linked(engine, arena, spec, options, error); break;
    case ENGINE_PLUGIN: is_good = plugin_open(engine, arena, spec, options, error); break;
    case ENGINE_COMMAND: is_good = external_open(engine, arena, spec, options, error); break;
    }
    if (!is_good)
        return false;
    arena_at_end(arena, close_engine, engine);
    *out = engine;
    return true;
}

bool engine_open_again(const struct engine **engine, struct arena *arena, const struct engine *like,
                       const struct rce_options *options, uint32_t idle_max, struct error *error)
{
    struct engine_spec spec = *like->spec;
    spec.idle_max = idle_max;
    return engine_open(engine, arena, &spec, options, error);
}

static bool is_same_text(const char *a, const char *b, const char *missing)
{
    return strcmp(a != NULL ? a : missing, b != NULL ? b : missing) == 0;
}

bool engine_is_same_spec(const struct engine_spec *a, const struct engine_spec *b)
{
    if (a->kind != b->kind || a->word_count != b->word_count ||
        !is_same_text(a->name, b->name, "") || !is_same_text(a->path, b->path, "") ||
        !is_same_text(a->config, b->config, "{}"))
        return false;
    for (size_t i = 0; i < a->word_count; i++)
        if (strcmp(a->words[i], b->words[i]) != 0)
            return false;
    return a->kind == ENGINE_LINKED || is_same_text(a->directory, b->directory, ".");
}

bool engine_require(const struct engine *engine, uint32_t capabilities, const char *purpose,
                    struct error *error)
{
    static const struct {
        uint32_t bit;
        const char *text;
    } known[] = {{RCE_CAN_SAVE, "save"}, {RCE_CAN_LOAD, "load"}, {RCE_CAN_DIGEST, "digest"}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if ((capabilities & ~engine->table->capabilities & known[i].bit) != 0)
            return error_set(error, ERROR_SCENARIO,
                             "%s the engine %s cannot %s workflows (a capability that it does not "
                             "declare)",
                             purpose, engine->label, known[i].text);
    return true;
}

/* Cut one word off `*at`, which stands on it. False: a quote is not closed. */
static bool take_word(struct arena *arena, const char **at, const char **word)
{
    char *text = arena_copy_text(arena, *at);
    size_t length = 0;
    char quote = '\0';
    for (; **at != '\0' && (quote != '\0' || (**at != ' ' && **at != '\t')); (*at)++) {
        if (quote == '\0' && (**at == '\'' || **at == '"'))
            quote = **at;
        else if (**at == quote)
            quote = '\0';
        else
            text[length++] = **at;
    }
    text[length] = '\0';
    *word = text;
    return quote == '\0';
}

static bool parse_words(struct engine_spec *spec, struct arena *arena, const char *text,
                        struct error *error)
{
    const char **words = arena_take_array(arena, ENGINE_WORDS_MAX + 1, sizeof *words);
    size_t count = 0;
    const char *at = text + strspn(text, " \t");
    for (; *at != '\0'; at += strspn(at, " \t")) {
        if (count == ENGINE_WORDS_MAX)
            return error_set(error, ERROR_USAGE, "the command of an engine has at most %d words",
                             ENGINE_WORDS_MAX);
        if (!take_word(arena, &at, &words[count++]))
            return error_set(error, ERROR_USAGE, "a quote in \"command:%s\" is not closed", text);
    }
    if (count == 0 || words[0][0] == '\0')
        return error_set(error, ERROR_USAGE,
                         "\"command:\" needs a program, as in command:'python3 my_engine.py'");
    *spec = (struct engine_spec){.kind = ENGINE_COMMAND, .words = words, .word_count = count};
    return true;
}

/* What looks like a file or a command line was meant as one. NULL: it looks like a name. */
static const char *missing_prefix(const char *text)
{
    size_t length = strlen(text);
    if (length > 3 && strcmp(text + length - 3, ".so") == 0)
        return "plugin:";
    return strpbrk(text, " \t/") != NULL ? "command:" : NULL;
}

bool engine_spec_parse(struct engine_spec *spec, struct arena *arena, const char *text,
                       struct error *error)
{
    static const char plugin[] = "plugin:", command[] = "command:";
    if (strncmp(text, command, strlen(command)) == 0)
        return parse_words(spec, arena, text + strlen(command), error);
    if (strncmp(text, plugin, strlen(plugin)) == 0) {
        if (text[strlen(plugin)] == '\0')
            return error_set(error, ERROR_USAGE,
                             "\"plugin:\" needs a file, as in plugin:./libmyrce.so");
        *spec = (struct engine_spec){.kind = ENGINE_PLUGIN, .path = text + strlen(plugin)};
        return true;
    }
    if (engines_find(text) == NULL) {
        const char *closest = text_closest(text, names, ENGINE_COUNT);
        const char *kind = missing_prefix(text);
        if (kind != NULL)
            return error_set(error, ERROR_USAGE,
                             "there is no engine \"%s\"; did you mean %s%s%s%s? (\"%s\" is linked "
                             "in.)",
                             text, kind, strchr(text, ' ') != NULL ? "'" : "", text,
                             strchr(text, ' ') != NULL ? "'" : "", names[0]);
        return error_set(error, ERROR_USAGE,
                         "there is no engine \"%s\"; did you mean \"%s\"? (Others are given as "
                         "plugin:PATH or command:WORDS.)",
                         text, closest != NULL ? closest : names[0]);
    }
    *spec = (struct engine_spec){.kind = ENGINE_LINKED, .name = text};
    return true;
}

const char *engine_path(struct arena *arena, const struct engine_spec *spec, const char *path)
{
    if (*path == '/' || spec->directory == NULL)
        return strchr(path, '/') != NULL ? path : arena_print(arena, "./%s", path);
    return arena_print(arena, "%s/%s", spec->directory, path);
}
