#include "models/engines/conformance/history.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "models/engines/transcript.h"
#include "sim/base/check.h"

/* Workflows are found by their ids, which recorders give in a row. */
enum { BUCKETS = 4096 };

/* What a step may take in a child: of computing, and of waiting. */
enum { HANG_S = 3, SLEEP_S = 60 };

/* One that the history has spoken of, by the name in its plan. */
struct known_workflow {
    uint64_t workflow;
    struct known_workflow *next;
};

/* A workflow of the history that has not ended. */
struct open_workflow {
    uint32_t id;
    uint64_t workflow;
    void *block;
    uint32_t seen; /* inputs, the last few of which are in `context` */
    struct history_input context[HISTORY_CONTEXT];
    struct open_workflow *next;
};

/* What a child leaves to its parent, or a replay in this process to its caller. */
struct findings {
    struct history_result result;
    struct error error;
    bool is_good, is_finished;
    char recorded[MESSAGE_ACTIONS_MAX_BYTES + 1], given[MESSAGE_ACTIONS_MAX_BYTES + 1];
};

struct replay {
    struct arena *arena;
    struct arena *engine_arena; /* of `engine` and its process; goes with the next one */
    const char *name;
    const struct engine_spec *spec;
    const struct engine *engine; /* NULL until it is known how to open it */
    void *process;
    struct open_workflow *workflows[BUCKETS];
    struct known_workflow *known[BUCKETS];
    struct findings *findings;
    struct history_result *result; /* of the findings */
    bool is_watched;               /* we are the child */
    struct rce_actions out;
};

/* The engine gives no answer. */
static void note_problem(struct history_result *result, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void note_problem(struct history_result *result, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(result->problem, sizeof result->problem, format, arguments);
    va_end(arguments);
    result->differs = true;
}

static void end_process(struct replay *replay)
{
    if (replay->process != NULL && replay->engine->table->process_end != NULL)
        replay->engine->table->process_end(replay->process);
    replay->process = NULL;
    memset(replay->workflows, 0, sizeof replay->workflows);
}

/* There may be many engines in a history, and many histories; a process costs. */
static void close_engine(struct replay *replay)
{
    end_process(replay);
    replay->engine = NULL;
    if (replay->engine_arena != NULL)
        arena_destroy(replay->engine_arena);
    replay->engine_arena = NULL;
}

static void begin_process(struct replay *replay)
{
    const struct rce_engine *table = replay->engine->table;
    replay->process = arena_take(replay->engine_arena, table->process_size_bytes + 1);
    if (table->process_begin != NULL)
        table->process_begin(replay->process, replay->engine->settings);
}

static bool start(struct replay *replay, const struct rce_options *options, const char *config,
                  struct error *error)
{
    struct engine_spec spec = *replay->spec;
    if (spec.config == NULL)
        spec.config = arena_copy_text(replay->arena, config);
    close_engine(replay);
    replay->engine_arena = arena_create("the engine of a history", 0);
    if (!engine_open(&replay->engine, replay->engine_arena, &spec, options, error)) {
        bool is_recorded = replay->spec->config == NULL && strcmp(spec.config, "{}") != 0;
        return error_context(error, "%s%s", replay->name,
                             is_recorded ? ", with the config that is recorded there (--config "
                                           "gives another)"
                                         : "");
    }
    begin_process(replay);
    replay->result->starts++;
    return true;
}

/* Its process is: what it says about that is what there is to tell. */
static void note_broken(struct replay *replay)
{
    const struct rce_engine *table = replay->engine->table;
    const char *why = table->complaint != NULL ? table->complaint(replay->process) : NULL;
    note_problem(replay->result, "it is broken: %s", why != NULL ? why : "it does not say why");
}

/* The history's plan is gone with the next line, the engine's has to stay. */
static const struct rce_plan *copy_plan(struct arena *arena, const struct rce_plan *plan)
{
    struct rce_plan *copy = arena_take(arena, sizeof *copy);
    struct rce_cluster_plan *clusters =
        arena_take_array(arena, plan->clusters_count, sizeof *clusters);
    memcpy(clusters, plan->clusters, plan->clusters_count * sizeof *clusters);
    *copy = *plan;
    copy->clusters = clusters;
    return copy;
}

/* The link that leads to the workflow, so that it can be taken out. */
static struct open_workflow **find(struct replay *replay, uint32_t id)
{
    struct open_workflow **link = &replay->workflows[id % BUCKETS];
    while (*link != NULL && (*link)->id != id)
        link = &(*link)->next;
    return link;
}

/* After a crash it goes by another id, but is the same. */
static void count_workflow(struct replay *replay, uint64_t workflow)
{
    struct known_workflow **first = &replay->known[workflow % BUCKETS];
    for (const struct known_workflow *known = *first; known != NULL; known = known->next)
        if (known->workflow == workflow)
            return;
    struct known_workflow *known = arena_take(replay->arena, sizeof *known);
    *known = (struct known_workflow){workflow, *first};
    *first = known;
    replay->result->workflows++;
}

static bool load(struct replay *replay, const struct transcript_entry *entry,
                 const struct rce_plan *plan, void *block, struct error *error)
{
    const struct rce_engine *table = replay->engine->table;
    if (!engine_require(replay->engine, RCE_CAN_LOAD, "the history loads a state, and", error))
        return error_context(error, "%s:%llu", replay->name, (unsigned long long)entry->line);
    if (table->load(block, replay->process, plan, replay->engine->settings, entry->state,
                    entry->state_size_bytes))
        return true;
    if (table->complaint != NULL && table->complaint(replay->process) != NULL)
        note_broken(replay);
    else
        note_problem(replay->result, "it cannot load the state that was saved");
    return true;
}

static bool begin(struct replay *replay, const struct transcript_entry *entry, struct error *error)
{
    const struct rce_engine *table = replay->engine->table;
    const struct rce_plan *plan = copy_plan(replay->arena, entry->plan);
    struct open_workflow *workflow = arena_take(replay->arena, sizeof *workflow);
    struct open_workflow **link = &replay->workflows[entry->id % BUCKETS];
    workflow->id = entry->id;
    workflow->workflow = replay->result->workflow = plan->workflow;
    workflow->block = arena_take(replay->arena, table->state_size_bytes(plan));
    workflow->next = *link;
    *link = workflow;
    count_workflow(replay, plan->workflow);
    if (entry->kind == TRANSCRIPT_LOAD)
        return load(replay, entry, plan, workflow->block, error);
    table->init(workflow->block, replay->process, plan, replay->engine->settings);
    return true;
}

static void write_answer(char line[MESSAGE_ACTIONS_MAX_BYTES + 1], uint32_t id,
                         enum rce_status status, const struct rce_actions *actions)
{
    /* The actions are only read; the result that points to them serves both directions. */
    union {
        const struct rce_actions *constant;
        struct rce_actions *plain;
    } said = {actions};
    struct message_result result = {.id = id, .status = status, .actions = said.plain};
    struct message_text text = {.bytes = line, .room_bytes = MESSAGE_ACTIONS_MAX_BYTES};
    if (actions->count > RCE_ACTIONS_MAX || !message_write_actions(&text, &result))
        text.size_bytes = (size_t)snprintf(line, MESSAGE_ACTIONS_MAX_BYTES,
                                           "an action that the contract does not know");
    line[text.size_bytes] = '\0';
    line[strcspn(line, "\n")] = '\0';
}

static void compare(struct replay *replay, const struct transcript_entry *entry,
                    enum rce_status status)
{
    struct findings *findings = replay->findings;
    write_answer(findings->recorded, entry->id, entry->status, entry->actions);
    write_answer(findings->given, entry->id, status, &replay->out);
    replay->result->compared++;
    replay->result->answer_line = entry->answer_line;
    if (strcmp(findings->recorded, findings->given) == 0)
        return;
    replay->result->differs = true;
    replay->result->recorded = findings->recorded;
    replay->result->given = findings->given;
}

/* Keep what leads up to this input, in case that it is the last. */
static void keep_context(struct replay *replay, struct open_workflow *workflow,
                         const struct transcript_entry *entry)
{
    struct history_result *result = replay->result;
    workflow->context[workflow->seen++ % HISTORY_CONTEXT] =
        (struct history_input){.line = entry->line, .input = *entry->input};
    result->workflow = workflow->workflow;
    uint32_t count = workflow->seen < HISTORY_CONTEXT ? workflow->seen : HISTORY_CONTEXT;
    for (uint32_t i = 0; i < count; i++)
        result->context[i] = workflow->context[(workflow->seen - count + i) % HISTORY_CONTEXT];
    result->context_count = count;
}

static bool take(struct replay *replay, const struct transcript_entry *entry, struct error *error)
{
    const struct rce_engine *table = replay->engine->table;
    struct open_workflow **link = find(replay, entry->id), *workflow = *link;
    if (workflow == NULL)
        return error_set(error, ERROR_SCENARIO, "%s:%llu: there is no workflow %u here",
                         replay->name, (unsigned long long)entry->line, entry->id);
    if (entry->kind == TRANSCRIPT_END) {
        if (table->workflow_end != NULL)
            table->workflow_end(workflow->block, replay->process);
        *link = workflow->next;
        return true;
    }
    keep_context(replay, workflow, entry);
    replay->result->steps++;
    enum rce_status status =
        table->step(workflow->block, replay->process, entry->input, &replay->out);
    if (status == RCE_BROKEN)
        note_broken(replay);
    else if (entry->is_answered)
        compare(replay, entry, status);
    return true;
}

static bool follow(struct replay *replay, const struct transcript_entry *entry, struct error *error)
{
    struct rce_options options;
    if (entry->kind == TRANSCRIPT_START)
        return start(replay, entry->options, entry->config, error);
    if (entry->kind == TRANSCRIPT_HELLO)
        return true;
    rce_options_init(&options);
    if (replay->engine == NULL && !start(replay, &options, "{}", error))
        return false;
    replay->result->line = entry->line;
    replay->result->id = entry->id;
    replay->result->context_count = 0;
    switch (entry->kind) {
    case TRANSCRIPT_START:
    case TRANSCRIPT_HELLO: return true;
    case TRANSCRIPT_BEGIN:
    case TRANSCRIPT_LOAD: return begin(replay, entry, error);
    case TRANSCRIPT_STEP:
    case TRANSCRIPT_END: return take(replay, entry, error);
    case TRANSCRIPT_RESET:
        end_process(replay);
        begin_process(replay);
        return true;
    }
    return true;
}

/* In a child: end it if what comes next does not come back. */
static void watch(const struct replay *replay, bool is_on)
{
    struct itimerval limit = {.it_value = {.tv_sec = is_on ? HANG_S : 0}};
    if (!replay->is_watched)
        return;
    setitimer(ITIMER_PROF, &limit, NULL);
    alarm(is_on ? SLEEP_S : 0);
}

static void run(struct replay *replay, FILE *file)
{
    struct transcript_reader *reader = transcript_read(replay->arena, file, replay->name);
    struct findings *findings = replay->findings;
    const struct transcript_entry *entry = NULL;
    bool is_good = true;
    do {
        is_good = transcript_next(reader, &entry, &findings->error);
        watch(replay, true);
        if (is_good && entry != NULL)
            is_good = follow(replay, entry, &findings->error);
    } while (is_good && entry != NULL && !findings->result.differs);
    findings->is_good = is_good;
    /* After a difference the end is of no interest any more. */
    findings->is_finished = findings->result.differs;
    close_engine(replay);
    watch(replay, false);
    findings->is_finished = true;
}

/* What became of the child, if it did not come to its end. */
static void note_death(struct history_result *result, int wait_status)
{
    int signal_number = WIFSIGNALED(wait_status) ? WTERMSIG(wait_status) : 0;
    if (signal_number == SIGALRM || signal_number == SIGPROF)
        note_problem(result, "it does not come back (%d s of computing, or %d s of waiting)",
                     HANG_S, SLEEP_S);
    else if (signal_number != 0)
        note_problem(result, "it crashes (%s)", strsignal(signal_number));
    else
        note_problem(result, "it ends the program (exit status %d)", WEXITSTATUS(wait_status));
}

static void run_in_child(struct replay *replay, FILE *file)
{
    struct findings *findings = replay->findings;
    fflush(NULL);
    pid_t child = fork();
    if (child < 0)
        check_limit("cannot start a process to try the engine in: %s", strerror(errno));
    if (child == 0) {
        /* It is of no use without us. What the engine prints is no part of the report. */
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        dup2(STDERR_FILENO, STDOUT_FILENO);
        replay->is_watched = true;
        run(replay, file);
        _exit(0);
    }
    int wait_status;
    while (waitpid(child, &wait_status, 0) < 0 && errno == EINTR)
        continue;
    if (findings->is_finished)
        return;
    note_death(&findings->result, wait_status);
    findings->is_good = true;
}

bool history_check(FILE *file, const char *name, const struct engine_spec *spec,
                   struct arena *arena, struct history_result *result, struct error *error)
{
    struct arena *own = arena_create("a history", 0);
    struct replay *replay = arena_take(own, sizeof *replay);
    struct findings *findings =
        mmap(NULL, sizeof *findings, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (findings == MAP_FAILED)
        check_limit("no memory to try the engine in: %s", strerror(errno));
    replay->arena = own;
    replay->name = name;
    replay->spec = spec;
    replay->findings = findings;
    replay->result = &findings->result;
    if (spec->kind == ENGINE_COMMAND)
        run(replay, file);
    else
        run_in_child(replay, file);
    bool is_good = findings->is_good;
    if (is_good) {
        *result = findings->result;
        bool is_answer = result->differs && result->problem[0] == '\0';
        result->recorded = is_answer ? arena_copy_text(arena, findings->recorded) : NULL;
        result->given = is_answer ? arena_copy_text(arena, findings->given) : NULL;
    } else if (error != NULL) {
        *error = findings->error;
    }
    munmap(findings, sizeof *findings);
    arena_destroy(own);
    return is_good;
}
