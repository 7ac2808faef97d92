#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <vector>

#include "nets/network.hpp"

/// Weights a run begins with, from a safetensors file under torchvision's names.
namespace mapnet {

/// Which file. Empty: the run begins with its seed.
struct Pretrained {
  std::string file;    ///< absolute path
  std::string sha256;  ///< of its contents
  /// Tensors of the last layer that the file has for another number of classes: a new head, drawn
  /// from the seed.
  std::vector<std::string> fresh;

  bool given() const { return !file.empty(); }
};

/// Looks at a file's header and hashes its contents. Throws Error naming the file and listing all
/// tensors at once that the network has and the file lacks, that it has and the network lacks, and
/// that have another shape (but for a head of another number of classes).
Pretrained inspect_pretrained(const std::filesystem::path& file, const Network& net);

/// theta [P]: the file's tensors less their centers; of fresh ones the He initialisation that the
/// seed gives; and state [state_count]. A file that is gone is looked for in the object stores.
/// Throws Error when it is not found, or not the one that `pretrained` describes; `flag` is what
/// names another place for it.
void read_pretrained(const Pretrained& pretrained, const Network& net, std::uint64_t seed,
                     std::span<float> theta, std::span<float> state,
                     const char* flag = "--pretrained");

/// The JSON of a recipe's "pretrained".
void to_json(nlohmann::json& json, const Pretrained& pretrained);
void from_json(const nlohmann::json& json, Pretrained& pretrained);

}  // namespace mapnet
