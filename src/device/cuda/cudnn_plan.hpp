#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "device/cuda/convolution.hpp"
#include "device/cuda/cudnn_descriptor.hpp"

/// From one cuDNN operation to an execution plan.
namespace mapnet::cuda {

/// The GPU a plan is for: the handle's, or one that is only described. Planning, unlike running,
/// needs no GPU, so that tests ask for plans for GPUs they do not have.
struct PlanTarget {
  std::shared_ptr<Cudnn> cudnn;
  std::shared_ptr<const Descriptor> described = {};  ///< CUDNN_BACKEND_DEVICEPROP_DESCRIPTOR

  cudnnHandle_t handle() const { return static_cast<cudnnHandle_t>(cudnn->handle()); }
};

/// A finalised float32 tensor [n, c, h, w] in plain order, at a multiple of 16 bytes. `uid` names
/// it when the plan is run.
Descriptor cudnn_tensor(std::int64_t uid, const std::vector<std::int64_t>& dims);

/// One operation with its engine chosen.
class CudnnPlan {
 public:
  /// Takes the first engine of cuDNN's own ranking that fits: none whose sums depend on the order
  /// in which blocks happen to run, none that adds or holds factors in less than TF32, and no
  /// tensor cores (they round factors to TF32) with FastMath::off. Throws Error when there is none.
  CudnnPlan(PlanTarget target, const Descriptor& operation, FastMath fast_math);

  std::size_t workspace_bytes() const { return workspace_bytes_; }
  const std::string& engine() const { return engine_; }

  /// Enqueues it; pointers[i] is the tensor called uids[i].
  void run(const std::vector<std::int64_t>& uids, const std::vector<void*>& pointers,
           void* workspace) const;

 private:
  bool consider(Descriptor config, FastMath fast_math);

  PlanTarget target_;
  // cuDNN does not say that a plan outlives its configuration.
  std::optional<Descriptor> config_, plan_;
  std::size_t workspace_bytes_ = 0;
  std::string engine_;
};

/// plan_convolution for any target.
std::shared_ptr<const Convolution> plan_convolution(const PlanTarget& target, ConvPass pass,
                                                    const ConvShape& shape, FastMath fast_math);

}  // namespace mapnet::cuda
