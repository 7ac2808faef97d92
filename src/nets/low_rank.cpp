#include "nets/low_rank.hpp"

#include <algorithm>
#include <charconv>

#include "common/error.hpp"

namespace mapnet {

namespace {

LowRank parse_one(std::string_view text, std::string_view whole) {
  LowRank factor;
  const std::size_t colon = text.rfind(':');
  factor.layer = text.substr(0, colon);
  if (colon == std::string_view::npos || factor.layer.empty())
    fail<UsageError>("--lrd {}: expected LAYER:RANK, as fc1:32", whole);
  const std::string_view rank = text.substr(colon + 1);
  const auto [end, error] = std::from_chars(rank.data(), rank.data() + rank.size(), factor.rank);
  if (error != std::errc() || end != rank.data() + rank.size())
    fail<UsageError>("--lrd {}: rank '{}' is not a number", whole, rank);
  return factor;
}

std::string fully_connected(const Network& net) {
  std::string names;
  for (const Layer& layer : net.layers)
    if (layer.kind == Layer::Kind::linear) names += (names.empty() ? "" : ", ") + layer.name;
  return names;
}

const Layer& layer_to_factor(const Network& net, const std::string& name) {
  const auto found = std::find_if(net.layers.begin(), net.layers.end(),
                                  [&](const Layer& layer) { return layer.name == name; });
  if (name.empty() || found == net.layers.end())
    fail<UsageError>("--lrd: {} has no layer '{}'; its fully connected layers: {}", net.name, name,
                     fully_connected(net));
  if (found->kind != Layer::Kind::linear)
    fail<UsageError>("--lrd: {} of {} is not fully connected; these are: {}", name, net.name,
                     fully_connected(net));
  return *found;
}

/// r (O + I) < O I: below full rank, and what it is done for.
void check_rank(const Network& net, const LowRank& factor) {
  const auto weight = std::find_if(net.params.begin(), net.params.end(), [&](const ParamTensor& p) {
    return p.name == factor.layer + ".weight";
  });
  const std::size_t o = static_cast<std::size_t>(weight->shape[0]), i = weight->size / o;
  const std::size_t most = (o * i - 1) / (o + i);
  if (most < 1)
    fail<UsageError>("--lrd {}:{}: [{}, {}] is smaller than its factors of any rank", factor.layer,
                     factor.rank, o, i);
  if (factor.rank < 1 || static_cast<std::size_t>(factor.rank) > most)
    fail<UsageError>("--lrd {}:{}: the factors of [{}, {}] are smaller at ranks 1 to {}",
                     factor.layer, factor.rank, o, i, most);
}

}  // namespace

std::vector<LowRank> parse_low_rank(std::string_view text) {
  std::vector<LowRank> factors;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t comma = std::min(text.find(',', at), text.size());
    factors.push_back(parse_one(text.substr(at, comma - at), text));
    at = comma + 1;
    const auto same = [&](const LowRank& f) { return f.layer == factors.back().layer; };
    if (std::any_of(factors.begin(), factors.end() - 1, same))
      fail<UsageError>("--lrd {}: {} is there twice", text, factors.back().layer);
  }
  return factors;
}

std::string to_string(const std::vector<LowRank>& factors) {
  std::string text;
  for (const LowRank& f : factors)
    text += (text.empty() ? "" : ",") + f.layer + ":" + std::to_string(f.rank);
  return text;
}

Network with_low_rank(const Network& net, const std::vector<LowRank>& factors) {
  if (factors.empty()) return net;
  std::vector<Layer> layers = net.layers;
  for (const LowRank& factor : factors) {
    const Layer whole = layer_to_factor(net, factor.layer);
    check_rank(net, factor);
    Layer v = linear(whole.name + ".v", factor.rank, false);
    v.gain = 1;  // He's 2 makes up for the half a ReLU cuts; none follows
    Layer u = linear(whole.name + ".u", whole.out, whole.bias);
    v.part_of = u.part_of = whole.name;
    v.from = whole.from;
    const auto at = std::find_if(layers.begin(), layers.end(),
                                 [&](const Layer& layer) { return layer.name == whole.name; });
    *at = u;
    layers.insert(at, v);
  }
  return make_network(net.name, net.task, {net.channels, net.height, net.width, net.classes},
                      std::move(layers));
}

}  // namespace mapnet
