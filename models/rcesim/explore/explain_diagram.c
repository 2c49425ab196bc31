#include "models/rcesim/explore/explain_diagram.h"

#include <string.h>

#include "models/rce/rce.h"
#include "models/rcesim/explore/explain_domain.h"
#include "models/vmc/entity.h"
#include "sim/base/units.h"

enum { LANE_RCE, LANE_SERVICE, LANE_FIRST_ENTITY };
#define NO_MOMENT UINT32_MAX

/* A state of a lane that lasts. */
struct open_bar {
    bool is_open;
    uint32_t from;
    const char *state;
    enum spacetime_tone tone;
};

/* What the functions here share while one panel is made. */
struct panel_work {
    const struct explain_words *words;
    const struct explanation *explanation;
    const struct explain_side *side;
    bool is_failing;
    const uint32_t *entities; /* [lane_count], from LANE_FIRST_ENTITY on */
    uint32_t lane_count;
    struct spacetime_panel *panel;
    uint32_t *moment_of; /* [record_count], or NO_MOMENT */
    struct open_bar bars[SPACETIME_LANES_MAX];
    uint32_t event_first; /* The first moment of the event that is being told. */
    uint32_t first_own;   /* The first record of a passing run that the failing one has not. */
};

static uint32_t lane_of_entity(const struct panel_work *work, uint32_t entity)
{
    for (uint32_t i = LANE_FIRST_ENTITY; i < work->lane_count; i++)
        if (work->entities[i] == entity)
            return i;
    return SPACETIME_LANES_MAX; /* It has none. */
}

/* Whose doing a record is. */
static uint32_t lane_of(const struct panel_work *work, const struct trace_record *record)
{
    switch (explain_role_of(record)) {
    case ROLE_ASK:
    case ROLE_INPUT:
    case ROLE_NOTE:
    case ROLE_TIMER:
    case ROLE_ENDED:
    case ROLE_CRASHED:
    case ROLE_RESUMED:
    case ROLE_GIVEN_UP:
    case ROLE_UNHEARD: return LANE_RCE;
    case ROLE_ANSWER:
    case ROLE_CALLBACK: return LANE_SERVICE;
    case ROLE_TASK:
        return record->values[1] <= TASK_IS_WAITING ? LANE_SERVICE
                                                    : lane_of_entity(work, record->subject);
    case ROLE_HOST:
    case ROLE_CLUSTER:
    case ROLE_VIOLATION:
    case ROLE_TRUTH:
    case ROLE_OTHER:
    case ROLE_EVENT:
    case ROLE_COUNT: break;
    }
    return lane_of_entity(work, record->subject);
}

static uint32_t add_moment(struct panel_work *work, int64_t at_ns, uint32_t lane, const char *label)
{
    work->panel->moments[work->panel->moment_count] =
        (struct spacetime_moment){.at_ns = at_ns, .lane = lane, .label = label};
    return work->panel->moment_count++;
}

static void close_bar(struct panel_work *work, uint32_t lane, uint32_t at)
{
    struct open_bar *bar = &work->bars[lane];
    if (bar->is_open && at != NO_MOMENT && at > bar->from)
        work->panel->bars[work->panel->bar_count++] = (struct spacetime_bar){
            .lane = lane, .from = bar->from, .to = at, .state = bar->state, .tone = bar->tone};
    bar->is_open = false;
}

static void open_bar(struct panel_work *work, uint32_t lane, uint32_t at, const char *state,
                     enum spacetime_tone tone)
{
    if (at == NO_MOMENT || lane >= work->lane_count)
        return;
    close_bar(work, lane, at);
    work->bars[lane] = (struct open_bar){true, at, state, tone};
}

static enum spacetime_tone tone_of_host(uint64_t state)
{
    switch ((enum explain_host)state) {
    case HOST_IS_ABSENT:
    case HOST_IS_READY: return SPACETIME_CALM;
    case HOST_IS_PROVISIONING:
    case HOST_IS_CONNECTED:
    case HOST_IS_REMOVING: return SPACETIME_WAITING;
    case HOST_IS_FAILED: return SPACETIME_BAD;
    case HOST_IS_ENTERING:
    case HOST_IS_IN_MAINTENANCE:
    case HOST_IS_UPDATING:
    case HOST_IS_EXITING: break;
    }
    return SPACETIME_BUSY;
}

/* Keep the bars: also of what is not shown, from the last moment that is. */
static void note_state(struct panel_work *work, const struct trace_record *record, uint32_t moment)
{
    uint32_t lane = lane_of_entity(work, record->subject);
    uint32_t at = moment != NO_MOMENT             ? moment
                  : work->panel->moment_count > 0 ? work->panel->moment_count - 1
                                                  : NO_MOMENT;
    enum explain_role role = explain_role_of(record);
    bool is_of_host = entity_host(record->subject) <= ENTITY_TEMPORARY_HOST &&
                      entity_cluster(record->subject) != ENTITY_NO_CLUSTER;
    bool is_step =
        role == ROLE_NOTE &&
        (record->values[0] == RCE_NOTE_STEP_STARTED || record->values[0] == RCE_NOTE_STEP_ENDED) &&
        record->subject == work->explanation->finding.entity &&
        record->values[1] == work->explanation->finding.step;
    if (role == ROLE_HOST && lane < work->lane_count)
        open_bar(work, lane, at, "", tone_of_host(record->values[1]));
    else if (role == ROLE_TASK && lane < work->lane_count && !is_of_host)
        open_bar(work, lane, at, "",
                 record->values[1] == TASK_IS_RUNNING ? SPACETIME_BUSY : SPACETIME_CALM);
    else if (is_step && record->values[0] == RCE_NOTE_STEP_STARTED)
        open_bar(work, LANE_RCE, at, "waits", SPACETIME_WAITING);
    else if (is_step || role == ROLE_ENDED || role == ROLE_CRASHED)
        close_bar(work, LANE_RCE, at);
}

/* What is there for others, and what another record of the same event says better. */
static bool is_silent(const struct trace_record *record)
{
    enum explain_role role = explain_role_of(record);
    bool is_plain_note = role == ROLE_NOTE && (record->values[0] == RCE_NOTE_STEP_STARTED ||
                                               record->values[0] == RCE_NOTE_CALLBACK_BELIEVED ||
                                               record->values[0] == RCE_NOTE_ANSWER_BELIEVED);
    bool is_work_of_host = role == ROLE_TASK && record->values[1] >= TASK_IS_RUNNING &&
                           entity_host(record->subject) != ENTITY_NO_HOST;
    return role == ROLE_TRUTH || is_plain_note || is_work_of_host;
}

static const char *own_label(struct panel_work *work, const struct trace_record *record)
{
    return is_silent(record) ? NULL : explain_label(work->words, record);
}

/* Find a record of an event that another one answers: of this role, and about the same. */
static uint32_t find_in_event(const struct panel_work *work, uint32_t event, enum explain_role role,
                              const struct trace_record *like)
{
    for (uint32_t i = 0; i < work->side->record_count; i++) {
        const struct trace_record *record = trace_at(work->side->trace, i);
        if (record->event == event && record->subject == like->subject &&
            explain_role_of(record) == role &&
            explain_operation_of(record) == explain_operation_of(like) &&
            work->moment_of[i] != NO_MOMENT)
            return work->moment_of[i];
    }
    return NO_MOMENT;
}

static uint32_t parent_of(const struct panel_work *work, uint32_t event)
{
    return event == 0 ? 0 : trace_event_at(work->side->trace, event)->parent;
}

/* Where a request arrives: the first that the service does in the event of its answer. */
static uint32_t arrival_of(const struct panel_work *work, uint32_t answer)
{
    const struct spacetime_moment *moments = work->panel->moments;
    uint32_t at = answer;
    for (uint32_t i = answer; i-- > work->event_first;)
        if (moments[i].lane == LANE_SERVICE)
            at = i;
    return at;
}

static void add_message(struct panel_work *work, uint32_t from, uint32_t to)
{
    if (from == NO_MOMENT || to == NO_MOMENT || from == to)
        return;
    work->panel->messages[work->panel->message_count++] =
        (struct spacetime_message){.from = from, .to = to};
}

/* The request that an answer is to: its event, or the one before, if it had to queue, was scheduled
 * when it was sent. */
static void connect_answer(struct panel_work *work, const struct trace_record *record,
                           uint32_t moment)
{
    uint32_t event = parent_of(work, record->event);
    uint32_t from = find_in_event(work, event, ROLE_ASK, record);
    if (from == NO_MOMENT)
        from = find_in_event(work, parent_of(work, event), ROLE_ASK, record);
    add_message(work, from, arrival_of(work, moment));
}

/* What RCE hears comes from the event that sent it. It is a moment only if that one is shown. */
static void connect_input(struct panel_work *work, const struct trace_record *record)
{
    uint32_t event = parent_of(work, record->event);
    bool is_callback = record->values[0] == RCE_INPUT_CALLBACK;
    if (!is_callback && record->values[0] != RCE_INPUT_RESPONSE)
        return;
    uint32_t from = find_in_event(work, event, is_callback ? ROLE_CALLBACK : ROLE_ANSWER, record);
    if (from != NO_MOMENT)
        add_message(work, from, add_moment(work, record->time_ns, LANE_RCE, NULL));
}

static void connect(struct panel_work *work, uint32_t index, uint32_t moment)
{
    const struct trace_record *record = trace_at(work->side->trace, index);
    enum explain_role role = explain_role_of(record);
    if (role == ROLE_ANSWER)
        connect_answer(work, record, moment);
    bool is_lost = (role == ROLE_CALLBACK && record->values[1] == CALLBACK_IS_LOST) ||
                   (role == ROLE_ANSWER && record->values[1] == RCE_UNKNOWN);
    if (is_lost)
        work->panel->messages[work->panel->message_count++] = (struct spacetime_message){
            .from = moment, .to = moment, .is_lost = true, .to_lane = LANE_RCE};
}

/* Mark the first moment since `first` that says something and is not marked yet; if there is none,
 * a moment is added for it. */
static void mark(struct panel_work *work, uint32_t first, int64_t at_ns, enum spacetime_mark mark,
                 const char *label)
{
    uint32_t at = first, lane = LANE_RCE;
    for (; at < work->panel->moment_count; at++) {
        const struct spacetime_moment *moment = &work->panel->moments[at];
        if (moment->lane >= work->lane_count)
            continue;
        lane = moment->lane;
        if (moment->mark == SPACETIME_PLAIN && moment->label != NULL)
            break;
    }
    if (at == work->panel->moment_count)
        add_moment(work, at_ns, lane, NULL);
    work->panel->moments[at].mark = mark;
    work->panel->moments[at].mark_label = label;
}

/* The moment of the record that a mark is about: of the first that `is_it`, or NO_MOMENT. */
static uint32_t moment_in(const struct panel_work *work, uint32_t event,
                          bool (*is_it)(const struct panel_work *, uint32_t index))
{
    for (uint32_t i = 0; i < work->side->record_count; i++) {
        uint32_t moment = work->moment_of[i];
        if (trace_at(work->side->trace, i)->event == event && moment != NO_MOMENT &&
            work->panel->moments[moment].mark == SPACETIME_PLAIN && is_it(work, i))
            return moment;
    }
    return NO_MOMENT;
}

static bool is_failure(const struct panel_work *work, uint32_t index)
{
    const struct trace_record *record = trace_at(work->side->trace, index);
    enum explain_role role = explain_role_of(record);
    return role == ROLE_VIOLATION || role == ROLE_GIVEN_UP ||
           (role == ROLE_ENDED && record->values[0] != 0);
}

static bool is_different(const struct panel_work *work, uint32_t index)
{
    const struct explanation *explanation = work->explanation;
    for (uint32_t i = 0; i < explanation->row_count; i++)
        if (explanation->rows[i].left == index)
            return explanation->rows[i].right == ALIGN_NONE;
    return false;
}

/* Where the first difference is what dooms the run, one mark says both. */
static void mark_difference(struct panel_work *work, uint32_t event, uint32_t first, int64_t at_ns)
{
    uint32_t own = work->first_own, doom = work->is_failing ? work->explanation->doom.event : 0;
    bool is_doom = event > 0 && doom == event;
    bool is_own = own != ALIGN_NONE && trace_at(work->side->trace, own)->event == event;
    uint32_t different = is_doom ? moment_in(work, event, is_different) : NO_MOMENT;
    if (is_own) {
        uint32_t at = work->moment_of[own];
        bool is_both = is_doom && at != NO_MOMENT && at == different;
        mark(work, at == NO_MOMENT ? first : at, at_ns,
             is_both ? SPACETIME_DOOM : SPACETIME_DIVERGENCE,
             is_both            ? "the first difference, and bound to fail from here on"
             : work->is_failing ? "the first difference"
                                : "here it was different");
        is_doom = is_doom && !is_both;
    }
    if (is_doom)
        mark(work, different == NO_MOMENT ? first : different, at_ns, SPACETIME_DOOM,
             "bound to fail from here on");
}

static void mark_event(struct panel_work *work, uint32_t event, uint32_t first)
{
    const struct explanation *explanation = work->explanation;
    int64_t at_ns = event == 0 ? 0 : trace_event_at(work->side->trace, event)->time_ns;
    mark_difference(work, event, first, at_ns);
    for (size_t i = 0; work->is_failing && i < explanation->deviation_count; i++)
        if (explanation->deviations[i].is_asked &&
            explanation->deviations[i].asked.event_count == event)
            mark(work, first, at_ns, SPACETIME_DEVIATION,
                 explain_deviation_clause(work->words, &explanation->deviations[i]));
    uint32_t seen = moment_in(work, event, is_failure);
    if (work->is_failing && explanation->doom.detected_event == event)
        mark(work, seen == NO_MOMENT ? first : seen, at_ns, SPACETIME_DETECTION,
             explanation->doom.blind_ns < UNITS_S ? "seen at once" : "seen only here");
}

static uint32_t find_first_own(const struct explanation *explanation, bool is_failing)
{
    for (uint32_t i = explanation->divergence; i < explanation->row_count; i++) {
        const struct explain_row *row = &explanation->rows[i];
        if ((is_failing ? row->right : row->left) == ALIGN_NONE)
            return is_failing ? row->left : row->right;
    }
    return ALIGN_NONE;
}

static void make_panel(struct panel_work *work)
{
    const struct trace *trace = work->side->trace;
    struct arena *arena = work->words->arena;
    size_t room = 2 * (size_t)work->side->record_count + work->explanation->deviation_count + 8;
    struct spacetime_panel *panel = work->panel;
    panel->moments = arena_take_array(arena, room, sizeof *panel->moments);
    panel->messages = arena_take_array(arena, room, sizeof *panel->messages);
    panel->bars = arena_take_array(arena, room, sizeof *panel->bars);
    work->moment_of = arena_take_array(arena, room, sizeof *work->moment_of);
    memset(work->moment_of, 0xff, room * sizeof *work->moment_of);
    work->first_own = find_first_own(work->explanation, work->is_failing);
    uint32_t index = 0;
    for (uint32_t event = 0; event <= trace_event_count(trace); event++) {
        work->event_first = panel->moment_count;
        for (; index < work->side->record_count && trace_at(trace, index)->event == event;
             index++) {
            const struct trace_record *record = trace_at(trace, index);
            if (explain_role_of(record) == ROLE_INPUT)
                connect_input(work, record);
            const char *label = work->side->is_shown[index] ? own_label(work, record) : NULL;
            if (label != NULL) {
                work->moment_of[index] =
                    add_moment(work, record->time_ns, lane_of(work, record), label);
                connect(work, index, work->moment_of[index]);
            }
            note_state(work, record, work->moment_of[index]);
        }
        mark_event(work, event, work->event_first);
    }
    for (uint32_t lane = 0; lane < work->lane_count && panel->moment_count > 0; lane++)
        close_bar(work, lane, panel->moment_count - 1);
}

/* What RCE waits for from the doom on, it waits for in vain. */
static void darken_wait(struct panel_work *work)
{
    struct spacetime_panel *panel = work->panel;
    uint32_t doom = 0, count = panel->bar_count;
    while (doom < panel->moment_count && panel->moments[doom].mark != SPACETIME_DOOM)
        doom++;
    for (uint32_t i = 0; i < count; i++) {
        struct spacetime_bar *bar = &panel->bars[i];
        if (bar->lane != LANE_RCE || bar->to <= doom)
            continue;
        struct spacetime_bar vain = *bar;
        vain.tone = SPACETIME_BAD;
        if (bar->from >= doom) {
            *bar = vain;
            continue;
        }
        bar->to = vain.from = doom;
        panel->bars[panel->bar_count++] = vain;
    }
}

/* Lanes from the top of the SDDC down, so that each finds its own in any run. */
static bool is_before(uint32_t a, uint32_t b)
{
    uint32_t cluster_a = entity_cluster(a), cluster_b = entity_cluster(b);
    if (cluster_a != cluster_b)
        return cluster_a == ENTITY_NO_CLUSTER ||
               (cluster_b != ENTITY_NO_CLUSTER && cluster_a < cluster_b);
    uint32_t host_a = entity_host(a), host_b = entity_host(b);
    if (host_a >= ENTITY_TEMPORARY_HOST || host_b >= ENTITY_TEMPORARY_HOST)
        return host_a > host_b;
    return host_a < host_b;
}

static void add_lane(struct panel_work *work, uint32_t *entities, const struct trace_record *record)
{
    uint32_t entity = record->subject, at = work->lane_count;
    enum explain_role role = explain_role_of(record);
    bool has_lane = role == ROLE_HOST || role == ROLE_CLUSTER || role == ROLE_VIOLATION ||
                    role == ROLE_OTHER ||
                    (role == ROLE_TASK && record->values[1] >= TASK_IS_RUNNING);
    for (uint32_t i = LANE_FIRST_ENTITY; i < work->lane_count; i++)
        if (entities[i] == entity)
            return;
    if (!has_lane || work->lane_count == SPACETIME_LANES_MAX)
        return;
    for (; at > LANE_FIRST_ENTITY && is_before(entity, entities[at - 1]); at--)
        entities[at] = entities[at - 1];
    entities[at] = entity;
    work->lane_count++;
}

static void add_lanes(struct panel_work *work, uint32_t *entities, const struct explain_side *side)
{
    for (uint32_t i = 0; i < side->record_count; i++)
        if (side->is_shown[i])
            add_lane(work, entities, trace_at(side->trace, i));
}

struct spacetime explain_diagram(const struct explain_words *words,
                                 const struct explanation *explanation)
{
    struct spacetime diagram = {.arena = words->arena, .panel_count = 1};
    uint32_t *entities = arena_take_array(words->arena, SPACETIME_LANES_MAX, sizeof *entities);
    struct panel_work work = {.words = words,
                              .explanation = explanation,
                              .side = &explanation->failing,
                              .is_failing = true,
                              .entities = entities,
                              .lane_count = LANE_FIRST_ENTITY};
    add_lanes(&work, entities, &explanation->failing);
    if (explanation->passing.trace != NULL)
        add_lanes(&work, entities, &explanation->passing);
    diagram.lane_count = work.lane_count;
    diagram.lanes[LANE_RCE] = "RCE";
    diagram.lanes[LANE_SERVICE] = "service";
    for (uint32_t i = LANE_FIRST_ENTITY; i < work.lane_count; i++)
        diagram.lanes[i] = explain_lane(words, entities[i]);
    diagram.panels[0].title = "The run that fails";
    work.panel = &diagram.panels[0];
    make_panel(&work);
    darken_wait(&work);
    if (explanation->passing.trace != NULL) {
        struct panel_work other = {.words = words,
                                   .explanation = explanation,
                                   .side = &explanation->passing,
                                   .entities = entities,
                                   .lane_count = work.lane_count,
                                   .panel = &diagram.panels[1]};
        diagram.panels[1].title = "The nearest run that passes";
        diagram.panel_count = 2;
        make_panel(&other);
    }
    diagram.caption = "Time runs downwards and is not to scale: pauses are cut, each says how long "
                      "it was.";
    return diagram;
}
