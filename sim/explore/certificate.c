#include "sim/explore/certificate.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "sim/base/check.h"
#include "sim/base/units.h"
#include "sim/stats/proportion.h"

enum { TEXT_SIZE_BYTES = 16384, COUNT_SIZE_BYTES = 32, WIDTH = 80, INDENT = 12 };

/* A text that grows in a buffer; what does not fit is cut off. */
struct page {
    char *text;
    size_t used;
};

static void say(struct page *page, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void say(struct page *page, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length =
        vsnprintf(page->text + page->used, TEXT_SIZE_BYTES - page->used, format, arguments);
    va_end(arguments);
    page->used += length > 0 ? (size_t)length : 0;
    if (page->used >= TEXT_SIZE_BYTES)
        page->used = TEXT_SIZE_BYTES - 1;
}

/* Write a paragraph beside its name, broken into lines of at most WIDTH bytes. */
static void write_item(struct page *page, const char *name, const char *text)
{
    say(page, "%-*s", INDENT, name);
    size_t column = INDENT;
    bool is_first = true;
    while (*text != '\0') {
        size_t length = strcspn(text, " ");
        if (!is_first && column + 1 + length > WIDTH) {
            say(page, "\n%*s", INDENT, "");
            column = INDENT;
            is_first = true;
        }
        say(page, "%s%.*s", is_first ? "" : " ", (int)length, text);
        column += length + !is_first;
        is_first = false;
        text += length + (text[length] == ' ');
    }
    say(page, "\n");
}

static void write_item_formatted(struct page *page, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void write_item_formatted(struct page *page, const char *name, const char *format, ...)
{
    char text[2048];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    write_item(page, name, text);
}

/* "41,337"; the largest number stands for more than that. */
static const char *print_count(char text[COUNT_SIZE_BYTES], uint64_t count)
{
    char digits[COUNT_SIZE_BYTES];
    int length = snprintf(digits, sizeof digits, "%" PRIu64, count);
    size_t used = 0;
    if (count == UINT64_MAX)
        return strcpy(text, "over 1.8e19");
    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0)
            text[used++] = ',';
        text[used++] = digits[i];
    }
    text[used] = '\0';
    return text;
}

double certificate_limit(uint64_t failed_count, uint64_t run_count)
{
    /* The intervals take counts up to 1e12, far above what can be run. */
    return proportion_upper_bound((double)failed_count, (double)run_count, CERTIFICATE_CONFIDENCE);
}

bool certificate_is_clean(const struct certificate *certificate)
{
    if (certificate->is_typical_failing)
        return false;
    const struct exhaustive_result *exhaustive = certificate->exhaustive;
    for (uint32_t k = 0; exhaustive != NULL && k <= exhaustive->bound; k++)
        if (exhaustive->depths[k].failed_count > 0)
            return false;
    return (certificate->random == NULL || certificate->random->failed_count == 0) &&
           (certificate->order == NULL || certificate->order->failed_count == 0);
}

static uint64_t failed_in(const struct exhaustive_result *exhaustive)
{
    uint64_t count = 0;
    for (uint32_t k = 0; k <= exhaustive->bound; k++)
        count += exhaustive->depths[k].failed_count;
    return count;
}

static uint64_t skipped_in(const struct exhaustive_result *exhaustive)
{
    uint64_t count = 0;
    for (uint32_t k = 0; k <= exhaustive->bound; k++)
        count += exhaustive->depths[k].skipped_count;
    return count;
}

/* The largest bound that is complete. */
static uint32_t complete_bound(const struct exhaustive_result *exhaustive)
{
    uint32_t k = 0;
    while (k < exhaustive->bound && exhaustive->depths[k + 1].is_complete)
        k++;
    return k;
}

static const char *plural(uint64_t count)
{
    return count == 1 ? "" : "s";
}

static void say_exhaustive(const struct certificate *certificate, struct page *page)
{
    const struct exhaustive_result *exhaustive = certificate->exhaustive;
    char text[COUNT_SIZE_BYTES], failed[COUNT_SIZE_BYTES];
    uint32_t bound = complete_bound(exhaustive);
    uint64_t count = 0;
    for (uint32_t k = 0; k <= bound; k++)
        count += exhaustive->depths[k].schedule_count;
    uint64_t failed_count = failed_in(exhaustive);
    if (count == 1)
        say(page, "the one schedule");
    else
        say(page, "all %s schedules", print_count(text, count));
    say(page, " of %s with at most %" PRIu32 " deviation%s%s", certificate->scope, bound,
        plural(bound),
        failed_count > 0 ? " decided"
        : count == 1     ? " passes"
                         : " pass");
    if (failed_count > 0)
        say(page, ", %s of those run fail%s%s", print_count(failed, failed_count),
            failed_count == 1 ? "s" : "",
            skipped_in(exhaustive) > 0 ? " (but for what deviates further than one that fails)"
                                       : "");
    if (bound == exhaustive->bound)
        return;
    const struct exhaustive_depth *next = &exhaustive->depths[bound + 1];
    say(page, ", and %s with %" PRIu32, print_count(text, next->schedule_count), bound + 1);
}

static void say_runs(struct page *page, const char *kind, uint64_t run_count, uint64_t failed_count)
{
    char runs[COUNT_SIZE_BYTES], failed[COUNT_SIZE_BYTES];
    if (failed_count == 0)
        say(page, "%s %s pass: upper limit %.2g %% of the search's own distribution",
            print_count(runs, run_count), kind, 100 * certificate_limit(0, run_count));
    else
        say(page, "%s of %s %s fail", print_count(failed, failed_count),
            print_count(runs, run_count), kind);
}

const char *certificate_sentence(const struct certificate *certificate, struct arena *arena)
{
    struct page page = {.text = arena_take(arena, TEXT_SIZE_BYTES)};
    const char *separator = "";
    if (certificate->is_typical_failing) {
        say(&page, "the typical world fails");
        separator = "; ";
    }
    if (certificate->exhaustive != NULL) {
        say(&page, "%s", separator);
        say_exhaustive(certificate, &page);
        separator = "; ";
    }
    if (certificate->random != NULL && certificate->random->run_count > 0) {
        say(&page, "%s", separator);
        say_runs(&page, "random schedules", certificate->random->run_count,
                 certificate->random->failed_count);
        separator = "; ";
    }
    if (certificate->order != NULL && certificate->order->run_count > 0) {
        say(&page, "%s", separator);
        say_runs(&page, "random orders", certificate->order->run_count,
                 certificate->order->failed_count);
        separator = "; ";
    }
    if (*separator == '\0')
        say(&page,
            certificate->is_typical_run ? "the typical world of %s passes" : "nothing was run",
            certificate->scope);
    say(&page, ".");
    return arena_copy_text(arena, page.text);
}

static const char *end_words(enum search_end end)
{
    switch (end) {
    case SEARCH_DONE: return "";
    case SEARCH_OUT_OF_RUNS: return " Stopped: the budget of runs was spent.";
    case SEARCH_OUT_OF_TIME: return " Stopped: the time was over.";
    case SEARCH_INTERRUPTED: return " Stopped: interrupted.";
    }
    CHECK_UNREACHABLE("an end of an unknown kind");
}

static void write_depths(struct page *page, const struct exhaustive_result *exhaustive)
{
    say(page, "%*s%10s %14s %14s %12s %12s %9s\n", INDENT - 8, "", "deviations", "schedules", "run",
        "no effect", "independent", "failing");
    for (uint32_t k = 0; k <= exhaustive->bound && exhaustive->depths[k].is_begun; k++) {
        const struct exhaustive_depth *depth = &exhaustive->depths[k];
        char texts[5][COUNT_SIZE_BYTES];
        say(page, "%*s%10" PRIu32 " %14s %14s %12s %12s %9s\n", INDENT - 8, "", k,
            print_count(texts[0], depth->schedule_count), print_count(texts[1], depth->run_count),
            print_count(texts[2], depth->effectless_count),
            print_count(texts[3], depth->independent_count),
            print_count(texts[4], depth->failed_count));
    }
}

/* What "no effect" and "independent" mean, and what was left out. */
static void write_reductions(struct page *page, const struct exhaustive_result *exhaustive)
{
    uint64_t effectless = 0, independent = 0, skipped = skipped_in(exhaustive);
    char text[COUNT_SIZE_BYTES];
    for (uint32_t k = 0; k <= exhaustive->bound; k++) {
        effectless += exhaustive->depths[k].effectless_count > 0;
        independent += exhaustive->depths[k].independent_count > 0;
    }
    if (effectless > 0)
        write_item(
            page, "no effect",
            "Not run: other random bits for the engine changed neither what happened nor what "
            "the engine planned or remembers, so these do what they do without them. Assumed: "
            "the engine keeps no bits for later that its digest leaves out.");
    if (independent > 0)
        write_item_formatted(page, "independent",
                             "Not run: their deviations lie in several of the %" PRIu32
                             " groups that share nothing; each part was decided by itself.",
                             exhaustive->group_count);
    if (exhaustive->has_given_up_groups)
        write_item(page, "independent",
                   "Not used: a draw turned up that two groups have in common.");
    if (skipped > 0)
        write_item_formatted(page, "left out",
                             "What has more deviations than one of %s failing schedule%s.",
                             print_count(text, skipped), plural(skipped));
}

static void write_exhaustive(struct page *page, const struct certificate *certificate)
{
    const struct exhaustive_result *exhaustive = certificate->exhaustive;
    char grid[512], text[COUNT_SIZE_BYTES], done[COUNT_SIZE_BYTES];
    write_item_formatted(page, "exhaustive",
                         "At most %" PRIu32 " deviation%s from the typical world, in %" PRIu32
                         " draws with %s other values in all; delays, counts and uniforms at %s.%s",
                         exhaustive->bound, plural(exhaustive->bound), exhaustive->draw_count,
                         print_count(text, exhaustive->value_count),
                         grid_print(grid, sizeof grid, &certificate->exhaustive_options->grid),
                         end_words(exhaustive->end));
    write_depths(page, exhaustive);
    write_reductions(page, exhaustive);
    if (exhaustive->excluded_count > 0)
        write_item_formatted(page, "excluded",
                             "%" PRIu32 " draws stayed typical, as was asked for.",
                             exhaustive->excluded_count);
    for (uint32_t k = 1; k <= exhaustive->bound; k++) {
        const struct exhaustive_depth *depth = &exhaustive->depths[k];
        if (!depth->is_begun)
            write_item_formatted(page, "not begun", "%" PRIu32 " deviations.", k);
        else if (!depth->is_complete)
            write_item_formatted(
                page, "incomplete", "%" PRIu32 " deviations: %s of %s choices of the first one.", k,
                print_count(done, depth->parts_done_count), print_count(text, depth->part_count));
    }
}

/* The name of a purpose, and the length of what it is called without "of" whom. */
static const char *purpose_words(const struct certificate *certificate, uint32_t purpose,
                                 size_t *length)
{
    const struct purpose *found = certificate->model->purposes == NULL
                                      ? NULL
                                      : purpose_find(certificate->model->purposes, purpose);
    const char *name = found == NULL ? "unnamed" : found->name;
    const char *of = strstr(name, " of ");
    *length = of == NULL ? strlen(name) : (size_t)(of - name);
    return name;
}

/* Say which draws may deviate and how many values they have. "Latency of this" and "latency of
 * that" are told together. */
static void write_draws(struct page *page, const struct certificate *certificate)
{
    const struct exhaustive_result *exhaustive = certificate->exhaustive;
    char text[2048] = "";
    size_t used = 0;
    bool is_told[EXHAUSTIVE_PURPOSES_MAX] = {false};
    for (uint32_t i = 0; i < exhaustive->purpose_count && used < sizeof text; i++) {
        if (is_told[i])
            continue;
        size_t length, other_length;
        uint32_t draw_count = 0, value_count = 0, like_count = 0;
        const char *name = purpose_words(certificate, exhaustive->purposes[i].purpose, &length);
        for (uint32_t j = i; j < exhaustive->purpose_count; j++) {
            const struct exhaustive_purpose *of = &exhaustive->purposes[j];
            const char *other = purpose_words(certificate, of->purpose, &other_length);
            if (other_length != length || strncmp(name, other, length) != 0)
                continue;
            is_told[j] = true;
            like_count++;
            draw_count += of->draw_count;
            value_count += of->value_count;
        }
        int wrote = snprintf(text + used, sizeof text - used, "%s%.*s (%" PRIu32 ": %" PRIu32 ")",
                             used == 0 ? "" : ", ", (int)(like_count > 1 ? length : strlen(name)),
                             name, draw_count, value_count);
        used += wrote > 0 ? (size_t)wrote : 0;
    }
    if (exhaustive->purpose_count > 0)
        write_item_formatted(page, "draws",
                             "%s. Each with its number and that of its other values.", text);
}

/* Where something fails the rate of its own making says nothing. */
static void write_limit(struct page *page, uint64_t failed_count, uint64_t run_count)
{
    if (run_count > 0 && failed_count == 0)
        write_item_formatted(page, "",
                             "Failure rate under this search's own distribution: at most %.3g %% "
                             "(one-sided, %.0f %%). It is not the rate in the model.",
                             100 * certificate_limit(failed_count, run_count),
                             100 * CERTIFICATE_CONFIDENCE);
}

static void write_random(struct page *page, const struct random_result *random)
{
    char runs[COUNT_SIZE_BYTES], failed[COUNT_SIZE_BYTES];
    write_item_formatted(page, "random",
                         "%s schedules, %s of them failing. Each drew its rate of deviation, "
                         "log-uniform from %.3g to %.3g.%s",
                         print_count(runs, random->run_count),
                         print_count(failed, random->failed_count), random->rate_min,
                         random->rate_max, end_words(random->end));
    write_limit(page, random->failed_count, random->run_count);
}

static void write_order(struct page *page, const struct order_result *order)
{
    char runs[COUNT_SIZE_BYTES], failed[COUNT_SIZE_BYTES], ties[COUNT_SIZE_BYTES];
    write_item_formatted(
        page, "order",
        "%s random orders of events of one time, %s of them failing: priorities "
        "of %" PRIu32 " entities, up to %" PRIu32 " changes among %s schedulings.%s",
        print_count(runs, order->run_count), print_count(failed, order->failed_count),
        order->entity_count, order->depth - 1, print_count(ties, order->tie_count),
        end_words(order->end));
    if (order->bound > 0)
        write_item_formatted(page, "",
                             "An order bug of depth %" PRIu32
                             " is met with probability %.2g or more in a run of that depth.",
                             order->depth, order->bound);
    write_limit(page, order->failed_count, order->run_count);
}

const char *certificate_print(const struct certificate *certificate, struct arena *arena)
{
    struct page page = {.text = arena_take(arena, TEXT_SIZE_BYTES)};
    char slack[UNITS_TEXT_SIZE_BYTES];
    write_item(&page, "verdict", certificate_sentence(certificate, arena));
    write_item(&page, "scope", certificate->scope);
    write_item(&page, "counted", certificate->counted);
    if (certificate->is_typical_run)
        write_item(&page, "typical", certificate->is_typical_failing ? "fails" : "passes");
    write_item_formatted(&page, "slack", "%s%s", units_print_duration(slack, certificate->slack_ns),
                         certificate->slack_ns == 0 ? " (only events of one time change places)"
                                                    : " (an event may also be late by so much)");
    if (certificate->exhaustive != NULL) {
        write_exhaustive(&page, certificate);
        write_draws(&page, certificate);
    }
    if (certificate->random != NULL)
        write_random(&page, certificate->random);
    if (certificate->order != NULL)
        write_order(&page, certificate->order);
    return arena_copy_text(arena, page.text);
}
