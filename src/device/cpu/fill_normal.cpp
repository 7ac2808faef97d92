#include <algorithm>

#include "device/cpu/normals.hpp"
#include "device/cpu/parallel.hpp"
#include "device/ops/map.hpp"

namespace mapnet::cpu {

void fill_normal(Schedule& schedule, const std::string& name, BufferId values, std::size_t n,
                 std::uint64_t seed, Stream stream, float stddev,
                 const std::vector<RowScale>& scales) {
  Step step;
  step.name = name;
  step.writes = {values};
  step.bytes = static_cast<double>(n) * sizeof(float);
  step.bind = [=, n_threads = schedule.n_threads()](const Memory& memory) -> Run {
    auto* x = memory.at<float>(values);
    return [=] {
      // Whole draws, in runs that threads share; then what is left of the last.
      constexpr std::size_t kRun = 4096;
      const std::size_t whole = n / 4;
      parallel_for(static_cast<int>((whole + kRun - 1) / kRun), n_threads, [=](int run) {
        const std::size_t begin = static_cast<std::size_t>(run) * kRun;
        const std::size_t draws = std::min(kRun, whole - begin);
        draw_normals(x + 4 * begin, draws, seed, stream, begin);
        for (std::size_t i = 4 * begin; i < 4 * (begin + draws); ++i) x[i] *= stddev;
      });
      if (4 * whole < n) {
        const auto normals = random_normals(seed, stream, whole);
        for (std::size_t i = 4 * whole; i < n; ++i) x[i] = stddev * normals[i - 4 * whole];
      }
      for (const RowScale& s : scales)
        for (std::size_t i = s.offset; i < s.offset + s.rows; ++i) x[i] *= s.scale;
    };
  };
  schedule.add(std::move(step));
}

}  // namespace mapnet::cpu
