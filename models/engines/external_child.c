#include "models/engines/external_child.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "sim/base/check.h"
#include "sim/base/units.h"

enum {
    BUFFER_START_BYTES = 64 << 10,
    /* So often we look after standard error while waiting, and after so many lines when not. */
    SLICE_MS = 50,
    WORDS_EVERY_LINES = 64,
    GRACE_MS = 300,
};

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * UNITS_S + now.tv_nsec;
}

struct child *child_start(struct spawner *spawner, const char *label, struct error *error)
{
    struct spawned spawned = {0};
    if (!spawner_start(spawner, &spawned, error))
        return NULL;
    struct timeval slice = {.tv_usec = SLICE_MS * 1000};
    setsockopt(spawned.talk, SOL_SOCKET, SO_RCVTIMEO, &slice, sizeof slice);
    struct arena *arena = arena_create("an engine process", 64u * MESSAGE_LINE_MAX_BYTES);
    struct child *child = arena_take(arena, sizeof *child);
    *child = (struct child){
        .spawned = spawned,
        .arena = arena,
        .label = label,
        .out = {.bytes = arena_take(arena, BUFFER_START_BYTES), .room_bytes = BUFFER_START_BYTES},
        .in = arena_take(arena, BUFFER_START_BYTES),
        .in_room_bytes = BUFFER_START_BYTES,
        .next_id = 1};
    return child;
}

/* Standard error */

static void pass_on(struct child *child)
{
    child->words[child->words_size_bytes] = '\0';
    message_quote(child->last_words, sizeof child->last_words, child->words,
                  child->words_size_bytes);
    child->words_size_bytes = 0;
    if (child->words_lines_count <= CHILD_WORDS_LINES_MAX)
        child->words_lines_count++;
    if (child->words_lines_count <= CHILD_WORDS_LINES_MAX)
        fprintf(stderr, "%s: %s\n", child->label, child->last_words);
    else if (child->words_lines_count == CHILD_WORDS_LINES_MAX + 1) {
        fprintf(stderr, "%s: (after %d lines, the rest is left out)\n", child->label,
                CHILD_WORDS_LINES_MAX);
        child->words_lines_count++;
    }
}

static void take_words(struct child *child, const char *bytes, size_t size_bytes)
{
    for (size_t i = 0; i < size_bytes; i++) {
        if (bytes[i] == '\n') {
            if (!child->is_words_cut)
                pass_on(child);
            child->is_words_cut = false;
        } else if (!child->is_words_cut) {
            child->words[child->words_size_bytes++] = bytes[i];
            if (child->words_size_bytes + 1 == sizeof child->words) {
                pass_on(child);
                child->is_words_cut = true;
            }
        }
    }
}

/* Take what there is, but not for ever: a process may write faster than we read. */
static void drain_words(struct child *child)
{
    char bytes[4096];
    for (int i = 0; i < 64; i++) {
        ssize_t size = read(child->spawned.words, bytes, sizeof bytes);
        if (size <= 0)
            return;
        take_words(child, bytes, (size_t)size);
        if (size == (ssize_t)sizeof bytes)
            child->is_loud = true;
    }
}

/* Ends */

/* Has it ended? Waits at most `limit_ms`. It is not reaped yet, so that its process group cannot
 * become somebody else's. */
static bool has_ended(const struct child *child, int limit_ms, siginfo_t *info)
{
    for (int waited_ms = 0;; waited_ms++) {
        info->si_pid = 0;
        if (waitid(P_PID, (id_t)child->spawned.pid, info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
            info->si_pid != 0)
            return true;
        if (waited_ms >= limit_ms)
            return false;
        nanosleep(&(struct timespec){.tv_nsec = UNITS_MS}, NULL);
    }
}

void child_stop(struct child *child, bool is_graceful)
{
    siginfo_t info;
    shutdown(child->spawned.talk, SHUT_WR);
    if (is_graceful)
        has_ended(child, GRACE_MS, &info);
    spawned_end(&child->spawned);
    drain_words(child);
    if (child->words_size_bytes > 0)
        pass_on(child);
    close(child->spawned.talk);
    close(child->spawned.words);
    arena_destroy(child->arena);
}

static bool say_ended(struct child *child, struct error *error)
{
    siginfo_t info;
    char how[96] = "closed its output";
    if (has_ended(child, GRACE_MS, &info) && info.si_code == CLD_EXITED)
        snprintf(how, sizeof how, "ended with status %d", info.si_status);
    else if (info.si_pid != 0)
        snprintf(how, sizeof how, "was ended by signal %d (%s)", info.si_status,
                 strsignal(info.si_status));
    drain_words(child);
    if (child->words_size_bytes > 0)
        pass_on(child);
    bool has_words = child->last_words[0] != '\0';
    char part[160] = "";
    if (child->to > child->from) {
        char quote[100];
        snprintf(
            part, sizeof part, ", in the middle of line %llu: %s",
            (unsigned long long)child->lines_count + 1,
            message_quote(quote, sizeof quote, child->in + child->from, child->to - child->from));
    }
    return error_set(error, ERROR_INTERNAL, "the process %s after %llu lines of output%s%s%s%s",
                     how, (unsigned long long)child->lines_count, part,
                     has_words ? "; its last words: \"" : "", child->last_words,
                     has_words ? "\"" : "");
}

static bool say_late(struct child *child, int64_t limit_ns, struct error *error)
{
    char text[UNITS_TEXT_SIZE_BYTES], quote[100] = "";
    bool has_part = child->to > child->from;
    if (has_part)
        message_quote(quote, sizeof quote, child->in + child->from, child->to - child->from);
    return error_set(error, ERROR_INTERNAL,
                     "no answer within %s (wall-clock time): line %llu of its output %s%s",
                     units_print_duration(text, limit_ns),
                     (unsigned long long)child->lines_count + 1,
                     has_part ? "is not complete: " : "did not come", quote);
}

/* Sending */

struct message_text *child_room(struct child *child, size_t size_bytes)
{
    struct message_text *out = &child->out;
    if (child->sent_bytes == out->size_bytes)
        out->size_bytes = child->sent_bytes = 0;
    if (out->room_bytes - out->size_bytes < size_bytes) {
        size_t room_bytes = 2 * (out->size_bytes + size_bytes);
        char *bytes = arena_take(child->arena, room_bytes);
        memcpy(bytes, out->bytes, out->size_bytes);
        out->bytes = bytes;
        out->room_bytes = room_bytes;
    }
    return out;
}

/* Send as much as the process takes now. False: it has gone. */
static bool send_some(struct child *child)
{
    const struct message_text *out = &child->out;
    while (child->sent_bytes < out->size_bytes) {
        ssize_t size = send(child->spawned.talk, out->bytes + child->sent_bytes,
                            out->size_bytes - child->sent_bytes, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (size >= 0)
            child->sent_bytes += (size_t)size;
        else if (errno == EAGAIN || errno == EWOULDBLOCK)
            return true;
        else if (errno != EINTR)
            return false;
    }
    return true;
}

/* Receiving */

/* Make room behind what is there. False: the line is too long. */
static bool make_room(struct child *child)
{
    if (child->from == child->to)
        child->from = child->searched = child->to = 0;
    if (child->to < child->in_room_bytes)
        return true;
    size_t held_bytes = child->to - child->from;
    if (held_bytes >= MESSAGE_LINE_MAX_BYTES)
        return false;
    char *in = child->in;
    if (held_bytes > child->in_room_bytes / 2) {
        child->in_room_bytes *= 2;
        in = arena_take(child->arena, child->in_room_bytes);
    }
    memmove(in, child->in + child->from, held_bytes);
    child->in = in;
    child->searched -= child->from;
    child->from = 0;
    child->to = held_bytes;
    return true;
}

/* Receive what comes within a slice of time; nothing may have come. False: it has gone. A process
 * that writes much to standard error is held up when the pipe is full: its words are waited for as
 * well. For all others that would be one more system call a step. */
static bool receive_some(struct child *child)
{
    bool is_sending = child->sent_bytes < child->out.size_bytes;
    int flags = 0;
    if (is_sending || child->is_loud) {
        struct pollfd waits[] = {
            {.fd = child->spawned.talk, .events = (short)(is_sending ? POLLIN | POLLOUT : POLLIN)},
            {.fd = child->is_loud ? child->spawned.words : -1, .events = POLLIN}};
        poll(waits, 2, SLICE_MS);
        /* Closed, it would end all waiting; then nobody is held up by it either. */
        if ((waits[1].revents & (POLLIN | POLLHUP)) == POLLHUP)
            child->is_loud = false;
        flags = MSG_DONTWAIT;
    }
    ssize_t size =
        recv(child->spawned.talk, child->in + child->to, child->in_room_bytes - child->to, flags);
    if (size > 0)
        child->to += (size_t)size;
    return size > 0 || (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR));
}

static bool find_line(struct child *child)
{
    const char *newline = memchr(child->in + child->searched, '\n', child->to - child->searched);
    if (newline == NULL) {
        child->searched = child->to;
        return false;
    }
    child->line =
        (struct message_span){child->in + child->from, (size_t)(newline - child->in) - child->from};
    child->from = child->searched = (size_t)(newline - child->in) + 1;
    return true;
}

static bool is_interrupted(const struct child *child)
{
    return child->interrupted != NULL && __atomic_load_n(child->interrupted, __ATOMIC_RELAXED) != 0;
}

bool child_read(struct child *child, int64_t limit_ns, struct error *error)
{
    int64_t began_at_ns = -1;
    while (!find_line(child)) {
        if (!make_room(child)) {
            char quote[100];
            return error_set(error, ERROR_INTERNAL,
                             "line %llu of its output is longer than %d bytes: %s",
                             (unsigned long long)child->lines_count + 1, MESSAGE_LINE_MAX_BYTES,
                             message_quote(quote, sizeof quote, child->in + child->from,
                                           child->to - child->from));
        }
        size_t before = child->to;
        /* What it said before it went is still there to be read. */
        if (!send_some(child))
            child->sent_bytes = child->out.size_bytes;
        if (!receive_some(child))
            return say_ended(child, error);
        /* The first piece nearly always is the whole line; the clock is read only where not. */
        if (child->to > before && memchr(child->in + before, '\n', child->to - before) != NULL)
            continue;
        drain_words(child);
        /* The signal may have been taken by another thread, so it is the slice that ends the
         * waiting, and not the system call. */
        if (is_interrupted(child))
            return error_set(error, ERROR_INTERNAL,
                             "interrupted while waiting for line %llu of "
                             "its output",
                             (unsigned long long)child->lines_count + 1);
        int64_t at_ns = now_ns();
        if (began_at_ns < 0)
            began_at_ns = child->to > before ? at_ns : at_ns - SLICE_MS * UNITS_MS;
        if (at_ns - began_at_ns >= limit_ns)
            return say_late(child, limit_ns, error);
    }
    child->lines_count++;
    if (child->lines_count % WORDS_EVERY_LINES == 0)
        drain_words(child);
    return true;
}
