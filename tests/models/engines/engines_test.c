/* Engines by name. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "models/engines/engines.h"

static void test_each_engine_is_found_by_its_name(void **state)
{
    (void)state;
    assert_true(engines_count() >= 1);
    for (size_t i = 0; i < engines_count(); i++) {
        const struct rce_engine *engine = engines_at(i);
        assert_non_null(engine);
        assert_string_equal(engine->name, engines_names()[i]);
        assert_ptr_equal(engines_find(engine->name), engine);
        assert_int_equal(engine->abi, RCE_ABI);
    }
    assert_ptr_equal(engines_find("rce"), &rce_engine);
}

static void test_unknown_engines_are_not_found(void **state)
{
    (void)state;
    assert_null(engines_find(""));
    assert_null(engines_find("rc"));
    assert_null(engines_find("rce2"));
    assert_null(engines_at(engines_count()));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_engine_is_found_by_its_name),
        cmocka_unit_test(test_unknown_engines_are_not_found),
    };
    return cmocka_run_group_tests_name("engines/engines", tests, NULL, NULL);
}
