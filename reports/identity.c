#include "reports/identity.h"

#include <inttypes.h>

#include "reports/figure.h"
#include "sim/base/check.h"

const char *const identity_caveat = "Monte Carlo error only, not model error.";

const char *identity_caveat_of(const struct identity *identity)
{
    if (identity->schedules > 0)
        return "Says what was looked at; whether the model is like the world is another question.";
    return identity_is_of_data(identity)
               ? "Describes these data; whether others would be like them is another question."
               : identity_caveat;
}

const char *identity_line(const struct identity *identity, struct arena *arena)
{
    char count[FIGURE_SIZE_BYTES], planned[FIGURE_SIZE_BYTES];
    if (identity_is_of_data(identity))
        return arena_print(arena, "%s %s, data %s (hash %016" PRIx64 "), seed %" PRIu64,
                           identity->program, identity->version, identity->scenario,
                           identity->scenario_hash, identity->seed);
    if (identity->schedules > 0)
        return arena_print(
            arena, "%s %s, scenario %s (hash %016" PRIx64 "), seed %" PRIu64 ", %s schedule%s%s",
            identity->program, identity->version, identity->scenario, identity->scenario_hash,
            identity->seed, figure_count(count, identity->schedules),
            identity->schedules == 1 ? "" : "s",
            identity_is_partial(identity) ? " (interrupted: a partial result)" : "");
    figure_count(count, identity->replications);
    const char *text = arena_copy_text(arena, count);
    if (identity->replications < identity->replications_planned)
        text = arena_print(arena, "%s of %s", count,
                           figure_count(planned, identity->replications_planned));
    bool is_single = identity->replications == 1 && identity->replications_planned <= 1;
    return arena_print(
        arena, "%s %s, scenario %s (hash %016" PRIx64 "), seed %" PRIu64 ", %s replication%s%s",
        identity->program, identity->version, identity->scenario, identity->scenario_hash,
        identity->seed, text, is_single ? "" : "s",
        identity_is_partial(identity) ? " (interrupted: a partial result)" : "");
}

json_t *identity_json(const struct identity *identity)
{
    char hash[17];
    snprintf(hash, sizeof hash, "%016" PRIx64, identity->scenario_hash);
    json_t *value = json_pack(
        "{s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:b, s:s, s:s}", "program", identity->program,
        "version", identity->version, "scenario", identity->scenario, "scenario_hash", hash, "seed",
        (json_int_t)identity->seed, "replications", (json_int_t)identity->replications,
        "replications_planned", (json_int_t)identity->replications_planned, "partial",
        identity_is_partial(identity), "command", identity->command, "caveat",
        identity_caveat_of(identity));
    CHECK(value != NULL);
    if (identity->schedules > 0)
        json_object_set_new(value, "schedules", json_integer((json_int_t)identity->schedules));
    return value;
}

void identity_write_json(const json_t *value, FILE *file)
{
    json_dumpf(value, file, JSON_INDENT(2) | JSON_REAL_PRECISION(12));
    putc('\n', file);
}
