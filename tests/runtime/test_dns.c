/* Names to addresses, without a network: numbers, the machine's own name, and answers that nobody waits for any more. */
#include <netdb.h>

#include "dns.h"
#include "net.h"

GORO_TEST(numbers)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM}, *found = NULL;
    CHECK_EQ(goro_getaddrinfo("127.0.0.1", "80", &hints, &found), 0);
    CHECK(found && found->ai_family == AF_INET);
    CHECK_EQ(ntohs(((struct sockaddr_in *)found->ai_addr)->sin_port), 80);
    freeaddrinfo(found);
    CHECK_EQ(goro_getaddrinfo("::1", "80", &hints, &found), 0);
    CHECK(found && found->ai_family == AF_INET6);
    freeaddrinfo(found);
}

GORO_TEST(names)
{
    struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM}, *found = NULL;
    CHECK_EQ(goro_getaddrinfo("localhost", NULL, &hints, &found), 0);
    CHECK(found && ntohl(((struct sockaddr_in *)found->ai_addr)->sin_addr.s_addr) == INADDR_LOOPBACK);
    freeaddrinfo(found);
    CHECK_EQ(goro_getaddrinfo("localhost", "no such service", &hints, &found), EAI_SERVICE);
    CHECK_EQ(goro_getaddrinfo(NULL, NULL, &hints, &found), EAI_NONAME);
    hints.ai_family = 1000;
    CHECK_EQ(goro_getaddrinfo("127.0.0.1", NULL, &hints, &found), EAI_FAMILY);
}

static void look_up(int number)
{
    struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM}, *found = NULL;
    int error = 0, result = rt_resolve("localhost", "80", &hints, number % 2 ? 1 : GORO_FOREVER, &found, &error);
    /* Answered, or given up: then the helper frees what it finds. */
    CHECK(result == 0 || (number % 2 && result == EAI_SYSTEM && error == ETIMEDOUT));
    if (result == 0)
        freeaddrinfo(found);
    finish();
}

GORO_TEST(many_at_once_and_given_up)
{
    int before = goro_num_goroutines();
    for (int i = 0; i < 40; i++)
        CHECK_EQ(goro_go(look_up, i), 0);
    wait_finished(40);
    /* The helpers end, too. */
    while (goro_num_goroutines() > before)
        goro_yield();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers),
        cmocka_unit_test(names),
        cmocka_unit_test(many_at_once_and_given_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
