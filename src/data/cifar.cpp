#include "data/cifar.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <string>

#include "common/error.hpp"
#include "data/input_file.hpp"
#include "data/problems.hpp"

namespace mapnet {

namespace fs = std::filesystem;

namespace {

std::size_t record_bytes(const CifarSplit& split) { return split.label_bytes + split.pixels; }

CifarSplit open_files(const fs::path& folder, std::span<const std::string> names,
                      std::size_t label_bytes) {
  CifarSplit split;
  split.label_bytes = label_bytes;
  for (const std::string& name : names) {
    const InputFile file(folder / name);
    const std::size_t record = record_bytes(split);
    if (file.size() == 0 || file.size() % record != 0) {
      fail("{}: expected records of {} bytes, found a file of {}", file.path().string(), record,
           file.size());
    }
    split.files.push_back(file.path());
    split.counts.push_back(file.size() / record);
  }
  return split;
}

/// Of these files the last is tested. They lie in the archive's own folder inside `folder` where
/// there is one, else in `folder` itself.
CifarSplits open_splits(const fs::path& folder, const char* archive_folder,
                        const std::vector<std::string>& names, std::size_t label_bytes) {
  require_folder(folder);
  const fs::path inner = folder / archive_folder;
  const bool unpacked = fs::is_directory(inner);
  const fs::path in = unpacked ? inner : folder;
  require_files(in, names, unpacked ? "there" : fmt::format("there or in its {}", archive_folder));
  const std::span<const std::string> all = names;
  return {open_files(in, all.first(all.size() - 1), label_bytes),
          open_files(in, all.last(1), label_bytes)};
}

/// Reads `bytes` of each record, those at `offset` in it, from record `first` on, one after
/// another until `out` is full.
void read_records(const CifarSplit& split, std::size_t offset, std::size_t bytes, std::size_t first,
                  std::span<std::uint8_t> out) {
  for (std::size_t f = 0; f < split.files.size() && !out.empty(); ++f) {
    if (first >= split.counts[f]) {
      first -= split.counts[f];
      continue;
    }
    const InputFile file(split.files[f]);
    if (file.size() != split.counts[f] * record_bytes(split)) {
      fail("{}: expected {} records as when it was opened, found {} bytes", file.path().string(),
           split.counts[f], file.size());
    }
    for (; first < split.counts[f] && !out.empty(); ++first) {
      file.read(first * record_bytes(split) + offset, out.first(bytes));
      out = out.subspan(bytes);
    }
    first = 0;
  }
}

/// Throws Error naming file and record of a label that is no class.
void check_labels(const CifarSplit& split, std::size_t classes, std::size_t first,
                  std::span<const std::uint8_t> labels) {
  std::size_t before = 0;  // records of the files before
  for (std::size_t f = 0; f < split.files.size(); before += split.counts[f++])
    for (std::size_t at = std::max(first, before);
         at < std::min(before + split.counts[f], first + labels.size()); ++at) {
      if (labels[at - first] < classes) continue;
      fail("{}: expected labels below {}, found {} in record {}", split.files[f].string(), classes,
           labels[at - first], at - before);
    }
}

void require_room(const CifarSplit& split, std::size_t bytes, std::span<std::uint8_t> out) {
  if (out.size() != count_of(split) * bytes) {
    fail("{}: expected a buffer of {} bytes to read into, found {}", split.files[0].string(),
         count_of(split) * bytes, out.size());
  }
}

}  // namespace

CifarSplits open_cifar10(const fs::path& folder) {
  return open_splits(folder, "cifar-10-batches-bin",
                     {"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin",
                      "data_batch_4.bin", "data_batch_5.bin", "test_batch.bin"},
                     1);
}

CifarSplits open_cifar100(const fs::path& folder) {
  return open_splits(folder, "cifar-100-binary", {"train.bin", "test.bin"}, 2);
}

std::size_t count_of(const CifarSplit& split) {
  return std::accumulate(split.counts.begin(), split.counts.end(), std::size_t{0});
}

void read_pixels(const CifarSplit& split, std::span<std::uint8_t> out) {
  require_room(split, split.pixels, out);
  read_records(split, split.label_bytes, split.pixels, 0, out);
}

void read_labels(const CifarSplit& split, std::size_t classes, std::span<std::uint8_t> out) {
  require_room(split, 1, out);
  read_records(split, split.label_bytes - 1, 1, 0, out);
  check_labels(split, classes, 0, out);
}

void read_part(const CifarSplit& split, std::size_t classes, std::size_t first,
               std::span<std::uint8_t> pixels, std::span<std::uint8_t> labels) {
  read_records(split, split.label_bytes, split.pixels, first, pixels);
  read_records(split, split.label_bytes - 1, 1, first, labels);
  check_labels(split, classes, first, labels);
}

}  // namespace mapnet
