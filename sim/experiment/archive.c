#include "sim/experiment/archive.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sim/base/check.h"
#include "sim/experiment/pack.h"
#include "sim/experiment/slots.h"

enum {
    MARK_BYTES = 8,
    VERSION_BYTES = 4,
    HEAD_BYTES = MARK_BYTES + VERSION_BYTES,
    TAIL_BYTES = PACK_CHECKSUM_BYTES + MARK_BYTES,
    RUN_BYTES_MIN = 22, /* A run without metrics and histograms. */
};

/* No simulated time is further from 0. */
#define BIN_MAX_NS (INT64_C(1) << 62)

static const unsigned char magic[MARK_BYTES + 1] = "\x89SIM\r\n\x1a\n";
static const unsigned char end_mark[MARK_BYTES + 1] = "\nMISend\n";

static uint64_t chain_text(uint64_t sum, const char *text)
{
    return pack_chain(sum, text, strlen(text));
}

/* Names and kinds of everything that a record or a row has, in order. What is said about them to
 * people may change without harm. */
static uint64_t digest_model(const struct model *model)
{
    uint64_t sum = pack_chain_number(chain_text(0, model->name), model->failed_metric);
    sum = pack_chain_number(sum, model->metric_count);
    for (size_t i = 0; i < model->metric_count; i++) {
        const struct metric *metric = &model->metrics[i];
        sum = chain_text(sum, metric->name);
        sum = pack_chain_number(pack_chain_number(sum, metric->kind), metric->unit);
        sum = pack_chain_number(sum, metric->is_part ? metric->part_of + 1 : 0);
    }
    sum = pack_chain_number(sum, model->histogram_count);
    for (size_t i = 0; i < model->histogram_count; i++)
        sum = chain_text(sum, model->histograms[i].name);
    sum = pack_chain_number(sum, model->series_count);
    for (size_t i = 0; i < model->series_count; i++) {
        const struct model_series *series = &model->series[i];
        sum = chain_text(chain_text(sum, series->name), series->origin);
        sum = pack_chain_number(sum, series->is_part ? series->part_of + 1 : 0);
    }
    sum = pack_chain_number(sum, model->row_column_count);
    for (size_t i = 0; i < model->row_column_count; i++) {
        const struct row_column *column = &model->row_columns[i];
        sum = pack_chain_number(chain_text(sum, column->name), column->kind);
        size_t name_count = column->kind == ROW_NAME ? column->name_count : 0;
        sum = pack_chain_number(sum, name_count);
        for (size_t k = 0; k < name_count; k++)
            sum = chain_text(sum, column->names[k]);
    }
    return sum;
}

/* Shares are nearly always 1: the bits that differ from those of 1 are nearly always 0. */
static uint64_t bits_beside_one(double share)
{
    double one = 1;
    uint64_t bits, bits_of_one;
    memcpy(&bits, &share, sizeof bits);
    memcpy(&bits_of_one, &one, sizeof bits_of_one);
    return bits ^ bits_of_one;
}

static double share_of_bits(uint64_t beside_one)
{
    uint64_t bits = beside_one ^ bits_beside_one(0);
    double share;
    memcpy(&share, &bits, sizeof share);
    return share;
}

/* A bucket of n values is 2 (n - 1) + 1, a gap of n empty buckets 2 (n - 1). The first and the last
 * are not empty, and a gap does not follow a gap. */
static void put_buckets(struct pack_writer *writer, const uint32_t *buckets, uint32_t count)
{
    for (uint32_t i = 0, gap; i < count; i += gap) {
        for (gap = 0; buckets[i + gap] == 0;)
            gap++;
        if (gap > 0) {
            pack_varint(writer, 2 * (uint64_t)(gap - 1));
            continue;
        }
        pack_varint(writer, 2 * (uint64_t)(buckets[i] - 1) + 1);
        gap = 1;
    }
}

static void put_histogram(struct pack_writer *writer, const struct histogram *histogram)
{
    if (histogram->count == 0) {
        pack_varint(writer, 0);
        return;
    }
    uint32_t begin = 0, end = histogram->bucket_count;
    while (histogram->buckets[begin] == 0)
        begin++;
    while (histogram->buckets[end - 1] == 0)
        end--;
    pack_varint(writer, end - begin);
    pack_varint(writer, histogram->bucket_first + begin);
    put_buckets(writer, histogram->buckets + begin, end - begin);
    pack_varint(writer, histogram->sum_low_ns);
    pack_varint(writer, histogram->sum_high_ns);
    pack_varint(writer, (uint64_t)histogram->min_ns);
    pack_varint(writer, (uint64_t)(histogram->max_ns - histogram->min_ns));
}

static void put_series(struct pack_writer *writer, const struct series *series)
{
    pack_varint(writer, series->bin_count);
    if (series->bin_count == 0)
        return;
    pack_varint(writer, (uint64_t)series->bin_ns);
    pack_values(writer, &series->first, 1);
    put_buckets(writer, series->bins, series->bin_count);
}

static void put_record(struct pack_writer *writer, const struct record *record)
{
    pack_varint(writer, record->unit_count);
    pack_fixed(writer, record->history_hash, 8);
    pack_varint(writer, record->event_count);
    pack_varint(writer, record->draw_count);
    pack_values(writer, record->values, record->metric_count);
    for (size_t unit = 0; unit < record->unit_count; unit += 8)
        pack_byte(writer, (unsigned)(record->failed[unit / 64] >> (unit % 64)) & 0xff);
    for (uint32_t i = 0; i < record->histogram_count; i++)
        put_histogram(writer, &record->histograms[i]);
    for (uint32_t i = 0; i < record->series_count; i++)
        put_series(writer, &record->series[i]);
}

/* 0: no rows were asked for; else one more than there are. */
static void put_rows(struct pack_writer *writer, const struct row_table *rows)
{
    if (rows == NULL) {
        pack_varint(writer, 0);
        return;
    }
    pack_varint(writer, (uint64_t)rows->row_count + 1);
    pack_values(writer, rows->values, rows->row_count * rows->column_count);
}

static void put_run(struct pack_writer *writer, const struct slot_run *run)
{
    CHECK(run->digest == run->reference_digest);
    pack_varint(writer, run->common_count);
    pack_fixed(writer, run->digest, 8);
    pack_varint(writer, bits_beside_one(run->checked_share));
    put_record(writer, &run->record);
    put_rows(writer, run->rows);
}

static void put_head(struct pack_writer *writer, const struct result *result,
                     const struct archive_label *label)
{
    pack_bytes(writer, magic, MARK_BYTES);
    pack_fixed(writer, ARCHIVE_SCHEMA_VERSION, VERSION_BYTES);
    pack_text(writer, label->program_version);
    pack_fixed(writer, label->simulation_hash, 8);
    pack_fixed(writer, label->world_hash, 8);
    pack_text(writer, label->context);
    pack_text(writer, result->model->name);
    pack_fixed(writer, digest_model(result->model), 8);
    pack_varint(writer, result->variant_count);
    for (uint32_t v = 0; v < result->variant_count; v++)
        pack_text(writer, result->variants[v].name);
    pack_fixed(writer, result->seed, 8);
    pack_varint(writer, result->first_replication);
    pack_varint(writer, result->replication_count);
    pack_varint(writer, result->replications_planned - result->replication_count);
}

void archive_write(FILE *file, const struct result *result, const struct archive_label *label)
{
    struct pack_writer writer = {.file = file};
    put_head(&writer, result, label);
    for (uint32_t r = 0; r < result->replication_count; r++)
        for (uint32_t v = 0; v < result->variant_count; v++)
            put_run(&writer, &result->store->slots[r].runs[v]);
    pack_end(&writer);
    fwrite(end_mark, 1, MARK_BYTES, file);
}

/* Fill the window of a histogram and count what is in it. */
static uint64_t take_buckets(struct pack_reader *reader, uint32_t *buckets, uint32_t count)
{
    uint64_t sum = 0;
    bool may_be_gap = false;
    for (uint32_t i = 0; i < count && reader->defect == NULL;) {
        uint64_t code = pack_take_varint(reader);
        uint64_t n = code / 2 + 1;
        bool is_gap = code % 2 == 0;
        if (is_gap ? !may_be_gap || n >= count - i : n > UINT32_MAX) {
            pack_note_defect(reader, "a histogram or a series has impossible buckets");
            return 0;
        }
        may_be_gap = !is_gap;
        if (!is_gap) {
            buckets[i] = (uint32_t)n;
            sum += n;
        }
        i += is_gap ? (uint32_t)n : 1;
    }
    return sum;
}

static void take_histogram(struct pack_reader *reader, struct histogram *histogram,
                           struct arena *arena)
{
    const char *outside = "a histogram has more buckets than there are";
    *histogram = (struct histogram){.min_ns = INT64_MAX, .max_ns = INT64_MIN};
    uint32_t count = (uint32_t)pack_take_limited(reader, HISTOGRAM_BUCKET_MAX, outside);
    if (count == 0)
        return;
    histogram->bucket_first =
        (uint32_t)pack_take_limited(reader, HISTOGRAM_BUCKET_MAX - count, outside);
    histogram->bucket_count = count;
    histogram->buckets = arena_take_array(arena, count, sizeof *histogram->buckets);
    histogram->count = take_buckets(reader, histogram->buckets, count);
    histogram->sum_low_ns = pack_take_varint(reader);
    histogram->sum_high_ns = pack_take_varint(reader);
    histogram->min_ns = (int64_t)pack_take_limited(reader, INT64_MAX, "a duration is too long");
    uint64_t spread_max = (uint64_t)(INT64_MAX - histogram->min_ns);
    uint64_t spread_ns = pack_take_limited(reader, spread_max, "a duration is too long");
    histogram->max_ns = histogram->min_ns + (int64_t)spread_ns;
    if (histogram_bucket(histogram->min_ns) != histogram->bucket_first ||
        histogram_bucket(histogram->max_ns) != histogram->bucket_first + count - 1)
        pack_note_defect(reader, "the extremes of a histogram are not where its buckets are");
}

static void take_failed(struct pack_reader *reader, struct record *record, struct arena *arena)
{
    uint32_t tail = record->unit_count % 8;
    size_t size_bytes = (size_t)record->unit_count / 8 + (tail > 0);
    const unsigned char *bytes = pack_take_bytes(reader, size_bytes);
    if (bytes == NULL)
        return;
    record->failed = arena_take_array(arena, record_words(record->unit_count), sizeof(uint64_t));
    for (size_t i = 0; i < size_bytes; i++)
        record->failed[i / 8] |= (uint64_t)bytes[i] << (8 * (i % 8));
    record->unit_max = record->unit_count;
    if (tail > 0 && bytes[size_bytes - 1] >> tail != 0)
        pack_note_defect(reader, "a unit has failed that does not exist");
}

static void take_series(struct pack_reader *reader, struct series *series, struct arena *arena)
{
    const char *outside = "a series has more bins than there can be";
    *series = (struct series){0};
    uint32_t count = (uint32_t)pack_take_limited(reader, SERIES_BINS_MAX, outside);
    if (count == 0)
        return;
    series->bin_ns = (int64_t)pack_take_limited(reader, BIN_MAX_NS, "a bin is too wide");
    pack_take_values(reader, &series->first, 1);
    int64_t limit = series->bin_ns == 0 ? 0 : BIN_MAX_NS / series->bin_ns;
    if (series->bin_ns == 0 || series->first < -limit || series->first > limit - count) {
        pack_note_defect(reader, "a bin is at an impossible time");
        return;
    }
    series->bin_count = count;
    series->bins = arena_take_array(arena, count, sizeof *series->bins);
    take_buckets(reader, series->bins, count);
}

static void take_record(struct pack_reader *reader, const struct model *model,
                        struct record *record, struct arena *arena)
{
    record->metric_count = (uint32_t)model->metric_count;
    record->histogram_count = (uint32_t)model->histogram_count;
    record->unit_count =
        (uint32_t)pack_take_limited(reader, UINT32_MAX, "there are too many units");
    record->history_hash = pack_take_fixed(reader, 8);
    record->event_count = pack_take_varint(reader);
    record->draw_count = pack_take_varint(reader);
    record->series_count = (uint32_t)model->series_count;
    record->values = arena_take_array(arena, model->metric_count, sizeof *record->values);
    record->series = arena_take_array(arena, model->series_count, sizeof *record->series);
    record->histograms =
        arena_take_array(arena, model->histogram_count, sizeof *record->histograms);
    pack_take_values(reader, record->values, model->metric_count);
    take_failed(reader, record, arena);
    for (size_t i = 0; i < model->histogram_count && reader->defect == NULL; i++)
        take_histogram(reader, &record->histograms[i], arena);
    for (size_t i = 0; i < model->series_count && reader->defect == NULL; i++)
        take_series(reader, &record->series[i], arena);
    const char *defect = reader->defect == NULL ? model_find_defect(model, record) : NULL;
    if (defect != NULL)
        pack_note_defect(reader, defect);
}

static bool is_cell(const struct row_column *column, int64_t value)
{
    if (value == ROW_NONE)
        return true;
    switch (column->kind) {
    case ROW_COUNT:
    case ROW_DURATION_NS:
    case ROW_TIME_NS: return true;
    case ROW_FLAG: return value == 0 || value == 1;
    case ROW_NAME: return value >= 0 && (size_t)value < column->name_count;
    }
    CHECK_UNREACHABLE("a known kind of column");
}

static struct row_table *take_rows(struct pack_reader *reader, const struct model *model,
                                   uint32_t unit_count, struct arena *arena)
{
    size_t columns = model->row_column_count;
    uint64_t code = pack_take_varint(reader);
    if (code == 0)
        return NULL;
    if (code - 1 > unit_count || (columns > 0 && code - 1 > pack_left_bytes(reader) / columns)) {
        pack_note_defect(reader, "there are more rows than units, or than fit into the file");
        return NULL;
    }
    struct row_table *rows = arena_take(arena, sizeof *rows);
    rows->row_count = (size_t)code - 1;
    rows->column_count = columns;
    if (rows->row_count == 0)
        return rows;
    size_t cell_count = rows->row_count * columns;
    rows->values = arena_take_array(arena, cell_count, sizeof *rows->values);
    pack_take_values(reader, rows->values, cell_count);
    for (size_t i = 0; i < cell_count; i++)
        if (!is_cell(&model->row_columns[i % columns], rows->values[i]))
            pack_note_defect(reader, "a cell of a row has an impossible value");
    return rows;
}

static void take_run(struct pack_reader *reader, const struct model *model, struct slot_run *run,
                     struct arena *arena)
{
    run->common_count = pack_take_varint(reader);
    run->digest = run->reference_digest = pack_take_fixed(reader, 8);
    run->checked_share = share_of_bits(pack_take_varint(reader));
    if (!(run->checked_share > 0 && run->checked_share <= 1))
        pack_note_defect(reader, "a share is not between 0 and 1");
    take_record(reader, model, &run->record, arena);
    run->rows = take_rows(reader, model, run->record.unit_count, arena);
}

/* A merged histogram has room for 2^32 - 1 values in a bucket; a simulation of so many would have
 * ended there. */
static void check_room(struct pack_reader *reader, const struct record *record, uint64_t *totals)
{
    for (uint32_t i = 0; i < record->histogram_count; i++) {
        totals[i] += record->histograms[i].count;
        if (totals[i] > UINT32_MAX)
            pack_note_defect(reader, "a histogram has more values than one can hold");
    }
}

static void take_runs(struct pack_reader *reader, struct result *result)
{
    struct arena *arena = result->store->arena;
    size_t histogram_count = result->model->histogram_count;
    uint64_t *totals =
        arena_take_array(arena, result->variant_count * histogram_count, sizeof *totals);
    for (uint32_t r = 0; r < result->replications_planned && reader->defect == NULL; r++) {
        struct slot *slot = &result->store->slots[r];
        slot->runs = arena_take_array(arena, result->variant_count, sizeof *slot->runs);
        for (uint32_t v = 0; v < result->variant_count && reader->defect == NULL; v++) {
            take_run(reader, result->model, &slot->runs[v], arena);
            check_room(reader, &slot->runs[v].record, totals + v * histogram_count);
        }
        slot->is_done = true;
    }
    if (reader->defect == NULL && pack_left_bytes(reader) > 0)
        pack_note_defect(reader, "there is something behind the last replication");
}

static bool report_defect(const struct pack_reader *reader, struct error *error)
{
    return error_set(error, ERROR_IO,
                     "byte %zu: %s; the checksum is right, so the file was not damaged but written "
                     "wrong: simulate these replications again",
                     reader->defect_at, reader->defect);
}

static bool find_model(const struct archive_models *models, struct pack_reader *reader,
                       const struct archive_label *label, const struct model **found,
                       struct error *error)
{
    struct arena *arena = arena_create("names of a model", 0);
    const char *name = pack_take_text(reader, arena);
    uint64_t digest = pack_take_fixed(reader, 8);
    const struct model *model = NULL;
    for (size_t i = 0; i < models->count; i++)
        if (strcmp(models->models[i]->name, name) == 0)
            model = models->models[i];
    bool is_good = true;
    if (reader->defect != NULL)
        is_good = report_defect(reader, error);
    else if (model == NULL)
        is_good = error_set(error, ERROR_IO,
                            "the result is of the model \"%s\", which this program does not have; "
                            "version %s wrote it",
                            name, label->program_version);
    else if (digest_model(model) != digest)
        is_good = error_set(error, ERROR_IO,
                            "the model \"%s\" has other metrics, histograms or columns here than "
                            "in version %s, which wrote the file; read it with that version, or "
                            "simulate again",
                            name, label->program_version);
    arena_destroy(arena);
    if (is_good)
        *found = model;
    return is_good;
}

/* Take what stands between model and runs. The plan of the head is what is done, as that is what
 * there are slots for; `*open` of the planned replications are not. */
static void take_head(struct pack_reader *reader, struct arena *arena, struct result *head,
                      uint32_t *open)
{
    head->variant_count = pack_take_count(reader, 1);
    if (head->variant_count == 0)
        pack_note_defect(reader, "there is no variant");
    struct experiment_variant *variants =
        arena_take_array(arena, head->variant_count, sizeof *variants);
    for (uint32_t v = 0; v < head->variant_count; v++)
        variants[v].name = pack_take_text(reader, arena);
    head->variants = variants;
    head->seed = pack_take_fixed(reader, 8);
    head->first_replication =
        (uint32_t)pack_take_limited(reader, UINT32_MAX, "there is no such number");
    size_t run_min_bytes = RUN_BYTES_MIN + head->model->metric_count + head->model->histogram_count;
    size_t variant_count = head->variant_count > 0 ? head->variant_count : 1;
    head->replications_planned = pack_take_count(reader, run_min_bytes * variant_count);
    uint64_t numbers = (uint64_t)UINT32_MAX + 1 - head->first_replication;
    uint64_t planned_max = numbers < UINT32_MAX ? numbers : UINT32_MAX;
    if (head->replications_planned > planned_max)
        pack_note_defect(reader, "there are more replications than numbers for them");
    else
        *open = (uint32_t)pack_take_limited(reader, planned_max - head->replications_planned,
                                            "more replications are planned than there are numbers");
}

static const struct experiment_variant *copy_variants(const struct result *head,
                                                      struct arena *arena)
{
    struct experiment_variant *variants =
        arena_take_array(arena, head->variant_count, sizeof *variants);
    for (uint32_t v = 0; v < head->variant_count; v++)
        variants[v].name = arena_copy_text(arena, head->variants[v].name);
    return variants;
}

/* Take everything behind the model. Returns NULL where there is a defect. */
static struct result *take_result(struct pack_reader *reader, const struct model *model)
{
    struct arena *arena = arena_create("head of a result", 0);
    struct result head = {.model = model};
    uint32_t open = 0;
    take_head(reader, arena, &head, &open);
    struct result *result = NULL;
    if (reader->defect == NULL) {
        result = result_create(&head, 0);
        result->variants = copy_variants(&head, result->store->arena);
        take_runs(reader, result);
    }
    if (result != NULL && reader->defect != NULL) {
        result_destroy(result);
        result = NULL;
    }
    if (result != NULL) {
        result_finish(result);
        result_plan(result, result->replication_count + open);
        result->memory_bytes = arena_held_bytes(result->store->arena);
    }
    arena_destroy(arena);
    return result;
}

/* Is this the last byte of an archive that is whole? */
static bool ends_here(const struct pack_reader *reader, size_t end)
{
    if (end < HEAD_BYTES + TAIL_BYTES ||
        memcmp(reader->bytes + end - MARK_BYTES, end_mark, MARK_BYTES) != 0)
        return false;
    size_t body_bytes = end - TAIL_BYTES;
    struct pack_reader tail = {.bytes = reader->bytes + body_bytes,
                               .size_bytes = PACK_CHECKSUM_BYTES};
    return pack_take_fixed(&tail, PACK_CHECKSUM_BYTES) == pack_checksum(reader->bytes, body_bytes);
}

/* The file does not end as an archive does: it is too short, or too long. */
static bool report_end(const struct pack_reader *reader, struct error *error)
{
    size_t end = reader->size_bytes;
    while (end > 0 && !ends_here(reader, end))
        end--;
    if (end > 0)
        return error_set(error, ERROR_IO,
                         "the file is too long: the result ends after %zu bytes and %zu bytes "
                         "follow; cut them off (head -c %zu), or copy the file again",
                         end, reader->size_bytes - end, end);
    return error_set(error, ERROR_IO,
                     "the file ends early, after %zu bytes: it was cut short while it was "
                     "written or copied; copy it again, or simulate these replications again",
                     reader->size_bytes);
}

/* Check what can be checked without understanding the rest, and leave the rest to the reader. */
static bool check_frame(struct pack_reader *reader, struct error *error)
{
    if (reader->size_bytes < MARK_BYTES || memcmp(reader->bytes, magic, MARK_BYTES) != 0)
        return error_set(error, ERROR_IO,
                         reader->size_bytes == 0
                             ? "the file is empty; simulate these replications again"
                             : "this is no stored result, or a transfer as text has changed it");
    reader->at = MARK_BYTES;
    uint64_t version = pack_take_fixed(reader, VERSION_BYTES);
    if (reader->defect == NULL && version != ARCHIVE_SCHEMA_VERSION)
        return error_set(error, ERROR_IO,
                         "the file has schema version %" PRIu64 " and this program reads %d; %s",
                         version, ARCHIVE_SCHEMA_VERSION,
                         version > ARCHIVE_SCHEMA_VERSION
                             ? "use a program as new as the one that wrote it"
                             : "use the program that wrote it, or simulate again");
    size_t body_bytes = reader->size_bytes - TAIL_BYTES;
    if (reader->size_bytes < HEAD_BYTES + TAIL_BYTES ||
        memcmp(reader->bytes + body_bytes + PACK_CHECKSUM_BYTES, end_mark, MARK_BYTES) != 0)
        return report_end(reader, error);
    struct pack_reader tail = {.bytes = reader->bytes + body_bytes,
                               .size_bytes = PACK_CHECKSUM_BYTES};
    if (pack_take_fixed(&tail, PACK_CHECKSUM_BYTES) != pack_checksum(reader->bytes, body_bytes))
        return error_set(error, ERROR_IO,
                         "the checksum is wrong: the file is damaged; copy it again, or simulate "
                         "these replications again");
    reader->size_bytes = body_bytes;
    return true;
}

bool archive_parse(struct archive *archive, struct arena *arena, struct archive_bytes bytes,
                   const struct archive_models *models, struct error *error)
{
    struct pack_reader reader = {.bytes = bytes.bytes, .size_bytes = bytes.size_bytes};
    if (!check_frame(&reader, error))
        return false;
    struct archive_label label = {.program_version = pack_take_text(&reader, arena)};
    label.simulation_hash = pack_take_fixed(&reader, 8);
    label.world_hash = pack_take_fixed(&reader, 8);
    label.context = pack_take_text(&reader, arena);
    const struct model *model;
    if (!find_model(models, &reader, &label, &model, error))
        return false;
    struct result *result = take_result(&reader, model);
    if (result == NULL)
        return report_defect(&reader, error);
    *archive = (struct archive){.label = label, .result = result};
    return true;
}

static bool read_whole(int file, unsigned char *bytes, size_t size_bytes, struct error *error)
{
    for (size_t at = 0; at < size_bytes;) {
        ssize_t count = read(file, bytes + at, size_bytes - at);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return error_set(error, ERROR_IO, "cannot be read: %s",
                             count == 0 ? "it shrinks while it is read" : strerror(errno));
        at += (size_t)count;
    }
    return true;
}

static bool read_open_file(int file, struct arena *arena, struct archive_bytes *read,
                           struct error *error)
{
    struct stat status;
    if (fstat(file, &status) != 0)
        return error_set(error, ERROR_IO, "cannot be read: %s", strerror(errno));
    if (!S_ISREG(status.st_mode))
        return error_set(error, ERROR_IO, "this is no regular file, so no stored result");
    size_t size_bytes = (size_t)status.st_size;
    unsigned char *bytes = arena_take(arena, size_bytes);
    if (!read_whole(file, bytes, size_bytes, error))
        return false;
    *read = (struct archive_bytes){.bytes = bytes, .size_bytes = size_bytes};
    return true;
}

bool archive_read(struct archive *archive, struct arena *arena, const char *path,
                  const struct archive_models *models, struct error *error)
{
    /* Without O_NONBLOCK a pipe without a writer would be waited for. */
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0)
        return error_set(error, ERROR_IO, "%s: cannot be opened: %s", path, strerror(errno));
    struct arena *bytes_arena = arena_create("bytes of a stored result", 0);
    struct archive_bytes bytes = {0};
    bool is_good = read_open_file(file, bytes_arena, &bytes, error) &&
                   archive_parse(archive, arena, bytes, models, error);
    close(file);
    arena_destroy(bytes_arena);
    if (!is_good)
        return error_context(error, "%s", path);
    return true;
}
