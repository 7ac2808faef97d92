#pragma once

#include <cstddef>
#include <filesystem>

namespace mapnet {

/// Bytes of memory that read_image takes at most for a file, with what it returns: by the file's
/// size and header, of which a few bytes are read. 0 where the header is none of a picture that
/// would be decoded, or there is no such file: whoever reads the picture is told.
std::size_t reading_bytes(const std::filesystem::path& path);

}  // namespace mapnet
