#pragma once

#include <cstddef>
#include <memory>

namespace mapnet {

/// The one host allocation a run makes for its buffers. Zero-filled, page-aligned, never grows.
class Arena {
 public:
  /// Throws Error naming the bytes asked for when the system has none.
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
