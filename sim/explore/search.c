#include "sim/explore/search.h"

#include "sim/base/check.h"
#include "sim/explore/collect.h"

bool search_includes(const struct search_options *options, uint32_t purpose)
{
    for (uint32_t i = 0; i < options->excluded_count; i++)
        if (options->excluded_purposes[i] == purpose)
            return false;
    return !model_is_shape(options->probe->model, purpose);
}

bool search_typical(const struct search_options *options, struct findings *findings,
                    uint32_t *draw_count, struct error *error)
{
    struct probe *probe = probe_create(options->probe);
    bool is_good = probe_is_repeatable(probe, NULL, 0, error);
    if (is_good) {
        const struct probe_result *result = probe_last(probe);
        if (draw_count != NULL)
            probe_asked(probe, draw_count);
        if (probe_signature(result) != 0)
            collect_finding(findings, SEARCH_TYPICAL, 0, &(struct collected){.count = 0}, result);
    }
    probe_destroy(probe);
    return is_good;
}
