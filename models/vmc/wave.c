#include "models/vmc/world.h"

/* When an SDDC is due by the schedule; never decreases with the index. */
int64_t wave_due_ns(struct world *world, uint32_t index)
{
    const struct vmc_wave *wave = &world->config->wave;
    double part = 0;
    switch (wave->schedule) {
    case VMC_START_EVENLY: part = index; break;
    case VMC_START_RANDOMLY:
        part = index + oracle_uniform(world->oracle,
                                      (struct draw_name){entity_of_sddc(index), PURPOSE_START, 0});
        break;
    case VMC_START_AT_ONCE: return 0;
    }
    int64_t at_ns = (int64_t)(part / world->sddcs_count * (double)wave->spread_ns);
    return world_sum_ns(at_ns - at_ns % UNITS_US, world->wave.shift_ns);
}

int64_t vmc_wave_open_ns(const struct vmc_wave *wave, int64_t at_ns)
{
    if (wave->windows_count == 0 || service_in_window(wave->windows, wave->windows_count, at_ns))
        return at_ns;
    int64_t best_ns = INT64_MAX;
    for (uint32_t i = 0; i < wave->windows_count; i++) {
        const struct vmc_window *window = &wave->windows[i];
        int64_t opens_ns = window->from_ns;
        if (opens_ns < at_ns && window->every_ns > 0)
            opens_ns +=
                (at_ns - opens_ns + window->every_ns - 1) / window->every_ns * window->every_ns;
        if (opens_ns >= at_ns && opens_ns < best_ns)
            best_ns = opens_ns;
    }
    return best_ns;
}

static void call_again_at(struct world *world, int64_t at_ns)
{
    world->wave.event_pending = true;
    world_schedule(world, at_ns - world->now_ns, EVENT_WAVE, 0, 0);
}

/* Start every SDDC whose turn it is; arrange to be called when the next one's may have come. */
static void start_due(struct world *world)
{
    const struct vmc_wave *settings = &world->config->wave;
    struct wave *wave = &world->wave;
    while (wave->next_sddc < world->sddcs_count) {
        if (settings->concurrency_max != 0 && wave->running_count >= settings->concurrency_max)
            return;
        int64_t start_ns = wave_due_ns(world, wave->next_sddc);
        if (start_ns < wave->paused_until_ns)
            start_ns = wave->paused_until_ns;
        if (start_ns < world->now_ns)
            start_ns = world->now_ns;
        start_ns = vmc_wave_open_ns(settings, start_ns);
        if (start_ns == INT64_MAX)
            return; /* No window is left: the rest of the fleet never starts, and is reported. */
        if (start_ns > world->now_ns) {
            call_again_at(world, start_ns);
            return;
        }
        wave->running_count++;
        driver_start(world, wave->next_sddc++);
    }
}

void wave_begin(struct world *world)
{
    call_again_at(world, 0);
}

void wave_step(struct world *world)
{
    world->wave.event_pending = false;
    start_due(world);
}

void wave_workflow_ended(struct world *world)
{
    world->wave.running_count--;
    if (!world->wave.event_pending && world->wave.next_sddc < world->sddcs_count)
        call_again_at(world, world->now_ns);
}
