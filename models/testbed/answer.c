#include "models/testbed/answer.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include <sys/socket.h>
#include <sys/uio.h>

#include "sim/base/check.h"

static void add(struct answer_header *header, const char *name, const char *value)
{
    if (value == NULL || *value == '\0')
        return;
    CHECK(header->fields_count < ANSWER_FIELDS_MAX);
    header->fields[header->fields_count++] = (struct answer_field){name, value};
}

void answer_list_header(struct answer_header *header, const struct reply *reply)
{
    header->fields_count = 0;
    add(header, "Content-Type", reply->content_type);
    add(header, "Location", reply->location);
    add(header, "Allow", reply->allow);
    add(header, "WWW-Authenticate", reply->authenticate);
    add(header, "Cache-Control", "no-store");
    add(header, "X-Content-Type-Options", "nosniff");
    add(header, "Cross-Origin-Resource-Policy", "same-origin");
    if (reply->retry_after_s > 0) {
        snprintf(header->number, sizeof header->number, "%lld", (long long)reply->retry_after_s);
        add(header, "Retry-After", header->number);
    }
    if (reply->is_page)
        add(header, "Content-Security-Policy",
            "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
            "base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
}

/* As RFC 9110, 5.6.7 has it, whatever language the process speaks. */
static void print_date(struct reply *text)
{
    static const char days[] = "SunMonTueWedThuFriSat";
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    const time_t now = time(NULL);
    struct tm parts;
    gmtime_r(&now, &parts);
    reply_print(text, "Date: %.3s, %02d %.3s %d %02d:%02d:%02d GMT\r\n", days + 3 * parts.tm_wday,
                parts.tm_mday, months + 3 * parts.tm_mon, parts.tm_year + 1900, parts.tm_hour,
                parts.tm_min, parts.tm_sec);
}

bool answer_write(int socket, const struct reply *reply, bool is_head)
{
    struct answer_header header;
    struct reply text = {0};
    CHECK(reply->fixed == NULL);
    answer_list_header(&header, reply);
    reply_print(&text, "HTTP/1.1 %d %s\r\n", reply->status, reply_reason(reply->status));
    print_date(&text);
    for (size_t i = 0; i < header.fields_count; i++)
        reply_print(&text, "%s: %s\r\n", header.fields[i].name, header.fields[i].value);
    reply_print(&text, "Connection: close\r\nContent-Length: %zu\r\n\r\n", reply->size_bytes);
    struct iovec parts[2] = {{text.body, text.size_bytes},
                             {reply->body, is_head ? 0 : reply->size_bytes}};
    size_t size_bytes = parts[0].iov_len + parts[1].iov_len;
    const struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
    ssize_t written = sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    reply_reset(&text);
    return written >= 0 && (size_t)written == size_bytes;
}
