#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <map>
#include <memory>
#include <string_view>

#include "cli/commands.hpp"
#include "cli/model_options.hpp"
#include "cli/outputs.hpp"
#include "common/bytes.hpp"
#include "common/error.hpp"
#include "common/file.hpp"
#include "common/say.hpp"
#include "data/safetensors.hpp"
#include "export/c_header.hpp"
#include "export/onnx_network.hpp"
#include "train/run_folder.hpp"

/// `mapnet export`: a finished run's weights for other tools.
namespace mapnet {

namespace {

/// Formats, and what their numbers can be, the default first.
const std::map<std::string, std::vector<std::string>> kFormats = {
    {"safetensors", {"float32", "bf16"}}, {"onnx", {"float32", "int8"}}, {"c", {"int8"}}};

/// What files of a format are called.
const std::map<std::string, std::string> kEndings = {
    {".safetensors", "safetensors"}, {".onnx", "onnx"}, {".h", "c"}};

/// Where int8's training data lies.
constexpr const char* kDataOptions[] = {"--data", "--data-dir", "--features-weights",
                                        "--features-cache"};

struct ExportOptions {
  ModelOptions model;
  ModelDataOptions data;
  std::string format, dtype, out;
};

/// The format asked for, or that of the file's name.
std::string resolve_format(const ExportOptions& o) {
  const auto ending = kEndings.find(std::filesystem::path(o.out).extension().string());
  if (o.format.empty()) return ending == kEndings.end() ? "safetensors" : ending->second;
  if (ending != kEndings.end() && ending->second != o.format)
    say("mapnet: {}: is written as --format {}, under a name of --format {}\n", o.out, o.format,
        ending->second);
  return o.format;
}

/// The dtype asked for or the format's own. UsageError where the format has not that.
std::string resolve_dtype(const ExportOptions& o) {
  const std::vector<std::string>& known = kFormats.at(o.format);
  if (o.dtype.empty()) return known.front();
  for (const std::string& dtype : known)
    if (o.dtype == dtype) return dtype;
  fail<UsageError>("--format {} --dtype {}: {} is written as {}", o.format, o.dtype, o.format,
                   fmt::join(known, " or "));
}

/// Throws UsageError for options that say where data is that nobody looks at.
void refuse_data_options(const CLI::App& command, const ExportOptions& o,
                         const std::string& dtype) {
  if (dtype == "int8") return;
  for (const char* option : kDataOptions)
    if (command.get_option(option)->count() > 0)
      fail<UsageError>("{} says where int8's training data is; --format {} --dtype {} needs none",
                       option, o.format, dtype);
}

// What was written is said on standard error: the file itself may go to /dev/stdout.

void write_tensors(const ExportOptions& o, const TrainedNetwork& network, FloatType type) {
  std::vector<NamedTensor> tensors;
  for (const ParamTensor& p : network.net.params)
    tensors.push_back({p.name, p.shape, network.weight(p)});
  for (const StateTensor& s : network.net.state)
    tensors.push_back({s.name, {static_cast<int>(s.size)}, network.statistics(s)});
  std::map<std::string, std::string> metadata = description(network);
  metadata["format"] = "pt";  // transformers and others refuse a file without it
  write_safetensors(o.out, tensors, metadata, type);
  say("{}: {} tensors, {} values\n", o.out, tensors.size(),
      network.weights.size() + network.state.size());
}

void write_onnx(const ExportOptions& o, const TrainedNetwork& network,
                std::span<const float> ranges) {
  const onnx::Model model = onnx::onnx_model(network, ranges);
  const std::string bytes = onnx::serialise(model);
  write_file_atomic(o.out, bytes);
  say("{}: {} nodes, opset {}, {}\n", o.out, model.graph.nodes.size(), onnx::kOpset,
      format_bytes(bytes.size()));
}

void write_c(const ExportOptions& o, const TrainedNetwork& network, std::span<const float> ranges) {
  const CHeader header = c_header(network, ranges);
  write_file_atomic(o.out, header.text);
  say("{}: {} bytes of flash, {} bytes of RAM\n", o.out, header.flash_bytes, header.scratch_bytes);
}

/// What int8 needs beside the model: the training data that its layers' ranges are measured on.
/// That a flag is of no use says so by itself.
std::vector<float> measure_ranges(const ExportOptions& o, const Model& model) {
  try {
    return calibrate_model(model, open_data(o.data, model, o.model), o.model.on);
  } catch (const UsageError& e) {
    if (std::string_view(e.what()).starts_with("--")) throw;
    fail<UsageError>("int8 needs the training data; {}", e.what());
  } catch (const Error& e) {
    fail("int8 needs the training data; {}", e.what());
  }
}

/// The run's own files, and those of weights that it needs.
void check_out(const ExportOptions& o, const Model& model) {
  const std::filesystem::path file = latent_file_of(o.model.run);
  const RunFolder run{file.parent_path()};
  const std::filesystem::path sources[] = {file,
                                           run.result(),
                                           run.metrics(),
                                           model.file.recipe.pretrained.file,
                                           model.file.recipe.features.weights.file,
                                           o.data.features_weights};
  refuse_replacing("--out", o.out, sources);
}

void export_model(const CLI::App& command, ExportOptions& o) {
  o.format = resolve_format(o);
  const std::string dtype = resolve_dtype(o);
  refuse_data_options(command, o, dtype);
  const Model model = o.model.open();
  check_out(o, model);
  const TrainedNetwork network = trained_network(model, o.model.on);
  if (o.format == "safetensors")
    return write_tensors(o, network, dtype == "bf16" ? FloatType::bf16 : FloatType::f32);
  if (o.format == "c") check_c_form(network);  // before minutes with the data
  std::vector<float> ranges;
  if (dtype == "int8") ranges = measure_ranges(o, model);
  if (o.format == "onnx") return write_onnx(o, network, ranges);
  write_c(o, network, ranges);
}

}  // namespace

void add_export_command(CLI::App& app) {
  auto o = std::make_shared<ExportOptions>();
  CLI::App* command = app.add_subcommand("export", "write the generated network for other tools");
  add_model_options(*command, o->model);
  command
      ->add_option(
          "--format", o->format,
          "safetensors, onnx, c: a header for microcontrollers  [by --out's ending: .onnx, "
          ".h, else safetensors]")
      ->check(CLI::IsMember({"safetensors", "onnx", "c"}));
  command
      ->add_option("--dtype", o->dtype,
                   "of safetensors float32, bf16; of onnx float32, int8; of c int8  [the first]")
      ->check(CLI::IsMember({"float32", "bf16", "int8"}));
  command->add_option("--out", o->out, "file to write; replaces one that is there")->required();
  add_data_options(*command, o->data);
  for (const char* option : kDataOptions)
    command->get_option(option)->group("For int8, the training data");
  command->callback([command, o] { export_model(*command, *o); });
}

}  // namespace mapnet
