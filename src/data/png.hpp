#pragma once

#include <string>

#include "data/image.hpp"

namespace mapnet {

/// The bytes of a PNG file of 8 bits a channel.
std::string encode_png(const Image& image);

}  // namespace mapnet
