#pragma once

#include "common/temporary.hpp"
#include "data/safetensors.hpp"
#include "device/op_harness.hpp"
#include "mapping/targets.hpp"
#include "nets/network.hpp"

namespace mapnet::test {

/// Weights as large as He initialisation makes them, uniform.
inline std::vector<float> some_weights(const Network& net, std::uint64_t seed = 77) {
  std::vector<float> theta;
  for (const ParamTensor& p : net.params)
    for (const double u : reference::uniform(p.size, seed + p.offset))
      theta.push_back(static_cast<float>(std::sqrt(3.0) * he_stddev(p) * u));
  return theta;
}

inline std::vector<NamedTensor> named_tensors(const Network& net, std::span<const float> theta) {
  std::vector<NamedTensor> tensors;
  for (const ParamTensor& p : net.params)
    tensors.push_back({p.name, p.shape, theta.subspan(p.offset, p.size)});
  return tensors;
}

/// A file of some_weights under torchvision's names.
inline std::filesystem::path write_pretrained(const Folder& folder, const Network& net,
                                              const std::string& name = "pretrained.safetensors") {
  const std::vector<float> theta = some_weights(net);
  write_safetensors(folder.path / name, named_tensors(net, theta));
  return folder.path / name;
}

}  // namespace mapnet::test
