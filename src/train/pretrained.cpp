#include "train/pretrained.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "common/error.hpp"
#include "common/file.hpp"
#include "data/safetensors_reader.hpp"
#include "data/sha256.hpp"
#include "data/store.hpp"
#include "device/random.hpp"
#include "mapping/targets.hpp"

namespace mapnet {

namespace {

namespace fs = std::filesystem;

std::vector<std::size_t> shape_of(const ParamTensor& p) { return {p.shape.begin(), p.shape.end()}; }
std::vector<std::size_t> shape_of(const StateTensor& s) { return {s.size}; }

/// A tensor of the last layer whose first extent, the number of classes, alone is another.
bool is_other_head(const Network& net, const ParamTensor& p, const StoredTensor& found) {
  const std::vector<std::size_t> expected = shape_of(p);
  return p.layer == net.params.back().layer && found.shape.size() == expected.size() &&
         std::equal(expected.begin() + 1, expected.end(), found.shape.begin() + 1);
}

fs::path locate(const Pretrained& pretrained, const char* flag) {
  if (fs::exists(pretrained.file)) return pretrained.file;
  if (const auto object = find_object(pretrained.sha256)) return *object;
  fail(
      "{}: the pre-trained weights are not there; {} FILE takes the same file (SHA-256 {}) from "
      "elsewhere",
      pretrained.file, flag, pretrained.sha256);
}

/// PyTorch counts a normalisation's batches, and nothing reads the count.
bool is_batch_count(const StoredTensor& t) {
  constexpr std::string_view kSuffix = ".num_batches_tracked";
  return t.name.size() > kSuffix.size() &&
         t.name.compare(t.name.size() - kSuffix.size(), kSuffix.size(), kSuffix) == 0;
}

bool is_of(const Network& net, const StoredTensor& t) {
  const auto same = [&](const auto& tensor) { return tensor.name == t.name; };
  return std::any_of(net.params.begin(), net.params.end(), same) ||
         std::any_of(net.state.begin(), net.state.end(), same);
}

void read_tensor(const SafetensorsFile& file, const std::string& name, std::span<float> values) {
  const StoredTensor* stored = file.find(name);
  if (!stored) fail("{}: no tensor {}", file.path().string(), name);
  file.read(*stored, values);
}

/// He initialisation from the seed, number `index` of the network's tensors.
void draw_fresh(const ParamTensor& p, std::uint32_t index, std::uint64_t seed,
                std::span<float> values) {
  const float stddev = static_cast<float>(he_stddev(p));
  for (std::size_t i = 0; i < values.size(); ++i)
    values[i] = stddev * random_normal(seed, Stream::head_init, i, index);
}

}  // namespace

Pretrained inspect_pretrained(const fs::path& path, const Network& net) {
  const SafetensorsFile file(path);
  Pretrained pretrained;
  std::string wrong;
  for (const ParamTensor& p : net.params) {
    const StoredTensor* found = file.find(p.name);
    const std::vector<std::size_t> expected = shape_of(p);
    if (!found)
      wrong += fmt::format("\n  missing: {} {}", p.name, shape_text(expected));
    else if (found->shape == expected)
      continue;
    else if (is_other_head(net, p, *found))
      pretrained.fresh.push_back(p.name);
    else
      wrong += fmt::format("\n  {}: expected {}, found {}", p.name, shape_text(expected),
                           shape_text(found->shape));
  }
  for (const StateTensor& s : net.state) {
    const StoredTensor* found = file.find(s.name);
    const std::vector<std::size_t> expected = shape_of(s);
    if (!found)
      wrong += fmt::format("\n  missing: {} {}", s.name, shape_text(expected));
    else if (found->shape != expected)
      wrong += fmt::format("\n  {}: expected {}, found {}", s.name, shape_text(expected),
                           shape_text(found->shape));
  }
  for (const StoredTensor& t : file.tensors())
    if (!is_of(net, t) && !is_batch_count(t))
      wrong += fmt::format("\n  not in {}: {} {}", net.name, t.name, shape_text(t.shape));
  if (!wrong.empty()) fail("{}: not the weights of {}:{}", path.string(), net.name, wrong);
  pretrained.file = absolute_path(path).string();
  pretrained.sha256 = sha256_hex(path);
  return pretrained;
}

void read_pretrained(const Pretrained& pretrained, const Network& net, std::uint64_t seed,
                     std::span<float> theta, std::span<float> state, const char* flag) {
  const fs::path path = locate(pretrained, flag);
  if (const std::string found = sha256_hex(path); found != pretrained.sha256)
    fail(
        "{}: not the pre-trained weights this model was trained from: expected SHA-256 {}, found "
        "{}; {} FILE takes the right ones from elsewhere",
        path.string(), pretrained.sha256, found, flag);
  const SafetensorsFile file(path);
  for (std::size_t i = 0; i < net.params.size(); ++i) {
    const ParamTensor& p = net.params[i];
    const std::span<float> values = theta.subspan(p.offset, p.size);
    if (std::count(pretrained.fresh.begin(), pretrained.fresh.end(), p.name) > 0) {
      draw_fresh(p, static_cast<std::uint32_t>(i), seed, values);
    } else {
      read_tensor(file, p.name, values);
      for (float& v : values) v -= p.center();
    }
  }
  for (const StateTensor& s : net.state) read_tensor(file, s.name, state.subspan(s.offset, s.size));
}

void to_json(nlohmann::json& json, const Pretrained& pretrained) {
  json = {{"file", pretrained.file},
          {"sha256", pretrained.sha256},
          {"fresh_tensors", pretrained.fresh}};
}

void from_json(const nlohmann::json& json, Pretrained& pretrained) {
  json.at("file").get_to(pretrained.file);
  json.at("sha256").get_to(pretrained.sha256);
  json.at("fresh_tensors").get_to(pretrained.fresh);
}

}  // namespace mapnet
