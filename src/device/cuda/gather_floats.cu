#include "device/cuda/gpu.hpp"
#include "device/cuda/launch.hpp"
#include "device/cuda/rows.hpp"
#include "device/ops/gather_floats.hpp"
#include "device/ops/step_control.hpp"

namespace mapnet::cuda {

namespace {

struct FloatSamples {
  const float* values;
  const std::uint8_t* labels;  // null: targets are values
  const std::uint32_t* order;
  std::size_t step, target_offset, size;
};

/// x [n, size]; targets [n], int32 where there are labels and float32 else. threadIdx.y runs over
/// samples.
__global__ void gather_floats_kernel(float* x, void* targets, FloatSamples set, unsigned n,
                                     const StepControl* control) {
  const unsigned row = blockIdx.x * blockDim.y + threadIdx.y;
  if (row >= n) return;
  const bool real = static_cast<std::int32_t>(row) < control->now.count;
  const std::size_t sample = real ? set.order[control->now.first + row] : 0;
  const float* from = set.values + sample * set.step;
  float* out = x + row * set.size;
  for (std::size_t k = threadIdx.x; k < set.size; k += blockDim.x) out[k] = real ? from[k] : 0.0f;
  if (threadIdx.x > 0) return;
  if (set.labels)
    static_cast<std::int32_t*>(targets)[row] = real ? set.labels[sample] : 0;
  else
    static_cast<float*>(targets)[row] = real ? from[set.target_offset] : 0.0f;
}

}  // namespace

void gather_floats(Schedule& schedule, const std::string& name, const FloatBuffers& set,
                   BufferId control, const Tensor& x, BufferId targets) {
  const bool labelled = set.labels != kNoBuffer;
  Step step;
  step.name = name;
  step.reads = {set.values, set.order, control};
  if (labelled) step.reads.push_back(set.labels);
  step.writes = {x.buffer, targets};
  step.bytes = 2.0 * static_cast<double>(x.bytes());
  const cudaStream_t stream = gpu_of(schedule).stream();
  step.bind = [=](const Memory& memory) -> Run {
    const FloatSamples samples = {memory.at<const float>(set.values),
                                  labelled ? memory.at<const std::uint8_t>(set.labels) : nullptr,
                                  memory.at<const std::uint32_t>(set.order),
                                  set.step,
                                  set.target_offset,
                                  x.features()};
    const auto* c = memory.at<const StepControl>(control);
    auto* rows = memory.at<float>(x.buffer) + x.offset;
    auto* out = memory.at<void>(targets);
    const auto n = static_cast<unsigned>(x.n);
    const dim3 block = row_block(samples.size);
    const unsigned blocks = blocks_for(n, block.y);
    return [=] { launch(stream, blocks, block, gather_floats_kernel, rows, out, samples, n, c); };
  };
  schedule.add(std::move(step));
}

}  // namespace mapnet::cuda
