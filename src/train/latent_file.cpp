#include "train/latent_file.hpp"

#include <zlib.h>

#include <cstring>
#include <nlohmann/json.hpp>

#include "common/error.hpp"
#include "common/file.hpp"

namespace mapnet {

namespace {

constexpr std::string_view kMagic = "MAPNETLV";
constexpr std::uint32_t kVersion = 1;

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
  const std::string bytes = read_file(path);
  const std::string name = path.string();
  constexpr std::size_t kHeader = kMagic.size() + 8;
  if (bytes.size() < kHeader + 4 || std::string_view(bytes).substr(0, kMagic.size()) != kMagic)
    fail("{}: not a mapnet latent file (expected it to begin with {})", name, kMagic);
  const std::uint32_t version = read_u32(bytes, kMagic.size());
  if (version != kVersion)
    fail("{}: latent file version {}; this mapnet reads version {}", name, version, kVersion);
  const std::uint32_t stored = read_u32(bytes, bytes.size() - 4);
  const std::uint32_t found = checksum(std::string_view(bytes).substr(0, bytes.size() - 4));
  if (stored != found)
    fail("{}: damaged: checksum {:08x} expected, {:08x} found", name, stored, found);
  const std::size_t text_size = read_u32(bytes, kMagic.size() + 4);
  if (kHeader + text_size + 4 > bytes.size())
    fail("{}: description of {} bytes in a file of {}", name, text_size, bytes.size());
  try {
    const auto description = nlohmann::json::parse(bytes.substr(kHeader, text_size));
    LatentFile file;
    file.recipe = recipe_from_json(description.at("recipe"));
    file.channels = description.at("input").at(0);
    file.height = description.at("input").at(1);
    file.width = description.at("input").at(2);
    file.classes = description.at("classes");
    file.class_names = description.at("class_names");
    if (description.contains("pixel_mean")) file.pixels = pixels_from_json(description);
    file.refreshes = description.value("refreshes", std::size_t{0});
    file.stores_theta = description.value("stored", "latents") == "theta";
    file.values.resize(description.at("values").get<std::size_t>());
    file.state.resize(description.value("state", std::size_t{0}));
    file.pruned.resize(description.value("pruned_words", std::size_t{0}));
    const std::size_t value_bytes = file.values.size() * sizeof(float);
    const std::size_t state_bytes = file.state.size() * sizeof(float);
    const std::size_t pruned_bytes = file.pruned.size() * sizeof(std::uint32_t);
    const std::size_t found_bytes = bytes.size() - kHeader - text_size - 4;
    if (found_bytes != value_bytes + state_bytes + pruned_bytes)
      fail("{}: {} values, {} running statistics and {} bytes of mask expected, {} bytes found",
           name, file.values.size(), file.state.size(), pruned_bytes, found_bytes);
    const char* const data = bytes.data() + kHeader + text_size;
    std::memcpy(file.values.data(), data, value_bytes);
    if (state_bytes > 0) std::memcpy(file.state.data(), data + value_bytes, state_bytes);
    if (pruned_bytes > 0)
      std::memcpy(file.pruned.data(), data + value_bytes + state_bytes, pruned_bytes);
    return file;
  } catch (const nlohmann::json::exception& e) {
    fail("{}: description: {}", name, e.what());
  }
}

}  // namespace mapnet
