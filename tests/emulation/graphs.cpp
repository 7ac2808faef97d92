#include "queue.hpp"
#include "runtime.hpp"

using namespace emulation;

namespace {

/// Every node must come before the end of the stream that began the capture.
bool joined(const Capture& capture) {
  std::vector<bool> before(capture.nodes.size());
  for (const std::size_t tip : capture.origin->tips) before[tip] = true;
  bool all = true;
  for (std::size_t i = capture.nodes.size(); i-- > 0;) {  // dependencies come earlier in the list
    all = all && before[i];
    if (before[i])
      for (const std::size_t n : capture.nodes[i].after) before[n] = true;
  }
  return all;
}

}  // namespace

cudaError_t cudaStreamBeginCapture(cudaStream_t handle, cudaStreamCaptureMode mode) {
  const Lock lock;
  if (const cudaError_t status = usable(); status != cudaSuccess) return noted(status);
  CUstream_st* const stream = find_stream(handle);
  if (stream == nullptr) return noted(cudaErrorInvalidResourceHandle);
  if (stream == &registry().legacy) return noted(cudaErrorStreamCaptureUnsupported);
  if (stream->capture) return noted(cudaErrorIllegalState);
  stream->capture = std::make_shared<Capture>();
  stream->capture->mode = mode;
  stream->capture->origin = stream;
  stream->tips.clear();
  return cudaSuccess;
}

cudaError_t cudaStreamEndCapture(cudaStream_t handle, cudaGraph_t* graph) {
  const Lock lock;
  if (const cudaError_t status = usable(); status != cudaSuccess) return noted(status);
  CUstream_st* const stream = find_stream(handle);
  if (stream == nullptr) return noted(cudaErrorInvalidResourceHandle);
  if (graph == nullptr) return noted(cudaErrorInvalidValue);
  *graph = nullptr;
  const std::shared_ptr<Capture> capture = stream->capture;
  if (!capture) return noted(cudaErrorIllegalState);
  if (capture->origin != stream) {
    capture->invalid = true;
    return noted(cudaErrorStreamCaptureUnmatched);
  }
  const bool all_joined = joined(*capture);
  capture->active = false;
  for (CUstream_st* s : registry().streams)
    if (s->capture == capture) s->capture = nullptr;
  if (capture->invalid) return noted(cudaErrorStreamCaptureInvalidated);
  if (!all_joined) return noted(cudaErrorStreamCaptureUnjoined);
  *graph = new CUgraph_st{std::make_shared<const Nodes>(std::move(capture->nodes))};
  registry().graphs.insert(*graph);
  return cudaSuccess;
}

cudaError_t cudaStreamIsCapturing(cudaStream_t handle, cudaStreamCaptureStatus* status) {
  const Lock lock;
  const CUstream_st* const stream = find_stream(handle);
  if (stream == nullptr) return noted(cudaErrorInvalidResourceHandle);
  if (status == nullptr) return noted(cudaErrorInvalidValue);
  *status = !stream->capture           ? cudaStreamCaptureStatusNone
            : stream->capture->invalid ? cudaStreamCaptureStatusInvalidated
                                       : cudaStreamCaptureStatusActive;
  return cudaSuccess;
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t* exec, cudaGraph_t graph, unsigned long long) {
  const Lock lock;
  if (const cudaError_t status = usable(); status != cudaSuccess) return noted(status);
  if (exec == nullptr || !registry().graphs.contains(graph)) return noted(cudaErrorInvalidValue);
  *exec = new CUgraphExec_st{graph->nodes};
  registry().execs.insert(*exec);
  return cudaSuccess;
}

cudaError_t cudaGraphUpload(cudaGraphExec_t exec, cudaStream_t stream) {
  const Lock lock;
  if (const cudaError_t status = usable(); status != cudaSuccess) return noted(status);
  const bool known = registry().execs.contains(exec) && find_stream(stream) != nullptr;
  return noted(known ? cudaSuccess : cudaErrorInvalidValue);
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t exec, cudaStream_t handle) {
  const Lock lock;
  if (const cudaError_t status = usable(); status != cudaSuccess) return noted(status);
  CUstream_st* const stream = find_stream(handle);
  if (!registry().execs.contains(exec)) return noted(cudaErrorInvalidValue);
  if (stream == nullptr) return noted(cudaErrorInvalidResourceHandle);
  ++registry().graph_launches;
  Operation operation;
  operation.type = cudaGraphNodeTypeGraph;
  operation.run = [nodes = exec->nodes] { run_nodes(*nodes); };
  return noted(submit(*stream, std::move(operation)));
}

cudaError_t cudaGraphExecDestroy(cudaGraphExec_t exec) {
  const Lock lock;
  if (registry().execs.erase(exec) == 0) return noted(cudaErrorInvalidValue);
  delete exec;
  return cudaSuccess;
}

cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
  const Lock lock;
  if (registry().graphs.erase(graph) == 0) return noted(cudaErrorInvalidValue);
  delete graph;
  return cudaSuccess;
}

cudaError_t cudaGraphGetNodes(cudaGraph_t graph, cudaGraphNode_t* nodes, std::size_t* count) {
  const Lock lock;
  if (count == nullptr || !registry().graphs.contains(graph)) return noted(cudaErrorInvalidValue);
  const Nodes& all = *graph->nodes;
  if (nodes != nullptr)
    for (std::size_t i = 0; i < *count; ++i)
      nodes[i] = i < all.size() ? const_cast<cudaGraphNode_t>(&all[i]) : nullptr;
  if (nodes == nullptr || *count > all.size()) *count = all.size();
  return cudaSuccess;
}

cudaError_t cudaGraphNodeGetType(cudaGraphNode_t node, cudaGraphNodeType* type) {
  if (node == nullptr || type == nullptr) return noted(cudaErrorInvalidValue);
  *type = node->type;
  return cudaSuccess;
}
