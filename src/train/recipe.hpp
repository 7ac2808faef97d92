#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "data/dataset.hpp"
#include "device/device.hpp"
#include "mapping/mapping.hpp"
#include "nets/network.hpp"
#include "train/features/feature_source.hpp"
#include "train/recipe/add_ons.hpp"
#include "train/recipe/finetune.hpp"
#include "train/recipe/footprint.hpp"
#include "train/recipe/init.hpp"
#include "train/recipe/learned_map.hpp"
#include "train/recipe/mapping_loss.hpp"
#include "train/recipe/refresh.hpp"
#include "train/recipe/regularisation.hpp"
#include "train/recipe/variant.hpp"

namespace mapnet {

/// A training run as a user asks for it. What is left open gets a default that depends on the rest.
struct RunConfig {
  std::string net = "cnn2";
  std::string data = "fashion-mnist";
  DatasetOptions data_options;
  std::string strategy = "slvt";
  std::optional<std::size_t> latent;  ///< slvt: d; lwt: the total to allot
  std::vector<std::size_t> latents;   ///< lwt: d a layer
  std::optional<std::string> map, modulation, activation, base;
  std::optional<double> alpha, omega, latent_std;
  LearnedMapConfig learned_map;
  VariantConfig variant;
  MappingLossConfig loss;
  Regularisation regularisation;
  RefreshConfig refresh;
  AddOnsConfig add_ons;
  FinetuneConfig finetune;
  FootprintConfig footprint;
  std::optional<std::string> init;  ///< a trained model: run folder or latent file
  FeaturesConfig features;          ///< of videos
  int epochs = 10;
  int batch = 128;
  std::optional<double> lr;
  double warmup = 1.0;  ///< epochs
  std::uint64_t seed = 1;
  std::string device = "auto";
  std::string fast_math = "off";
  int threads = 0;             ///< 0: all cores
  std::size_t validation = 0;  ///< training samples set aside
};

/// The same with nothing left open, checked for contradictions: all a run depends on.
struct Recipe {
  std::string net, data;
  Task task = Task::classify;  ///< the network's
  DatasetOptions data_options;
  MappingConfig mapping;
  double latent_std = 1.0;
  MappingLoss loss;
  Regularisation regularisation;
  Refresh refresh;
  AddOns add_ons;
  Footprint footprint;
  Pretrained pretrained;
  Init init;
  FeatureSource features;  ///< of videos
  int epochs = 0, batch = 0, threads = 0;
  double lr = 0, warmup = 0;
  std::uint64_t seed = 0;
  std::size_t validation = 0;
  /// By which the validation samples are drawn, where that is not `seed`: a network that a map is
  /// learned with has a seed of its own and must not see those that the run sets aside; a run that
  /// begins with a model must not set aside what that was trained on.
  std::optional<std::uint64_t> split_seed;
  DeviceKind device = DeviceKind::cpu;
  FastMath fast_math = FastMath::off;
};

/// "auto", "cpu" or "cuda"; auto is the GPU where one can be used, else the CPU. Throws UsageError.
DeviceKind resolve_device(const std::string& device);

/// 0 means all cores.
int resolve_threads(int threads);

/// Opens the device a recipe runs on; of several GPUs one for each process of the machine (see
/// open_cuda). Throws Error where that is missing.
std::shared_ptr<Device> open_device(const Recipe& recipe, int process = 0);

/// `net`: the config's target_network. Throws UsageError, naming the flags, for what is unknown,
/// out of range or contradictory.
Recipe resolve(const RunConfig& config, const Network& net);

/// What `recipe_from_json` reads back from a latent file. The device is not part of it: a model may
/// be used on any. Throws Error naming a missing key.
nlohmann::json to_json(const Recipe& recipe);
Recipe recipe_from_json(const nlohmann::json& json);

/// Values trained: the sum of the latents, P for direct; of a variant see trained_values.
std::size_t trainable_params(const Recipe& recipe, const Network& net);

/// Weights of the mapping loss that are trained beside them.
std::size_t trained_lambdas(const Recipe& recipe);

/// "cnn2-fashion-mnist-slvt-2048-seed1", with "-refresh200" and the like before the seed. Where
/// that is not all of the recipe, or there is more to tell `beside` it, six digits follow of a hash
/// of both: another recipe, another name, whatever the number of threads and wherever files lie.
std::string default_run_name(const Recipe& recipe, const Network& net,
                             const std::string& beside = {});

}  // namespace mapnet
