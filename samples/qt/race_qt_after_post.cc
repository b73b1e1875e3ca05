// What a queued call was given is used there from then on: here the sender still writes to it.
#include "barrier.h"
#include <QCoreApplication>
#include <QThread>

static struct schedule s;
static int item;

int main(int argc, char **argv)
{
    QCoreApplication application(argc, argv);
    QThread thread;
    QObject there;
    there.moveToThread(&thread);
    thread.start();
    QMetaObject::invokeMethod(
        &there,
        [] {
            await(&s, 1);
            item = 2; // RACE
            step(&s, 2);
        },
        Qt::QueuedConnection);
    step(&s, 1);
    await(&s, 2);
    item = 1; // RACE
    thread.quit();
    thread.wait();
    return item - 1;
}
