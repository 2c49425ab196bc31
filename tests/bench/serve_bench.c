/* serve_bench.c - how much the service takes: requests a second, latencies, connections, memory.
 *
 * The program serves the incident's world in a process of its own; this one is the load, over
 * epoll and without a library, so that little of the machine goes to it. Each connection asks,
 * waits for the answer, and asks again.
 *
 *   serve.requests_per_s   GET of a task list and of SDDCs, 64 connections; nothing is simulated
 *   serve.asks_per_s       reads of clusters: through the simulated service and its latency, which
 *                          at speed 1e6 is less than a millisecond. They are throttled now and
 *                          then, as the scenario says
 *   ..._p99_ms             of the same
 *   serve.crowd_...        the same over 1,000 connections, 5,000 a second in all: latencies are
 *                          from when a request was due, so that nothing that waits is left out
 *   serve.day_...          24 h of simulated time, after 12 h: an engine that drives its wave,
 * 2,000 requests a second beside it, some of which begin tasks, and a receiver of callbacks;
 * growth_kib is of resident memory
 *   ....ratio              to what is to be reached: 5,000 requests a second, a 99th percentile
 *                          below 20 ms, growth below 1,000 KiB; above 1 is good
 *
 * usage: serve_bench [SECONDS]      of each part (default 2; the day takes 7.5 times as long)
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "tests/bench/bench.h"
#include "tests/bench/program.h"

enum {
    CONNECTIONS_MAX = 1000,
    ANSWER_ROOM_BYTES = 8192,
    LATENCIES_MAX = 4 << 20,
    REQUEST_ROOM_BYTES = 256,
    HOOKS_MAX = 64,
    TO_REACH_PER_S = 5000,
    TO_REACH_P99_MS = 20,
    TO_REACH_GROWTH_KIB = 1000
};

struct service {
    pid_t pid;
    int output; /* what it prints */
    uint16_t port;
    char folder[64];
};

/* One connection: what it waits for; or one that callbacks come in by. */
struct caller {
    bool is_hook;
    struct caller *next_idle;
    int socket;
    int64_t sent_at_ns;
    size_t got_bytes;
    char got[ANSWER_ROOM_BYTES];
};

struct load {
    struct service *service;
    size_t connections_count;
    double seconds;
    double rate_per_s; /* of all requests; 0: as fast as they are answered */
    /* Write the request number `n`. */
    void (*write)(char request[REQUEST_ROOM_BYTES], uint64_t n);
    /* What came. */
    uint64_t answers_count, bad_count, throttled_count, closed_count;
    int64_t elapsed_ns;
    float *latencies_ms; /* [LATENCIES_MAX] */
    /* Who may ask next, where there is a rate; the longest idle first. */
    struct caller *first_idle, **last_idle;
    uint64_t asked_count;
    int hooks; /* where callbacks come in; 0: nowhere */
    uint64_t hooks_count;
};

static void fail(const char *what)
{
    fprintf(stderr, "serve_bench: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void start(struct service *service, const char *speed)
{
    const char *program = getenv("RCESIM") != NULL ? getenv("RCESIM") : "build/rcesim";
    int ends[2];
    snprintf(service->folder, sizeof service->folder, "/tmp/serve_bench.XXXXXX");
    if (mkdtemp(service->folder) == NULL || pipe(ends) != 0)
        fail("cannot begin");
    service->pid = fork();
    if (service->pid < 0)
        fail("cannot fork");
    if (service->pid == 0) {
        char output[80];
        snprintf(output, sizeof output, "%s/result", service->folder);
        dup2(ends[1], STDOUT_FILENO);
        execl(program, program, "serve", "scenarios/phase2-race.yaml", "--listen", "127.0.0.1:0",
              "--speed", speed, "--quiet", "-o", output, (char *)NULL);
        _exit(127);
    }
    close(ends[1]);
    service->output = ends[0];
    char line[256] = "";
    ssize_t size = read(service->output, line, sizeof line - 1);
    const char *colon = size > 0 ? strrchr(line, ':') : NULL;
    if (colon == NULL || atoi(colon + 1) == 0)
        fail("the service does not say where it listens");
    service->port = (uint16_t)atoi(colon + 1);
}

static void stop(struct service *service)
{
    kill(service->pid, SIGTERM);
    waitpid(service->pid, NULL, 0);
    close(service->output);
    pid_t cleaner = fork();
    if (cleaner == 0) {
        execlp("rm", "rm", "-rf", "--", service->folder, (char *)NULL);
        _exit(127);
    }
    if (cleaner > 0)
        waitpid(cleaner, NULL, 0);
}

static int dial(const struct service *service)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(service->port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int one = 1, line = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (line < 0 || connect(line, (const struct sockaddr *)&address, sizeof address) != 0)
        fail("cannot connect");
    setsockopt(line, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return line;
}

/* Ask what was due at `due_ns`. */
static void ask(struct load *load, struct caller *caller, int64_t due_ns)
{
    char request[REQUEST_ROOM_BYTES];
    load->write(request, load->asked_count++);
    caller->got_bytes = 0;
    caller->sent_at_ns = due_ns;
    if (send(caller->socket, request, strlen(request), MSG_NOSIGNAL) < 0)
        load->closed_count++;
}

static void ask_next(struct load *load, struct caller *caller)
{
    if (load->rate_per_s == 0) {
        ask(load, caller, bench_now_ns());
        return;
    }
    caller->next_idle = NULL;
    *load->last_idle = caller;
    load->last_idle = &caller->next_idle;
}

/* Ask all that is due by now, as far as there are connections for it. */
static void ask_due(struct load *load, int64_t start_ns)
{
    int64_t gap_ns = (int64_t)(1e9 / load->rate_per_s), now_ns = bench_now_ns();
    while (load->first_idle != NULL && start_ns + (int64_t)load->asked_count * gap_ns <= now_ns) {
        struct caller *caller = load->first_idle;
        load->first_idle = caller->next_idle;
        if (load->first_idle == NULL)
            load->last_idle = &load->first_idle;
        ask(load, caller, start_ns + (int64_t)load->asked_count * gap_ns);
    }
}

/* Is the answer whole? Its length is in its header. */
static bool is_whole(struct caller *caller)
{
    caller->got[caller->got_bytes] = '\0';
    const char *end = strstr(caller->got, "\r\n\r\n");
    const char *length = end == NULL ? NULL : strcasestr(caller->got, "Content-Length:");
    if (length == NULL)
        return false;
    size_t body_bytes = strtoul(length + 15, NULL, 10);
    return caller->got_bytes >= (size_t)(end + 4 - caller->got) + body_bytes;
}

static void note_answer(struct load *load, const struct caller *caller)
{
    int status = atoi(caller->got + 9);
    double latency_ms = (double)(bench_now_ns() - caller->sent_at_ns) / 1e6;
    if (load->answers_count < LATENCIES_MAX)
        load->latencies_ms[load->answers_count] = (float)latency_ms;
    load->answers_count++;
    load->throttled_count += status == 429;
    load->bad_count += status != 200 && status != 202 && status != 429;
}

/* A callback has come, whole or in part: it is taken. */
static void take_hook(struct load *load, struct caller *hook)
{
    static const char answer[] = "HTTP/1.1 204 No Content\r\n\r\n";
    size_t room_bytes = sizeof hook->got - 1 - hook->got_bytes;
    ssize_t size = recv(hook->socket, hook->got + hook->got_bytes, room_bytes, MSG_DONTWAIT);
    if (size < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (size <= 0) {
        close(hook->socket);
        hook->socket = -1;
        return;
    }
    hook->got_bytes += (size_t)size;
    if (!is_whole(hook))
        return;
    hook->got_bytes = 0;
    load->hooks_count++;
    if (send(hook->socket, answer, sizeof answer - 1, MSG_NOSIGNAL) < 0)
        load->closed_count++;
}

static void accept_hook(const struct load *load, struct caller hooks[HOOKS_MAX], int epoll)
{
    int socket = accept4(load->hooks, NULL, NULL, SOCK_CLOEXEC);
    for (int i = 0; i < HOOKS_MAX && socket >= 0; i++) {
        if (hooks[i].socket >= 0)
            continue;
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = &hooks[i]};
        hooks[i] = (struct caller){.is_hook = true, .socket = socket};
        epoll_ctl(epoll, EPOLL_CTL_ADD, socket, &event);
        return;
    }
    if (socket >= 0)
        close(socket);
}

/* Something has come, or the other side has closed. */
static void hear(struct load *load, struct caller *caller, int epoll)
{
    size_t room_bytes = sizeof caller->got - 1 - caller->got_bytes;
    ssize_t size = recv(caller->socket, caller->got + caller->got_bytes, room_bytes, MSG_DONTWAIT);
    if (size < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (size <= 0) {
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = caller};
        load->closed_count++;
        close(caller->socket);
        caller->socket = dial(load->service);
        epoll_ctl(epoll, EPOLL_CTL_ADD, caller->socket, &event);
    } else {
        caller->got_bytes += (size_t)size;
        if (!is_whole(caller))
            return;
        note_answer(load, caller);
    }
    ask_next(load, caller);
}

static void run(struct load *load)
{
    static struct caller callers[CONNECTIONS_MAX], hooks[HOOKS_MAX];
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event events[256];
    for (int i = 0; i < HOOKS_MAX; i++)
        hooks[i].socket = -1;
    if (load->hooks > 0) {
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
        epoll_ctl(epoll, EPOLL_CTL_ADD, load->hooks, &event);
    }
    for (size_t i = 0; i < load->connections_count; i++) {
        callers[i].socket = dial(load->service);
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = &callers[i]};
        epoll_ctl(epoll, EPOLL_CTL_ADD, callers[i].socket, &event);
    }
    int64_t start_ns = bench_now_ns(), end_ns = start_ns + (int64_t)(load->seconds * 1e9);
    load->last_idle = &load->first_idle;
    for (size_t i = 0; i < load->connections_count; i++)
        ask_next(load, &callers[i]);
    while (bench_now_ns() < end_ns) {
        if (load->rate_per_s > 0)
            ask_due(load, start_ns);
        int count = epoll_wait(epoll, events, 256, load->rate_per_s > 0 ? 1 : 100);
        for (int i = 0; i < count; i++) {
            struct caller *caller = events[i].data.ptr;
            if (caller == NULL)
                accept_hook(load, hooks, epoll);
            else if (caller->is_hook)
                take_hook(load, caller);
            else
                hear(load, caller, epoll);
        }
    }
    load->elapsed_ns = bench_now_ns() - start_ns;
    for (size_t i = 0; i < load->connections_count; i++)
        close(callers[i].socket);
    for (int i = 0; i < HOOKS_MAX; i++)
        if (hooks[i].socket >= 0)
            close(hooks[i].socket);
    close(epoll);
}

static int by_value(const void *a, const void *b)
{
    float one = *(const float *)a, other = *(const float *)b;
    return (one > other) - (one < other);
}

static void print_as(const char *part, const char *name, double value, const char *unit)
{
    char text[64];
    snprintf(text, sizeof text, "serve.%s_%s", part, name);
    bench_print(text, value, unit);
}

static void print(struct load *load, const char *name)
{
    size_t count = load->answers_count < LATENCIES_MAX ? load->answers_count : LATENCIES_MAX;
    if (count == 0 || load->bad_count > 0) {
        fprintf(stderr, "serve_bench: %s: %llu answers, %llu of them bad\n", name,
                (unsigned long long)load->answers_count, (unsigned long long)load->bad_count);
        exit(1);
    }
    qsort(load->latencies_ms, count, sizeof *load->latencies_ms, by_value);
    double rate_per_s = (double)load->answers_count / ((double)load->elapsed_ns / 1e9);
    double p99_ms = load->latencies_ms[count * 99 / 100];
    print_as(name, "per_s", rate_per_s, "1/s");
    if (load->rate_per_s == 0)
        print_as(name, "per_s.ratio", rate_per_s / TO_REACH_PER_S, "reached/wanted");
    print_as(name, "p50_ms", load->latencies_ms[count / 2], "ms");
    print_as(name, "p99_ms", p99_ms, "ms");
    print_as(name, "p99_ms.ratio", TO_REACH_P99_MS / p99_ms, "wanted/reached");
}

#define TAIL " HTTP/1.1\r\nHost: localhost\r\n\r\n"

static void write_plain(char request[REQUEST_ROOM_BYTES], uint64_t n)
{
    snprintf(request, REQUEST_ROOM_BYTES, "GET /v1/sddcs/%u" TAIL, (unsigned)(n % 300));
}

static void write_ask(char request[REQUEST_ROOM_BYTES], uint64_t n)
{
    snprintf(request, REQUEST_ROOM_BYTES, "GET /v1/sddcs/%u/clusters/0" TAIL, (unsigned)(n % 300));
}

/* Some of them begin tasks, each with a callback. */
static void write_mixed(char request[REQUEST_ROOM_BYTES], uint64_t n)
{
    if (n % 20 == 0)
        snprintf(request, REQUEST_ROOM_BYTES,
                 "POST /v1/sddcs/%u/clusters/0/backup HTTP/1.1\r\nHost: localhost\r\n"
                 "Content-Length: 0\r\n\r\n",
                 (unsigned)(n / 20 % 300));
    else if (n % 3 == 0)
        write_ask(request, n);
    else
        write_plain(request, n);
}

/* Resident memory of the service. */
static double resident_kib(const struct service *service)
{
    char path[64];
    long pages = 0;
    snprintf(path, sizeof path, "/proc/%d/statm", (int)service->pid);
    FILE *file = fopen(path, "r");
    if (file == NULL || fscanf(file, "%*d %ld", &pages) != 1)
        fail(path);
    fclose(file);
    return (double)pages * (double)sysconf(_SC_PAGESIZE) / 1024;
}

/* Start an engine that drives its wave. */
static pid_t start_driver(const struct service *service)
{
    const char *program = getenv("RCESIM") != NULL ? getenv("RCESIM") : "build/rcesim";
    pid_t pid = fork();
    if (pid < 0)
        fail("cannot fork");
    if (pid > 0)
        return pid;
    char url[64], output[80];
    int null = open("/dev/null", O_WRONLY);
    snprintf(url, sizeof url, "http://127.0.0.1:%u", service->port);
    snprintf(output, sizeof output, "%s/driver", service->folder);
    dup2(null, STDOUT_FILENO);
    dup2(null, STDERR_FILENO);
    execl(program, program, "drive", "scenarios/phase2-race.yaml", "--variant", "after", "--url",
          url, "--quiet", "-o", output, (char *)NULL);
    _exit(127);
}

/* Listen for callbacks, and say so to the service. */
static int open_hooks(const struct service *service)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    char request[512], body[128], answer[1024];
    int hooks = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (hooks < 0 || bind(hooks, (struct sockaddr *)&address, size) != 0 ||
        listen(hooks, HOOKS_MAX) != 0 ||
        getsockname(hooks, (struct sockaddr *)&address, &size) != 0)
        fail("cannot listen");
    snprintf(body, sizeof body, "{\"client\":\"bench\",\"url\":\"http://127.0.0.1:%u/\"}",
             ntohs(address.sin_port));
    snprintf(request, sizeof request,
             "POST /v1/callbacks HTTP/1.1\r\nHost: localhost\r\nContent-Length: %zu\r\n"
             "Content-Type: application/json\r\n\r\n%s",
             strlen(body), body);
    int line = dial(service);
    if (send(line, request, strlen(request), MSG_NOSIGNAL) < 0 ||
        recv(line, answer, sizeof answer, 0) < 12 || memcmp(answer + 9, "201", 3) != 0)
        fail("callbacks are not taken");
    close(line);
    return hooks;
}

/* 36 h in `seconds` times 7.5, the first 12 for what is taken once. */
static void run_day(double seconds, float *latencies_ms)
{
    struct service service;
    char speed[32];
    int status = 0;
    snprintf(speed, sizeof speed, "%.0f", 36 * 3600 / (7.5 * seconds));
    start(&service, speed);
    pid_t driver = start_driver(&service);
    usleep(500000); /* it wants the service for itself in the beginning */
    struct load load = {.service = &service,
                        .connections_count = 64,
                        .seconds = 2.5 * seconds,
                        .rate_per_s = 2000,
                        .write = write_mixed,
                        .latencies_ms = latencies_ms,
                        .hooks = open_hooks(&service)};
    run(&load);
    double before_kib = resident_kib(&service);
    load.seconds = 5 * seconds;
    load.answers_count = load.asked_count = load.hooks_count = 0;
    load.first_idle = NULL;
    if (waitpid(driver, &status, WNOHANG) != 0)
        fail("the driver has ended too early");
    run(&load);
    double growth_kib = resident_kib(&service) - before_kib;
    print(&load, "day");
    bench_print("serve.day_callbacks", (double)load.hooks_count, "callbacks");
    bench_print("serve.day_growth_kib", growth_kib, "KiB");
    bench_print("serve.day_growth_kib.ratio",
                TO_REACH_GROWTH_KIB / (growth_kib > 1 ? growth_kib : 1), "wanted/reached");
    kill(driver, SIGKILL);
    waitpid(driver, NULL, 0);
    close(load.hooks);
    stop(&service);
}

int main(int argc, char **argv)
{
    double seconds = argc > 1 ? atof(argv[1]) : 2;
    if (!(seconds > 0)) {
        fprintf(stderr, "usage: serve_bench [SECONDS]\n");
        return 2;
    }
    static float latencies_ms[LATENCIES_MAX];
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    signal(SIGPIPE, SIG_IGN);
    static const struct {
        const char *name;
        size_t connections_count;
        double rate_per_s;
        void (*write)(char request[REQUEST_ROOM_BYTES], uint64_t n);
    } parts[] = {{"requests", 64, 0, write_plain},
                 {"asks", 64, 0, write_ask},
                 {"crowd", CONNECTIONS_MAX, 5000, write_ask}};
    struct service service;
    start(&service, "1e6");
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        struct load load = {.service = &service,
                            .connections_count = parts[i].connections_count,
                            .seconds = seconds,
                            .rate_per_s = parts[i].rate_per_s,
                            .write = parts[i].write,
                            .latencies_ms = latencies_ms};
        run(&load);
        print(&load, parts[i].name);
    }
    stop(&service);
    run_day(seconds, latencies_ms);
    return 0;
}
