#include "device/ops/pixel_cross_entropy.hpp"

#include "common/error.hpp"

namespace mapnet {

void require_pixel_logits(const std::string& name, const Tensor& logits, const Tensor& dlogits) {
  constexpr int kMostClasses = 256;  // a label is a byte
  if (logits.c > kMostClasses) fail("{}: {} classes; at most {}", name, logits.c, kMostClasses);
  if (dlogits.buffer == kNoBuffer) return;
  if (dlogits.n != logits.n || dlogits.c != logits.c || dlogits.h != logits.h ||
      dlogits.w != logits.w || dlogits.channel_block != logits.channel_block)
    fail(
        "{}: the gradient [{}, {}, {}, {}] in blocks of {} channels is not laid out as the logits "
        "[{}, {}, {}, {}] in blocks of {}",
        name, dlogits.n, dlogits.c, dlogits.h, dlogits.w, dlogits.channel_block, logits.n, logits.c,
        logits.h, logits.w, logits.channel_block);
}

}  // namespace mapnet
