#include "queue.hpp"

#include <exception>
#include <iterator>
#include <stdexcept>

#include "blocks.hpp"
#include "faults.hpp"
#include "memory.hpp"
#include "runtime.hpp"

namespace emulation {

Registry& registry() {
  static Registry& the_registry = *new Registry;  // outlives what is destroyed at exit
  return the_registry;
}

CUstream_st* find_stream(cudaStream_t handle) {
  if (handle == nullptr) return &registry().legacy;
  return registry().streams.contains(handle) ? handle : nullptr;
}

bool waits_for_legacy(const CUstream_st& stream) {
  return (stream.flags & cudaStreamNonBlocking) == 0;
}

bool capturing(bool even_relaxed) {
  for (const CUstream_st* s : registry().streams)
    if (s->capture && (even_relaxed || s->capture->mode != cudaStreamCaptureModeRelaxed))
      return true;
  return false;
}

void invalidate_captures(bool even_relaxed) {
  for (const CUstream_st* s : registry().streams)
    if (s->capture && (even_relaxed || s->capture->mode != cudaStreamCaptureModeRelaxed))
      s->capture->invalid = true;
}

std::shared_ptr<Marker> mark_end(CUstream_st& stream) {
  if (!stream.queue.empty() && stream.queue.back().marker) return stream.queue.back().marker;
  auto marker = std::make_shared<Marker>();
  marker->stream = &stream;
  Operation operation;
  operation.marker = marker;
  stream.queue.push_back(std::move(operation));
  return marker;
}

namespace {

void wait_in(CUstream_st& stream, std::shared_ptr<Marker> marker) {
  Operation operation;
  operation.after = std::move(marker);
  stream.queue.push_back(std::move(operation));
}

/// The null stream and the streams not made cudaStreamNonBlocking wait for each other.
void join_legacy(CUstream_st& stream) {
  CUstream_st& legacy = registry().legacy;
  if (&stream == &legacy) {
    for (CUstream_st* other : registry().streams)
      if (waits_for_legacy(*other) && !other->queue.empty()) wait_in(legacy, mark_end(*other));
  } else if (waits_for_legacy(stream) && !legacy.queue.empty()) {
    wait_in(stream, mark_end(legacy));
  }
}

bool executing = false;

/// Executes the first operation of a stream, and what it waits for.
void advance(CUstream_st& stream) {
  while (const auto after = stream.queue.front().after) {
    stream.queue.front().after = nullptr;
    while (!after->reached) advance(*after->stream);
  }
  const Operation operation = std::move(stream.queue.front());
  stream.queue.pop_front();
  if (operation.run) {
    operation.run();
    check_margins();
  }
  if (operation.marker) {
    operation.marker->reached = true;
    operation.marker->when = std::chrono::steady_clock::now();
  }
}

/// Runs `steps` with device memory open; what they throw loses the device.
template <class Steps>
cudaError_t execute(const Steps& steps) {
  if (const cudaError_t status = usable(); status != cudaSuccess) return status;
  report_faults();
  const DeviceAccess access;
  executing = true;
  cudaError_t status = cudaSuccess;
  try {
    steps();
  } catch (const std::exception& e) {
    status = lose_device(e.what());
  }
  executing = false;
  return status;
}

/// Nobody promised that the others wait to be waited for.
void advance_others(const CUstream_st* stream) {
  if (thread_order() == ThreadOrder::ascending) return;
  for (CUstream_st* other : registry().streams) {
    if (other == stream) continue;
    std::size_t count = other->queue.size();
    if (thread_order() == ThreadOrder::shuffled) count = random_below(count + 1);
    while (count-- > 0 && !other->queue.empty()) advance(*other);
  }
}

}  // namespace

bool is_executing() { return executing; }

cudaError_t submit(CUstream_st& stream, Operation operation) {
  if (stream.capture) {
    Capture& capture = *stream.capture;
    if (capture.invalid) return cudaErrorStreamCaptureInvalidated;
    capture.nodes.push_back({operation.type, std::move(operation.run), stream.tips});
    stream.tips = {capture.nodes.size() - 1};
    return cudaSuccess;
  }
  if (&stream == &registry().legacy)
    for (CUstream_st* s : registry().streams)
      if (s->capture && waits_for_legacy(*s)) {
        s->capture->invalid = true;
        return cudaErrorStreamCaptureImplicit;
      }
  join_legacy(stream);
  stream.queue.push_back(std::move(operation));
  return cudaSuccess;
}

cudaError_t finish(CUstream_st& stream) {
  return execute([&] {
    advance_others(&stream);
    while (!stream.queue.empty()) advance(stream);
  });
}

cudaError_t finish(Marker& marker) {
  return execute([&] {
    if (!marker.reached) advance_others(marker.stream);
    while (!marker.reached) advance(*marker.stream);
  });
}

cudaError_t make_progress(CUstream_st& stream) {
  return execute([&] {
    if (!stream.queue.empty()) advance(stream);
  });
}

cudaError_t finish_everything() {
  return execute([] {
    advance_others(nullptr);
    Registry& r = registry();
    for (CUstream_st* s : r.streams)
      while (!s->queue.empty()) advance(*s);
    while (!r.legacy.queue.empty()) advance(r.legacy);
  });
}

void run_nodes(const Nodes& nodes) {
  std::vector<std::size_t> missing(nodes.size());
  std::vector<std::vector<std::size_t>> next(nodes.size());
  std::set<std::size_t> free;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    missing[i] = nodes[i].after.size();
    for (const std::size_t before : nodes[i].after) next[before].push_back(i);
    if (missing[i] == 0) free.insert(i);
  }
  while (!free.empty()) {
    auto chosen = free.begin();
    if (thread_order() == ThreadOrder::descending) chosen = std::prev(free.end());
    if (thread_order() == ThreadOrder::shuffled)
      std::advance(chosen, static_cast<std::ptrdiff_t>(random_below(free.size())));
    const std::size_t node = *chosen;
    free.erase(chosen);
    nodes[node].run();
    check_margins();
    for (const std::size_t i : next[node])
      if (--missing[i] == 0) free.insert(i);
  }
}

cudaError enqueue(cudaStream_t handle, std::function<void()> work, std::string name) {
  const Lock lock;
  if (const cudaError_t status = usable(); status != cudaSuccess) return noted(status);
  CUstream_st* const stream = find_stream(handle);
  if (stream == nullptr) return noted(cudaErrorInvalidResourceHandle);
  Operation operation;
  operation.type = cudaGraphNodeTypeHost;
  operation.run = [work = std::move(work), name = std::move(name)] {
    try {
      work();
    } catch (const std::exception& e) {
      throw std::runtime_error(name + ": " + e.what());
    }
  };
  return noted(submit(*stream, std::move(operation)));
}

std::size_t pending_operations() {
  const Lock lock;
  std::size_t n = registry().legacy.queue.size();
  for (const CUstream_st* s : registry().streams) n += s->queue.size();
  return n;
}

}  // namespace emulation
