#pragma once

#include <optional>
#include <string>
#include <vector>

#include "train/budget/cost_model.hpp"
#include "train/budget/process_memory.hpp"
#include "train/recipe.hpp"

namespace mapnet {

/// One way to train what a recipe says, and what it comes to.
struct Candidate {
  Recipe recipe;                 ///< with its footprint, and its map
  std::size_t arena_bytes = 0;   ///< planned; of those that were not looked at closely the lower
                                 ///< bound, which plans meet but for a percent
  std::size_t beside_bytes = 0;  ///< bytes_beside_arena
  StepCost cost;

  std::size_t total_bytes() const { return arena_bytes + beside_bytes; }
  /// The flags that ask for it, beside those of the run; "" for none.
  std::string flags(bool with_map) const;
};

struct BudgetSearch {
  std::size_t budget_bytes = 0;
  bool maps_differ = false;           ///< the map was open too
  std::vector<Candidate> candidates;  ///< fastest first
  std::optional<std::size_t> chosen;  ///< of them: the fastest that fits
  std::size_t smallest = 0;           ///< the one that takes the least
  double seconds = 0;                 ///< that the search took

  const Candidate& best() const { return candidates[*chosen]; }
};

/// All schedules of the run that `config` leaves open, and the fastest of those that fit into its
/// memory budget, if it has one: micro-batches of each halving of the batch, recomputation, samples
/// in memory or a file, and with --map auto each kind of map; of further maps and storages what is
/// not beaten in both time and memory under the first. Pure: no data is read, no arena made. The
/// same choice on every machine with as many threads. `ranks`: processes that share a batch.
BudgetSearch search_budget(const RunConfig& config, const Recipe& recipe, const Network& net,
                           const Dataset& dataset,
                           const std::shared_ptr<Communicator>& ranks = alone());

/// The recipe that is trained under `config`: the given one without a budget, else the fastest that
/// fits, of several ranks as the first finds it. Throws Error saying the smallest budget that would
/// do, and its flags.
Recipe fit_to_budget(const RunConfig& config, const Recipe& recipe, const Network& net,
                     const Dataset& dataset, const std::shared_ptr<Communicator>& ranks = alone());

/// Throws that where nothing fits.
void require_fit(const BudgetSearch& search);

/// "23.5MiB": never less than `bytes`, and read back as a budget.
std::string budget_text(std::size_t bytes);

}  // namespace mapnet
