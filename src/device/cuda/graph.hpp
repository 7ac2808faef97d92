#pragma once

#include <cuda_runtime.h>

#include <utility>

#include "device/cuda/check.hpp"

namespace mapnet::cuda {

/// Work recorded once and launched as a whole: no launch overhead a kernel, no host between them.
class Graph {
 public:
  Graph() = default;
  ~Graph() {
    if (graph_) cudaGraphExecDestroy(graph_);
  }
  Graph(const Graph&) = delete;
  Graph& operator=(const Graph&) = delete;

  bool recorded() const { return graph_ != nullptr; }

  /// Records what `enqueue` puts on `stream`; nothing of it runs.
  template <class Enqueue>
  void record(cudaStream_t stream, const Enqueue& enqueue) {
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
    const cudaError_t status = cudaGraphInstantiate(&graph_, recording, 0);
    cudaGraphDestroy(recording);
    MAPNET_CUDA(status);
  }

  void launch(cudaStream_t stream) const { MAPNET_CUDA(cudaGraphLaunch(graph_, stream)); }

 private:
  cudaGraphExec_t graph_ = nullptr;
};

}  // namespace mapnet::cuda
