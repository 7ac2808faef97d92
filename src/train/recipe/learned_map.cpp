#include "train/recipe/learned_map.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "algebra/symmetric_eigen.hpp"
#include "common/json.hpp"
#include "mapping/names.hpp"
#include "train/recipe.hpp"
#include "train/recipe/check.hpp"
#include "train/recipe/limits.hpp"

namespace mapnet {

namespace {

constexpr std::size_t kMaxSketches = 65'536;
constexpr std::size_t kKroneckerSketches = 1024;
/// Samples that are normalised together: nothing goes back through a channel that has come down to
/// one value, and one sample's statistics are not those that the run is trained with.
constexpr int kNormalisedBatch = 32;

/// No more than the run's own, which was chosen with the memory in mind. A network that normalises
/// has running statistics.
int factors_batch(const Network& net, int batch) {
  return net.state_count() > 0 ? std::clamp(batch, 1, kNormalisedBatch) : 1;
}

}  // namespace

LearnedMap resolve_learned_map(const RunConfig& run, const std::string& name,
                               const MappingConfig& m, const Network& net) {
  const LearnedMapConfig& c = run.learned_map;
  LearnedMap learned;
  learned.family = parse_map_family(name);
  const bool trajectory = learned.family == MapFamily::trajectory;
  const bool factors = learned.family == MapFamily::kronecker;
  learned.data = c.data.value_or(run.data);
  learned.samples = c.samples.value_or(0);
  require(!c.samples || *c.samples >= 1, "--map-samples", learned.samples, "1 or more");
  refuse(c.epochs && learned.family == MapFamily::gradient, "--map-epochs",
         "is of a direct training; --map gradient learns from gradients at its start");
  learned.epochs = c.epochs.value_or(trajectory ? 8 : 0);
  require(learned.epochs >= (trajectory ? 1 : 0) && learned.epochs <= kMaxEpochs, "--map-epochs",
          learned.epochs, trajectory ? "1 to 1000000" : "0 to 1000000");
  const bool from_training = learned.from_training();
  refuse(c.batch && from_training, "--map-batch",
         "is of a sketched gradient; a direct training goes by the run's --batch");
  learned.batch =
      from_training ? 0 : c.batch.value_or(factors ? factors_batch(net, run.batch) : run.batch);
  require(from_training || (learned.batch >= 1 && learned.batch <= kMaxBatch), "--map-batch",
          learned.batch, "1 to 65536");
  // As many as the largest block has latents span it; of a trajectory neighbours are alike.
  const std::size_t most = m.latents.empty() ? 1 : std::ranges::max(m.latents);
  // But for Kronecker factors their Gram matrix is decomposed.
  const std::size_t limit = factors ? kMaxSketches : kMostEigenRows;
  learned.sketches = c.sketches.value_or(
      std::min(limit, factors         ? kKroneckerSketches
                      : from_training ? std::max<std::size_t>(most + most / 2, 128)
                                      : most));
  require(learned.sketches >= 1 && learned.sketches <= limit, "--map-sketches", learned.sketches,
          fmt::format("1 to {}", limit).c_str());
  learned.seed = c.seed.value_or(run.seed);
  refuse(factors && m.finetune.on() && m.finetune.share > 1, "--map kronecker",
         "generates matrices; with --share above 1 there are none");
  return learned;
}

LearnedIn learned_in(const Recipe& r) {
  const LearnedMap& learned = r.mapping.learned;
  if (learned.in) return *learned.in;
  return {r.seed, r.split_seed.value_or(r.seed), learned.data == r.data ? r.validation : 0};
}

void to_json(nlohmann::json& json, const LearnedMap& l) {
  json = {{"family", to_string(l.family)},
          {"data", l.data},
          {"samples", l.samples},
          {"epochs", l.epochs},
          {"batch", l.batch},
          {"sketches", l.sketches},
          {"seed", l.seed}};
  if (l.in)
    json["learned_in"] = {
        {"seed", l.in->seed}, {"split_seed", l.in->split_seed}, {"validation", l.in->validation}};
}

void from_json(const nlohmann::json& json, LearnedMap& l) {
  const auto number = [&](const char* key, std::int64_t least, std::int64_t most) {
    return whole_number(json.at(key), key, least, most);
  };
  l.family = parse_map_family(json.at("family").get<std::string>());
  json.at("data").get_to(l.data);
  l.samples = static_cast<std::size_t>(number("samples", 0, std::int64_t{1} << 40));
  l.epochs = static_cast<int>(number("epochs", 0, kMaxEpochs));
  l.batch = static_cast<int>(number("batch", 0, kMaxBatch));
  l.sketches = static_cast<std::size_t>(number("sketches", 1, kMaxSketches));
  l.seed = seed_from_json(json.at("seed"));
  if (!json.contains("learned_in")) return;
  const nlohmann::json& in = json.at("learned_in");
  l.in = {seed_from_json(in.at("seed")), seed_from_json(in.at("split_seed")),
          static_cast<std::size_t>(whole_number(in.at("validation"), "validation"))};
}

}  // namespace mapnet
