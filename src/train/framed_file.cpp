#include "train/framed_file.hpp"

#include <limits>
#include <vector>

#include "common/error.hpp"
#include "common/file.hpp"
#include "common/json.hpp"
#include "train/checksum.hpp"

namespace mapnet {

namespace {

constexpr std::size_t kWord = sizeof(std::uint32_t);
/// Of a description; a recipe's fine-tuned layers lie five deep.
constexpr int kMaxDepth = 16;

std::string word(std::uint32_t value) {
  std::string bytes;
  for (int shift = 0; shift < 32; shift += 8) bytes += static_cast<char>(value >> shift);
  return bytes;
}

std::uint32_t word_at(std::string_view bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < kWord; ++i)
    value |= static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[at + i])) << (8 * i);
  return value;
}

}  // namespace

void write_framed_file(const std::filesystem::path& path, const FrameFormat& format,
                       const nlohmann::json& description, std::span<const std::string_view> payload,
                       const std::filesystem::path& previous) {
  const std::string text = description.dump();
  if (text.size() > std::numeric_limits<std::uint32_t>::max())
    fail("{}: a description of {} bytes is too long for a {}", path.string(), text.size(),
         format.name);
  const std::string head = std::string(format.magic) + word(format.version) +
                           word(static_cast<std::uint32_t>(text.size())) + text;
  std::vector<std::string_view> parts = {head};
  parts.insert(parts.end(), payload.begin(), payload.end());
  std::uint32_t sum = 0;
  for (const std::string_view part : parts) sum = checksum(part, sum);
  const std::string tail = word(sum);
  parts.push_back(tail);
  write_file_atomic(path, parts, previous);
}

FramedFile parse_framed_file(std::string whole, const std::string& name,
                             const FrameFormat& format) {
  FramedFile file;
  file.bytes = std::move(whole);
  const std::string_view bytes = file.bytes;
  const std::size_t header = format.magic.size() + 2 * kWord;
  if (bytes.size() < header + kWord || !bytes.starts_with(format.magic))
    fail("{}: not a mapnet {} (expected it to begin with {})", name, format.name, format.magic);
  const std::uint32_t version = word_at(bytes, format.magic.size());
  if (version != format.version)
    fail("{}: {} version {}; this mapnet reads version {}", name, format.name, version,
         format.version);
  const std::uint32_t stored = word_at(bytes, bytes.size() - kWord);
  const std::uint32_t found = checksum(bytes.substr(0, bytes.size() - kWord));
  if (stored != found)
    fail("{}: damaged: checksum {:08x} expected, {:08x} found", name, stored, found);
  const std::size_t text_size = word_at(bytes, format.magic.size() + kWord);
  if (text_size > bytes.size() - header - kWord)
    fail("{}: description of {} bytes in a file of {}", name, text_size, bytes.size());
  file.payload_begin = header + text_size;
  try {
    file.description = parse_json(bytes.substr(header, text_size), kMaxDepth);
  } catch (const std::exception& e) {
    fail("{}: description: {}", name, e.what());
  }
  return file;
}

FramedFile read_framed_file(const std::filesystem::path& path, const FrameFormat& format) {
  return parse_framed_file(read_file(path), path.string(), format);
}

}  // namespace mapnet
