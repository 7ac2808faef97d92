#pragma once

#include <cuda_runtime.h>

#include <cstddef>
#include <utility>

#include "device/cuda/check.hpp"

namespace mapnet::cuda {

/// Work recorded once and launched as a whole: no launch overhead a kernel, no host between them.
class Graph {
 public:
  Graph() = default;
  ~Graph() { clear(); }
  Graph(const Graph&) = delete;
  Graph& operator=(const Graph&) = delete;

  bool recorded() const { return graph_ != nullptr; }

  /// Records what `enqueue` puts on `stream`, in place of what was recorded before; nothing of it
  /// runs. Returns how many nodes it is.
  template <class Enqueue>
  std::size_t record(cudaStream_t stream, const Enqueue& enqueue) {
    MAPNET_CUDA(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
    cudaGraph_t recording = nullptr;
    try {
      enqueue();
    } catch (...) {
      cudaStreamEndCapture(stream, &recording);
      if (recording) cudaGraphDestroy(recording);
      throw;
    }
    MAPNET_CUDA(cudaStreamEndCapture(stream, &recording));
    clear();
    std::size_t nodes = 0;
    cudaError_t status = cudaGraphGetNodes(recording, nullptr, &nodes);
    if (status == cudaSuccess) status = cudaGraphInstantiate(&graph_, recording, 0);
    cudaGraphDestroy(recording);
    MAPNET_CUDA(status);
    return nodes;
  }

  void launch(cudaStream_t stream) const { MAPNET_CUDA(cudaGraphLaunch(graph_, stream)); }

 private:
  void clear() {
    if (graph_) cudaGraphExecDestroy(std::exchange(graph_, nullptr));
  }

  cudaGraphExec_t graph_ = nullptr;
};

}  // namespace mapnet::cuda
