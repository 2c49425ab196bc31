#include "models/rcesim/run/closeness.h"

#include <string.h>

#include "models/rcesim/run/single.h"
#include "sim/base/units.h"
#include "sim/chance/dist.h"

/* The delays whose order decides something. Latency is that of both ways. */
static const size_t delays[] = {
    offsetof(struct vmc_config, provisioning.launch),
    offsetof(struct vmc_config, provisioning.boot),
    offsetof(struct vmc_config, provisioning.connect),
    offsetof(struct vmc_config, provisioning.configure),
    offsetof(struct vmc_config, work.control_plane),
    offsetof(struct vmc_config, work.network),
    offsetof(struct vmc_config, work.backup),
    offsetof(struct vmc_config, work.update_host),
    offsetof(struct vmc_config, work.remove_host),
    offsetof(struct vmc_config, maintenance.evacuate),
    offsetof(struct vmc_config, maintenance.exit),
    offsetof(struct vmc_config, maintenance.resync),
    offsetof(struct vmc_config, service.latency),
    offsetof(struct vmc_config, service.callback_delay),
};

bool closeness_simulate(const struct closeness *closeness, struct model_sink *sink,
                        struct arena *arena, const struct record **record, struct error *error)
{
    struct experiment_variant variant = {.name = "wave", .parameters = closeness->parameters};
    struct configuration configuration = *closeness->configuration;
    configuration.variants = &variant;
    configuration.variant_count = 1;
    const struct single single = {.configuration = &configuration,
                                  .replication = closeness->replication,
                                  .sink = sink,
                                  .interrupted = closeness->interrupted};
    return single_run(&single, arena, record, error);
}

/* The same delay, but longer by that much (shorter by a negative one; never below 0). NULL: it
 * cannot be had. */
static const struct dist *moved(const struct closeness *closeness, struct arena *arena,
                                const struct dist *dist, int64_t by_ns)
{
    char by[UNITS_TEXT_SIZE_BYTES];
    char *folder = arena_copy_text(arena, closeness->configuration->file_name);
    char *slash = strrchr(folder, '/');
    if (slash != NULL)
        *slash = '\0';
    const struct dist_options options = {.dimension = DIST_DURATION,
                                         .allow_negative = true,
                                         .base_directory = slash != NULL ? folder : NULL};
    const char *text =
        arena_print(arena, "shift(%s, by=%s)", dist != NULL ? dist_print(dist) : "0s",
                    units_print_duration(by, by_ns));
    struct error ignored;
    return dist_parse(arena, text, &options, NULL, &ignored);
}

static void delay(const struct closeness *closeness, struct arena *arena, const struct dist **field,
                  int64_t by_ns)
{
    const struct dist *dist = by_ns > 0 ? moved(closeness, arena, *field, by_ns) : NULL;
    if (dist != NULL)
        *field = dist;
}

bool closeness_simulate_delayed(const struct closeness *closeness,
                                const struct closeness_delays *longer, struct model_sink *sink,
                                struct arena *arena, const struct record **record,
                                struct error *error)
{
    struct vmc_config world = *closeness->parameters->world;
    struct vmc_parameters parameters = *closeness->parameters;
    struct closeness other = *closeness;
    delay(closeness, arena, &world.service.latency, longer->request_ns);
    delay(closeness, arena, &world.service.response_delay, longer->timer_ns);
    delay(closeness, arena, &world.service.callback_delay, longer->callback_ns);
    parameters.world = &world;
    other.parameters = &parameters;
    return closeness_simulate(&other, sink, arena, record, error);
}

/* How the wave ends if this delay is moved. */
static bool try(const struct closeness *closeness, size_t delay, int64_t by_ns,
                const struct record *as_it_is, bool *is_close, struct error *error)
{
    struct arena *arena = arena_create("closeness", 0);
    struct vmc_config world = *closeness->parameters->world;
    struct vmc_parameters parameters = *closeness->parameters;
    const struct dist **field = (const struct dist **)(void *)((char *)&world + delay);
    const struct dist *dist = moved(closeness, arena, *field, by_ns);
    const struct record *record = NULL;
    bool is_good = true;
    if (dist != NULL) {
        struct closeness other = *closeness;
        *field = dist;
        parameters.world = &world;
        other.parameters = &parameters;
        is_good = closeness_simulate(&other, NULL, arena, &record, error);
    }
    for (uint32_t i = 0; record != NULL && i < record->unit_count; i++)
        if (record_is_failed(record, i) != record_is_failed(as_it_is, i))
            is_close[i] = true;
    arena_destroy(arena);
    return is_good;
}

bool closeness_find(const struct closeness *closeness, bool *is_close, struct error *error)
{
    struct arena *arena = arena_create("closeness", 0);
    const struct record *as_it_is;
    bool is_good = closeness_simulate(closeness, NULL, arena, &as_it_is, error);
    for (size_t i = 0; is_good && i < sizeof delays / sizeof delays[0]; i++)
        is_good = try(closeness, delays[i], closeness->late_ns, as_it_is, is_close, error) &&
                  try(closeness, delays[i], -closeness->late_ns, as_it_is, is_close, error);
    arena_destroy(arena);
    return is_good;
}
