/* hunt.h - one exploration from the search to what is told: find, shrink, bound, explain.
 *
 * The searches of sim/explore fill one table of findings, one entry for each way to fail. Each of
 * the best ones is shrunk, replayed from its own text, given a lower bound of its probability, and
 * explained beside its nearest passing neighbour. Without a search, a replication of a Monte Carlo
 * run that failed is shrunk in the same way.
 *
 * Everything lies in the arena of the study; nothing depends on the number of threads. With a time
 * budget the runs that were made are counted, and the command that is printed repeats those.
 */
#ifndef MODELS_RCESIM_EXPLORE_HUNT_H
#define MODELS_RCESIM_EXPLORE_HUNT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "models/rcesim/explore/explain_story.h"
#include "models/rcesim/explore/scope.h"
#include "models/rcesim/study/study.h"
#include "reports/progress.h"
#include "sim/explore/certificate.h"
#include "sim/explore/rare.h"
#include "sim/explore/schedule.h"
#include "sim/explore/shrink.h"

/* How many findings are shrunk where nobody says: a run of an engine that is not linked takes a
 * thousand times as long. */
enum {
    HUNT_SHRUNK_LINKED = 32,
    HUNT_SHRUNK_OTHERS = 10,
    HUNT_SHRUNK_MAX = FINDINGS_MAX,
    HUNT_SHRUNK_UNSAID
};

/* Runs of shrinking one finding; a process makes some hundred in a second. */
enum {
    HUNT_SHRINK_RUNS = 200000,
    HUNT_SHRINK_RUNS_OF_PROCESS = 4000,
    HUNT_SHRINK_RUNS_MAX = 1000000000
};

/* The searches, in the order in which they are made. */
enum hunt_search { HUNT_EXHAUSTIVE, HUNT_RANDOM, HUNT_ORDER, HUNT_SEARCH_COUNT };
extern const char *const hunt_search_names[HUNT_SEARCH_COUNT];

struct hunt_request {
    const char *variant; /* NULL: the first. */
    struct scope_topology topology;
    bool is_wanted[HUNT_SEARCH_COUNT];
    uint64_t run_max[HUNT_SEARCH_COUNT]; /* Of the exhaustive one: a limit. */
    int64_t time_ns;                     /* Of all searches together; 0: no limit. */
    uint32_t bound;
    struct grid grid;
    uint32_t excluded[SEARCH_EXCLUDED_MAX]; /* Purposes that stay typical. */
    uint32_t excluded_count;
    enum probe_scope scope;
    int64_t slack_ns;
    bool without_effectless; /* Also run what other bits for the engine leave as it was. */
    uint32_t shrunk_max;     /* So many findings are shrunk and explained; or ..._UNSAID. */
    uint64_t shrink_run_max; /* For each; 0: as many as suit the engine. */
    bool is_rare;            /* Estimate how probable they are together. */
    uint32_t rare_run_count;
    bool has_replication; /* Instead of a search. */
    uint32_t replication;
    uint32_t workflow; /* SHRINK_ANY_UNIT: the first that failed. */
};

/* One way to fail. */
struct hunt_finding {
    struct found found;
    uint32_t rank; /* By what the searches say of it; breaks ties. */
    const char *signature;
    bool is_safety;
    bool is_shrunk; /* Else only `found` and the texts are there. */
    struct shrink_result shrunk;
    struct schedule schedule;
    bool has_bound; /* Of the shrunk schedule, or of the one that was found. */
    struct likelihood_bound bound;
    bool is_explained;
    struct explain_story story;
};

struct hunt {
    struct study study;
    struct hunt_request request;
    struct scope scope;
    const char *scope_words;
    struct probe_options probe;
    struct findings *findings;
    uint32_t typical_draw_count;
    struct exhaustive_options exhaustive_options;
    struct exhaustive_result exhaustive;
    struct random_result random;
    struct order_result order;
    bool is_made[HUNT_SEARCH_COUNT];
    struct certificate certificate;
    struct hunt_finding *items; /* [item_count], best first. */
    uint32_t item_count, shrunk_count;
    bool has_rare;
    struct rare_result rare;
    bool is_partial; /* Interrupted. */
    bool is_out_of_time;
    const char *command; /* In a normal form. */
    struct progress progress;
};

/* Load what is explored. `study` and `request` are set. */
bool hunt_prepare(struct hunt *hunt, struct error *error);

/* Search, or take the replication; then shrink, bound, explain. Errors: of the world or an engine;
 * ERROR_INTERNAL where runs do not repeat themselves. */
bool hunt_run(struct hunt *hunt, struct error *error);

/* Runs of the searches, not of what came after them. */
uint64_t hunt_run_count(const struct hunt *hunt);

/* The finding for people, in one line: signature, count, deviations. */
const char *hunt_finding_title(const struct hunt *hunt, uint32_t index);

/* The lower bound of its probability, rounded down ("5.6 %"); NULL: nothing is known. */
const char *hunt_bound_text(const struct hunt *hunt, const struct hunt_finding *item);

struct identity hunt_identity(const struct hunt *hunt);

/* What comes out (hunt_output.c, hunt_page.c); `hunt` is a struct hunt. */
void hunt_write_json(const void *hunt, FILE *file);
void hunt_write_tsv(const void *hunt, FILE *file);
void hunt_write_certificate(const void *hunt, FILE *file);
bool hunt_write_schedules(const void *hunt, struct directory *directory, struct error *error);
void hunt_print(const void *hunt, const char *directory, const struct page *page);
struct manifest *hunt_manifest(const struct hunt *hunt);

#endif
