// Runnables, futures and maps of Qt's pool; strings that threads share by counting.
#include <QtConcurrent>
#include <QThreadPool>
#include <QVector>

struct work : QRunnable {
    int *value;
    explicit work(int *v) : value(v)
    {
    }
    void run() override
    {
        *value += 1;
    }
};

int main()
{
    int values[32] = {}, sum = 0, before = 0;
    for (int &value : values)
        QThreadPool::globalInstance()->start(new work(&value));
    QThreadPool::globalInstance()->waitForDone();
    for (int value : values)
        sum += value;

    QFuture<int> future = QtConcurrent::run([&] {
        before = 1;
        return 2;
    });
    future.waitForFinished();
    before += future.result();

    QVector<int> numbers(500, 1);
    QtConcurrent::blockingMap(numbers, [](int &x) { x *= 2; });

    QString shared = "ab";
    QFuture<QString> changed = QtConcurrent::run([shared] {
        QString mine = shared;
        mine += "c";
        return mine;
    });
    shared += "d";
    return sum == 32 && before == 3 && numbers[499] == 2 && changed.result() == "abc" && shared == "abd" ? 0 : 1;
}
