#include "sim/experiment/archive.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <gsl/gsl_errno.h>

#include "sim/experiment/pack.h"
#include "sim/experiment/slots.h"
#include "tests/sim/experiment/odd.h"
#include "tests/sim/experiment/same_result.h"
#include "tests/sim/experiment/toy.h"

enum { MARK_BYTES = 8 };

static const struct model *const model_list[] = {&toy_model, &odd_model};
static const struct archive_models models = {model_list, 2};

static const struct archive_label label = {
    .program_version = "1.2.3",
    .simulation_hash = 0x8123456789abcdef,
    .world_hash = 7,
    .context = "{\"a\": \"\303\244\"}",
};

/* An archive in memory that a test may damage. */
struct image {
    unsigned char *bytes;
    size_t size_bytes;
};

static struct image write_image(const struct result *result)
{
    char *bytes = NULL;
    size_t size_bytes = 0;
    FILE *file = open_memstream(&bytes, &size_bytes);
    archive_write(file, result, &label);
    fclose(file);
    return (struct image){(unsigned char *)bytes, size_bytes};
}

static bool parse(struct archive *archive, struct arena *arena, const struct image *image,
                  struct error *error)
{
    struct archive_bytes bytes = {image->bytes, image->size_bytes};
    return archive_parse(archive, arena, bytes, &models, error);
}

static void assert_refused(const struct image *image, const char *message)
{
    struct arena *arena = arena_create("test", 0);
    struct archive archive = {0};
    struct error error = {0};
    assert_false(parse(&archive, arena, image, &error));
    assert_null(archive.result);
    assert_int_equal(error.code, ERROR_IO);
    if (message != NULL)
        assert_string_equal(error.message, message);
    assert_true(strlen(error.message) > 0);
    arena_destroy(arena);
}

static void assert_round_trip(const struct result *result)
{
    struct arena *arena = arena_create("test", 0);
    struct image image = write_image(result);
    struct archive archive = {0};
    struct error error = {0};
    if (!parse(&archive, arena, &image, &error))
        fail_msg("%s", error.message);
    assert_string_equal(archive.label.program_version, label.program_version);
    assert_true(archive.label.simulation_hash == label.simulation_hash);
    assert_true(archive.label.world_hash == label.world_hash);
    assert_string_equal(archive.label.context, label.context);
    assert_same_result(archive.result, result);
    assert_null(archive.result->variants[0].parameters);
    struct image again = write_image(archive.result);
    assert_int_equal(again.size_bytes, image.size_bytes);
    assert_memory_equal(again.bytes, image.bytes, image.size_bytes);
    free(again.bytes);
    free(image.bytes);
    result_destroy(archive.result);
    arena_destroy(arena);
}

static struct result *run(const struct experiment_design *design)
{
    struct result *result = NULL;
    struct error error = {0};
    if (!experiment_run(design, &result, &error))
        fail_msg("%s", error.message);
    return result;
}

static const struct experiment_variant odd_variants[2] = {{.name = "one"}, {.name = "tw\303\266"}};

static struct result *run_odd(uint32_t replications)
{
    struct experiment_design design = {
        .model = &odd_model,
        .variants = odd_variants,
        .variant_count = 2,
        .replication_count = replications,
        .seed = UINT64_MAX - 5,
        .thread_count = 2,
        .rows_first_replication = 0,
        .rows_replication_count = replications / 2 + 1,
    };
    return run(&design);
}

static struct result *run_toy(uint32_t first, uint32_t count, bool is_alone)
{
    static const struct toy toys[2] = {
        {.unit_count = 70, .low = 0.1, .high = 0.3, .factor = 1, .has_no_duration = true},
        {.unit_count = 70, .low = 0.1, .high = 0.3, .factor = 0.25, .draws_more = true},
    };
    static struct experiment_variant variants[2];
    struct experiment_design design = toy_design(variants, toys);
    design.first_replication = first;
    design.replication_count = count;
    design.variant_count = is_alone ? 1 : 2;
    design.rows_first_replication = 5;
    design.rows_replication_count = 2;
    return run(&design);
}

static void test_round_trip(void **state)
{
    (void)state;
    struct result *results[] = {
        run_odd(1),
        run_odd(100),
        run_toy(0, 40, false),
        run_toy(3, 7, true),
        run_toy(0, 600, false), /* More than one block. */
        run_toy(UINT32_MAX, 1, false),
    };
    /* What the comparison is about is there: rows with and without cells, empty histograms, ... */
    const struct record *record = result_record(results[1], 1, 0);
    assert_int_equal(record->unit_count, 0);
    assert_int_equal(record->histograms[0].count, 0);
    assert_true(result_record(results[1], 8, 0)->values[ODD_LONGEST] == 1000000);
    assert_true(result_record(results[1], 3, 0)->values[ODD_LONGEST] == METRIC_NONE);
    assert_int_equal(result_rows(results[1], 1, 0)->row_count, 0);
    assert_non_null(result_rows(results[1], 50, 1));
    assert_null(result_rows(results[1], 51, 1));
    assert_true(results[2]->synchrony[1].common_count > 0);
    for (size_t i = 0; i < sizeof results / sizeof results[0]; i++) {
        assert_round_trip(results[i]);
        result_destroy(results[i]);
    }
}

/* What an interruption leaves; the experiment's own test has real ones. */
static void test_partial_result(void **state)
{
    (void)state;
    for (uint32_t done = 0; done < 2; done++) {
        volatile sig_atomic_t pressed = done == 0;
        struct toy toys[2] = {{.unit_count = 7, .high = 1, .factor = 1, .interrupts_at = 3},
                              {.unit_count = 7, .high = 1, .factor = 1}};
        toys[0].signal = &pressed;
        struct experiment_variant variants[2];
        struct experiment_design design = toy_design(variants, toys);
        design.interrupted = &pressed;
        struct result *result = run(&design);
        assert_true(result->is_partial);
        assert_int_equal(result->replication_count, done == 0 ? 0 : 4);
        assert_round_trip(result);
        result_destroy(result);
    }
}

/* Draws that had to be sampled need a table that overflows; here the share is put in by hand. */
static void test_share_of_checked_draws(void **state)
{
    (void)state;
    struct result *result = run_toy(0, 3, false);
    result->store->slots[1].runs[1].checked_share = 0.25;
    result->synchrony[1].checked_share_min = 0.25;
    assert_round_trip(result);
    result_destroy(result);
}

/* Parts that went through files are joined like those that did not. */
static void test_stored_parts(void **state)
{
    (void)state;
    struct result *whole = run_toy(0, 30, false);
    struct arena *arena = arena_create("test", 0);
    static const uint32_t first[] = {12, 0, 7}, count[] = {18, 7, 5};
    struct result *parts[3];
    for (int i = 0; i < 3; i++) {
        struct result *part = run_toy(first[i], count[i], false);
        struct image image = write_image(part);
        struct archive archive;
        assert_true(parse(&archive, arena, &image, NULL));
        parts[i] = archive.result;
        free(image.bytes);
        result_destroy(part);
    }
    struct result *joined;
    assert_true(result_join(&joined, parts, 3, NULL));
    assert_same_result(joined, whole);
    assert_round_trip(joined);
    result_destroy(joined);
    result_destroy(whole);
    arena_destroy(arena);
}

/* One changed byte, whichever and however, never passes; nor does a file that ends too early or
 * goes on too long. */
static void test_any_damage(void **state)
{
    (void)state;
    struct result *result = run_odd(5);
    struct image image = write_image(result);
    for (size_t i = 0; i < image.size_bytes; i++)
        for (unsigned k = 0; k < 9; k++) {
            unsigned char change = (unsigned char)(k == 8 ? 0xff : 1 << k);
            image.bytes[i] ^= change;
            assert_refused(&image, NULL);
            image.bytes[i] ^= change;
        }
    for (size_t size = 0; size < image.size_bytes; size++) {
        unsigned char *exact = malloc(size > 0 ? size : 1); /* So that ASan sees its end. */
        memcpy(exact, image.bytes, size);
        assert_refused(&(struct image){exact, size}, NULL);
        free(exact);
    }
    unsigned char *longer = calloc(1, image.size_bytes + 1);
    memcpy(longer, image.bytes, image.size_bytes);
    assert_refused(&(struct image){longer, image.size_bytes + 1}, NULL);
    free(longer);
    free(image.bytes);
    result_destroy(result);
}

static void test_what_is_wrong(void **state)
{
    (void)state;
    struct result *result = run_odd(2);
    struct image image = write_image(result);
    struct image damaged = {malloc(image.size_bytes), image.size_bytes};
    assert_refused(&(struct image){damaged.bytes, 0},
                   "the file is empty; simulate these replications again");
    memcpy(damaged.bytes, image.bytes, image.size_bytes);
    damaged.bytes[4] = '\n'; /* A transfer that changes line ends. */
    assert_refused(&damaged, "this is no stored result, or a transfer as text has changed it");
    memcpy(damaged.bytes, image.bytes, image.size_bytes);
    damaged.bytes[MARK_BYTES] = 3;
    assert_refused(&damaged, "the file has schema version 3 and this program reads 2; use a "
                             "program as new as the one that wrote it");
    damaged.bytes[MARK_BYTES] = 1;
    assert_refused(&damaged, "the file has schema version 1 and this program reads 2; use the "
                             "program that wrote it, or simulate again");
    damaged.bytes[MARK_BYTES] = 2;
    damaged.bytes[image.size_bytes / 2] ^= 4;
    assert_refused(&damaged, "the checksum is wrong: the file is damaged; copy it again, or "
                             "simulate these replications again");
    memcpy(damaged.bytes, image.bytes, image.size_bytes);
    damaged.size_bytes = 100;
    assert_refused(&damaged,
                   "the file ends early, after 100 bytes: it was cut short while it was written or "
                   "copied; copy it again, or simulate these replications again");
    damaged.size_bytes = MARK_BYTES + 1;
    assert_refused(&damaged,
                   "the file ends early, after 9 bytes: it was cut short while it was written or "
                   "copied; copy it again, or simulate these replications again");
    free(damaged.bytes);
    free(image.bytes);
    result_destroy(result);
}

static void assert_refused_by(const struct archive_models *known, const struct image *image,
                              const char *message)
{
    struct arena *arena = arena_create("test", 0);
    struct archive archive = {0};
    struct error error = {0};
    struct archive_bytes bytes = {image->bytes, image->size_bytes};
    assert_false(archive_parse(&archive, arena, bytes, known, &error));
    assert_int_equal(error.code, ERROR_IO);
    assert_string_equal(error.message, message);
    arena_destroy(arena);
}

/* The same name and one thing different. */
static void test_other_models(void **state)
{
    (void)state;
    struct result *result = run_odd(1);
    struct image image = write_image(result);
    const struct model *const toy_only[] = {&toy_model};
    assert_refused_by(&(struct archive_models){toy_only, 1}, &image,
                      "the result is of the model \"odd\", which this program does not have; "
                      "version 1.2.3 wrote it");
    struct metric metrics[ODD_METRIC_COUNT];
    struct row_column columns[ODD_COLUMN_COUNT];
    struct model_histogram histograms[2];
    for (int change = 0; change < 9; change++) {
        struct model model = odd_model;
        memcpy(metrics, odd_metrics, sizeof metrics);
        memcpy(columns, odd_columns, sizeof columns);
        memcpy(histograms, odd_histograms, sizeof histograms);
        model.metrics = metrics;
        model.row_columns = columns;
        model.histograms = histograms;
        switch (change) {
        case 0: metrics[2].name = "shortest"; break;
        case 1: metrics[2].kind = METRIC_TOTAL; break;
        case 2: metrics[2].unit = METRIC_COUNT; break;
        case 3: model.metric_count--; break;
        case 4: histograms[1].name = "sometimes"; break;
        case 5: columns[4].name_count--; break;
        case 6: columns[1].kind = ROW_COUNT; break;
        case 7: model.row_column_count--; break;
        case 8: model.failed_metric = ODD_SHARE; break;
        }
        const struct model *const changed[] = {&toy_model, &model};
        assert_refused_by(&(struct archive_models){changed, 2}, &image,
                          "the model \"odd\" has other metrics, histograms or columns here than in "
                          "version 1.2.3, which wrote the file; read it with that version, or "
                          "simulate again");
    }
    /* What people read may change. */
    struct model model = odd_model;
    memcpy(metrics, odd_metrics, sizeof metrics);
    metrics[1].label = metrics[1].doc = metrics[1].group = "another";
    model.metrics = metrics;
    const struct model *const same[] = {&model};
    struct arena *arena = arena_create("test", 0);
    struct archive archive;
    assert_true(archive_parse(&archive, arena,
                              (struct archive_bytes){image.bytes, image.size_bytes},
                              &(struct archive_models){same, 1}, NULL));
    result_destroy(archive.result);
    arena_destroy(arena);
    free(image.bytes);
    result_destroy(result);
}

/* A forger who makes the checksum right. `count` numbers follow the head of a real archive up to
 * and with the digest of its model; each is a varint, but where it stands for a text or for 8
 * bytes. */
enum forged_kind { FORGED_END, FORGED_NUMBER, FORGED_WORD, FORGED_TEXT, FORGED_BYTE };
struct forged {
    enum forged_kind kind;
    uint64_t number;
};

static struct image forge(const struct forged *items)
{
    struct result *result = run_odd(1);
    struct image real = write_image(result);
    const unsigned char *name = memmem(real.bytes, real.size_bytes, "\3odd", 4);
    assert_non_null(name);
    char *bytes = NULL;
    size_t size_bytes = 0;
    struct pack_writer *writer = calloc(1, sizeof *writer);
    writer->file = open_memstream(&bytes, &size_bytes);
    pack_bytes(writer, real.bytes, (size_t)(name - real.bytes) + 4 + 8);
    for (; items->kind != FORGED_END; items++)
        switch (items->kind) {
        case FORGED_END: break;
        case FORGED_NUMBER: pack_varint(writer, items->number); break;
        case FORGED_WORD: pack_fixed(writer, items->number, 8); break;
        case FORGED_TEXT: pack_text(writer, "variant"); break;
        case FORGED_BYTE: pack_byte(writer, (unsigned)items->number); break;
        }
    pack_end(writer);
    fwrite(real.bytes + real.size_bytes - MARK_BYTES, 1, MARK_BYTES, writer->file);
    fclose(writer->file);
    free(writer);
    free(real.bytes);
    result_destroy(result);
    return (struct image){(unsigned char *)bytes, size_bytes};
}

static void assert_forgery_refused(const struct forged *items, const char *defect)
{
    struct image image = forge(items);
    struct arena *arena = arena_create("test", 0);
    struct archive archive = {0};
    struct error error = {0};
    assert_false(parse(&archive, arena, &image, &error));
    assert_null(archive.result);
    const char *said = strchr(error.message, ':');
    assert_non_null(said);
    char expected[300];
    snprintf(expected, sizeof expected,
             ": %s; the checksum is right, so the file was not damaged but written wrong: simulate "
             "these replications again",
             defect);
    assert_string_equal(said, expected);
    arena_destroy(arena);
    free(image.bytes);
}

#define NUMBER(x)                                                                                  \
    {                                                                                              \
        FORGED_NUMBER, x                                                                           \
    }
#define WORD(x)                                                                                    \
    {                                                                                              \
        FORGED_WORD, x                                                                             \
    }
#define BYTE(x)                                                                                    \
    {                                                                                              \
        FORGED_BYTE, x                                                                             \
    }
#define HEAD NUMBER(1), {FORGED_TEXT, 0}, WORD(1), NUMBER(0), NUMBER(1), NUMBER(0)
/* Draws, then a record up to its values: units, hash, events, draws. */
#define RUN(units)            NUMBER(5), WORD(1), NUMBER(0), NUMBER(units), WORD(2), NUMBER(3), NUMBER(4)
#define VALUES(failed, share) NUMBER(failed), NUMBER(1), NUMBER(1), NUMBER(share), NUMBER(1)
/* No histograms, and no series. */
#define EMPTY        NUMBER(0), NUMBER(0), NUMBER(0), NUMBER(0), NUMBER(0)
#define NO_HISTOGRAM HEAD, RUN(0), VALUES(1, 1), NUMBER(0), NUMBER(0)

static void test_forgeries(void **state)
{
    (void)state;
    static const char *const count = "more things are announced than fit into the rest of the file";
    static const char *const bytes = "more bytes are announced than there are";
    static const char *const buckets = "a histogram or a series has impossible buckets";
    static const struct {
        const char *defect;
        struct forged items[40];
    } cases[] = {
        {count, {NUMBER(UINT64_MAX)}},
        {count, {NUMBER(1000)}},
        {"there is no variant", {NUMBER(0), WORD(1), NUMBER(0), NUMBER(0), NUMBER(0)}},
        {count, {NUMBER(1), NUMBER(UINT32_MAX)}},
        {bytes, {NUMBER(1), {FORGED_TEXT, 0}}},
        {"there is no such number",
         {NUMBER(1), {FORGED_TEXT, 0}, WORD(1), NUMBER((uint64_t)1 << 32)}},
        {count, {NUMBER(1), {FORGED_TEXT, 0}, WORD(1), NUMBER(0), NUMBER(1 << 20), WORD(0)}},
        {"more replications are planned than there are numbers",
         {NUMBER(1), {FORGED_TEXT, 0}, WORD(1), NUMBER(0), NUMBER(0), NUMBER((uint64_t)1 << 32)}},
        {"more replications are planned than there are numbers",
         {NUMBER(1), {FORGED_TEXT, 0}, WORD(1), NUMBER(UINT32_MAX), NUMBER(0), NUMBER(2)}},
        {"there is something behind the last replication",
         {NUMBER(1), {FORGED_TEXT, 0}, WORD(1), NUMBER(0), NUMBER(0), NUMBER(0), NUMBER(0)}},
        {"a share is not between 0 and 1",
         {HEAD, NUMBER(5), WORD(1), NUMBER(UINT64_MAX), WORD(0), WORD(0), WORD(0)}},
        {"there are too many units", {HEAD, RUN((uint64_t)1 << 32), WORD(0), WORD(0)}},
        {bytes, {HEAD, RUN(UINT32_MAX), WORD(0), WORD(0)}},
        {"a unit has failed that does not exist",
         {HEAD, RUN(3), VALUES(3, 7), BYTE(9), EMPTY, NUMBER(0)}},
        {"the failed units do not add up", {HEAD, RUN(3), VALUES(3, 7), BYTE(3), EMPTY, NUMBER(0)}},
        {"a proportion is more than all units",
         {HEAD, RUN(3), VALUES(3, 9), BYTE(2), EMPTY, NUMBER(0)}},
        {"a proportion is more than all units",
         {HEAD, RUN(3), VALUES(3, 2), BYTE(2), EMPTY, NUMBER(0)}},
        {"a histogram has more buckets than there are",
         {HEAD, RUN(0), VALUES(1, 1), NUMBER(HISTOGRAM_BUCKET_MAX + 1), NUMBER(0), NUMBER(0)}},
        {"a histogram has more buckets than there are",
         {HEAD, RUN(0), VALUES(1, 1), NUMBER(2), NUMBER(HISTOGRAM_BUCKET_MAX - 1), NUMBER(0)}},
        {buckets, {HEAD, RUN(0), VALUES(1, 1), NUMBER(2), NUMBER(0), NUMBER(0), NUMBER(1)}},
        {buckets, {HEAD, RUN(0), VALUES(1, 1), NUMBER(2), NUMBER(0), NUMBER(1), NUMBER(0)}},
        {buckets,
         {HEAD, RUN(0), VALUES(1, 1), NUMBER(4), NUMBER(0), NUMBER(1), NUMBER(0), NUMBER(0),
          NUMBER(1)}},
        {buckets,
         {HEAD, RUN(0), VALUES(1, 1), NUMBER(2), NUMBER(0), NUMBER(UINT64_MAX), NUMBER(1)}},
        {"a duration is too long",
         {HEAD, RUN(0), VALUES(1, 1), NUMBER(1), NUMBER(0), NUMBER(1), NUMBER(0), NUMBER(0),
          NUMBER((uint64_t)1 << 63), NUMBER(0)}},
        {"a duration is too long",
         {HEAD, RUN(0), VALUES(1, 1), NUMBER(1), NUMBER(0), NUMBER(1), NUMBER(0), NUMBER(0),
          NUMBER(INT64_MAX), NUMBER(1), NUMBER(0), NUMBER(0)}},
        {"the extremes of a histogram are not where its buckets are",
         {HEAD, RUN(0), VALUES(1, 1), NUMBER(1), NUMBER(5), NUMBER(1), NUMBER(4), NUMBER(0),
          NUMBER(4), NUMBER(1), NUMBER(0), NUMBER(0)}},
        {"the extremes of a histogram are not where its buckets are",
         {HEAD, RUN(0), VALUES(1, 1), NUMBER(1), NUMBER(5), NUMBER(1), NUMBER(4), NUMBER(0),
          NUMBER(5), NUMBER(1), NUMBER(0), NUMBER(0)}},
        {"a series has more bins than there can be",
         {NO_HISTOGRAM, NUMBER(SERIES_BINS_MAX + 1), NUMBER(7), NUMBER(1)}},
        {"a bin is too wide", {NO_HISTOGRAM, NUMBER(1), NUMBER((uint64_t)1 << 63), NUMBER(1)}},
        {"a bin is at an impossible time", {NO_HISTOGRAM, NUMBER(1), NUMBER(0), NUMBER(1)}},
        {"a bin is at an impossible time",
         {NO_HISTOGRAM, NUMBER(1), NUMBER(7), NUMBER(0), NUMBER(1)}},
        {"a bin is at an impossible time",
         {NO_HISTOGRAM, NUMBER(1), NUMBER((uint64_t)1 << 61), NUMBER(5), NUMBER(1)}},
        {buckets, {NO_HISTOGRAM, NUMBER(2), NUMBER(7), NUMBER(1), NUMBER(0), NUMBER(1)}},
        {"a series is more than what it is a part of",
         {NO_HISTOGRAM, NUMBER(1), NUMBER(7), NUMBER(1), NUMBER(3), NUMBER(1), NUMBER(7), NUMBER(1),
          NUMBER(5), NUMBER(0), NUMBER(0)}},
        {"a series is more than what it is a part of",
         {NO_HISTOGRAM, NUMBER(1), NUMBER(7), NUMBER(1), NUMBER(3), NUMBER(1), NUMBER(14),
          NUMBER(1), NUMBER(1), NUMBER(0), NUMBER(0)}},
        {"a part is more than the whole",
         {HEAD, RUN(3), NUMBER(3), NUMBER(1), NUMBER(1), NUMBER(1), NUMBER(5), BYTE(2), EMPTY}},
        {"there are more rows than units, or than fit into the file",
         {HEAD, RUN(3), VALUES(1, 7), BYTE(0), EMPTY, NUMBER(5), WORD(0), WORD(0), WORD(0)}},
        {"there are more rows than units, or than fit into the file",
         {HEAD, RUN(3), VALUES(1, 7), BYTE(0), EMPTY, NUMBER(4), WORD(0)}},
        {"a cell of a row has an impossible value",
         {HEAD, RUN(1), VALUES(1, 3), BYTE(0), EMPTY, NUMBER(2), NUMBER(0), NUMBER(0), NUMBER(0),
          NUMBER(5), NUMBER(0)}},
        {"a cell of a row has an impossible value",
         {HEAD, RUN(1), VALUES(1, 3), BYTE(0), EMPTY, NUMBER(2), NUMBER(0), NUMBER(0), NUMBER(0),
          NUMBER(0), NUMBER(7)}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_forgery_refused(cases[i].items, cases[i].defect);
}

/* The frame of the forgeries is right: the same bytes without a defect are read. */
static void test_forgery_that_is_none(void **state)
{
    (void)state;
    static const struct forged items[] = {HEAD,      RUN(1),    VALUES(3, 3), BYTE(1),
                                          EMPTY,     NUMBER(2), NUMBER(0),    NUMBER(0),
                                          NUMBER(0), NUMBER(3), NUMBER(5),    {FORGED_END, 0}};
    struct image image = forge(items);
    struct arena *arena = arena_create("test", 0);
    struct archive archive;
    struct error error;
    if (!parse(&archive, arena, &image, &error))
        fail_msg("%s", error.message);
    const struct row_table *rows = result_rows(archive.result, 0, 0);
    assert_true(rows->values[0] == ROW_NONE);
    assert_int_equal(rows->values[3], 1);
    assert_int_equal(rows->values[4], 2);
    assert_int_equal(result_record(archive.result, 0, 0)->values[ODD_FAILED], 1);
    result_destroy(archive.result);
    arena_destroy(arena);
    free(image.bytes);
}

/* Buckets of a merged histogram are 32 bits wide: two runs that would overflow them are refused. */
static void test_room_of_a_merged_histogram(void **state)
{
    (void)state;
#define FULL(last)                                                                                 \
    RUN(0), VALUES(1, 1), NUMBER(1), NUMBER(0), NUMBER(2 * (uint64_t)(last)-1), NUMBER(0),         \
        NUMBER(0), NUMBER(0), EMPTY, NUMBER(0)
#define HEAD_OF_TWO NUMBER(1), {FORGED_TEXT, 0}, WORD(1), NUMBER(0), NUMBER(2), NUMBER(0)
    static const struct forged too_many[] = {HEAD_OF_TWO, FULL(UINT32_MAX), FULL(1), {0, 0}};
    assert_forgery_refused(too_many, "a histogram has more values than one can hold");
    static const struct forged most[] = {HEAD_OF_TWO, FULL(UINT32_MAX - 1), FULL(1), {0, 0}};
    struct image image = forge(most);
    struct arena *arena = arena_create("test", 0);
    struct archive archive;
    assert_true(parse(&archive, arena, &image, NULL));
    const struct summary *summary = summary_create(arena, archive.result, 0.95);
    assert_true(summary->variants[0].histograms[0].count == UINT32_MAX);
    result_destroy(archive.result);
    arena_destroy(arena);
    free(image.bytes);
}

static void test_files(void **state)
{
    (void)state;
    char folder[] = "/tmp/archive_test.XXXXXX";
    assert_non_null(mkdtemp(folder));
    struct arena *arena = arena_create("test", 0);
    const char *path = arena_print(arena, "%s/archive", folder);
    struct archive archive = {0};
    struct error error;
    assert_false(archive_read(&archive, arena, path, &models, &error));
    assert_int_equal(error.code, ERROR_IO);
    assert_string_equal(
        error.message, arena_print(arena, "%s: cannot be opened: No such file or directory", path));
    assert_false(archive_read(&archive, arena, folder, &models, &error));
    assert_string_equal(
        error.message,
        arena_print(arena, "%s: this is no regular file, so no stored result", folder));
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_false(archive_read(&archive, arena, path, &models, &error)); /* And does not wait. */
    unlink(path);
    struct result *result = run_toy(0, 20, false);
    FILE *file = fopen(path, "wb");
    archive_write(file, result, &label);
    assert_int_equal(fclose(file), 0);
    if (!archive_read(&archive, arena, path, &models, &error))
        fail_msg("%s", error.message);
    assert_same_result(archive.result, result);
    result_destroy(archive.result);
    archive.result = NULL;
    assert_int_equal(truncate(path, 1000), 0);
    assert_false(archive_read(&archive, arena, path, &models, &error));
    assert_null(archive.result);
    assert_string_equal(
        error.message,
        arena_print(arena,
                    "%s: the file ends early, after 1000 bytes: it was cut short while it was "
                    "written or copied; copy it again, or simulate these replications again",
                    path));
    result_destroy(result);
    unlink(path);
    rmdir(folder);
    arena_destroy(arena);
}

/* Errors of writing stay with the file. */
static void test_full_disk(void **state)
{
    (void)state;
    FILE *file = fopen("/dev/full", "w");
    if (file == NULL)
        skip();
    struct result *result = run_toy(0, 5, false);
    archive_write(file, result, &label);
    assert_true(fflush(file) != 0 || ferror(file));
    fclose(file);
    result_destroy(result);
}

/* Not a test: with RCESIM_CORPUS=DIR, write what the fuzz target begins with. */
static void write_corpus(const char *folder)
{
    static const uint32_t counts[] = {1, 2, 5, 9};
    struct arena *arena = arena_create("corpus", 0);
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        struct result *result = run_odd(counts[i]);
        struct image image = write_image(result);
        FILE *file = fopen(arena_print(arena, "%s/%02zu", folder, i + 1), "wb");
        fwrite(image.bytes, 1, image.size_bytes - PACK_CHECKSUM_BYTES - MARK_BYTES, file);
        fclose(file);
        free(image.bytes);
        result_destroy(result);
    }
    arena_destroy(arena);
}

int main(void)
{
    gsl_set_error_handler_off();
    const char *corpus = getenv("RCESIM_CORPUS");
    if (corpus != NULL) {
        write_corpus(corpus);
        return 0;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_partial_result),
        cmocka_unit_test(test_share_of_checked_draws),
        cmocka_unit_test(test_stored_parts),
        cmocka_unit_test(test_any_damage),
        cmocka_unit_test(test_what_is_wrong),
        cmocka_unit_test(test_other_models),
        cmocka_unit_test(test_forgeries),
        cmocka_unit_test(test_forgery_that_is_none),
        cmocka_unit_test(test_room_of_a_merged_histogram),
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_full_disk),
    };
    return cmocka_run_group_tests_name("experiment/archive", tests, NULL, NULL);
}
