#include "device/cuda/block_sum.cuh"
#include "device/cuda/gpu.hpp"
#include "device/cuda/launch.hpp"
#include "device/ops/alignment.hpp"
#include "device/ops/mapping_loss.hpp"

namespace mapnet::cuda {

namespace {

constexpr unsigned kThreads = 256;

struct Alignment {
  Modulation modulation;
  float alpha;
  std::size_t d;
  double n_blocks;
  const float *z, *mean_w, *mean_s;  // [d]; mean_s null but for signed modulation
  float* dz;

  __device__ MeanWeight weight(std::size_t k) const {
    return mean_weight(modulation, alpha, mean_w[k], mean_s ? mean_s[k] : 0.0f, z[k]);
  }
};

/// One block of threads for one of latents: its gradient needs the sums over all of them.
__global__ void __launch_bounds__(kThreads) alignment_kernel(Alignment a, MappingLossState* loss) {
  __shared__ double shared[kThreads];
  __shared__ double totals[3];
  AlignmentSums sums;
  for (std::size_t k = threadIdx.x; k < a.d; k += kThreads) {
    const auto zk = static_cast<double>(a.z[k]), wk = static_cast<double>(a.weight(k).value);
    sums.zz += zk * zk;
    sums.ww += wk * wk;
    sums.zw += zk * wk;
  }
  const double zz = block_sum<kThreads>(sums.zz, shared);
  const double ww = block_sum<kThreads>(sums.ww, shared);
  const double zw = block_sum<kThreads>(sums.zw, shared);
  if (threadIdx.x == 0) totals[0] = zz, totals[1] = ww, totals[2] = zw;
  __syncthreads();
  sums.zz = totals[0], sums.ww = totals[1], sums.zw = totals[2];
  LossTermState& term = loss->terms[kAlignment];
  if (threadIdx.x == 0) term.value += sums.value() / a.n_blocks;
  const double lambda = static_cast<double>(term.lambda) / a.n_blocks;
  for (std::size_t k = threadIdx.x; k < a.d; k += kThreads)
    a.dz[k] += static_cast<float>(lambda * alignment_slope(sums, a.z[k], a.weight(k)));
}

}  // namespace

void alignment(Schedule& schedule, const std::string& name, const MapDesc& desc, BufferId z,
               BufferId mean_w, BufferId mean_s, BufferId loss, BufferId dz) {
  Step step;
  step.name = name;
  step.reads = {z, mean_w, loss, dz};
  if (mean_s != kNoBuffer) step.reads.push_back(mean_s);
  step.writes = {loss, dz};
  step.bytes = 5.0 * sizeof(float) * static_cast<double>(desc.latent_size());
  const cudaStream_t stream = gpu_of(schedule).stream();
  step.bind = [=, blocks = desc.blocks, modulation = desc.modulation,
               alpha = desc.alpha](const Memory& memory) -> Run {
    auto* state = memory.at<MappingLossState>(loss);
    std::vector<Alignment> all;
    for (const MapBlock& b : blocks)
      all.push_back(
          {modulation, alpha, b.latents, static_cast<double>(blocks.size()),
           memory.at<const float>(z) + b.latent_offset,
           memory.at<const float>(mean_w) + b.latent_offset,
           mean_s == kNoBuffer ? nullptr : memory.at<const float>(mean_s) + b.latent_offset,
           memory.at<float>(dz) + b.latent_offset});
    return [=] {
      for (const Alignment& a : all) launch(stream, 1, kThreads, alignment_kernel, a, state);
    };
  };
  schedule.add(std::move(step));
}

}  // namespace mapnet::cuda
