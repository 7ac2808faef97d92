#include "cli/run_options.hpp"

#include <CLI/CLI.hpp>

#include "cli/options/groups.hpp"
#include "cli/run_data.hpp"
#include "common/error.hpp"
#include "data/dataset.hpp"
#include "train/target_network.hpp"

namespace mapnet {

namespace {

std::string join(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

}  // namespace

void add_run_options(CLI::App& command, RunOptions& o) {
  RunConfig& c = o.config;
  command
      .add_option("--net", c.net,
                  "target network: " + join(network_names()) + ", lstm-LAYERSxHIDDEN")
      ->capture_default_str();
  command.add_option("--data", c.data, "data set (see mapnet data list)")->capture_default_str();
  command.add_option("--data-dir", c.data_options.folder, "read the raw files from this folder");
  command
      .add_option("--window", c.data_options.window, "of a series: steps a forecast is made from")
      ->capture_default_str();
  command.add_flag("--multivariate", c.data_options.multivariate,
                   "of a series: all its columns, not the one that is forecast alone");
  command
      .add_option("--missing", c.data_options.missing,
                  "of a series: what is not there becomes the previous value, or zero")
      ->capture_default_str();
  command
      .add_option("--strategy", c.strategy, "direct, slvt (one latent vector), lwt (one a layer)")
      ->capture_default_str();
  command.add_option(
      "--latent", c.latent,
      "latents; with lwt the total to allot  [2048; lwt 2688; lv-fulldnn 5, full-dnn 307]");
  command.add_option("--latents", c.latents, "lwt: latents of each layer, as 128,640,1280,640")
      ->delimiter(',');
  command.add_option(
      "--map", c.map,
      "hadamard, dense, dense-bf16, or auto: what fits; learned: gradient, kronecker, "
      "trajectory  [hadamard]");
  add_learned_map_options(command, c.learned_map);
  command.add_option("--modulation", c.modulation,
                     "none, scalar (eq. 20), signed  [none; lv-wmap scalar]");
  command.add_option("--alpha", c.alpha, "modulation scale  [scalar 1e-5, signed 0.1]");
  command.add_option("--activation", c.activation, "identity, tanh, sine  [identity]");
  command.add_option("--omega", c.omega, "frequency of the sine  [2]");
  command.add_option("--base", c.base,
                     "fixed offset b of eq. 21: zero, normal  [zero; learned maps normal]");
  command.add_option("--latent-std", c.latent_std,
                     "spread of the initial latents  [1; learned maps and --pretrained 0]");
  add_variant_options(command, c.variant);
  add_loss_options(command, c.loss);
  add_regularisation_options(command, c.regularisation);
  add_refresh_options(command, c.refresh);
  add_add_on_options(command, c.add_ons);
  add_finetune_options(command, c.finetune);
  add_footprint_options(command, c.footprint);
  command.add_option("--init", c.init,
                     "begin with the latents of a trained model, under its map: a run folder or "
                     "latent file");
  add_feature_options(command, c.features);
  command.add_option("--features-cache", o.features_cache,
                     "of videos: folder of the features  [the user's cache folder]");
  command.add_option("--epochs", c.epochs, "times through the training samples")
      ->capture_default_str();
  command.add_option("--batch", c.batch, "samples of a step")->capture_default_str();
  command.add_option(
      "--lr", c.lr,
      "peak learning rate of Adam  [mapped 0.08, --map gradient 0.02, --map trajectory by its "
      "epochs, --share above 1 0.04, direct 0.003, lv-fulldnn 0.001, full-dnn 0.0001]");
  command
      .add_option("--warmup", c.warmup, "epochs of linear warm-up before the cosine, at most all")
      ->capture_default_str();
  command.add_option("--seed", c.seed, "of the map, the latents and the shuffles")
      ->capture_default_str();
  command.add_option("--device", c.device, "auto, cpu, cuda; auto: a GPU where there is one")
      ->capture_default_str();
  command.add_option("--fast-math", c.fast_math, "off, tf32, bf16: rounded factors, on a GPU only")
      ->capture_default_str();
  command.add_option("--threads", c.threads, "of a CPU; 0: all cores it may use")
      ->capture_default_str();
  command.add_option("--validation", c.validation, "training samples set aside")
      ->capture_default_str();
  command.add_option("--config", o.config_file,
                     "TOML file of the same names without the leading dashes");
}

void read_config_file(CLI::App& command, RunOptions& options) {
  if (!options.config_file.empty())
    options.from_file = read_config_file(command, options.config_file);
}

void with_config_file(const RunOptions& options, const std::function<void()>& work) {
  try {
    work();
  } catch (const UsageError& e) {
    throw UsageError(with_place(options.from_file, e.what()));
  }
}

Network network_of(const RunConfig& config) {
  const Dataset d = describe_run_data(config);
  if (network_task(config.net) != d.task)
    fail<UsageError>("--net {} {}; {} is a data set to {}", config.net,
                     task_verb(network_task(config.net)), d.name, task_name(d.task));
  return target_network(config, {d.channels, d.height, d.width, d.classes});
}

}  // namespace mapnet
