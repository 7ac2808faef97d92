#include "device/cpu/correlation.hpp"

#include <algorithm>

namespace mapnet::cpu {

void correlate_signs(float* out, float* work, std::size_t m, std::size_t d, const SignStream& a,
                     const SignStream& b, std::size_t tile) {
  const auto transformed = [&](float* x, const SignStream& signs) {
    std::fill_n(x, m, 1.0f);
    apply_signs(x, x, m, signs, tile);
    hadamard_transform(x, m);
  };
  transformed(out, a);
  transformed(work, b);
  const auto size = static_cast<double>(m);
  const auto scale = static_cast<float>(1.0 / (static_cast<double>(d) * size * size));
  for (std::size_t s = 0; s < m; ++s) out[s] = out[s] * work[s] * scale;
  hadamard_transform(out, m);
}

}  // namespace mapnet::cpu
