#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>

namespace mapnet {

/// What tells one kind of file of ours from another.
struct FrameFormat {
  std::string_view magic;  ///< eight characters
  std::uint32_t version;   ///< the one written and the only one read
  std::string_view name;   ///< for messages: "latent file"
};

/// A description and the bytes it describes, as they lie in a file:
/// magic, uint32 version, uint32 n, n bytes of JSON (UTF-8), the payload, uint32 CRC-32 (zlib's) of
/// everything before it. Numbers are little-endian.
struct FramedFile {
  nlohmann::json description;
  std::string bytes;  ///< the whole file
  std::size_t payload_begin = 0;

  std::string_view payload() const {
    return std::string_view(bytes).substr(payload_begin,
                                          bytes.size() - payload_begin - sizeof(std::uint32_t));
  }
};

/// Writes the file whole or not at all (write_file_atomic). Throws Error.
void write_framed_file(const std::filesystem::path& path, const FrameFormat& format,
                       const nlohmann::json& description, std::span<const std::string_view> payload,
                       const std::filesystem::path& previous = {});

/// Takes a file's bytes apart. Throws Error naming the file and what is wrong: another kind of
/// file, another version, truncated or damaged, no JSON.
FramedFile parse_framed_file(std::string bytes, const std::string& name, const FrameFormat& format);

/// The same of a file that is read first.
FramedFile read_framed_file(const std::filesystem::path& path, const FrameFormat& format);

}  // namespace mapnet
