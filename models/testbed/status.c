#include <inttypes.h>

#include "models/testbed/rest_parts.h"
#include "sim/base/units.h"

/* SDDCs are shown one by one up to this; of larger fleets the first ones. */
enum { SHOWN_MAX = 2000 };

/* One letter an SDDC: what a glance is to see. */
static char letter_of(const struct vmc_sddc_view *view)
{
    switch (view->workflow) {
    case VMC_WORKFLOW_NONE: return '.';
    case VMC_WORKFLOW_RUNNING: return view->early_trigger ? 'e' : 'r';
    case VMC_WORKFLOW_SUCCEEDED: return 's';
    case VMC_WORKFLOW_FAILED: return 'f';
    }
    return '?';
}

struct counts {
    uint64_t workflows[4], hosts[VMC_HOST_STATE_COUNT], clusters, ready, early, violated;
};

static void count_sddc(const struct vmc_live *live, uint32_t index, struct counts *counts)
{
    const struct rce_plan *plan = vmc_live_plan(live, index);
    struct vmc_sddc_view view = vmc_live_sddc(live, index);
    counts->workflows[view.workflow]++;
    counts->early += view.early_trigger;
    counts->violated += view.violations != 0;
    for (uint32_t c = 0; c < plan->clusters_count; c++) {
        counts->clusters++;
        counts->ready += vmc_live_cluster(live, index, (uint8_t)c).is_ready;
        for (uint32_t h = 0; h < plan->clusters[c].hosts_count; h++)
            counts->hosts[vmc_live_host_state(live, index, (uint8_t)c, (uint8_t)h)]++;
        counts->hosts[vmc_live_host_state(live, index, (uint8_t)c, RCE_TEMPORARY_HOST)]++;
    }
}

static void print_counts(struct reply *reply, const struct counts *counts)
{
    reply_print(reply,
                "\"workflows\":{\"none\":%" PRIu64 ",\"running\":%" PRIu64 ",\"succeeded\":%" PRIu64
                ",\"failed\":%" PRIu64 "},\"clusters\":%" PRIu64 ",\"clusters_ready\":%" PRIu64
                ",\"early_triggers\":%" PRIu64 ",\"violated\":%" PRIu64 ",\"hosts\":{",
                counts->workflows[0], counts->workflows[1], counts->workflows[2],
                counts->workflows[3], counts->clusters, counts->ready, counts->early,
                counts->violated);
    for (int i = 1; i < VMC_HOST_STATE_COUNT; i++)
        reply_print(reply, "%s\"%s\":%" PRIu64, i == 1 ? "" : ",", vmc_host_state_names[i],
                    counts->hosts[i]);
    reply_print(reply, "},");
}

void rest_status(struct rest_call *call)
{
    const struct rest *rest = call->rest;
    struct reply *reply = call->reply;
    char now[UNITS_TEXT_SIZE_BYTES];
    struct counts counts = {0};
    uint32_t count = vmc_live_sddcs_count(rest->live);
    const int64_t *tally = vmc_live_tally(rest->live);
    for (uint32_t i = 0; i < count; i++)
        count_sddc(rest->live, i, &counts);
    reply->status = 200;
    reply_print(reply, "{\"title\":");
    reply_quote(reply, rest->options.title);
    reply_print(reply, ",\"version\":");
    reply_quote(reply, rest->options.version);
    reply_print(reply, ",\"now_ns\":%" PRId64 ",\"now\":\"%s\",\"speed\":%.17g,\"step\":%s,",
                vmc_live_now_ns(rest->live), units_print_clock(now, vmc_live_now_ns(rest->live)),
                rest->pacer.speed, rest->pacer.is_stepped ? "true" : "false");
    print_counts(reply, &counts);
    reply_print(reply,
                "\"calls\":%" PRId64 ",\"throttled\":%" PRId64 ",\"callbacks_lost\":%" PRId64
                ",\"duplicate_triggers\":%" PRId64 ",\"violations\":%" PRId64
                ",\"waiting\":%u,\"sddcs\":%u,\"grid\":\"",
                tally[METRIC_API_CALLS], tally[METRIC_THROTTLED], tally[METRIC_CALLBACKS_LOST],
                tally[METRIC_DUPLICATE_TRIGGERS], tally[METRIC_VIOLATIONS], rest->waiting_count,
                count);
    for (uint32_t i = 0; i < count && i < SHOWN_MAX; i++) {
        struct vmc_sddc_view view = vmc_live_sddc(rest->live, i);
        reply_print(reply, "%c", letter_of(&view));
    }
    reply_print(reply, "\"}");
}
