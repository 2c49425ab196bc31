/* external_bench.c - what one step costs where the engine is a process of its own.
 *
 * The inputs of a workflow on a platform where everything works, with all fixes on, are recorded
 * with the linked engine; then each engine takes them again, in lock-step as a simulation does, and
 * in batches over 32 workflows. The codec is measured alone as well: what our side of a step costs.
 */
#include "tests/bench/bench.h"

#include "models/engines/external.h"
#include "models/engines/message.h"
#include "tests/models/engines/programs.h"
#include "tests/models/rce/obedient.h"

enum { INPUTS_MAX = 1024, BATCH = 32 };

static const struct rce_cluster_plan clusters[] = {{.hosts_count = 4, .temporary_host = true},
                                                   {.hosts_count = 4, .temporary_host = true}};
static const struct rce_plan plan = {.workflow = 7, .clusters_count = 2, .clusters = clusters};

struct tape {
    struct rce_input inputs[INPUTS_MAX];
    size_t count;
};

struct player {
    const struct tape *tape;
    const struct engine *engine;
    struct arena *arena;
};

static void record(struct tape *tape, const struct rce_options *options)
{
    static struct obedient driver;
    obedient_init(&driver, &plan, options);
    while (driver.head != driver.tail && tape->count < INPUTS_MAX) {
        struct rce_input input = driver.queue[driver.head % OBEDIENT_QUEUE];
        obedient_step(&driver);
        input.now_ns = driver.now_ns;
        tape->inputs[tape->count++] = input;
    }
}

static int64_t play(size_t count, void *context)
{
    const struct player *player = context;
    const struct rce_engine *table = player->engine->table;
    static struct rce_actions actions;
    void *process = arena_take(player->arena, table->process_size_bytes);
    void *workflow = arena_take(player->arena, table->state_size_bytes(&plan));
    table->process_begin(process, player->engine->settings);
    int64_t start_ns = bench_now_ns();
    for (size_t done = 0; done < count;) {
        table->init(workflow, process, &plan, player->engine->settings);
        for (size_t i = 0; i < player->tape->count; i++, done++)
            if (table->step(workflow, process, &player->tape->inputs[i], &actions) == RCE_BROKEN) {
                fprintf(stderr, "%s\n", table->complaint(process));
                exit(1);
            }
        table->workflow_end(workflow, process);
    }
    int64_t elapsed_ns = bench_now_ns() - start_ns;
    table->process_end(process);
    return elapsed_ns;
}

static int64_t play_batches(size_t count, void *context)
{
    const struct player *player = context;
    const struct rce_engine *table = player->engine->table;
    static struct rce_actions actions[BATCH];
    struct external_step steps[BATCH];
    void *process = arena_take(player->arena, table->process_size_bytes);
    table->process_begin(process, player->engine->settings);
    for (size_t i = 0; i < BATCH; i++) {
        steps[i].actions = &actions[i];
        steps[i].workflow = arena_take(player->arena, table->state_size_bytes(&plan));
    }
    int64_t start_ns = bench_now_ns();
    for (size_t done = 0; done < count;) {
        for (size_t i = 0; i < BATCH; i++)
            table->init(steps[i].workflow, process, &plan, player->engine->settings);
        for (size_t i = 0; i < player->tape->count; i++, done += BATCH) {
            for (size_t j = 0; j < BATCH; j++)
                steps[j].input = player->tape->inputs[i];
            if (!external_step_batch(process, steps, BATCH)) {
                fprintf(stderr, "%s\n", table->complaint(process));
                exit(1);
            }
        }
        for (size_t i = 0; i < BATCH; i++)
            table->workflow_end(steps[i].workflow, process);
    }
    int64_t elapsed_ns = bench_now_ns() - start_ns;
    table->process_end(process);
    return elapsed_ns;
}

/* Write an input, read it, write its actions, read them: both sides of a step. */
static int64_t translate(size_t count, void *context)
{
    const struct player *player = context;
    static struct rce_actions actions[INPUTS_MAX], out;
    static char line[MESSAGE_ACTIONS_MAX_BYTES];
    static struct message_request request;
    static struct message_reply reply;
    static struct obedient driver;
    struct message_problem problem;
    struct message_result result = {.actions = &out};
    const struct rce_options *options = player->engine->settings;
    obedient_init(&driver, &plan, options);
    for (size_t i = 0; i < player->tape->count; i++)
        rce_engine.step(driver.block, &driver.process, &player->tape->inputs[i], &actions[i]);
    int64_t start_ns = bench_now_ns();
    for (size_t done = 0; done < count; done++) {
        size_t i = done % player->tape->count;
        struct message_text text = {.bytes = line, .room_bytes = sizeof line};
        message_write_step(&text, 1, &player->tape->inputs[i]);
        bool is_good = message_read_request(line, text.size_bytes - 1, &request, &problem);
        text.size_bytes = 0;
        message_write_actions(&text, &(struct message_result){.id = 1, .actions = &actions[i]});
        reply.results = &result;
        reply.results_room = 1;
        is_good = is_good && message_read_reply(line, text.size_bytes - 1, &reply, &problem);
        if (!is_good)
            abort();
        bench_keep(out.count);
    }
    return bench_now_ns() - start_ns;
}

static const struct engine *open_engine(struct arena *arena, const struct engine_spec *spec,
                                        const struct rce_options *options)
{
    const struct engine *engine;
    struct error error = {0};
    if (engine_open(&engine, arena, spec, options, &error))
        return engine;
    fprintf(stderr, "%s\n", error.message);
    exit(1);
}

int main(void)
{
    struct rce_options options;
    rce_options_init(&options);
    options.precheck = true;
    options.retry = true;
    options.key_scope = RCE_KEY_PER_TASK;
    static struct tape tape;
    record(&tape, &options);
    struct arena *arena = arena_create("bench", 0);
    const struct engine_spec linked = {.kind = ENGINE_LINKED, .name = "rce"};
    struct player alone = {&tape, open_engine(arena, &linked, &options), arena};
    struct player in_c = {&tape, open_engine(arena, programs_c_engine(arena), &options), arena};
    struct bench benches[] = {
        {.run = translate, .context = &alone, .count = 200000},
        {.run = play, .context = &in_c, .count = 20000},
        {.run = play_batches, .context = &in_c, .count = 20000},
    };
    bench_compare(benches, sizeof benches / sizeof benches[0], BENCH_REPETITION_COUNT);
    bench_print("engine_message.ns_per_step", benches[0].best_ns, "ns");
    bench_print("engine_external_c.us_per_step", benches[1].best_ns / 1000, "us");
    bench_print("engine_external_c_batch.us_per_step", benches[2].best_ns / 1000, "us");
    if (programs_have_python()) {
        struct player in_python = {
            &tape, open_engine(arena, programs_python_engine(arena), &options), arena};
        struct bench slow[] = {
            {.run = play, .context = &in_python, .count = 5000},
            {.run = play_batches, .context = &in_python, .count = 5000},
        };
        bench_compare(slow, sizeof slow / sizeof slow[0], BENCH_REPETITION_COUNT);
        bench_print("engine_external_python.us_per_step", slow[0].best_ns / 1000, "us");
        bench_print("engine_external_python_batch.us_per_step", slow[1].best_ns / 1000, "us");
    }
    arena_destroy(arena);
    return 0;
}
