#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include "models/testbed/guard.h"

static bool allows(const struct guard_reach *reach, const char *text)
{
    struct sockaddr_in four = {.sin_family = AF_INET};
    struct sockaddr_in6 six = {.sin6_family = AF_INET6};
    if (inet_pton(AF_INET, text, &four.sin_addr) == 1)
        return guard_allows(reach, (const struct sockaddr *)&four);
    assert_int_equal(inet_pton(AF_INET6, text, &six.sin6_addr), 1);
    return guard_allows(reach, (const struct sockaddr *)&six);
}

static void test_networks(void **state)
{
    (void)state;
    static const char *const texts[] = {"10.1.0.0/16", "192.168.7.5", "fd00::/7", "172.16.0.0/12"};
    static const char *const inside[] = {"127.0.0.1",        "127.255.0.9", "::1",
                                         "::ffff:127.0.0.1", "10.1.0.0",    "10.1.255.9",
                                         "::ffff:10.1.2.3",  "192.168.7.5", "fd00::1",
                                         "fc00::1",          "172.16.0.1",  "172.31.255.255"};
    static const char *const outside[] = {
        "10.2.0.0", "10.0.255.255", "::ffff:10.2.0.1", "192.168.7.4",
        "fe00::1",  "172.32.0.0",   "0.0.0.0",         "::",
        "::2",      "128.0.0.1",    "169.254.169.254", "8.8.8.8",
        "::7f00:1", "a01::1",       "::ffff:0.0.0.0",  "fe80::1",
        "0.1.2.3"};
    struct guard_network networks[4];
    const struct guard_reach reach = {.networks = networks, .networks_count = 4};
    struct error error;
    for (int i = 0; i < 4; i++)
        assert_true(guard_network_parse(&networks[i], texts[i], &error));
    for (size_t i = 0; i < sizeof inside / sizeof inside[0]; i++)
        if (!allows(&reach, inside[i]))
            fail_msg("%s", inside[i]);
    for (size_t i = 0; i < sizeof outside / sizeof outside[0]; i++)
        if (allows(&reach, outside[i]))
            fail_msg("%s", outside[i]);
    assert_false(allows(&(struct guard_reach){.networks = NULL}, "10.1.0.0"));
    static const char *const bad[] = {
        "",        "10.1", "10.1.0.0/",   "10.1.0.0/33", "10.1.0.0/-1", "fd00",
        "::1/129", "host", "10.1.0.0/8 ", "/8",          "10.1.0.0/0x8"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (guard_network_parse(&networks[0], bad[i], &error))
            fail_msg("\"%s\"", bad[i]);
}

/* Where others may ask, loopback is opened by its own name only, and "any" never. */
static void test_loopback_can_be_shut(void **state)
{
    (void)state;
    static const char *const texts[] = {"0.0.0.0/0", "::/0", "127.0.0.0/8", "::1"};
    struct guard_network networks[4];
    struct guard_reach reach = {.networks = networks, .is_loopback_shut = true};
    struct error error;
    for (int i = 0; i < 4; i++)
        assert_true(guard_network_parse(&networks[i], texts[i], &error));
    assert_false(allows(&reach, "127.0.0.1"));
    assert_false(allows(&reach, "::1"));
    reach.networks_count = 2;
    assert_true(allows(&reach, "8.8.8.8"));
    assert_true(allows(&reach, "fd00::1"));
    assert_false(allows(&reach, "127.0.0.1"));
    assert_false(allows(&reach, "::ffff:127.0.0.1"));
    assert_false(allows(&reach, "::1"));
    assert_false(guard_allows_url(&reach, "http://127.0.0.1/"));
    reach.networks_count = 4;
    assert_true(allows(&reach, "127.1.2.3"));
    assert_true(allows(&reach, "::ffff:127.0.0.1"));
    assert_true(allows(&reach, "::1"));
    assert_true(guard_allows_url(&reach, "http://127.0.0.1/"));
    assert_false(allows(&reach, "0.0.0.0"));
    assert_false(allows(&reach, "::"));
    reach.is_loopback_shut = false;
    assert_false(allows(&reach, "0.0.0.0"));
}

static void test_urls(void **state)
{
    (void)state;
    static const char *const good[] = {"http://127.0.0.1",       "HTTPS://localhost:80/a?b=c",
                                       "http://[::1]:8080/x@y",  "http://name.example:65535",
                                       "http://h:1/?x=/@:99999", "http://127.0.0.1:080/"};
    static const char *const bad[] = {"",
                                      "http://",
                                      "ftp://127.0.0.1/",
                                      "127.0.0.1",
                                      "http:///x",
                                      "http:/127.0.0.1/",
                                      "http:127.0.0.1",
                                      "http://a@127.0.0.1/",
                                      "http://a:b@127.0.0.1/",
                                      "http://@127.0.0.1/",
                                      "http://127.0.0.1:80@10.0.0.1/",
                                      "http://127.0.0.1:0/",
                                      "http://127.0.0.1:/",
                                      "http://127.0.0.1:65536/",
                                      "http://127.0.0.1:-1/",
                                      "http://127.0.0.1:8x/",
                                      "http://127.0.0.1:80:80/",
                                      "http://127.0.0.1/#x",
                                      "http://127.0.0.1#@x",
                                      "http://[::1/",
                                      "http://[::1]x/",
                                      "http://[fe80::1%25eth0]/",
                                      "http://[fe80::1%eth0]/",
                                      "http://a%00b/",
                                      "http://a b",
                                      "http://a\nb",
                                      "http://\\\\127.0.0.1",
                                      "http://\xc3\xa4/",
                                      "gopher://x",
                                      "file:///x",
                                      "javascript://x",
                                      "httpx://x"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        if (guard_url_fault(good[i]) != NULL)
            fail_msg("%s: %s", good[i], guard_url_fault(good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (guard_url_fault(bad[i]) == NULL)
            fail_msg("%s", bad[i]);
    char url[600] = "http://";
    memset(url + 7, 'a', sizeof url - 8);
    assert_non_null(guard_url_fault(url));
}

static void test_urls_of_other_machines(void **state)
{
    (void)state;
    static const struct guard_reach reach = {.networks = NULL};
    static const char *const here[] = {"http://127.0.0.1:9/x",
                                       "http://name.example/x", /* known when connected to */
                                       "http://[::ffff:127.0.0.1]/"};
    static const char *const outside[] = {"http://10.0.0.1",     "http://[fd00::1]/x",
                                          "http://0.0.0.0/",     "http://[::]/",
                                          "http://[fe80::1]/",   "http://[::ffff:192.0.2.1]/",
                                          "http://169.254.1.1/", "http://%31%30.0.0.1/"};
    for (size_t i = 0; i < sizeof here / sizeof here[0]; i++)
        if (!guard_allows_url(&reach, here[i]))
            fail_msg("%s", here[i]);
    for (size_t i = 0; i < sizeof outside / sizeof outside[0]; i++)
        if (guard_allows_url(&reach, outside[i]))
            fail_msg("%s", outside[i]);
}

static void test_veiled_urls(void **state)
{
    (void)state;
    char one[GUARD_VEILED_SIZE_BYTES], other[GUARD_VEILED_SIZE_BYTES];
    assert_string_equal(guard_veil_url(one, "http://[::1]:80"), "http://[::1]:80");
    assert_string_equal(guard_veil_url(one, "http://[::1]:80/"), "http://[::1]:80/");
    assert_memory_equal(guard_veil_url(one, "http://[::1]:80/secret"), "http://[::1]:80/~", 17);
    assert_int_equal(strlen(one), 17 + 8);
    assert_string_not_equal(one, guard_veil_url(other, "http://[::1]:80/secrot"));
    assert_string_equal(one + 17, guard_veil_url(other, "https://h/secret") + 11);
    assert_memory_equal(guard_veil_url(one, "http://h?secret"), "http://h/~", 10);
    assert_null(strstr(one, "secret"));
    assert_true(guard_has_path("http://h:1/secret", "/secret"));
    assert_true(guard_has_path(guard_veil_url(one, "http://h:1/secret"), "/secret"));
    assert_true(guard_has_path("http://h/", "/"));
    assert_false(guard_has_path("http://h:1/secret", "/secrot"));
    assert_false(guard_has_path(guard_veil_url(one, "http://h:1/secret"), "/secrot"));
    assert_false(guard_has_path("http://h:1", "/secret"));
    assert_false(guard_has_path("", "/secret"));
}

static void test_names(void **state)
{
    (void)state;
    static const char *const good[] = {"a", "...", ".a", "A.b_c-9", "-"};
    static const char *const bad[] = {"", ".", "..", "a b", "a/b", "a\n", "\xc3\xa4", "%2e"};
    char name[GUARD_NAME_SIZE_BYTES + 1];
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_true(guard_is_name(good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(guard_is_name(bad[i]));
    memset(name, 'a', sizeof name);
    name[GUARD_NAME_SIZE_BYTES] = '\0';
    assert_false(guard_is_name(name));
    assert_true(guard_is_name(name + 1));
}

static void test_token_file(void **state)
{
    (void)state;
    static const struct {
        const char *content, *token;
    } cases[] = {{"0123456789abcdef\nmore\n", "0123456789abcdef"},
                 {"0123456789abcdef", "0123456789abcdef"},
                 {"0123456789abcdef\r\n", "0123456789abcdef"},
                 {"", NULL},
                 {"short\n", NULL},
                 {"0123456789 abcdef\n", NULL},
                 {"\n0123456789abcdef\n", NULL}};
    char path[] = "/tmp/rcesim-token-XXXXXX", token[GUARD_TOKEN_SIZE_BYTES];
    struct error error;
    int made = mkstemp(path);
    assert_true(made >= 0);
    close(made);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        FILE *file = fopen(path, "w");
        fputs(cases[i].content, file);
        fclose(file);
        assert_true(guard_read_token(token, path, &error) == (cases[i].token != NULL));
        if (cases[i].token != NULL)
            assert_string_equal(token, cases[i].token);
    }
    remove(path);
    assert_false(guard_read_token(token, path, &error));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_networks),    cmocka_unit_test(test_loopback_can_be_shut),
        cmocka_unit_test(test_urls),        cmocka_unit_test(test_urls_of_other_machines),
        cmocka_unit_test(test_veiled_urls), cmocka_unit_test(test_token_file),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
