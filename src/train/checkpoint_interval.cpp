#include "train/checkpoint_interval.hpp"

#include <charconv>

#include "common/error.hpp"

namespace mapnet {

CheckpointInterval parse_checkpoint_interval(const std::string& text) {
  if (text == "never") return {};
  const char* const end = text.data() + text.size();
  double number = 0;
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  const std::string unit(rest, end);
  if (error == std::errc() && number > 0 && number <= 1e9) {
    const auto steps = static_cast<std::int64_t>(number);
    if (unit.empty() && number == static_cast<double>(steps)) return {steps, 0};
    if (unit == "s") return {0, number};
    if (unit == "min") return {0, 60 * number};
    if (unit == "h") return {0, 3600 * number};
  }
  fail<UsageError>(
      "--checkpoint-every: '{}'; expected steps, as 200, a time, as 90s, 10min or 2h, or never",
      text);
}

}  // namespace mapnet
