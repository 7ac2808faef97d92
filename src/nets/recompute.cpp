#include "nets/recompute.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <utility>

#include "common/error.hpp"

namespace mapnet {

namespace {

bool is_name(std::string_view word) {
  return !word.empty() && (std::isalpha(static_cast<unsigned char>(word.front())) != 0) &&
         std::all_of(word.begin(), word.end(),
                     [](unsigned char c) { return std::isalnum(c) != 0 || c == '_' || c == '.'; });
}

/// The words of "conv1,layer1"; none where one is not a name.
std::vector<std::string> names_in(std::string_view text) {
  std::vector<std::string> names;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const std::string_view word = text.substr(begin, end - begin);
    if (!is_name(word)) return {};
    names.emplace_back(word);
    begin = end + 1;
  }
  return names;
}

}  // namespace

Recompute parse_recompute(std::string_view text) {
  if (text == "none") return {};
  if (text == "norms") return {Recompute::Kind::norms};
  if (std::vector<std::string> names = names_in(text); !names.empty())
    return {Recompute::Kind::layers, 0, std::move(names)};
  int stretches = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), stretches);
  if (error != std::errc() || end != text.data() + text.size() || stretches < 2 ||
      stretches > kMaxStretches)
    fail<UsageError>(
        "--recompute is {}; expected none, norms, a number of stretches, 2 to {}, or names of "
        "layers, as conv1,conv2",
        text, kMaxStretches);
  return {Recompute::Kind::stretches, stretches};
}

std::string to_string(const Recompute& r) {
  switch (r.kind) {
    case Recompute::Kind::norms:
      return "norms";
    case Recompute::Kind::stretches:
      return std::to_string(r.stretches);
    case Recompute::Kind::layers:
      return fmt::format("{}", fmt::join(r.layers, ","));
    case Recompute::Kind::none:
      break;
  }
  return "none";
}

}  // namespace mapnet
