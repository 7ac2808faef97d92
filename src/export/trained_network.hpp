#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "train/model.hpp"

namespace mapnet {

/// A trained network as other tools want it: what the latents stand for, not the latents.
struct TrainedNetwork {
  Network net;
  std::vector<float> weights;  ///< [P], normalisations' gammas in full
  std::vector<float> state;    ///< [state_count]: running statistics
  PixelStatistics pixels;      ///< empty where inputs are not pixels
  std::vector<std::string> class_names;

  std::span<const float> weight(const ParamTensor& p) const {
    return std::span(weights).subspan(p.offset, p.size);
  }
  std::span<const float> statistics(const StateTensor& s) const {
    return std::span(state).subspan(s.offset, s.size);
  }
};

/// What a file of it says of itself: "net", "task", "class_names" (a JSON array), "pixel_mean" and
/// "pixel_stddev" (a number a channel, of pixels divided by 255), each where there is one.
std::map<std::string, std::string> description(const TrainedNetwork& network);

TrainedNetwork trained_network(const Model& model, const DeviceChoice& choice = {});

}  // namespace mapnet
