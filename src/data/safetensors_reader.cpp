#include "data/safetensors_reader.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <tuple>

#include "common/error.hpp"

namespace mapnet {

namespace {

using nlohmann::json;

/// huggingface/safetensors' own limit.
constexpr std::uint64_t kMaxHeader = 100'000'000;
/// Objects and arrays in one another: the header, an entry, its shape.
constexpr int kMaxDepth = 3;

struct Dtype {
  std::string_view name;
  std::size_t bytes;
};
/// Those of the format that take whole bytes.
constexpr std::array kDtypes = {
    Dtype{"BOOL", 1}, Dtype{"U8", 1},  Dtype{"I8", 1},  Dtype{"F8_E5M2", 1}, Dtype{"F8_E4M3", 1},
    Dtype{"I16", 2},  Dtype{"U16", 2}, Dtype{"F16", 2}, Dtype{"BF16", 2},    Dtype{"I32", 4},
    Dtype{"U32", 4},  Dtype{"F32", 4}, Dtype{"F64", 8}, Dtype{"I64", 8},     Dtype{"U64", 8}};

std::string read_header(const InputFile& file) {
  std::array<std::uint8_t, 8> prefix;
  if (file.size() < prefix.size())
    fail("{}: not a safetensors file: expected 8 bytes of header length, found {}",
         file.path().string(), file.size());
  file.read(0, prefix);
  std::uint64_t length = 0;
  for (std::size_t i = 0; i < prefix.size(); ++i) length |= std::uint64_t{prefix[i]} << (8 * i);
  if (length > kMaxHeader || length > file.size() - prefix.size())
    fail(
        "{}: not a safetensors file, or a truncated one: it announces a header of {} bytes and has "
        "{}",
        file.path().string(), length, file.size() - prefix.size());
  std::string text(length, '\0');
  file.read(prefix.size(), {reinterpret_cast<std::uint8_t*>(text.data()), text.size()});
  return text;
}

/// Keys that occur twice in one object are refused: readers differ in which of the two they take.
/// So is what lies deeper than the format has it, before it is made.
json parse_header(const std::string& text, const std::string& path) {
  if (text.empty() || text.front() != '{')
    fail("{}: not a safetensors file: its header does not begin with {{", path);
  std::vector<std::set<std::string>> keys;
  const json::parser_callback_t check = [&](int depth, json::parse_event_t event, json& parsed) {
    const bool begins =
        event == json::parse_event_t::object_start || event == json::parse_event_t::array_start;
    if (begins && depth >= kMaxDepth)
      fail("{}: its header is nested more than {} deep", path, kMaxDepth);
    if (event == json::parse_event_t::object_start) keys.emplace_back();
    if (event == json::parse_event_t::object_end) keys.pop_back();
    if (event == json::parse_event_t::key && !keys.back().insert(parsed.get<std::string>()).second)
      fail("{}: {} is in its header twice", path, parsed.get<std::string>());
    return true;
  };
  try {
    return json::parse(text, check);
  } catch (const json::exception& e) {
    fail("{}: header: {}", path, e.what());
  }
}

/// a * b, or the largest number there is: more than any file has.
std::size_t saturating_product(std::size_t a, std::size_t b) {
  std::size_t product = 0;
  if (__builtin_mul_overflow(a, b, &product)) return std::numeric_limits<std::size_t>::max();
  return product;
}

StoredTensor parse_entry(const std::string& name, const json& entry, std::size_t data,
                         const InputFile& file) {
  const std::string path = file.path().string();
  StoredTensor t;
  t.name = name;
  std::array<std::size_t, 2> range{};
  try {
    entry.at("dtype").get_to(t.dtype);
    for (const json& extent : entry.at("shape")) {
      if (!extent.is_number_unsigned()) fail("{}: tensor {}: shape {}", path, name, extent.dump());
      t.shape.push_back(extent);
    }
    const json& offsets = entry.at("data_offsets");
    if (offsets.size() != 2 || !offsets[0].is_number_unsigned() || !offsets[1].is_number_unsigned())
      fail("{}: tensor {}: data_offsets {}; expected [begin, end]", path, name, offsets.dump());
    offsets.get_to(range);
  } catch (const json::exception& e) {
    fail("{}: tensor {}: {}", path, name, e.what());
  }
  const auto dtype = std::find_if(kDtypes.begin(), kDtypes.end(),
                                  [&](const Dtype& d) { return d.name == t.dtype; });
  if (dtype == kDtypes.end()) fail("{}: tensor {}: unknown dtype {}", path, name, t.dtype);
  t.size = 1;
  for (const std::size_t extent : t.shape) t.size = saturating_product(t.size, extent);
  const std::size_t expected = saturating_product(t.size, dtype->bytes);
  const std::size_t space = file.size() - data;
  if (range[0] > range[1] || range[1] > space)
    fail("{}: tensor {}: bytes {} to {}, outside the {} that the file has for tensors", path, name,
         range[0], range[1], space);
  t.bytes = range[1] - range[0];
  t.offset = data + range[0];
  if (t.bytes != expected)
    fail("{}: tensor {}: {} of shape {} takes {} bytes, the header gives it {}", path, name,
         t.dtype, shape_text(t.shape), expected, t.bytes);
  return t;
}

/// Tensors follow one another without gap or overlap, from `data` to the file's end.
void check_cover(const std::vector<StoredTensor>& tensors, std::size_t data,
                 const InputFile& file) {
  const std::string path = file.path().string();
  std::size_t end = data;
  for (const StoredTensor& t : tensors) {
    if (t.offset < end) fail("{}: tensor {} overlaps the one before it", path, t.name);
    if (t.offset > end)
      fail("{}: tensor {}: {} bytes before it belong to none", path, t.name, t.offset - end);
    end = t.offset + t.bytes;
  }
  if (end != file.size())
    fail("{}: {} bytes after the last tensor belong to none", path, file.size() - end);
}

}  // namespace

std::string shape_text(std::span<const std::size_t> shape) {
  return fmt::format("[{}]", fmt::join(shape, ", "));
}

SafetensorsFile::SafetensorsFile(const std::filesystem::path& path) : file_(path) {
  const std::string text = read_header(file_);
  const std::size_t data = 8 + text.size();
  const json header = parse_header(text, path.string());
  for (const auto& [name, entry] : header.items()) {
    if (name == "__metadata__") {
      try {
        entry.get_to(metadata_);
      } catch (const json::exception& e) {
        fail("{}: __metadata__: {}", path.string(), e.what());
      }
    } else {
      tensors_.push_back(parse_entry(name, entry, data, file_));
    }
  }
  std::sort(tensors_.begin(), tensors_.end(), [](const StoredTensor& a, const StoredTensor& b) {
    return std::tie(a.offset, a.bytes) < std::tie(b.offset, b.bytes);  // empty ones come first
  });
  check_cover(tensors_, data, file_);
}

const StoredTensor* SafetensorsFile::find(std::string_view name) const {
  for (const StoredTensor& t : tensors_)
    if (t.name == name) return &t;
  return nullptr;
}

void SafetensorsFile::read(const StoredTensor& t, std::span<float> out) const {
  if (out.size() != t.size)
    fail("{}: tensor {}: {} values of shape {}, expected {}", path().string(), t.name, t.size,
         shape_text(t.shape), out.size());
  const std::span bytes(reinterpret_cast<std::uint8_t*>(out.data()), out.size_bytes());
  static_assert(std::endian::native == std::endian::little);
  if (t.dtype == "F32") return file_.read(t.offset, bytes);
  const bool fp16 = t.dtype == "F16";
  if (!fp16 && t.dtype != "BF16")
    fail("{}: tensor {}: dtype {}; expected F32, BF16 or F16", path().string(), t.name, t.dtype);
  // Into the second half of `out`, then widened from the front: a value is read before the place
  // it lay at is written.
  const std::span halves = bytes.last(t.bytes);
  file_.read(t.offset, halves);
  for (std::size_t i = 0; i < t.size; ++i) {
    std::uint16_t half = 0;
    std::memcpy(&half, halves.data() + 2 * i, sizeof half);
    const float wide = fp16 ? from_fp16(half) : std::bit_cast<float>(std::uint32_t{half} << 16);
    std::memcpy(&out[i], &wide, sizeof wide);
  }
}

float from_fp16(std::uint16_t half) {
  const std::uint32_t sign = std::uint32_t{half} >> 15 << 31;
  const std::uint32_t exponent = half >> 10 & 0x1f, mantissa = half & 0x3ff;
  if (exponent == 0) {  // zero or subnormal: mantissa units of 2^-24
    const float magnitude = static_cast<float>(mantissa) * 0x1p-24f;
    return std::bit_cast<float>(sign | std::bit_cast<std::uint32_t>(magnitude));
  }
  const std::uint32_t wide = exponent == 0x1f ? 0xff : exponent + 127 - 15;
  return std::bit_cast<float>(sign | wide << 23 | mantissa << 13);
}

}  // namespace mapnet
