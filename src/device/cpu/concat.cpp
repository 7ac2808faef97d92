#include "device/ops/concat.hpp"

#include <algorithm>
#include <cstring>

#include "device/cpu/parallel.hpp"

namespace mapnet::cpu {

namespace {

constexpr std::size_t kPiece = 32768;  // floats a task copies

void copy_images(const ConcatCopy& c, int n, bool into_whole, int n_threads) {
  const int pieces = static_cast<int>((c.part_image + kPiece - 1) / kPiece);
  parallel_for(n * pieces, n_threads, [&](int task) {
    const auto image = static_cast<std::size_t>(task / pieces),
               begin = static_cast<std::size_t>(task % pieces) * kPiece,
               bytes = std::min(kPiece, c.part_image - begin) * sizeof(float);
    float* part = c.part + image * c.part_image + begin;
    float* whole = c.whole + image * c.whole_image + begin;
    std::memcpy(into_whole ? whole : part, into_whole ? part : whole, bytes);
  });
}

std::function<Run(const Memory&)> copy_parts(const Schedule& schedule, const Tensor& whole,
                                             const std::vector<Tensor>& parts, bool into_whole) {
  return [=, n_threads = schedule.n_threads()](const Memory& memory) -> Run {
    return [=, copies = concat_copies(memory, whole, parts)] {
      for (const ConcatCopy& c : copies) copy_images(c, whole.n, into_whole, n_threads);
    };
  };
}

}  // namespace

Tensor concat_forward(Schedule& schedule, const std::string& name,
                      const std::vector<Tensor>& parts) {
  Tensor y = concat_shape(name, parts);
  y.buffer = schedule.buffer(name + ".y", "activations", y.bytes());
  Step step = concat_step(name + ".forward", y, parts, true);
  step.bind = copy_parts(schedule, y, parts, true);
  schedule.add(std::move(step));
  return y;
}

std::vector<Tensor> concat_backward(Schedule& schedule, const std::string& name, const Tensor& dy,
                                    const std::vector<Tensor>& parts,
                                    const std::vector<bool>& needed) {
  const std::vector<Tensor> gradients = concat_gradients(schedule, name, dy, parts, needed);
  Step step = concat_step(name + ".backward", dy, gradients, false);
  step.bind = copy_parts(schedule, dy, gradients, false);
  schedule.add(std::move(step));
  return gradients;
}

}  // namespace mapnet::cpu
