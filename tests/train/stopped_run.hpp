#pragma once

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "common/file.hpp"
#include "common/temporary.hpp"
#include "train/run_folder.hpp"
#include "train/train_run.hpp"

namespace mapnet::test {

/// What a run left that must not depend on how often it was stopped.
struct Left {
  std::string model;
  std::vector<nlohmann::json> epochs;
  nlohmann::json result;
};

inline nlohmann::json without_times(nlohmann::json json) {
  for (const char* key :
       {"seconds", "seconds_per_epoch", "setup_seconds", "decode_seconds", "decode_wait_seconds",
        "map_seconds", "peak_rss_bytes", "image_bytes", "memory_bytes", "data_segment_bytes"})
    json.erase(key);
  return json;
}

inline Left left_in(const RunFolder& folder) {
  Left left;
  left.model = read_file(folder.model());
  std::istringstream lines(read_file(folder.metrics()));
  for (std::string line; std::getline(lines, line);)
    left.epochs.push_back(without_times(nlohmann::json::parse(line)));
  left.result = without_times(nlohmann::json::parse(read_file(folder.result())));
  return left;
}

inline void check_same(const Left& a, const Left& b) {
  BOOST_TEST((a.model == b.model), "the models' bytes differ");
  BOOST_TEST(a.epochs == b.epochs);
  BOOST_TEST(a.result == b.result);
}

/// All files in a folder and below it, byte for byte.
inline std::map<std::string, std::string> contents_of(const std::filesystem::path& folder) {
  std::map<std::string, std::string> contents;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder))
    if (entry.is_regular_file()) contents[entry.path().string()] = read_file(entry.path());
  return contents;
}

/// A run that is stopped behind its `after`-th step.
inline void stop_after(const Recipe& recipe, const Network& net, const Dataset& dataset,
                       RunControl control, int after) {
  int steps = 0;
  control.stop_requested = [&] { return ++steps == after; };
  check_fails<Interrupted>([&] { train_run(recipe, net, dataset, control); }, {"--resume"});
  BOOST_TEST(steps == after);
}

}  // namespace mapnet::test
