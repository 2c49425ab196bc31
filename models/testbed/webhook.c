#include "models/testbed/webhook.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "models/testbed/pacer.h"
#include "models/testbed/transport.h"
#include "sim/base/check.h"
#include "sim/base/units.h"

/* Of clients that were removed some POSTs may be under way while others have come. */
enum { LANES_MAX = 2 * REST_CLIENTS_MAX, WAITS_COUNT = 6 };

/* After the first failure, the second, ...; the last is that of all others. */
static const int64_t waits_ns[WAITS_COUNT] = {50 * UNITS_MS,  100 * UNITS_MS, 200 * UNITS_MS,
                                              400 * UNITS_MS, 800 * UNITS_MS, UNITS_S};

/* One callback, from the queue to its end. */
struct post {
    struct post *next;
    int64_t due_ns, next_ns; /* of the real clock: when it came, when it is tried again */
    uint32_t failures_count;
    uint64_t generation; /* of its lane, when it came */
    char body[REST_DELIVERY_SIZE_BYTES];
};

struct list {
    struct post *first, *last;
};

/* One POST under way at a time. */
struct slot {
    CURL *easy;
    struct post *post; /* NULL: free */
    struct lane *lane;
    size_t answer_bytes;
    bool was_refused, was_allowed; /* an address */
};

/* One client. It is free once its client is removed and nothing of it is left. */
struct lane {
    /* Under the lock. */
    char client[REST_CLIENT_SIZE_BYTES]; /* empty: free */
    char url[GUARD_URL_SIZE_BYTES];
    bool is_registered, is_renewed, is_moved;
    struct list fresh;
    uint32_t posts_count;    /* fresh, late and under way */
    uint64_t generation;     /* goes up with each removal: what is of an older one ends */
    uint64_t overflow_count; /* not told yet */
    /* Of the thread alone. */
    struct webhook *webhook;
    uint64_t generation_now;       /* that of all that is late or under way */
    struct list late[WAITS_COUNT]; /* each in the order in which they are due */
    struct slot slots[WEBHOOK_AT_ONCE];
    uint32_t under_way;
    uint32_t silences_count; /* in a row; 0: it answers */
    int64_t resumes_ns;      /* not to be asked before */
    int64_t renewed_ns;      /* what has failed before is due */
    bool has_told[REST_GIVEN_UP_COUNT];
};

struct webhook {
    struct webhook_options options;
    struct arena *arena;
    pthread_mutex_t lock; /* of the next three, and of lanes as said there */
    struct post *free;
    uint32_t count; /* not free */
    bool is_ending;
    pthread_t thread;
    CURLM *multi;
    struct curl_slist *headers;
    struct lane lanes[LANES_MAX];
    uint32_t notices_count;
    bool is_started;
};

static void append(struct list *list, struct post *post)
{
    post->next = NULL;
    if (list->last == NULL)
        list->first = post;
    else
        list->last->next = post;
    list->last = post;
}

static struct post *take_first(struct list *list)
{
    struct post *post = list->first;
    if (post == NULL)
        return NULL;
    list->first = post->next;
    if (list->first == NULL)
        list->last = NULL;
    return post;
}

static void destroy(void *context)
{
    struct webhook *webhook = context;
    pthread_mutex_destroy(&webhook->lock);
    curl_slist_free_all(webhook->headers);
    curl_multi_cleanup(webhook->multi);
    arena_destroy(webhook->arena);
}

struct webhook *webhook_create(struct arena *arena)
{
    struct webhook *webhook = arena_take(arena, sizeof *webhook);
    webhook->arena = arena_create("callbacks", 0);
    pthread_mutex_init(&webhook->lock, NULL);
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK ||
        (webhook->multi = curl_multi_init()) == NULL)
        check_limit("libcurl cannot be set up");
    webhook->headers = curl_slist_append(NULL, "Content-Type: application/json");
    webhook->headers = curl_slist_append(webhook->headers, "Expect:");
    for (int i = 0; i < LANES_MAX; i++)
        webhook->lanes[i].webhook = webhook;
    arena_at_end(arena, destroy, webhook);
    return webhook;
}

static void count(uint64_t *gauge, int64_t by)
{
    __atomic_fetch_add(gauge, (uint64_t)by, __ATOMIC_RELAXED);
}

/* With the lock held. */
static struct lane *find_lane(struct webhook *webhook, const char *client)
{
    for (int i = 0; i < LANES_MAX; i++)
        if (strcmp(webhook->lanes[i].client, client) == 0)
            return &webhook->lanes[i];
    return NULL;
}

bool webhook_register(struct webhook *webhook, const char *client, const char *url)
{
    pthread_mutex_lock(&webhook->lock);
    struct lane *lane = find_lane(webhook, client);
    if (lane == NULL)
        lane = find_lane(webhook, "");
    if (lane != NULL) {
        lane->is_moved = lane->is_moved || strcmp(lane->url, url) != 0;
        snprintf(lane->client, sizeof lane->client, "%s", client);
        snprintf(lane->url, sizeof lane->url, "%s", url);
        lane->is_registered = lane->is_renewed = true;
    }
    pthread_mutex_unlock(&webhook->lock);
    curl_multi_wakeup(webhook->multi);
    return lane != NULL;
}

/* With the lock held. */
static void free_if_over(struct lane *lane)
{
    if (!lane->is_registered && lane->posts_count == 0)
        lane->client[0] = '\0';
}

void webhook_remove(struct webhook *webhook, const char *client)
{
    pthread_mutex_lock(&webhook->lock);
    struct lane *lane = find_lane(webhook, client);
    if (lane != NULL) {
        lane->is_registered = false;
        lane->overflow_count = 0;
        lane->generation++;
        free_if_over(lane);
    }
    pthread_mutex_unlock(&webhook->lock);
    curl_multi_wakeup(webhook->multi);
}

/* With the lock held. */
static struct post *take_free(struct webhook *webhook)
{
    struct post *post = webhook->free;
    if (post == NULL)
        return arena_take(webhook->arena, sizeof *post);
    webhook->free = post->next;
    return post;
}

void webhook_deliver(struct webhook *webhook, const struct rest_delivery *delivery)
{
    struct rest_gauges *gauges = webhook->options.gauges;
    pthread_mutex_lock(&webhook->lock);
    struct lane *lane = find_lane(webhook, delivery->client);
    bool is_known = lane != NULL && lane->is_registered;
    bool is_room = is_known && lane->posts_count < webhook->options.queue_max - webhook->count;
    if (is_room) {
        struct post *post = take_free(webhook);
        post->due_ns = pacer_clock_ns();
        post->failures_count = 0;
        post->generation = lane->generation;
        memcpy(post->body, delivery->body, sizeof post->body);
        append(&lane->fresh, post);
        lane->posts_count++;
        webhook->count++;
        count(&gauges->deliveries_queued, 1);
    } else {
        enum rest_given_up why = is_known ? REST_GIVEN_UP_FULL : REST_GIVEN_UP_REMOVED;
        count(&gauges->deliveries_given_up[why], 1);
        if (is_known)
            lane->overflow_count++;
    }
    pthread_mutex_unlock(&webhook->lock);
    curl_multi_wakeup(webhook->multi);
}

/* All below is of the thread. */

static void end_post(struct lane *lane, struct post *post, uint64_t *gauge)
{
    struct webhook *webhook = lane->webhook;
    count(&webhook->options.gauges->deliveries_queued, -1);
    count(gauge, 1); /* who waits for this one finds the other in order */
    pthread_mutex_lock(&webhook->lock);
    post->next = webhook->free;
    webhook->free = post;
    webhook->count--;
    lane->posts_count--;
    free_if_over(lane);
    pthread_mutex_unlock(&webhook->lock);
}

/* Tell of a client's callbacks, once after each time that it has registered. The path of its URL is
 * nobody's business. */
static void tell(struct lane *lane, enum rest_given_up why)
{
    static const char *const texts[REST_GIVEN_UP_COUNT] = {
        [REST_GIVEN_UP_FORBIDDEN] =
            "are refused: they may not go to that address (--allow-callbacks-to)",
        [REST_GIVEN_UP_OLD] = "are given up: they were not taken within ten minutes",
        [REST_GIVEN_UP_FULL] = "are given up: too many of them wait",
        [REST_GIVEN_UP_REMOVED] = "are given up: it was removed",
    };
    struct webhook *webhook = lane->webhook;
    char client[REST_CLIENT_SIZE_BYTES], url[GUARD_URL_SIZE_BYTES];
    char veiled[GUARD_VEILED_SIZE_BYTES], line[1024];
    if (lane->has_told[why] || webhook->options.notice == NULL ||
        webhook->notices_count == WEBHOOK_NOTICES_MAX)
        return;
    lane->has_told[why] = true;
    bool is_last = ++webhook->notices_count == WEBHOOK_NOTICES_MAX;
    pthread_mutex_lock(&webhook->lock);
    memcpy(client, lane->client, sizeof client);
    memcpy(url, lane->url, sizeof url);
    pthread_mutex_unlock(&webhook->lock);
    snprintf(line, sizeof line, "callbacks to client \"%s\" at %s %s; /metrics counts them%s",
             client, guard_veil_url(veiled, url), texts[why],
             is_last ? ". No more notices about callbacks" : "");
    webhook->options.notice(line);
}

static void give_up(struct lane *lane, struct post *post, enum rest_given_up why)
{
    tell(lane, why);
    end_post(lane, post, &lane->webhook->options.gauges->deliveries_given_up[why]);
}

/* The address is the one that is connected to, whatever the name was resolved to before. */
static curl_socket_t open_socket(void *context, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct slot *slot = context;
    if (purpose != CURLSOCKTYPE_IPCXN ||
        !guard_allows(&slot->lane->webhook->options.reach, &address->addr)) {
        slot->was_refused = true;
        return CURL_SOCKET_BAD;
    }
    slot->was_allowed = true;
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/* What a receiver says is of no interest; one that never ends is cut off. */
static size_t drop_answer(char *bytes, size_t size, size_t items, void *context)
{
    (void)bytes;
    struct slot *slot = context;
    slot->answer_bytes += size * items;
    return slot->answer_bytes > REST_BODY_MAX_BYTES ? 0 : size * items;
}

static void set_up(struct slot *slot, const char *url)
{
    CURL *easy = slot->easy;
    transport_set_up(easy);
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, 1024L);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, 3000L);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS,
                     (long)(slot->lane->webhook->options.answer_patience_ns / UNITS_MS));
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, slot->lane->webhook->headers);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, slot->post->body);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, slot);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, drop_answer);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, slot);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, slot);
}

static void try_later(struct lane *lane, struct post *post, int64_t now_ns)
{
    uint32_t index = post->failures_count < WAITS_COUNT ? post->failures_count : WAITS_COUNT - 1;
    post->failures_count++;
    post->next_ns = now_ns + waits_ns[index];
    append(&lane->late[index], post);
}

static void send_post(struct lane *lane, struct post *post, const char *url, int64_t now_ns)
{
    struct slot *slot = lane->slots;
    while (slot->post != NULL)
        slot++;
    CURL *easy = slot->easy;
    if (easy == NULL)
        easy = curl_easy_init();
    else
        curl_easy_reset(easy);
    if (easy == NULL) {
        try_later(lane, post, now_ns);
        return;
    }
    *slot = (struct slot){.easy = easy, .post = post, .lane = lane};
    set_up(slot, url);
    curl_multi_add_handle(lane->webhook->multi, easy);
    lane->under_way++;
}

static void free_slot(struct slot *slot)
{
    curl_multi_remove_handle(slot->lane->webhook->multi, slot->easy);
    slot->post = NULL;
    slot->lane->under_way--;
}

/* Whoever has registered anew is somebody else, as far as one can know. What is under way to where
 * it was may never be answered. */
static void renew(struct lane *lane, bool is_moved, int64_t now_ns)
{
    for (struct slot *slot = lane->slots; is_moved && lane->under_way > 0; slot++) {
        struct post *post = slot->post;
        if (post == NULL)
            continue;
        free_slot(slot);
        try_later(lane, post, now_ns);
    }
    lane->silences_count = 0;
    lane->resumes_ns = 0;
    lane->renewed_ns = now_ns;
    memset(lane->has_told, 0, sizeof lane->has_told);
}

/* The first fresh one, if it is of the generation of now, or else of an older one; they come in the
 * order of their generations. NULL: none. */
static struct post *take_fresh(struct lane *lane, bool is_older)
{
    uint64_t now = lane->generation_now;
    pthread_mutex_lock(&lane->webhook->lock);
    const struct post *first = lane->fresh.first;
    bool is_wanted =
        first != NULL && (is_older ? first->generation < now : first->generation == now);
    struct post *post = is_wanted ? take_first(&lane->fresh) : NULL;
    pthread_mutex_unlock(&lane->webhook->lock);
    return post;
}

/* The next that may be sent; NULL: none, and `*next_ns` is when there may be one. One that is for
 * a later client than the one whose URL is known waits for the next turn. */
static struct post *take_next(struct lane *lane, int64_t now_ns, int64_t *next_ns)
{
    struct post *post = take_fresh(lane, false);
    *next_ns = INT64_MAX;
    for (int i = 0; i < WAITS_COUNT && post == NULL; i++) {
        const struct post *first = lane->late[i].first;
        if (first == NULL)
            continue;
        if (first->next_ns <= now_ns || first->next_ns - waits_ns[i] <= lane->renewed_ns)
            post = take_first(&lane->late[i]);
        else if (first->next_ns < *next_ns)
            *next_ns = first->next_ns;
    }
    return post;
}

/* A client is gone: its callbacks end, also what is under way, and not those of one that has come
 * since, under the same name or another. With the last of them the lane may be somebody else's. */
static void clear(struct lane *lane, uint64_t generation)
{
    struct post *post;
    lane->generation_now = generation;
    for (struct slot *slot = lane->slots; lane->under_way > 0; slot++) {
        post = slot->post;
        if (post == NULL)
            continue;
        free_slot(slot);
        give_up(lane, post, REST_GIVEN_UP_REMOVED);
    }
    for (int i = 0; i < WAITS_COUNT; i++)
        while ((post = take_first(&lane->late[i])) != NULL)
            give_up(lane, post, REST_GIVEN_UP_REMOVED);
    while ((post = take_fresh(lane, true)) != NULL)
        give_up(lane, post, REST_GIVEN_UP_REMOVED);
}

/* Send what is due, as far as there are slots. Returns when there is more to do, by itself. */
static int64_t send_due(struct lane *lane, const char *url, int64_t now_ns)
{
    uint32_t at_once = lane->silences_count > 0 ? 1 : WEBHOOK_AT_ONCE;
    int64_t next_ns = INT64_MAX;
    if (now_ns < lane->resumes_ns)
        return lane->resumes_ns;
    while (lane->under_way < at_once) {
        struct post *post = take_next(lane, now_ns, &next_ns);
        if (post == NULL)
            return next_ns;
        if (now_ns - post->due_ns > lane->webhook->options.patience_ns)
            give_up(lane, post, REST_GIVEN_UP_OLD);
        else
            send_post(lane, post, url, now_ns);
    }
    return INT64_MAX;
}

static int64_t work_lane(struct lane *lane, int64_t now_ns)
{
    char url[GUARD_URL_SIZE_BYTES];
    pthread_mutex_lock(&lane->webhook->lock);
    bool is_renewed = lane->is_renewed, is_moved = lane->is_moved, is_gone = !lane->is_registered;
    bool has_overflown = lane->overflow_count > 0;
    uint64_t generation = lane->generation;
    lane->is_renewed = lane->is_moved = false;
    lane->overflow_count = 0;
    memcpy(url, lane->url, sizeof url);
    pthread_mutex_unlock(&lane->webhook->lock);
    if (generation != lane->generation_now)
        clear(lane, generation);
    if (is_renewed)
        renew(lane, is_moved, now_ns);
    if (has_overflown)
        tell(lane, REST_GIVEN_UP_FULL);
    return is_gone ? INT64_MAX : send_due(lane, url, now_ns);
}

/* A try has ended without a 2xx. Of one that did not even get an answer the client is taken to be
 * at fault, not the callback; many that end together are one such sign. */
static void take_failure(struct lane *lane, struct post *post, bool was_answered, int64_t now_ns)
{
    count(&lane->webhook->options.gauges->deliveries_failed, 1);
    if (!was_answered && now_ns >= lane->resumes_ns) {
        uint32_t index =
            lane->silences_count < WAITS_COUNT ? lane->silences_count : WAITS_COUNT - 1;
        lane->silences_count++;
        lane->resumes_ns = now_ns + waits_ns[index];
    }
    try_later(lane, post, now_ns);
}

static void take_result(struct slot *slot, CURLcode result)
{
    struct lane *lane = slot->lane;
    struct rest_gauges *gauges = lane->webhook->options.gauges;
    struct post *post = slot->post;
    long status = 0;
    curl_easy_getinfo(slot->easy, CURLINFO_RESPONSE_CODE, &status);
    free_slot(slot);
    if (status > 0) {
        lane->silences_count = 0;
        lane->resumes_ns = 0;
    }
    if (result == CURLE_OK && status / 100 == 2) {
        end_post(lane, post, &gauges->deliveries_done);
    } else if (result != CURLE_OK && slot->was_refused && !slot->was_allowed) {
        count(&gauges->deliveries_failed, 1);
        give_up(lane, post, REST_GIVEN_UP_FORBIDDEN);
    } else {
        take_failure(lane, post, status > 0, pacer_clock_ns());
    }
}

/* Has anything ended? */
static bool take_results(struct webhook *webhook)
{
    int left;
    bool has_ended = false;
    const CURLMsg *message;
    while ((message = curl_multi_info_read(webhook->multi, &left)) != NULL) {
        struct slot *slot = NULL;
        if (message->msg != CURLMSG_DONE)
            continue;
        CURLcode result = message->data.result;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &slot);
        take_result(slot, result);
        has_ended = true;
    }
    return has_ended;
}

static bool is_ending(struct webhook *webhook)
{
    pthread_mutex_lock(&webhook->lock);
    bool ends = webhook->is_ending;
    pthread_mutex_unlock(&webhook->lock);
    return ends;
}

static int wait_ms(int64_t until_ns)
{
    int64_t wait_ns = until_ns == INT64_MAX ? UNITS_S : until_ns - pacer_clock_ns();
    if (wait_ns >= UNITS_S)
        return 1000;
    return wait_ns <= 0 ? 0 : (int)(wait_ns / UNITS_MS) + 1;
}

static void *work(void *context)
{
    struct webhook *webhook = context;
    while (!is_ending(webhook)) {
        int running;
        int64_t now_ns = pacer_clock_ns(), next_ns = INT64_MAX;
        for (int i = 0; i < LANES_MAX; i++) {
            int64_t lane_ns = work_lane(&webhook->lanes[i], now_ns);
            next_ns = lane_ns < next_ns ? lane_ns : next_ns;
        }
        curl_multi_perform(webhook->multi, &running);
        if (!take_results(webhook))
            curl_multi_poll(webhook->multi, NULL, 0, wait_ms(next_ns), NULL);
    }
    return NULL;
}

bool webhook_start(struct webhook *webhook, const struct webhook_options *options,
                   struct error *error)
{
    webhook->options = *options;
    if (webhook->options.patience_ns == 0)
        webhook->options.patience_ns = WEBHOOK_PATIENCE_S * UNITS_S;
    if (webhook->options.answer_patience_ns == 0)
        webhook->options.answer_patience_ns = WEBHOOK_ANSWER_PATIENCE_S * UNITS_S;
    if (webhook->options.queue_max == 0)
        webhook->options.queue_max = WEBHOOK_QUEUE_MAX;
    int problem = pthread_create(&webhook->thread, NULL, work, webhook);
    if (problem != 0)
        return error_set(error, ERROR_IO, "cannot start a thread: %s", strerror(problem));
    webhook->is_started = true;
    return true;
}

void webhook_stop(struct webhook *webhook)
{
    if (!webhook->is_started)
        return;
    pthread_mutex_lock(&webhook->lock);
    webhook->is_ending = true;
    pthread_mutex_unlock(&webhook->lock);
    curl_multi_wakeup(webhook->multi);
    pthread_join(webhook->thread, NULL);
    webhook->is_started = false;
    if (webhook->count > 0 && webhook->options.notice != NULL) {
        char line[80];
        snprintf(line, sizeof line, "%" PRIu32 " callbacks were not taken before the end",
                 webhook->count);
        webhook->options.notice(line);
    }
    for (int i = 0; i < LANES_MAX; i++)
        for (int k = 0; k < WEBHOOK_AT_ONCE; k++) {
            struct slot *slot = &webhook->lanes[i].slots[k];
            if (slot->post != NULL)
                curl_multi_remove_handle(webhook->multi, slot->easy);
            curl_easy_cleanup(slot->easy);
            *slot = (struct slot){.easy = NULL};
        }
}
