/* Shared objects that are damaged: every byte of the ELF header, bytes of the program headers and
 * of the dynamic section, and files that end too early. Whatever the loader makes of them, a crash
 * or a hang included, the program goes on: a damaged plugin either works or is refused with a
 * reason.
 *
 * Each is opened in a child, so that one that loads does not stay behind in the memory of the next.
 */
#include <elf.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "models/engines/engines.h"
#include "tests/models/engines/programs.h"

enum { FILE_MAX_BYTES = 4 << 20, OPENED = 0, REFUSED = 1, SILENT = 2 };

struct plugin {
    const char *path;
    uint8_t *bytes;
    size_t size_bytes;
    uint32_t opened_count, refused_count;
};

static void read_plugin(struct plugin *plugin, struct arena *arena)
{
    FILE *file = fopen(programs_path(arena, "librce_plugin.so"), "rb");
    assert_non_null(file);
    plugin->bytes = arena_take(arena, FILE_MAX_BYTES);
    plugin->size_bytes = fread(plugin->bytes, 1, FILE_MAX_BYTES, file);
    assert_true(plugin->size_bytes > sizeof(Elf64_Ehdr) && plugin->size_bytes < FILE_MAX_BYTES);
    fclose(file);
    /* Beside the whole one: if the test is killed, nothing stays behind where nobody cleans. */
    plugin->path = programs_path(arena, "damaged_plugin.so");
}

/* A crash is to look like one, and what the loader says to nobody is of no interest. */
static void be_a_plain_process(void)
{
    static const int signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
        signal(signals[i], SIG_DFL);
    int nowhere = open("/dev/null", O_WRONLY);
    if (nowhere >= 0)
        dup2(nowhere, STDERR_FILENO);
}

static int open_in_child(const struct plugin *plugin)
{
    be_a_plain_process();
    struct arena *arena = arena_create("damaged", 0);
    const struct engine_spec spec = {.kind = ENGINE_PLUGIN, .path = plugin->path};
    const struct engine *engine;
    struct error error = {0};
    struct rce_options options;
    rce_options_init(&options);
    if (engine_open(&engine, arena, &spec, &options, &error))
        return OPENED;
    return strstr(error.message, plugin->path) != NULL ? REFUSED : SILENT;
}

/* Write so many bytes of the plugin as it is now, and see what becomes of it. */
static void try(struct plugin *plugin, size_t size_bytes, const char *what, size_t where)
{
    FILE *file = fopen(plugin->path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(plugin->bytes, 1, size_bytes, file), size_bytes);
    assert_int_equal(fclose(file), 0);
    fflush(NULL);
    pid_t child = fork();
    if (child == 0)
        _exit(open_in_child(plugin));
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    if (!WIFEXITED(status) || WEXITSTATUS(status) > REFUSED)
        fail_msg("%s, at byte %zu: %s %d", what, where,
                 WIFEXITED(status) ? "no reason given, status" : "killed by signal",
                 WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
    plugin->opened_count += WEXITSTATUS(status) == OPENED;
    plugin->refused_count += WEXITSTATUS(status) == REFUSED;
}

/* Change single bytes of a part of the file, every `stride`-th, in one way after the other. */
static void damage(struct plugin *plugin, const char *what, size_t from, size_t to, size_t stride)
{
    static const uint8_t flips[] = {0x01, 0x80, 0xff};
    assert_true(from < to && to <= plugin->size_bytes);
    for (size_t at = from; at < to; at += stride) {
        uint8_t flip = flips[at / stride % 3];
        plugin->bytes[at] ^= flip;
        try(plugin, plugin->size_bytes, what, at);
        plugin->bytes[at] ^= flip;
    }
}

static void test_damaged(void **state)
{
    (void)state;
    struct arena *arena = arena_create("test", 0);
    struct plugin plugin = {.opened_count = 0};
    read_plugin(&plugin, arena);
    Elf64_Ehdr head;
    memcpy(&head, plugin.bytes, sizeof head);
    if (head.e_ident[EI_CLASS] != ELFCLASS64) {
        print_message("not a 64-bit machine: damaged plugins are not tried\n");
        unlink(plugin.path);
        skip();
    }
    try(&plugin, plugin.size_bytes, "undamaged", 0);
    assert_int_equal(plugin.opened_count, 1);
    damage(&plugin, "the ELF header", 0, sizeof head, 1);
    size_t headers_end = head.e_phoff + (size_t)head.e_phnum * sizeof(Elf64_Phdr);
    damage(&plugin, "a program header", head.e_phoff, headers_end, 5);
    for (size_t i = 0; i < head.e_phnum; i++) {
        Elf64_Phdr part;
        memcpy(&part, plugin.bytes + head.e_phoff + i * sizeof part, sizeof part);
        if (part.p_type == PT_DYNAMIC)
            damage(&plugin, "the dynamic section", part.p_offset, part.p_offset + part.p_filesz,
                   11);
    }
    for (size_t size_bytes = 0; size_bytes < plugin.size_bytes; size_bytes = size_bytes * 3 / 2 + 9)
        try(&plugin, size_bytes, "cut off", size_bytes);
    /* Many of these bytes nobody reads, many others matter. */
    assert_true(plugin.opened_count > 10 && plugin.refused_count > 60);
    unlink(plugin.path);
    arena_destroy(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_damaged),
    };
    return cmocka_run_group_tests_name("engines/damaged_plugin", tests, NULL, NULL);
}
