#include "device/ops/gather.hpp"

#include "common/error.hpp"
#include "device/ops/step_control.hpp"

namespace mapnet {

void require_image_set(const std::string& name, const ImageBuffers& set, const Tensor& x) {
  if (x.c > kMaxImageChannels)
    fail("{}: images of {} channels; at most {}", name, x.c, kMaxImageChannels);
  const auto pixels = static_cast<std::size_t>(x.h) * static_cast<std::size_t>(x.w);
  if (set.label_size != 1 && set.label_size != pixels)
    fail("{}: {} labels an image of {} pixels", name, set.label_size, pixels);
}

}  // namespace mapnet
