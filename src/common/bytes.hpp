#pragma once

#include <cstddef>
#include <string>

namespace mapnet {

/// "512 B", "1.5 KiB", "434.5 KiB", "1.25 GiB": three or four significant digits, binary units.
std::string format_bytes(std::size_t bytes);

}  // namespace mapnet
