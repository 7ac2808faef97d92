#pragma once

#include <algorithm>
#include <barrier>
#include <cstring>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "device/communicator.hpp"

/// Ranks that are threads of a test, so that it needs neither MPI nor processes.
namespace mapnet::test {

/// What the threads meet in.
struct MeetingPlace {
  explicit MeetingPlace(int n) : size(n), all_here(n), given(static_cast<std::size_t>(n)) {}
  int size;
  std::barrier<> all_here;
  std::vector<void*> given;
};

class ThreadRank : public Communicator {
 public:
  ThreadRank(std::shared_ptr<MeetingPlace> place, int rank)
      : place_(std::move(place)), rank_(rank) {}

  int rank() const override { return rank_; }
  int size() const override { return place_->size; }
  int local_rank() const override { return rank_; }
  int local_size() const override { return place_->size; }
  void sum(std::span<float> values) override { add(values); }
  void sum(std::span<double> values) override { add(values); }
  void sum(std::span<std::uint64_t> values) override { add(values); }
  void max(std::span<float> values) override {
    combine(values, [](float a, float b) { return std::max(a, b); });
  }
  void broadcast(std::span<std::byte> bytes) override {
    show(bytes.data());
    if (rank_ > 0) std::memcpy(bytes.data(), place_->given[0], bytes.size());
    place_->all_here.arrive_and_wait();
  }
  unsigned agree(unsigned flags) override {
    const unsigned before = answered_;
    answered_ = flags;
    combine(std::span(&answered_, 1), [](unsigned a, unsigned b) { return a | b; });
    return before;
  }

 private:
  void show(void* values) {
    place_->given[static_cast<std::size_t>(rank_)] = values;
    place_->all_here.arrive_and_wait();
  }

  template <class T>
  void add(std::span<T> values) {
    combine(values, [](T a, T b) { return a + b; });
  }

  /// In the order of the ranks, on each of them.
  template <class T, class Combine>
  void combine(std::span<T> values, const Combine& both) {
    show(values.data());
    std::vector<T> all(values.size());
    std::copy_n(static_cast<const T*>(place_->given[0]), all.size(), all.begin());
    for (std::size_t r = 1; r < place_->given.size(); ++r)
      for (std::size_t i = 0; i < all.size(); ++i)
        all[i] = both(all[i], static_cast<const T*>(place_->given[r])[i]);
    place_->all_here.arrive_and_wait();
    std::copy(all.begin(), all.end(), values.begin());
  }

  std::shared_ptr<MeetingPlace> place_;
  int rank_;
  unsigned answered_ = 0;
};

/// Runs `work` once on each of so many ranks, at the same time. What it throws ends the test
/// program: the other ranks would wait for ever.
inline void on_ranks(int size, const std::function<void(std::shared_ptr<Communicator>)>& work) {
  const auto place = std::make_shared<MeetingPlace>(size);
  std::vector<std::jthread> threads;
  for (int rank = 0; rank < size; ++rank)
    threads.emplace_back([=] { work(std::make_shared<ThreadRank>(place, rank)); });
}

}  // namespace mapnet::test
