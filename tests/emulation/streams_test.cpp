#include <sys/wait.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <csignal>
#include <cstdlib>

#include "emulation/emulation_harness.hpp"

/// What emulated streams, graphs and memory do, and which mistakes with them are noticed.
using namespace mapnet::test;

namespace {

__global__ void add(float* x, float value) { x[threadIdx.x] += value; }
__global__ void scale(float* x, float value) { x[threadIdx.x] *= value; }

/// How a child process that does `deed` ends.
template <class Deed>
bool dies_of_segv(const Deed& deed) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(STDERR_FILENO);  // what it says is not for the log
    std::signal(SIGSEGV, SIG_DFL);
    deed();
    std::_Exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV;
}

struct Pinned {
  Pinned() { check(cudaMallocHost(&p, 4 * sizeof(float))); }
  ~Pinned() { cudaFreeHost(p); }
  float* p = nullptr;
};

struct GraphExec {
  ~GraphExec() { cudaGraphExecDestroy(handle); }
  cudaGraphExec_t handle = nullptr;
};

/// What `enqueue` records on `stream`, with the number of its nodes.
template <class Enqueue>
std::size_t record(cudaStream_t stream, GraphExec& exec, const Enqueue& enqueue) {
  check(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
  enqueue();
  cudaGraph_t graph = nullptr;
  check(cudaStreamEndCapture(stream, &graph));
  std::size_t nodes = 0;
  check(cudaGraphGetNodes(graph, nullptr, &nodes));
  check(cudaGraphInstantiate(&exec.handle, graph, 0));
  check(cudaGraphDestroy(graph));
  return nodes;
}

}  // namespace

BOOST_AUTO_TEST_CASE(work_waits_until_somebody_waits_for_it) {
  const Stream stream;
  const DeviceArray<float> x(std::vector<float>{1});
  const std::size_t executed = emulation::kernels_executed();
  const std::size_t waited = emulation::synchronisations();
  check(launch(stream.handle, 1, 1, add, x.get(), 1.0f));
  BOOST_TEST(emulation::kernels_executed() == executed);
  BOOST_TEST(emulation::pending_operations() == 1u);
  BOOST_TEST(cudaStreamQuery(stream.handle) == cudaErrorNotReady);
  BOOST_TEST(cudaStreamQuery(stream.handle) == cudaSuccess);
  BOOST_TEST(emulation::synchronisations() == waited);
  check(launch(stream.handle, 1, 1, add, x.get(), 1.0f));
  check(cudaStreamSynchronize(stream.handle));
  BOOST_TEST(emulation::kernels_executed() == executed + 2);
  BOOST_TEST(emulation::synchronisations() == waited + 1);
  BOOST_TEST(x.values()[0] == 3.0f);
}

// Of pageable memory CUDA documents of cudaMemcpyAsync only that it might be synchronous.
BOOST_AUTO_TEST_CASE(sources_of_asynchronous_copies_are_read_when_their_turn_comes) {
  const Stream stream;
  const DeviceArray<float> x(2);
  const Pinned pinned;
  std::vector<float> pageable = {1};
  pinned.p[0] = 1;
  const auto copy = [&](float* to, const float* from) {
    check(cudaMemcpyAsync(to, from, sizeof(float), cudaMemcpyHostToDevice, stream.handle));
  };
  copy(x.get(), pageable.data());
  copy(x.get() + 1, pinned.p);
  pageable[0] = pinned.p[0] = 2;
  std::vector<float> found(2);
  const std::size_t waited = emulation::synchronisations();
  check(cudaMemcpyAsync(found.data(), x.get(), 8, cudaMemcpyDeviceToHost, stream.handle));
  BOOST_TEST(emulation::synchronisations() == waited + 1);  // to pageable memory it waits
  BOOST_TEST(found == (std::vector<float>{2, 2}));

  pinned.p[0] = 3;
  check(cudaMemcpyAsync(pinned.p, x.get(), 4, cudaMemcpyDeviceToHost, stream.handle));
  BOOST_TEST(pinned.p[0] == 3.0f);
  check(cudaStreamSynchronize(stream.handle));
  BOOST_TEST(pinned.p[0] == 2.0f);
}

BOOST_AUTO_TEST_CASE(a_copy_from_pageable_memory_returns_before_it_arrives) {
  const Stream stream;
  const DeviceArray<float> x(std::vector<float>{1});
  const float two = 2;
  check(cudaMemcpy(x.get(), &two, sizeof two, cudaMemcpyHostToDevice));
  // Waits for no null stream: sees the old value, then the new one overwrites its own.
  check(launch(stream.handle, 1, 1, add, x.get(), 5.0f));
  check(cudaStreamSynchronize(stream.handle));
  BOOST_TEST(x.values()[0] == 2.0f);
}

BOOST_AUTO_TEST_CASE(copies_must_fit_and_go_where_they_say) {
  const DeviceArray<float> x(4);
  float host[8] = {};
  BOOST_TEST(cudaMemcpy(x.get(), host, 20, cudaMemcpyHostToDevice) == cudaErrorInvalidValue);
  BOOST_TEST(cudaMemcpy(x.get(), host, 16, cudaMemcpyDeviceToHost) == cudaErrorInvalidValue);
  BOOST_TEST(cudaMemset(x.get() + 1, 0, 16) == cudaErrorInvalidValue);
  BOOST_TEST(cudaMemset(host, 0, 16) == cudaErrorInvalidValue);
  cudaGetLastError();
}

BOOST_AUTO_TEST_CASE(streams_of_their_own_are_ordered_by_events_alone) {
  for (const emulation::ThreadOrder order : kOrders) {
    const WithOrder with(order);
    const Stream a, b;
    const Event event;
    const DeviceArray<float> x(std::vector<float>{1});
    check(launch(a.handle, 1, 1, add, x.get(), 1.0f));
    check(cudaEventRecord(event.handle, a.handle));
    check(cudaStreamWaitEvent(b.handle, event.handle));
    check(launch(b.handle, 1, 1, scale, x.get(), 3.0f));
    check(cudaStreamSynchronize(b.handle));
    BOOST_TEST(x.values()[0] == 6.0f);
    BOOST_TEST(cudaEventQuery(event.handle) == cudaSuccess);
  }
}

BOOST_AUTO_TEST_CASE(an_event_is_waited_for_with_what_is_before_it_and_no_more) {
  const Stream stream;
  const Event never, event;
  const DeviceArray<float> x(std::vector<float>{1});
  const std::size_t waited = emulation::synchronisations();
  check(cudaEventSynchronize(never.handle));
  check(launch(stream.handle, 1, 1, add, x.get(), 1.0f));
  check(cudaEventRecord(event.handle, stream.handle));
  check(launch(stream.handle, 1, 1, add, x.get(), 1.0f));
  const std::size_t executed = emulation::kernels_executed();
  check(cudaEventSynchronize(event.handle));
  BOOST_TEST(emulation::kernels_executed() == executed + 1);
  BOOST_TEST(emulation::pending_operations() == 1u);
  check(cudaEventSynchronize(event.handle));
  BOOST_TEST(emulation::synchronisations() == waited + 1);  // the others had nothing to wait for
  check(cudaStreamSynchronize(stream.handle));
}

BOOST_AUTO_TEST_CASE(events_measure_time) {
  const Stream stream;
  const Event begin, end;
  check(cudaEventRecord(begin.handle, stream.handle));
  check(cudaEventRecord(end.handle, stream.handle));
  float milliseconds = -1;
  BOOST_TEST(cudaEventElapsedTime(&milliseconds, begin.handle, end.handle) == cudaErrorNotReady);
  check(cudaEventSynchronize(end.handle));
  check(cudaEventElapsedTime(&milliseconds, begin.handle, end.handle));
  BOOST_TEST(milliseconds >= 0);
}

BOOST_AUTO_TEST_CASE(a_graph_replays_what_was_recorded) {
  const Stream stream;
  const DeviceArray<float> x(std::vector<float>{1});
  const Pinned pinned;
  GraphExec exec;
  float value = 2;
  const std::size_t nodes = record(stream.handle, exec, [&] {
    check(launch(stream.handle, 1, 1, scale, x.get(), value));
    float* const to = x.get();
    check(emulation::enqueue(stream.handle, [to] { *to += 1; }));
    check(cudaMemcpyAsync(pinned.p, to, sizeof(float), cudaMemcpyDeviceToHost, stream.handle));
  });
  BOOST_TEST(nodes == 3u);
  BOOST_TEST(x.values()[0] == 1.0f);  // recording ran nothing
  value = 100;                        // too late: arguments are the graph's
  const std::size_t launches = emulation::kernel_launches();
  const std::size_t graphs = emulation::graph_launches();
  for (int i = 0; i < 3; ++i) check(cudaGraphLaunch(exec.handle, stream.handle));
  check(cudaStreamSynchronize(stream.handle));
  BOOST_TEST(pinned.p[0] == 15.0f);
  BOOST_TEST(emulation::kernel_launches() == launches);
  BOOST_TEST(emulation::graph_launches() == graphs + 3);
}

BOOST_AUTO_TEST_CASE(what_must_not_happen_during_capture_spoils_it) {
  const Stream stream;
  const DeviceArray<float> x(1);
  const Event event;
  float host = 0;
  void* p = nullptr;
  const std::vector<std::function<cudaError_t()>> deeds = {
      [&] { return cudaStreamSynchronize(stream.handle); },
      [&] { return cudaStreamQuery(stream.handle); },
      [&] { return cudaDeviceSynchronize(); },
      [&] { return cudaMalloc(&p, 4); },
      [&] { return cudaMallocHost(&p, 4); },
      [&] { return cudaMemcpy(x.get(), &host, 4, cudaMemcpyHostToDevice); },
      [&] { return cudaMemcpyAsync(x.get(), &host, 4, cudaMemcpyHostToDevice, stream.handle); },
      [&] { return cudaMemcpyAsync(&host, x.get(), 4, cudaMemcpyDeviceToHost, stream.handle); }};
  for (const auto& deed : deeds) {
    check(cudaStreamBeginCapture(stream.handle, cudaStreamCaptureModeGlobal));
    check(launch(stream.handle, 1, 1, add, x.get(), 1.0f));
    BOOST_TEST(deed() == cudaErrorStreamCaptureUnsupported);
    BOOST_TEST(launch(stream.handle, 1, 1, add, x.get(), 1.0f) ==
               cudaErrorStreamCaptureInvalidated);
    cudaGraph_t graph = nullptr;
    BOOST_TEST(cudaStreamEndCapture(stream.handle, &graph) == cudaErrorStreamCaptureInvalidated);
    BOOST_TEST(graph == nullptr);
  }
  cudaGetLastError();
}

BOOST_AUTO_TEST_CASE(a_capture_forks_and_joins_by_events) {
  for (const emulation::ThreadOrder order : kOrders) {
    const WithOrder with(order);
    const Stream a, b;
    const Event fork, join;
    const DeviceArray<float> x(std::vector<float>{1}), y(std::vector<float>{1});
    GraphExec exec;
    const std::size_t nodes = record(a.handle, exec, [&] {
      check(launch(a.handle, 1, 1, add, x.get(), 1.0f));
      check(cudaEventRecord(fork.handle, a.handle));
      check(cudaStreamWaitEvent(b.handle, fork.handle));
      check(launch(b.handle, 1, 1, add, y.get(), 2.0f));
      check(launch(a.handle, 1, 1, scale, x.get(), 2.0f));
      check(cudaEventRecord(join.handle, b.handle));
      check(cudaStreamWaitEvent(a.handle, join.handle));
      check(launch(a.handle, 1, 1, scale, y.get(), 5.0f));
    });
    BOOST_TEST(nodes == 4u);
    check(cudaGraphLaunch(exec.handle, a.handle));
    check(cudaStreamSynchronize(a.handle));
    BOOST_TEST(x.values()[0] == 4.0f);
    BOOST_TEST(y.values()[0] == 15.0f);
  }
}

BOOST_AUTO_TEST_CASE(a_forked_stream_must_join_again) {
  const Stream a, b;
  const Event fork;
  const DeviceArray<float> x(1);
  check(cudaStreamBeginCapture(a.handle, cudaStreamCaptureModeGlobal));
  check(cudaEventRecord(fork.handle, a.handle));
  check(cudaStreamWaitEvent(b.handle, fork.handle));
  check(launch(b.handle, 1, 1, add, x.get(), 1.0f));
  cudaGraph_t graph = nullptr;
  BOOST_TEST(cudaStreamEndCapture(a.handle, &graph) == cudaErrorStreamCaptureUnjoined);
  cudaGetLastError();
}

BOOST_AUTO_TEST_CASE(the_host_must_not_touch_device_memory) {
  if (std::getenv("MAPNET_EMULATION_UNPROTECTED")) return;
  const DeviceArray<float> x(std::vector<float>{1});
  BOOST_TEST(dies_of_segv([&] { *const_cast<volatile float*>(x.get()) = 2; }));
  BOOST_TEST(!dies_of_segv([&] {
    const emulation::DeviceAccess access;
    *const_cast<volatile float*>(x.get()) = 2;
  }));
  // A kernel that strays further than the margin of its allocation.
  BOOST_TEST(dies_of_segv([&] {
    launch(nullptr, 1, 128, add, x.get(), 1.0f);
    cudaDeviceSynchronize();
  }));
}

BOOST_AUTO_TEST_CASE(allocations_are_counted_and_limited) {
  const std::size_t live = emulation::live_device_allocations();
  const std::size_t made = emulation::device_allocations();
  {
    const DeviceArray<float> x(10);
    BOOST_TEST(emulation::live_device_allocations() == live + 1);
    BOOST_TEST(emulation::device_allocations() == made + 1);
  }
  BOOST_TEST(emulation::live_device_allocations() == live);
  std::size_t free = 0, total = 0;
  check(cudaMemGetInfo(&free, &total));
  void* p = nullptr;
  BOOST_TEST(cudaMalloc(&p, total + 1) == cudaErrorMemoryAllocation);
  BOOST_TEST(cudaGetLastError() == cudaErrorMemoryAllocation);
}

BOOST_AUTO_TEST_CASE(devices_are_chosen_by_their_number) {
  emulation::set_devices({61, 90});
  int n = 0, device = 0, major = 0, minor = 0;
  check(cudaGetDeviceCount(&n));
  BOOST_TEST(n == 2);
  check(cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, 0));
  check(cudaDeviceGetAttribute(&minor, cudaDevAttrComputeCapabilityMinor, 0));
  BOOST_TEST(major == 6);
  BOOST_TEST(minor == 1);
  BOOST_TEST(cudaSetDevice(2) == cudaErrorInvalidDevice);
  {
    const Stream of_first;
    check(cudaSetDevice(1));
    check(cudaGetDevice(&device));
    BOOST_TEST(device == 1);
    const Stream of_second;
    const DeviceArray<float> x(1);
    BOOST_TEST(launch(of_first.handle, 1, 1, add, x.get(), 1.0f) == cudaErrorInvalidResourceHandle);
    check(launch(of_second.handle, 1, 1, add, x.get(), 1.0f));
    check(cudaSetDevice(0));
  }
  emulation::set_devices({});
  BOOST_TEST(cudaGetDeviceCount(&n) == cudaErrorNoDevice);
  emulation::set_devices({90});
  cudaGetLastError();
}

BOOST_AUTO_TEST_CASE(a_failed_launch_loses_the_device) {
  const Stream stream;
  check(emulation::enqueue(
      stream.handle, [] { throw std::runtime_error("wrong"); }, "deed"));
  BOOST_TEST(cudaStreamSynchronize(stream.handle) == cudaErrorLaunchFailure);
  BOOST_TEST(std::string(cudaGetErrorString(cudaErrorLaunchFailure)) == "deed: wrong");
  BOOST_TEST(cudaDeviceSynchronize() == cudaErrorLaunchFailure);
  emulation::forgive();
  check(cudaDeviceSynchronize());
}
