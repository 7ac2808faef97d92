#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "common/test_device.hpp"
#include "device/program.hpp"
#include "device/tensor.hpp"
#include "reference/vector.hpp"

/// Runs single ops on values of the test's choice.
namespace mapnet::test {

using reference::Vector;

/// Position of (n, c, y, x) in a tensor's memory.
inline std::size_t at(const Tensor& t, int n, int c, int y, int x) {
  const int b = t.channel_block, blocks = (t.c + b - 1) / b;
  return static_cast<std::size_t>((((n * blocks + c / b) * t.h + y) * t.w + x) * b + c % b);
}

/// A schedule under construction with its inputs, then the program that ran it.
class OpHarness {
 public:
  explicit OpHarness(int n_threads = 2) : OpHarness(test_device(n_threads)) {}
  explicit OpHarness(std::shared_ptr<Device> device) : schedule(std::move(device)) {}

  Schedule schedule;

  /// A flat float buffer holding `values`.
  BufferId input(const Vector& values) {
    const BufferId id = schedule.persistent_buffer("in" + std::to_string(inputs_.size()), "test",
                                                   values.size() * sizeof(float));
    inputs_.push_back([id, values](const Program& on) {
      const std::vector<float> floats(values.begin(), values.end());
      on.write<float>(id, floats);
    });
    return id;
  }

  /// A tensor holding `values` [N, C, H, W] with `block` channels innermost (plain on a GPU, whose
  /// tensors all are).
  Tensor tensor(int n, int c, int h, int w, int block, const Vector& values) {
    Tensor t;
    t.n = n, t.c = c, t.h = h, t.w = w, t.channel_block = testing_cuda() ? 1 : block;
    t.buffer = schedule.persistent_buffer("x" + std::to_string(inputs_.size()), "test", t.bytes());
    inputs_.push_back([t, values](const Program& on) {
      std::vector<float> p(t.padded_size());
      std::size_t i = 0;
      for (int a = 0; a < t.n; ++a)
        for (int b = 0; b < t.c; ++b)
          for (int y = 0; y < t.h; ++y)
            for (int x = 0; x < t.w; ++x) p[at(t, a, b, y, x)] = static_cast<float>(values[i++]);
      on.write<float>(t.buffer, p);
    });
    return t;
  }

  /// A buffer the ops write and the test reads.
  BufferId output(std::size_t n_floats) {
    return schedule.persistent_buffer("out", "test", n_floats * sizeof(float));
  }

  template <class T>
  BufferId object(const T& value) {
    const BufferId id = schedule.persistent_buffer("object", "test", sizeof(T));
    inputs_.push_back([id, value](const Program& on) { on.write<T>(id, {&value, 1}); });
    return id;
  }

  template <class T>
  BufferId array(const std::vector<T>& values) {
    const BufferId id = schedule.persistent_buffer("array", "test", values.size() * sizeof(T));
    inputs_.push_back([id, values](const Program& on) { on.write<T>(id, values); });
    return id;
  }

  /// Has `fill` write what the steps find, once they are bound.
  void before_run(std::function<void(const Program&)> fill) { inputs_.push_back(std::move(fill)); }

  /// Plans without reuse, so that every buffer can be read afterwards, and runs every phase once.
  void run() {
    program = std::make_unique<Program>(schedule, plan_arena_without_reuse(schedule.lifetimes()));
    for (const auto& fill : inputs_) fill(*program);
    for (int phase = 0; phase < kPhases; ++phase) program->run(static_cast<Phase>(phase));
  }

  Vector read(BufferId id, std::size_t n, std::size_t offset = 0) const {
    const std::vector<float> values = read_all<float>(id, n, offset);
    return Vector(values.begin(), values.end());
  }

  template <class T>
  std::vector<T> read_all(BufferId id, std::size_t n, std::size_t offset = 0) const {
    std::vector<T> values(n);
    program->read<T>(values, id, offset * sizeof(T));
    return values;
  }

  /// The values [N, C, H, W] of a tensor, whatever its layout.
  Vector read(const Tensor& t) const {
    const std::vector<float> p = read_all<float>(t.buffer, t.padded_size(), t.offset);
    Vector values;
    for (int a = 0; a < t.n; ++a)
      for (int b = 0; b < t.c; ++b)
        for (int y = 0; y < t.h; ++y)
          for (int x = 0; x < t.w; ++x) values.push_back(static_cast<double>(p[at(t, a, b, y, x)]));
    return values;
  }

  std::unique_ptr<Program> program;

 private:
  std::vector<std::function<void(const Program&)>> inputs_;
};

/// Values that a float holds exactly, so that fast twin and reference start from the same numbers.
inline Vector exact_floats(std::size_t n, std::uint64_t seed, double low = -1, double high = 1) {
  Vector values = reference::uniform(n, seed, low, high);
  for (double& v : values) v = static_cast<double>(static_cast<float>(v));
  return values;
}

/// Float32 sums of n products of values within [-1, 1], in any order: each of the n additions
/// rounds a partial sum that is at most n, typically sqrt(n) / 3, by 2^-24 of itself: n / 3 * 2^-24
/// if all errors had one sign. Twelve times that for the worst of many thousand values; a wrong or
/// missing term is about 1.
inline double sum_tolerance(std::size_t n) { return 4 * 0x1p-24 * (static_cast<double>(n) + 16.0); }

}  // namespace mapnet::test
