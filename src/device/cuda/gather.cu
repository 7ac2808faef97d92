#include "device/cuda/gpu.hpp"
#include "device/cuda/launch.hpp"
#include "device/ops/gather.hpp"
#include "device/ops/step_control.hpp"

namespace mapnet::cuda {

namespace {

constexpr unsigned kThreads = 256;

struct Image {
  std::size_t size;  // of all planes
  int h, w;
};

/// Value k of the augmented image.
__device__ std::uint8_t pixel_of(const Augmentation& a, const std::uint8_t* pixels,
                                 const Image& image, std::size_t k) {
  const int plane = image.h * image.w, within = static_cast<int>(k) % plane;
  return augmented_pixel(a, pixels + (k - static_cast<std::size_t>(within)), image.h, image.w,
                         within / image.w, within % image.w);
}

/// x [n, size] float32, labels [n]; images [.., size] uint8. An image a block.
template <bool kAugmented>
__global__ void gather_kernel(float* x, std::int32_t* labels, const std::uint8_t* images,
                              const std::uint8_t* all_labels, const std::uint32_t* order,
                              const StepControl* control, Image image, AugmentDesc augment) {
  const auto row = blockIdx.x;
  const bool real = static_cast<std::int32_t>(row) < control->now.count;
  const std::size_t sample = real ? order[control->now.first + row] : 0;
  const std::uint8_t* pixels = images + sample * image.size;
  const float scale = control->pixel_scale, shift = control->pixel_shift;
  float* out = x + row * image.size;
  Augmentation a;
  if constexpr (kAugmented)
    a = draw_augmentation(augment, image.h, image.w, control->now.step, static_cast<int>(row));
  for (std::size_t k = threadIdx.x; k < image.size; k += kThreads) {
    const std::uint8_t pixel = kAugmented ? pixel_of(a, pixels, image, k) : pixels[k];
    out[k] = real ? static_cast<float>(pixel) * scale + shift : 0.0f;
  }
  if (threadIdx.x == 0) labels[row] = real ? all_labels[sample] : 0;
}

}  // namespace

void gather_batch(Schedule& schedule, const std::string& name, const ImageBuffers& set,
                  BufferId control, const Tensor& x, BufferId labels, const AugmentDesc& augment) {
  Step step;
  step.name = name;
  step.reads = {set.images, set.labels, set.order, control};
  step.writes = {x.buffer, labels};
  step.bytes = static_cast<double>(x.bytes()) * 1.25;
  const cudaStream_t stream = gpu_of(schedule).stream();
  step.bind = [=](const Memory& memory) -> Run {
    auto* pixels = memory.at<float>(x.buffer);
    auto* batch_labels = memory.at<std::int32_t>(labels);
    const auto* images = memory.at<const std::uint8_t>(set.images);
    const auto* all_labels = memory.at<const std::uint8_t>(set.labels);
    const auto* order = memory.at<const std::uint32_t>(set.order);
    const auto* c = memory.at<const StepControl>(control);
    const Image image = {x.features(), x.h, x.w};
    const auto kernel = augment.any() ? gather_kernel<true> : gather_kernel<false>;
    const auto rows = static_cast<unsigned>(x.n);
    return [=] {
      launch(stream, rows, kThreads, kernel, pixels, batch_labels, images, all_labels, order, c,
             image, augment);
    };
  };
  schedule.add(std::move(step));
}

}  // namespace mapnet::cuda
