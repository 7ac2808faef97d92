#include "device/ops/add.hpp"

#include "common/error.hpp"

namespace mapnet {

void require_same_layout(const std::string& name, const Tensor& a, const Tensor& b) {
  if (a.n != b.n || a.c != b.c || a.h != b.h || a.w != b.w || a.channel_block != b.channel_block)
    fail(
        "{}: cannot add [{}, {}, {}, {}] in blocks of {} channels and [{}, {}, {}, {}] in blocks "
        "of "
        "{}",
        name, a.n, a.c, a.h, a.w, a.channel_block, b.n, b.c, b.h, b.w, b.channel_block);
}

}  // namespace mapnet
