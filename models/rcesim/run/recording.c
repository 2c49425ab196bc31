#include "models/rcesim/run/recording.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "models/engines/engines.h"
#include "models/engines/recorder.h"
#include "models/rcesim/format/domain.h"
#include "models/rcesim/run/single.h"
#include "models/vmc/config.h"
#include "reports/tsv.h"
#include "sim/base/check.h"
#include "sim/base/text.h"

/* Choosing */

static bool parse_number(const char *text, uint32_t *number)
{
    char *end;
    if (*text < '0' || *text > '9' || strlen(text) > 10)
        return false;
    unsigned long long value = strtoull(text, &end, 10);
    *number = (uint32_t)value;
    return *end == '\0' && value <= UINT32_MAX;
}

static bool parse_word(struct recording_choice *choice, const char *word, struct error *error)
{
    struct {
        const char *name;
        uint32_t *count;
    } kinds[] = {{"failed", &choice->failed},
                 {"succeeded", &choice->succeeded},
                 {"sampled", &choice->sampled}};
    uint32_t number;
    if (strcmp(word, "all") == 0) {
        choice->is_all = true;
        return true;
    }
    if (parse_number(word, &number) && choice->number_count < RECORDING_WORKFLOWS_MAX) {
        choice->numbers[choice->number_count++] = number;
        return true;
    }
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        size_t length = strlen(kinds[i].name);
        if (strncmp(word, kinds[i].name, length) != 0 ||
            (word[length] != '\0' && word[length] != ':'))
            continue;
        if (word[length] == '\0')
            *kinds[i].count = 1;
        else if (!parse_number(word + length + 1, kinds[i].count))
            break;
        return true;
    }
    return error_set(error, ERROR_USAGE,
                     "\"%s\" chooses no workflows; take failed:N, succeeded:N, sampled:N, numbers "
                     "of workflows, or all, with commas between them",
                     word);
}

bool recording_parse(struct recording_choice *choice, struct arena *arena, const char *text,
                     struct error *error)
{
    struct recording_choice parsed = {0};
    char *rest = arena_copy_text(arena, text);
    for (char *at = rest; at != NULL; at = rest) {
        rest = strchr(at, ',');
        if (rest != NULL)
            *rest++ = '\0';
        if (!parse_word(&parsed, at, error))
            return false;
    }
    uint64_t count =
        (uint64_t)parsed.failed + parsed.succeeded + parsed.sampled + parsed.number_count;
    if (!parsed.is_all && count > RECORDING_WORKFLOWS_MAX)
        return error_set(error, ERROR_USAGE,
                         "\"%s\" are more than %d workflows; `all` records any number of them, in "
                         "one history",
                         text, RECORDING_WORKFLOWS_MAX);
    if (!parsed.is_all && count == 0)
        return error_set(error, ERROR_USAGE, "\"%s\" chooses no workflow", text);
    *choice = parsed;
    return true;
}

/* One workflow among all, in an order that is as good as random. */
struct lot {
    uint64_t hash;
    uint32_t workflow;
};

static int by_hash(const void *a, const void *b)
{
    const struct lot *first = a, *second = b;
    if (first->hash != second->hash)
        return first->hash < second->hash ? -1 : 1;
    return first->workflow < second->workflow ? -1 : first->workflow > second->workflow;
}

static void choose_sample(const struct recording *recording, struct arena *arena, bool *is_chosen,
                          uint32_t count)
{
    struct lot *lots = arena_take_array(arena, count, sizeof *lots);
    for (uint32_t i = 0; i < count; i++) {
        uint64_t words[] = {recording->configuration->seed, recording->replication, i};
        lots[i] = (struct lot){text_hash(words, sizeof words), i};
    }
    qsort(lots, count, sizeof *lots, by_hash);
    for (uint32_t i = 0; i < count && i < recording->choice.sampled; i++)
        is_chosen[lots[i].workflow] = true;
}

/* is_chosen[record->unit_count] */
static void choose(const struct recording *recording, struct arena *arena,
                   const struct record *record, bool *is_chosen)
{
    const struct recording_choice *choice = &recording->choice;
    uint32_t count = record->unit_count, failed = 0, succeeded = 0;
    for (uint32_t i = 0; i < count; i++) {
        bool is_failed = record_is_failed(record, i);
        is_chosen[i] = is_failed ? failed++ < choice->failed : succeeded++ < choice->succeeded;
    }
    if (choice->sampled > 0)
        choose_sample(recording, arena, is_chosen, count);
    for (uint32_t i = 0; i < choice->number_count; i++)
        is_chosen[choice->numbers[i]] = true;
}

/* Recording one variant */

/* What is written of a variant: a file for each track that had anything to say. */
struct shelf {
    const struct recording *recording;
    struct directory *directory;
    uint32_t variant;
    bool is_shared;
    uint64_t left_bytes;
    const struct record *record;
    struct recorder_track *tracks;
    FILE **files;       /* [track_count] */
    const char **names; /* [track_count] */
    size_t track_count;
    struct error *error; /* Of the first file that could not be made. */
    bool is_broken;
};

/* The track of all workflows of the new engine is the one after that of the old. */
static const char *name_of(const struct shelf *shelf, size_t index)
{
    const struct recording *recording = shelf->recording;
    const char *variant = recording->configuration->variants[shelf->variant].name;
    uint64_t workflow = shelf->tracks[index].workflow;
    if (workflow == RECORDER_ALL)
        return arena_print(recording->arena, "%s-r%" PRIu32 "%s.jsonl", variant,
                           recording->replication, index == 0 ? "" : "-new");
    return arena_print(recording->arena, "%s-r%" PRIu32 "-w%" PRIu64 ".jsonl", variant,
                       recording->replication, workflow);
}

static FILE *open_file(void *context, struct recorder_track *track)
{
    struct shelf *shelf = context;
    size_t index = (size_t)(track - shelf->tracks);
    shelf->names[index] = name_of(shelf, index);
    shelf->files[index] =
        shelf->is_broken
            ? NULL
            : directory_create_file(shelf->directory, shelf->names[index], shelf->error);
    shelf->is_broken = shelf->files[index] == NULL;
    return shelf->files[index];
}

/* Simulate one replication of a variant with recorders around its engines. `tracks_new` are those
 * of the new engine of a rollout, which may be the same. */
struct session {
    const struct recording *recording;
    uint32_t variant;
    struct recorder_track *tracks, *tracks_new;
    size_t track_count, track_new_count;
};

static struct recorder *wrap(const struct session *session, struct arena *arena,
                             struct recorder_source source, bool is_new)
{
    const struct engine *engine =
        configure_find_engine(session->recording->configuration, source.options);
    source.config = engine != NULL ? engine->spec->config : NULL;
    if (source.settings == NULL)
        source.settings = source.options;
    return recorder_create(arena, &source, is_new ? session->tracks_new : session->tracks,
                           is_new ? session->track_new_count : session->track_count);
}

static bool simulate(const struct session *session, struct error *error)
{
    const struct configuration *configuration = session->recording->configuration;
    struct arena *arena = arena_create("a recorded replication", 0);
    struct vmc_parameters parameters =
        *(const struct vmc_parameters *)configuration->variants[session->variant].parameters;
    struct recorder *old = wrap(session, arena,
                                (struct recorder_source){.engine = parameters.engine,
                                                         .settings = parameters.settings,
                                                         .options = parameters.options},
                                false);
    struct vmc_rollout rollout;
    parameters.engine = recorder_engine(old);
    parameters.settings = recorder_settings(old);
    if (parameters.rollout != NULL && parameters.rollout->engine != NULL) {
        rollout = *parameters.rollout;
        struct recorder *new = wrap(session, arena,
                                    (struct recorder_source){.engine = rollout.engine,
                                                             .settings = rollout.settings,
                                                             .options = rollout.options},
                                    true);
        rollout.engine = recorder_engine(new);
        rollout.settings = recorder_settings(new);
        parameters.rollout = &rollout;
    }
    struct experiment_variant variant = {.name = configuration->variants[session->variant].name,
                                         .parameters = &parameters};
    struct configuration one = *configuration;
    one.variants = &variant;
    one.variant_count = 1;
    struct single single = {.configuration = &one,
                            .replication = session->recording->replication,
                            .interrupted = session->recording->interrupted};
    const struct record *record;
    bool is_good = single_run(&single, arena, &record, error);
    if (!is_good)
        error_context(error, "while recording variant \"%s\"", variant.name);
    arena_destroy(arena);
    return is_good;
}

/* Do all workflows have to be recorded, so that one of them can be repeated? */
static bool is_shared(const struct recording *recording, uint32_t variant)
{
    const struct vmc_parameters *parameters =
        recording->configuration->variants[variant].parameters;
    const struct vmc_rollout *rollout = parameters->rollout;
    return recorder_is_shared(parameters->options) ||
           (rollout != NULL && rollout->engine != NULL && recorder_is_shared(rollout->options));
}

static void make_tracks(struct shelf *shelf, const bool *is_chosen)
{
    struct arena *arena = shelf->recording->arena;
    bool is_whole = shelf->recording->choice.is_all || shelf->is_shared;
    uint32_t count = 0;
    for (uint32_t i = 0; i < shelf->record->unit_count; i++)
        count += is_chosen[i];
    shelf->track_count = is_whole ? 2 : count;
    shelf->tracks = arena_take_array(arena, shelf->track_count + 1, sizeof *shelf->tracks);
    shelf->files = arena_take_array(arena, shelf->track_count + 1, sizeof(FILE *));
    shelf->names = arena_take_array(arena, shelf->track_count + 1, sizeof(const char *));
    struct recorder_track common = {
        .open = open_file, .context = shelf, .left_bytes = &shelf->left_bytes};
    for (size_t i = 0; i < shelf->track_count; i++)
        shelf->tracks[i] = common;
    if (is_whole) {
        shelf->tracks[0].workflow = shelf->tracks[1].workflow = RECORDER_ALL;
        return;
    }
    size_t at = 0;
    for (uint32_t i = 0; i < shelf->record->unit_count; i++)
        if (is_chosen[i])
            shelf->tracks[at++].workflow = i;
}

static void list_history(const struct shelf *shelf, size_t index, struct tsv *list)
{
    const struct recorder_track *track = &shelf->tracks[index];
    const struct recording *recording = shelf->recording;
    bool is_whole = track->workflow == RECORDER_ALL;
    tsv_text(list, shelf->names[index]);
    tsv_text(list, recording->configuration->variants[shelf->variant].name);
    tsv_count(list, recording->replication);
    if (is_whole)
        tsv_empty(list);
    else
        tsv_count(list, (int64_t)track->workflow);
    tsv_text(list, is_whole                                                     ? "all"
                   : record_is_failed(shelf->record, (uint32_t)track->workflow) ? "failed"
                                                                                : "succeeded");
    tsv_count(list, (int64_t)track->inputs);
    tsv_count(list, (int64_t)track->size_bytes);
    tsv_text(list, track->is_cut ? "cut" : "whole");
    tsv_end_row(list);
}

/* Close all files, and list what is in them. */
static bool close_shelf(struct shelf *shelf, struct tsv *list, struct recording_report *report)
{
    bool is_good = !shelf->is_broken;
    for (size_t i = 0; i < shelf->track_count; i++) {
        const struct recorder_track *track = &shelf->tracks[i];
        if (shelf->files[i] == NULL)
            continue;
        is_good = directory_close_file(shelf->directory, shelf->names[i], shelf->files[i],
                                       is_good ? shelf->error : NULL) &&
                  is_good;
        list_history(shelf, i, list);
        report->history_count++;
        report->cut_count += track->is_cut;
        report->size_bytes += track->size_bytes;
    }
    bool is_whole = shelf->track_count > 0 && shelf->tracks[0].workflow == RECORDER_ALL;
    uint64_t recorded = is_whole ? shelf->record->unit_count : shelf->track_count;
    report->workflow_count += recorded;
    report->left_out_count += shelf->record->unit_count - recorded;
    report->shared_count += shelf->is_shared && !shelf->recording->choice.is_all;
    return is_good;
}

/* The record of the replication, from the result or by simulating it. */
static bool find_record(const struct recording *recording, const struct result *result,
                        uint32_t variant, struct arena *arena, const struct record **record,
                        struct error *error)
{
    bool is_there = result != NULL && recording->replication >= result->first_replication &&
                    recording->replication - result->first_replication < result->replication_count;
    if (is_there) {
        *record =
            result_record(result, recording->replication - result->first_replication, variant);
        return true;
    }
    struct single single = {.configuration = recording->configuration,
                            .variant = variant,
                            .replication = recording->replication,
                            .interrupted = recording->interrupted};
    return single_run(&single, arena, record, error);
}

static bool record_variant(const struct recording *recording, struct shelf *shelf, struct tsv *list,
                           struct recording_report *report)
{
    struct arena *arena = recording->arena;
    bool *is_chosen = arena_take_array(arena, shelf->record->unit_count, sizeof *is_chosen);
    shelf->is_shared = is_shared(recording, shelf->variant);
    shelf->left_bytes = recording->size_max_bytes / recording->configuration->variant_count;
    choose(recording, arena, shelf->record, is_chosen);
    make_tracks(shelf, is_chosen);
    bool is_whole = shelf->track_count > 0 && shelf->tracks[0].workflow == RECORDER_ALL;
    struct session session = {
        .recording = recording,
        .variant = shelf->variant,
        .tracks = shelf->tracks,
        .track_count = is_whole ? 1 : shelf->track_count,
        .tracks_new = shelf->tracks + is_whole,
        .track_new_count = is_whole ? 1 : shelf->track_count,
    };
    bool is_good = shelf->track_count == 0 || simulate(&session, shelf->error);
    if (!is_good)
        shelf->error = NULL; /* It has what came first. */
    return close_shelf(shelf, list, report) && is_good;
}

static bool write_all(const struct recording *recording, const struct result *result,
                      struct directory *directory, struct recording_report *report,
                      struct error *error)
{
    static const char *const columns[] = {"file",    "variant", "replication", "workflow",
                                          "outcome", "inputs",  "bytes",       "extent"};
    FILE *file = directory_create_file(directory, RECORDING_MARK, error);
    if (file == NULL)
        return false;
    struct tsv list = tsv_make(file);
    tsv_header(&list, columns, sizeof columns / sizeof columns[0]);
    bool is_good = true;
    for (uint32_t v = 0; is_good && v < recording->configuration->variant_count; v++) {
        struct shelf shelf = {
            .recording = recording, .directory = directory, .variant = v, .error = error};
        struct arena *arena = arena_create("the replication to be recorded", 0);
        is_good = find_record(recording, result, v, arena, &shelf.record, error) &&
                  record_variant(recording, &shelf, &list, report);
        arena_destroy(arena);
    }
    return directory_close_file(directory, RECORDING_MARK, file, is_good ? error : NULL) && is_good;
}

bool recording_write(const struct recording *recording, const struct result *result,
                     struct recording_report *report, struct error *error)
{
    struct directory *directory;
    struct recording_report made = {0};
    if (!directory_open(&directory, recording->arena, &recording->target, error))
        return false;
    if (!write_all(recording, result, directory, &made, error)) {
        directory_discard(directory);
        return false;
    }
    if (!directory_commit(directory, error))
        return false;
    *report = made;
    return true;
}

static FILE *take_file(void *context, struct recorder_track *track)
{
    (void)track;
    return context;
}

bool recording_write_one(const struct recording *recording, uint32_t variant, uint32_t workflow,
                         FILE *file, bool *was_shared, struct error *error)
{
    uint64_t left_bytes = UINT64_MAX;
    *was_shared = is_shared(recording, variant);
    struct recorder_track track = {.workflow = *was_shared ? RECORDER_ALL : workflow,
                                   .open = take_file,
                                   .context = file,
                                   .left_bytes = &left_bytes};
    struct session session = {.recording = recording,
                              .variant = variant,
                              .tracks = &track,
                              .track_count = 1,
                              .tracks_new = &track,
                              .track_new_count = *was_shared ? 0 : 1};
    return simulate(&session, error);
}

bool recording_check(const struct recording *recording, struct error *error)
{
    const struct configuration *configuration = recording->configuration;
    const struct recording_choice *choice = &recording->choice;
    if (configuration->domain != &domain_vmc)
        return error_set(error, ERROR_USAGE,
                         "--record writes down engines, and the model \"%s\" has none",
                         configuration->domain->model->name);
    if (recording->replication >= configuration->replication_count)
        return error_set(error, ERROR_USAGE,
                         "--record-replication %" PRIu32 ": the scenario has 0 to %" PRIu32,
                         recording->replication, configuration->replication_count - 1);
    for (uint32_t i = 0; i < choice->number_count; i++)
        if (choice->numbers[i] >= configuration->unit_count)
            return error_set(error, ERROR_USAGE,
                             "--record-workflows: there is no workflow %" PRIu32
                             "; the scenario has 0 to %" PRIu32,
                             choice->numbers[i], configuration->unit_count - 1);
    return directory_check(&recording->target, error);
}
