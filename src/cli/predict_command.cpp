#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <span>

#include "cli/commands.hpp"
#include "cli/model_options.hpp"
#include "cli/outputs.hpp"
#include "common/error.hpp"
#include "common/file.hpp"
#include "common/say.hpp"
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

/// Pictures that are read at a time: the pixels of all that could be, and why the others could not.
struct PictureBatch {
  std::vector<std::uint8_t> pixels;
  std::vector<std::string> problems;  // of each picture; empty where there is none
};

PictureBatch read_pictures(std::span<const std::string> files, const Network& net) {
  PictureBatch pictures;
  for (const std::string& file : files) {
    std::string& problem = pictures.problems.emplace_back();
    try {
      std::ranges::copy(read_network_input(file, net), std::back_inserter(pictures.pixels));
    } catch (const UsageError&) {
      throw;  // of the network
    } catch (const Error& e) {
      problem = e.what();
    }
  }
  return pictures;
}

void report_problem(const PredictOptions& o, const std::string& image, const std::string& problem) {
  if (o.json) {
    const nlohmann::ordered_json json = {{"image", image}, {"error", problem}};
    fmt::print("{}\n", json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
    return;
  }
  if (o.images.size() == 1) fail("{}", problem);
  std::fflush(stdout);  // what was said of the pictures before, where both go to one file
  say("mapnet: {}\n", problem);
}

/// Answers what can be answered. Returns how many pictures cannot.
std::size_t answer(const PredictOptions& o, const Model& model, Inference& network,
                   std::span<const std::string> images) {
  const PictureBatch pictures = read_pictures(images, model.net);
  const auto unread = static_cast<std::size_t>(std::ranges::count_if(
      pictures.problems, [](const std::string& problem) { return !problem.empty(); }));
  const std::size_t size = network.output_size();
  std::vector<float> logits((images.size() - unread) * size);
  if (!logits.empty()) network.run(pictures.pixels, logits);
  std::span<const float> next = logits;
  for (std::size_t i = 0; i < images.size(); ++i) {
    if (!pictures.problems[i].empty()) {
      report_problem(o, images[i], pictures.problems[i]);
      continue;
    }
    report(o, model, images[i], next.first(size));
    next = next.subspan(size);
  }
  return unread;
}

void predict(const PredictOptions& o) {
  const Model model = o.model.open();
  check(o, model);
  const std::size_t at_once = std::min(o.images.size(), kMostAtOnce);
  Inference network = open_inference(model, static_cast<int>(at_once), o.model.on);
  std::size_t unread = 0;
  for (std::size_t first = 0; first < o.images.size(); first += at_once) {
    const std::size_t n = std::min(at_once, o.images.size() - first);
    unread += answer(o, model, network, std::span(o.images).subspan(first, n));
  }
  std::fflush(stdout);
  if (unread > 0) fail("{} of {} images could not be read", unread, o.images.size());
}

}  // namespace

void add_predict_command(CLI::App& app) {
  auto o = std::make_shared<PredictOptions>();
  CLI::App* command = app.add_subcommand("predict", "classes of pictures, with probabilities");
  add_model_options(*command, o->model);
  command
      ->add_option("images", o->images,
                   "at least one JPEG or PNG, like the training images in kind")
      ->required();
  command->add_option("--top", o->top, "classes to print of each")
      ->check(CLI::Range(1, 1000000))
      ->capture_default_str();
  command->add_option("--out", o->out,
                      "of a segmentation: folder for label maps, PNG of class ids");
  command->add_flag("--json", o->json,
                    "a line an image, for tools; of one that cannot be read its error");
  command->callback([o] { predict(*o); });
}

}  // namespace mapnet
