#include "train/recipe/regularisation.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <type_traits>

#include "common/json.hpp"
#include "train/recipe/check.hpp"
#include "train/recipe/limits.hpp"

namespace mapnet {

namespace {

/// Calls visit(key, member) for each member.
template <class Self, class Visit>
void visit_members(Self& r, const Visit& visit) {
  visit("augment_shift", r.shift);
  visit("augment_flip", r.flip);
  visit("cutout", r.cutout);
  visit("label_smoothing", r.label_smoothing);
  visit("weight_decay", r.weight_decay);
  visit("weight_decay_theta", r.weight_decay_theta);
  visit("ema", r.ema);
}

}  // namespace

bool Regularisation::any() const {
  bool on = false;
  visit_members(*this, [&](const char*, const auto& value) { on = on || value != 0; });
  return on;
}

Regularisation resolve(const Regularisation& asked, const MappingConfig& mapping,
                       const Network& net, double lr) {
  const Regularisation& r = asked;
  refuse(net.task == Task::forecast && r.augments(), "--augment-shift, --augment-flip, --cutout",
         "change images; a forecast has none");
  const int side = std::min(net.height, net.width);
  const std::string within = " for images of " + std::to_string(net.height) + " x " +
                             std::to_string(net.width) + " pixels";
  require(r.shift >= 0 && r.shift < side, "--augment-shift", r.shift,
          ("0 to " + std::to_string(side - 1) + within).c_str());
  require(r.cutout >= 0 && r.cutout <= side, "--cutout", r.cutout,
          ("0 to " + std::to_string(side) + within).c_str());
  require(r.label_smoothing >= 0 && r.label_smoothing < 1, "--label-smoothing", r.label_smoothing,
          "0 or more and less than 1");
  require(r.weight_decay >= 0 && r.weight_decay * lr < 1, "--weight-decay", r.weight_decay,
          "0 or more, and less than 1 when multiplied by --lr");
  refuse(r.weight_decay_theta != 0 && mapping.strategy == Strategy::direct, "--weight-decay-theta",
         "decays the weights that latents generate; with --strategy direct the weights are what "
         "is trained: use --weight-decay");
  require(r.weight_decay_theta >= 0 && r.weight_decay_theta <= 1e6, "--weight-decay-theta",
          r.weight_decay_theta, "0 to 1000000");
  require(r.ema >= 0 && r.ema < 1, "--ema", r.ema, "0 or more and less than 1");
  return r;
}

void to_json(nlohmann::json& json, const Regularisation& r) {
  visit_members(r, [&](const char* key, const auto& value) {
    if (value != 0) json[key] = value;
  });
}

void from_json(const nlohmann::json& json, Regularisation& r) {
  visit_members(r, [&](const char* key, auto& value) {
    if (!json.contains(key)) return;
    if constexpr (std::is_same_v<std::remove_reference_t<decltype(value)>, int>)
      value = static_cast<int>(whole_number(json.at(key), key, 0, kMaxSide));
    else
      json.at(key).get_to(value);
  });
}

}  // namespace mapnet
