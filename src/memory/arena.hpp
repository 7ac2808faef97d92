#pragma once

#include <cstddef>
#include <memory>

#include "common/error.hpp"

namespace mapnet {

/// There is not memory enough for a run's buffers, on the host or on a GPU.
struct NoArena : Error {
  using Error::Error;
};

/// The one host allocation a run makes for its buffers. Zero-filled, page-aligned, never grows.
class Arena {
 public:
  /// Throws NoArena naming the bytes asked for when the system has none.
  explicit Arena(std::size_t bytes);

  std::byte* data() const { return memory_.get(); }
  std::size_t size() const { return bytes_; }

  /// How many arenas this process has allocated so far; a test holds it at one a run.
  static std::size_t allocations();

 private:
  struct Release {
    std::size_t bytes = 0;
    void operator()(std::byte* p) const;
  };
  std::unique_ptr<std::byte, Release> memory_;
  std::size_t bytes_ = 0;
};

}  // namespace mapnet
