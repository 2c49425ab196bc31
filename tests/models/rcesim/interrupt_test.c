/* Ctrl-C twice at once is one wish, and a second later it is another. */
#include "models/rcesim/interrupt.h"

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <sys/wait.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Raise a signal, another after a pause, and end well. Returns how the process ended. */
static int end_of(int first, int second, long pause_ms, bool is_caught_again)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        const volatile sig_atomic_t *interrupted = interrupt_catch();
        const struct timespec pause = {pause_ms / 1000, pause_ms % 1000 * 1000000};
        raise(first);
        nanosleep(&pause, NULL);
        if (*interrupted == 0)
            _exit(2);
        if (is_caught_again && *interrupt_catch() != 0)
            _exit(3);
        raise(second);
        _exit(*interrupted != 0 ? 0 : 4);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static void test_twice(void **state)
{
    (void)state;
    assert_int_equal(end_of(SIGTERM, SIGTERM, 0, false), 0);
    assert_int_equal(end_of(SIGINT, SIGINT, 10, false), 0);
    int status = end_of(SIGTERM, SIGTERM, 1050, false);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
    status = end_of(SIGINT, SIGINT, 1050, false);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGINT);
    assert_int_equal(end_of(SIGINT, SIGTERM, 1050, false), 0); /* of another kind */
    assert_int_equal(end_of(SIGTERM, SIGTERM, 1050, true), 0); /* for another stretch of work */
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_twice)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
