#include "device/cuda/gpu.hpp"
#include "device/cuda/launch.hpp"
#include "device/cuda/rank_sum.hpp"
#include "device/ops/mean_over_ranks.hpp"

namespace mapnet::cuda {

namespace {

constexpr unsigned kThreads = 256;

/// values [n + 1]: weighs the first n, sets the last.
__global__ void weigh_kernel(float* values, std::size_t n, const StepControl* control,
                             Scored scored) {
  const std::size_t i = blockIdx.x * static_cast<std::size_t>(kThreads) + threadIdx.x;
  const float weight = share_weight(*control, scored);
  if (i < n)
    values[i] = weighted(values[i], weight);
  else if (i == n)
    values[n] = weight;
}

__global__ void divide_kernel(float* values, std::size_t n) {
  const std::size_t i = blockIdx.x * static_cast<std::size_t>(kThreads) + threadIdx.x;
  if (i < n) values[i] /= values[n];
}

}  // namespace

void mean_over_ranks(Schedule& schedule, const std::string& name, BufferId gradient, std::size_t n,
                     Scored scored, BufferId control, const std::shared_ptr<Communicator>& ranks) {
  Step step = mean_over_ranks_step(name, gradient, n, control);
  const cudaStream_t stream = gpu_of(schedule).stream();
  step.bind = [=](const Memory& memory) -> Run {
    // Connected here: schedules are also made to be planned, costed and thrown away.
    const std::shared_ptr<const RankSum> sum = open_rank_sum(ranks, stream);
    auto* values = memory.at<float>(gradient);
    const auto* c = memory.at<const StepControl>(control);
    const unsigned blocks = blocks_for(n + 1, kThreads);
    return [=] {
      launch(stream, blocks, kThreads, weigh_kernel, values, n, c, scored);
      sum->run(values, n + 1);
      launch(stream, blocks, kThreads, divide_kernel, values, n);
    };
  };
  schedule.add(std::move(step));
}

}  // namespace mapnet::cuda
