// A base class whose destructor waits for its thread: too late. The thread's virtual call has read the virtual pointer,
// and the destructor of the base begins by rewriting it, unordered, before it joins.
#include "barrier.h"
#include <thread>

static struct schedule s;

class Worker {
public:
    virtual ~Worker() { thread.join(); } // RACE
    virtual int work() = 0;
    void start()
    {
        thread = std::thread([this] { run(); });
    }

private:
    void run()
    {
        result = work(); // RACE
        step(&s, 1);
    }
    std::thread thread;
    int result = 0;
};

class Printer : public Worker {
    int work() override { return 2; }
};

int main()
{
    Printer printer;
    printer.start();
    await(&s, 1);
    return 0;
}
