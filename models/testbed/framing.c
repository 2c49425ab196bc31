#include "models/testbed/framing.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

/* What a request says once or not at all. */
enum single {
    SINGLE_AUTHORIZATION,
    SINGLE_CONTENT_LENGTH,
    SINGLE_CONTENT_TYPE,
    SINGLE_HOST,
    SINGLE_IDEMPOTENCY_KEY,
    SINGLE_ORIGIN,
    SINGLE_SEC_FETCH_SITE,
    SINGLE_TRANSFER_ENCODING,
    SINGLE_COUNT
};

static const char *const single_names[] = {
    [SINGLE_AUTHORIZATION] = "Authorization",     [SINGLE_CONTENT_LENGTH] = "Content-Length",
    [SINGLE_CONTENT_TYPE] = "Content-Type",       [SINGLE_HOST] = "Host",
    [SINGLE_IDEMPOTENCY_KEY] = "Idempotency-Key", [SINGLE_ORIGIN] = "Origin",
    [SINGLE_SEC_FETCH_SITE] = "Sec-Fetch-Site",   [SINGLE_TRANSFER_ENCODING] = "Transfer-Encoding"};

struct scan {
    const char *begin, *end; /* the header in the buffer */
    const char *last;        /* the end of the last text there */
    const char *singles[SINGLE_COUNT];
    const char *problem;
};

/* Go on from one text of the header to the next: what is between them are delimiters, which
 * libmicrohttpd overwrites with 0: at most two for the end of a line, and two more at the end. */
static void pass_gap(struct scan *scan, const char *next)
{
    int zeros_count = 0;
    for (const char *c = scan->last; c != NULL && c < next; c++) {
        zeros_count += *c == '\0';
        if (strchr(" \t\r\n:", *c) == NULL || zeros_count > (next == scan->end ? 4 : 2))
            scan->problem = "a byte of 0, or a line that goes on, in the header";
    }
}

static bool is_in_buffer(const struct scan *scan, const char *text)
{
    return (uintptr_t)text >= (uintptr_t)scan->begin && (uintptr_t)text < (uintptr_t)scan->end;
}

static void pass_text(struct scan *scan, const char *text, size_t length)
{
    if (!is_in_buffer(scan, text))
        return;
    pass_gap(scan, text);
    scan->last = text + length;
}

static bool is_token(const char *name)
{
    static const char letters[] = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
                                  "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    return *name != '\0' && strspn(name, letters) == strlen(name);
}

static bool has_controls(const char *value)
{
    for (; *value != '\0'; value++)
        if (((unsigned char)*value < ' ' && *value != '\t') || *value == 0x7f)
            return true;
    return false;
}

static enum MHD_Result scan_header(void *context, enum MHD_ValueKind kind, const char *name,
                                   const char *value)
{
    (void)kind;
    struct scan *scan = context;
    value = value == NULL ? "" : value;
    pass_text(scan, name, strlen(name));
    pass_text(scan, value, strlen(value));
    if (!is_token(name))
        scan->problem = "the name of a header is no name";
    else if (has_controls(value))
        scan->problem = "a control character in a header";
    for (int i = 0; i < SINGLE_COUNT; i++) {
        if (strcasecmp(name, single_names[i]) != 0)
            continue;
        if (scan->singles[i] != NULL)
            scan->problem = "a header is there twice that can be there once";
        scan->singles[i] = value;
    }
    return MHD_YES;
}

/* Where a body ends is said once, and plainly. */
static const char *length_problem(const struct scan *scan, const char *version)
{
    const char *length = scan->singles[SINGLE_CONTENT_LENGTH];
    const char *coding = scan->singles[SINGLE_TRANSFER_ENCODING];
    if (length != NULL && coding != NULL)
        return "Content-Length and Transfer-Encoding do not go together";
    if (length != NULL && (*length == '\0' || strspn(length, "0123456789") != strlen(length)))
        return "Content-Length is no number";
    if (coding != NULL &&
        (strcasecmp(coding, "chunked") != 0 || strcmp(version, MHD_HTTP_VERSION_1_0) == 0))
        return "Transfer-Encoding is chunked, and of HTTP/1.1, or not there";
    return NULL;
}

const char *framing_problem(struct MHD_Connection *connection, const struct framing_line *line)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    const char *begin = line->method;
    struct scan scan = {.begin = begin, .end = begin + (info == NULL ? 0 : info->header_size)};
    pass_text(&scan, line->method, strlen(line->method));
    pass_text(&scan, line->uri_at, strlen(line->uri));
    pass_text(&scan, line->version, strlen(line->version));
    MHD_get_connection_values(connection, MHD_HEADER_KIND, scan_header, &scan);
    pass_gap(&scan, scan.end);
    if (scan.problem != NULL)
        return scan.problem;
    if (strstr(line->uri, "%00") != NULL)
        return "a byte of 0 in the address";
    return length_problem(&scan, line->version);
}

bool framing_has_many_arguments(const char *uri)
{
    const char *query = strchr(uri, '?');
    int count = 1;
    for (const char *c = query; c != NULL && *c != '\0'; c++)
        count += *c == '&';
    return count > FRAMING_ARGUMENTS_MAX;
}

char *framing_split_target(char *target, const char **host)
{
    static const char scheme[] = "http://";
    const size_t scheme_length = sizeof scheme - 1;
    if (strncasecmp(target, scheme, scheme_length) != 0)
        return target;
    size_t length = strcspn(target + scheme_length, "/?");
    char *path = target + scheme_length + length;
    if (length == 0)
        return target;
    memmove(target, target + scheme_length, length); /* The scheme makes room for the 0. */
    target[length] = '\0';
    *host = target;
    if (*path != '/')
        *--path = '/'; /* An empty path is this one; the scheme has made room for it, too. */
    return path;
}
