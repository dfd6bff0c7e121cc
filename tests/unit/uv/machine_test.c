#include "uv/machine.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define WAIT_MS 50

static void cpu_time_goes_on_while_there_is_work(void **state)
{
    (void)state;
    int64_t begin_ns = machine_cpu_ns(NULL);
    while (machine_cpu_ns(NULL) == begin_ns)
        continue;
    assert_true(machine_cpu_ns(NULL) > begin_ns);
}

static void cpu_time_stands_still_while_a_thread_waits(void **state)
{
    (void)state;
    int64_t begin_ns = machine_cpu_ns(NULL);
    uv_sleep(WAIT_MS);
    assert_true(machine_cpu_ns(NULL) - begin_ns < WAIT_MS * INT64_C(1000000));
}

static void use_cpu_time(void *used_ns)
{
    int64_t begin_ns = machine_cpu_ns(NULL);
    while ((*(int64_t *)used_ns = machine_cpu_ns(NULL) - begin_ns) < 20000000)
        continue;
}

static void cpu_time_of_another_thread_is_not_counted(void **state)
{
    (void)state;
    uv_thread_t worker;
    int64_t others_ns, begin_ns = machine_cpu_ns(NULL);
    assert_int_equal(uv_thread_create(&worker, use_cpu_time, &others_ns), 0);
    assert_int_equal(uv_thread_join(&worker), 0);
    assert_true(machine_cpu_ns(NULL) - begin_ns < others_ns);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cpu_time_goes_on_while_there_is_work),
        cmocka_unit_test(cpu_time_stands_still_while_a_thread_waits),
        cmocka_unit_test(cpu_time_of_another_thread_is_not_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
