#include <string.h>

#include "models/testbed/fidelity.h"
#include "sim/base/check.h"

/* A step that was asked for and has not been reported done. */
struct fidelity_open {
    int64_t asked_at_ns;
    uint8_t operation, cluster, host;
    uint32_t next; /* index + 1 */
};

struct fidelity_side *fidelity_side_create(struct arena *arena, uint32_t workflows_count)
{
    struct fidelity_side *side = arena_take(arena, sizeof *side);
    side->arena = arena;
    side->workflows_count = workflows_count;
    side->first_open = arena_take_array(arena, workflows_count, sizeof *side->first_open);
    return side;
}

struct fidelity_side *fidelity_waves_create(struct arena *arena, uint32_t workflows_count)
{
    struct fidelity_side *side = fidelity_side_create(arena, workflows_count);
    side->has_durations_alone = true;
    return side;
}

void fidelity_next_wave(struct fidelity_side *side)
{
    memset(side->first_open, 0, side->workflows_count * sizeof *side->first_open);
    side->open_count = side->open_free = 0;
    side->wave++;
}

static uint32_t take_open(struct fidelity_side *side)
{
    if (side->open_free != 0) {
        uint32_t index = side->open_free - 1;
        side->open_free = side->open[index].next;
        return index;
    }
    if (side->open_count == side->open_room) {
        uint32_t room = side->open_room == 0 ? 256 : side->open_room * 2;
        struct fidelity_open *wider = arena_take_array(side->arena, room, sizeof *wider);
        if (side->open_count > 0)
            memcpy(wider, side->open, side->open_count * sizeof *wider);
        side->open = wider;
        side->open_room = room;
    }
    return side->open_count++;
}

/* The link to the open step of a target: 0 where there is none. */
static uint32_t *find_open(struct fidelity_side *side, uint32_t workflow,
                           enum rce_operation operation, uint8_t cluster, uint8_t host)
{
    uint32_t *link = &side->first_open[workflow];
    while (*link != 0) {
        struct fidelity_open *open = &side->open[*link - 1];
        if (open->operation == operation && open->cluster == cluster && open->host == host)
            break;
        link = &open->next;
    }
    return link;
}

static void begin_step(struct fidelity_side *side, uint32_t workflow, int64_t now_ns,
                       const struct rce_action *action)
{
    bool is_read = action->operation == RCE_READ_CLUSTER || action->operation == RCE_READ_HOST;
    if (is_read ||
        *find_open(side, workflow, action->operation, action->cluster, action->host) != 0)
        return;
    uint32_t index = take_open(side);
    side->open[index] = (struct fidelity_open){.asked_at_ns = now_ns,
                                               .operation = (uint8_t)action->operation,
                                               .cluster = action->cluster,
                                               .host = action->host,
                                               .next = side->first_open[workflow]};
    side->first_open[workflow] = index + 1;
}

static void keep_duration(struct fidelity_side *side, uint8_t operation, int64_t duration_ns)
{
    struct fidelity_part *part = side->parts[operation];
    if (part == NULL || part->wave != side->wave || part->count == FIDELITY_PART_COUNT) {
        part = arena_take(side->arena, sizeof *part);
        *part = (struct fidelity_part){.next = side->parts[operation], .wave = side->wave};
        side->parts[operation] = part;
    }
    part->durations_ns[part->count++] = duration_ns;
    side->durations_count[operation]++;
}

static void keep_step(struct fidelity_side *side, const struct fidelity_step *step)
{
    if (side->steps_count == side->steps_room) {
        size_t room = side->steps_room == 0 ? 1024 : side->steps_room * 2;
        struct fidelity_step *wider = arena_take_array(side->arena, room, sizeof *wider);
        if (side->steps_count > 0)
            memcpy(wider, side->steps, side->steps_count * sizeof *wider);
        side->steps = wider;
        side->steps_room = room;
    }
    side->steps[side->steps_count++] = *step;
}

static void end_step(struct fidelity_side *side, uint32_t workflow, const struct rce_input *input)
{
    uint32_t *link = find_open(side, workflow, input->operation, input->cluster, input->host);
    if (*link == 0)
        return; /* Told once more. */
    uint32_t index = *link - 1;
    struct fidelity_open *open = &side->open[index];
    const struct fidelity_step step = {.workflow = workflow,
                                       .operation = open->operation,
                                       .cluster = open->cluster,
                                       .host = open->host,
                                       .duration_ns = input->now_ns - open->asked_at_ns};
    if (side->has_durations_alone)
        keep_duration(side, step.operation, step.duration_ns);
    else
        keep_step(side, &step);
    *link = open->next;
    open->next = side->open_free;
    side->open_free = index + 1;
}

void fidelity_watch(void *context, uint32_t workflow, const struct rce_input *input,
                    const struct rce_actions *actions)
{
    struct fidelity_side *side = context;
    CHECK(workflow < side->workflows_count);
    if (input->kind == RCE_INPUT_CALLBACK && input->outcome == RCE_TASK_SUCCEEDED)
        end_step(side, workflow, input);
    for (uint32_t i = 0; i < actions->count; i++)
        if (actions->items[i].kind == RCE_SEND)
            begin_step(side, workflow, input->now_ns, &actions->items[i]);
}
