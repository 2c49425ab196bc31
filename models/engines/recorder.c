#include "models/engines/recorder.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/check.h"

struct recorder {
    struct rce_engine table; /* That of the engine, with the functions of this file. */
    struct recorder_source source;
    const char *config; /* Without what is the driver's part of it. */
    struct arena *arena;
    struct recorder_track *tracks;
    size_t track_count;
    const struct recorder *self; /* What the settings are: a pointer to all of this. */
};

/* The blocks that the driver sees. Those of the engine are apart, because their size depends on an
 * engine that state_size_bytes is not told. */
struct recorded_process {
    struct recorder *recorder;
    void *inner;
};

struct recorded_workflow {
    const struct rce_engine *engine;
    void *inner;
    struct recorder_track *track; /* NULL: it is not recorded. */
    uint32_t id;
};

/* The table hands the settings over as constant; what they lead to belongs to one run. */
static struct recorder *recorder_of(const void *settings)
{
    union {
        const struct recorder *constant;
        struct recorder *plain;
    } recorder = {*(const struct recorder *const *)settings};
    return recorder.plain;
}

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
        track->is_cut = !transcript_put_start(track->writer, &recorder->table,
                                              recorder->source.options, recorder->config);
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

/* The functions of the contract */

static void process_begin(void *block, const void *settings)
{
    struct recorded_process *process = block;
    struct recorder *recorder = recorder_of(settings);
    const struct rce_engine *engine = recorder->source.engine;
    *process = (struct recorded_process){
        .recorder = recorder, .inner = arena_take(recorder->arena, engine->process_size_bytes)};
    if (engine->process_begin != NULL)
        engine->process_begin(process->inner, recorder->source.settings);
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

static void process_end(void *block)
{
    struct recorded_process *process = block;
    const struct rce_engine *engine = process->recorder->source.engine;
    if (engine->process_end != NULL)
        engine->process_end(process->inner);
}

static const char *complaint(const void *block)
{
    const struct recorded_process *process = block;
    const struct rce_engine *engine = process->recorder->source.engine;
    return engine->complaint != NULL ? engine->complaint(process->inner) : NULL;
}

static size_t state_size_bytes(const struct rce_plan *plan)
{
    (void)plan;
    return sizeof(struct recorded_workflow);
}

static struct recorded_workflow make_workflow(const struct recorded_process *process,
                                              const struct rce_plan *plan)
{
    struct recorder *recorder = process->recorder;
    const struct rce_engine *engine = recorder->source.engine;
    return (struct recorded_workflow){
        .engine = engine,
        .inner = arena_take(recorder->arena, engine->state_size_bytes(plan)),
        .track = find_track(recorder, plan->workflow),
    };
}

static void init(void *block, void *process_block, const struct rce_plan *plan,
                 const void *settings)
{
    struct recorded_workflow *workflow = block;
    struct recorded_process *process = process_block;
    const struct recorder *recorder = process->recorder;
    (void)settings;
    *workflow = make_workflow(process, plan);
    workflow->engine->init(workflow->inner, process->inner, plan, recorder->source.settings);
    if (workflow->track == NULL)
        return;
    workflow->id = ++workflow->track->last_id;
    struct transcript_writer *writer = writer_of(recorder, workflow->track);
    if (writer == NULL)
        return;
    transcript_put_begin(writer, workflow->id, plan);
    count_bytes(workflow->track);
}

static bool load(void *block, void *process_block, const struct rce_plan *plan,
                 const void *settings, const void *bytes, size_t size_bytes)
{
    struct recorded_process *process = process_block;
    const struct recorder *recorder = process->recorder;
    struct recorded_workflow made = make_workflow(process, plan);
    (void)settings;
    if (!made.engine->load(made.inner, process->inner, plan, recorder->source.settings, bytes,
                           size_bytes))
        return false; /* The workflow stays where it is, and the history goes on there. */
    *(struct recorded_workflow *)block = made;
    if (made.track == NULL)
        return true;
    struct recorded_workflow *workflow = block;
    workflow->id = ++made.track->last_id;
    struct transcript_writer *writer = writer_of(recorder, made.track);
    if (writer == NULL)
        return true;
    made.track->is_cut = !transcript_put_load(writer, workflow->id, plan, bytes, size_bytes);
    count_bytes(made.track);
    return true;
}

static enum rce_status step(void *block, void *process_block, const struct rce_input *input,
                            struct rce_actions *out)
{
    const struct recorded_workflow *workflow = block;
    struct recorded_process *process = process_block;
    enum rce_status status = workflow->engine->step(workflow->inner, process->inner, input, out);
    if (workflow->track == NULL || status == RCE_BROKEN)
        return status;
    struct transcript_writer *writer = writer_of(process->recorder, workflow->track);
    /* What cannot be written is forbidden, and ends the run. */
    if (writer == NULL || out->count > RCE_ACTIONS_MAX ||
        !transcript_put_step(writer, workflow->id, input, status, out))
        return status;
    workflow->track->inputs++;
    count_bytes(workflow->track);
    return status;
}

static size_t save(const void *block, void *bytes, size_t size_bytes)
{
    const struct recorded_workflow *workflow = block;
    return workflow->engine->save(workflow->inner, bytes, size_bytes);
}

static uint64_t digest(const void *block)
{
    const struct recorded_workflow *workflow = block;
    return workflow->engine->digest(workflow->inner);
}

static void workflow_end(void *block, void *process_block)
{
    const struct recorded_workflow *workflow = block;
    struct recorded_process *process = process_block;
    if (workflow->engine->workflow_end != NULL)
        workflow->engine->workflow_end(workflow->inner, process->inner);
    /* Who has gone to another engine meanwhile has ended here without a word. */
    if (workflow->track == NULL || workflow->track->speaker != process->recorder)
        return;
    struct transcript_writer *writer = writer_of(process->recorder, workflow->track);
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
    struct recorder *recorder = arena_take(arena, sizeof *recorder);
    const struct rce_engine *engine = source->engine;
    *recorder = (struct recorder){.source = *source,
                                  .config = own_config(arena, source->config),
                                  .arena = arena,
                                  .tracks = tracks,
                                  .track_count = track_count,
                                  .self = recorder};
    recorder->table = (struct rce_engine){
        .abi = RCE_ABI,
        .size_bytes = sizeof recorder->table,
        .capabilities = engine->capabilities,
        .state_version = engine->state_version,
        .state_version_oldest = engine->state_version_oldest,
        .name = engine->name,
        .version = engine->version,
        .settings_size_bytes = sizeof recorder->self,
        .process_size_bytes = sizeof(struct recorded_process),
        .process_begin = process_begin,
        .process_end = process_end,
        .complaint = complaint,
        .state_size_bytes = state_size_bytes,
        .init = init,
        .step = step,
        .save = save,
        .load = load,
        .digest = digest,
        .workflow_end = workflow_end,
    };
    return recorder;
}

const struct rce_engine *recorder_engine(const struct recorder *recorder)
{
    return &recorder->table;
}

const void *recorder_settings(const struct recorder *recorder)
{
    return &recorder->self;
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
