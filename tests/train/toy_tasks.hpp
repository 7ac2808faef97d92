#pragma once

#include <fmt/format.h>

#include <cmath>

#include "common/idx_files.hpp"
#include "common/temporary.hpp"
#include "common/test_device.hpp"
#include "data/dataset.hpp"
#include "data/picture_files.hpp"
#include "reference/vector.hpp"
#include "train/target_network.hpp"

/// A small data set for each task, in the files' real layout, that can be learned.
namespace mapnet::test {

inline constexpr const char* kStrategies[] = {"direct", "slvt", "lwt"};

/// Hourly PM2.5 as UCI's table has it, of January at most: a day's wave with noise on it, and one
/// hour missing.
class ToySeries : Folder {
 public:
  explicit ToySeries(std::size_t hours, DatasetOptions options = {}, std::uint64_t seed = 3) {
    const reference::Vector noise = reference::uniform(hours, seed, -10, 10);
    std::string text = "No,year,month,day,hour,pm2.5,DEWP,TEMP,PRES,cbwd,Iws,Is,Ir\n";
    for (std::size_t i = 0; i < hours; ++i) {
      const double turns = static_cast<double>(i) / 24;
      const int pm = static_cast<int>(100 + 80 * std::sin(2 * M_PI * turns) + noise[i]);
      text += fmt::format("{},2010,1,{},{},{},-21,{},1021,{},{:.2f},0,0\n", i + 1, i / 24 + 1,
                          i % 24, i == 30 ? "NA" : std::to_string(pm), i % 7, i % 2 ? "SE" : "cv",
                          1.79 * static_cast<double>(i % 5));
    }
    write("pollution.csv", text);
    options.folder = path;
    dataset = open_dataset("beijing-pm25", options);
  }
  const std::filesystem::path& folder() const { return path; }

  Dataset dataset;
};

/// Pictures in camvid256's layout: one half is bright and of class 1 with a corner that has no
/// label, the other is dark and of class 0. The data set is told to read them at their own size.
class ToyPictures : Folder {
 public:
  ToyPictures(int size, int n_train, int n_test) {
    for (int i = 0; i < n_train; ++i) add("train", i, size);
    for (int i = 0; i < n_test; ++i) add("test", n_train + i, size);
    dataset = open_dataset("camvid256", {.folder = path});
    dataset.height = dataset.width = size;
    for (DatasetSplit* split : {&dataset.train, &dataset.test})
      std::get<SegmentationSplit>(split->files).size = {size, size};
  }
  const std::filesystem::path& folder() const { return path; }

  Dataset dataset;

 private:
  void add(const char* split, int number, int size) const {
    const auto pixels = static_cast<std::size_t>(size) * static_cast<std::size_t>(size);
    const reference::Vector noise = reference::uniform(3 * pixels, 40 + number, 0, 120);
    Image image{size, size, 3, {}}, labels{size, size, 1, {}};
    for (std::size_t i = 0; i < pixels; ++i) {
      const int x = static_cast<int>(i) % size, y = static_cast<int>(i) / size;
      const bool bright = (number % 2 ? x : y) >= size / 2;
      labels.pixels.push_back(x + y == 2 * size - 2 ? 11 : bright ? 1 : 0);
      for (std::size_t c = 0; c < 3; ++c)
        image.pixels.push_back(static_cast<std::uint8_t>(noise[3 * i + c] + (bright ? 120 : 0)));
    }
    const std::string name = "picture" + std::to_string(100 + number) + ".png";
    write_png(path / split / "images" / name, image);
    write_png(path / split / "labels" / name, labels);
  }
};

/// CIFAR-10's binary files: noise, in which each class is a brighter stripe of one colour.
class ToyCifar : Folder {
 public:
  ToyCifar(std::size_t n_train, std::size_t n_test) {
    for (std::size_t file = 0; file < 5; ++file) {
      const std::size_t begin = n_train * file / 5, end = n_train * (file + 1) / 5;
      write("data_batch_" + std::to_string(file + 1) + ".bin", records(begin, end));
    }
    write("test_batch.bin", records(n_train, n_train + n_test));
    dataset = open_dataset("cifar10", {.folder = path});
  }
  const std::filesystem::path& folder() const { return path; }

  Dataset dataset;

 private:
  static std::string records(std::size_t begin, std::size_t end) {
    std::string bytes;
    for (std::size_t i = begin; i < end; ++i) {
      const std::size_t label = i * 7 % 10;
      const reference::Vector noise = reference::uniform(3072, 100 + i, 0, 160);
      bytes += static_cast<char>(label);
      for (std::size_t k = 0; k < 3072; ++k)
        bytes += static_cast<char>(static_cast<int>(noise[k]) + (k / 96 % 10 == label ? 90 : 0));
    }
    return bytes;
  }
};

/// The network that a data set and a recipe ask for.
inline Network network_for(const RunConfig& c, const Dataset& d) {
  return target_network(c, {d.channels, d.height, d.width, d.classes});
}

/// A small run of a network on its data set.
inline RunConfig toy_run(const char* net, const Dataset& d, const std::string& strategy) {
  RunConfig c;
  c.net = net;
  c.data = d.name;
  c.data_options.window = d.series.window;
  c.data_options.multivariate = d.series.multivariate;
  c.strategy = strategy;
  if (strategy != "direct") c.latent = 200;
  c.device = testing_cuda() ? "cuda" : "cpu";
  c.threads = 2;
  c.seed = 5;
  c.warmup = 0;
  return c;
}

}  // namespace mapnet::test
