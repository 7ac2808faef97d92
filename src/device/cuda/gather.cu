#include <cstdint>

#include "device/cuda/gpu.hpp"
#include "device/cuda/launch.hpp"
#include "device/ops/gather.hpp"
#include "device/ops/step_control.hpp"

namespace mapnet::cuda {

namespace {

constexpr unsigned kThreads = 256;
constexpr unsigned kBlockPixels = 16 * kThreads;  // a block's, at most: small images have one block

/// A data set, its images [.., c, h, w] in planes of `plane` pixels, and a batch's order in it.
struct Samples {
  const std::uint8_t *images, *labels;
  const std::uint32_t* order;
  const StepControl* control;
  int h, w;
  unsigned plane, channels;
  std::uint8_t ignore;

  __device__ bool real(unsigned row) const {
    return static_cast<std::int32_t>(row) < control->now.count;
  }
  /// Of a real row.
  __device__ std::size_t at(unsigned row) const { return order[control->now.first + row]; }
};

__device__ Augmentation augmentation_of(const Samples& s, const AugmentDesc& desc, unsigned row) {
  const BatchInput& now = s.control->now;
  return draw_augmentation(desc, s.h, s.w, now.step, now.row + static_cast<int>(row));
}

__device__ std::uint8_t pixel_of(const Samples& s, const Augmentation& a, const std::uint8_t* plane,
                                 unsigned pixel, std::uint8_t none) {
  const auto width = static_cast<unsigned>(s.w);
  return augmented_pixel(a, plane, s.h, s.w, static_cast<int>(pixel / width),
                         static_cast<int>(pixel % width), none);
}

/// x [n, c, h, w] float32, and labels [n] where those are of images, else null. Image blockIdx.x,
/// by gridDim.y blocks.
template <bool kAugmented>
__global__ void gather_images_kernel(float* x, std::int32_t* labels, Samples s,
                                     AugmentDesc augment) {
  const unsigned row = blockIdx.x, size = s.channels * s.plane;
  const bool real = s.real(row);
  const std::uint8_t* image = s.images + (real ? s.at(row) : 0) * size;
  float* out = x + static_cast<std::size_t>(row) * size;
  Augmentation a;
  if constexpr (kAugmented) a = augmentation_of(s, augment, row);
  for (unsigned k = blockIdx.y * kThreads + threadIdx.x; k < size; k += gridDim.y * kThreads) {
    const unsigned c = k / s.plane, pixel = k - c * s.plane;
    const std::uint8_t value =
        kAugmented ? pixel_of(s, a, image + (k - pixel), pixel, 0) : image[k];
    out[k] = real
                 ? static_cast<float>(value) * s.control->pixel_scale[c] + s.control->pixel_shift[c]
                 : 0.0f;
  }
  if (labels && blockIdx.y == 0 && threadIdx.x == 0) labels[row] = real ? s.labels[s.at(row)] : 0;
}

/// labels [n, h, w] of pixels, moved as their images are.
template <bool kAugmented>
__global__ void gather_label_maps_kernel(std::uint8_t* labels, Samples s, AugmentDesc augment) {
  const unsigned row = blockIdx.x;
  const bool real = s.real(row);
  const std::uint8_t* given = s.labels + (real ? s.at(row) : 0) * s.plane;
  std::uint8_t* out = labels + static_cast<std::size_t>(row) * s.plane;
  Augmentation a;
  if constexpr (kAugmented) a = augmentation_of(s, augment, row);
  a.cut_size = 0;
  for (unsigned k = blockIdx.y * kThreads + threadIdx.x; k < s.plane; k += gridDim.y * kThreads) {
    const std::uint8_t label = kAugmented ? pixel_of(s, a, given, k, s.ignore) : given[k];
    out[k] = real ? label : std::uint8_t{0};
  }
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
    const auto plane = static_cast<unsigned>(x.h * x.w), channels = static_cast<unsigned>(x.c),
               rows = static_cast<unsigned>(x.n);
    const Samples s = {memory.at<const std::uint8_t>(set.images),
                       memory.at<const std::uint8_t>(set.labels),
                       memory.at<const std::uint32_t>(set.order),
                       memory.at<const StepControl>(control),
                       x.h,
                       x.w,
                       plane,
                       channels,
                       static_cast<std::uint8_t>(set.ignore)};
    const auto images = augment.any() ? gather_images_kernel<true> : gather_images_kernel<false>;
    const auto maps =
        augment.any() ? gather_label_maps_kernel<true> : gather_label_maps_kernel<false>;
    const dim3 of_images(rows, blocks_for(x.features(), kBlockPixels)),
        of_maps(rows, blocks_for(plane, kBlockPixels));
    const bool label_maps = set.label_size > 1;
    auto* image_labels = label_maps ? nullptr : memory.at<std::int32_t>(labels);
    auto* pixel_labels = label_maps ? memory.at<std::uint8_t>(labels) : nullptr;
    return [=] {
      launch(stream, of_images, kThreads, images, pixels, image_labels, s, augment);
      if (label_maps) launch(stream, of_maps, kThreads, maps, pixel_labels, s, augment);
    };
  };
  schedule.add(std::move(step));
}

}  // namespace mapnet::cuda
