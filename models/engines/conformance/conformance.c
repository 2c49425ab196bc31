#include "models/engines/conformance/conformance.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "models/engines/conformance/check.h"
#include "models/engines/conformance/walk.h"
#include "sim/base/check.h"

enum {
    HANG_S = 3,    /* An engine in this program that computes so long about one question hangs, */
    SLEEP_S = 60,  /* and one that sleeps so long. */
    DEAR_MS = 500, /* A list that takes so long to feed is not shrunk much. */
    SHRINKS_MAX = 1500,
    SHRINKS_OUTSIDE = 200,
    SHRINKS_DEAR = 3,
    SIGNATURE_SIGNAL = 1000,
    SIGNATURE_EXIT = 2000,
    SIGNATURE_HANG = 3000,
};

/* What a case is about, one after the other. */
enum { PHASE_WALK, PHASE_ENUMERATE, PHASE_FIRST };
enum { PHASE_COUNT = PHASE_FIRST + CONFORMANCE_COUNT };

static const struct {
    const char *name, *clause;
} properties[CONFORMANCE_COUNT] = {
    [CONFORMANCE_TOTAL] = {"total", "takes every input in every state"},
    [CONFORMANCE_ALLOWED] = {"allowed", "does nothing that the contract forbids"},
    [CONFORMANCE_TIME] = {"time", "sets no timer to a time before now"},
    [CONFORMANCE_END] = {"end", "says DONE or FAIL once, and its status agrees"},
    [CONFORMANCE_PURE] = {"pure", "answers the same inputs the same way"},
    [CONFORMANCE_DIGEST] = {"digest", "has one digest for one state"},
    [CONFORMANCE_SAVE] = {"save", "goes on after save and load as if nothing were"},
    [CONFORMANCE_DAMAGE] = {"damage", "refuses damaged states, or they are harmless"},
    [CONFORMANCE_INTERLEAVE] = {"interleave", "keeps workflows of one process apart"},
    [CONFORMANCE_PERSIST] = {"persist", "knows after a crash what it has sent"},
    [CONFORMANCE_DEADLINE] = {"deadline", "ends when nothing more comes"},
    [CONFORMANCE_STRAY] = {"stray", "ignores what nobody waits for"},
};

const char *conformance_name(enum conformance_property property)
{
    return properties[property].name;
}

const char *conformance_clause(enum conformance_property property)
{
    return properties[property].clause;
}

/* The worlds, from small to large; most walks are in small ones. */
static const struct rce_cluster_plan hosts[][12] = {
    {{1, true}},
    {{2, false}},
    {{2, true}, {1, false}},
    {{3, true}},
    {{1, true},
     {1, true},
     {1, false},
     {1, true},
     {1, true},
     {1, true},
     {1, false},
     {1, true},
     {1, true},
     {1, true},
     {1, true},
     {2, true}},
};
static const struct rce_plan plans[] = {
    {.workflow = 1, .clusters_count = 1, .clusters = hosts[0]},
    {.workflow = 1, .clusters_count = 1, .clusters = hosts[1]},
    {.workflow = 1, .clusters_count = 2, .clusters = hosts[2]},
    {.workflow = 1, .clusters_count = 1, .clusters = hosts[3]},
    {.workflow = 1, .clusters_count = 12, .clusters = hosts[4]},
};
static const uint8_t plan_order[] = {0, 1, 0, 2, 1, 0, 3, 2, 0, 4};
enum { PLANS_COUNT = sizeof plans / sizeof plans[0], ORDER_COUNT = sizeof plan_order };

struct found {
    bool is_set, is_replay;
    int signature;
    uint32_t subject, plan, count, shown_count;
    char text[CONFORMANCE_TEXT_BYTES];
    struct rce_input inputs[CONFORMANCE_INPUTS_MAX]; /* that make it happen */
    struct rce_input shown[CONFORMANCE_INPUTS_MAX];  /* that the engine was fed then */
};

/* What a child and its parent share. */
struct trial {
    volatile uint32_t phase;
    uint32_t subject, plan;
    struct walk_terms terms;
    struct conformance_chance chance;
    uint32_t count;
    struct rce_input inputs[CONFORMANCE_INPUTS_MAX];
    struct fed fed;
    struct conformance_problem problem;
    bool is_replay;
    enum rce_status status; /* at the end of the walk */
    uint64_t tries[CONFORMANCE_COUNT];
    struct found found[CONFORMANCE_COUNT];
};

struct session {
    const struct conformance_job *job;
    struct trial *trial;
    struct arena *scratch;
    bool is_hanging; /* It would hang again and again. */
};

static const struct conformance_subject *subject_of(const struct session *session)
{
    return &session->job->subjects[session->trial->subject];
}

static bool is_inside(const struct session *session)
{
    return execution_is_inside(&session->job->subjects[0]);
}

/* Asking, in a child or here */

static struct check begin_check(struct session *session)
{
    struct trial *trial = session->trial;
    trial->problem.is_set = false;
    arena_reset(session->scratch);
    return (struct check){.subject = subject_of(session),
                          .plan = &plans[trial->plan],
                          .arena = session->scratch,
                          .fed = &trial->fed,
                          .problem = &trial->problem,
                          .is_digest_good = !trial->found[CONFORMANCE_DIGEST].is_set,
                          .is_replay = true,
                          .inputs = trial->inputs,
                          .count = trial->count};
}

static void note_found(struct session *session)
{
    struct trial *trial = session->trial;
    if (!trial->problem.is_set)
        return;
    struct found *found = &trial->found[trial->problem.property];
    if (found->is_set || !session->job->is_wanted[trial->problem.property])
        return;
    found->is_replay = trial->is_replay;
    found->signature = trial->problem.signature;
    found->subject = trial->subject;
    found->plan = trial->plan;
    found->shown_count = trial->fed.count;
    memcpy(found->text, trial->problem.text, sizeof found->text);
    memcpy(found->shown, trial->fed.inputs, sizeof found->shown);
    found->count = trial->is_replay ? trial->fed.count : trial->count;
    memcpy(found->inputs, trial->is_replay ? trial->fed.inputs : trial->inputs,
           sizeof found->inputs);
    found->is_set = true;
}

static void walk(struct session *session)
{
    struct trial *trial = session->trial;
    trial->problem.is_set = false;
    trial->is_replay = true;
    arena_reset(session->scratch);
    struct execution *execution =
        execution_begin(&(struct execution_terms){.subject = subject_of(session),
                                                  .plan = &plans[trial->plan],
                                                  .layout = &layout_plain,
                                                  .problem = &trial->problem,
                                                  .fed = &trial->fed,
                                                  .blame = CONFORMANCE_TOTAL},
                        session->scratch);
    walk_run(execution, &trial->terms, trial->chance);
    trial->status = execution->books.status;
    execution_end(execution);
    note_found(session);
}

/* What the walk was; where it was ended by a problem, without its last input. */
static void take_list(struct trial *trial, bool is_cut)
{
    trial->count = trial->fed.count - (is_cut && trial->fed.count > 0);
    memcpy(trial->inputs, trial->fed.inputs, trial->count * sizeof trial->inputs[0]);
    for (int p = CONFORMANCE_TOTAL; p <= CONFORMANCE_END; p++)
        trial->tries[p]++;
}

static bool needs_purity(enum conformance_property property)
{
    return property == CONFORMANCE_SAVE || property == CONFORMANCE_INTERLEAVE ||
           property == CONFORMANCE_STRAY || property == CONFORMANCE_DIGEST;
}

/* Is this walk one of those that a property is tried on? Some look at each place of it, and one
 * step of an engine outside costs a hundred of those inside. */
static bool is_due(const struct session *session, enum conformance_property property)
{
    const struct trial *trial = session->trial;
    uint64_t number = trial->chance.walk;
    if (property <= CONFORMANCE_END || trial->found[property].is_set ||
        !session->job->is_wanted[property] ||
        check_obstacle(subject_of(session), property) != NULL ||
        (needs_purity(property) && trial->found[CONFORMANCE_PURE].is_set))
        return false;
    if (property == CONFORMANCE_DAMAGE)
        return number < (is_inside(session) ? 24 : 4);
    if (property == CONFORMANCE_PERSIST || property == CONFORMANCE_DEADLINE)
        return is_inside(session) || number % 4 < 2;
    return true;
}

static void run_phase(struct session *session, uint32_t phase)
{
    struct trial *trial = session->trial;
    if (phase == PHASE_WALK) {
        walk(session);
        take_list(trial, trial->problem.is_set);
        return;
    }
    struct check check = begin_check(session);
    if (phase == PHASE_ENUMERATE) {
        uint64_t number = trial->chance.walk;
        bool is_now = is_inside(session) ? number % 16 < 2 : number < 2;
        if (trial->found[CONFORMANCE_TOTAL].is_set || !is_now)
            return;
        check_enumerate(&check);
    } else {
        enum conformance_property property = (enum conformance_property)(phase - PHASE_FIRST);
        if (!is_due(session, property))
            return;
        trial->tries[property]++;
        check_ask(&check, property);
    }
    trial->is_replay = check.is_replay;
    note_found(session);
}

/* In a child: end it if what comes next does not come back. */
static void watch(const struct session *session, bool is_on)
{
    struct itimerval limit = {.it_value = {.tv_sec = is_on ? HANG_S : 0}};
    if (!is_inside(session))
        return;
    setitimer(ITIMER_PROF, &limit, NULL);
    alarm(is_on ? SLEEP_S : 0);
}

static void run_phases(struct session *session)
{
    for (; session->trial->phase < PHASE_COUNT; session->trial->phase++) {
        watch(session, true);
        run_phase(session, session->trial->phase);
    }
    watch(session, false);
}

/* Children */

/* What became of a child is a problem of whatever it was doing. */
static void note_death(struct session *session, int wait_status)
{
    struct trial *trial = session->trial;
    const char *note = trial->fed.note;
    const char *when = note[0] != '\0' ? " after " : "";
    trial->problem.is_set = false;
    trial->is_replay = trial->fed.blame == CONFORMANCE_TOTAL;
    bool is_signalled = WIFSIGNALED(wait_status);
    if (is_signalled && (WTERMSIG(wait_status) == SIGALRM || WTERMSIG(wait_status) == SIGPROF))
        problem_set(&trial->problem, trial->fed.blame, SIGNATURE_HANG,
                    "it does not come back (%d s of computing, or %d s of waiting)%s%s", HANG_S,
                    SLEEP_S, when, note);
    else if (is_signalled)
        problem_set(&trial->problem, trial->fed.blame, SIGNATURE_SIGNAL + WTERMSIG(wait_status),
                    "it crashes (%s)%s%s", strsignal(WTERMSIG(wait_status)), when, note);
    else
        problem_set(&trial->problem, trial->fed.blame, SIGNATURE_EXIT,
                    "it ends the program (exit status %d)%s%s", WEXITSTATUS(wait_status), when,
                    note);
    session->is_hanging = session->is_hanging || trial->problem.signature == SIGNATURE_HANG;
}

/* Do `work` where a crash does no harm. False: it crashed, and `problem` says how. */
static bool in_child(struct session *session, void (*work)(struct session *))
{
    enum { GOOD = 77 }; /* so that an engine that calls exit(0) is noticed */
    if (!is_inside(session)) {
        work(session);
        return true;
    }
    fflush(NULL);
    pid_t child = fork();
    if (child < 0)
        check_limit("cannot start a process to try the engine in: %s", strerror(errno));
    if (child == 0) {
        /* What the engine prints is no part of the report. */
        dup2(STDERR_FILENO, STDOUT_FILENO);
        /* Ctrl-C is for the parent, and no crash. */
        signal(SIGINT, SIG_IGN);
        work(session);
        _exit(GOOD);
    }
    int wait_status;
    while (waitpid(child, &wait_status, 0) < 0 && errno == EINTR)
        continue;
    if (WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == GOOD)
        return true;
    note_death(session, wait_status);
    return false;
}

static int64_t wall_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* One walk, and all questions about it. */
static void run_case(struct session *session)
{
    struct trial *trial = session->trial;
    trial->phase = PHASE_WALK;
    trial->status = RCE_RUNNING;
    while (trial->phase < PHASE_COUNT && !session->is_hanging) {
        if (in_child(session, run_phases))
            return;
        uint32_t phase = trial->phase;
        note_found(session);
        if (phase == PHASE_WALK)
            take_list(trial, true);
        trial->phase = phase + 1;
    }
}

/* Shrinking */

static void ask_once(struct session *session)
{
    struct trial *trial = session->trial;
    struct check check = begin_check(session);
    watch(session, true);
    if (trial->is_replay)
        check_replay(&check);
    else
        check_ask(&check, (enum conformance_property)(trial->phase - PHASE_FIRST));
    watch(session, false);
}

/* Is the problem of `found` still there with these inputs? If so they are its inputs now. */
static bool try_list(struct session *session, enum conformance_property property,
                     const struct rce_input *inputs, uint32_t count)
{
    struct trial *trial = session->trial;
    struct found *found = &trial->found[property];
    memmove(trial->inputs, inputs, count * sizeof *inputs);
    trial->count = count;
    trial->subject = found->subject;
    trial->is_replay = found->is_replay;
    trial->phase = PHASE_FIRST + property;
    trial->fed.note[0] = '\0';
    in_child(session, ask_once);
    const struct conformance_problem *problem = &trial->problem;
    if (!problem->is_set || problem->property != property || problem->signature != found->signature)
        return false;
    memcpy(found->text, problem->text, sizeof found->text);
    memcpy(found->shown, trial->fed.inputs, sizeof found->shown);
    found->shown_count = trial->fed.count;
    bool is_fed = found->is_replay && trial->fed.count < count;
    found->count = is_fed ? trial->fed.count : count;
    memmove(found->inputs, is_fed ? trial->fed.inputs : inputs, found->count * sizeof *inputs);
    found->plan = trial->plan;
    return true;
}

/* Leave out pieces, large ones first, until no single input can be left out. */
static void leave_out(struct session *session, enum conformance_property property, uint32_t tries)
{
    struct found *found = &session->trial->found[property];
    static const uint32_t first = 1; /* START has to stay. */
    struct rce_input *shorter = malloc(sizeof found->inputs);
    if (shorter == NULL)
        check_limit("no memory to shrink a list of inputs");
    uint32_t size = found->count / 2 > 0 ? found->count / 2 : 1;
    for (bool is_shorter = true; size >= 1 && tries > 0;) {
        is_shorter = false;
        for (uint32_t at = first; at < found->count && tries > 0; tries--) {
            uint32_t end = at + size < found->count ? at + size : found->count;
            uint32_t left = found->count - (end - at);
            memcpy(shorter, found->inputs, at * sizeof *shorter);
            memcpy(shorter + at, found->inputs + end, (left - at) * sizeof *shorter);
            if (try_list(session, property, shorter, left))
                is_shorter = true;
            else
                at += size;
        }
        if (size == 1 && !is_shorter)
            break;
        size = size > 1 ? size / 2 : 1;
    }
    free(shorter);
}

static void shrink(struct session *session, enum conformance_property property)
{
    struct trial *trial = session->trial;
    struct found *found = &trial->found[property];
    int64_t began_ms = wall_ms();
    /* It ends with the input that it hangs at; each try would cost its whole time. */
    if (found->signature == SIGNATURE_HANG)
        return;
    struct rce_input *all = malloc(sizeof found->inputs);
    if (all == NULL)
        check_limit("no memory to shrink a list of inputs");
    memcpy(all, found->inputs, sizeof found->inputs);
    trial->plan = found->plan;
    bool is_there = try_list(session, property, all, found->count);
    bool is_dear = wall_ms() - began_ms > DEAR_MS;
    for (uint32_t plan = 0; is_there && !is_dear && plan < found->plan; plan++) {
        trial->plan = plan;
        if (try_list(session, property, all, found->count))
            break;
    }
    trial->plan = found->plan;
    free(all);
    if (is_there)
        leave_out(session, property,
                  is_dear              ? SHRINKS_DEAR
                  : is_inside(session) ? SHRINKS_MAX
                                       : SHRINKS_OUTSIDE);
}

/* The report */

static struct conformance_finding *report_found(const struct found *found, uint32_t count_before,
                                                struct arena *arena)
{
    struct conformance_finding *finding = arena_take(arena, sizeof *finding);
    struct rce_input *inputs = arena_take_array(arena, found->shown_count + 1, sizeof *inputs);
    memcpy(inputs, found->shown, found->shown_count * sizeof *inputs);
    memcpy(finding->text, found->text, sizeof finding->text);
    finding->subject = found->subject;
    finding->plan = &plans[found->plan];
    finding->inputs = inputs;
    finding->count = found->shown_count;
    finding->count_before = count_before;
    return finding;
}

static const char *caveat(const struct session *session, enum conformance_property property)
{
    const struct conformance_subject *subject = &session->job->subjects[0];
    if (property == CONFORMANCE_PERSIST && !execution_can_resume(subject))
        return "only that PERSIST stands before SEND: it cannot be resumed";
    if (property == CONFORMANCE_PURE && !is_inside(session))
        return "seen from outside: its memory is its own";
    return NULL;
}

static void report(struct session *session, enum conformance_property property, struct arena *arena,
                   struct conformance_result *result)
{
    struct trial *trial = session->trial;
    struct found *found = &trial->found[property];
    const char *obstacle = check_obstacle(&session->job->subjects[0], property);
    *result = (struct conformance_result){.verdict = CONFORMANCE_UNCHECKED,
                                          .tries = trial->tries[property]};
    if (!session->job->is_wanted[property])
        result->reason = "not asked for";
    else if (obstacle != NULL)
        result->reason = obstacle;
    else if (needs_purity(property) && trial->found[CONFORMANCE_PURE].is_set)
        result->reason = "equal inputs already give different answers";
    else if (found->is_set) {
        uint32_t count_before = found->shown_count;
        result->verdict = CONFORMANCE_FAILS;
        shrink(session, property);
        result->finding = report_found(found, count_before, arena);
    } else if (result->tries == 0)
        result->reason = session->is_hanging ? "the engine hangs" : "no walk came so far";
    else {
        result->verdict = CONFORMANCE_HOLDS;
        result->reason = caveat(session, property);
    }
}

/* What walk `number` is like: every kind of noise in every world. */
static void make_terms(struct session *session, uint64_t number)
{
    static const uint32_t noises[] = {0, 20, 100, 5, 60, 300};
    struct trial *trial = session->trial;
    uint64_t round = number / session->job->subjects_count;
    trial->subject = (uint32_t)(number % session->job->subjects_count);
    trial->plan = plan_order[round % ORDER_COUNT];
    trial->chance = (struct conformance_chance){.seed = session->job->seed, .walk = number};
    trial->terms = (struct walk_terms){.noise_permille = noises[round % 6],
                                       .has_crashes = round % 3 == 2,
                                       .is_harsh = round % 7 == 5,
                                       .inputs_max = 200};
}

void conformance_check(const struct conformance_job *job, struct arena *arena,
                       struct conformance_report *out)
{
    CHECK(job->subjects_count >= 1 && job->subjects_count <= CONFORMANCE_SUBJECTS_MAX);
    struct trial *trial =
        mmap(NULL, sizeof *trial, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (trial == MAP_FAILED)
        check_limit("no memory to try the engine in: %s", strerror(errno));
    struct session session = {
        .job = job, .trial = trial, .scratch = arena_create("conformance", 0)};
    *out = (struct conformance_report){0};
    while (out->inputs < job->inputs_max && !session.is_hanging &&
           (job->is_interrupted == NULL || !*job->is_interrupted)) {
        make_terms(&session, out->walks++);
        int64_t began_ms = wall_ms();
        run_case(&session);
        out->inputs += trial->count + 1;
        out->done += trial->status == RCE_SUCCEEDED;
        out->failed += trial->status == RCE_FAILED;
        /* An engine outside that does not answer is waited for each time. */
        session.is_hanging = session.is_hanging || (trial->found[CONFORMANCE_TOTAL].is_set &&
                                                    wall_ms() - began_ms > 10 * DEAR_MS);
    }
    for (int p = 0; p < CONFORMANCE_COUNT; p++)
        report(&session, (enum conformance_property)p, arena, &out->results[p]);
    arena_destroy(session.scratch);
    munmap(trial, sizeof *trial);
}
