// Qt's mutex, read-write lock, semaphore and condition, with contention: made of atomic operations and futexes of its own.
#include "barrier.h"
#include <QMutex>
#include <QReadWriteLock>
#include <QSemaphore>
#include <QThread>
#include <QWaitCondition>

static struct barrier all;
static QMutex mutex, flag_mutex;
static QReadWriteLock lock;
static QSemaphore items(0);
static QWaitCondition changed;
static int counted, written, item;
static bool flag;

static void work(int i)
{
    barrier_wait(&all, 4);
    for (int k = 0; k < 500; k++) {
        mutex.lock();
        counted++;
        mutex.unlock();
        if (i % 2) {
            QWriteLocker locker(&lock);
            written++;
        } else {
            QReadLocker locker(&lock);
            if (written < 0)
                return;
        }
    }
}

int main()
{
    QThread *threads[4];
    for (int i = 0; i < 4; i++) {
        threads[i] = QThread::create(work, i);
        threads[i]->start();
    }
    for (QThread *thread : threads) {
        thread->wait();
        delete thread;
    }
    QThread *other = QThread::create([] {
        item = 1;
        items.release();
        QMutexLocker locker(&flag_mutex);
        flag = true;
        changed.wakeAll();
    });
    other->start();
    items.acquire();
    item++;
    flag_mutex.lock();
    while (!flag)
        changed.wait(&flag_mutex);
    flag_mutex.unlock();
    other->wait();
    delete other;
    return counted == 2000 && written == 1000 && item == 2 ? 0 : 1;
}
