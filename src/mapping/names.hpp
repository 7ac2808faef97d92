#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "device/ops/map.hpp"
#include "mapping/learned.hpp"

/// How the choices of a mapping are spelled on the command line and in files.
namespace mapnet {

enum class Strategy {
  direct,  ///< theta itself is trained
  slvt,    ///< single latent vector training: one z for all of theta
  lwt,     ///< layer-wise training: a z a layer
};

/// What table 7 changes of the method.
enum class Variant {
  none,         ///< nothing
  wm_off,       ///< Ours* - WM: the map is not modulated
  lv_wmap,      ///< LV + WMAP: modulated by a trained vector of its own, not by z
  lv_full_dnn,  ///< LV + FullDNN: z and a map without bias are trained
  full_dnn,     ///< Full DNN: a map with one hidden layer is trained, z is not
};
constexpr bool trains_map(Variant variant) {
  return variant == Variant::lv_full_dnn || variant == Variant::full_dnn;
}

std::string to_string(Strategy value);
std::string to_string(Variant value);
std::string to_string(MapKind value);
std::string to_string(MapStorage value);
std::string to_string(Modulation value);
std::string to_string(Activation value);

/// Each throws UsageError listing the known spellings.
Strategy parse_strategy(std::string_view text);
Variant parse_variant(std::string_view text);
MapKind parse_map_kind(std::string_view text);
MapStorage parse_map_storage(std::string_view text);
Modulation parse_modulation(std::string_view text);
Activation parse_activation(std::string_view text);

}  // namespace mapnet
