/* Stories of worlds in which every time is known: what is said must be what happened. */
#include <stdlib.h>

#include "models/rcesim/explore/explain_story.h"
#include "models/rcesim/explore/explain_words.h"
#include "models/vmc/purpose.h"
#include "reports/svg.h"
#include "sim/base/text.h"
#include "tests/models/vmc/fixture.h"

/* The control plane takes 3 h, so add-host and backup are asked for at 03:00:00; the backup is done
 * at 03:30:00, and maintenance is asked for. Typically the temporary host is connected at 03:18:00
 * and ready at 03:22:00. */
static const uint32_t cluster = ENTITY_NO_HOST, host_0 = 0;

struct story_of {
    struct fixture *fixture;
    struct probe *probe;
    struct explain_story story;
};

static struct fixture *make_fixture(void)
{
    struct fixture *fixture = fixture_create(1);
    fixture->config.fleet.temporary_host_share = 1;
    fixture->config.provisioning.connect = fixture_delay(fixture, "uniform(1min, 35min)");
    fixture->config.provisioning.configure = fixture_delay(fixture, "uniform(1min, 7min)");
    fixture->options.deadline_ns[RCE_ENTER_MAINTENANCE] = 60 * UNITS_MIN;
    return fixture;
}

static struct deviation deviation_of(uint32_t host, uint32_t purpose, int64_t value)
{
    return (struct deviation){{entity_of_host(0, 0, host), purpose, 0}, value};
}

static struct story_of tell(struct fixture *fixture, const struct deviation *deviations,
                            size_t count, bool has_neighbour)
{
    struct story_of told = {.fixture = fixture};
    struct error error = {0};
    told.probe = probe_create(&(struct probe_options){
        .model = &vmc_model, .parameters = &fixture->parameters, .unit = MODEL_ALL_UNITS});
    struct explain_story_options options = {.arena = fixture->arena,
                                            .probe = told.probe,
                                            .deviations = deviations,
                                            .count = count,
                                            .has_neighbour = has_neighbour};
    if (!explain_story_make(&options, &told.story, &error))
        fail_msg("%s", error.message);
    return told;
}

static void close_story(struct story_of *told)
{
    probe_destroy(told->probe);
    fixture_destroy(told->fixture);
}

static int64_t at(int hours, int minutes, int seconds)
{
    return hours * UNITS_H + minutes * UNITS_MIN + seconds * UNITS_S;
}

/* Every time of day in a text is that of a record of the run, or of the finding. */
static void assert_true_times(const struct explain_story *story, const char *text)
{
    const struct trace *trace = story->explanation.failing.trace;
    uint32_t found_count = 0;
    for (const char *colon = strchr(text, ':'); colon != NULL; colon = strchr(colon + 1, ':')) {
        int hours, minutes, seconds;
        if (colon - text < 2 || sscanf(colon - 2, "%2d:%2d:%2d", &hours, &minutes, &seconds) != 3)
            continue;
        bool is_known = false;
        for (size_t i = 0; i < trace_count(trace) && !is_known; i++)
            is_known =
                trace_at(trace, i)->time_ns / UNITS_S == at(hours, minutes, seconds) / UNITS_S;
        if (!is_known)
            fail_msg("nothing happened at %.8s: %s", colon - 2, text);
        found_count++;
        colon += 3;
    }
    assert_true(found_count > 0);
}

/* No line is longer than 80 characters, none ends in a blank, all is ASCII. */
static void assert_fit_to_print(const struct explain_story *story)
{
    char *text = NULL;
    size_t size = 0;
    FILE *memory = open_memstream(&text, &size);
    struct page page = {.file = memory, .width = 80};
    explain_story_print(story, &page);
    fclose(memory);
    for (char *line = text; *line != '\0'; line += strcspn(line, "\n") + 1) {
        size_t length = strcspn(line, "\n");
        if (length > 80 || (length > 0 && line[length - 1] == ' '))
            fail_msg("\"%.*s\"", (int)length, line);
        for (size_t i = 0; i < length; i++)
            assert_in_range(line[i], ' ', '~');
    }
    free(text);
}

static void assert_picture(const struct explain_story *story)
{
    char *svg = NULL, *inlined = NULL;
    size_t size = 0;
    FILE *memory = open_memstream(&svg, &size);
    explain_story_write_svg(story, memory);
    fclose(memory);
    memory = open_memstream(&inlined, &size);
    struct error error = {0};
    struct svg_words words = {.prefix = "x-", .title = "t", .alt = ""};
    if (!svg_inline(memory, svg, &words, &error))
        fail_msg("%s", error.message);
    fclose(memory);
    assert_null(strstr(inlined, "#000000")); /* Words take the colour of the page's. */
    free(svg);
    free(inlined);
}

/* Every element of the page is closed, in order; nothing in it runs or comes from outside. */
static void assert_page(const struct explain_story *story)
{
    enum { DEPTH_MAX = 32, NAME_MAX_BYTES = 16 };
    char *page = NULL, open[DEPTH_MAX][NAME_MAX_BYTES];
    size_t size = 0, depth = 0;
    FILE *memory = open_memstream(&page, &size);
    explain_story_write_page(story, "<b>\"of\" 'strangers' & others", memory);
    fclose(memory);
    for (const char *at = strchr(page, '<'); at != NULL; at = strchr(at + 1, '<')) {
        char name[NAME_MAX_BYTES] = "";
        const char *end = strchr(at, '>');
        assert_non_null(end);
        if (at[1] == '!')
            continue;
        sscanf(at[1] == '/' ? at + 2 : at + 1, "%15[a-z0-9]", name);
        assert_string_not_equal(name, "script");
        if (at[1] == '/')
            assert_string_equal(name, open[--depth]);
        else if (end[-1] != '/')
            memcpy(open[depth++], name, sizeof name);
        assert_in_range(depth, 0, DEPTH_MAX - 1);
    }
    assert_int_equal(depth, 0);
    assert_non_null(strstr(page, "&lt;b&gt;&quot;of&quot; &#39;strangers&#39; &amp; others"));
    assert_null(strstr(page, " src="));
    assert_null(strstr(page, "href=\"http"));
    free(page);
}

/* The whole of it, as it is printed; RCESIM_GOLDEN=write makes it anew. */
static void assert_golden(const struct explain_story *story, const char *path)
{
    char *text = NULL, *expected = NULL;
    size_t size = 0;
    FILE *memory = open_memstream(&text, &size);
    struct page page = {.file = memory, .width = 80};
    explain_story_print(story, &page);
    fclose(memory);
    const char *wish = getenv("RCESIM_GOLDEN");
    if (wish != NULL && strcmp(wish, "write") == 0) {
        FILE *file = fopen(path, "w");
        assert_non_null(file);
        fputs(text, file);
        fclose(file);
    }
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    ssize_t length = getdelim(&expected, &size, '\0', file);
    fclose(file);
    if (length < 0 || strcmp(text, expected) != 0)
        fail_msg("%s is not as it was:\n%s", path, text);
    free(text);
    free(expected);
}

/* Shown and hidden records are all that there are; rows have each shown one once. */
static void assert_complete(const struct explanation *explanation)
{
    uint32_t lefts = 0, rights = 0;
    for (uint32_t i = 0; i < explanation->row_count; i++) {
        lefts += explanation->rows[i].left != ALIGN_NONE;
        rights += explanation->rows[i].right != ALIGN_NONE;
    }
    assert_int_equal(lefts, explanation->failing.shown_count);
    assert_int_equal(rights, explanation->passing.shown_count);
    assert_true(explanation->failing.shown_count > 0);
    assert_true(explanation->doom.at_ns <= explanation->finding.at_ns);
}

static void check(const struct story_of *told)
{
    assert_true_times(&told->story, told->story.sentence);
    assert_true_times(&told->story, told->story.doom);
    assert_fit_to_print(&told->story);
    assert_picture(&told->story);
    assert_page(&told->story);
    assert_complete(&told->story.explanation);
}

/* The host is connected in time and ready too late: nothing is lost until the request is dropped.
 */
static void test_slow_configure(void **state)
{
    (void)state;
    struct fixture *fixture = make_fixture();
    fixture->config.service.latency = fixture_delay(fixture, "200ms");
    struct deviation deviation = deviation_of(cluster, PURPOSE_CONFIGURE, 15 * UNITS_MIN);
    struct story_of told = tell(fixture, &deviation, 1, true);
    const struct explanation *explanation = &told.story.explanation;
    assert_string_equal(
        told.story.sentence,
        "Configure (the temporary host) was 15min instead of 4min: the temporary host was "
        "connected "
        "at 03:18:00; RCE asked for maintenance of host 0 at 03:30:00; the request was accepted "
        "and "
        "dropped, for the temporary host was only connected; the cluster became ready at 03:33:00; "
        "after 03:30:00 RCE heard nothing more of it; the deadline passed at 04:30:00.");
    assert_string_equal(
        told.story.doom,
        "From 03:30:00 on (host 0: enter-maintenance: dropped, the cluster is not ready) this "
        "failure was certain, even if everything after that had been typical; it was seen at "
        "04:30:00: a blind wait of 1h.");
    /* Half a latency after 03:00 the backup begins, half an hour later it ends, and half a latency
     * after that the request arrives. */
    assert_int_equal(explanation->doom.at_ns, at(3, 30, 0) + 300 * UNITS_MS);
    assert_int_equal(explanation->finding.at_ns, at(4, 30, 0) + 200 * UNITS_MS);
    /* The first difference is the task that was dropped. */
    const struct explain_row *row = &explanation->rows[explanation->divergence];
    const struct trace_record *record = trace_at(explanation->failing.trace, row->left);
    assert_int_equal(record->type, STORY_TASK);
    assert_int_equal(record->values[1], TASK_DEAD);
    assert_int_equal(row->right, ALIGN_NONE);
    assert_golden(&told.story, "tests/models/rcesim/golden/explain-slow-configure.txt");
    check(&told);
    close_story(&told);
}

/* Connected so late that no typical configuration can be in time: lost from that moment on. */
static void test_slow_connect(void **state)
{
    (void)state;
    struct deviation deviation = deviation_of(cluster, PURPOSE_CONNECT, 28 * UNITS_MIN);
    struct story_of told = tell(make_fixture(), &deviation, 1, true);
    assert_int_equal(told.story.explanation.doom.at_ns, at(3, 28, 0));
    assert_non_null(strstr(told.story.doom, "the temporary host: provisioning -> connected"));
    assert_non_null(strstr(told.story.sentence, "connected at 03:28:00"));
    assert_non_null(strstr(told.story.sentence, "ready at 03:32:00"));
    check(&told);
    close_story(&told);
}

/* Two deviations, neither of which fails alone: which of them dooms depends on their sizes. */
static void test_doom_of_two(void **state)
{
    (void)state;
    static const struct {
        int connect_min, configure_min, doom_min;
    } cases[] = {
        {24, 8, 30},  /* 24 + 4 is in time: only the drop at 30 dooms. */
        {27, 8, 27},  /* 27 + 4 is not. */
        {25, 7, 30},  /* 25 + 4 is, just. */
        {29, 2, 29},  /* Lost although configuration is faster than typical: 29 + 2 is too late. */
        {18, 13, 30}, /* A typical connect. */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct deviation deviations[2] = {
            deviation_of(cluster, PURPOSE_CONNECT, cases[i].connect_min * UNITS_MIN),
            deviation_of(cluster, PURPOSE_CONFIGURE, cases[i].configure_min * UNITS_MIN)};
        struct story_of told = tell(make_fixture(), deviations, 2, true);
        assert_int_equal(told.story.explanation.doom.at_ns, at(3, cases[i].doom_min, 0));
        close_story(&told);
    }
}

static void test_lost_callback(void **state)
{
    (void)state;
    struct fixture *fixture = make_fixture();
    fixture->config.service.callback_loss = 0.01;
    struct deviation deviation =
        deviation_of(host_0, PURPOSE_CALLBACK_LOSS + RCE_ENTER_MAINTENANCE, 1);
    struct story_of told = tell(fixture, &deviation, 1, true);
    assert_int_equal(told.story.explanation.doom.at_ns, at(3, 35, 0));
    assert_string_equal(
        told.story.sentence,
        "Callback loss of enter-maintenance (host 0) happened: RCE asked for maintenance of host 0 "
        "at 03:30:00; it began at 03:30:00; it was done at 03:35:00; its callback was lost at "
        "03:35:00; after 03:30:00 RCE "
        "heard nothing more of it; the deadline passed at 04:30:00.");
    assert_non_null(strstr(told.story.doom, "callback lost"));
    bool has_lost = false;
    for (uint32_t i = 0; i < told.story.diagram.panels[0].message_count; i++)
        has_lost |= told.story.diagram.panels[0].messages[i].is_lost;
    assert_true(has_lost);
    check(&told);
    close_story(&told);
}

/* Answers take two minutes there and two back: what counts is when RCE heard, not what was said. */
static void test_silence_begins_when_last_heard(void **state)
{
    (void)state;
    struct fixture *fixture = make_fixture();
    fixture->config.service.latency = fixture_delay(fixture, "4min");
    fixture->config.service.callback_loss = 0.01;
    struct deviation deviation =
        deviation_of(host_0, PURPOSE_CALLBACK_LOSS + RCE_ENTER_MAINTENANCE, 1);
    struct story_of told = tell(fixture, &deviation, 1, true);
    const char *silence = strstr(told.story.sentence, "; after ");
    assert_non_null(silence);
    assert_memory_equal(silence, "; after 03:38:00 RCE heard nothing more of it",
                        strlen("; after 03:38:00 RCE heard nothing more of it"));
    close_story(&told);
}

/* Asked again while the host is still on its way: a read cannot tell that from never asked. */
static void test_duplicate_trigger(void **state)
{
    (void)state;
    struct fixture *fixture = make_fixture();
    fixture_fix(&fixture->options, false, true, false);
    fixture->options.retry_policy.jitter = RCE_JITTER_NONE;
    fixture->config.maintenance.evacuate = fixture_delay(fixture, "uniform(1min, 9min)");
    struct deviation deviation =
        deviation_of(host_0, PURPOSE_RUN + RCE_ENTER_MAINTENANCE, 15 * UNITS_MIN);
    struct story_of told = tell(fixture, &deviation, 1, true);
    assert_string_equal(told.story.title, "duplicate trigger of enter-maintenance, host entering");
    assert_non_null(strstr(told.story.sentence,
                           "at 03:40:00 the service said that host 0 was not in maintenance, while "
                           "it was entering maintenance"));
    assert_non_null(strstr(told.story.sentence, "RCE asked again for maintenance of host 0"));
    assert_non_null(strstr(told.story.sentence, "that broke an invariant at 03:40"));
    assert_non_null(strstr(told.story.doom, "seen at once"));
    check(&told);
    close_story(&told);
}

/* The pre-check looks at a list that is a minute old. */
static void test_check_then_act(void **state)
{
    (void)state;
    struct fixture *fixture = make_fixture();
    fixture_fix(&fixture->options, true, false, false);
    fixture->config.service.read_lag = fixture_delay(fixture, "1min");
    struct deviation deviation = deviation_of(cluster, PURPOSE_CONNECT, at(0, 29, 30));
    struct story_of told = tell(fixture, &deviation, 1, true);
    assert_non_null(strstr(told.story.sentence, "at 03:30:00 the service said that the cluster was "
                                                "ready, although since 03:29:30 the temporary "
                                                "host was only connected; RCE asked for "
                                                "maintenance of host 0 at 03:30:00"));
    assert_non_null(strstr(told.story.sentence, "accepted and dropped"));
    check(&told);
    close_story(&told);
}

/* The key of the request brings the dead task back, however often. */
static void test_dead_task(void **state)
{
    (void)state;
    struct fixture *fixture = make_fixture();
    fixture_fix(&fixture->options, false, true, true);
    fixture->options.retry_policy.jitter = RCE_JITTER_NONE;
    fixture->config.service.early_request = VMC_EARLY_DROP_RECORDED;
    struct deviation deviation = deviation_of(cluster, PURPOSE_CONNECT, 28 * UNITS_MIN);
    struct story_of told = tell(fixture, &deviation, 1, true);
    assert_non_null(strstr(told.story.sentence, "RCE asked again for maintenance of host 0 at "
                                                "03:40:00; the request was answered with task 4 of "
                                                "an earlier one, which had been dropped; and so "
                                                "again, for the last time at "));
    check(&told);
    close_story(&told);
}

static void test_capacity_outage(void **state)
{
    (void)state;
    struct fixture *fixture = make_fixture();
    fixture->config.provisioning.outage_probability = 0.002;
    fixture->config.provisioning.outage_duration = fixture_delay(fixture, "20min");
    struct deviation deviation = deviation_of(cluster, PURPOSE_OUTAGE, 1);
    struct story_of told = tell(fixture, &deviation, 1, true);
    assert_non_null(strstr(told.story.sentence, "Capacity outage (the temporary host) happened: "));
    assert_non_null(strstr(told.story.sentence, "connected at 03:38:00"));
    check(&told);
    close_story(&told);
}

/* The engine forgets that it has asked. Which of the draws that is, a run per draw says. */
static void test_crash(void **state)
{
    (void)state;
    struct fixture *fixture = make_fixture();
    fixture_fix(&fixture->options, true, false, false);
    fixture->config.service.latency = fixture_delay(fixture, "200ms");
    fixture->config.crash.probability = 0.001;
    fixture->config.crash.downtime = fixture_delay(fixture, "30s");
    struct probe *probe = probe_create(&(struct probe_options){
        .model = &vmc_model, .parameters = &fixture->parameters, .unit = MODEL_ALL_UNITS});
    struct error error = {0};
    struct probe_result result;
    assert_true(probe_run(probe, NULL, 0, &result, &error));
    assert_int_equal(result.finding_count, 0);
    uint32_t count, found_count = 0;
    const struct oracle_asked *asked = probe_asked(probe, &count);
    struct oracle_asked *crashes = arena_take_array(fixture->arena, count + 1u, sizeof *crashes);
    memcpy(crashes, asked, count * sizeof *crashes);
    for (uint32_t i = 0; i < count; i++) {
        struct deviation deviation = {crashes[i].name, 1};
        if (crashes[i].name.purpose != PURPOSE_CRASH)
            continue;
        assert_true(probe_run(probe, &deviation, 1, &result, &error));
        if (result.finding_count == 0)
            continue;
        struct story_of told = tell(fixture, &deviation, 1, true);
        assert_non_null(strstr(told.story.sentence, "RCE crashed at "));
        assert_non_null(strstr(told.story.sentence, "; it resumed at "));
        assert_non_null(strstr(told.story.sentence, "; RCE asked again for "));
        assert_non_null(strstr(told.story.sentence, "that broke an invariant at "));
        assert_non_null(strstr(told.story.doom, " on (RCE: crashes) this failure was certain"));
        check(&told);
        probe_destroy(told.probe);
        found_count++;
    }
    assert_true(found_count >= 3);
    probe_destroy(probe);
    fixture_destroy(fixture);
}

/* The typical world itself fails: lost from the start, and nothing to lay beside it. */
static void test_typical_world_fails(void **state)
{
    (void)state;
    struct fixture *fixture = make_fixture();
    fixture->config.provisioning.connect = fixture_delay(fixture, "28min");
    struct story_of told = tell(fixture, NULL, 0, false);
    assert_int_equal(told.story.explanation.doom.event, 0);
    assert_int_equal(told.story.diagram.panel_count, 1);
    assert_non_null(strstr(told.story.doom, "certain from the start"));
    assert_true_times(&told.story, told.story.sentence);
    assert_fit_to_print(&told.story);
    assert_picture(&told.story);
    close_story(&told);
}

/* A whole replication as a schedule: connected at c, ready f later, doomed at c if even a typical
 * configuration would be too late, else when the request is dropped. */
static void test_doom_of_replications(void **state)
{
    (void)state;
    uint32_t failed_count = 0;
    for (uint32_t replication = 0; replication < 60; replication++) {
        struct fixture *fixture = make_fixture();
        fixture->config.maintenance.evacuate = fixture_delay(fixture, "uniform(1min, 9min)");
        struct probe *probe = probe_create(&(struct probe_options){
            .model = &vmc_model, .parameters = &fixture->parameters, .seed = 5});
        struct probe_extra extra = {
            .is_drawn = true, .has_replication = true, .replication = replication};
        struct probe_result result;
        struct error error = {0};
        assert_true(probe_run_with(probe, NULL, 0, &extra, &result, &error));
        uint32_t count;
        const struct oracle_asked *asked = probe_asked(probe, &count);
        struct deviation *all = arena_take_array(fixture->arena, count + 1u, sizeof *all);
        int64_t connect_ns = 0;
        for (uint32_t i = 0; i < count; i++) {
            all[i] = (struct deviation){asked[i].name, asked[i].value};
            connect_ns = asked[i].name.purpose == PURPOSE_CONNECT ? asked[i].value : connect_ns;
        }
        if (result.finding_count > 0) {
            struct story_of told = tell(fixture, all, count, true);
            int64_t connected_at_ns = at(3, 0, 0) + connect_ns;
            /* Maintenance is asked for when both the backup and the host are there. */
            int64_t asked_at_ns = connected_at_ns > at(3, 30, 0) ? connected_at_ns : at(3, 30, 0);
            bool is_hopeless = connected_at_ns + 4 * UNITS_MIN > asked_at_ns;
            int64_t doom_ns = is_hopeless ? connected_at_ns : asked_at_ns;
            /* Not connected when the backup ends: from then on it cannot be ready in time. */
            doom_ns = doom_ns > at(3, 30, 0) ? at(3, 30, 0) : doom_ns;
            assert_int_equal(told.story.explanation.doom.at_ns, doom_ns);
            failed_count++;
            probe_destroy(told.probe);
        }
        probe_destroy(probe);
        fixture_destroy(fixture);
    }
    assert_true(failed_count > 10);
}

/* A schedule that passes is refused, and so is a signature that it does not have. */
static void test_refuses_what_passes(void **state)
{
    (void)state;
    struct fixture *fixture = make_fixture();
    struct probe *probe = probe_create(&(struct probe_options){
        .model = &vmc_model, .parameters = &fixture->parameters, .unit = MODEL_ALL_UNITS});
    struct explain_story_options options = {.arena = fixture->arena, .probe = probe};
    struct explain_story story;
    struct error error = {0};
    assert_false(explain_story_make(&options, &story, &error));
    assert_non_null(strstr(error.message, "does not fail"));
    probe_destroy(probe);
    fixture_destroy(fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_slow_configure),
        cmocka_unit_test(test_slow_connect),
        cmocka_unit_test(test_doom_of_two),
        cmocka_unit_test(test_lost_callback),
        cmocka_unit_test(test_silence_begins_when_last_heard),
        cmocka_unit_test(test_duplicate_trigger),
        cmocka_unit_test(test_check_then_act),
        cmocka_unit_test(test_dead_task),
        cmocka_unit_test(test_capacity_outage),
        cmocka_unit_test(test_crash),
        cmocka_unit_test(test_typical_world_fails),
        cmocka_unit_test(test_doom_of_replications),
        cmocka_unit_test(test_refuses_what_passes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
