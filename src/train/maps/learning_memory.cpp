#include "train/maps/learning_memory.hpp"

#include <algorithm>

#include "train/budget/process_memory.hpp"
#include "train/maps/map_source.hpp"

namespace mapnet {

namespace {

constexpr std::size_t kChunks = std::size_t{40} << 20;  // of rows and of W (principal_basis.cpp)

std::size_t square(std::size_t n) { return n * n * sizeof(double); }

/// Beside LAPACK's matrix there are its eigenvectors, and its work of two more.
std::size_t eigen_bytes(std::size_t n) { return 4 * square(n); }

/// Moments of all matrices at a time, while the network is there.
std::size_t factor_bytes(const MapDesc& map) {
  std::size_t moments = 0, largest = 0, gradient = 0, factors = 0;
  for (const KroneckerMatrix& m : map.matrices) {
    moments += square(m.rows) + square(m.cols);
    largest = std::max({largest, m.rows, m.cols});
    gradient = std::max(gradient, m.rows * m.cols * sizeof(double));
    factors += (m.rows * m.left + m.cols * m.right) * sizeof(float);
  }
  return moments + eigen_bytes(largest) + gradient + factors;
}

}  // namespace

std::size_t learning_bytes(const Recipe& recipe, const Network& net, const Dataset& dataset) {
  const LearnedMap& learned = recipe.mapping.learned;
  if (!learned.on()) return 0;
  // Of an object store's data set its description says how many samples there are.
  const Dataset data = data_to_learn_from(recipe, net, dataset, describe_dataset);
  const Recipe from = learning_recipe(recipe, data);
  const SampleCounts counts = split_samples(from, data);
  const RunSchedule run =
      build_run_schedule(from, net, counts, sample_format(data), learning_purpose(learned));
  const MapDesc map = make_map(net, recipe.mapping);
  const std::size_t network = plan_arena(run.schedule.lifetimes()).total +
                              bytes_beside_arena(run, from, data, decoding_bytes(from, data)) +
                              (2 * net.param_count() + 2 * map.target_size()) * sizeof(float);
  if (learned.family == MapFamily::kronecker) return network + factor_bytes(map);
  std::size_t most = 0;
  for (const MapBlock& block : map.blocks) most = std::max(most, block.latents);
  const std::size_t m = rows_of(learned, from, counts);
  return std::max(network, eigen_bytes(m) + m * most * sizeof(double) + square(most) + kChunks);
}

}  // namespace mapnet
