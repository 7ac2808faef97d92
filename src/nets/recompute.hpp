#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace mapnet {

/// Which activations the backward pass makes again instead of finding them kept.
struct Recompute {
  enum class Kind {
    none,
    norms,      ///< what takes a pass over memory alone: normalisations, concatenations
    stretches,  ///< the network is cut into so many, and kept is what crosses a cut
    layers,     ///< those that are named
  };
  Kind kind = Kind::none;
  int stretches = 0;
  /// As `mapnet bench` calls them; "layer4" is also all of "layer4.0.conv1" and so on.
  std::vector<std::string> layers = {};

  bool on() const { return kind != Kind::none; }
  bool operator==(const Recompute&) const = default;
};

inline constexpr int kMaxStretches = 1000;

/// "none", "norms", a number of stretches from 2 on, or names of layers, as "conv1,layer1". Throws
/// UsageError naming the flag --recompute.
Recompute parse_recompute(std::string_view text);
std::string to_string(const Recompute& recompute);

}  // namespace mapnet
