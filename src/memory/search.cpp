#include "memory/search.hpp"

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <random>
#include <utility>

namespace mapnet {

namespace {

using Order = std::vector<std::size_t>;

// Blocks by falling key, ties as given.
template <class Key>
Order order_by(std::span<const Block> blocks, Key key) {
  Order order(blocks.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return key(blocks[a]) > key(blocks[b]); });
  return order;
}

// The most bytes live at any step of each block's life: how hard it is to place. Counted where
// blocks begin, since only there more become live; steps may be any numbers.
std::vector<std::size_t> crowding(std::span<const Block> blocks) {
  std::vector<int> starts;
  for (const Block& b : blocks) starts.push_back(b.first);
  std::ranges::sort(starts);
  starts.erase(std::unique(starts.begin(), starts.end()), starts.end());
  std::vector<std::size_t> live(starts.size());
  const auto life_of = [&](const Block& b) {
    const auto begin = std::ranges::lower_bound(starts, b.first) - starts.begin();
    const auto end = std::ranges::upper_bound(starts, b.last) - starts.begin();
    return std::span(live).subspan(static_cast<std::size_t>(begin),
                                   static_cast<std::size_t>(end - begin));
  };
  for (const Block& b : blocks)
    for (std::size_t& bytes : life_of(b)) bytes += b.bytes;
  std::vector<std::size_t> most;
  for (const Block& b : blocks) most.push_back(std::ranges::max(life_of(b)));
  return most;
}

// In a training step the saved activations nest: laid down longest first they pile up without a
// gap. Where some are made again they do not nest, and what is live when the most is comes first.
// Sets of another kind have another order that suits them, and trying one costs microseconds.
std::vector<Order> greedy_orders(std::span<const Block> blocks) {
  const auto steps = [](const Block& b) { return static_cast<double>(b.last) - b.first + 1; };
  const auto bytes = [](const Block& b) { return static_cast<double>(b.bytes); };
  const std::vector<std::size_t> crowds = crowding(blocks);
  const auto crowd = [&](const Block& b) {
    return crowds[static_cast<std::size_t>(&b - blocks.data())];
  };
  return {
      order_by(blocks, [&](const Block& b) { return std::pair(steps(b), bytes(b)); }),
      order_by(blocks, [&](const Block& b) { return std::pair(bytes(b), steps(b)); }),
      order_by(blocks, [&](const Block& b) { return steps(b) * bytes(b); }),
      order_by(blocks, [&](const Block& b) { return -static_cast<double>(b.first); }),
      order_by(blocks, [&](const Block& b) { return static_cast<double>(b.last); }),
      order_by(blocks, [&](const Block& b) { return std::pair(crowd(b), steps(b)); }),
      order_by(blocks, [&](const Block& b) { return std::pair(crowd(b), bytes(b)); }),
      order_by(blocks, [&](const Block& b) { return std::pair(crowd(b), steps(b) * bytes(b)); }),
  };
}

// The order that lays the same plan upside down. First fit then lets every block fall towards the
// other end and keeps what that frees; it never ends higher while alignments are equal.
Order upside_down(std::span<const Block> blocks, const Placement& plan, Order order) {
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return plan.offsets[a] + blocks[a].bytes > plan.offsets[b] + blocks[b].bytes;
  });
  return order;
}

// A placement and the order that first fit made it from.
struct Candidate {
  Order order;
  Placement plan;
};

// Walks from one candidate to others that end no higher, until the bound is met or the rounds are
// spent. Most steps lead sideways; they are what gets the search round the plans it is stuck in.
class LocalSearch {
 public:
  LocalSearch(std::span<const Block> blocks, std::size_t floor, std::size_t bound)
      : blocks_(blocks), floor_(floor), bound_(bound) {}

  Candidate improve(Candidate from, std::size_t rounds) {
    now_ = std::move(from);
    for (; rounds > 0 && now_.plan.total > bound_; --rounds)
      if (try_order(neighbour())) try_order(upside_down(blocks_, now_.plan, now_.order));
    return std::move(now_);
  }

  // The same order but for a few blocks, put elsewhere at random.
  Candidate shaken(Candidate from) {
    for (std::size_t k = below(from.order.size() / 4 + 1) + 2; k > 0; --k)
      std::swap(from.order[below(from.order.size())], from.order[below(from.order.size())]);
    from.plan = *first_fit(blocks_, from.order, floor_);
    return from;
  }

 private:
  bool try_order(Order order) {
    auto plan = first_fit(blocks_, order, floor_, now_.plan.total);
    if (plan) now_ = {std::move(order), std::move(*plan)};
    return plan.has_value();
  }

  // Two blocks that are live together trade places in the order, or one moves to the other's: one
  // that sticks out above the bound, or one in its way. Other moves would leave the plan as it is.
  Order neighbour() {
    std::size_t from = one_above_bound();
    if (below(2) == 0) from = rival(from);
    const std::size_t to = rival(from);
    Order order = now_.order;
    if (below(3) == 0) {
      std::swap(order[from], order[to]);
      return order;
    }
    const auto at = [&](std::size_t i) { return order.begin() + static_cast<std::ptrdiff_t>(i); };
    if (to < from) std::rotate(at(to), at(from), at(from + 1));
    if (from < to) std::rotate(at(from), at(from + 1), at(to + 1));
    return order;
  }

  // Where in the order a block live together with the one at `place` stands; any, if they are rare.
  std::size_t rival(std::size_t place) {
    const Block& b = blocks_[now_.order[place]];
    std::size_t other = place;
    for (int tries = 0; tries < 32; ++tries) {
      other = below(now_.order.size());
      const Block& c = blocks_[now_.order[other]];
      if (other != place && c.first <= b.last && b.first <= c.last) break;
    }
    return other;
  }

  // Where in the order one of the blocks above the bound stands; while the search is on there is
  // one.
  std::size_t one_above_bound() {
    Order above;
    for (std::size_t place = 0; place < now_.order.size(); ++place) {
      const std::size_t i = now_.order[place];
      if (now_.plan.offsets[i] + blocks_[i].bytes > bound_) above.push_back(place);
    }
    return above[below(above.size())];
  }

  // Not a std distribution: those differ between standard libraries, the generator does not.
  std::size_t below(std::size_t n) { return random_() % n; }

  std::span<const Block> blocks_;
  std::size_t floor_, bound_;
  Candidate now_;
  std::mt19937_64 random_{1};
};

// How long a search goes on. A first fit of n blocks looks at up to n^2 / 2 pairs, so holding the
// pairs holds the time, to some 50 ms in all; below thirty blocks the cap holds it.
constexpr std::size_t kPairs = 15'000'000, kPairsOfLevel = 4'000'000;

std::size_t rounds_for(std::size_t n_blocks, std::size_t pairs) {
  return std::clamp<std::size_t>(pairs / (n_blocks * n_blocks), 10, 30'000);
}

// From the large to the small: the few large blocks are laid as low as they go, where a round costs
// little; then come those down to half the size, in the gaps and above, and so on. Where lifetimes
// do not nest no greedy order finds how the large ones have to lie, and a walk among all blocks
// meets them too seldom.
Candidate large_to_small(std::span<const Block> blocks, std::size_t floor) {
  const Order by_size = order_by(
      blocks, [](const Block& b) { return std::pair(b.bytes, std::int64_t{b.last} - b.first); });
  std::vector<Block> sorted;
  for (const std::size_t i : by_size) sorted.push_back(blocks[i]);
  const std::size_t dust = sorted.front().bytes / 256;  // fits in anywhere, so all at once
  Candidate now;
  for (std::size_t size = sorted.front().bytes; now.order.size() < sorted.size();
       size = size > dust ? size / 2 : 0) {
    const std::size_t before = now.order.size();
    for (std::size_t i = before; i < sorted.size() && sorted[i].bytes >= size; ++i)
      now.order.push_back(i);
    if (now.order.size() == before) continue;
    const std::span level(sorted.data(), now.order.size());
    now.plan = *first_fit(level, now.order, floor);
    LocalSearch search(level, floor, floor + peak_live_bytes(level));
    now = search.improve(std::move(now), rounds_for(level.size(), kPairsOfLevel));
  }
  for (std::size_t& i : now.order) i = by_size[i];
  now.plan = *first_fit(blocks, now.order, floor);
  return now;
}

}  // namespace

Placement search_placement(std::span<const Block> blocks, std::size_t floor, std::size_t bound) {
  if (blocks.empty()) return {{}, floor};
  std::vector<Candidate> starts;
  for (Order& order : greedy_orders(blocks)) {
    Placement plan = *first_fit(blocks, order, floor);
    starts.push_back({std::move(order), std::move(plan)});
  }
  const auto lower = [](const Candidate& a, const Candidate& b) {
    return a.plan.total < b.plan.total;
  };
  std::stable_sort(starts.begin(), starts.end(), lower);
  if (starts.front().plan.total <= bound) return std::move(starts.front().plan);
  starts.insert(starts.begin(), large_to_small(blocks, floor));

  // Walks stay short, since a start may have no way out: one from each start, then from the best so
  // far with some of its order shuffled.
  const std::size_t rounds = rounds_for(blocks.size(), kPairs);
  const std::size_t walks = std::max(starts.size(), rounds / 500);
  LocalSearch search(blocks, floor, bound);
  Candidate best = starts.front();
  for (std::size_t walk = 0; walk < walks && best.plan.total > bound; ++walk) {
    Candidate from = walk < starts.size() ? std::move(starts[walk]) : search.shaken(best);
    Candidate found = search.improve(std::move(from), rounds / walks);
    if (found.plan.total <= best.plan.total) best = std::move(found);
  }
  return std::move(best.plan);
}

}  // namespace mapnet
