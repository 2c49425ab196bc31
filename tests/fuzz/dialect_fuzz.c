/* dialect_fuzz.c - any bytes as what a service, or whoever posts to the receiver, says.
 *
 * An input: one byte, which picks operation and status, then the body. Oracle: what is taken for an
 * answer is one that the contract allows (a task is not 0, a place exists, a plan is within the
 * limits); what is not taken leaves nothing but RCE_UNKNOWN; nothing leaks.
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "models/testbed/dialect.h"
#include "sim/base/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size_bytes);

static void check_answer(uint8_t choice, const char *body, size_t size_bytes)
{
    static const int statuses[] = {200, 202, 409, 429, 500};
    enum rce_operation operation = (enum rce_operation)(choice % RCE_OPERATION_COUNT);
    bool is_read = operation == RCE_READ_CLUSTER || operation == RCE_READ_HOST;
    struct rce_input input = {0};
    const struct dialect_answer answer = {.status = statuses[choice / 16 % 5],
                                          .retry_after_s = choice,
                                          .body = body,
                                          .size_bytes = size_bytes};
    bool is_good = dialect_read_answer(&input, operation, &answer, 1e6);
    CHECK((unsigned)input.result < RCE_RESULT_COUNT && input.retry_after_ns >= 0);
    CHECK(is_good != (input.result == RCE_UNKNOWN));
    CHECK((input.result == RCE_ACCEPTED) == (input.task != 0));
    CHECK(input.result != RCE_ACCEPTED || !is_read);
    CHECK(input.result != RCE_STATE || is_read);
    CHECK(input.state == 0 || input.result == RCE_STATE);
}

static void check_webhook(const char *body, size_t size_bytes)
{
    struct rce_input input;
    uint32_t sddc;
    if (!dialect_read_webhook(&input, &sddc, body, size_bytes))
        return;
    CHECK(input.kind == RCE_INPUT_CALLBACK && input.task != 0);
    CHECK((unsigned)input.operation < RCE_OPERATION_COUNT);
    CHECK(input.cluster == RCE_NO_CLUSTER || input.cluster < RCE_CLUSTERS_MAX);
    CHECK(input.host == RCE_NO_HOST || input.host == RCE_TEMPORARY_HOST ||
          input.host < RCE_HOSTS_MAX);
    CHECK(input.cluster != RCE_NO_CLUSTER || input.host == RCE_NO_HOST);
}

static void check_fleet(struct arena *arena, const char *body, size_t size_bytes)
{
    struct dialect_fleet *fleet = arena_take(arena, sizeof *fleet);
    struct error error = {0};
    if (!dialect_read_fleet(fleet, arena, body, size_bytes, &error)) {
        CHECK(error.code == ERROR_IO && error.message[0] != '\0');
        return;
    }
    CHECK(fleet->plans_count <= DIALECT_PAGE);
    for (uint32_t i = 0; i < fleet->plans_count; i++) {
        const struct rce_plan *plan = &fleet->plans[i];
        CHECK(plan->clusters_count >= 1 && plan->clusters_count <= RCE_CLUSTERS_MAX);
        for (uint32_t k = 0; k < plan->clusters_count; k++)
            CHECK(plan->clusters[k].hosts_count >= 1 &&
                  plan->clusters[k].hosts_count <= RCE_HOSTS_MAX);
    }
}

static void check_rest(const char *body, size_t size_bytes)
{
    static const char *const names[] = {"one", "two"};
    struct dialect_truth truth;
    struct dialect_clock clock;
    char url[DIALECT_URL_SIZE_BYTES];
    if (dialect_read_truth(&truth, names, 2, body, size_bytes) == DIALECT_TOLD)
        CHECK(truth.violations < 4 && truth.duplicates >= 0 && truth.temporary_hosts >= 0);
    if (dialect_read_clock(&clock, body, size_bytes))
        CHECK(isfinite(clock.speed) && clock.speed > 0 && clock.now_ns >= 0);
    dialect_read_callbacks(url, "rcesim", body, size_bytes);
    CHECK(memchr(url, '\0', sizeof url) != NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size_bytes)
{
    if (size_bytes == 0)
        return 0;
    const char *body = (const char *)bytes + 1;
    struct arena *arena = arena_create("fuzz", 0);
    check_answer(bytes[0], body, size_bytes - 1);
    check_webhook(body, size_bytes - 1);
    check_fleet(arena, body, size_bytes - 1);
    check_rest(body, size_bytes - 1);
    arena_destroy(arena);
    return 0;
}
