#include "sim/explore/rare_mixture.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/check.h"

/* Of what is not nominal, so much is always shared out evenly: a family that the pilot found
 * useless may be needed after all. */
static const double EVEN_SHARE = 0.3;
/* A wider tail has so many times the mass, but not more than the root of it. */
static const double WIDER = 10;
/* How far one step of learning goes. */
static const double LEARNING_STEP = 0.7;
/* A twist makes the mean score so large. */
static const double MEAN_SCORE_MIN = 1.1, MEAN_SCORE_MAX = 30;

enum {
    UNION_DRAWS_MAX = 16,
    COMPONENTS_MAX = 1024, /* All are looked at for each failing run. */
    BOOK_RUNS = 24,        /* To see who asks for what. */
    WAYS = 3,              /* To tilt a schedule: tails, wider tails, twists. */
};

/* The names that runs asked for, by (purpose, occurrence, entity). */
struct book {
    struct draw_name *names;
    uint32_t count;
};

struct making {
    const struct rare_options *options;
    struct rare_mixture *mixture;
    struct arena *arena;
    struct probe *probe;
    struct book book;
    uint32_t relatives_max;
    struct tilt_draw *united; /* [UNION_DRAWS_MAX]: of all schedules, those that can be twisted. */
    uint32_t united_count;
};

static int compare_names(const void *a, const void *b)
{
    const struct draw_name *x = a, *y = b;
    if (x->purpose != y->purpose)
        return x->purpose < y->purpose ? -1 : 1;
    if (x->occurrence != y->occurrence)
        return x->occurrence < y->occurrence ? -1 : 1;
    return (x->entity > y->entity) - (x->entity < y->entity);
}

static void add_to_book(struct book *book, const struct probe *probe, struct arena *arena)
{
    uint32_t count, distinct = 0;
    const struct oracle_asked *asked = probe_asked(probe, &count);
    struct draw_name *names = arena_take_array(arena, book->count + (size_t)count, sizeof *names);
    if (book->count > 0)
        memcpy(names, book->names, book->count * sizeof *names);
    for (uint32_t i = 0; i < count; i++)
        names[book->count + i] = asked[i].name;
    count += book->count;
    qsort(names, count, sizeof *names, compare_names);
    for (uint32_t i = 0; i < count; i++)
        if (distinct == 0 || compare_names(&names[i], &names[distinct - 1]) != 0)
            names[distinct++] = names[i];
    book->names = names;
    book->count = distinct;
}

static bool fill_book(struct making *making, struct error *error)
{
    struct probe_result result;
    struct arena *scratch = arena_create("names of draws", 0);
    struct book book = {0};
    bool is_good = true;
    for (uint32_t run = 0; run <= BOOK_RUNS && is_good; run++) {
        /* Replications that no estimate reaches, so that it stays fresh. */
        struct probe_extra extra = {
            .is_drawn = run > 0, .has_replication = true, .replication = UINT32_MAX - run};
        is_good = probe_run_with(making->probe, NULL, 0, &extra, &result, error);
        if (is_good)
            add_to_book(&book, making->probe, scratch);
    }
    if (book.count > 0) {
        making->book.names = arena_take_array(making->arena, book.count, sizeof *book.names);
        memcpy(making->book.names, book.names, book.count * sizeof *book.names);
        making->book.count = book.count;
    }
    arena_destroy(scratch);
    return is_good;
}

/* The first name of the book with this purpose and occurrence, and an entity of at least `entity`.
 */
static uint32_t find_from(const struct book *book, struct draw_name name)
{
    uint32_t low = 0, high = book->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (compare_names(&book->names[middle], &name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool is_in_book(const struct book *book, struct draw_name name)
{
    uint32_t at = find_from(book, name);
    return at < book->count && compare_names(&book->names[at], &name) == 0;
}

static double clamp_theta(double mean_score)
{
    return 1 / fmin(fmax(mean_score, MEAN_SCORE_MIN), MEAN_SCORE_MAX);
}

/* A tail can be twisted. An event that happens or not, or one of several alternatives, has nothing
 * between: it keeps its region. */
static bool can_be_twisted(const struct oracle_asked *asked)
{
    return asked->kind != ORACLE_HAPPENS && asked->kind != ORACLE_PICK;
}

/* A tail that begins nearer to the middle: values are rounded away from it. */
static struct tilt_draw widen(const struct likelihood_region *region)
{
    double mass = fmin(WIDER * region->mass, sqrt(region->mass));
    double low = region->low <= 0 ? 0 : 1 - mass;
    return (struct tilt_draw){.region = {region->name, low, mass}};
}

static struct tilt_draw twist(const struct likelihood_region *region, double mean_score)
{
    return (struct tilt_draw){
        .region = *region, .theta = clamp_theta(mean_score), .is_lower = region->low <= 0};
}

/* Note a draw for the component of all schedules. Of several deviations the largest counts. */
static void unite(struct making *making, const struct likelihood_region *region)
{
    /* Half of it: several draws together need less of each. */
    struct tilt_draw draw = twist(region, 1 - log(region->mass) / 2);
    for (uint32_t i = 0; i < making->united_count; i++) {
        struct tilt_draw *known = &making->united[i];
        if (compare_names(&known->region.name, &region->name) != 0)
            continue;
        if (draw.theta < known->theta)
            *known = draw;
        return;
    }
    if (making->united_count < UNION_DRAWS_MAX)
        making->united[making->united_count++] = draw;
}

/* Add the draws of `entity` instead of those of the pattern; false if nobody asks for them all. */
static bool add_relative(struct making *making, const struct tilt_draw *pattern, uint32_t count,
                         uint32_t entity)
{
    struct rare_mixture *mixture = making->mixture;
    for (uint32_t i = 0; i < count; i++) {
        struct draw_name name = pattern[i].region.name;
        name.entity = entity;
        if (!is_in_book(&making->book, name))
            return false;
    }
    struct tilt_draw *draws = arena_take_array(making->arena, count, sizeof *draws);
    for (uint32_t i = 0; i < count; i++) {
        draws[i] = pattern[i];
        draws[i].region.name.entity = entity;
    }
    mixture->components[mixture->count++] = (struct tilt_component){draws, count, 0};
    return true;
}

/* Add a component for the pattern, and one for each relative. */
static void add_family(struct making *making, struct tilt_draw *pattern, uint32_t count,
                       uint32_t schedule)
{
    struct rare_mixture *mixture = making->mixture;
    struct rare_family *family = &mixture->families[mixture->family_count++];
    *family = (struct rare_family){.schedule = schedule, .first = mixture->count, .count = 1};
    mixture->components[mixture->count++] = (struct tilt_component){pattern, count, 0};
    if (count == 0 || schedule == RARE_OF_ALL)
        return;
    uint32_t own = pattern[0].region.name.entity;
    for (uint32_t i = 1; i < count; i++)
        if (pattern[i].region.name.entity != own)
            return;
    struct draw_name first = pattern[0].region.name;
    first.entity = 0;
    for (uint32_t at = find_from(&making->book, first);
         at < making->book.count && family->count < making->relatives_max; at++) {
        const struct draw_name *name = &making->book.names[at];
        if (name->purpose != first.purpose || name->occurrence != first.occurrence)
            break;
        if (name->entity != own)
            family->count += add_relative(making, pattern, count, name->entity);
    }
}

/* Add the families of a schedule. There are none if nothing of it has a probability, or if it
 * deviates in order, which no draw can bring about. */
static bool add_schedule(struct making *making, uint32_t index, struct error *error)
{
    const struct model *model = making->options->probe->model;
    const struct rare_schedule *schedule = &making->options->schedules[index];
    struct probe_result result;
    if (!probe_run(making->probe, schedule->deviations, schedule->count, &result, error))
        return error_context(error, "schedule %u", index + 1);
    uint32_t asked_count, count = 0, twist_count = 0;
    const struct oracle_asked *asked = probe_asked(making->probe, &asked_count);
    struct likelihood likelihood =
        likelihood_of(model, schedule->deviations, schedule->count, asked, asked_count);
    if (likelihood.order_count > 0 || likelihood.impossible_count > 0)
        return true;
    struct tilt_draw *ways[WAYS];
    for (int i = 0; i < WAYS; i++)
        ways[i] = arena_take_array(making->arena, schedule->count, sizeof *ways[i]);
    for (size_t i = 0; i < schedule->count; i++) {
        struct draw_name name = schedule->deviations[i].name;
        const struct oracle_asked *draw = likelihood_find(asked, asked_count, name);
        struct likelihood_region region;
        if (draw == NULL || model_is_shape(model, name.purpose) ||
            !likelihood_region_of(draw, schedule->deviations[i].value, &region))
            continue;
        bool is_twisted = can_be_twisted(draw);
        ways[0][count] = ways[1][count] = ways[2][count] = (struct tilt_draw){.region = region};
        if (is_twisted) {
            ways[1][count] = widen(&region);
            ways[2][count] = twist(&region, 1 - log(region.mass));
            unite(making, &region);
        }
        twist_count += is_twisted;
        count++;
    }
    for (int i = 0; count > 0 && i < (twist_count > 0 ? WAYS : 1); i++)
        add_family(making, ways[i], count, index);
    return true;
}

/* Give each component its part of what its family has. */
static void share_out(struct rare_mixture *mixture)
{
    for (uint32_t j = 0; j < mixture->family_count; j++) {
        const struct rare_family *family = &mixture->families[j];
        for (uint32_t i = 0; i < family->count; i++)
            mixture->components[family->first + i].share = family->share / family->count;
    }
}

static void share_evenly(struct rare_mixture *mixture, double nominal)
{
    uint32_t others = mixture->family_count - 1;
    mixture->families[0].share = others == 0 ? 1 : nominal;
    for (uint32_t j = 1; j < mixture->family_count; j++)
        mixture->families[j].share = (1 - nominal) / others;
    share_out(mixture);
}

bool rare_mixture_make(struct rare_mixture *mixture, const struct rare_options *options,
                       uint32_t schedule_count, double nominal, struct arena *arena,
                       struct error *error)
{
    struct probe_options probe = *options->probe;
    probe.seed = options->seed;
    uint32_t family_room = 2 + WAYS * schedule_count;
    uint32_t relatives_max = schedule_count == 0 ? 1 : COMPONENTS_MAX / (WAYS * schedule_count);
    struct making making = {.options = options,
                            .mixture = mixture,
                            .arena = arena,
                            .relatives_max = relatives_max,
                            .probe = probe_create(&probe)};
    *mixture = (struct rare_mixture){0};
    mixture->families = arena_take_array(arena, family_room, sizeof *mixture->families);
    mixture->components = arena_take_array(arena, 2 + (size_t)WAYS * schedule_count * relatives_max,
                                           sizeof *mixture->components);
    making.united = arena_take_array(arena, UNION_DRAWS_MAX, sizeof *making.united);
    add_family(&making, NULL, 0, RARE_NOMINAL);
    bool is_good = schedule_count == 0 || fill_book(&making, error);
    for (uint32_t i = 0; i < schedule_count && is_good; i++)
        is_good = add_schedule(&making, i, error);
    probe_destroy(making.probe);
    if (making.united_count > 1)
        add_family(&making, making.united, making.united_count, RARE_OF_ALL);
    share_evenly(mixture, nominal);
    return is_good;
}

/* The mean score of draw `index` of a family's components, over the failing runs; 0 if unknown. */
static double mean_score(const struct rare_mixture *mixture, const struct rare_family *family,
                         const struct tilt_sums *sums, uint32_t first_score, uint32_t index)
{
    double weight = 0, score = 0;
    uint32_t draw_count = mixture->components[family->first].draw_count;
    for (uint32_t i = 0; i < family->count; i++) {
        weight += sums->posteriors[family->first + i];
        score += sums->scores[first_score + i * draw_count + index];
    }
    return weight > 0 ? score / weight : 0;
}

/* Bring the twists of a family nearer to what its failing runs had. */
static void learn_twists(struct rare_mixture *mixture, const struct rare_family *family,
                         const struct tilt_sums *sums, uint32_t first_score)
{
    for (uint32_t k = 0; k < mixture->components[family->first].draw_count; k++) {
        double theta = mixture->components[family->first].draws[k].theta;
        double score = mean_score(mixture, family, sums, first_score, k);
        if (!(theta > 0 && score > 0))
            continue;
        theta = clamp_theta((1 - LEARNING_STEP) / theta + LEARNING_STEP * score);
        for (uint32_t i = 0; i < family->count; i++)
            mixture->components[family->first + i].draws[k].theta = theta;
    }
}

void rare_mixture_learn(struct rare_mixture *mixture, const struct tilt_sums *sums, double nominal)
{
    double sum = 0;
    uint32_t first_score = 0, others = mixture->family_count - 1;
    for (uint32_t i = 0; i < mixture->count; i++)
        sum += sums->posteriors[i];
    if (!(sum > 0) || others == 0)
        return;
    for (uint32_t j = 0; j < mixture->family_count; j++) {
        struct rare_family *family = &mixture->families[j];
        double posterior = 0;
        for (uint32_t i = 0; i < family->count; i++)
            posterior += sums->posteriors[family->first + i];
        family->share = (1 - LEARNING_STEP) * family->share + LEARNING_STEP * posterior / sum;
        learn_twists(mixture, family, sums, first_score);
        first_score += family->count * mixture->components[family->first].draw_count;
    }
    double *nominal_share = &mixture->families[0].share;
    double tilted = 1 - *nominal_share;
    *nominal_share = fmin(fmax(*nominal_share, nominal), 1 - nominal);
    for (uint32_t j = 1; j < mixture->family_count; j++) {
        double own = tilted > 0 ? mixture->families[j].share / tilted : 1.0 / others;
        mixture->families[j].share =
            (1 - *nominal_share) * (EVEN_SHARE / others + (1 - EVEN_SHARE) * own);
    }
    share_out(mixture);
}
