// Calls and signals that are queued to another thread's objects run after what was done before they were.
#include <QCoreApplication>
#include <QThread>

#define ITEMS 100

static int received, sum;

int main(int argc, char **argv)
{
    QCoreApplication application(argc, argv);
    QThread thread;
    QObject there, here;
    there.moveToThread(&thread);
    thread.start();
    for (int i = 0; i < ITEMS; i++) {
        int *item = new int(i);
        QMetaObject::invokeMethod(
            &there,
            [item, &here] {
                *item += 1;
                QMetaObject::invokeMethod(
                    &here,
                    [item] {
                        sum += *item;
                        delete item;
                        if (++received == ITEMS)
                            QCoreApplication::quit();
                    },
                    Qt::QueuedConnection);
            },
            Qt::QueuedConnection);
    }
    QCoreApplication::exec();
    thread.quit();
    thread.wait();
    return sum == ITEMS * (ITEMS + 1) / 2 ? 0 : 1;
}
