#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

namespace mapnet {

/// CIFAR's binary files: records of a label, or of a coarse and a fine one, and 3 x 32 x 32 bytes.
struct CifarSplit {
  static constexpr std::size_t pixels = 3 * 32 * 32;
  std::vector<std::filesystem::path> files;
  std::vector<std::size_t> counts;  // records of each file
  std::size_t label_bytes = 1;      // the last of them is the label that is used
};

struct CifarSplits {
  CifarSplit train, test;
};

/// CIFAR-10: data_batch_1.bin to data_batch_5.bin and test_batch.bin, in the folder or in its
/// cifar-10-batches-bin. Any number of records a file. Throws Error when a file is absent, empty,
/// or no whole number of records.
CifarSplits open_cifar10(const std::filesystem::path& folder);

/// CIFAR-100: train.bin and test.bin, in the folder or in its cifar-100-binary; fine labels.
CifarSplits open_cifar100(const std::filesystem::path& folder);

std::size_t count_of(const CifarSplit& split);

/// All pixels, [count, 3, 32, 32]; all labels, each below `classes`. Throws Error when a file is
/// not as long as when it was opened, and for a label that is no class, naming file and record.
void read_pixels(const CifarSplit& split, std::span<std::uint8_t> out);
void read_labels(const CifarSplit& split, std::size_t classes, std::span<std::uint8_t> out);

/// The same of samples `first` on, as many as the buffers have room for.
void read_part(const CifarSplit& split, std::size_t classes, std::size_t first,
               std::span<std::uint8_t> pixels, std::span<std::uint8_t> labels);

}  // namespace mapnet
