#include "train/maps/map_source.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <optional>

#include "common/error.hpp"
#include "data/manifest.hpp"
#include "device/random.hpp"
#include "mapping/finetune.hpp"
#include "train/recipe/variant.hpp"
#include "train/sample_order.hpp"
#include "train/session_data.hpp"
#include "train/target_network.hpp"

namespace mapnet {

namespace {

/// base_j = scale_j N(0, 1), as fill_normal draws it.
std::vector<float> base_of(const MapDesc& map, std::uint64_t seed) {
  std::vector<float> base(map.target_size());
  for (const RowScale& s : map.scales)
    for (std::size_t j = s.offset; j < s.offset + s.rows; ++j)
      base[j] = s.scale * random_normal(seed, Stream::base, j);
  return base;
}

std::vector<std::uint32_t> samples_scaled_by(const Recipe& run, const Dataset& dataset) {
  const SampleCounts counts = scaled_by(run, dataset);
  std::vector<std::uint32_t> order(counts.total());
  fill_sample_order(order, counts, learned_in(run).seed, 0);
  order.resize(counts.train);
  return order;
}

/// The pixels that inputs are scaled by, where a session of the samples that are learned from would
/// measure others: of pictures already where their order is another.
std::optional<PixelStatistics> pixels_of_run(const Recipe& run, const Dataset& d) {
  const LearnedMap& learned = run.mapping.learned;
  const LearnedIn in = learned_in(run);
  const bool other_order = in.seed != learned.seed || in.split_seed != learned.seed;
  const bool others = learned.samples > 0 || (has_pictures(d) && other_order);
  if (d.floats || !others) return std::nullopt;
  return measure_trained_pixels(d, samples_scaled_by(run, d));
}

/// The same of a series or of features: all their values, as the run reads them.
std::vector<float> values_of_run(const Recipe& run, const Dataset& d) {
  if (d.task == Task::forecast) return read_series(d, learned_in(run).validation).values;
  return read_standardised(d, samples_scaled_by(run, d));
}

/// The data set that --map-data names.
Dataset other_data(const LearnedMap& learned, const Network& net, FindDataset find) {
  const std::string what =
      fmt::format("--map-data {}, or that of the model of --init", learned.data);
  if (holds_videos(learned.data))
    fail<UsageError>(
        "{}: of videos features are made for the run's own --data alone; name it there", what);
  try {
    Dataset other = find(learned.data, {});
    require_samples_for(net, other);
    return other;
  } catch (const UsageError& e) {
    fail<UsageError>("{}: {}", what, e.what());
  } catch (const Error& e) {
    fail("{}: {}", what, e.what());
  }
}

}  // namespace

Purpose learning_purpose(const LearnedMap& learned) {
  return learned.from_training() ? Purpose::train : Purpose::sketch;
}

Recipe learning_recipe(const Recipe& run, const Dataset& dataset) {
  const LearnedMap& learned = run.mapping.learned;
  const bool trains = learning_purpose(learned) == Purpose::train;
  Recipe r;
  r.net = run.net;
  r.task = run.task;
  r.data = learned.data;
  r.data_options = run.data_options;
  r.features = run.features;
  r.pretrained = run.pretrained;
  r.mapping.strategy = Strategy::direct;
  r.mapping.seed = r.seed = learned.seed;
  // Samples that the run sets aside are not learned from, with --init those that the model's did:
  // the order before an epoch is shuffled is that run's, whatever seed the map is learned by, and
  // the run trains on the first of it.
  const LearnedIn in = learned_in(run);
  if (in.split_seed != learned.seed) r.split_seed = in.split_seed;
  const std::size_t aside = in.validation;
  if (learned.in && learned.data == dataset.name && aside >= dataset.train.count)
    fail<UsageError>(
        "{}: {} of its training samples were set aside when the map of --init was learned, here "
        "are {} in all; name the files that it was learned from (--data-dir)",
        dataset.name, aside, dataset.train.count);
  const std::size_t have = dataset.train.count - std::min(aside, dataset.train.count);
  r.validation =
      learned.samples > 0 ? dataset.train.count - std::min(learned.samples, have) : aside;
  const std::size_t trained = dataset.train.count - r.validation;
  r.batch = trains ? run.batch : learned.batch;
  r.batch = static_cast<int>(std::min(static_cast<std::size_t>(r.batch), trained));
  r.epochs = std::max(learned.epochs, 1);
  r.lr = default_lr(r.mapping, r.epochs);
  r.warmup = 1;
  r.threads = run.threads;
  r.device = run.device;
  r.fast_math = run.fast_math;
  r.footprint.samples_in_file = run.footprint.samples_in_file;
  r.footprint.recompute = run.footprint.recompute;
  if (!trains) return r;
  r.footprint.micro_batch = run.footprint.micro_batch;
  r.regularisation = run.regularisation;
  r.regularisation.weight_decay = 0;  // it is the latents'
  return r;
}

SampleCounts scaled_by(const Recipe& run, const Dataset& dataset) {
  Recipe whole = run;
  const LearnedIn in = learned_in(run);
  whole.validation = in.validation;
  whole.split_seed = in.split_seed;
  return split_samples(whole, dataset);
}

Dataset data_to_learn_from(const Recipe& recipe, const Network& net, const Dataset& dataset,
                           FindDataset find) {
  const LearnedMap& learned = recipe.mapping.learned;
  return learned.data == recipe.data ? dataset : other_data(learned, net, find);
}

void require_learnable(const Recipe& recipe, const Network& net) {
  const LearnedMap& learned = recipe.mapping.learned;
  if (learned.on() && learned.data != recipe.data) other_data(learned, net, describe_dataset);
}

std::int64_t snapshot_interval(const LearnedMap& learned, const Recipe& training,
                               const SampleCounts& counts) {
  const std::int64_t steps = training_steps(training, counts);
  return std::max<std::int64_t>(1, steps / static_cast<std::int64_t>(learned.sketches));
}

std::size_t rows_of(const LearnedMap& learned, const Recipe& training, const SampleCounts& counts) {
  if (!learned.from_training()) return learned.sketches;
  return static_cast<std::size_t>(training_steps(training, counts) /
                                  snapshot_interval(learned, training, counts));
}

MapSource::MapSource(const Recipe& recipe, const Network& net, const Dataset& dataset,
                     const MapDesc& map, std::span<const float> start, int process)
    : learned_(recipe.mapping.learned),
      recipe_(learning_recipe(recipe, dataset)),
      scales_(map.target_size()) {
  // Before the session decodes pictures of its own, which takes memory.
  const std::optional<PixelStatistics> pixels = pixels_of_run(recipe, dataset);
  session_.emplace(recipe_, net, dataset, learning_purpose(learned_), plan_arena,
                   alone_on(process));
  if (pixels) session_->set_pixels(*pixels);
  if (dataset.floats && learned_.samples > 0)
    session_->program().write<float>(session_->run_schedule().samples.values,
                                     values_of_run(recipe, dataset));
  for (const RowScale& s : map.scales)
    std::fill_n(scales_.begin() + static_cast<std::ptrdiff_t>(s.offset), s.rows, s.scale);
  if (recipe.mapping.finetune.on()) share_ = share_desc(net, recipe.mapping.finetune);
  if (!start.empty())
    start_.assign(start.begin(), start.end());
  else if (share_)
    start_ = session_->theta();  // the pre-trained weights
  else
    start_ = base_of(map, learned_.seed);
  session_->set_values(start_);
  theta_.resize(start_.size());
}

/// A gradient goes through the adjoint of u -> theta; a step of theta is taken for the mean step of
/// what an output moves.
void MapSource::to_outputs(std::span<const float> theta, bool gradient,
                           std::span<float> out) const {
  if (!share_) {
    for (std::size_t j = 0; j < out.size(); ++j)
      out[j] = gradient ? theta[j] * scales_[j] : theta[j] / scales_[j];
    return;
  }
  for (const ShareSpan& span : share_->spans)
    for (std::size_t g = 0; g < span.groups(); ++g) {
      const std::size_t first = span.theta_offset + g * span.share;
      const std::size_t n = std::min<std::size_t>(span.share, span.size - g * span.share);
      double sum = 0;
      for (std::size_t j = first; j < first + n; ++j) sum += static_cast<double>(theta[j]);
      const std::size_t at = span.output_offset + g;
      const double factor = static_cast<double>(span.alpha) * static_cast<double>(scales_[at]);
      out[at] =
          static_cast<float>(gradient ? sum * factor : sum / (static_cast<double>(n) * factor));
    }
}

std::size_t MapSource::row_count() const { return rows_of(learned_, recipe_, session_->counts()); }

void MapSource::each_row(const TakeRow& take) {
  if (learned_.from_training())
    return train(snapshot_interval(learned_, recipe_, session_->counts()), take);
  std::vector<float> row(outputs());
  for (std::size_t i = 0; i < learned_.sketches; ++i) {
    sketch(row);
    take(row);
  }
}

void MapSource::sketch(std::span<float> out) {
  // Whole batches alone: v is there for every row.
  const auto per_epoch = static_cast<std::int64_t>(session_->counts().train) / recipe_.batch;
  if (next_ == per_epoch) {
    session_->begin_epoch(++epoch_);
    next_ = 0;
  }
  session_->train_step(next_++);
  samples_seen_ += static_cast<std::size_t>(recipe_.batch);
  session_->program().read<float>(theta_, session_->run_schedule().dtheta);
  to_outputs(theta_, true, out);
}

void MapSource::train(std::int64_t every, const TakeRow& take) {
  std::vector<float> out(outputs());
  std::int64_t step = 0;
  for (int epoch = 0; epoch < recipe_.epochs; ++epoch) {
    session_->begin_epoch(epoch);
    session_->finish_epoch({}, [&] {
      if (++step % every != 0) return;
      session_->read_evaluated_theta(theta_);
      for (std::size_t j = 0; j < theta_.size(); ++j) theta_[j] -= start_[j];
      to_outputs(theta_, false, out);
      take(out);
    });
    samples_seen_ += session_->counts().train;
  }
}

}  // namespace mapnet
