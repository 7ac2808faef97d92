#pragma once

#include <string>
#include <string_view>

namespace mapnet {

/// Which activations the backward pass makes again instead of finding them kept.
struct Recompute {
  enum class Kind {
    none,
    norms,      ///< what takes a pass over memory alone: normalisations, concatenations
    stretches,  ///< the network is cut into so many, and kept is what crosses a cut
  };
  Kind kind = Kind::none;
  int stretches = 0;

  bool on() const { return kind != Kind::none; }
  bool operator==(const Recompute&) const = default;
};

inline constexpr int kMaxStretches = 1000;

/// "none", "norms", or a number of stretches from 2 on. Throws UsageError naming the flag
/// --recompute.
Recompute parse_recompute(std::string_view text);
std::string to_string(const Recompute& recompute);

}  // namespace mapnet
