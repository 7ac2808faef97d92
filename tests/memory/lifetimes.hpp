#pragma once

#include <algorithm>
#include <cstddef>
#include <random>
#include <string>
#include <vector>

#include "memory/plan.hpp"

namespace mapnet::test {

/// Lists of lifetimes made from a seed, the same on every machine.
class RandomLifetimes {
 public:
  explicit RandomLifetimes(unsigned seed) : random_(seed) {}

  /// From lo to hi, both included.
  int between(int lo, int hi) {
    return lo + static_cast<int>(random_() % static_cast<std::size_t>(hi - lo + 1));
  }

  /// `n` buffers over at most `steps` steps; `longest` bounds the steps of one.
  std::vector<Lifetime> any(int n, int steps, int longest) {
    buffers_.clear();
    for (int i = 0; i < n; ++i) {
      const int first = between(0, steps - 1);
      add("any", first, std::min(steps - 1, first + between(0, longest - 1)), bytes(14));
    }
    return buffers_;
  }

  /// A forward and a backward walk over `n` layers: step 0 is the batch, layer i runs forward at
  /// step i and backward at step 2n + 1 - i, step 2n + 1 is the optimizer's. Three kinds of sizes:
  /// all over the place, small multiples of a page, powers of two.
  std::vector<Lifetime> training_step(int n) {
    buffers_.clear();
    const int end = 2 * n + 1, kind = between(0, 2), largest = between(4, 15);
    const auto size = [&] {
      if (kind == 1) return std::size_t{4096} * static_cast<std::size_t>(between(1, 8));
      if (kind == 2) return std::size_t{4096} << between(0, 3);
      return bytes(largest);
    };
    for (int i = between(1, 6); i > 0; --i) add("held", 0, end, size());
    add("theta", 1, end, size());
    add("dtheta", n + 1, end, size());
    for (int i = 1; i <= n; ++i) {
      const int back = end - i;
      add("activation", i, between(0, 3) > 0 ? back : i + 1, size());
      if (between(0, 1)) add("mask", i, back, size() / 4);
      if (between(0, 1)) add("workspace", i, i, size());
      if (between(0, 1)) add("workspace", back, back, size());
      if (between(0, 2) == 0) add("reorder", i, i, size());
      add("gradient", back, back + 1, size());
      if (between(0, 3) == 0) add("gradient", back, std::min(end, back + between(0, 3)), size());
      if (between(0, 4) == 0) add("weight gradient", back, end, size());
    }
    return buffers_;
  }

 private:
  // Spread evenly over the octaves from 64 bytes up.
  std::size_t bytes(int octaves) {
    const std::size_t octave = std::size_t{64} << between(0, octaves);
    return octave + random_() % octave;
  }

  void add(const char* group, int first, int last, std::size_t size) {
    buffers_.push_back({.name = std::string(group) + ' ' + std::to_string(buffers_.size()),
                        .group = group,
                        .bytes = size,
                        .first = first,
                        .last = last});
  }

  std::mt19937_64 random_;
  std::vector<Lifetime> buffers_;
};

/// The oracle: what is wrong with a plan, looking at every pair of buffers; empty when it is sound.
inline std::string flaw(const Plan& plan) {
  const std::size_t n = plan.buffers.size();
  if (plan.offsets.size() != n) return "not one offset a buffer";
  if (plan.total < plan.lower_bound) return "total below the lower bound";
  for (std::size_t i = 0; i < n; ++i) {
    const Lifetime& a = plan.buffers[i];
    const std::size_t a_begin = plan.offsets[i], a_end = a_begin + a.bytes;
    if (a_end > plan.total) return a.name + " ends outside the arena";
    if (a_begin % std::max(a.alignment, kArenaAlignment) != 0) return a.name + " is misaligned";
    if (a.bytes == 0 && a_begin != 0) return a.name + " is empty but not at 0";
    for (std::size_t j = 0; j < i; ++j) {
      const Lifetime& b = plan.buffers[j];
      const std::size_t b_begin = plan.offsets[j], b_end = b_begin + b.bytes;
      const bool in_time = a.first <= b.last && b.first <= a.last;
      const bool in_space = a.bytes > 0 && b.bytes > 0 && a_begin < b_end && b_begin < a_end;
      if (in_time && in_space) return a.name + " overlaps " + b.name;
    }
  }
  return {};
}

inline double ratio(const Plan& plan) {
  return static_cast<double>(plan.total) / static_cast<double>(plan.lower_bound);
}

}  // namespace mapnet::test
