#include "device/ops/cross_entropy.hpp"

namespace mapnet {

Tensor cross_entropy_forward_backward(Schedule& schedule, const std::string& name,
                                      const Tensor& logits, BufferId labels, BufferId control,
                                      float smoothing) {
  Tensor dlogits = logits;
  dlogits.buffer = schedule.buffer(name + ".dlogits", "gradients", logits.bytes());
  cross_entropy(schedule, name, logits, labels, control, dlogits.buffer, smoothing);
  return dlogits;
}

}  // namespace mapnet
