#include "models/engines/recorder.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "models/engines/wrapper.h"

struct recorder {
    struct wrapper *wrapper;
    const struct rce_options *options;
    const char *config; /* Without what is the driver's part of it. */
    struct arena *arena;
    struct recorder_track *tracks;
    size_t track_count;
};

/* What is kept of a workflow. */
struct recorded_workflow {
    struct recorder_track *track; /* NULL: it is not recorded. */
    uint32_t id;
};

/* Tracks */

static void count_bytes(struct recorder_track *track)
{
    uint64_t size_bytes = transcript_size_bytes(track->writer);
    uint64_t more_bytes = size_bytes - track->size_bytes;
    *track->left_bytes -= more_bytes < *track->left_bytes ? more_bytes : *track->left_bytes;
    track->size_bytes = size_bytes;
}

/* The writer of a track, made and told who speaks where necessary; NULL: nothing is to be written.
 */
static struct transcript_writer *writer_of(const struct recorder *recorder,
                                           struct recorder_track *track)
{
    if (*track->left_bytes == 0)
        track->is_cut = true;
    if (track->is_cut || track->is_refused)
        return NULL;
    if (track->writer == NULL) {
        FILE *file = track->open(track->context, track);
        track->is_refused = file == NULL;
        if (track->is_refused)
            return NULL;
        track->writer = transcript_write(recorder->arena, file);
    }
    if (track->speaker != recorder) {
        track->is_cut = !transcript_put_start(track->writer, wrapper_engine(recorder->wrapper),
                                              recorder->options, recorder->config);
        if (track->is_cut)
            return NULL;
        track->speaker = recorder;
    }
    return track->writer;
}

static struct recorder_track *find_track(const struct recorder *recorder, uint64_t workflow)
{
    for (size_t i = 0; i < recorder->track_count; i++) {
        uint64_t wanted = recorder->tracks[i].workflow;
        if (wanted == workflow || wanted == RECORDER_ALL)
            return &recorder->tracks[i];
    }
    return NULL;
}

/* What is told */

static void process_begun(void *context)
{
    struct recorder *recorder = context;
    for (size_t i = 0; i < recorder->track_count; i++) {
        struct recorder_track *track = &recorder->tracks[i];
        struct transcript_writer *writer =
            track->speaker == recorder ? writer_of(recorder, track) : NULL;
        if (writer == NULL)
            continue; /* Nothing was said to this process before. */
        transcript_put_reset(writer);
        count_bytes(track);
    }
}

/* The writer for a workflow that begins here; NULL: nothing is to be written of it. */
static struct transcript_writer *
begin(struct recorder *recorder, struct recorded_workflow *workflow, const struct rce_plan *plan)
{
    workflow->track = find_track(recorder, plan->workflow);
    if (workflow->track == NULL)
        return NULL;
    workflow->id = ++workflow->track->last_id;
    return writer_of(recorder, workflow->track);
}

static void initialised(void *context, void *own, const struct rce_plan *plan)
{
    struct recorded_workflow *workflow = own;
    struct transcript_writer *writer = begin(context, workflow, plan);
    if (writer == NULL)
        return;
    transcript_put_begin(writer, workflow->id, plan);
    count_bytes(workflow->track);
}

static void loaded(void *context, void *own, const struct rce_plan *plan, const void *bytes,
                   size_t size_bytes)
{
    struct recorded_workflow *workflow = own;
    struct transcript_writer *writer = begin(context, workflow, plan);
    if (writer == NULL)
        return;
    workflow->track->is_cut = !transcript_put_load(writer, workflow->id, plan, bytes, size_bytes);
    count_bytes(workflow->track);
}

static void stepped(void *context, void *own, const struct rce_input *input, enum rce_status status,
                    const struct rce_actions *actions)
{
    const struct recorded_workflow *workflow = own;
    if (workflow->track == NULL)
        return;
    struct transcript_writer *writer = writer_of(context, workflow->track);
    /* What cannot be written is forbidden, and ends the run. */
    if (writer == NULL || actions->count > RCE_ACTIONS_MAX ||
        !transcript_put_step(writer, workflow->id, input, status, actions))
        return;
    workflow->track->inputs++;
    count_bytes(workflow->track);
}

static void ended(void *context, void *own)
{
    const struct recorded_workflow *workflow = own;
    /* Who has gone to another engine meanwhile has ended here without a word. */
    if (workflow->track == NULL || workflow->track->speaker != context)
        return;
    struct transcript_writer *writer = writer_of(context, workflow->track);
    if (writer == NULL)
        return;
    transcript_put_end(writer, workflow->id);
    count_bytes(workflow->track);
}

/* Making one */

/* The config as the engine gets it, in one line. */
static const char *own_config(struct arena *arena, const char *config)
{
    json_t *root = json_loads(config != NULL ? config : "{}", 0, NULL);
    json_object_del(root, "process");
    char *text = json_is_object(root) ? json_dumps(root, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
    const char *copy = arena_copy_text(arena, text != NULL ? text : "{}");
    free(text);
    json_decref(root);
    return copy;
}

struct recorder *recorder_create(struct arena *arena, const struct recorder_source *source,
                                 struct recorder_track *tracks, size_t track_count)
{
    static const struct wrapper_hooks hooks = {
        .own_size_bytes = sizeof(struct recorded_workflow),
        .process_begun = process_begun,
        .initialised = initialised,
        .loaded = loaded,
        .stepped = stepped,
        .ended = ended,
    };
    struct recorder *recorder = arena_take(arena, sizeof *recorder);
    *recorder = (struct recorder){.options = source->options,
                                  .config = own_config(arena, source->config),
                                  .arena = arena,
                                  .tracks = tracks,
                                  .track_count = track_count};
    recorder->wrapper = wrapper_create(arena, source->engine, source->settings, &hooks, recorder);
    return recorder;
}

const struct rce_engine *recorder_engine(const struct recorder *recorder)
{
    return wrapper_engine(recorder->wrapper);
}

const void *recorder_settings(const struct recorder *recorder)
{
    return wrapper_settings(recorder->wrapper);
}

static bool shares(const struct rce_retry_policy *policy)
{
    return policy->budget_capacity > 0 || policy->limiter_per_s > 0;
}

bool recorder_is_shared(const struct rce_options *options)
{
    return (options->retry && shares(&options->retry_policy)) ||
           (options->precheck && shares(&options->precheck_poll));
}
