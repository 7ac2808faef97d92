#pragma once

#include <cstddef>

namespace mapnet {

/// What stb_image asks of memory as it goes (stb_image.hpp leads it here), bounded on this thread
/// while this lives: it doubles the room for what a PNG unpacks to as long as there is more to
/// come, whatever size the header says. What it makes at once follows the header, which is checked
/// before.
class DecoderMemory {
 public:
  explicit DecoderMemory(std::size_t most);
  ~DecoderMemory();
  DecoderMemory(const DecoderMemory&) = delete;
  DecoderMemory& operator=(const DecoderMemory&) = delete;

  /// Whether more was asked for, and refused.
  bool exceeded() const;
};

/// As realloc; nothing above the bound.
void* grow_decoder_memory(void* memory, std::size_t bytes);

}  // namespace mapnet
