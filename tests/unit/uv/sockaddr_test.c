/* Endpoints as the system's addresses, and its errors as ours. */
#include "uv/sockaddr.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include <cmocka.h>

static void assert_round_trip(const char *text, sa_family_t family)
{
    struct endpoint at = {.port = 26656};
    struct sockaddr_storage address;
    assert_int_equal(ip_parse(span_of_text(text), &at.ip), ERR_OK);
    socklen_t n = sockaddr_of_endpoint(&at, &address);
    assert_int_equal(address.ss_family, family);
    assert_int_equal(
        n, family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6));
    struct endpoint back = sockaddr_to_endpoint((struct sockaddr *)&address);
    assert_true(endpoint_equal(&at, &back));
}

static void sockaddr_keeps_endpoints(void **state)
{
    (void)state;
    assert_round_trip("127.0.0.1", AF_INET);
    assert_round_trip("::1", AF_INET6);
    assert_round_trip("2600:1901:0:1::5", AF_INET6);
}

static void sockaddr_of_another_family_is_no_endpoint(void **state)
{
    (void)state;
    const struct sockaddr local = {.sa_family = AF_UNIX};
    const struct endpoint none = {0};
    struct endpoint at = sockaddr_to_endpoint(&local);
    assert_true(endpoint_equal(&at, &none));
}

static void err_of_uv_blames_the_address_for_what_lies_beyond_our_route(void **state)
{
    (void)state;
    static const int theirs[] = {
        UV_ECONNREFUSED, UV_ETIMEDOUT, UV_EHOSTUNREACH, UV_EHOSTDOWN, UV_ECONNRESET};
    for (size_t i = 0; i < sizeof theirs / sizeof *theirs; i++)
        assert_int_equal(err_blame(err_of_uv(theirs[i])), BLAME_PEER);
    assert_int_equal(err_of_uv(UV_EHOSTUNREACH), ERR_HOST_UNREACHABLE);
}

static void err_of_uv_blames_our_host_for_its_own_lacks(void **state)
{
    (void)state;
    static const int ours[] = {UV_ENETUNREACH, UV_ENETDOWN, UV_EADDRNOTAVAIL, UV_EADDRINUSE,
        UV_EMFILE, UV_ENFILE, UV_ENOBUFS, UV_ENOMEM, UV_EACCES, UV_EPERM, UV_EAFNOSUPPORT};
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        assert_int_equal(err_blame(err_of_uv(ours[i])), BLAME_ENVIRONMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sockaddr_keeps_endpoints),
        cmocka_unit_test(sockaddr_of_another_family_is_no_endpoint),
        cmocka_unit_test(err_of_uv_blames_the_address_for_what_lies_beyond_our_route),
        cmocka_unit_test(err_of_uv_blames_our_host_for_its_own_lacks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
