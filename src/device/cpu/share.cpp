#include "device/ops/share.hpp"

#include <algorithm>
#include <array>

#include "device/cpu/parallel.hpp"

namespace mapnet::cpu {

namespace {

constexpr std::size_t kChunk = 16384;  // weights a task

/// A stretch of one span, a task's worth: whole groups of its own or, of a long group, a part.
struct Piece {
  ShareSpan span;
  std::size_t begin = 0, end = 0;  // weights of the tensor (forward) or groups of it (backward)
};

/// Cuts each span's `count` things into pieces of about `per_piece`.
template <class Count>
std::vector<Piece> cut(const ShareDesc& desc, const Count& count) {
  std::vector<Piece> pieces;
  for (const ShareSpan& s : desc.spans) {
    const auto [n, per_piece] = count(s);
    for (std::size_t begin = 0; begin < n; begin += per_piece)
      pieces.push_back({s, begin, std::min(n, begin + per_piece)});
  }
  return pieces;
}

MAPNET_CPU_LEVELS void shift(float* theta, const float* base, const float* outputs,
                             const ShareSpan& s, std::size_t begin, std::size_t end) {
  if (s.share == 0) {
    std::copy(base + begin, base + end, theta + begin);
  } else if (s.share == 1) {
    for (std::size_t j = begin; j < end; ++j)
      theta[j] = shifted_weight(base[j], s.alpha, outputs[j]);
  } else {
    for (std::size_t j = begin; j < end;) {
      const std::size_t group = j / s.share;
      const float output = outputs[group];
      for (const std::size_t stop = std::min(end, (group + 1) * s.share); j < stop; ++j)
        theta[j] = shifted_weight(base[j], s.alpha, output);
    }
  }
}

/// The sum of n values by `lanes` lanes, as share_lanes describes it.
template <std::uint32_t lanes>
[[gnu::always_inline]] inline float sum_by_lanes(const float* values, std::size_t n) {
  std::array<float, lanes> sums{};
  std::size_t j = 0;
  for (; j + lanes <= n; j += lanes)
    for (std::size_t k = 0; k < lanes; ++k) sums[k] += values[j + k];
  for (std::size_t k = 0; j + k < n; ++k) sums[k] += values[j + k];
  for (std::size_t half = lanes / 2; half > 0; half /= 2)
    for (std::size_t k = 0; k < half; ++k) sums[k] += sums[k + half];
  return sums[0];
}

template <std::uint32_t lanes>
[[gnu::always_inline]] inline void sum_groups(float* doutputs, const float* dtheta,
                                              const ShareSpan& s, std::size_t begin,
                                              std::size_t end) {
  for (std::size_t group = begin; group < end; ++group) {
    const std::size_t first = group * s.share;
    const std::size_t n = std::min<std::size_t>(s.share, s.size - first);
    doutputs[group] = s.alpha * sum_by_lanes<lanes>(dtheta + first, n);
  }
}

MAPNET_CPU_LEVELS void gather(float* doutputs, const float* dtheta, const ShareSpan& s,
                              std::size_t begin, std::size_t end) {
  switch (share_lanes(s.share)) {
    case 1:
      return sum_groups<1>(doutputs, dtheta, s, begin, end);
    case 2:
      return sum_groups<2>(doutputs, dtheta, s, begin, end);
    case 4:
      return sum_groups<4>(doutputs, dtheta, s, begin, end);
    case 8:
      return sum_groups<8>(doutputs, dtheta, s, begin, end);
    case 16:
      return sum_groups<16>(doutputs, dtheta, s, begin, end);
    case 32:
      return sum_groups<32>(doutputs, dtheta, s, begin, end);
    default:
      return sum_groups<256>(doutputs, dtheta, s, begin, end);
  }
}

}  // namespace

ShareState share_setup(Schedule&, const std::string&, const ShareDesc&) { return {}; }

void share_forward(Schedule& schedule, const std::string& name, const ShareDesc& desc,
                   const ShareState&, BufferId base, BufferId outputs, BufferId theta) {
  Step step;
  step.name = name + ".forward";
  step.reads = {base, outputs};
  step.writes = {theta};
  step.bytes = sizeof(float) * static_cast<double>(2 * desc.target_size() + desc.output_size());
  const std::vector<Piece> pieces =
      cut(desc, [](const ShareSpan& s) { return std::pair(s.size, kChunk); });
  step.bind = [=, n_threads = schedule.n_threads()](const Memory& memory) -> Run {
    const auto* from = memory.at<const float>(base);
    const auto* o = memory.at<const float>(outputs);
    auto* to = memory.at<float>(theta);
    return [=] {
      parallel_for(static_cast<int>(pieces.size()), n_threads, [&](int i) {
        const Piece& p = pieces[static_cast<std::size_t>(i)];
        shift(to + p.span.theta_offset, from + p.span.theta_offset, o + p.span.output_offset,
              p.span, p.begin, p.end);
      });
    };
  };
  schedule.add(std::move(step));
}

void share_backward(Schedule& schedule, const std::string& name, const ShareDesc& desc,
                    const ShareState&, BufferId dtheta, BufferId doutputs) {
  Step step;
  step.name = name + ".backward";
  step.reads = {dtheta};
  step.writes = {doutputs};
  step.bytes = sizeof(float) * static_cast<double>(desc.target_size() + desc.output_size());
  const std::vector<Piece> pieces = cut(desc, [](const ShareSpan& s) {
    return std::pair(s.groups(), std::max<std::size_t>(1, kChunk / std::max(s.share, 1u)));
  });
  step.bind = [=, n_threads = schedule.n_threads()](const Memory& memory) -> Run {
    const auto* from = memory.at<const float>(dtheta);
    auto* to = memory.at<float>(doutputs);
    return [=] {
      parallel_for(static_cast<int>(pieces.size()), n_threads, [&](int i) {
        const Piece& p = pieces[static_cast<std::size_t>(i)];
        gather(to + p.span.output_offset, from + p.span.theta_offset, p.span, p.begin, p.end);
      });
    };
  };
  schedule.add(std::move(step));
}

}  // namespace mapnet::cpu
