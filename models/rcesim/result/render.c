#include "models/rcesim/result/render.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "reports/markdown.h"
#include "reports/output.h"
#include "reports/page.h"

enum { PROCESSES_MAX = 8 };

/* A file of the folder that is being written. */
struct writing {
    const struct render_job *job;
    const char *name;
    FILE *file;
    struct output output;
};

/* A folder may come from somebody else: a link in it must not lead our writing out of it. */
static bool is_inside(const char *path, struct error *error)
{
    struct stat status;
    if (lstat(path, &status) != 0 || !S_ISLNK(status.st_mode))
        return true;
    return error_set(error, ERROR_IO,
                     "%s is a link: nothing is written through it; with -o the "
                     "result goes to another folder",
                     path);
}

static bool open_file(struct writing *writing, const struct render_job *job, const char *name,
                      struct error *error)
{
    *writing = (struct writing){.job = job, .name = name};
    struct arena *arena = job->manifest->arena;
    if (job->directory != NULL) {
        writing->file = directory_create_file(job->directory, name, error);
        return writing->file != NULL;
    }
    const char *path = arena_print(arena, "%s/%s", job->folder, name);
    if (!is_inside(path, error) || !output_open(&writing->output, arena, path, error))
        return false;
    writing->file = writing->output.file;
    return true;
}

static bool close_file(struct writing *writing, struct error *error)
{
    if (writing->job->directory != NULL)
        return directory_close_file(writing->job->directory, writing->name, writing->file, error);
    return output_commit(&writing->output, error);
}

static const char *folder_of(const struct render_job *job)
{
    return job->directory != NULL ? directory_path(job->directory) : job->folder;
}

static bool write_data(const struct render_job *job, const struct chart *chart, struct error *error)
{
    struct writing writing;
    if (!open_file(&writing, job, chart_file_name(chart, "tsv"), error))
        return false;
    chart_write_data(chart, writing.file);
    return close_file(&writing, error);
}

static bool write_script(const struct render_job *job, const struct chart *chart,
                         struct error *error)
{
    struct writing writing;
    if (!open_file(&writing, job, chart_file_name(chart, "gp"), error))
        return false;
    chart_write_script(chart, &job->manifest->identity, writing.file);
    return close_file(&writing, error);
}

static bool write_source(const struct render_job *job, struct error *error)
{
    struct writing writing;
    for (size_t i = 0; i < job->manifest->chart_count; i++)
        if (!write_data(job, job->manifest->charts[i], error))
            return false;
    if (!open_file(&writing, job, MANIFEST_FILE, error))
        return false;
    manifest_print(job->manifest, writing.file);
    return close_file(&writing, error);
}

static bool is_wanted(const struct render_job *job, const struct chart *chart)
{
    if (job->only == NULL || job->only->count == 0)
        return true;
    for (size_t i = 0; i < job->only->count; i++)
        if (strcmp(job->only->items[i], chart->name) == 0)
            return true;
    return false;
}

static unsigned processes_at_once(void)
{
    long count = sysconf(_SC_NPROCESSORS_ONLN);
    return count < 1 ? 1 : count > PROCESSES_MAX ? PROCESSES_MAX : (unsigned)count;
}

static void draw(const struct render_job *job, const struct chart *const *charts, size_t count,
                 const char *format, struct render_report *report)
{
    struct chart_drawing drawing = {
        .folder = folder_of(job),
        .format = format,
        .at_once = processes_at_once(),
        .patience = job->patience,
    };
    struct arena *arena = arena_create("errors of charts", 0);
    struct error *errors = arena_take_array(arena, count, sizeof *errors);
    report->chart_count += count;
    charts_draw(charts, count, &drawing, errors);
    for (size_t i = 0; i < count; i++) {
        if (errors[i].code == 0)
            continue;
        if (report->failed_count++ == 0)
            report->reason = errors[i];
    }
    arena_destroy(arena);
}

static bool write_pages(const struct render_job *job, struct error *error)
{
    struct writing writing;
    if (!open_file(&writing, job, RENDER_PAGE, error))
        return false;
    page_write(writing.file, job->manifest, folder_of(job));
    if (!close_file(&writing, error) || !open_file(&writing, job, RENDER_MARKDOWN, error))
        return false;
    markdown_write(writing.file, job->manifest, folder_of(job));
    return close_file(&writing, error);
}

/* Files of a folder that is there, before the first of them is written: none is to replace what
 * somebody else put there. */
static bool adopt(const struct render_job *job, struct error *error)
{
    static const char *const formats[] = {"tsv", "gp", "svg", "png"};
    const struct manifest *manifest = job->manifest;
    size_t count = 0;
    const char **names =
        arena_take_array(manifest->arena, 3 + 4 * manifest->chart_count, sizeof(const char *));
    names[count++] = MANIFEST_FILE;
    names[count++] = RENDER_PAGE;
    names[count++] = RENDER_MARKDOWN;
    for (size_t i = 0; i < manifest->chart_count; i++)
        for (size_t k = 0; k < (job->has_png ? 4u : 3u); k++)
            names[count++] = chart_file_name(manifest->charts[i], formats[k]);
    return directory_adopt(job->folder, names, count, error);
}

bool render(const struct render_job *job, struct render_report *report, struct error *error)
{
    const struct manifest *manifest = job->manifest;
    const struct chart **charts =
        arena_take_array(manifest->arena, manifest->chart_count + 1, sizeof(struct chart *));
    size_t count = 0;
    *report = (struct render_report){0};
    if (job->directory == NULL && !adopt(job, error))
        return false;
    if (!job->is_source_there && !write_source(job, error))
        return false;
    for (size_t i = 0; i < manifest->chart_count; i++) {
        if (!is_wanted(job, manifest->charts[i]))
            continue;
        if (!write_script(job, manifest->charts[i], error))
            return false;
        charts[count++] = manifest->charts[i];
    }
    draw(job, charts, count, "svg", report);
    if (job->has_png)
        draw(job, charts, count, "png", report);
    return write_pages(job, error);
}

bool render_complain(const struct render_report *report)
{
    if (report->failed_count == 0)
        return true;
    fprintf(stderr, "rcesim: no chart: %s\n", report->reason.message);
    if (report->failed_count > 1)
        fprintf(stderr,
                "rcesim: and %zu more; of %zu pictures %zu are missing, the data of all of "
                "them is kept\n",
                report->failed_count - 1, report->chart_count, report->failed_count);
    return false;
}
