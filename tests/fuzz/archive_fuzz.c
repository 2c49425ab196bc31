/* archive_fuzz.c - any bytes as a stored result, with a checksum that is right.
 *
 * Oracle: what is read is written as the same bytes (there is one way to write a result), can be
 * reduced to a summary, and joined with itself only where it has no replications. What is not read
 * says why.
 *
 * An input is an archive without its checksum and end mark; the target appends both.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gsl/gsl_errno.h>

#include "sim/base/check.h"
#include "sim/experiment/archive.h"
#include "sim/experiment/pack.h"
#include "sim/experiment/summary.h"
#include "tests/sim/experiment/odd.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size_bytes);

enum { SIZE_MAX_BYTES = 1 << 16 };

static char *write_archive(const struct archive *archive, size_t *size_bytes)
{
    char *bytes = NULL;
    FILE *file = open_memstream(&bytes, size_bytes);
    CHECK(file != NULL);
    archive_write(file, archive->result, &archive->label);
    CHECK(fclose(file) == 0);
    return bytes;
}

static void check_share(struct arena *arena, const struct result *result, uint32_t variant)
{
    struct summary_share share = summary_series_share(
        arena, result,
        &(struct summary_share_what){.variant = variant, .part = ODD_SOME, .confidence = 0.95});
    for (uint32_t i = 0; i < share.bin_count; i++) {
        const struct summary_share_bin *bin = &share.bins[i];
        CHECK(bin->part <= bin->whole && bin->from_ns < bin->to_ns);
        CHECK((bin->whole > 0) == interval_has_estimate(&bin->share));
    }
}

static void check_archive(struct archive *archive, struct arena *arena, struct archive_bytes bytes,
                          const struct archive_models *models)
{
    size_t size_again;
    char *again = write_archive(archive, &size_again);
    CHECK(size_again == bytes.size_bytes && memcmp(again, bytes.bytes, size_again) == 0);
    free(again);
    const struct summary *summary = summary_create(arena, archive->result, 0.95);
    for (uint32_t v = 0; v < archive->result->variant_count; v++)
        for (size_t m = 0; m < ODD_METRIC_COUNT; m++) {
            const struct interval *interval = &summary->variants[v].metrics[m].headline;
            if (interval_is_known(interval))
                CHECK(interval->low <= interval->high);
        }
    for (uint32_t v = 0; v < archive->result->variant_count; v++)
        check_share(arena, archive->result, v);
    struct archive twin;
    CHECK(archive_parse(&twin, arena, bytes, models, NULL));
    struct result *parts[] = {archive->result, twin.result}, *joined;
    struct error error;
    bool is_joined = result_join(&joined, parts, 2, &error);
    CHECK(is_joined == (archive->result->replication_count == 0));
    if (is_joined) {
        result_destroy(joined);
        return;
    }
    CHECK(error.code == ERROR_IO);
    result_destroy(twin.result);
    result_destroy(archive->result);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size_bytes)
{
    static const char end_mark[] = "\nMISend\n";
    static const struct model *const list[] = {&odd_model};
    const struct archive_models models = {list, 1};
    if (size_bytes > SIZE_MAX_BYTES)
        return 0;
    gsl_set_error_handler_off();
    size_t whole_bytes = size_bytes + PACK_CHECKSUM_BYTES + sizeof end_mark - 1;
    unsigned char *whole = malloc(whole_bytes);
    CHECK(whole != NULL);
    if (size_bytes > 0)
        memcpy(whole, bytes, size_bytes);
    uint64_t sum = pack_checksum(bytes, size_bytes);
    for (int i = 0; i < PACK_CHECKSUM_BYTES; i++)
        whole[size_bytes + (size_t)i] = (unsigned char)(sum >> (8 * i));
    memcpy(whole + size_bytes + PACK_CHECKSUM_BYTES, end_mark, sizeof end_mark - 1);
    struct arena *arena = arena_create("fuzz", 0);
    struct archive archive;
    struct error error = {0};
    struct archive_bytes all = {whole, whole_bytes};
    if (archive_parse(&archive, arena, all, &models, &error))
        check_archive(&archive, arena, all, &models);
    else
        CHECK(error.code == ERROR_IO && error.message[0] != '\0');
    arena_destroy(arena);
    free(whole);
    return 0;
}
