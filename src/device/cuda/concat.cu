#include <algorithm>
#include <cstdint>

#include "device/cuda/checks.hpp"
#include "device/cuda/gpu.hpp"
#include "device/cuda/launch.hpp"
#include "device/ops/concat.hpp"

namespace mapnet::cuda {

namespace {

constexpr unsigned kThreads = 256;
constexpr unsigned kMostHigh = 65535;  // blocks of a grid in y

/// to = from: an image of `size` values begins every `to_image` and `from_image`; blockIdx.y is
/// one, or the first of several where there are more than a grid is high.
template <class Value>
__global__ void copy_images_kernel(Value* to, std::size_t to_image, const Value* from,
                                   std::size_t from_image, std::size_t size, unsigned images) {
  const std::size_t i = blockIdx.x * static_cast<std::size_t>(kThreads) + threadIdx.x;
  if (i >= size) return;
  for (std::size_t image = blockIdx.y; image < images; image += gridDim.y)
    to[image * to_image + i] = from[image * from_image + i];
}

template <class Value>
void copy_images(cudaStream_t stream, const ConcatCopy& c, unsigned images, bool into_whole) {
  constexpr std::size_t floats = sizeof(Value) / sizeof(float);
  auto *part = reinterpret_cast<Value*>(c.part), *whole = reinterpret_cast<Value*>(c.whole);
  const std::size_t size = c.part_image / floats, whole_image = c.whole_image / floats;
  const dim3 grid(blocks_for(size, kThreads), std::min(images, kMostHigh));
  if (into_whole)
    launch(stream, grid, kThreads, copy_images_kernel<Value>, whole, whole_image, part, size, size,
           images);
  else
    launch(stream, grid, kThreads, copy_images_kernel<Value>, part, size, whole, whole_image, size,
           images);
}

/// True where every image begins at four aligned values.
bool in_fours(const ConcatCopy& c) {
  const auto aligned = [](const float* p) { return reinterpret_cast<std::uintptr_t>(p) % 16 == 0; };
  return aligned(c.part) && aligned(c.whole) && c.part_image % 4 == 0 && c.whole_image % 4 == 0;
}

std::function<Run(const Memory&)> copy_parts(const Schedule& schedule, const Tensor& whole,
                                             const std::vector<Tensor>& parts, bool into_whole) {
  const cudaStream_t stream = gpu_of(schedule).stream();
  return [=](const Memory& memory) -> Run {
    return [=, copies = concat_copies(memory, whole, parts)] {
      const auto images = static_cast<unsigned>(whole.n);
      for (const ConcatCopy& c : copies)
        (in_fours(c) ? copy_images<float4> : copy_images<float>)(stream, c, images, into_whole);
    };
  };
}

}  // namespace

Tensor concat_forward(Schedule& schedule, const std::string& name,
                      const std::vector<Tensor>& parts) {
  Tensor y = concat_shape(name, parts);
  require_layout(name, y, 1);
  y.buffer = schedule.buffer(name + ".y", "activations", y.bytes());
  Step step = concat_step(name + ".forward", y, parts, true);
  step.bind = copy_parts(schedule, y, parts, true);
  schedule.add(std::move(step));
  return y;
}

std::vector<Tensor> concat_backward(Schedule& schedule, const std::string& name, const Tensor& dy,
                                    const std::vector<Tensor>& parts,
                                    const std::vector<bool>& needed) {
  require_layout(name, dy, 1);
  const std::vector<Tensor> gradients = concat_gradients(schedule, name, dy, parts, needed);
  Step step = concat_step(name + ".backward", dy, gradients, false);
  step.bind = copy_parts(schedule, dy, gradients, false);
  schedule.add(std::move(step));
  return gradients;
}

}  // namespace mapnet::cuda
