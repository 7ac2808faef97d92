#include "device/cuda/gpu.hpp"
#include "device/cuda/sum_groups.cuh"
#include "device/cuda/sum_rows.hpp"

namespace mapnet::cuda {

void add_sum_rows(Schedule& schedule, const std::string& name, const ParamSlice& sums,
                  const ParamSlice& x, std::size_t rows, std::size_t columns) {
  Step step;
  step.name = name;
  step.reads = {x.buffer};
  step.writes = {sums.buffer};
  step.bytes = static_cast<double>(rows * columns) * sizeof(float);
  const cudaStream_t stream = gpu_of(schedule).stream();
  step.bind = [=](const Memory& memory) -> Run {
    auto* out = memory.at<float>(sums.buffer) + sums.offset;
    const auto* in = memory.at<const float>(x.buffer) + x.offset;
    return [=] { sum_groups(stream, in, out, rows, columns); };
  };
  schedule.add(std::move(step));
}

}  // namespace mapnet::cuda
