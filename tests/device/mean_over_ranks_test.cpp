#include "device/ops/mean_over_ranks.hpp"

#include <boost/test/unit_test.hpp>
#include <limits>

#include "common/compare.hpp"
#include "common/scripted_ranks.hpp"
#include "device/op_harness.hpp"

#ifdef MAPNET_TEST_GPU
  #include "device/cuda/check.hpp"
  #include "device/cuda/rank_sum.hpp"
#endif

/// A gradient's mean over shares of different size: the exchange between ranks.
using namespace mapnet;
using namespace mapnet::test;

namespace {

/// Another rank's share, and what that sends.
struct Other {
  Vector gradient;
  double weight;
  void add_to(std::span<float> values) const {
    for (std::size_t i = 0; i < gradient.size(); ++i)
      values[i] += static_cast<float>(weight * gradient[i]);
    values.back() += static_cast<float>(weight);
  }
};

#ifdef MAPNET_TEST_GPU

/// A sum over ranks that passes through the host: none of a graph, which waits for nobody.
class HostSum : public cuda::RankSum {
 public:
  HostSum(std::function<void(std::span<float>)> sum, cudaStream_t stream)
      : sum_(std::move(sum)), stream_(stream) {}
  void run(float* values, std::size_t n) const override {
    std::vector<float> host(n);
    const std::size_t bytes = n * sizeof(float);
    MAPNET_CUDA(cudaMemcpyAsync(host.data(), values, bytes, cudaMemcpyDeviceToHost, stream_));
    MAPNET_CUDA(cudaStreamSynchronize(stream_));
    sum_(host);
    MAPNET_CUDA(cudaMemcpyAsync(values, host.data(), bytes, cudaMemcpyHostToDevice, stream_));
    MAPNET_CUDA(cudaStreamSynchronize(stream_));
  }

 private:
  std::function<void(std::span<float>)> sum_;
  cudaStream_t stream_;
};

/// The first of two ranks, the other being the test's: NCCL would wait for it.
class HostRanks : public ScriptedRanks {
 public:
  using ScriptedRanks::ScriptedRanks;
  using ScriptedRanks::sum;
  std::shared_ptr<const cuda::RankSum> gpu_sum(cudaStream_t stream) override {
    return std::make_shared<HostSum>([this](std::span<float> values) { sum(values); }, stream);
  }
};

#else

using HostRanks = ScriptedRanks;

#endif

template <class Ranks = HostRanks>
Vector exchanged(const Vector& own, const StepControl& share, Scored scored, const Other& other) {
  OpHarness h;
  Vector with_room = own;
  with_room.push_back(std::numeric_limits<double>::quiet_NaN());
  h.schedule.begin(Phase::train);
  const BufferId gradient = h.input(with_room), control = h.object(share);
  const auto ranks =
      std::make_shared<Ranks>([&](std::span<float> values) { other.add_to(values); });
  mean_over_ranks(h.schedule, "exchange", gradient, own.size(), scored, control, ranks);
  h.run();
  return h.read(gradient, own.size());
}

Vector mean(const Vector& a, double of_a, const Vector& b, double of_b) {
  Vector m(a.size());
  for (std::size_t i = 0; i < a.size(); ++i) m[i] = (of_a * a[i] + of_b * b[i]) / (of_a + of_b);
  return m;
}

StepControl share_of(int count) {
  StepControl c;
  c.now.count = count;
  return c;
}

// Two products, a sum and a quotient, each rounded by 2^-24 of at most the larger weighted value.
constexpr double kTolerance = 8 * 0x1p-24;

}  // namespace

BOOST_AUTO_TEST_CASE(shares_count_by_their_samples) {
  for (const std::size_t n : {1u, 7u, 256u, 1000u, 40000u}) {
    const Vector own = exact_floats(n, 1), others = exact_floats(n, 2);
    check_close(exchanged(own, share_of(5), Scored::samples, {others, 11}),
                mean(own, 5, others, 11), kTolerance, 0, "mean of 5 and 11 samples");
  }
}

// On an emulated GPU, where the ranks' own sum stands in for NCCL's.
BOOST_AUTO_TEST_CASE(ranks_may_leave_the_sum_to_the_gpu) {
  if (!testing_emulated()) return;
  const Vector own = exact_floats(1000, 1), others = exact_floats(1000, 2);
  const Vector summed = exchanged<ScriptedRanks>(own, share_of(5), Scored::samples, {others, 11});
  BOOST_TEST((summed == exchanged(own, share_of(5), Scored::samples, {others, 11})));
}

BOOST_AUTO_TEST_CASE(a_share_without_samples_counts_for_nothing_whatever_its_gradient) {
  const Vector none(300, std::numeric_limits<double>::quiet_NaN()), others = exact_floats(300, 2);
  for (const Scored scored : {Scored::samples, Scored::pixels})
    check_close(exchanged(none, share_of(0), scored, {others, 3}), others, kTolerance, 0,
                "the other's alone");
}

BOOST_AUTO_TEST_CASE(shares_of_pixels_count_by_those_of_this_step_that_have_a_label) {
  const Vector own = exact_floats(300, 1), others = exact_floats(300, 2);
  StepControl share = share_of(2);
  share.scored_before = 1000;
  share.scored = 1900;
  check_close(exchanged(own, share, Scored::pixels, {others, 100}), mean(own, 900, others, 100),
              kTolerance, 0, "mean of 900 and 100 pixels");
}

// Without a labelled pixel a share's gradient is that of the terms every rank has, weight decay and
// the like: they must neither be counted beside labelled pixels nor be lost without any.
BOOST_AUTO_TEST_CASE(a_share_without_labelled_pixels_counts_only_among_its_like) {
  const Vector own = exact_floats(300, 1), others = exact_floats(300, 2);
  check_close(exchanged(own, share_of(2), Scored::pixels, {others, 100}), others, kTolerance, 0,
              "beside labelled pixels");
  check_close(exchanged(own, share_of(2), Scored::pixels, {others, kUnscoredWeight}),
              mean(own, 1, others, 1), kTolerance, 0, "with none anywhere");
}
