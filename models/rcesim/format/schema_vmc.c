#include "models/rcesim/format/domain.h"
#include "models/rcesim/format/schema_fields.h"

/* Reasons for limits that several fields share. */
#define REASON_ENTITIES                                                                            \
    "draws are named by 21 bits for the SDDC; split a larger fleet into several runs"

/* A stretch of time that may repeat. */
#define WINDOW_FIELDS(at)                                                                          \
    {.path = at ".from",                                                                           \
     .type = SCHEMA_DURATION,                                                                      \
     .required = true,                                                                             \
     .doc = "Begin, since the start of the wave."},                                                \
        {.path = at ".to",                                                                         \
         .type = SCHEMA_DURATION,                                                                  \
         .required = true,                                                                         \
         .doc = "End, since the start of the wave; after `from`."},                                \
    {                                                                                              \
        .path = at ".every", .type = SCHEMA_DURATION, .fallback = "0s",                            \
        .doc = "Repeat with this period; 0s: once."                                                \
    }

/* One limit of requests. */
#define THROTTLE_FIELDS(at, what, rate_default, burst_default)                                     \
    {.path = at, .type = SCHEMA_MAP, .doc = "Limit " what " in each region. Default: no limit."},  \
        {.path = at ".rate",                                                                       \
         .type = SCHEMA_RATE,                                                                      \
         .fallback = rate_default,                                                                 \
         .minimum = "0.000001/s",                                                                  \
         .doc = "Tokens that come back. The default is that of the Amazon EC2 API (developer "     \
                "guide, request throttling)."},                                                    \
    {                                                                                              \
        .path = at ".burst", .type = SCHEMA_COUNT, .fallback = burst_default, .minimum = "1",      \
        .maximum = "1000000000", .doc = "Tokens of a full bucket: requests that may come at once." \
    }

/* How long the engine waits for a step. */
#define DEADLINE_FIELD(name, fallback_text, what)                                                  \
    {                                                                                              \
        .path = "variants.*.deadlines." name, .type = SCHEMA_DURATION, .fallback = fallback_text,  \
        .minimum = "1us",                                                                          \
        .doc = "Time that the engine gives " what "; past it the workflow fails."                  \
    }

static const struct schema_field fields[] = {
    HEAD_FIELDS("vmc"),

    {.path = "fleet.sddcs",
     .type = SCHEMA_COUNT,
     .fallback = "300",
     .minimum = "1",
     .maximum = "2097152",
     .reason = REASON_ENTITIES,
     .doc = "SDDCs (software-defined data centres) of the wave; each is upgraded by one workflow."},
    {.path = "fleet.clusters_per_sddc",
     .type = SCHEMA_DIST_NUMBER,
     .fallback = "1",
     .minimum = "1",
     .maximum = "20",
     .reason = "an SDDC has 1 to 20 clusters",
     .doc = "Clusters of an SDDC, rounded to whole numbers."},
    {.path = "fleet.hosts_per_cluster",
     .type = SCHEMA_DIST_NUMBER,
     .fallback = "3",
     .minimum = "1",
     .maximum = "16",
     .reason = "a cluster has 1 to 16 hosts",
     .doc = "Hosts of a cluster without the temporary one, rounded to whole numbers."},
    {.path = "fleet.temporary_host.share",
     .type = SCHEMA_SHARE,
     .fallback = "100%",
     .doc = "Part of the clusters that get a temporary, non-billable host for the time of the "
            "upgrade, so that capacity never drops."},
    {.path = "fleet.groups",
     .type = SCHEMA_MAP,
     .maximum = "32",
     .doc = "Parts of the fleet, by free names. Which SDDC is in which group is drawn by the "
            "shares. Default: one group."},
    {.path = "fleet.groups.*.share",
     .type = SCHEMA_SHARE,
     .required = true,
     .doc = "Part of the SDDCs that belong to this group. The shares of all groups add up to 1."},
    {.path = "fleet.groups.*.region",
     .type = SCHEMA_TEXT,
     .fallback = "region",
     .doc = "Groups of the same region share its capacity and its request limits."},
    {.path = "fleet.groups.*.instance_type",
     .type = SCHEMA_TEXT,
     .fallback = "host",
     .doc = "Instance type of the hosts: a label for reports."},
    {.path = "fleet.groups.*.provisioning_scale",
     .type = SCHEMA_NUMBER,
     .fallback = "1",
     .minimum = "0",
     .maximum = "1000",
     .doc = "Multiplies all delays of provisioning in this group."},

    {.path = "provisioning.launch",
     .type = SCHEMA_DIST_DURATION,
     .fallback = "0s",
     .doc = "From the request for a temporary host until its instance is launched."},
    {.path = "provisioning.boot",
     .type = SCHEMA_DIST_DURATION,
     .fallback = "0s",
     .doc = "From launch until the host has booted."},
    {.path = "provisioning.connect",
     .type = SCHEMA_DIST_DURATION,
     .fallback = "lognormal(median=15min, sigma=0.45)",
     .doc = "From boot until the host is connected; then the service reports it as added. A "
            "bare-metal host is reachable up to 20 minutes after \"running\" (EC2 user guide)."},
    {.path = "provisioning.configure",
     .type = SCHEMA_DIST_DURATION,
     .fallback = "lognormal(median=4min, sigma=0.6)",
     .doc = "From connected until ready. As long as it lasts, the cluster is not ready for "
            "maintenance although the host has been reported as added."},
    {.path = "provisioning.capacity_outage.probability",
     .type = SCHEMA_SHARE,
     .fallback = "0%",
     .doc = "Probability that a launch meets a lack of capacity (InsufficientInstanceCapacity)."},
    {.path = "provisioning.capacity_outage.duration",
     .type = SCHEMA_DIST_DURATION,
     .fallback = "lognormal(median=30min, sigma=1.2)",
     .doc = "How long such a launch waits. Public spot traces: median 23 to 34 min, heavy tail."},
    {.path = "provisioning.region_outage",
     .type = SCHEMA_MAP,
     .doc = "Regions run out of capacity from time to time, for all their launches at once. "
            "Default: never."},
    {.path = "provisioning.region_outage.gap",
     .type = SCHEMA_DIST_DURATION,
     .required = true,
     .doc = "From the end of one outage of a region to the begin of the next."},
    {.path = "provisioning.region_outage.duration",
     .type = SCHEMA_DIST_DURATION,
     .fallback = "lognormal(median=30min, sigma=1.2)",
     .doc = "Length of an outage of a region."},

    {.path = "phase1.control_plane",
     .type = SCHEMA_DIST_DURATION,
     .fallback = "uniform(3h, 4h)",
     .doc = "Phase 1, the control plane. 3 to 4 h: VMware Cloud on AWS operations guide."},
    {.path = "phase2.backup",
     .type = SCHEMA_DIST_DURATION,
     .fallback = "30min",
     .doc = "Backup of a cluster, while its temporary host is added. 30 min: the same guide."},
    {.path = "phase2.update_host",
     .type = SCHEMA_DIST_DURATION,
     .fallback = "uniform(45min, 60min)",
     .doc = "Update of a host in maintenance mode. 45 to 60 min: the same guide."},
    {.path = "phase2.remove_host",
     .type = SCHEMA_DIST_DURATION,
     .fallback = "60min",
     .doc = "Removal of the temporary host. 60 min: the same guide."},
    {.path = "phase2.update_failure",
     .type = SCHEMA_SHARE,
     .fallback = "0%",
     .doc = "Probability that an update fails and leaves the host failed until it is repaired."},
    {.path = "phase2.repair",
     .type = SCHEMA_DIST_DURATION,
     .fallback = "lognormal(mu=4.15, sigma=1.4, unit=min)",
     .doc = "Repair of a failed host. Default: repair times of LANL nodes, 1996 to 2005."},
    {.path = "phase2.clusters_at_once",
     .type = SCHEMA_COUNT,
     .fallback = "10",
     .minimum = "1",
     .maximum = "10",
     .reason = "the platform upgrades at most 10 clusters of an SDDC at once",
     .doc = "Clusters of one SDDC in the upgrade at once; the next starts when one finishes."},
    {.path = "phase3.network",
     .type = SCHEMA_DIST_DURATION,
     .fallback = "1h",
     .doc = "Phase 3, the network (NSX). The default is an assumption."},

    {.path = "maintenance.evacuate",
     .type = SCHEMA_DIST_DURATION,
     .fallback = "truncate(lognormal(median=320s, sigma=1.15), min=10s, max=40min)",
     .doc = "From accepting a maintenance request until the host is evacuated. The default has "
            "the median, the 90th percentile and the maximum of 760 measured evacuations."},
    {.path = "maintenance.exit",
     .type = SCHEMA_DIST_DURATION,
     .fallback = "1min",
     .doc = "Leaving maintenance mode. The default is an assumption."},
    {.path = "maintenance.resync",
     .type = SCHEMA_DIST_DURATION,
     .fallback = "0s",
     .doc = "Resynchronisation of storage (vSAN) after leaving; its end is the end of the exit."},
    {.path = "maintenance.deadline",
     .type = SCHEMA_DURATION,
     .fallback = "60min",
     .minimum = "1us",
     .doc = "Time that the engine gives a host to enter maintenance mode, unless a variant has a "
            "deadline of its own (deadlines.enter_maintenance)."},
    {.path = "maintenance.stuck.probability",
     .type = SCHEMA_SHARE,
     .fallback = "0%",
     .doc = "Part of the hosts that can never be evacuated: failures of evacuation are sticky."},
    {.path = "maintenance.stuck.duration",
     .type = SCHEMA_DIST_DURATION,
     .fallback = "30min",
     .doc = "Time until such an evacuation is reported to have failed."},
    {.path = "maintenance.slow_hosts.share",
     .type = SCHEMA_SHARE,
     .fallback = "0%",
     .doc = "Part of the hosts on which evacuation, exit and update are slow."},
    {.path = "maintenance.slow_hosts.factor",
     .type = SCHEMA_NUMBER,
     .fallback = "3",
     .minimum = "1",
     .maximum = "1000",
     .doc = "How many times as long they take there."},

    {.path = "host_service.latency",
     .type = SCHEMA_DIST_DURATION,
     .fallback = "lognormal(median=120ms, p95=900ms)",
     .doc = "Time of a request and its response together; the service acts half-way."},
    {.path = "host_service.response_delay",
     .type = SCHEMA_DIST_DURATION,
     .fallback = "0s",
     .doc = "Extra delay of responses alone, so that callbacks can overtake them."},
    {.path = "host_service.errors.unavailable",
     .type = SCHEMA_SHARE,
     .fallback = "0%",
     .doc = "Probability that a request is answered 503: definitely not carried out."},
    {.path = "host_service.errors.unknown",
     .type = SCHEMA_SHARE,
     .fallback = "0%",
     .doc = "Probability that a request gets no usable answer: it may have been carried out."},
    {.path = "host_service.errors.unknown_applied",
     .type = SCHEMA_SHARE,
     .fallback = "50%",
     .doc = "Part of the requests without a usable answer that were carried out all the same."},
    THROTTLE_FIELDS("host_service.throttle.reads", "requests that only read", "20/s", "100"),
    THROTTLE_FIELDS("host_service.throttle.writes", "requests that change something", "5/s", "50"),
    THROTTLE_FIELDS("host_service.throttle.add_host", "requests for hosts", "2/s", "5"),
    {.path = "host_service.throttle.retry_after",
     .type = SCHEMA_FLAG,
     .fallback = "true",
     .doc = "Tell throttled callers how long to wait (Retry-After)."},
    {.path = "host_service.queue",
     .type = SCHEMA_MAP,
     .doc =
         "Serve the requests of a region one after the other, in the order in which they come. A "
         "caller that waits too long gives up and gets no usable answer, but its request is "
         "served all the same, for nobody: so retries can keep a service busy after what "
         "overloaded it is over. Default: no queue, requests are served at once."},
    {.path = "host_service.queue.rate",
     .type = SCHEMA_RATE,
     .required = true,
     .minimum = "0.000001/s",
     .maximum = "1000000/s",
     .doc = "Requests that a region serves, each in the same time."},
    {.path = "host_service.queue.timeout",
     .type = SCHEMA_DURATION,
     .fallback = "30s",
     .minimum = "1us",
     .doc = "A caller that is not served so long after its request has arrived gives up."},
    {.path = "host_service.queue.length",
     .type = SCHEMA_COUNT,
     .fallback = "0",
     .minimum = "0",
     .maximum = "1000000000",
     .doc = "With so many waiting or being served, further ones are answered 503 at once; 0: no "
            "limit."},
    {.path = "host_service.read_lag",
     .type = SCHEMA_DIST_DURATION,
     .fallback = "0s",
     .doc = "A read answers with the inventory as it was so long ago."},
    {.path = "host_service.callback.delay",
     .type = SCHEMA_DIST_DURATION,
     .fallback = "exponential(mean=5s)",
     .doc = "From the end of a task until its callback arrives."},
    {.path = "host_service.callback.loss",
     .type = SCHEMA_SHARE,
     .fallback = "0%",
     .doc = "Probability that a callback never arrives."},
    {.path = "host_service.callback.duplicate",
     .type = SCHEMA_SHARE,
     .fallback = "0%",
     .doc = "Probability that a callback arrives twice."},
    {.path = "host_service.callback.duplicate_delay",
     .type = SCHEMA_DIST_DURATION,
     .fallback = "exponential(mean=30s)",
     .doc = "Between the first and the second arrival."},
    {.path = "host_service.callback.late.probability",
     .type = SCHEMA_SHARE,
     .fallback = "0%",
     .doc = "Probability that a callback is late."},
    {.path = "host_service.callback.late.delay",
     .type = SCHEMA_DIST_DURATION,
     .fallback = "30min",
     .doc = "What is added to the delay of a late callback."},
    {.path = "host_service.early_request",
     .type = SCHEMA_CHOICE,
     .fallback = "drop",
     .choices = "drop|drop_recorded|reject|queue",
     .doc = "What becomes of a maintenance request that comes before the cluster is ready. drop: "
            "accepted, then nothing, and no record of it (the incident); drop_recorded: the same, "
            "but the idempotency key remembers the dead task; reject: refused (409); queue: "
            "carried out when the cluster is ready."},
    {.path = "host_service.idempotency.scope",
     .type = SCHEMA_CHOICE,
     .fallback = "target",
     .choices = "target|service",
     .doc = "What an idempotency key counts for. target: one operation on one target; service: "
            "all of an SDDC, so that a key used for two targets (idempotency.key: per_operation) "
            "answers with another target's task."},
    {.path = "host_service.idempotency.retention",
     .type = SCHEMA_DURATION,
     .fallback = "24h",
     .doc = "A key is forgotten so long after its first use."},
    WINDOW_FIELDS("host_service.outages[]"),
    {.path = "host_service.outages",
     .type = SCHEMA_MAP,
     .maximum = "32",
     .doc = "Windows in which every request is answered 503."},

    {.path = "rce_crash",
     .type = SCHEMA_MAP,
     .doc =
         "The engine crashes: what it has in memory is lost, answers under way find nobody. It is "
         "started again and goes on from what it persisted last; callbacks that it had not "
         "taken up are delivered again. Default: never."},
    {.path = "rce_crash.probability",
     .type = SCHEMA_SHARE,
     .fallback = "0%",
     .maximum = "50%",
     .reason = "an engine that crashes all the time gets nowhere",
     .doc = "Probability of a crash in each gap: before the first action of a step, between two, "
            "and after the last. A workflow of one cluster of three hosts has about 130. A "
            "workflow is given up after 20 crashes without a step taken up between them, and a "
            "whole process after 100 crashes in the instant of its return."},
    {.path = "rce_crash.after_action",
     .type = SCHEMA_TREE,
     .doc = "A number or a list of up to 32: a crash follows these actions of each workflow, "
            "counted from 1 over its life; 0: it comes before the first. Default: none."},
    {.path = "rce_crash.every",
     .type = SCHEMA_DIST_DURATION,
     .doc = "Time between two crashes, whatever the engine does; exponential for a mean time "
            "between failures. Default: none."},
    {.path = "rce_crash.downtime",
     .type = SCHEMA_DIST_DURATION,
     .fallback = "10s",
     .doc = "Until the engine is started again. The default is an assumption."},
    {.path = "rce_crash.scope",
     .type = SCHEMA_CHOICE,
     .fallback = "process",
     .choices = "process|workflow",
     .doc = "What goes down. process: the engine process with all its workflows, and the retry "
            "budget and limiter that they share; workflow: the worker of one workflow."},

    {.path = "wave.schedule",
     .type = SCHEMA_CHOICE,
     .fallback = "evenly",
     .choices = "evenly|randomly|at_once",
     .doc = "When SDDCs start. evenly: at equal distances over `spread`; randomly: each at random "
            "within its own stretch of it; at_once: all at the start."},
    {.path = "wave.spread",
     .type = SCHEMA_DURATION,
     .fallback = "24h",
     .doc = "Time over which the starts are spread."},
    {.path = "wave.concurrency",
     .type = SCHEMA_COUNT,
     .fallback = "0",
     .minimum = "0",
     .maximum = "2097152",
     .doc = "Workflows that run at once; 0: no limit."},
    WINDOW_FIELDS("wave.windows[]"),
    {.path = "wave.windows",
     .type = SCHEMA_MAP,
     .maximum = "32",
     .doc = "SDDCs start only inside these windows. Default: always."},

    {.path = "variants",
     .type = SCHEMA_MAP,
     .required = true,
     .minimum = "1",
     .maximum = "64",
     .doc = "The engines to compare, each in the same simulated worlds. The first is what the "
            "others are compared with; `{}` is the engine as it was before the fix."},
    {.path = "variants.*.engine",
     .type = SCHEMA_TREE,
     .fallback = "rce",
     .doc =
         "The engine: a name, {plugin: FILE} for a shared object that exports rce_engine_get, or "
         "{command: [WORDS]} for a program that speaks JSON Lines; both may have `config`, a map "
         "of the engine's own. Files are relative to the scenario. A plugin runs inside this "
         "program, with all its rights."},
    {.path = "variants.*.precheck",
     .type = SCHEMA_MAP,
     .doc = "Fix: read the state of the cluster until it is ready, before asking for maintenance. "
            "Default: off."},
    {.path = "variants.*.precheck.poll.policy",
     .type = SCHEMA_TEXT,
     .fallback = "exponential",
     .doc = "Spacing of the reads. " POLICIES},
    SPACING_FIELDS("variants.*.precheck.poll"),
    {.path = "variants.*.precheck.deadline",
     .type = SCHEMA_DURATION,
     .fallback = "3h",
     .minimum = "1us",
     .doc = "Time that the pre-check may take; past it the workflow fails."},
    {.path = "variants.*.precheck.scope",
     .type = SCHEMA_CHOICE,
     .fallback = "first_host",
     .choices = "first_host|every_host",
     .doc = "Check before the first host of a cluster only, or before every host."},
    {.path = "variants.*.retry",
     .type = SCHEMA_MAP,
     .doc = "Fix: try again after errors, and after silence of a maintenance request. Default: "
            "off."},
    {.path = "variants.*.retry.after",
     .type = SCHEMA_DURATION,
     .fallback = "10min",
     .minimum = "1s",
     .reason = "unanswered reads of state are repeated after it until a deadline ends them",
     .doc = "Silence after an accepted maintenance request before the state of the host is read "
            "and the request sent again."},
    {.path = "variants.*.retry.policy",
     .type = SCHEMA_TEXT,
     .fallback = "exponential",
     .doc = "Spacing of the retries. " POLICIES},
    SPACING_FIELDS("variants.*.retry"),
    LIMIT_FIELDS("variants.*.retry"),
    {.path = "variants.*.idempotency",
     .type = SCHEMA_MAP,
     .doc = "Fix: send idempotency keys, so that a retry cannot trigger twice. Default: off."},
    {.path = "variants.*.idempotency.key",
     .type = SCHEMA_CHOICE,
     .fallback = "per_task",
     .choices = "none|per_attempt|per_task|per_workflow|per_operation",
     .doc =
         "What one key stands for. per_task: all attempts at one task; per_attempt: one "
         "attempt, which protects from nothing but the network; per_workflow: the operation on "
         "the target over failures and re-drives, which is too wide; per_operation: the operation, "
         "whatever the target, which a service of scope `service` answers with another host's "
         "task."},
    {.path = "variants.*.settle",
     .type = SCHEMA_DURATION,
     .fallback = "0s",
     .doc = "Mitigation: wait so long between preparation and the first maintenance request."},
    {.path = "variants.*.rollout",
     .type = SCHEMA_MAP,
     .doc = "What happens when the wave is seen to fail: the fix is rolled out while the wave goes "
            "on with this variant's engine. Default: nothing."},
    {.path = "variants.*.rollout.to",
     .type = SCHEMA_TEXT,
     .doc =
         "Name of the variant whose engine, with its options, is rolled out. Default: nothing is "
         "deployed."},
    {.path = "variants.*.rollout.placebo",
     .type = SCHEMA_FLAG,
     .fallback = "false",
     .doc = "Re-drive the failed workflows with the old engine, and change nothing else: what the "
            "re-driving alone does."},
    {.path = "variants.*.rollout.detect.failed",
     .type = SCHEMA_COUNT,
     .fallback = "5",
     .minimum = "1",
     .maximum = "100000",
     .doc = "The failure is detected when so many workflows have failed within `detect.within`."},
    {.path = "variants.*.rollout.detect.within",
     .type = SCHEMA_DURATION,
     .fallback = "30min",
     .minimum = "1s",
     .doc = "Length of the window of `detect.failed`."},
    {.path = "variants.*.rollout.detect.at",
     .type = SCHEMA_DURATION,
     .doc = "The failure is detected at this time of the wave. Default: by `detect.failed`."},
    {.path = "variants.*.rollout.delay",
     .type = SCHEMA_DURATION,
     .fallback = "2h",
     .doc = "From the detection to the deployment: finding the cause, building, testing the fix. "
            "The default is an assumption."},
    {.path = "variants.*.rollout.drain",
     .type = SCHEMA_DURATION,
     .fallback = "30s",
     .doc =
         "A workflow with a request under way changes engines when it is answered, at the latest "
         "so long after its stage; then the request is made again by the new engine."},
    {.path = "variants.*.rollout.pause",
     .type = SCHEMA_DURATION,
     .fallback = "0s",
     .doc = "Mitigation: no workflow starts for so long from the detection on; the rest of the "
            "schedule is shifted."},
    {.path = "variants.*.rollout.stages",
     .type = SCHEMA_MAP,
     .maximum = "16",
     .doc = "Who gets the fix when. Running workflows are handed to the new engine with their "
            "state, failed ones are re-driven by it, later ones start with it. Default: all at "
            "once."},
    {.path = "variants.*.rollout.stages[].select",
     .type = SCHEMA_CHOICE,
     .fallback = "all",
     .choices = "failing_first|percentage|random|all",
     .doc = "failing_first: workflows that have failed by then; percentage: the first part of the "
            "fleet in the order of the wave; random: a part of the fleet at random, which later "
            "stages of this kind add to; all: the whole fleet."},
    {.path = "variants.*.rollout.stages[].share",
     .type = SCHEMA_SHARE,
     .fallback = "100%",
     .doc = "How large a part."},
    {.path = "variants.*.rollout.stages[].after",
     .type = SCHEMA_DURATION,
     .fallback = "0s",
     .doc = "When, since the deployment."},
    {.path = "variants.*.rollout.hand_over",
     .type = SCHEMA_CHOICE,
     .fallback = "before_maintenance",
     .choices = "before_maintenance|all|none|restart",
     .doc = "Which running workflows of a stage are handed to the new engine; the others end as "
            "they began. before_maintenance: those that have not asked for maintenance yet; all: "
            "also those that wait for an answer to a request without an idempotency key, which the "
            "new engine can only make again; none: only what starts later is new; restart: all, at "
            "once and without `drain`: the old engine is stopped whatever it does, answers under "
            "way are lost, and the new one begins from what was persisted last."},
    {.path = "variants.*.rollout.redrive",
     .type = SCHEMA_CHOICE,
     .fallback = "when_quiet",
     .choices = "never|at_once|when_quiet",
     .doc = "Start the failed workflows of a stage again, each once. at_once: although some of "
            "their work may still be under way, so that it is started a second time; when_quiet: "
            "once none of their tasks is under way."},
    {.path = "variants.*.rollout.pace",
     .type = SCHEMA_DURATION,
     .fallback = "10s",
     .doc = "Between two re-drives of a stage."},
    {.path = "variants.*.rollout.halt_if",
     .type = SCHEMA_MAP,
     .doc = "Stop the rollout and give all workflows back to the old engine when too many fail "
            "under the new one. Default: never."},
    {.path = "variants.*.rollout.halt_if.failed",
     .type = SCHEMA_SHARE,
     .required = true,
     .doc = "Halt when more than this part of the workflows that have ended under the new engine "
            "failed."},
    {.path = "variants.*.rollout.halt_if.of",
     .type = SCHEMA_COUNT,
     .fallback = "20",
     .minimum = "1",
     .maximum = "2097152",
     .doc = "Judge from so many workflows on. Failures are over sooner than successes, so a small "
            "number halts by chance."},
    DEADLINE_FIELD("control_plane", "8h", "phase 1"),
    DEADLINE_FIELD("backup", "2h", "a backup"),
    DEADLINE_FIELD("add_host", "3h", "the addition of a temporary host"),
    DEADLINE_FIELD("enter_maintenance", NULL,
                   "a host to enter maintenance mode (default: maintenance.deadline)"),
    DEADLINE_FIELD("update_host", "3h", "the update of a host"),
    DEADLINE_FIELD("exit_maintenance", "60min", "a host to leave maintenance mode"),
    DEADLINE_FIELD("remove_host", "3h", "the removal of a temporary host"),
    DEADLINE_FIELD("network", "4h", "phase 3"),

    {.path = "report.bin",
     .type = SCHEMA_DURATION,
     .fallback = "30min",
     .minimum = "1min",
     .maximum = "24h",
     .doc = "Width of the bins in which the course of the wave is counted. More than 2,048 bins "
            "become half as many of twice the width, as often as necessary."},

    EXPERIMENT_FIELDS,
};

const struct schema schema_vmc = {
    .title = "rcesim scenario, model vmc",
    .fields = fields,
    .field_count = sizeof fields / sizeof fields[0],
};
