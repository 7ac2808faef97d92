#include "train/maps/learned_basis.hpp"

#include <algorithm>
#include <optional>

#include "algebra/products.hpp"
#include "algebra/symmetric_eigen.hpp"
#include "common/bytes.hpp"
#include "common/error.hpp"
#include "common/stopwatch.hpp"
#include "data/content_hash.hpp"
#include "train/budget/process_memory.hpp"
#include "train/checksum.hpp"
#include "train/maps/principal_basis.hpp"

namespace mapnet {

namespace {

/// Rows of W on their way from the file to a device at a time.
constexpr std::size_t kChunkRows = 512;

/// Sketches, or the snapshots that they come to: refused before hours are spent on them.
void require_decomposable(const LearnedMap& learned, std::size_t rows) {
  if (rows > kMostEigenRows)
    fail<UsageError>(
        "--map-sketches {} comes to {} rows to learn from; LAPACK decomposes at most {}; take "
        "fewer",
        learned.sketches, rows, kMostEigenRows);
}

void require_decomposable(const MapDesc& map) {
  for (const KroneckerMatrix& m : map.matrices)
    if (std::max(m.rows, m.cols) > kMostEigenRows)
      fail<UsageError>("--map kronecker: {} is [{}, {}]; LAPACK decomposes at most {} rows", m.name,
                       m.rows, m.cols, kMostEigenRows);
}

/// Of a round of a map that is refreshed: other samples and other v.
std::uint64_t seed_of_round(std::uint64_t seed, std::size_t round) {
  return seed + round * 0x9E3779B97F4A7C15;  // 2^64 over the golden ratio
}

}  // namespace

LearnedBasis::LearnedBasis(const Recipe& run, const Network& net, const Dataset& dataset,
                           const MapDesc& map, const LearnedRound& round)
    : map_(map) {
  const Stopwatch watch;
  Recipe recipe = run;
  LearnedMap& learned = recipe.mapping.learned;
  if (round.number > 0) learned.seed = seed_of_round(learned.seed, round.number);
  const Dataset data = data_to_learn_from(recipe, net, dataset, open_dataset);
  facts_.data_sha256 = training_samples_sha256(data);
  if (learned.family == MapFamily::kronecker) {
    require_decomposable(map);
    LearningRows rows(recipe, net, data, map, round.start, facts_.data_sha256, round.process);
    factors_ = learn_factors(rows, map, recipe.threads);
    take_costs(rows);
    for (const KroneckerFactors& f : factors_)
      for (const std::vector<float>* side : {&f.left, &f.right}) {
        facts_.values += side->size();
        facts_.checksum = mapnet::checksum(bytes_of(*side), facts_.checksum);
      }
  } else {
    learn_rows(recipe, net, data, round);
  }
  return_free_memory();  // the run's own arena comes next
  facts_.seconds += watch.seconds();
}

/// What is learned from a kept trajectory cost what its training did.
void LearnedBasis::take_costs(const LearningRows& rows) {
  facts_.samples = rows.samples();
  facts_.seconds += rows.seconds_before();
}

void LearnedBasis::learn_rows(const Recipe& recipe, const Network& net, const Dataset& data,
                              const LearnedRound& round) {
  std::optional<RowsOnDisk> rows;
  {
    LearningRows source(recipe, net, data, map_, round.start, facts_.data_sha256, round.process);
    require_decomposable(recipe.mapping.learned, source.count());
    rows.emplace(source.count(), source.columns());
    std::size_t n = 0;
    source.each([&](std::span<const float> row) { rows->write(n++, row); });
    take_costs(source);
  }  // its arena goes before the algebra needs memory
  std::size_t bytes = 0;
  for (const MapBlock& block : map_.blocks) {
    block_bytes_.push_back(bytes);
    bytes += dense_bytes(MapKind::dense, block);
    facts_.values += block.rows * block.latents;
  }
  file_ = std::make_unique<NamelessFile>("fixed weights", bytes);
  const AlgebraThreads threads(recipe.threads);
  for (const MapBlock& block : map_.blocks)
    principal_basis(
        *rows, block, recipe.mapping.learned.seed,
        [&](std::size_t first, std::span<const float> w) { take_rows(block, first, w); });
}

void LearnedBasis::take_rows(const MapBlock& block, std::size_t first,
                             std::span<const float> rows) {
  facts_.checksum = mapnet::checksum(bytes_of(rows), facts_.checksum);
  const std::size_t d = block.latents, ld = dense_row_length(d), n = rows.size() / d;
  const auto index = static_cast<std::size_t>(&block - map_.blocks.data());
  std::vector<float> padded(n * ld);
  for (std::size_t i = 0; i < n; ++i)
    std::ranges::copy(rows.subspan(i * d, d), padded.begin() + static_cast<std::ptrdiff_t>(i * ld));
  file_->write(block_bytes_[index] + first * ld * sizeof(float), std::as_bytes(std::span(padded)));
}

void LearnedBasis::load_block(const Program& program, const MapState& state,
                              std::size_t index) const {
  const MapBlock& block = map_.blocks[index];
  const std::size_t ld = dense_row_length(block.latents);
  std::vector<float> chunk;
  for (std::size_t first = 0; first < block.rows; first += kChunkRows) {
    const std::size_t n = std::min(kChunkRows, block.rows - first);
    const std::size_t offset = first * ld * sizeof(float);
    chunk.resize(n * ld);
    file_->read(block_bytes_[index] + offset, std::as_writable_bytes(std::span(chunk)));
    if (state.streamed.empty())
      program.write<float>(state.dense[index], chunk, offset);
    else
      state.streamed[index]->write(offset, std::as_bytes(std::span(chunk)));
  }
}

void LearnedBasis::load_into(const Program& program, const MapState& state) const {
  for (std::size_t i = 0; i < factors_.size(); ++i) {
    program.write<float>(state.left[i], factors_[i].left);
    program.write<float>(state.right[i], factors_[i].right);
  }
  for (std::size_t i = 0; file_ && i < map_.blocks.size(); ++i) load_block(program, state, i);
}

}  // namespace mapnet
