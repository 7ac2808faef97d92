#pragma once

#include "common/idx_files.hpp"
#include "common/temporary.hpp"
#include "data/dataset.hpp"
#include "reference/vector.hpp"

namespace mapnet::test {

/// A data set of noise images in the layout of FashionMNIST, in a temporary folder. Each class is a
/// brighter stripe at a place of its own, so that it can be learned.
class ToyData : Folder {
 public:
  ToyData(std::size_t n_train, std::size_t n_test) {
    write_split("train", n_train, 1);
    write_split("t10k", n_test, 2);
    dataset = open_dataset("fashion-mnist", {.folder = path});
  }
  const std::filesystem::path& folder() const { return path; }

  Dataset dataset;

 private:
  void write_split(const std::string& name, std::size_t n, std::uint64_t seed) const {
    const reference::Vector noise = reference::uniform(n * 784, seed, 0, 160);
    std::string pixels, labels;
    for (std::size_t i = 0; i < n; ++i) {
      const std::size_t label = (i * 7 + i / 10) % 10;
      labels += static_cast<char>(label);
      for (std::size_t k = 0; k < 784; ++k)
        pixels += static_cast<char>(static_cast<int>(noise[i * 784 + k]) +
                                    (k / 28 / 3 == label ? 90 : 0));
    }
    const auto count = static_cast<std::uint32_t>(n);
    write(name + "-images-idx3-ubyte", idx({images_magic, count, 28, 28}, pixels));
    write(name + "-labels-idx1-ubyte", idx({labels_magic, count}, labels));
  }
};

}  // namespace mapnet::test
