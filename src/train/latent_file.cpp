#include "train/latent_file.hpp"

#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>

#include "common/error.hpp"
#include "common/file.hpp"
#include "common/json_number.hpp"
#include "data/input_file.hpp"
#include "device/ops/step_control.hpp"
#include "train/recipe/limits.hpp"

namespace mapnet {

namespace {

constexpr std::string_view kMagic = "MAPNETLV";
constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kHeader = kMagic.size() + 8;
/// Of numbers of one kind in a file: their bytes are counted without overflow.
constexpr std::int64_t kMaxCount = std::int64_t{1} << 48;

std::uint32_t checksum(std::string_view bytes) {
  return static_cast<std::uint32_t>(
      crc32_z(0, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()));
}

void append(std::string& out, std::uint32_t value) {
  for (int shift = 0; shift < 32; shift += 8) out += static_cast<char>(value >> shift);
}

std::uint32_t read_u32(std::string_view bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i)
    value |= static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[at + i])) << (8 * i);
  return value;
}

/// The whole file, when magic, version and checksum are right.
std::string checked_bytes(const std::filesystem::path& path) {
  const InputFile file(path);
  const std::string name = path.string();
  std::string bytes(std::min(file.size(), kHeader), '\0');
  const auto read_all = [&] {
    file.read(0, {reinterpret_cast<std::uint8_t*>(bytes.data()), bytes.size()});
  };
  read_all();
  if (file.size() < kHeader + 4 || !bytes.starts_with(kMagic))
    fail("{}: not a mapnet latent file (expected it to begin with {})", name, kMagic);
  const std::uint32_t version = read_u32(bytes, kMagic.size());
  if (version != kVersion)
    fail("{}: latent file version {}; this mapnet reads version {}", name, version, kVersion);
  bytes.resize(file.size());
  read_all();
  const std::uint32_t stored = read_u32(bytes, bytes.size() - 4);
  const std::uint32_t found = checksum(std::string_view(bytes).substr(0, bytes.size() - 4));
  if (stored != found)
    fail("{}: damaged: checksum {:08x} expected, {:08x} found", name, stored, found);
  return bytes;
}

int size_of(const nlohmann::json& json, const char* what, int most) {
  return static_cast<int>(whole_number(json, what, 1, most));
}

std::size_t count_of(const nlohmann::json& description, const char* key) {
  return description.contains(key)
             ? static_cast<std::size_t>(whole_number(description.at(key), key, 0, kMaxCount))
             : 0;
}

/// All but the numbers that follow the description.
LatentFile parse_description(const nlohmann::json& description) {
  LatentFile file;
  file.recipe = recipe_from_json(description.at("recipe"));
  const nlohmann::json& input = description.at("input");
  file.channels = size_of(input.at(0), "channels", kMaxInputValues);
  file.height = size_of(input.at(1), "height", kMaxInputValues / file.channels);
  file.width = size_of(input.at(2), "width", kMaxInputValues / file.channels / file.height);
  file.classes = size_of(description.at("classes"), "classes", kMaxClasses);
  file.class_names = description.at("class_names");
  if (description.contains("pixel_mean")) {
    file.pixels = pixels_from_json(description);
    const auto channels = static_cast<std::size_t>(file.channels);
    if (file.channels > kMaxImageChannels || file.pixels.mean.size() != channels ||
        file.pixels.stddev.size() != channels)
      fail(
          "pixel_mean and pixel_stddev: expected a number for each of {} channels, found {} and {}",
          channels, file.pixels.mean.size(), file.pixels.stddev.size());
  }
  file.refreshes = count_of(description, "refreshes");
  file.stores_theta = description.value("stored", "latents") == "theta";
  return file;
}

/// Takes n numbers off the front of `bytes`, which has them.
template <class T>
std::vector<T> take(std::string_view& bytes, std::size_t n) {
  std::vector<T> numbers(n);
  if (n > 0) std::memcpy(numbers.data(), bytes.data(), n * sizeof(T));
  bytes.remove_prefix(n * sizeof(T));
  return numbers;
}

}  // namespace

void write_latent_file(const std::filesystem::path& path, const LatentFile& file) {
  nlohmann::json description = {{"recipe", to_json(file.recipe)},
                                {"input", {file.channels, file.height, file.width}},
                                {"classes", file.classes},
                                {"class_names", file.class_names},
                                {"values", file.values.size()}};
  if (!file.pixels.mean.empty()) add_pixels(description, file.pixels);
  if (!file.state.empty()) description["state"] = file.state.size();
  if (file.refreshes > 0) {
    description["refreshes"] = file.refreshes;
    description["stored"] = file.stores_theta ? "theta" : "latents";
  }
  if (!file.pruned.empty()) description["pruned_words"] = file.pruned.size();
  const std::string text = description.dump();
  std::string bytes(kMagic);
  append(bytes, kVersion);
  append(bytes, static_cast<std::uint32_t>(text.size()));
  bytes += text;
  bytes.append(reinterpret_cast<const char*>(file.values.data()),
               file.values.size() * sizeof(float));
  bytes.append(reinterpret_cast<const char*>(file.state.data()), file.state.size() * sizeof(float));
  bytes.append(reinterpret_cast<const char*>(file.pruned.data()),
               file.pruned.size() * sizeof(std::uint32_t));
  append(bytes, checksum(bytes));
  write_file_atomic(path, bytes);
}

LatentFile read_latent_file(const std::filesystem::path& path) {
  const std::string bytes = checked_bytes(path);
  const std::string name = path.string();
  const std::size_t text_size = read_u32(bytes, kMagic.size() + 4);
  std::string_view rest = std::string_view(bytes).substr(kHeader, bytes.size() - kHeader - 4);
  if (text_size > rest.size())
    fail("{}: description of {} bytes in a file of {}", name, text_size, bytes.size());
  try {
    const auto description = nlohmann::json::parse(rest.substr(0, text_size));
    rest.remove_prefix(text_size);
    LatentFile file = parse_description(description);
    // Before anything of that size is made: what the description says against what is there.
    const std::size_t values = count_of(description, "values");
    const std::size_t state = count_of(description, "state");
    const std::size_t pruned = count_of(description, "pruned_words");
    static_assert(sizeof(float) == 4 && sizeof(std::uint32_t) == 4);
    if (rest.size() != 4 * (values + state + pruned))
      fail("{} values, {} running statistics and {} bytes of mask expected, {} bytes found", values,
           state, 4 * pruned, rest.size());
    if (!file.stores_theta && file.refreshes > values)
      fail("{} refreshes expected, {} values found: fewer than one each", file.refreshes, values);
    file.values = take<float>(rest, values);
    file.state = take<float>(rest, state);
    file.pruned = take<std::uint32_t>(rest, pruned);
    return file;
  } catch (const nlohmann::json::exception& e) {
    fail("{}: description: {}", name, e.what());
  } catch (const Error& e) {  // also of spellings: the file's fault here, not the user's
    fail("{}: {}", name, e.what());
  }
}

}  // namespace mapnet
