// An exception that several threads refer to ends with the last reference, after all that others have done with it.
#include "barrier.h"
#include <cstring>
#include <exception>
#include <mutex>
#include <stdexcept>
#include <thread>

static struct schedule s;
static std::mutex m;
static std::exception_ptr shared;
static std::runtime_error *message;
static int used;

struct failure {
    int code;
};

static std::exception_ptr take()
{
    std::lock_guard<std::mutex> lock(m);
    return std::move(shared);
}

static void work()
{
    try {
        throw failure{7};
    } catch (failure &f) {
        {
            std::lock_guard<std::mutex> lock(m);
            shared = std::current_exception();
        }
        used = f.code; // the handler refers to it as well
    }
    {
        std::runtime_error copy(*message); // of the same text
        used += (int)std::strlen(copy.what());
    }
    step(&s, 1);
}

int main()
{
    message = new std::runtime_error("a text that is longer than a word or two");
    std::thread thread(work);
    await(&s, 1);
    try {
        std::rethrow_exception(take());
    } catch (failure &f) {
        f.code = 0;
    }
    delete message;
    thread.join();
    return used == 0;
}
