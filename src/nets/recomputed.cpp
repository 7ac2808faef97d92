#include "nets/recomputed.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "common/error.hpp"
#include "nets/join.hpp"

namespace mapnet {

namespace {

using Op = ForwardTrace::Op;
using Kind = Layer::Kind;

/// A pass over memory makes them, from one or two values that other layers keep.
bool is_cheap(const Op& op) {
  return op.layer.kind == Kind::batch_norm || op.layer.kind == Kind::concat;
}

/// "layer4" means the layer of that name and all below it.
bool names_layer(const std::string& word, const std::string& layer) {
  return layer == word || layer.starts_with(word + ".");
}

/// The last op that reads each op's value; the op itself where none does.
std::vector<std::size_t> last_readers(const std::vector<Op>& ops) {
  std::vector<std::size_t> last(ops.size());
  for (std::size_t i = 0; i < ops.size(); ++i) {
    last[i] = i;
    for (const int input : ops[i].inputs)
      if (input >= 0) last[static_cast<std::size_t>(input)] = i;
  }
  return last;
}

/// Bytes kept by a cut behind each op.
std::vector<std::size_t> crossing_bytes(const std::vector<Op>& ops,
                                        const std::vector<std::size_t>& last) {
  std::vector<std::size_t> crossing(ops.size());
  for (std::size_t i = 0; i < ops.size(); ++i)
    for (std::size_t cut = i; cut < last[i]; ++cut) crossing[cut] += ops[i].y.bytes();
  return crossing;
}

/// The stretch of each op. Near where the bytes would be shared out evenly, the cut that keeps the
/// least: within half a stretch either way.
std::vector<int> stretches(const std::vector<Op>& ops, const std::vector<std::size_t>& last,
                           int n) {
  std::size_t all = 0;
  for (const Op& op : ops) all += op.y.bytes();
  const std::vector<std::size_t> crossing = crossing_bytes(ops, last);
  const auto count = static_cast<std::size_t>(n);
  std::vector<std::size_t> best(count - 1, ops.size());  // the op behind which to cut
  std::size_t before = 0;
  for (std::size_t i = 0; i + 1 < ops.size(); ++i) {
    before += ops[i].y.bytes();
    // In half stretches from the beginning: those next to cut k are 2 k - 1 and 2 k.
    const std::size_t half = before * 2 * count / std::max<std::size_t>(all, 1);
    if (half == 0 || half >= 2 * count - 1) continue;
    std::size_t& at = best[(half - 1) / 2];
    if (at == ops.size() || crossing[i] < crossing[at]) at = i;
  }
  std::vector<int> stretch(ops.size());
  int now = 0;
  for (std::size_t i = 0; i < ops.size(); ++i) {
    stretch[i] = now;
    if (std::find(best.begin(), best.end(), i) != best.end()) ++now;
  }
  return stretch;
}

}  // namespace

std::vector<bool> dropped_ops(const std::vector<Op>& ops, const Recompute& recompute) {
  std::vector<bool> dropped(ops.size());
  switch (recompute.kind) {
    case Recompute::Kind::none:
      break;
    case Recompute::Kind::norms:
      for (std::size_t i = 0; i + 1 < ops.size(); ++i) dropped[i] = is_cheap(ops[i]);
      break;
    case Recompute::Kind::layers:
      for (std::size_t i = 0; i + 1 < ops.size(); ++i)
        dropped[i] = std::any_of(
            recompute.layers.begin(), recompute.layers.end(),
            [&](const std::string& word) { return names_layer(word, ops[i].layer.name); });
      break;
    case Recompute::Kind::stretches: {
      const std::vector<std::size_t> last = last_readers(ops);
      const std::vector<int> stretch = stretches(ops, last, recompute.stretches);
      for (std::size_t i = 0; i < ops.size(); ++i)
        dropped[i] = stretch[i] != stretch.back() && stretch[last[i]] == stretch[i];
      break;
    }
  }
  return dropped;
}

void require_layers(const Recompute& recompute, const Network& net) {
  if (recompute.kind != Recompute::Kind::layers) return;
  std::vector<std::string> names;
  for (const Op& op : join_layers(net)) names.push_back(op.layer.name);
  for (const std::string& word : recompute.layers)
    if (std::none_of(names.begin(), names.end(),
                     [&](const std::string& name) { return names_layer(word, name); }))
      fail<UsageError>("--recompute {}: {} has no such layer; it has {}", word, net.name,
                       fmt::format("{}", fmt::join(names, ", ")));
}

}  // namespace mapnet
