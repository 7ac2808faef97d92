#include "train/latent_file.hpp"

#include <cstring>
#include <nlohmann/json.hpp>

#include "common/bytes.hpp"
#include "common/error.hpp"
#include "common/json.hpp"
#include "train/framed_file.hpp"
#include "train/recipe/limits.hpp"

namespace mapnet {

namespace {

constexpr FrameFormat kFormat = {"MAPNETLV", 1, "latent file"};
/// Of numbers of one kind in a file: their bytes are counted without overflow.
constexpr std::int64_t kMaxCount = std::int64_t{1} << 48;

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
  if (description.contains("samples")) {
    const nlohmann::json& samples = description.at("samples");
    file.train_samples =
        static_cast<std::size_t>(whole_number(samples.at(0), "samples", 1, kMaxCount));
    file.test_samples =
        static_cast<std::size_t>(whole_number(samples.at(1), "samples", 0, kMaxCount));
  }
  if (description.contains("pixel_mean")) {
    file.pixels = pixels_from_json(description);
    if (file.pixels.mean.size() != static_cast<std::size_t>(file.channels))
      fail("pixel_mean: expected a number for each of {} channels, found {}", file.channels,
           file.pixels.mean.size());
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
  if (file.train_samples > 0) description["samples"] = {file.train_samples, file.test_samples};
  if (!file.pixels.mean.empty()) add_pixels(description, file.pixels);
  if (!file.state.empty()) description["state"] = file.state.size();
  if (file.refreshes > 0) {
    description["refreshes"] = file.refreshes;
    description["stored"] = file.stores_theta ? "theta" : "latents";
  }
  if (!file.pruned.empty()) description["pruned_words"] = file.pruned.size();
  if (!file.theta.empty()) {
    description["theta"] = file.theta.size();
    description["map_checksum"] = file.learned_map.checksum;
    description["map_data_sha256"] = file.learned_map.data_sha256;
  }
  const std::string_view payload[] = {bytes_of(file.values), bytes_of(file.state),
                                      bytes_of(file.pruned), bytes_of(file.theta)};
  write_framed_file(path, kFormat, description, payload);
}

LatentFile read_latent_file(const std::filesystem::path& path) {
  const FramedFile framed = read_framed_file(path, kFormat);
  const nlohmann::json& description = framed.description;
  std::string_view payload = framed.payload();
  const std::string name = path.string();
  try {
    LatentFile file = parse_description(description);
    // Before anything of that size is made: what the description says against what is there.
    const std::size_t values = count_of(description, "values");
    const std::size_t state = count_of(description, "state");
    const std::size_t pruned = count_of(description, "pruned_words");
    const std::size_t theta = count_of(description, "theta");
    if (theta > 0) {
      file.learned_map.checksum = static_cast<std::uint32_t>(
          whole_number(description.at("map_checksum"), "map_checksum", 0, 0xffffffff));
      description.at("map_data_sha256").get_to(file.learned_map.data_sha256);
    }
    static_assert(sizeof(float) == 4 && sizeof(std::uint32_t) == 4);
    if (payload.size() != 4 * (values + state + pruned + theta))
      fail(
          "{} values, {} running statistics, {} words of mask and {} parameters expected, {} bytes "
          "found",
          values, state, pruned, theta, payload.size());
    if (!file.stores_theta && file.refreshes > values)
      fail("{} refreshes expected, {} values found: fewer than one each", file.refreshes, values);
    file.values = take<float>(payload, values);
    file.state = take<float>(payload, state);
    file.pruned = take<std::uint32_t>(payload, pruned);
    file.theta = take<float>(payload, theta);
    return file;
  } catch (const nlohmann::json::exception& e) {
    fail("{}: description: {}", name, e.what());
  } catch (const Error& e) {  // also of spellings: the file's fault here, not the user's
    fail("{}: {}", name, e.what());
  }
}

}  // namespace mapnet
