#pragma once

#include <cstdlib>

#include "data/decoder_memory.hpp"

// How stb_image is built; the declarations and, in stb_image.cpp, the code must agree.
#define STBI_ONLY_JPEG
#define STBI_ONLY_PNG
#define STBI_NO_STDIO
#define STBI_NO_LINEAR
#define STBI_NO_HDR
#define STBI_MAX_DIMENSIONS (1 << 16)
// Zeroed: of a JPEG whose data ends early it gives out pixels that it never wrote.
#define STBI_MALLOC(size) std::calloc(1, size)
#define STBI_REALLOC_SIZED(memory, old_size, size) mapnet::grow_decoder_memory(memory, size)
#define STBI_FREE(memory) std::free(memory)
#include <stb/stb_image.h>
