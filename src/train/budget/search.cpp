#include "train/budget/search.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <numeric>

#include "common/bytes.hpp"
#include "common/error.hpp"
#include "common/stopwatch.hpp"
#include "memory/placement.hpp"
#include "train/maps/learning_memory.hpp"
#include "train/maps/map_source.hpp"
#include "train/rank_share.hpp"
#include "train/run_ranks.hpp"
#include "train/session.hpp"

namespace mapnet {

namespace {

/// More stretches than the root of the number of layers keep more at the cuts than they save
/// between them.
constexpr int kStretches[] = {2, 3, 4, 6, 8, 12};

std::vector<int> micro_batches(const FootprintConfig& c, const Recipe& r, int ranks) {
  if (c.micro_batch || r.loss.stability.on) return {r.footprint.micro_batch};
  std::vector<int> sizes = {0};
  for (int size = (largest_share(r.batch, ranks) + 1) / 2;; size = (size + 1) / 2) {
    if (size >= (sizes.back() == 0 ? largest_share(r.batch, ranks) : sizes.back())) break;
    sizes.push_back(size);
  }
  return sizes;
}

std::vector<Recompute> recomputations(const FootprintConfig& c, const Recipe& r,
                                      const Network& net) {
  if (!is_open(c.recompute)) return {r.footprint.recompute};
  std::vector<Recompute> all = {{}};
  const auto cheap = [](const Layer& l) {
    return l.kind == Layer::Kind::batch_norm || l.kind == Layer::Kind::concat;
  };
  if (std::any_of(net.layers.begin(), net.layers.end(), cheap))
    all.push_back({Recompute::Kind::norms});
  for (const int n : kStretches)
    if (static_cast<std::size_t>(n) * 2 <= net.layers.size())
      all.push_back({Recompute::Kind::stretches, n});
  return all;
}

std::vector<MapKind> maps(const RunConfig& c, const Recipe& r) {
  const MappingConfig& m = r.mapping;
  const bool fixed = m.strategy != Strategy::direct && !trains_map(m.variant) && !m.finetune.on();
  if (c.map != "auto" || !fixed) return {m.map};
  return {MapKind::hadamard, MapKind::dense, MapKind::dense_bf16};
}

/// A bfloat16 map is not regenerated: its rows are not rounded then.
std::vector<MapStorage> storages(const FootprintConfig& c, const Recipe& r) {
  if (!is_open(c.map_storage) || !storage_is_open(r)) return {r.footprint.map_storage};
  std::vector<MapStorage> all = {MapStorage::memory, MapStorage::streamed};
  if (r.mapping.map == MapKind::dense && !r.mapping.learned.on())
    all.push_back(MapStorage::regenerated);
  return all;
}

/// Samples in memory and in a file, as far as that is open; one schedule tells both.
std::vector<bool> places(const FootprintConfig& c, const Recipe& r) {
  if (!is_open(c.samples) || !samples_are_open(r)) return {r.footprint.samples_in_file};
  return {false, true};
}

std::size_t rounded(std::size_t bytes) { return round_up(bytes, kArenaAlignment); }

/// What the samples take of the arena.
std::size_t data_bytes(const Schedule& schedule, const SampleFeed& samples) {
  std::size_t bytes = 0;
  for (const BufferId buffer : {samples.values, samples.labels, samples.order})
    if (buffer != kNoBuffer) bytes += rounded(schedule.buffer_bytes(buffer));
  return bytes;
}

/// The same of a recipe that differs in where they are alone.
std::size_t data_bytes(const std::shared_ptr<Device>& device, const Recipe& recipe,
                       const Network& net, const SampleFormat& format, std::size_t all, int ranks) {
  Schedule schedule(device);
  SampleFeed samples;
  samples.add_buffers(schedule, net, format,
                      recipe.footprint.samples_in_file
                          ? static_cast<std::size_t>(micro_batch_of(recipe, ranks))
                          : all);
  return data_bytes(schedule, samples);
}

bool faster(const Candidate& a, const Candidate& b) { return a.cost.seconds < b.cost.seconds; }

/// The footprints that take less memory than all that are faster, samples and W in memory.
std::vector<Footprint> unbeaten(std::vector<Candidate> candidates) {
  std::stable_sort(candidates.begin(), candidates.end(), faster);
  std::vector<Footprint> front;
  std::size_t least = std::numeric_limits<std::size_t>::max();
  for (const Candidate& c : candidates) {
    if (c.total_bytes() >= least) continue;
    least = c.total_bytes();
    const Footprint footprint = {c.recipe.footprint.micro_batch, c.recipe.footprint.recompute};
    if (std::ranges::find(front, footprint) == front.end()) front.push_back(footprint);
  }
  return front;
}

class Search {
 public:
  Search(const RunConfig& config, const Recipe& recipe, const Network& net, const Dataset& dataset,
         const std::shared_ptr<Communicator>& ranks)
      : config_(config),
        recipe_(recipe),
        net_(net),
        counts_(split_samples(recipe, dataset)),
        dataset_(dataset),
        format_(sample_format(dataset)),
        decoding_(decoding_bytes(recipe, dataset)),
        ranks_(ranks) {}

  /// A map and where its W lies cost the same whatever the footprint is beside: a footprint that
  /// another beats in both time and memory under the first of them is not built for the others.
  std::vector<Candidate> candidates() const {
    std::vector<Candidate> all;
    std::vector<Footprint> footprints;  // but for the map's storage and the samples' place
    for (const Recompute& recompute : recomputations(config_.footprint, recipe_, net_))
      for (const int micro : micro_batches(config_.footprint, recipe_, ranks_->size()))
        footprints.push_back({micro, recompute});
    for (const MapKind map : maps(config_, recipe_)) {
      Recipe recipe = recipe_;
      recipe.mapping.map = map;
      for (const MapStorage storage : storages(config_.footprint, recipe)) {
        const bool first = all.empty();
        for (Footprint footprint : footprints) {
          footprint.map_storage = storage;
          add(all, recipe, footprint);
        }
        if (first) footprints = unbeaten(all);
      }
    }
    std::stable_sort(all.begin(), all.end(), faster);
    return all;
  }

  /// Plans it, as it will be run.
  std::size_t planned(const Candidate& c) const {
    return plan_arena(build(c.recipe).schedule.lifetimes()).total;
  }

 private:
  /// A map is learned before the run's arena is there or, where it is refreshed, beside it.
  void count_learning(Candidate& c) const {
    if (!c.recipe.mapping.learned.on()) return;
    const std::size_t learning = learning_of(c.recipe);
    if (c.recipe.refresh.on())
      c.beside_bytes += learning;
    else if (learning > c.total_bytes())
      c.beside_bytes = learning - c.arena_bytes;
  }

  /// Most candidates differ in what learning knows nothing of: its schedule is planned once for
  /// each footprint of its own.
  std::size_t learning_of(const Recipe& recipe) const {
    const Footprint footprint = learning_recipe(recipe, dataset_).footprint;
    const auto known = std::ranges::find(learning_, footprint, &Learning::footprint);
    if (known != learning_.end()) return known->bytes;
    learning_.push_back({footprint, learning_bytes(recipe, net_, dataset_)});
    return learning_.back().bytes;
  }

  RunSchedule build(const Recipe& recipe) const {
    return build_run_schedule(recipe, net_, counts_, format_, Purpose::train, ranks_);
  }

  /// Both places of the samples from one schedule: they are held from beginning to end.
  void add(std::vector<Candidate>& all, const Recipe& recipe, const Footprint& footprint) const {
    const std::vector<bool> in_file = places(config_.footprint, recipe);
    Candidate c;
    c.recipe = recipe;
    c.recipe.footprint = footprint;
    c.recipe.footprint.samples_in_file = in_file.front();
    const RunSchedule run = build(c.recipe);
    const std::size_t bound = arena_lower_bound(run.schedule.lifetimes());
    const std::size_t without = bound - data_bytes(run.schedule, run.samples);
    for (const bool file : in_file) {
      c.recipe.footprint.samples_in_file = file;
      c.arena_bytes = without + data_bytes(run.schedule.device(), c.recipe, net_, format_,
                                           counts_.total(), ranks_->size());
      c.beside_bytes = bytes_beside_arena(run, c.recipe, dataset_, decoding_);
      if (c.recipe.device == DeviceKind::cpu) c.beside_bytes += config_.footprint.beside_bytes;
      count_learning(c);
      c.cost = cost_of_step(run, c.recipe, format_);
      all.push_back(c);
    }
  }

  const RunConfig& config_;
  const Recipe& recipe_;
  const Network& net_;
  const SampleCounts counts_;
  const Dataset& dataset_;
  const SampleFormat format_;
  const std::size_t decoding_;
  const std::shared_ptr<Communicator>& ranks_;
  struct Learning {
    Footprint footprint;
    std::size_t bytes = 0;
  };
  mutable std::vector<Learning> learning_;
};

/// A search changes nothing else of a recipe. On another machine the same budget may choose
/// otherwise, and ranks have to train by one schedule.
void take_choice_of_first(Communicator& ranks, Recipe& r) {
  if (ranks.alone()) return;
  std::string text =
      nlohmann::json{{"map", static_cast<int>(r.mapping.map)}, {"footprint", r.footprint}}.dump();
  broadcast(ranks, text);
  const nlohmann::json choice = nlohmann::json::parse(text);
  r.mapping.map = static_cast<MapKind>(choice.at("map").get<int>());
  r.footprint = choice.at("footprint").get<Footprint>();
}

}  // namespace

std::string Candidate::flags(bool with_map) const {
  std::string flags = flags_of(recipe.footprint);
  if (with_map)
    flags = "--map " + to_string(recipe.mapping.map) + (flags.empty() ? "" : " ") + flags;
  return flags;
}

BudgetSearch search_budget(const RunConfig& config, const Recipe& recipe, const Network& net,
                           const Dataset& dataset, const std::shared_ptr<Communicator>& ranks) {
  const Stopwatch watch;
  BudgetSearch found;
  const std::optional<std::string>& budget = config.footprint.memory_budget;
  found.budget_bytes =
      budget ? parse_bytes(*budget, "--memory-budget") : std::numeric_limits<std::size_t>::max();
  found.maps_differ = maps(config, recipe).size() > 1;
  const Search search(config, recipe, net, dataset, ranks);
  found.candidates = search.candidates();
  std::vector<Candidate>& all = found.candidates;
  for (std::size_t i = 0; i < all.size() && !found.chosen; ++i) {
    if (all[i].total_bytes() > found.budget_bytes) continue;
    all[i].arena_bytes = search.planned(all[i]);
    if (all[i].total_bytes() <= found.budget_bytes) found.chosen = i;
  }
  // A plan may lie a little above its bound: the smallest is the smallest of those planned.
  const auto less = [](const Candidate& a, const Candidate& b) {
    return a.total_bytes() < b.total_bytes();
  };
  for (bool sure = false; !sure;) {
    const auto smallest = std::min_element(all.begin(), all.end(), less);
    found.smallest = static_cast<std::size_t>(smallest - all.begin());
    if (found.chosen == found.smallest) break;  // planned already
    const std::size_t bound = smallest->arena_bytes;
    smallest->arena_bytes = search.planned(*smallest);
    sure = smallest->arena_bytes == bound ||
           std::min_element(all.begin(), all.end(), less) == smallest;
  }
  found.seconds = watch.seconds();
  return_free_memory();
  return found;
}

std::string budget_text(std::size_t bytes) {
  return fmt::format("{:.1f}MiB",
                     std::ceil(static_cast<double>(bytes) / (1024.0 * 1024.0) * 10) / 10);
}

void require_fit(const BudgetSearch& search) {
  if (search.chosen) return;
  const Candidate& c = search.candidates[search.smallest];
  const std::string flags = c.flags(search.maps_differ);
  fail(
      "--memory-budget {}: nothing fits; the smallest that would is {}{}{} ({} of arena and {} "
      "beside it)",
      format_bytes(search.budget_bytes), budget_text(c.total_bytes()),
      flags.empty() ? "" : ", with ", flags, format_bytes(c.arena_bytes),
      format_bytes(c.beside_bytes));
}

Recipe fit_to_budget(const RunConfig& config, const Recipe& recipe, const Network& net,
                     const Dataset& dataset, const std::shared_ptr<Communicator>& ranks) {
  if (!config.footprint.memory_budget) return recipe;
  Recipe fitted = recipe;
  if (ranks->first()) {
    const BudgetSearch search = search_budget(config, recipe, net, dataset, ranks);
    require_fit(search);
    fitted = search.best().recipe;
  }
  take_choice_of_first(*ranks, fitted);
  return fitted;
}

}  // namespace mapnet
