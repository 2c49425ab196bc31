#include "models/vmc/purpose.h"

#include "models/rce/rce.h"

/* One entry an operation for a purpose that exists once an operation. */
#define BLOCK(first, says)                                                                         \
    {(first) + RCE_UPGRADE_CONTROL_PLANE, says " of upgrade-control-plane", true},                 \
        {(first) + RCE_BACKUP, says " of backup", true},                                           \
        {(first) + RCE_ADD_HOST, says " of add-host", true},                                       \
        {(first) + RCE_READ_CLUSTER, says " of read-cluster", true},                               \
        {(first) + RCE_READ_HOST, says " of read-host", true},                                     \
        {(first) + RCE_ENTER_MAINTENANCE, says " of enter-maintenance", true},                     \
        {(first) + RCE_UPDATE_HOST, says " of update-host", true},                                 \
        {(first) + RCE_EXIT_MAINTENANCE, says " of exit-maintenance", true},                       \
        {(first) + RCE_REMOVE_HOST, says " of remove-host", true},                                 \
    {                                                                                              \
        (first) + RCE_UPGRADE_NETWORK, says " of upgrade-network", true                            \
    }

const struct purpose vmc_purposes[] = {
    {PURPOSE_GROUP, "group", true},
    {PURPOSE_CLUSTERS, "clusters", true},
    {PURPOSE_HOSTS, "hosts", true},
    {PURPOSE_TEMPORARY_HOST, "temporary host", true},
    {PURPOSE_START, "start", true},
    {PURPOSE_LAUNCH, "launch", true},
    {PURPOSE_BOOT, "boot", true},
    {PURPOSE_CONNECT, "connect", true},
    {PURPOSE_CONFIGURE, "configure", true},
    {PURPOSE_OUTAGE, "capacity outage", true},
    {PURPOSE_OUTAGE_DURATION, "capacity outage duration", true},
    {PURPOSE_REGION_OUTAGE_GAP, "gap between region outages", true},
    {PURPOSE_REGION_OUTAGE_DURATION, "region outage duration", true},
    {PURPOSE_STUCK, "stuck evacuation", true},
    {PURPOSE_STUCK_DURATION, "stuck evacuation duration", true},
    {PURPOSE_SLOW, "slow host", true},
    {PURPOSE_UPDATE_FAILURE, "update failure", true},
    {PURPOSE_REPAIR, "repair", true},
    {PURPOSE_ENTROPY, "entropy of the engine", false},
    {PURPOSE_TIE, "order of a tie", false},
    {PURPOSE_ROLLOUT, "place in the rollout", true},
    {PURPOSE_CRASH, "crash of the engine", true},
    {PURPOSE_CRASH_GAP, "time between crashes", true},
    {PURPOSE_CRASH_DOWNTIME, "time until the engine is back", true},
    BLOCK(PURPOSE_LATENCY, "latency"),
    BLOCK(PURPOSE_RESPONSE_DELAY, "response delay"),
    BLOCK(PURPOSE_UNAVAILABLE, "unavailability"),
    BLOCK(PURPOSE_UNKNOWN, "loss of the answer"),
    BLOCK(PURPOSE_UNKNOWN_APPLIED, "effect in spite of the lost answer"),
    BLOCK(PURPOSE_READ_LAG, "read lag"),
    BLOCK(PURPOSE_RUN, "duration"),
    BLOCK(PURPOSE_CALLBACK_DELAY, "callback delay"),
    BLOCK(PURPOSE_CALLBACK_LOSS, "callback loss"),
    BLOCK(PURPOSE_CALLBACK_DUPLICATE, "callback duplicate"),
    BLOCK(PURPOSE_CALLBACK_DUPLICATE_DELAY, "callback duplicate delay"),
    BLOCK(PURPOSE_CALLBACK_LATE, "late callback"),
    BLOCK(PURPOSE_CALLBACK_LATE_DELAY, "late callback delay"),
    {0},
};
