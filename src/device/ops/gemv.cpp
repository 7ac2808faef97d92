#include "device/ops/gemv.hpp"

#include "common/error.hpp"

namespace mapnet {

void require_floats(const Schedule& schedule, const std::string& name, const char* what,
                    const ParamSlice& slice, std::size_t n) {
  if (slice.buffer == kNoBuffer) return;
  const std::size_t had = schedule.buffer_bytes(slice.buffer) / sizeof(float);
  if (slice.offset + n > had)
    fail("{}: {} needs floats {} to {} of buffer {}, which has {}", name, what, slice.offset,
         slice.offset + n, schedule.buffer_name(slice.buffer), had);
}

}  // namespace mapnet
