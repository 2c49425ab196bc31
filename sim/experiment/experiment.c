#include "sim/experiment/experiment.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include "sim/base/arena.h"
#include "sim/base/check.h"
#include "sim/chance/oracle.h"
#include "sim/chance/synchrony.h"
#include "sim/experiment/slots.h"

enum { PROGRESS_INTERVAL_NS = 100 * 1000 * 1000, NS_PER_S = 1000 * 1000 * 1000 };

/* What all threads of one experiment share. */
struct team {
    const struct experiment_design *design;
    struct result *result;
    atomic_uint_fast64_t next; /* The next replication to hand out, counted from 0. */
    atomic_uint_fast64_t stop; /* Replications from here on are not begun: one below has failed. */

    pthread_mutex_t mutex; /* Guards what follows. */
    pthread_cond_t changed;
    uint32_t working_count;
    uint32_t finished_count;
    uint64_t *units;            /* [variant_count] */
    uint64_t *failed;           /* [variant_count] */
    uint64_t error_replication; /* Of `error`; UINT64_MAX: there is none. */
    struct error error;
};

struct worker {
    struct team *team;
    pthread_t thread;
    struct arena *run_arena;    /* Reset before every run. */
    struct arena *record_arena; /* Never reset; the result owns it. */
    struct synchrony *synchrony;
    struct error error;
};

/* Takes the rows of one run into a table. */
struct collector {
    struct row_table *table;
    struct arena *arena;
    size_t row_max;
};

static void collect_row(void *context, const struct model_run *run, const int64_t *values)
{
    (void)run;
    struct collector *collector = context;
    struct row_table *table = collector->table;
    CHECK(table->row_count < collector->row_max);
    if (table->values == NULL)
        table->values = arena_take_array(collector->arena, collector->row_max * table->column_count,
                                         sizeof *table->values);
    memcpy(table->values + table->row_count * table->column_count, values,
           table->column_count * sizeof *values);
    table->row_count++;
}

static bool wants_rows(const struct experiment_design *design, uint32_t replication)
{
    return replication >= design->rows_first_replication &&
           replication - design->rows_first_replication < design->rows_replication_count;
}

/* A record that breaks these is a bug of the model, and every statistic after it would be wrong. */
static void check_record(const struct model *model, const struct record *record)
{
    CHECK(record->unit_count <= record->unit_max);
    CHECK(model_find_defect(model, record) == NULL);
    if (model->metric_count == 0)
        return;
    uint32_t tail = record->unit_count % 64;
    size_t words = record_words(record->unit_count);
    CHECK(tail == 0 || record->failed[words - 1] >> tail == 0);
    for (size_t i = words; i < record_words(record->unit_max); i++)
        CHECK(record->failed[i] == 0);
}

static bool report_mismatch(const struct experiment_design *design,
                            const struct synchrony_mismatch *mismatch, struct error *error)
{
    const struct purpose *purpose =
        design->model->purposes == NULL
            ? NULL
            : purpose_find(design->model->purposes, mismatch->name.purpose);
    const char *name = purpose == NULL ? "unnamed" : purpose->name;
    const char *variant = design->variants[mismatch->variant].name;
    if (mismatch->variant == mismatch->reference_variant)
        return error_set(
            error, ERROR_INTERNAL,
            "variant \"%s\" used one draw (%s: entity %u, purpose %u, occurrence %u) "
            "for two things, with the values %llu and %llu; this is a bug of the model",
            variant, name, mismatch->name.entity, mismatch->name.purpose, mismatch->name.occurrence,
            (unsigned long long)mismatch->reference_value, (unsigned long long)mismatch->value);
    return error_set(error, ERROR_INTERNAL,
                     "the variants do not see the same world: draw (%s: entity %u, purpose %u, "
                     "occurrence %u) is %llu in \"%s\" and %llu in \"%s\"; they may differ in the "
                     "engine, not in what the world does",
                     name, mismatch->name.entity, mismatch->name.purpose, mismatch->name.occurrence,
                     (unsigned long long)mismatch->reference_value,
                     design->variants[mismatch->reference_variant].name,
                     (unsigned long long)mismatch->value, variant);
}

/* Keep what the checker found about the variant that has just been run. */
static bool check_synchrony(struct worker *worker, struct slot_run *run, struct error *error)
{
    run->checked_share = 1;
    if (worker->synchrony == NULL)
        return true;
    struct synchrony_result found = synchrony_result(worker->synchrony);
    run->common_count = found.common_count;
    run->digest = found.digest;
    run->reference_digest = found.reference_digest;
    run->checked_share = found.checked_share;
    if (found.mismatch_count == 0)
        return true;
    return report_mismatch(worker->team->design, &found.mismatch, error);
}

static bool run_variant(struct worker *worker, uint32_t replication, uint32_t variant,
                        struct slot_run *run)
{
    const struct experiment_design *design = worker->team->design;
    const struct model *model = design->model;
    const void *parameters = design->variants[variant].parameters;
    arena_reset(worker->run_arena);
    struct record_shape shape = {
        .unit_max = model->units_max(parameters),
        .metric_count = (uint32_t)model->metric_count,
        .histogram_count = (uint32_t)model->histogram_count,
        .series_count = (uint32_t)model->series_count,
    };
    struct record *record = record_create(worker->run_arena, shape);
    struct oracle oracle = oracle_make(design->seed, replication, NULL, worker->synchrony);
    struct collector collector = {.arena = worker->record_arena, .row_max = shape.unit_max};
    struct model_sink sink = {.context = &collector, .row = collect_row};
    struct model_run model_run = {
        .parameters = parameters,
        .variant = variant,
        .replication = replication,
        .oracle = &oracle,
        .arena = worker->run_arena,
        .interrupted = design->interrupted,
    };
    if (wants_rows(design, replication)) {
        run->rows = arena_take(worker->record_arena, sizeof *run->rows);
        run->rows->column_count = model->row_column_count;
        collector.table = run->rows;
        model_run.sink = &sink;
    }
    if (worker->synchrony != NULL)
        synchrony_begin_variant(worker->synchrony, variant);
    if (!model->run(&model_run, record, &worker->error) ||
        !check_synchrony(worker, run, &worker->error))
        return error_context(&worker->error, "replication %u, variant \"%s\"", replication,
                             design->variants[variant].name);
    record->draw_count = oracle.draw_count;
    model_align_series(model, record);
    check_record(model, record);
    record_copy(&run->record, record, worker->record_arena);
    return true;
}

static bool run_replication(struct worker *worker, uint32_t index)
{
    const struct experiment_design *design = worker->team->design;
    struct slot *slot = &worker->team->result->store->slots[index];
    slot->runs = arena_take_array(worker->record_arena, design->variant_count, sizeof *slot->runs);
    if (worker->synchrony != NULL)
        synchrony_begin_replication(worker->synchrony);
    for (uint32_t v = 0; v < design->variant_count; v++)
        if (!run_variant(worker, design->first_replication + index, v, &slot->runs[v]))
            return false;
    slot->is_done = true;
    return true;
}

/* Tell the others, and people, about one replication that is over. */
static void note_finished(struct worker *worker, uint32_t index, bool is_good)
{
    struct team *team = worker->team;
    const struct slot *slot = &team->result->store->slots[index];
    pthread_mutex_lock(&team->mutex);
    if (is_good) {
        team->finished_count++;
        for (uint32_t v = 0; v < team->design->variant_count; v++) {
            team->units[v] += slot->runs[v].record.unit_count;
            team->failed[v] += record_failed_count(&slot->runs[v].record);
        }
    } else if (index < team->error_replication) {
        team->error_replication = index;
        team->error = worker->error;
        atomic_store(&team->stop, index);
    }
    pthread_mutex_unlock(&team->mutex);
}

static bool is_interrupted(const struct experiment_design *design)
{
    return design->interrupted != NULL &&
           __atomic_load_n(design->interrupted, __ATOMIC_RELAXED) != 0;
}

/* Replications are handed out in order and, unless somebody interrupts, finished once begun. So
 * when one has failed, all below it have been begun, and the one reported is the lowest that fails,
 * whatever the threads do. */
static void *work(void *context)
{
    struct worker *worker = context;
    struct team *team = worker->team;
    while (!is_interrupted(team->design)) {
        uint64_t index = atomic_fetch_add(&team->next, 1);
        if (index >= team->design->replication_count || index >= atomic_load(&team->stop))
            break;
        bool is_good = run_replication(worker, (uint32_t)index);
        if (!is_good && worker->error.code == ERROR_INTERRUPTED)
            break; /* It was abandoned, as if it had not been begun. */
        note_finished(worker, (uint32_t)index, is_good);
    }
    pthread_mutex_lock(&team->mutex);
    team->working_count--;
    pthread_cond_signal(&team->changed);
    pthread_mutex_unlock(&team->mutex);
    return NULL;
}

static void show_progress(const struct team *team)
{
    const struct experiment_design *design = team->design;
    if (design->progress == NULL)
        return;
    design->progress(design->progress_context, &(struct experiment_progress){
                                                   .replications_finished = team->finished_count,
                                                   .replications_total = design->replication_count,
                                                   .variant_count = design->variant_count,
                                                   .units = team->units,
                                                   .failed = team->failed,
                                               });
}

/* Show progress until the last worker has stopped. The clock paces people's eyes and nothing else.
 * The mutex is held while the callback runs, so a slow terminal slows workers down; once in 100 ms
 * that does not matter. */
static void watch(struct team *team)
{
    struct timespec wake;
    clock_gettime(CLOCK_MONOTONIC, &wake);
    pthread_mutex_lock(&team->mutex);
    while (team->working_count > 0) {
        wake.tv_nsec += PROGRESS_INTERVAL_NS;
        if (wake.tv_nsec >= NS_PER_S) {
            wake.tv_nsec -= NS_PER_S;
            wake.tv_sec++;
        }
        int status = 0;
        while (team->working_count > 0 && status != ETIMEDOUT)
            status = pthread_cond_timedwait(&team->changed, &team->mutex, &wake);
        if (team->working_count > 0)
            show_progress(team);
    }
    show_progress(team);
    pthread_mutex_unlock(&team->mutex);
}

static void init_worker(struct worker *worker, struct team *team, struct arena *record_arena)
{
    const struct experiment_design *design = team->design;
    worker->team = team;
    worker->run_arena = arena_create("one run", design->arena_limit_bytes);
    worker->record_arena = record_arena;
    if (design->variant_count > 1 && !design->without_synchrony_check)
        worker->synchrony = synchrony_create(0);
}

static void close_worker(struct worker *worker, struct result *result)
{
    result->memory_bytes +=
        arena_held_bytes(worker->run_arena) + arena_held_bytes(worker->record_arena);
    arena_destroy(worker->run_arena);
    synchrony_destroy(worker->synchrony);
}

/* Start the workers, watch them, join them. A thread that the system does not give is done without:
 * the result is the same. Returns how many there were. */
static uint32_t run_workers(struct team *team, struct worker *workers, uint32_t thread_count)
{
    uint32_t started = 0;
    for (; started < thread_count; started++) {
        pthread_mutex_lock(&team->mutex);
        team->working_count++;
        pthread_mutex_unlock(&team->mutex);
        if (pthread_create(&workers[started].thread, NULL, work, &workers[started]) != 0)
            break;
    }
    if (started < thread_count) {
        pthread_mutex_lock(&team->mutex);
        team->working_count--;
        pthread_mutex_unlock(&team->mutex);
    }
    watch(team);
    for (uint32_t i = 0; i < started; i++)
        pthread_join(workers[i].thread, NULL);
    return started;
}

static bool check_design(const struct experiment_design *design, struct error *error)
{
    CHECK(design->model != NULL && design->variants != NULL && design->variant_count > 0);
    if (design->replication_count == 0)
        return error_set(error, ERROR_USAGE, "the number of replications must be at least 1");
    if (design->replication_count > EXPERIMENT_REPLICATIONS_MAX)
        return error_set(error, ERROR_USAGE,
                         "%u replications are more than %d at once; run the rest as a second "
                         "experiment with a later first replication",
                         design->replication_count, EXPERIMENT_REPLICATIONS_MAX);
    if (design->first_replication > UINT32_MAX - (design->replication_count - 1))
        return error_set(error, ERROR_USAGE, "replications are numbered up to %u", UINT32_MAX);
    if (design->thread_count == 0 || design->thread_count > EXPERIMENT_THREADS_MAX)
        return error_set(error, ERROR_USAGE, "the number of threads must be 1 to %d, not %u",
                         EXPERIMENT_THREADS_MAX, design->thread_count);
    return true;
}

static void init_team(struct team *team, struct arena *arena)
{
    uint32_t variants = team->design->variant_count;
    atomic_init(&team->next, 0);
    atomic_init(&team->stop, UINT64_MAX);
    team->error_replication = UINT64_MAX;
    team->units = arena_take_array(arena, variants, sizeof *team->units);
    team->failed = arena_take_array(arena, variants, sizeof *team->failed);
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&team->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    pthread_mutex_init(&team->mutex, NULL);
}

bool experiment_run(const struct experiment_design *design, struct result **result,
                    struct error *error)
{
    if (!check_design(design, error))
        return false;
    uint32_t thread_count = design->thread_count;
    if (thread_count > design->replication_count)
        thread_count = design->replication_count;
    struct result head = {
        .model = design->model,
        .variants = design->variants,
        .variant_count = design->variant_count,
        .seed = design->seed,
        .first_replication = design->first_replication,
        .replications_planned = design->replication_count,
    };
    struct result *made = result_create(&head, thread_count);
    struct arena *arena = arena_create("experiment", 0);
    struct team *team = arena_take(arena, sizeof *team);
    team->design = design;
    team->result = made;
    init_team(team, arena);
    struct worker *workers = arena_take_array(arena, thread_count, sizeof *workers);
    for (uint32_t i = 0; i < thread_count; i++)
        init_worker(&workers[i], team, made->store->thread_arenas[i]);
    uint32_t started = run_workers(team, workers, thread_count);
    for (uint32_t i = 0; i < thread_count; i++)
        close_worker(&workers[i], made);
    bool is_good = team->error_replication == UINT64_MAX;
    if (started == 0)
        is_good = error_set(error, ERROR_INTERNAL, "the system gives no thread to work on");
    else if (!is_good && error != NULL)
        *error = team->error;
    pthread_cond_destroy(&team->changed);
    pthread_mutex_destroy(&team->mutex);
    arena_destroy(arena);
    if (!is_good) {
        result_destroy(made);
        return false;
    }
    result_finish(made);
    *result = made;
    return true;
}
