#include "nets/catalogue.hpp"

#include <array>
#include <charconv>
#include <optional>

#include "common/error.hpp"

namespace mapnet {

namespace {

struct Entry {
  const char* name;
  Task task;
  std::vector<Layer> (*layers)(const NetworkInput& input);
};

std::vector<Layer> default_lstm(const NetworkInput& input) { return lstm_layers(input, 2, 32); }

constexpr std::array kNetworks = {
    Entry{"cnn1", Task::classify, cnn1_layers},
    Entry{"cnn2", Task::classify, cnn2_layers},
    Entry{"cnn3", Task::segment, cnn3_layers},
    Entry{"lstm", Task::forecast, default_lstm},
    Entry{"resnet18", Task::classify, resnet18_layers},
    Entry{"resnet18-cifar", Task::classify, resnet18_cifar_layers},
    Entry{"resnet50", Task::classify, resnet50_layers},
};

struct LstmSize {
  int layers = 0, hidden = 0;
};

/// "lstm-2x32": two layers of 32 hidden units. Nothing where the name is of another form.
std::optional<LstmSize> parse_lstm(std::string_view name) {
  constexpr std::string_view kPrefix = "lstm-";
  if (name.substr(0, kPrefix.size()) != kPrefix) return {};
  LstmSize size;
  const char* const end = name.data() + name.size();
  const auto layers = std::from_chars(name.data() + kPrefix.size(), end, size.layers);
  if (layers.ec != std::errc() || layers.ptr == end || *layers.ptr != 'x') return {};
  const auto hidden = std::from_chars(layers.ptr + 1, end, size.hidden);
  if (hidden.ec != std::errc() || hidden.ptr != end) return {};
  if (size.layers < 1 || size.layers > 64 || size.hidden < 1 || size.hidden > 4096)
    fail<UsageError>("network {}: expected 1 to 64 layers of 1 to 4096 hidden units", name);
  return size;
}

const Entry& entry(std::string_view name) {
  std::string known;
  for (const Entry& e : kNetworks) {
    if (name == e.name) return e;
    known += std::string(known.empty() ? "" : ", ") + e.name;
  }
  fail<UsageError>("unknown network '{}'; known: {}, lstm-LAYERSxHIDDEN", name, known);
}

}  // namespace

std::vector<std::string> network_names() {
  std::vector<std::string> names;
  for (const Entry& e : kNetworks) names.emplace_back(e.name);
  return names;
}

Task network_task(std::string_view name) {
  return parse_lstm(name) ? Task::forecast : entry(name).task;
}

Network build_network(std::string_view name, const NetworkInput& input) {
  if (const auto size = parse_lstm(name))
    return make_network(std::string(name), Task::forecast, input,
                        lstm_layers(input, size->layers, size->hidden));
  const Entry& e = entry(name);
  return make_network(e.name, e.task, input, e.layers(input));
}

}  // namespace mapnet
