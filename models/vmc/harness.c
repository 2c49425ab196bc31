#include "models/vmc/world.h"

#include <stdio.h>
#include <string.h>

#include "models/rce/contract.h"
#include "sim/base/units.h"

static const char *const input_names[] = {"start",   "response", "callback",       "timer",
                                          "resumed", "redriven", "engine-changed", NULL};
static const char *const action_names[] = {"persist", "send", "set-timer", "cancel-timer",
                                           "done",    "fail", "log"};
enum { ACTION_NAME_COUNT = sizeof action_names / sizeof action_names[0] };

/* Say what the engine was told: enough to find it in a trace. */
static void print_input(FILE *out, const struct rce_input *input)
{
    fprintf(out, "input %s", input_names[input->kind]);
    switch (input->kind) {
    case RCE_INPUT_RESPONSE:
        fprintf(out, " to %s, request %llu: %s", rce_operation_name(input->operation),
                (unsigned long long)input->request, rce_result_name(input->result));
        return;
    case RCE_INPUT_CALLBACK:
        fprintf(out, " of %s, task %llu: %s", rce_operation_name(input->operation),
                (unsigned long long)input->task,
                input->outcome == RCE_TASK_SUCCEEDED ? "succeeded" : "failed");
        return;
    case RCE_INPUT_TIMER: fprintf(out, " %u", input->timer); return;
    case RCE_INPUT_START:
    case RCE_INPUT_RESUMED:
    case RCE_INPUT_REDRIVEN:
    case RCE_INPUT_ENGINE_CHANGED: return;
    }
}

/* Numbers where a name may be what is wrong. */
static void print_action(FILE *out, const struct rce_actions *actions, uint32_t index)
{
    const struct rce_action *action = &actions->items[index];
    if ((unsigned)action->kind < ACTION_NAME_COUNT)
        fprintf(out, "; action %u of %u: %s", index + 1, actions->count,
                action_names[action->kind]);
    else
        fprintf(out, "; action %u of %u: kind %u", index + 1, actions->count,
                (unsigned)action->kind);
    if ((unsigned)action->operation < RCE_OPERATION_COUNT)
        fprintf(out, ", operation %s", rce_operation_name(action->operation));
    else
        fprintf(out, ", operation %u", (unsigned)action->operation);
    fprintf(out, ", cluster %u, host %u, timer %u, at %lld ns, request %llu, attempt %u",
            action->cluster, action->host, action->timer, (long long)action->at_ns,
            (unsigned long long)action->request, action->attempt);
}

/* What an engine says about itself comes from outside: one line of printable text. */
static void print_complaint(FILE *out, const char *text)
{
    for (size_t i = 0; text[i] != '\0' && i < 2000; i++)
        fputc((unsigned char)text[i] < 0x20 || text[i] == 0x7f ? ' ' : text[i], out);
}

static FILE *open_complaint(struct world *world, uint32_t index, enum version version, char *text,
                            size_t size_bytes)
{
    const struct rce_engine *engine = world->engines[version].engine;
    FILE *out = fmemopen(text, size_bytes, "w");
    if (out == NULL)
        check_limit("no memory for a message about an engine");
    char at[UNITS_TEXT_SIZE_BYTES];
    fprintf(out, "harness error: engine \"%s\" %s, workflow %u, at %s: ", engine->name,
            engine->version, index, units_print_duration(at, world->now_ns));
    return out;
}

static void close_complaint(struct world *world, uint32_t index, FILE *out, const char *text)
{
    fclose(out);
    if (world->is_harness_broken)
        return; /* The first complaint is the cause of what follows. */
    world->is_harness_broken = true;
    if (world->run->sink != NULL && world->run->sink->broken_unit != NULL)
        *world->run->sink->broken_unit = index;
    error_set(world->harness_error, ERROR_INTERNAL, "%s", text);
}

static const char *complaint_of(const struct running_engine *running)
{
    const struct rce_engine *engine = running->engine;
    return engine->complaint == NULL ? NULL : engine->complaint(running->process);
}

void harness_complain(struct world *world, uint32_t index, enum version version, const char *what)
{
    char text[4096];
    FILE *out = open_complaint(world, index, version, text, sizeof text);
    const char *complaint = complaint_of(&world->engines[version]);
    fputs(what, out);
    if (complaint != NULL) {
        fputs(": ", out);
        print_complaint(out, complaint);
    }
    close_complaint(world, index, out, text);
}

bool harness_accepts_size(struct world *world, uint32_t index, enum version version,
                          size_t size_bytes)
{
    if (size_bytes <= RCE_STATE_SIZE_MAX_BYTES)
        return true;
    harness_complain(world, index, version,
                     arena_print(world->arena,
                                 "the state of a workflow takes %zu bytes; the limit is %zu",
                                 size_bytes, RCE_STATE_SIZE_MAX_BYTES));
    return false;
}

static void complain_broken(struct world *world, uint32_t index, const struct rce_input *input)
{
    char text[4096];
    enum version version = (enum version)world->sddcs[index].version;
    FILE *out = open_complaint(world, index, version, text, sizeof text);
    const char *complaint = complaint_of(&world->engines[version]);
    print_input(out, input);
    fputs(": ", out);
    print_complaint(out,
                    complaint != NULL ? complaint : "the engine is broken and does not say why");
    close_complaint(world, index, out, text);
}

static void complain_breach(struct world *world, uint32_t index, const struct rce_input *input,
                            struct rce_breach breach)
{
    char text[4096];
    enum version version = (enum version)world->sddcs[index].version;
    FILE *out = open_complaint(world, index, version, text, sizeof text);
    print_input(out, input);
    fprintf(out, ": it %s", rce_breach_text(breach.kind));
    if (breach.action < RCE_ACTIONS_MAX)
        print_action(out, &world->actions, breach.action);
    close_complaint(world, index, out, text);
}

bool harness_accepts(struct world *world, uint32_t index, const struct rce_input *input,
                     enum rce_status status)
{
    const struct sddc *sddc = &world->sddcs[index];
    /* What is under way may all become tasks. */
    uint32_t tasks_count_max = sddc->tasks_count + sddc->requests_open + RCE_ACTIONS_MAX;
    if (__builtin_expect(status == RCE_BROKEN, 0)) {
        complain_broken(world, index, input);
        return false;
    }
    if (__builtin_expect(tasks_count_max > UINT16_MAX, 0)) {
        harness_complain(world, index, (enum version)sddc->version,
                         "it asks without end: 65,535 tasks, or nearly");
        return false;
    }
    struct rce_breach breach =
        rce_contract_check(&(struct rce_step_seen){.plan = &sddc->plan,
                                                   .input = input,
                                                   .status_before = (enum rce_status)sddc->status,
                                                   .status = status,
                                                   .actions = &world->actions});
    if (__builtin_expect(breach.kind == RCE_BREACH_NONE, 1))
        return true;
    complain_breach(world, index, input, breach);
    return false;
}
