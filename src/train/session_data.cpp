#include "train/session_data.hpp"

#include <fmt/ranges.h>

#include <algorithm>

#include "common/bytes.hpp"
#include "data/pm25.hpp"
#include "train/checksum.hpp"
#include "train/run_ranks.hpp"
#include "train/session.hpp"
#include "train/standardise.hpp"

namespace mapnet {

namespace {

/// Training samples, the first of the first epoch's order, whose pixels are measured where decoding
/// them all would have to come before the first step.
constexpr std::size_t kMeasuredPictures = 64;

/// Bytes that are on their way into a file of samples, or measured, at a time.
constexpr std::size_t kPart = 256 * 1024;

PixelStatistics measure_pictures(const Dataset& d, std::span<const std::uint32_t> samples) {
  const auto channels = static_cast<std::size_t>(d.channels);
  const auto plane = static_cast<std::size_t>(d.height * d.width);
  PixelMeasure measure(channels, plane);
  std::vector<std::uint8_t> image(channels * plane), labels(labels_per_sample(d));
  for (const std::uint32_t sample : samples) {
    decode_sample(d, sample, image, labels);
    measure.add(image);
  }
  return measure.result();
}

std::size_t vector_size(const Dataset& d) {
  return static_cast<std::size_t>(d.channels * d.height * d.width);
}

/// Of features as they were extracted, the training samples' first.
std::vector<float> read_vectors(const Dataset& d) {
  std::vector<float> values((d.train.count + d.test.count) * vector_size(d));
  const std::size_t train = d.train.count * vector_size(d);
  mapnet::read_features(d, d.train, std::span(values).first(train));
  mapnet::read_features(d, d.test, std::span(values).subspan(train));
  return values;
}

}  // namespace

PixelStatistics measure_trained_pixels(const Dataset& d, std::span<const std::uint32_t> trained) {
  if (has_pictures(d))
    return measure_pictures(d, trained.first(std::min(kMeasuredPictures, trained.size())));
  const auto channels = static_cast<std::size_t>(d.channels);
  const auto plane = static_cast<std::size_t>(d.height * d.width);
  const std::size_t pixels = channels * plane, labels = labels_per_sample(d);
  std::vector<bool> measured(d.train.count);
  for (const std::uint32_t sample : trained) measured[sample] = true;
  const std::size_t at_a_time = std::max<std::size_t>(1, kPart / (pixels + labels));
  std::vector<std::uint8_t> buffer(at_a_time * (pixels + labels));
  PixelMeasure measure(channels, plane);
  for (std::size_t first = 0; first < d.train.count; first += at_a_time) {
    const std::size_t n = std::min(at_a_time, d.train.count - first);
    const std::span<std::uint8_t> images = std::span(buffer).first(n * pixels);
    read_part(d, first, images, std::span(buffer).last(n * labels));
    for (std::size_t i = 0; i < n; ++i)
      if (measured[first + i]) measure.add(images.subspan(i * pixels, pixels));
  }
  return measure.result();
}

std::vector<float> read_standardised(const Dataset& d, std::span<const std::uint32_t> trained) {
  std::vector<float> values = read_vectors(d);
  standardise(values, vector_size(d), trained);
  return values;
}

SampleFormat sample_format(const Dataset& dataset) {
  SampleFormat format;
  format.floats = dataset.floats;
  format.ignore = dataset.ignore;
  format.labels = dataset.task == Task::forecast ? 0 : labels_per_sample(dataset);
  if (dataset.task == Task::forecast)  // behind the last window there is one more row: its target
    format.n_values =
        (dataset.train.count + dataset.test.count + static_cast<std::size_t>(dataset.channels)) *
        static_cast<std::size_t>(dataset.height);
  else if (dataset.floats)
    format.n_values = (dataset.train.count + dataset.test.count) *
                      static_cast<std::size_t>(dataset.channels * dataset.height * dataset.width);
  return format;
}

void Session::load(const Dataset& dataset, Purpose purpose) {
  load_inputs(dataset, purpose);
  // Values stay the same on all of them whatever each reads.
  if (purpose == Purpose::train)
    require_same(*ranks_,
                 fmt::format("{} {} {:08x} {:08x}", fmt::join(pixels_.mean, " "),
                             fmt::join(pixels_.stddev, " "), series_checksum_, labels_checksum_),
                 "reads other samples than the first rank");
}

void Session::load_inputs(const Dataset& dataset, Purpose purpose) {
  if (dataset.task == Task::forecast) return load_series(dataset);
  if (has_pictures(dataset)) return load_pictures(dataset, purpose);
  if (file_) return load_into_file(dataset);
  if (dataset.floats)
    load_features(dataset);
  else
    load_images(dataset);
  load_labels(dataset);
}

void Session::load_series(const Dataset& dataset) {
  const Series series = read_series(dataset, counts_.validation);
  series_checksum_ = checksum(bytes_of(series.values));
  program_->write<float>(run_.samples.values, series.values);
  series_ = {series.persistence_mse_train, series.persistence_mse_validation,
             series.persistence_mse_test, series.missing, series.target_max - series.target_min};
}

void Session::load_features(const Dataset& dataset) {
  std::vector<float> values = read_vectors(dataset);
  series_checksum_ = checksum(bytes_of(values));
  standardise(values, vector_size(dataset), std::span(order_).first(counts_.train));
  program_->write<float>(run_.samples.values, values);
}

void Session::load_images(const Dataset& dataset) {
  const auto channels = static_cast<std::size_t>(net_.channels);
  const std::size_t plane = static_cast<std::size_t>(net_.height * net_.width);
  const std::size_t bytes = counts_.total() * channels * plane;
  std::vector<std::uint8_t> staging;
  auto* in_place = program_->host<std::uint8_t>(run_.samples.values);
  if (!in_place) staging.resize(bytes);
  const std::span<std::uint8_t> images(in_place ? in_place : staging.data(), bytes);
  std::size_t at = 0;
  for (const DatasetSplit* split : {&dataset.train, &dataset.test}) {
    const std::size_t size = split->count * channels * plane;
    mapnet::read_pixels(dataset, *split, images.subspan(at, size));
    at += size;
  }
  if (!in_place) program_->write<std::uint8_t>(run_.samples.values, images);
  // Over the training samples: the first of any epoch's order, in whatever order.
  set_pixels(measure_pixels(images, channels, plane, std::span(order_).first(counts_.train)));
}

/// Begins to decode, and measures the pixels of the first samples, for gradients that are sketched
/// too. A model that is evaluated brings its own measure, and needs one split alone.
void Session::load_pictures(const Dataset& dataset, Purpose purpose) {
  const auto channels = static_cast<std::size_t>(net_.channels);
  const std::size_t plane = static_cast<std::size_t>(net_.height * net_.width);
  const std::size_t bytes = channels * plane;
  const auto place = [this](std::uint32_t sample, std::span<const std::uint8_t> pixels,
                            std::span<const std::uint8_t> labels) {
    if (file_) return file_->write(sample, pixels, labels);
    program_->write(run_.samples.values, pixels, sample * pixels.size());
    program_->write(run_.samples.labels, labels, sample * labels.size());
  };
  const bool training = purpose == Purpose::train;
  decoder_ = std::make_unique<DecodeAhead>(dataset, order_, training, place);
  if (!training && purpose != Purpose::sketch) return;
  const std::size_t n = std::min(kMeasuredPictures, counts_.train);
  prepare(0, n);
  PixelMeasure measure(channels, plane);
  std::vector<std::uint8_t> image(bytes), labels(labels_per_sample(dataset));
  for (std::size_t i = 0; i < n; ++i) {
    if (file_) {
      file_->read(order_[i], image, labels);
    } else {
      program_->read<std::uint8_t>(image, run_.samples.values, order_[i] * bytes);
      program_->read<std::uint8_t>(labels, run_.samples.labels, order_[i] * labels.size());
    }
    measure.add(image);
    labels_checksum_ = checksum(bytes_of(labels), labels_checksum_);
  }
  set_pixels(measure.result());
}

/// Copies all samples, a few at a time, and measures the pixels of those to train on.
void Session::load_into_file(const Dataset& dataset) {
  const auto channels = static_cast<std::size_t>(net_.channels);
  const auto plane = static_cast<std::size_t>(net_.height * net_.width);
  const std::size_t pixels = file_->pixel_bytes(), labels = file_->label_bytes();
  const std::size_t at_a_time = std::max<std::size_t>(1, kPart / (pixels + labels));
  std::vector<bool> trained(counts_.total());
  for (const std::uint32_t sample : std::span(order_).first(counts_.train)) trained[sample] = true;
  std::vector<std::uint8_t> buffer(at_a_time * (pixels + labels));
  PixelMeasure measure(channels, plane);
  std::size_t end = 0;
  for (const DatasetSplit* split : {&dataset.train, &dataset.test}) {
    std::size_t sample = end;
    end += split->count;
    while (sample < end) {
      const std::size_t n = std::min(at_a_time, end - sample);
      const std::span<std::uint8_t> all_pixels = std::span(buffer).first(n * pixels),
                                    all_labels = std::span(buffer).last(n * labels);
      read_part(dataset, sample, all_pixels, all_labels);
      labels_checksum_ = checksum(bytes_of(all_labels), labels_checksum_);
      for (std::size_t i = 0; i < n; ++i, ++sample) {
        const auto image = all_pixels.subspan(i * pixels, pixels);
        file_->write(sample, image, all_labels.subspan(i * labels, labels));
        if (trained[sample]) measure.add(image);
      }
    }
  }
  set_pixels(measure.result());
}

/// With --samples file puts `count` samples of the epoch's order, from position `first` on, where
/// the next pass finds them.
void Session::read_window(std::size_t first, std::size_t count) {
  if (!file_) return;
  const std::size_t pixels = file_->pixel_bytes(), labels = file_->label_bytes();
  auto* values = program_->host<std::uint8_t>(run_.samples.values);
  auto* targets = program_->host<std::uint8_t>(run_.samples.labels);
  const bool in_place = values != nullptr;
  if (!in_place) {
    window_.resize(run_.samples.n * (pixels + labels));
    values = window_.data();
    targets = values + run_.samples.n * pixels;
  }
  for (std::size_t i = 0; i < count; ++i)
    file_->read(order_[first + i], {values + i * pixels, pixels}, {targets + i * labels, labels});
  if (in_place) return;
  program_->write<std::uint8_t>(run_.samples.values, {values, count * pixels});
  program_->write<std::uint8_t>(run_.samples.labels, {targets, count * labels});
}

/// The samples at these positions of the first epoch's order are where steps look for them.
void Session::prepare(std::size_t begin, std::size_t end) {
  if (!decoder_) return;
  decoder_->require(begin, end);
  if (!decoder_->done()) return;
  decode_times_ = decoder_->times();
  decoder_.reset();
}

/// Each kind of sample has the same positions, and is the same samples, in every epoch.
void Session::prepare(Split split) {
  const std::size_t validation = counts_.train, test = validation + counts_.validation;
  if (split == Split::train) return prepare(0, validation);
  if (split == Split::validation) return prepare(validation, test);
  prepare(test, counts_.total());
}

void Session::load_labels(const Dataset& dataset) {
  const std::size_t each = labels_per_sample(dataset);
  std::vector<std::uint8_t> labels(counts_.total() * each);
  std::size_t at = 0;
  for (const DatasetSplit* split : {&dataset.train, &dataset.test}) {
    mapnet::read_labels(dataset, *split, std::span(labels).subspan(at, split->count * each));
    at += split->count * each;
  }
  labels_checksum_ = checksum(bytes_of(labels));
  program_->write<std::uint8_t>(run_.samples.labels, labels);
}

void Session::set_pixels(const PixelStatistics& pixels) {
  pixels_ = pixels;
  StepControl c = control();
  for (std::size_t i = 0; i < pixels.mean.size(); ++i) {
    const PixelScale of = pixel_scale(pixels, i);
    c.pixel_scale[i] = of.scale;
    c.pixel_shift[i] = of.shift;
  }
  write(c);
}

}  // namespace mapnet
