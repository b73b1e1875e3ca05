// The reference count of a shared_ptr orders the last owner's destructor after everybody else's use of the object.
#include "barrier.h"
#include <memory>
#include <thread>

static struct barrier b;
static int destroyed;

struct Object {
    int uses[2] = {0, 0};
    ~Object() { destroyed = uses[0] + uses[1]; }
};

static void use(std::shared_ptr<Object> object, int who)
{
    barrier_wait(&b, 2);
    object->uses[who] = 1;
}

int main()
{
    auto object = std::make_shared<Object>();
    std::thread other(use, object, 1);
    use(std::move(object), 0);
    other.join();
    return destroyed == 2 ? 0 : 1;
}
