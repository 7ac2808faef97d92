#include "train/add_on_result.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "nets/int8.hpp"

namespace mapnet {

std::optional<AddOnResult> measure_add_ons(Session& session, const Recipe& recipe,
                                           const Network& net) {
  if (!recipe.add_ons.any()) return std::nullopt;
  AddOnResult r;
  session.expand();
  const std::vector<float> theta = session.theta();
  r.nonzeros =
      net.param_count() - static_cast<std::size_t>(std::count(theta.begin(), theta.end(), 0.0f));
  r.sparsity = 1.0 - static_cast<double>(r.nonzeros) / static_cast<double>(net.param_count());
  r.mask_bytes = session.pruned().size() * sizeof(std::uint32_t);
  if (recipe.add_ons.int8) {
    r.int8_test = session.evaluate_int8(Split::test);
    r.int8_bytes = int8_bytes(net);
  }
  return r;
}

void add_to_json(nlohmann::json& json, Task task, const AddOnResult& r) {
  json["nonzeros"] = r.nonzeros;
  json["sparsity"] = r.sparsity;
  if (r.mask_bytes > 0) json["mask_bytes"] = r.mask_bytes;
  if (r.int8_test.samples == 0) return;
  add_metrics(json, task, "quantized_test_", r.int8_test);
  json["int8_model_bytes"] = r.int8_bytes;
}

}  // namespace mapnet
