#include "mapping/names.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "common/error.hpp"

namespace mapnet {

namespace {

template <class T>
using Spelling = std::pair<const char*, T>;

constexpr std::array kStrategies = {Spelling<Strategy>{"direct", Strategy::direct},
                                    Spelling<Strategy>{"slvt", Strategy::slvt},
                                    Spelling<Strategy>{"lwt", Strategy::lwt}};
constexpr std::array kVariants = {Spelling<Variant>{"none", Variant::none},
                                  Spelling<Variant>{"wm-off", Variant::wm_off},
                                  Spelling<Variant>{"lv-wmap", Variant::lv_wmap},
                                  Spelling<Variant>{"lv-fulldnn", Variant::lv_full_dnn},
                                  Spelling<Variant>{"full-dnn", Variant::full_dnn}};
constexpr std::array kMaps = {Spelling<MapKind>{"dense", MapKind::dense},
                              Spelling<MapKind>{"dense-bf16", MapKind::dense_bf16},
                              Spelling<MapKind>{"hadamard", MapKind::hadamard}};
constexpr std::array kFamilies = {Spelling<MapFamily>{"gradient", MapFamily::gradient},
                                  Spelling<MapFamily>{"kronecker", MapFamily::kronecker},
                                  Spelling<MapFamily>{"trajectory", MapFamily::trajectory}};
constexpr std::array kStorages = {Spelling<MapStorage>{"memory", MapStorage::memory},
                                  Spelling<MapStorage>{"streamed", MapStorage::streamed},
                                  Spelling<MapStorage>{"regenerated", MapStorage::regenerated}};
constexpr std::array kModulations = {Spelling<Modulation>{"none", Modulation::none},
                                     Spelling<Modulation>{"scalar", Modulation::scalar},
                                     Spelling<Modulation>{"signed", Modulation::signed_}};
constexpr std::array kActivations = {Spelling<Activation>{"identity", Activation::identity},
                                     Spelling<Activation>{"tanh", Activation::tanh},
                                     Spelling<Activation>{"sine", Activation::sine}};

template <class Table, class T>
std::string spell(const Table& table, T value) {
  for (const auto& [text, known] : table)
    if (known == value) return text;
  fail("no spelling for value {}", static_cast<int>(value));
}

template <class Table>
std::string spellings(const Table& table) {
  std::string known;
  for (const auto& [spelling, value] : table)
    known += known.empty() ? spelling : std::string(", ") + spelling;
  return known;
}

template <class Table>
auto read(const Table& table, const char* what, std::string_view text) {
  for (const auto& [spelling, value] : table)
    if (text == spelling) return value;
  fail<UsageError>("unknown {} '{}'; known: {}", what, text, spellings(table));
}

}  // namespace

std::string to_string(Strategy value) { return spell(kStrategies, value); }
std::string to_string(Variant value) { return spell(kVariants, value); }
std::string to_string(MapKind value) { return spell(kMaps, value); }
std::string to_string(MapFamily value) { return spell(kFamilies, value); }
std::string to_string(MapStorage value) { return spell(kStorages, value); }
std::string to_string(Modulation value) { return spell(kModulations, value); }
std::string to_string(Activation value) { return spell(kActivations, value); }

Strategy parse_strategy(std::string_view text) { return read(kStrategies, "strategy", text); }
Variant parse_variant(std::string_view text) { return read(kVariants, "variant", text); }
MapKind parse_map_kind(std::string_view text) {
  for (const auto& [spelling, value] : kMaps)
    if (text == spelling) return value;
  fail<UsageError>("unknown map '{}'; known: auto, {}, {}", text, spellings(kMaps),
                   spellings(kFamilies));
}
bool is_learned_map(std::string_view text) {
  return std::ranges::any_of(kFamilies, [&](const auto& known) { return text == known.first; });
}
MapFamily parse_map_family(std::string_view text) { return read(kFamilies, "map", text); }
MapStorage parse_map_storage(std::string_view text) { return read(kStorages, "map storage", text); }
Modulation parse_modulation(std::string_view text) {
  return read(kModulations, "modulation", text);
}
Activation parse_activation(std::string_view text) {
  return read(kActivations, "activation", text);
}

}  // namespace mapnet
