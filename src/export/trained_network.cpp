#include "export/trained_network.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace mapnet {

std::map<std::string, std::string> description(const TrainedNetwork& network) {
  std::map<std::string, std::string> text = {{"net", network.net.name},
                                             {"task", task_name(network.net.task)}};
  if (!network.class_names.empty())
    text["class_names"] = nlohmann::json(network.class_names).dump();
  if (!network.pixels.mean.empty()) {
    text["pixel_mean"] = fmt::format("{}", fmt::join(network.pixels.mean, ","));
    text["pixel_stddev"] = fmt::format("{}", fmt::join(network.pixels.stddev, ","));
  }
  return text;
}

TrainedNetwork trained_network(const Model& model, const DeviceChoice& choice) {
  return {model.net, expand_weights(model, choice), model.file.state, model.file.pixels,
          model.file.class_names};
}

}  // namespace mapnet
