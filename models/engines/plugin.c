#include "models/engines/plugin.h"

#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "sim/base/check.h"
#include "sim/base/text.h"

static const char symbol[] = "rce_engine_get";

enum { TRIAL_MS_MAX = 10000, ABI_PROBED_MAX = 16, BLOCK_MAX_BYTES = 1 << 28 };

typedef const struct rce_engine *get_function(uint32_t abi);

/* What the first bytes of a file say, or of this program. */
struct elf_head {
    unsigned char ident[EI_NIDENT];
    uint16_t type, machine;
};

static bool read_head(const char *path, struct elf_head *head, size_t *size_bytes)
{
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0)
        return false;
    ssize_t got = read(file, head, sizeof *head);
    int saved = errno;
    close(file);
    errno = saved;
    *size_bytes = got > 0 ? (size_t)got : 0;
    return got >= 0;
}

/* Say what is wrong with the file before the loader does, in words of people. */
static bool check_file(const char *path, struct error *error)
{
    struct elf_head head, own;
    size_t size, own_size;
    struct stat status;
    if (stat(path, &status) != 0)
        return error_set(error, ERROR_SCENARIO, "cannot load the plugin %s: %s", path,
                         strerror(errno));
    if (!S_ISREG(status.st_mode))
        return error_set(error, ERROR_SCENARIO,
                         "cannot load the plugin %s: it is not a regular file", path);
    if (!read_head(path, &head, &size))
        return error_set(error, ERROR_SCENARIO, "cannot load the plugin %s: %s", path,
                         strerror(errno));
    if (size < sizeof head || memcmp(head.ident, ELFMAG, SELFMAG) != 0)
        return error_set(error, ERROR_SCENARIO,
                         "cannot load the plugin %s: it is not an ELF file, so no shared object; "
                         "build it with -shared -fPIC",
                         path);
    if (!read_head("/proc/self/exe", &own, &own_size) || own_size < sizeof own)
        return true; /* The loader will say it. */
    if (head.ident[EI_CLASS] != own.ident[EI_CLASS] || head.ident[EI_DATA] != own.ident[EI_DATA] ||
        head.machine != own.machine)
        return error_set(error, ERROR_SCENARIO,
                         "cannot load the plugin %s: it was built for another machine (ELF machine "
                         "%u, %d bit; this program: %u, %d bit)",
                         path, head.machine, head.ident[EI_CLASS] == ELFCLASS64 ? 64 : 32,
                         own.machine, own.ident[EI_CLASS] == ELFCLASS64 ? 64 : 32);
    if (head.type != ET_DYN)
        return error_set(error, ERROR_SCENARIO,
                         "cannot load the plugin %s: it is an ELF file, but no shared object; "
                         "build it with -shared -fPIC",
                         path);
    return true;
}

static bool hash_file(const char *path, uint64_t *hash, struct error *error)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    struct stat status;
    void *bytes = MAP_FAILED;
    if (file >= 0 && fstat(file, &status) == 0)
        bytes = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, file, 0);
    int saved = errno;
    if (file >= 0)
        close(file);
    if (bytes == MAP_FAILED)
        return error_set(error, ERROR_SCENARIO, "cannot read the plugin %s: %s", path,
                         strerror(saved));
    *hash = text_hash(bytes, (size_t)status.st_size);
    munmap(bytes, (size_t)status.st_size);
    return true;
}

static bool find_table(void *object, const char *path, const struct rce_engine **table,
                       struct error *error)
{
    void *address = dlsym(object, symbol);
    get_function *get;
    if (address == NULL)
        return error_set(error, ERROR_SCENARIO,
                         "the plugin %s exports no \"%s\"; rce.h says what an engine has to export",
                         path, symbol);
    memcpy(&get, &address, sizeof get); /* ISO C knows no way from an object to a function. */
    *table = get(RCE_ABI);
    if (*table != NULL)
        return true;
    for (uint32_t abi = 1; abi <= ABI_PROBED_MAX; abi++)
        if (abi != RCE_ABI && get(abi) != NULL)
            return error_set(error, ERROR_SCENARIO,
                             "the plugin %s is an engine for contract %u, this program speaks "
                             "contract %u; compile it against the rce.h of this program",
                             path, abi, RCE_ABI);
    return error_set(error, ERROR_SCENARIO, "the plugin %s has no engine for contract %u", path,
                     RCE_ABI);
}

/* The function that is missing, or NULL. */
static const char *missing_function(const struct rce_engine *table)
{
    if (table->state_size_bytes == NULL)
        return "state_size_bytes";
    if (table->init == NULL)
        return "init";
    if (table->step == NULL)
        return "step";
    if ((table->capabilities & RCE_CAN_SAVE) != 0 && table->save == NULL)
        return "save";
    if ((table->capabilities & RCE_CAN_LOAD) != 0 && table->load == NULL)
        return "load";
    if ((table->capabilities & RCE_CAN_DIGEST) != 0 && table->digest == NULL)
        return "digest";
    return NULL;
}

static bool is_good_name(const char *name)
{
    size_t length = name == NULL ? 0 : strnlen(name, 65);
    if (length == 0 || length > 64)
        return false;
    for (size_t i = 0; i < length; i++)
        if (name[i] < 0x20 || name[i] > 0x7e)
            return false;
    return true;
}

static bool check_table(const struct rce_engine *table, const char *path, struct error *error)
{
    if (table->abi != RCE_ABI)
        return error_set(error, ERROR_SCENARIO,
                         "the plugin %s is an engine for contract %u, this program speaks contract "
                         "%u; compile it against the rce.h of this program",
                         path, table->abi, RCE_ABI);
    if (table->size_bytes < sizeof *table)
        return error_set(error, ERROR_SCENARIO,
                         "the plugin %s has a table of %u bytes, contract %u has %zu; set "
                         "size_bytes to sizeof(struct rce_engine)",
                         path, table->size_bytes, RCE_ABI, sizeof *table);
    if (!is_good_name(table->name) || !is_good_name(table->version))
        return error_set(error, ERROR_SCENARIO,
                         "the engine in %s has no name or no version (1 to 64 printable ASCII "
                         "characters each)",
                         path);
    if (table->settings_size_bytes > BLOCK_MAX_BYTES || table->process_size_bytes > BLOCK_MAX_BYTES)
        return error_set(
            error, ERROR_SCENARIO,
            "the engine \"%s\" in %s wants %zu bytes of settings and %zu for a process; "
            "the limit is %d each",
            table->name, path, table->settings_size_bytes, table->process_size_bytes,
            BLOCK_MAX_BYTES);
    const char *missing = missing_function(table);
    if (missing != NULL)
        return error_set(error, ERROR_SCENARIO,
                         "the engine \"%s\" in %s has no function \"%s\", which the contract, or "
                         "one of its capabilities, asks for",
                         table->name, path, missing);
    if ((table->capabilities & (RCE_CAN_SAVE | RCE_CAN_LOAD)) != 0 &&
        (table->state_version_oldest == 0 || table->state_version_oldest > table->state_version))
        return error_set(error, ERROR_SCENARIO,
                         "the engine \"%s\" in %s saves states of version %u and reads them from "
                         "version %u on; they count from 1, and it has to read what it saves",
                         table->name, path, table->state_version, table->state_version_oldest);
    return true;
}

/* Load the object and find a table in it that can be used. Leaves it open on success only. */
static bool load(const char *path, void **object, const struct rce_engine **table,
                 struct error *error)
{
    void *loaded = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (loaded == NULL) {
        const char *why = dlerror();
        return error_set(error, ERROR_SCENARIO, "cannot load the plugin %s: %s", path,
                         why != NULL ? why : "the loader does not say why");
    }
    if (!find_table(loaded, path, table, error) || !check_table(*table, path, error)) {
        dlclose(loaded);
        return false;
    }
    *object = loaded;
    return true;
}

static bool load_and_configure(struct engine *engine, struct arena *arena, const char *path,
                               const struct engine_spec *spec, const struct rce_options *options,
                               struct error *error)
{
    void *object = NULL;
    if (!load(path, &object, &engine->table, error))
        return false;
    engine->own = object;
    if (engine_configure(engine, arena, options, spec->config, error))
        return true;
    dlclose(object);
    return false;
}

/* What the child of a trial does. It says "good" or why not, and leaves without further ado: what
 * the object has registered for the end of a process is not for this one. */
static _Noreturn void try_in_child(int out, struct arena *arena, const char *path,
                                   const struct engine_spec *spec,
                                   const struct rce_options *options)
{
    struct engine engine = {.kind = spec->kind};
    struct error error;
    signal(SIGINT, SIG_IGN); /* The parent decides. */
    bool is_good = load_and_configure(&engine, arena, path, spec, options, &error);
    const char *text = is_good ? "+" : error.message;
    ssize_t ignored = write(out, text, strlen(text));
    (void)ignored; /* Without a word the parent takes us for crashed. */
    _exit(0);
}

static int64_t monotonic_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Read what the child says until it is gone. False: it took too long. */
static bool hear_child(int in, char *text, size_t size_bytes)
{
    int64_t until_ms = monotonic_ms() + TRIAL_MS_MAX;
    size_t length = 0;
    text[0] = '\0';
    for (;;) {
        int64_t left_ms = until_ms - monotonic_ms();
        struct pollfd waited = {.fd = in, .events = POLLIN};
        if (left_ms <= 0)
            return false;
        if (poll(&waited, 1, (int)left_ms) <= 0)
            continue; /* Late, or a signal. */
        ssize_t got = read(in, text + length, size_bytes - 1 - length);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return true;
        length += (size_t)got;
        text[length] = '\0';
    }
}

static bool judge_trial(const char *path, const char *text, int status, struct error *error)
{
    if (strcmp(text, "+") == 0)
        return true;
    if (*text != '\0')
        return error_set(error, ERROR_SCENARIO, "%s", text);
    if (WIFSIGNALED(status))
        return error_set(error, ERROR_SCENARIO,
                         "the plugin %s crashes while it is loaded and configured (signal %d, %s)",
                         path, WTERMSIG(status), strsignal(WTERMSIG(status)));
    return error_set(error, ERROR_SCENARIO,
                     "the plugin %s ends the program while it is loaded and configured (exit "
                     "status %d)",
                     path, WIFEXITED(status) ? WEXITSTATUS(status) : 0);
}

/* Load it in a process that may die of it. */
static bool try_first(struct arena *arena, const char *path, const struct engine_spec *spec,
                      const struct rce_options *options, struct error *error)
{
    int ends[2];
    char text[ERROR_MESSAGE_SIZE_BYTES];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return error_set(error, ERROR_INTERNAL, "cannot try the plugin %s: %s", path,
                         strerror(errno));
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        try_in_child(ends[1], arena, path, spec, options);
    }
    close(ends[1]);
    if (child < 0) {
        close(ends[0]);
        return error_set(error, ERROR_INTERNAL, "cannot try the plugin %s: %s", path,
                         strerror(errno));
    }
    bool is_in_time = hear_child(ends[0], text, sizeof text);
    close(ends[0]);
    if (!is_in_time)
        kill(child, SIGKILL);
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    if (!is_in_time)
        return error_set(error, ERROR_SCENARIO,
                         "the plugin %s hangs: it was not loaded and configured within %d s", path,
                         TRIAL_MS_MAX / 1000);
    return judge_trial(path, text, status, error);
}

static void close_plugin(struct engine *engine)
{
    if (engine->table->configure != NULL && engine->table->settings_end != NULL)
        engine->table->settings_end(engine->settings);
    dlclose(engine->own);
}

bool plugin_open(struct engine *engine, struct arena *arena, const struct engine_spec *spec,
                 const struct rce_options *options, struct error *error)
{
    const char *path = engine_path(arena, spec, spec->path);
    const char *config = spec->config != NULL ? spec->config : "{}";
    uint64_t parts[2] = {0, text_hash(config, strlen(config))};
    if (!check_file(path, error) || !hash_file(path, &parts[0], error) ||
        !try_first(arena, path, spec, options, error) ||
        !load_and_configure(engine, arena, path, spec, options, error))
        return false;
    engine->digest = text_hash(parts, sizeof parts);
    engine->close = close_plugin;
    engine->label = arena_print(arena, "%s %s (plugin %s)", engine->table->name,
                                engine->table->version, spec->path);
    return true;
}
