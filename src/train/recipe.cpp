#include "train/recipe.hpp"

#include "common/error.hpp"
#include "common/file.hpp"
#include "common/json.hpp"
#include "common/processors.hpp"
#include "mapping/partition.hpp"
#include "train/recipe/check.hpp"
#include "train/recipe/combinations.hpp"
#include "train/recipe/limits.hpp"
#include "train/recipe/mapping_flags.hpp"

namespace mapnet {

namespace {

double default_alpha(Modulation modulation) {
  switch (modulation) {
    case Modulation::scalar:
      return 1e-5;
    case Modulation::signed_:
      return 0.1;
    case Modulation::none:
      break;
  }
  return 0;
}

MappingConfig resolve_direct(const RunConfig& c) {
  resolve_variant(c, Strategy::direct);  // refuses any
  constexpr const char* why = "has no meaning with --strategy direct, which trains theta itself";
  refuse_mapping_flags(c, why);
  MappingConfig m;
  m.strategy = Strategy::direct;
  m.seed = c.seed;
  return m;
}

/// What fine-tuning leaves no room for.
void check_finetune(const RunConfig& c, const MappingConfig& m, const Network& net) {
  refuse(c.base.has_value(), "--base",
         "has no meaning with --pretrained: the pre-trained weights are the base");
  if (!is_stored(m.map)) return;
  for (const MapBlock& block : make_map(net, m).blocks)
    if (block.latents > block.rows)
      fail<UsageError>(
          "--map {}: {} latents for the {} modulation elements of {}; columns of a dense map "
          "cannot be orthonormal then. Take fewer, a smaller --share or --map hadamard",
          to_string(m.map), block.latents, block.rows, block.name);
}

MappingConfig resolve_mapped(const RunConfig& c, Strategy strategy, const Network& net,
                             const Finetune& finetune) {
  const Variant variant = resolve_variant(c, strategy);
  if (trains_map(variant)) return resolve_trained_map(c, variant, net);
  MappingConfig m;
  m.variant = variant;
  m.strategy = strategy;
  m.seed = c.seed;
  m.finetune = finetune;
  const Targets targets = targets_of(net, m);
  if (strategy == Strategy::slvt) {
    refuse(!c.latents.empty(), "--latents",
           "gives latents a layer, for --strategy lwt; --strategy slvt takes one --latent");
    m.latents = {c.latent.value_or(2048)};
    single_latent_blocks(targets, m.latents[0]);  // checks the range
  } else {
    refuse(c.latent.has_value() && !c.latents.empty(), "--latent",
           "(a total to allot) contradicts --latents (a number a layer); give one of them");
    m.latents = c.latents.empty() ? allot_latents(targets, c.latent.value_or(2688)) : c.latents;
    layer_wise_blocks(targets, m.latents);
  }
  const std::string map = c.map.value_or("auto");
  if (is_learned_map(map)) {
    m.learned = resolve_learned_map(c, map, m, net);
    m.map = m.learned.family == MapFamily::kronecker ? MapKind::kronecker : MapKind::dense;
  } else {
    refuse(c.learned_map.any(), "--map-data, --map-samples, --map-epochs and the like",
           "are of --map gradient, kronecker or trajectory");
    m.map = map == "auto" ? MapKind::hadamard : parse_map_kind(map);  // the fastest and smallest
  }
  const char* modulation = variant == Variant::lv_wmap ? "scalar" : "none";
  m.modulation = parse_modulation(c.modulation.value_or(modulation));
  refuse(c.alpha && m.modulation == Modulation::none, "--alpha",
         "is the scale of a modulation; choose --modulation scalar or signed");
  m.alpha = c.alpha.value_or(default_alpha(m.modulation));
  require(m.alpha >= -kMostReal && m.alpha <= kMostReal, "--alpha", m.alpha, "-1000000 to 1000000");
  m.activation = parse_activation(c.activation.value_or("identity"));
  refuse(c.omega && m.activation != Activation::sine, "--omega",
         "is the frequency of --activation sine");
  m.omega = c.omega.value_or(m.activation == Activation::sine ? 2.0 : 1.0);
  require(m.omega > 0 && m.omega <= 100, "--omega", m.omega, "more than 0 and at most 100");
  // A learned map leads away from where it was learned: the run begins there.
  const std::string base = c.base.value_or(m.learned.on() && !finetune.on() ? "normal" : "zero");
  require(base == "zero" || base == "normal", "--base", base, "zero or normal");
  refuse(base == "zero" && m.learned.on() && !finetune.on(), "--base zero",
         "is not where a learned map leads away from; leave it out");
  m.random_base = base == "normal";
  if (finetune.on()) check_finetune(c, m, net);
  return m;
}

FastMath resolve_fast_math(const std::string& text, DeviceKind device) {
  require(text == "off" || text == "tf32" || text == "bf16", "--fast-math", text,
          "off, tf32 or bf16");
  refuse(text != "off" && device == DeviceKind::cpu, "--fast-math",
         "is for --device cuda; the CPU computes in float32");
  return text == "tf32" ? FastMath::tf32 : text == "bf16" ? FastMath::bf16 : FastMath::off;
}

/// A recipe is kept as JSON, which holds nothing else.
void require_utf8(const char* flag, const std::string& file) {
  if (!file.empty() && !is_utf8(absolute_path(file).string()))  // as it is kept
    fail<UsageError>("{}: the name of the file, or of its folder, is not UTF-8; rename it", flag);
}

}  // namespace

DeviceKind resolve_device(const std::string& device) {
  require(device == "auto" || device == "cpu" || device == "cuda", "--device", device,
          "auto, cpu or cuda");
  if (device == "auto") return cuda_missing().empty() ? DeviceKind::cuda : DeviceKind::cpu;
  return device == "cuda" ? DeviceKind::cuda : DeviceKind::cpu;
}

int resolve_threads(int threads) {
  require(threads >= 0 && threads <= kMaxThreads, "--threads", threads, "1 to 1024, or 0 for all");
  if (threads > 0) return threads;
  return usable_processors();
}

std::shared_ptr<Device> open_device(const Recipe& r, int process) {
  return r.device == DeviceKind::cuda ? open_cuda(r.fast_math, process) : open_cpu(r.threads);
}

Recipe resolve(const RunConfig& c, const Network& net) {
  require_utf8("--pretrained", c.finetune.pretrained.value_or(""));
  require_utf8("--init", c.init.value_or(""));
  require_utf8("--features-weights", c.features.weights.value_or(""));
  const Strategy strategy = parse_strategy(c.strategy);
  Recipe r;
  r.net = c.net;
  r.task = net.task;
  r.data = c.data;
  r.data_options = c.data_options;
  r.features = resolve_features(c.features, c.data);
  if (const std::optional<InitModel> begin = resolve_init(c, net)) {
    r.init = begin->init;
    r.pretrained = begin->pretrained;
    r.mapping = begin->mapping;
    r.latent_std = begin->latent_std;
    r.split_seed = begin->split_seed;
  } else {
    r.pretrained = resolve_pretrained(c.finetune, net);
    const Finetune finetune = resolve_finetune(c.finetune, r.pretrained, strategy, net);
    r.mapping = strategy == Strategy::direct ? resolve_direct(c)
                                             : resolve_mapped(c, strategy, net, finetune);
    r.latent_std = c.latent_std.value_or(finetune.on() || r.mapping.learned.on() ? 0.0 : 1.0);
  }
  r.loss = resolve(c.loss, r.mapping);
  r.refresh = resolve(c.refresh, r.mapping);
  r.add_ons = resolve(c.add_ons);
  r.epochs = c.epochs;
  r.batch = c.batch;
  r.lr = c.lr.value_or(default_lr(r.mapping, r.epochs));
  require(r.lr > 0 && r.lr <= kMostReal, "--lr", r.lr, "more than 0 and at most 1000000");
  r.regularisation = resolve(c.regularisation, r.mapping, net, r.lr);
  r.warmup = c.warmup;
  r.seed = c.seed;
  r.threads = resolve_threads(c.threads);
  r.device = resolve_device(c.device);
  r.fast_math = resolve_fast_math(c.fast_math, r.device);
  r.validation = c.validation;
  require(r.latent_std >= 0 && r.latent_std <= kMostReal, "--latent-std", r.latent_std,
          "0 to 1000000");
  require(r.latent_std > 0 || r.mapping.random_base || r.mapping.finetune.on(), "--latent-std",
          r.latent_std, "more than 0 unless --base normal, or every weight starts at zero");
  require(r.epochs >= 0 && r.epochs <= kMaxEpochs, "--epochs", r.epochs, "0 to 1000000");
  require(r.batch >= 1 && r.batch <= kMaxBatch, "--batch", r.batch, "1 to 65536");
  require(r.warmup >= 0 && r.warmup <= kMaxEpochs, "--warmup", r.warmup, "0 to 1000000 epochs");
  r.footprint = resolve(c.footprint, r);
  refuse_combinations(r, net);
  return r;
}

std::size_t trainable_params(const Recipe& r, const Network& net) {
  if (r.mapping.strategy == Strategy::direct) return net.param_count();
  return trained_values(r.mapping, net.param_count());
}

std::size_t trained_lambdas(const Recipe& r) {
  if (r.loss.mode == LambdaMode::fixed) return 0;
  return std::size_t{r.loss.stability.on} + std::size_t{r.loss.smoothness.on} +
         std::size_t{r.loss.alignment.on};
}

}  // namespace mapnet
