// Nodes of a flow graph and filters of a pipeline pass on what they point to; a serial one has a state of its own.
#include <oneapi/tbb/flow_graph.h>
#include <oneapi/tbb/parallel_pipeline.h>

int main()
{
    int sum = 0, made = 0, taken = 0;
    tbb::flow::graph graph;
    tbb::flow::function_node<int *, int *> grow(graph, tbb::flow::unlimited, [](int *p) {
        *p += 1;
        return p;
    });
    tbb::flow::function_node<int *, int> add(graph, tbb::flow::serial, [&](int *p) {
        sum += *p;
        delete p;
        return 0;
    });
    tbb::flow::make_edge(grow, add);
    for (int i = 0; i < 50; i++)
        grow.try_put(new int(i));
    graph.wait_for_all();

    tbb::parallel_pipeline(
        4, tbb::make_filter<void, int *>(tbb::filter_mode::serial_in_order, [&](tbb::flow_control &control) -> int * {
               if (made == 50) {
                   control.stop();
                   return nullptr;
               }
               return new int(made++);
           }) & tbb::make_filter<int *, int *>(tbb::filter_mode::parallel, [](int *p) {
               *p += 1;
               return p;
           }) & tbb::make_filter<int *, void>(tbb::filter_mode::serial_in_order, [&](int *p) {
               taken += *p;
               delete p;
           }));
    return sum == taken && sum == 1275 ? 0 : 1;
}
