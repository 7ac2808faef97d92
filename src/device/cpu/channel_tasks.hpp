#pragma once

#include <algorithm>
#include <cstddef>

#include "device/tensor.hpp"

namespace mapnet::cpu {

/// How the work on each channel of a tensor [n][c / block][h][w][block] is cut into tasks: some
/// images' part of one block of channels, or part of one image's. The cut depends on the shape
/// alone, never on threads, and makes several tasks of even a single block of channels.
class ChannelTasks {
 public:
  /// Channels repeat every so many floats in a run: value i belongs to channel i % kLanes % block.
  static constexpr std::size_t kLanes = 16;

  explicit ChannelTasks(const Tensor& x)
      : images_(static_cast<std::size_t>(x.n)),
        run_(static_cast<std::size_t>(x.h) * static_cast<std::size_t>(x.w) *
             static_cast<std::size_t>(x.channel_block)),
        blocks_(x.padded_size() / images_ / run_),
        group_(std::clamp<std::size_t>(kTaskFloats / run_, 1, images_)),
        groups_((images_ + group_ - 1) / group_),
        segments_((run_ + kTaskFloats - 1) / kTaskFloats) {}

  int count() const { return static_cast<int>(blocks_ * per_block()); }
  /// Tasks of one block of channels; those of block b are per_block() * b and following.
  std::size_t per_block() const { return groups_ * segments_; }
  int block_of(int task) const {
    return static_cast<int>(static_cast<std::size_t>(task) / per_block());
  }

  /// Calls f(image, first, n) for each contiguous run of a task, its floats first ... first + n - 1
  /// of the tensor; `first` lies a multiple of kLanes behind the first of the image's block.
  template <class F>
  void for_runs(int task, const F& f) const {
    const std::size_t t = static_cast<std::size_t>(task), block = t / per_block(),
                      group = t % per_block() / segments_, segment = t % segments_;
    const std::size_t begin = segment * kTaskFloats, end = std::min(begin + kTaskFloats, run_);
    for (std::size_t i = group * group_; i < std::min((group + 1) * group_, images_); ++i)
      f(static_cast<int>(i), (i * blocks_ + block) * run_ + begin, end - begin);
  }

 private:
  static constexpr std::size_t kTaskFloats = 65536;  // a multiple of kLanes

  std::size_t images_, run_, blocks_;  // run_: floats of a block of channels in an image
  std::size_t group_, groups_;         // images a task, and how many such
  std::size_t segments_;
};

}  // namespace mapnet::cpu
