// Two mutexes for one variable.
#include "barrier.h"
#include <QMutex>
#include <QThread>

static struct schedule s;
static QMutex mine, yours;
static int counter;

int main()
{
    QThread *thread = QThread::create([] {
        yours.lock();
        counter++; // RACE
        yours.unlock();
        step(&s, 1);
    });
    thread->start();
    await(&s, 1);
    mine.lock();
    counter++; // RACE
    mine.unlock();
    thread->wait();
    delete thread;
    return 0;
}
