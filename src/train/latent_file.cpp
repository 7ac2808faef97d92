#include "train/latent_file.hpp"

#include <cstring>
#include <nlohmann/json.hpp>

#include "common/error.hpp"
#include "train/framed_file.hpp"

namespace mapnet {

namespace {

constexpr FrameFormat kFormat = {"MAPNETLV", 1, "latent file"};

template <class T>
std::string_view bytes_of(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
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
  const std::string_view payload[] = {bytes_of(file.values), bytes_of(file.state),
                                      bytes_of(file.pruned)};
  write_framed_file(path, kFormat, description, payload);
}

LatentFile read_latent_file(const std::filesystem::path& path) {
  const FramedFile framed = read_framed_file(path, kFormat);
  const nlohmann::json& description = framed.description;
  const std::string_view payload = framed.payload();
  const std::string name = path.string();
  try {
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
    const auto n_values = description.at("values").get<std::size_t>();
    const auto n_state = description.value("state", std::size_t{0});
    const auto n_words = description.value("pruned_words", std::size_t{0});
    // Each at most what the file could hold, so that their sum cannot wrap around.
    const std::size_t most = payload.size() / sizeof(float);
    if (n_values > most || n_state > most || n_words > most ||
        (n_values + n_state + n_words) * sizeof(float) != payload.size())
      fail("{}: {} values, {} running statistics and {} words of mask expected, {} bytes found",
           name, n_values, n_state, n_words, payload.size());
    const char* at = payload.data();
    const auto take = [&](auto& values, std::size_t n) {
      values.resize(n);
      if (n > 0) std::memcpy(values.data(), at, n * sizeof(values[0]));
      at += n * sizeof(values[0]);
    };
    take(file.values, n_values);
    take(file.state, n_state);
    take(file.pruned, n_words);
    return file;
  } catch (const nlohmann::json::exception& e) {
    fail("{}: description: {}", name, e.what());
  }
}

}  // namespace mapnet
