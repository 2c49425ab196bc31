#include "tests/bench/profile.h"

#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <ucontext.h>
#include <unistd.h>

/* A signal handler has no argument, so what it writes to stands here. */
static uintptr_t samples[PROFILE_SAMPLES_MAX];
static volatile sig_atomic_t samples_count;

static void take_sample(int signal_number, siginfo_t *info, void *context)
{
    (void)signal_number;
    (void)info;
    const ucontext_t *at = context;
    if (samples_count >= PROFILE_SAMPLES_MAX)
        return;
#if defined(__x86_64__)
    samples[samples_count] = (uintptr_t)at->uc_mcontext.gregs[REG_RIP];
#elif defined(__aarch64__)
    samples[samples_count] = (uintptr_t)at->uc_mcontext.pc;
#else
    (void)at;
#endif
    samples_count = samples_count + 1;
}

static void set_timer(long interval_us)
{
    struct itimerval timer = {.it_interval = {.tv_usec = interval_us},
                              .it_value = {.tv_usec = interval_us}};
    setitimer(ITIMER_PROF, &timer, NULL);
}

void profile_start(void)
{
    struct sigaction action = {.sa_sigaction = take_sample, .sa_flags = SA_SIGINFO | SA_RESTART};
    sigemptyset(&action.sa_mask);
    sigaction(SIGPROF, &action, NULL);
    set_timer(997);
}

void profile_stop(void)
{
    set_timer(0);
    signal(SIGPROF, SIG_IGN);
}

size_t profile_count(void)
{
    return (size_t)samples_count;
}

/* The address at which the executable was loaded comes with the first entry. */
static int note_base(struct dl_phdr_info *info, size_t size, void *base)
{
    (void)size;
    *(uintptr_t *)base = info->dlpi_addr;
    return 1;
}

struct symbols {
    const Elf64_Sym *entries;
    size_t count;
    const char *names;
};

static bool find_symbols(const unsigned char *image, struct symbols *symbols)
{
    const Elf64_Ehdr *header = (const void *)image;
    const Elf64_Shdr *sections = (const void *)(image + header->e_shoff);
    for (size_t i = 0; i < header->e_shnum; i++) {
        if (sections[i].sh_type != SHT_SYMTAB)
            continue;
        symbols->entries = (const void *)(image + sections[i].sh_offset);
        symbols->count = sections[i].sh_size / sizeof *symbols->entries;
        symbols->names = (const char *)image + sections[sections[i].sh_link].sh_offset;
        return true;
    }
    return false;
}

static uint32_t layer_at(const struct symbols *symbols, uintptr_t at,
                         uint32_t (*layer_of)(const char *file, const char *function))
{
    const char *file = "";
    for (size_t i = 0; i < symbols->count; i++) {
        const Elf64_Sym *symbol = &symbols->entries[i];
        const char *name = symbols->names + symbol->st_name;
        if (ELF64_ST_TYPE(symbol->st_info) == STT_FILE)
            file = name; /* of the local symbols that follow */
        if (ELF64_ST_TYPE(symbol->st_info) == STT_FUNC && at >= symbol->st_value &&
            at < symbol->st_value + symbol->st_size)
            return layer_of(ELF64_ST_BIND(symbol->st_info) == STB_LOCAL ? file : "", name);
    }
    return layer_of("", "");
}

bool profile_sort(uint32_t (*layer_of)(const char *file, const char *function), size_t *counts,
                  uint32_t layer_count)
{
    uintptr_t base = 0;
    dl_iterate_phdr(note_base, &base);
    int file = open("/proc/self/exe", O_RDONLY);
    struct stat status;
    if (file < 0 || fstat(file, &status) != 0)
        return false;
    void *image = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, file, 0);
    close(file);
    struct symbols symbols;
    if (image == MAP_FAILED || !find_symbols(image, &symbols))
        return false;
    memset(counts, 0, layer_count * sizeof *counts);
    for (size_t i = 0; i < profile_count(); i++) {
        uint32_t layer = layer_at(&symbols, samples[i] - base, layer_of);
        if (layer < layer_count)
            counts[layer]++;
    }
    munmap(image, (size_t)status.st_size);
    return true;
}
