#include "nets/recompute.hpp"

#include <charconv>

#include "common/error.hpp"

namespace mapnet {

Recompute parse_recompute(std::string_view text) {
  if (text == "none") return {};
  if (text == "norms") return {Recompute::Kind::norms, 0};
  int stretches = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), stretches);
  if (error != std::errc() || end != text.data() + text.size() || stretches < 2 ||
      stretches > kMaxStretches)
    fail<UsageError>("--recompute is {}; expected none, norms or a number of stretches, 2 to {}",
                     text, kMaxStretches);
  return {Recompute::Kind::stretches, stretches};
}

std::string to_string(const Recompute& r) {
  switch (r.kind) {
    case Recompute::Kind::norms:
      return "norms";
    case Recompute::Kind::stretches:
      return std::to_string(r.stretches);
    case Recompute::Kind::none:
      break;
  }
  return "none";
}

}  // namespace mapnet
