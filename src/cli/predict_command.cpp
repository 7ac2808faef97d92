#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>

#include "cli/commands.hpp"
#include "cli/model_options.hpp"
#include "cli/outputs.hpp"
#include "common/error.hpp"
#include "common/file.hpp"
#include "data/png.hpp"
#include "data/resize.hpp"
#include "train/predict.hpp"

/// `mapnet predict`: what a finished run says of pictures.
namespace mapnet {

namespace {

namespace fs = std::filesystem;

/// Pictures decoded and asked about at a time.
constexpr std::size_t kMostAtOnce = 16;

struct PredictOptions {
  ModelOptions model;
  std::vector<std::string> images;
  std::string out;
  std::size_t top = 5;
  bool json = false;
};

/// Where an image's label map goes.
fs::path label_file(const PredictOptions& o, const std::string& image) {
  return fs::path(o.out) / (fs::path(image).stem().string() + ".png");
}

/// Throws UsageError where a label map would replace another, or an image.
void check_label_files(const PredictOptions& o) {
  std::set<fs::path> files;
  for (const std::string& image : o.images)
    if (!files.insert(label_file(o, image)).second)
      fail<UsageError>("--out {}: two images are called {}; their label maps would be one file",
                       o.out, fs::path(image).stem().string());
  const std::vector<fs::path> images(o.images.begin(), o.images.end());
  for (const fs::path& file : files) refuse_replacing("--out", file, images);
}

void check(const PredictOptions& o, const Model& model) {
  const Network& net = model.net;
  if (net.task == Task::forecast)
    fail<UsageError>(
        "{}: {} forecasts a series, it does not take images; mapnet eval measures it and "
        "mapnet export --format onnx takes it elsewhere",
        o.model.run, net.name);
  if (model.file.pixels.mean.empty())
    fail<UsageError>("{}: {} was trained on features of videos ({}), not on images", o.model.run,
                     net.name, model.file.recipe.data);
  if (!o.out.empty() && net.task != Task::segment)
    fail<UsageError>("--out is for the label maps of a segmentation; {} gives one class an image",
                     net.name);
  if (!o.out.empty()) check_label_files(o);
}

std::string class_name(const Model& model, std::size_t index) {
  const std::vector<std::string>& names = model.file.class_names;
  return index < names.size() ? names[index] : "class " + std::to_string(index);
}

void print(const PredictOptions& o, const Model& model, const std::string& image,
           std::vector<ClassShare> classes, const std::string& label_file) {
  classes.resize(std::min(classes.size(), o.top));
  const bool segment = model.net.task == Task::segment;
  if (!o.json) {
    fmt::print("{}\n", image);
    for (const ClassShare& c : classes)
      fmt::print("  {:6.2f}%  {}\n", 100 * c.share, class_name(model, c.index));
    return;
  }
  nlohmann::ordered_json json = {{"image", image}, {"predictions", nlohmann::json::array()}};
  if (!label_file.empty()) json["labels"] = label_file;
  for (const ClassShare& c : classes)
    json["predictions"].push_back({{"class", class_name(model, c.index)},
                                   {"index", c.index},
                                   {segment ? "share" : "probability", c.share}});
  fmt::print("{}\n", json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

/// The label map at the picture's own size, under its name; where to.
std::string write_labels(const PredictOptions& o, const std::string& image, const Image& labels) {
  const fs::path file = label_file(o, image);
  write_file_atomic(file, encode_png(resize_nearest(labels, read_image_size(image))));
  return file.string();
}

void report(const PredictOptions& o, const Model& model, const std::string& image,
            std::span<const float> logits) {
  if (model.net.task == Task::classify) return print(o, model, image, probabilities(logits), {});
  const Image labels = label_map(logits, model.net);
  const std::string file = o.out.empty() ? std::string() : write_labels(o, image, labels);
  print(o, model, image, class_shares(labels), file);
}

void predict(const PredictOptions& o) {
  const Model model = o.model.open();
  check(o, model);
  const std::size_t at_once = std::min(o.images.size(), kMostAtOnce);
  Inference network = open_inference(model, static_cast<int>(at_once), o.model.on);
  std::vector<float> logits;
  std::vector<std::uint8_t> pixels;
  for (std::size_t first = 0; first < o.images.size(); first += at_once) {
    const std::size_t n = std::min(at_once, o.images.size() - first);
    pixels.clear();
    for (std::size_t i = 0; i < n; ++i)
      std::ranges::copy(read_network_input(o.images[first + i], model.net),
                        std::back_inserter(pixels));
    logits.resize(n * network.output_size());
    network.run(pixels, logits);
    for (std::size_t i = 0; i < n; ++i)
      report(o, model, o.images[first + i],
             std::span(logits).subspan(i * network.output_size(), network.output_size()));
  }
}

}  // namespace

void add_predict_command(CLI::App& app) {
  auto o = std::make_shared<PredictOptions>();
  CLI::App* command = app.add_subcommand("predict", "classes of pictures, with probabilities");
  add_model_options(*command, o->model);
  command->add_option("images", o->images, "JPEG or PNG files, like the training images in kind")
      ->required();
  command->add_option("--top", o->top, "classes to print of each")
      ->check(CLI::Range(1, 1000000))
      ->capture_default_str();
  command->add_option("--out", o->out,
                      "of a segmentation: folder for label maps, PNG of class ids");
  command->add_flag("--json", o->json, "a line an image, for tools");
  command->callback([o] { predict(*o); });
}

}  // namespace mapnet
