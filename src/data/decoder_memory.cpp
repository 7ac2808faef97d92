#include "data/decoder_memory.hpp"

#include <cstdlib>
#include <limits>

namespace mapnet {

namespace {

struct DecoderBound {
  std::size_t most = std::numeric_limits<std::size_t>::max();
  bool exceeded = false;
};

thread_local DecoderBound decoder_bound;

}  // namespace

DecoderMemory::DecoderMemory(std::size_t most) { decoder_bound = {most, false}; }

DecoderMemory::~DecoderMemory() { decoder_bound = {}; }

bool DecoderMemory::exceeded() const { return decoder_bound.exceeded; }

void* grow_decoder_memory(void* memory, std::size_t bytes) {
  if (bytes <= decoder_bound.most) return std::realloc(memory, bytes);
  decoder_bound.exceeded = true;
  return nullptr;
}

}  // namespace mapnet
