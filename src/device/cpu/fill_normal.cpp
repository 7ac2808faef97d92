#include <algorithm>

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
      const int draws = static_cast<int>((n + 3) / 4);
      parallel_for(draws, n_threads, [=](int draw) {
        const auto normals = random_normals(seed, stream, static_cast<std::uint64_t>(draw));
        const std::size_t begin = static_cast<std::size_t>(draw) * 4;
        for (std::size_t i = begin; i < std::min(n, begin + 4); ++i)
          x[i] = stddev * normals[i - begin];
      });
      for (const RowScale& s : scales)
        for (std::size_t i = s.offset; i < s.offset + s.rows; ++i) x[i] *= s.scale;
    };
  };
  schedule.add(std::move(step));
}

}  // namespace mapnet::cpu
