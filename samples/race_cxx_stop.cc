// The reason is written after the stop was requested.
#include "barrier.h"
#include <stop_token>
#include <thread>

static struct schedule s;
static int reason;

int main()
{
    int seen = 0;
    std::jthread polls([&](std::stop_token token) {
        bool asked = token.stop_requested();
        step(&s, 1);
        while (!asked)
            asked = token.stop_requested();
        await(&s, 2);
        seen = reason; // RACE
    });
    await(&s, 1);
    polls.request_stop();
    reason = 1; // RACE
    step(&s, 2);
    polls.join();
    return seen - 1;
}
