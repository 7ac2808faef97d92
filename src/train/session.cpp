#include "train/session.hpp"

#include <algorithm>
#include <cmath>

#include "device/ops/adam.hpp"
#include "train/learning_rate.hpp"
#include "train/sample_order.hpp"

namespace mapnet {

Session::Session(const Recipe& recipe, const Network& net, const ImageDataset& dataset,
                 Purpose purpose, Plan (*planner)(std::vector<Lifetime>))
    : recipe_(recipe),
      counts_(purpose == Purpose::expand
                  ? SampleCounts{}
                  : split_samples(recipe, dataset.train.count, dataset.test.count)),
      pixels_per_image_(static_cast<std::size_t>(net.channels * net.height * net.width)),
      run_(build_run_schedule(recipe, net, counts_, purpose)),
      program_(std::make_unique<Program>(run_.schedule, planner(run_.schedule.lifetimes()))) {
  new (program_->memory().at<StepControl>(run_.control)) StepControl();
  if (purpose != Purpose::expand) {
    load(dataset);
    measure_pixels();
  }
  program_->run(Phase::setup);
}

void Session::load(const ImageDataset& dataset) {
  auto* images = program_->memory().at<std::uint8_t>(run_.samples.images);
  auto* labels = program_->memory().at<std::uint8_t>(run_.samples.labels);
  for (const ImageSplit* split : {&dataset.train, &dataset.test}) {
    read_images(dataset, *split, {images, split->count * pixels_per_image_});
    read_labels(dataset, *split, {labels, split->count});
    images += split->count * pixels_per_image_;
    labels += split->count;
  }
  begin_epoch(0);
}

void Session::measure_pixels() {
  const auto* images = program_->memory().at<const std::uint8_t>(run_.samples.images);
  const auto* order = program_->memory().at<const std::uint32_t>(run_.samples.order);
  std::uint64_t sum = 0, squares = 0;  // exact: 2^64 / 255^2 is more pixels than there are
  for (std::size_t i = 0; i < counts_.train; ++i) {
    const std::uint8_t* image = images + order[i] * pixels_per_image_;
    for (std::size_t k = 0; k < pixels_per_image_; ++k) {
      const std::uint64_t pixel = image[k];
      sum += pixel;
      squares += pixel * pixel;
    }
  }
  const double n = static_cast<double>(counts_.train * pixels_per_image_);
  const double mean = static_cast<double>(sum) / n / 255.0;
  const double variance = static_cast<double>(squares) / n / (255.0 * 255.0) - mean * mean;
  set_pixels({mean, std::sqrt(std::max(variance, 1e-12))});
}

void Session::set_pixels(const PixelStatistics& pixels) {
  pixels_ = pixels;
  control().pixel_scale = static_cast<float>(1.0 / (255.0 * pixels.stddev));
  control().pixel_shift = static_cast<float>(-pixels.mean / pixels.stddev);
}

StepControl& Session::control() const { return *program_->memory().at<StepControl>(run_.control); }

std::span<float> Session::values() const {
  return {program_->memory().at<float>(run_.value), run_.n_values};
}
std::span<float> Session::theta() const {
  return {program_->memory().at<float>(run_.theta), run_.n_theta};
}
std::span<float> Session::dtheta() const {
  return {program_->memory().at<float>(run_.dtheta), run_.n_theta};
}
std::span<float> Session::gradient() const {
  return {program_->memory().at<float>(run_.gradient), run_.n_values};
}

std::int64_t Session::steps_per_epoch() const {
  const auto n = static_cast<std::int64_t>(counts_.train);
  return (n + recipe_.batch - 1) / recipe_.batch;
}

double Session::learning_rate_at(std::int64_t step) const {
  const std::int64_t total = steps_per_epoch() * recipe_.epochs;
  const auto warmup =
      static_cast<std::int64_t>(recipe_.warmup * static_cast<double>(steps_per_epoch()));
  return learning_rate(recipe_.lr, step, std::min(warmup, total), total);
}

void Session::clear_sums() const {
  control().loss_sum = 0;
  control().correct = control().seen = 0;
}

Metrics Session::sums() const {
  const StepControl& c = control();
  Metrics m;
  m.samples = static_cast<std::size_t>(c.seen);
  if (c.seen == 0) return m;
  m.loss = c.loss_sum / static_cast<double>(c.seen);
  m.accuracy = static_cast<double>(c.correct) / static_cast<double>(c.seen);
  return m;
}

void Session::begin_epoch(int epoch) {
  epoch_ = epoch;
  auto* order = program_->memory().at<std::uint32_t>(run_.samples.order);
  fill_sample_order({order, counts_.total()}, counts_, recipe_.seed,
                    static_cast<std::uint32_t>(epoch));
  clear_sums();
}

void Session::train_step(std::int64_t index) {
  StepControl& c = control();
  const std::int64_t step = epoch_ * steps_per_epoch() + index;
  const AdamDesc adam;
  c.first = index * recipe_.batch;
  c.count = static_cast<std::int32_t>(
      std::min<std::int64_t>(recipe_.batch, static_cast<std::int64_t>(counts_.train) - c.first));
  const double t = static_cast<double>(step + 1);
  c.adam_rate = static_cast<float>(learning_rate_at(step) /
                                   (1.0 - std::pow(static_cast<double>(adam.beta1), t)));
  c.adam_inverse_root =
      static_cast<float>(1.0 / std::sqrt(1.0 - std::pow(static_cast<double>(adam.beta2), t)));
  program_->run(Phase::train);
}

Metrics Session::train_epoch(int epoch, const Progress& progress) {
  begin_epoch(epoch);
  for (std::int64_t index = 0; index < steps_per_epoch(); ++index) {
    train_step(index);
    if (progress) progress(index + 1, control());
  }
  return sums();
}

Metrics Session::evaluate(Split split) {
  const std::size_t begin = split == Split::train        ? 0
                            : split == Split::validation ? counts_.train
                                                         : counts_.train + counts_.validation;
  const std::size_t n = split == Split::train        ? counts_.train
                        : split == Split::validation ? counts_.validation
                                                     : counts_.test;
  clear_sums();
  program_->run(Phase::eval_begin);
  StepControl& c = control();
  const auto batch = static_cast<std::size_t>(recipe_.batch);
  for (std::size_t at = 0; at < n; at += batch) {
    c.first = static_cast<std::int64_t>(begin + at);
    c.count = static_cast<std::int32_t>(std::min(batch, n - at));
    program_->run(Phase::eval);
  }
  return sums();
}

}  // namespace mapnet
