/* schedule.h - a schedule as text: what deviates from the typical world, a line a draw.
 *
 *     # Comments and blank lines may stand anywhere.
 *     schedule 1
 *     scenario ../phase2-race.yaml
 *     hash 0123456789abcdef
 *     set fleet.sddcs=1
 *     variant before
 *     engine rce 1.0
 *     digest fedcba9876543210
 *     seed 20261123
 *     expect fails deadline of enter-maintenance, cluster not ready
 *
 *     sddc0/cluster0/temporary  connect @0 = 25min40s  p=0.022
 *     sddc0/cluster0/host1      callback loss of update-host @0 = yes  p=0.0002
 *
 * The first statement is `schedule` with the version of the format; the others of the header follow
 * in any order, each at most once but for `set`, and then the deviations: entity, purpose, @ and
 * the occurrence, = and the value, and the probability of a deviation at least as large. The
 * probability is information and may be left out. The header is for whoever loads a scenario; here
 * its texts stay texts.
 *
 * Values have the form of their draw: a duration ("25min40s") for delays; yes or no for what
 * happens or not; a whole number for counts, alternatives and the place in a tie; a fraction with a
 * point
 * ("0.25") for uniforms; 0x and hexadecimal digits for bits. Which form a draw wants only a run can
 * tell: schedule_check does, with the draws that were asked.
 *
 * Printing and then parsing gives the same schedule (probabilities have three digits), and parsing
 * and then printing the same text but for comments and layout.
 *
 * Limits: below. A line ends with LF or CR LF. Columns count characters from 1.
 */
#ifndef SIM_EXPLORE_SCHEDULE_H
#define SIM_EXPLORE_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "sim/base/arena.h"
#include "sim/base/error.h"
#include "sim/chance/oracle.h"
#include "sim/experiment/model.h"
#include "sim/explore/probe.h"

enum {
    SCHEDULE_FORMAT = 1,
    SCHEDULE_SIZE_MAX_BYTES = 16 << 20,
    SCHEDULE_DEVIATIONS_MAX = 1 << 18,
    SCHEDULE_SETS_MAX = 256,
    SCHEDULE_NOTE_SIZE_BYTES = 160,
};

/* The form of a value in the text. */
enum schedule_form {
    SCHEDULE_DURATION, /* ns */
    SCHEDULE_FLAG,     /* 0 or 1 */
    SCHEDULE_NUMBER,
    SCHEDULE_FRACTION, /* The uniform (value + 1/2) 2^-52. */
    SCHEDULE_BITS,
    SCHEDULE_FORM_COUNT
};

enum schedule_expectation { SCHEDULE_EXPECT_NOTHING, SCHEDULE_EXPECT_PASS, SCHEDULE_EXPECT_FAIL };

/* Where something was written; line 0: nowhere. */
struct schedule_place {
    uint32_t line, column;
};

struct schedule_item {
    struct deviation deviation;
    enum schedule_form form;
    double probability;          /* Of a deviation at least as large; below 0: not said. */
    struct schedule_place place; /* Of the entity. */
    struct schedule_place value_place;
};

struct schedule {
    const char *scenario; /* A file, relative to the schedule's; NULL: not said. */
    bool has_hash, has_digest, has_seed;
    uint64_t hash;     /* Of what is simulated. */
    const char **sets; /* [set_count] path=value */
    size_t set_count;
    const char *variant;    /* NULL: not said. */
    const char *engine;     /* Name and version; NULL: not said. */
    uint64_t engine_digest; /* Of one from outside. */
    uint64_t seed;          /* Of the search that found it. */
    int64_t slack_ns;       /* How late an event may be that goes last among those of one time. */
    enum probe_scope scope; /* What counts as a failure. */
    enum schedule_expectation expectation;
    uint64_t signature; /* Of what is expected to fail; 0: anything. */
    struct schedule_item *items;
    size_t item_count;
    /* Places of the statements above, for complaints of who uses them. */
    struct schedule_place scenario_place, hash_place, variant_place, engine_place, expect_place;
    /* For complaints: the name of the file, and its text, both as they were parsed; else NULL. */
    const char *file_name, *text;
    size_t text_size_bytes;
};

/* The form that values of such a draw have. */
enum schedule_form schedule_form_of(enum oracle_kind kind);

/* Parse a text of `size_bytes`; everything lies in the arena, as does a copy of the text. The model
 * knows the names of entities and purposes. Errors (ERROR_SCENARIO): "file:line:column: ...", the
 * line, and a mark below the place. */
bool schedule_parse(struct schedule *schedule, struct arena *arena, const struct model *model,
                    const char *file_name, const char *text, size_t size_bytes,
                    struct error *error);

/* Print the canonical text. `comment` (may be NULL) goes in front, a "# " before each line. */
void schedule_print(const struct schedule *schedule, const struct model *model, const char *comment,
                    FILE *file);

/* Print one deviation as it stands in a line, without a probability: for messages and tables. */
const char *schedule_print_deviation(struct arena *arena, const struct model *model,
                                     const struct deviation *deviation, enum schedule_form form);

/* What a draw is, where its occurrence does not say it to people; NULL: nothing. It stands as a
 * comment at the end of its line. */
const char *schedule_note(char note[SCHEDULE_NOTE_SIZE_BYTES], const struct model *model,
                          const struct draw_name *name);

/* Make items of deviations, with the forms and probabilities of the draws that a run with them
 * asked. A draw that it did not ask gets the form of a number and no probability. */
struct schedule_item *schedule_items(struct arena *arena, const struct deviation *deviations,
                                     size_t count, const struct oracle_asked *asked,
                                     uint32_t asked_count);

/* The deviations of a schedule as one array, in the arena. */
struct deviation *schedule_deviations(struct arena *arena, const struct schedule *schedule);

/* Set `error` (ERROR_SCENARIO) to a complaint about a place of a schedule, in the form of
 * schedule_parse. Returns false. */
bool schedule_complain(const struct schedule *schedule, struct schedule_place place,
                       struct error *error, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* What a run says about an item of the schedule that it was run with. */
enum schedule_state {
    SCHEDULE_USED,       /* Asked, and possible. */
    SCHEDULE_UNUSED,     /* Never asked. */
    SCHEDULE_FORM_WRONG, /* A value of another form. */
    SCHEDULE_IMPOSSIBLE, /* Beyond what the draw can be in this scenario. */
    SCHEDULE_TYPICAL,    /* The typical value: no deviation. */
    SCHEDULE_MISMATCH,   /* Used, with another probability than the schedule says. */
};

/* Judge an item by the draws asked. `asked` (may be NULL) receives the draw. */
enum schedule_state schedule_judge(const struct schedule_item *item,
                                   const struct oracle_asked *asked, uint32_t asked_count,
                                   const struct oracle_asked **found);

#endif
