#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "emulation/runtime_api.hpp"

/// A node of a graph: one operation and the earlier ones it waits for.
struct CUgraphNode_st {
  cudaGraphNodeType type{};
  std::function<void()> run;
  std::set<std::size_t> after;
};

namespace emulation {

using Nodes = std::vector<CUgraphNode_st>;

/// A place in a stream that others wait for.
struct Marker {
  CUstream_st* stream = nullptr;
  bool reached = false;
  std::chrono::steady_clock::time_point when;
};

/// What a stream holds until something waits for it: work, or marks and waits of events.
struct Operation {
  cudaGraphNodeType type{};
  std::function<void()> run = {};
  std::shared_ptr<Marker> marker = {};  ///< reached when the operation is done
  std::shared_ptr<Marker> after = {};   ///< must be reached before
};

/// The recording of a graph, shared by the streams that take part.
struct Capture {
  cudaStreamCaptureMode mode{};
  CUstream_st* origin = nullptr;
  bool active = true, invalid = false;
  Nodes nodes;
};

}  // namespace emulation

struct CUstream_st {
  unsigned flags = 0;
  int device = 0;
  std::deque<emulation::Operation> queue;
  std::shared_ptr<emulation::Capture> capture;  ///< while it takes part in one
  std::set<std::size_t> tips;                   ///< nodes the next recorded one waits for
};

struct CUevent_st {
  unsigned flags = 0;
  std::shared_ptr<emulation::Marker> marker;    ///< of the last record
  std::shared_ptr<emulation::Capture> capture;  ///< where that record was captured
  std::set<std::size_t> tips;
};

struct CUgraph_st {
  std::shared_ptr<const emulation::Nodes> nodes;
};

struct CUgraphExec_st {
  std::shared_ptr<const emulation::Nodes> nodes;
};

namespace emulation {

/// All that exists; handles are checked against it.
struct Registry {
  CUstream_st legacy;  ///< the null stream
  std::set<CUstream_st*> streams;
  std::set<CUevent_st*> events;
  std::set<CUgraph_st*> graphs;
  std::set<CUgraphExec_st*> execs;
  std::size_t kernel_launches = 0, kernels_executed = 0, graph_launches = 0, synchronisations = 0;
};
Registry& registry();

/// The stream of a handle, or null for a handle that is none.
CUstream_st* find_stream(cudaStream_t handle);

/// Queues an operation, or records it where the stream is being captured.
cudaError_t submit(CUstream_st& stream, Operation operation);

/// Marks the end of a stream's queue.
std::shared_ptr<Marker> mark_end(CUstream_st& stream);

/// Run what is queued, up to the end of a stream, to a marker, or a little of it.
cudaError_t finish(CUstream_st& stream);
cudaError_t finish(Marker& marker);
cudaError_t make_progress(CUstream_st& stream);

/// Whether queued work runs right now.
bool is_executing();

/// Whether a stream and the null stream wait for each other.
bool waits_for_legacy(const CUstream_st& stream);

/// Whether some stream is being captured, and what spoils all such captures. Those begun as
/// relaxed are left out unless `even_relaxed`.
bool capturing(bool even_relaxed);
void invalidate_captures(bool even_relaxed);

/// Runs the nodes of a graph in an order its dependencies allow.
void run_nodes(const Nodes& nodes);

}  // namespace emulation
