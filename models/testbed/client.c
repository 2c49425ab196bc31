#include "models/testbed/client.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>

#include "models/testbed/guard.h"
#include "models/testbed/transport.h"
#include "sim/base/check.h"

enum { FDS_MAX = 4, CONNECT_TIMEOUT_MS = 10000 };

/* One request on its way. They are used again. */
struct transfer {
    struct transfer *next_free, *next, *previous;
    CURL *handle;
    struct curl_slist *headers;
    struct dialect_request request;
    struct client_tag tag;
    char *body;
    size_t size_bytes, room_bytes;
    bool is_too_large;
};

struct client {
    struct client_settings settings;
    CURLM *multi;
    struct transfer *free;
    struct transfer open; /* the ring of those that are under way */
    uint32_t open_count;
    bool is_loopback;
    struct curl_slist *common;
};

static void *needed(void *pointer)
{
    if (pointer == NULL)
        check_limit("no memory for a request");
    return pointer;
}

static struct curl_slist *add_header(struct curl_slist *list, const char *header)
{
    return needed(curl_slist_append(list, header));
}

static void end_transfer(struct transfer *transfer)
{
    curl_easy_cleanup(transfer->handle);
    curl_slist_free_all(transfer->headers);
    free(transfer->body);
    free(transfer);
}

static void end_client(void *context)
{
    struct client *client = context;
    while (client->open.next != &client->open) {
        struct transfer *transfer = client->open.next;
        client->open.next = transfer->next;
        curl_multi_remove_handle(client->multi, transfer->handle);
        end_transfer(transfer);
    }
    while (client->free != NULL) {
        struct transfer *transfer = client->free;
        client->free = transfer->next_free;
        end_transfer(transfer);
    }
    curl_slist_free_all(client->common);
    if (client->multi != NULL)
        curl_multi_cleanup(client->multi);
    curl_global_cleanup();
}

/* The host of a URL, with its port. */
static bool is_loopback_url(const char *url)
{
    char host[GUARD_URL_SIZE_BYTES];
    const char *start = strstr(url, "://");
    if (start == NULL)
        return false;
    size_t length = strcspn(start + 3, "/");
    if (length >= sizeof host)
        return false;
    memcpy(host, start + 3, length);
    host[length] = '\0';
    return guard_is_loopback_host(host);
}

bool client_create(struct client **out, struct arena *arena, const struct client_settings *settings,
                   struct error *error)
{
    if (guard_url_fault(settings->url) != NULL)
        return error_set(error, ERROR_USAGE,
                         "\"%s\" is no URL of a service, such as http://127.0.0.1:8080",
                         settings->url);
    struct client *client = arena_take(arena, sizeof *client);
    client->settings = *settings;
    client->open.next = client->open.previous = &client->open;
    client->is_loopback = is_loopback_url(settings->url);
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return error_set(error, ERROR_IO, "libcurl cannot be used");
    arena_at_end(arena, end_client, client);
    client->multi = needed(curl_multi_init());
    curl_multi_setopt(client->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS,
                      (long)settings->connections_max);
    client->common = add_header(NULL, "Accept: application/json");
    client->common = add_header(client->common, "Expect:");
    if (settings->token != NULL)
        client->common = add_header(
            client->common, arena_print(arena, "Authorization: Bearer %s", settings->token));
    *out = client;
    return true;
}

static size_t take_body(char *bytes, size_t size, size_t count, void *context)
{
    struct transfer *transfer = context;
    size_t more_bytes = size * count;
    if (transfer->size_bytes + more_bytes > CLIENT_ANSWER_MAX_BYTES) {
        transfer->is_too_large = true;
        return 0;
    }
    if (transfer->size_bytes + more_bytes + 1 > transfer->room_bytes) {
        transfer->room_bytes = (transfer->size_bytes + more_bytes + 1) * 2;
        transfer->body = needed(realloc(transfer->body, transfer->room_bytes));
    }
    memcpy(transfer->body + transfer->size_bytes, bytes, more_bytes);
    transfer->size_bytes += more_bytes;
    transfer->body[transfer->size_bytes] = '\0';
    return more_bytes;
}

static struct transfer *take_transfer(struct client *client)
{
    struct transfer *transfer = client->free;
    if (transfer != NULL) {
        client->free = transfer->next_free;
        curl_easy_reset(transfer->handle);
        curl_slist_free_all(transfer->headers);
        transfer->headers = NULL;
        transfer->size_bytes = 0;
        transfer->is_too_large = false;
    } else {
        transfer = needed(calloc(1, sizeof *transfer));
        transfer->handle = needed(curl_easy_init());
    }
    transfer->previous = client->open.previous;
    transfer->next = &client->open;
    transfer->previous->next = transfer->next->previous = transfer;
    client->open_count++;
    return transfer;
}

static void give_back(struct client *client, struct transfer *transfer)
{
    transfer->previous->next = transfer->next;
    transfer->next->previous = transfer->previous;
    client->open_count--;
    transfer->next_free = client->free;
    client->free = transfer;
}

static void set_headers(struct client *client, struct transfer *transfer)
{
    const struct dialect_request *request = &transfer->request;
    char header[64];
    for (struct curl_slist *at = client->common; at != NULL; at = at->next)
        transfer->headers = add_header(transfer->headers, at->data);
    if (request->key[0] != '\0') {
        snprintf(header, sizeof header, "Idempotency-Key: %s", request->key);
        transfer->headers = add_header(transfer->headers, header);
    }
    transfer->headers =
        add_header(transfer->headers,
                   request->body[0] != '\0' ? "Content-Type: application/json" : "Content-Type:");
    curl_easy_setopt(transfer->handle, CURLOPT_HTTPHEADER, transfer->headers);
}

static void set_up(struct client *client, struct transfer *transfer)
{
    CURL *handle = transfer->handle;
    const struct dialect_request *request = &transfer->request;
    char url[GUARD_URL_SIZE_BYTES + DIALECT_PATH_SIZE_BYTES];
    snprintf(url, sizeof url, "%s%s", client->settings.url, request->path);
    curl_easy_setopt(handle, CURLOPT_URL, url);
    curl_easy_setopt(handle, CURLOPT_PRIVATE, transfer);
    curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(handle, CURLOPT_WRITEDATA, transfer);
    transport_set_up(handle);
    curl_easy_setopt(handle, CURLOPT_FRESH_CONNECT, 1L);
    curl_easy_setopt(handle, CURLOPT_FORBID_REUSE, 1L);
    curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_TIMEOUT_MS);
    curl_easy_setopt(
        handle, CURLOPT_TIMEOUT_MS,
        (long)(client->settings.timeout_ms < LONG_MAX ? client->settings.timeout_ms : LONG_MAX));
    if (client->is_loopback)
        curl_easy_setopt(handle, CURLOPT_PROXY, "");
    if (strcmp(request->method, "GET") != 0) {
        curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE, (long)strlen(request->body));
        curl_easy_setopt(handle, CURLOPT_POSTFIELDS, request->body);
        curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, request->method);
    }
    set_headers(client, transfer);
}

void client_set_timeout(struct client *client, int64_t timeout_ms)
{
    client->settings.timeout_ms = timeout_ms;
}

void client_ignore_interruption(struct client *client)
{
    client->settings.interrupted = NULL;
}

void client_send(struct client *client, const struct dialect_request *request,
                 const struct client_tag *tag)
{
    struct transfer *transfer = take_transfer(client);
    transfer->request = *request;
    transfer->tag = *tag;
    set_up(client, transfer);
    curl_multi_add_handle(client->multi, transfer->handle);
}

void client_wait(struct client *client, const int *fds, uint32_t count, int timeout_ms)
{
    struct curl_waitfd extra[FDS_MAX] = {0};
    CHECK(count <= FDS_MAX);
    for (uint32_t i = 0; i < count; i++)
        extra[i] = (struct curl_waitfd){.fd = fds[i], .events = CURL_WAIT_POLLIN};
    curl_multi_poll(client->multi, extra, count, timeout_ms, NULL);
}

uint32_t client_room(const struct client *client)
{
    uint32_t maximum = client->settings.connections_max;
    return client->open_count < maximum ? maximum - client->open_count : 0;
}

/* Of a request that has ended without an answer: nobody took a connection. */
static bool is_nobody_there(CURLcode code)
{
    return code == CURLE_COULDNT_CONNECT || code == CURLE_COULDNT_RESOLVE_HOST ||
           code == CURLE_COULDNT_RESOLVE_PROXY;
}

static struct dialect_answer answer_of(const struct transfer *transfer, CURLcode code)
{
    bool is_refused = is_nobody_there(code);
    struct dialect_answer answer = {
        .retry_after_s = -1, .was_never_sent = is_refused, .is_nobody_there = is_refused};
    long status = 0;
    curl_off_t retry_after_s = 0, connect_us = 0;
    /* Who could not even connect in time has sent nothing. */
    curl_easy_getinfo(transfer->handle, CURLINFO_CONNECT_TIME_T, &connect_us);
    if (code == CURLE_OPERATION_TIMEDOUT && connect_us == 0)
        answer.was_never_sent = true;
    if (code != CURLE_OK)
        return answer;
    curl_easy_getinfo(transfer->handle, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(transfer->handle, CURLINFO_RETRY_AFTER, &retry_after_s);
    answer.status = (int)status;
    answer.retry_after_s = retry_after_s > 0 ? retry_after_s : -1;
    answer.body = transfer->body;
    answer.size_bytes = transfer->size_bytes;
    return answer;
}

void client_work(struct client *client,
                 void (*answered)(void *context, const struct client_tag *tag,
                                  const struct dialect_answer *answer),
                 void *context)
{
    int running, left;
    const CURLMsg *message;
    curl_multi_perform(client->multi, &running);
    while ((message = curl_multi_info_read(client->multi, &left)) != NULL) {
        struct transfer *transfer;
        if (message->msg != CURLMSG_DONE)
            continue;
        CURLcode code = message->data.result;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
        curl_multi_remove_handle(client->multi, transfer->handle);
        struct dialect_answer answer = answer_of(transfer, code);
        answered(context, &transfer->tag, &answer);
        give_back(client, transfer);
    }
}

/* libcurl asks this when it wakes, which a signal brings about, and at least once a second. */
static int is_to_stop(void *context, curl_off_t down_bytes, curl_off_t downed_bytes,
                      curl_off_t up_bytes, curl_off_t upped_bytes)
{
    const struct client *client = context;
    (void)down_bytes;
    (void)downed_bytes;
    (void)up_bytes;
    (void)upped_bytes;
    return client->settings.interrupted != NULL && *client->settings.interrupted != 0;
}

static bool explain(const struct client *client, const struct transfer *transfer, CURLcode code,
                    struct error *error)
{
    const struct dialect_request *request = &transfer->request;
    if (code == CURLE_ABORTED_BY_CALLBACK)
        return error_set(error, ERROR_INTERRUPTED, "interrupted");
    return error_set(error, ERROR_IO, "%s does not answer to %s %s: %s", client->settings.url,
                     request->method, request->path,
                     transfer->is_too_large ? "its answer is too large" : curl_easy_strerror(code));
}

bool client_ask(struct client *client, struct arena *arena, const struct dialect_request *request,
                struct dialect_answer *answer, struct error *error)
{
    struct transfer *transfer = take_transfer(client);
    transfer->request = *request;
    set_up(client, transfer);
    curl_easy_setopt(transfer->handle, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(transfer->handle, CURLOPT_XFERINFOFUNCTION, is_to_stop);
    curl_easy_setopt(transfer->handle, CURLOPT_XFERINFODATA, client);
    CURLcode code = curl_easy_perform(transfer->handle);
    *answer = answer_of(transfer, code);
    if (answer->body != NULL) {
        char *copy = arena_take(arena, answer->size_bytes + 1);
        memcpy(copy, answer->body, answer->size_bytes);
        answer->body = copy;
    }
    bool is_good = code == CURLE_OK || explain(client, transfer, code, error);
    give_back(client, transfer);
    return is_good;
}
