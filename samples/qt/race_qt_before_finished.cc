// The result of a future's function is there when it is finished, not before.
#include "barrier.h"
#include <QtConcurrent>

static struct schedule s;
static int result;

int main()
{
    QFuture<void> future = QtConcurrent::run([] {
        await(&s, 1);
        result = 1; // RACE
        step(&s, 2);
    });
    step(&s, 1);
    await(&s, 2);
    result++; // RACE
    future.waitForFinished();
    return 0;
}
