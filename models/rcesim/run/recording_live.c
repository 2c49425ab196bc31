#include "models/rcesim/run/recording_live.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "models/engines/engines.h"
#include "reports/directory.h"

enum { RECORD_NUMBER_MAX = 100000, RECORD_BUFFER_BYTES = 1 << 22 };

/* A process that was killed may have left half a line at the end: nobody reads on from there. */
static void trim(const char *path)
{
    FILE *file = fopen(path, "r+e");
    long size = 0;
    if (file == NULL)
        return;
    if (fseek(file, 0, SEEK_END) == 0 && (size = ftell(file)) > 0) {
        long end = size;
        while (end > 0 && fseek(file, end - 1, SEEK_SET) == 0 && fgetc(file) != '\n')
            end--;
        if (end < size && ftruncate(fileno(file), end) != 0)
            fprintf(stderr, "rcesim: %s ends in half a line\n", path);
    }
    fclose(file);
}

static FILE *open_history(void *context, struct recorder_track *track)
{
    struct recording_live *here = context;
    (void)track;
    return here->file;
}

static bool open_file(struct recording_live *here, struct error *error)
{
    if (!directory_make(here->folder, error))
        return false;
    const char *before = NULL;
    for (int number = 1; here->file == NULL && number <= RECORD_NUMBER_MAX; number++) {
        here->path = arena_print(here->arena, "%s/drive-%d.jsonl", here->folder, number);
        here->file = fopen(here->path, "wxe");
        if (here->file == NULL && errno != EEXIST)
            return error_set(error, ERROR_IO, "cannot write %s: %s", here->path, strerror(errno));
        if (here->file == NULL)
            before = here->path;
    }
    if (here->file == NULL)
        return error_set(error, ERROR_IO, "%s holds too many histories", here->folder);
    if (before != NULL)
        trim(before);
    here->buffer = arena_take(here->arena, RECORD_BUFFER_BYTES);
    setvbuf(here->file, here->buffer, _IOFBF, RECORD_BUFFER_BYTES);
    return true;
}

bool recording_live_begin(struct recording_live *here, const struct configuration *configuration,
                          struct error *error)
{
    const struct vmc_parameters *parameters = configuration->variants[0].parameters;
    const struct engine *engine = configure_find_engine(configuration, parameters->options);
    here->parameters = *parameters;
    if (here->folder == NULL)
        return true;
    if (!open_file(here, error))
        return false;
    here->left_bytes = UINT64_MAX;
    here->track = (struct recorder_track){.workflow = RECORDER_ALL,
                                          .open = open_history,
                                          .context = here,
                                          .left_bytes = &here->left_bytes};
    const struct recorder_source source = {
        .engine = parameters->engine,
        .settings = parameters->settings != NULL ? parameters->settings : parameters->options,
        .options = parameters->options,
        .config = engine != NULL ? engine->spec->config : NULL,
    };
    struct recorder *recorder = recorder_create(here->arena, &source, &here->track, 1);
    here->parameters.engine = recorder_engine(recorder);
    here->parameters.settings = recorder_settings(recorder);
    return true;
}

void recording_live_bring_along(struct recording_live *here)
{
    if (here->file != NULL)
        fflush(here->file);
}

bool recording_live_end(struct recording_live *here, struct error *error)
{
    if (here->file == NULL)
        return true;
    bool is_bad = ferror(here->file) != 0;
    is_bad = fclose(here->file) != 0 || is_bad;
    here->file = NULL;
    return !is_bad || error_set(error, ERROR_IO, "cannot write %s", here->path);
}
