#include "data/pm25.hpp"
#include "train/session.hpp"
#include "train/standardise.hpp"

namespace mapnet {

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

void Session::load(const Dataset& dataset) {
  if (dataset.task == Task::forecast) return load_series(dataset);
  if (dataset.floats)
    load_features(dataset);
  else
    load_images(dataset);
  load_labels(dataset);
}

void Session::load_series(const Dataset& dataset) {
  const Series series = read_series(dataset);
  program_->write<float>(run_.samples.values, series.values);
  series_ = {series.persistence_mse_train, series.persistence_mse_test, series.missing,
             series.target_max - series.target_min};
}

void Session::load_features(const Dataset& dataset) {
  const auto each = static_cast<std::size_t>(net_.channels * net_.height * net_.width);
  std::vector<float> values(counts_.total() * each);
  const std::size_t train = dataset.train.count * each;
  mapnet::read_features(dataset, dataset.train, std::span(values).first(train));
  mapnet::read_features(dataset, dataset.test, std::span(values).subspan(train));
  standardise(values, each, std::span(order_).first(counts_.train));
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

void Session::load_labels(const Dataset& dataset) {
  const std::size_t each = labels_per_sample(dataset);
  std::vector<std::uint8_t> labels(counts_.total() * each);
  std::size_t at = 0;
  for (const DatasetSplit* split : {&dataset.train, &dataset.test}) {
    mapnet::read_labels(dataset, *split, std::span(labels).subspan(at, split->count * each));
    at += split->count * each;
  }
  program_->write<std::uint8_t>(run_.samples.labels, labels);
}

void Session::set_pixels(const PixelStatistics& pixels) {
  pixels_ = pixels;
  StepControl c = control();
  for (std::size_t i = 0; i < pixels.mean.size(); ++i) {
    c.pixel_scale[i] = static_cast<float>(1.0 / (255.0 * pixels.stddev[i]));
    c.pixel_shift[i] = static_cast<float>(-pixels.mean[i] / pixels.stddev[i]);
  }
  write(c);
}

}  // namespace mapnet
