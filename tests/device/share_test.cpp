#include "device/ops/share.hpp"

#include <boost/test/unit_test.hpp>

#include "common/compare.hpp"
#include "device/op_harness.hpp"
#include "reference/share.hpp"

/// Shared shifts of pre-trained weights (eq. 25) against the reference.
using namespace mapnet;
using namespace mapnet::test;

namespace {

struct Tensor1d {
  std::size_t size;
  std::uint32_t share;
};

/// Every number of lanes, groups of one value, whole groups and rests, groups longer than their
/// tensor, frozen tensors in front, between and behind; the last ones longer than a task's share.
const std::vector<Tensor1d> kTensors = {
    {7, 0},       {5, 1},         {9, 2},       {10, 3},    {33, 7},   {64, 16},   {1, 1},
    {1000, 17},   {1001, 250},    {250, 250},   {3, 250},   {20, 0},   {5000, 31}, {4097, 2047},
    {4100, 2048}, {60001, 25000}, {100, 25000}, {40000, 1}, {30000, 0}};

ShareDesc describe(const std::vector<Tensor1d>& tensors) {
  ShareDesc desc;
  std::size_t theta = 0, output = 0;
  for (const Tensor1d& t : tensors) {
    const float alpha = 0.25f + 0.125f * static_cast<float>(desc.spans.size());
    desc.spans.push_back({theta, t.size, output, t.share, alpha});
    theta += t.size;
    output += desc.spans.back().groups();
  }
  return desc;
}

std::vector<reference::Shared> in_reference(const ShareDesc& desc) {
  std::vector<reference::Shared> tensors;
  for (const ShareSpan& s : desc.spans)
    tensors.push_back(
        {s.theta_offset, s.size, s.output_offset, s.share, static_cast<double>(s.alpha)});
  return tensors;
}

struct ShareRun {
  Vector theta, doutputs;
};

ShareRun run_share(const ShareDesc& desc, const Vector& base, const Vector& outputs,
                   const Vector& dtheta, int n_threads = 2) {
  OpHarness h(n_threads);
  const BufferId b = h.input(base), o = h.input(outputs), dt = h.input(dtheta);
  const BufferId theta = h.output(base.size()), doutputs = h.output(outputs.size());
  h.schedule.begin(Phase::setup);
  const ShareState state = share_setup(h.schedule, "share", desc);
  h.schedule.begin(Phase::train);
  share_forward(h.schedule, "share", desc, state, b, o, theta);
  share_backward(h.schedule, "share", desc, state, dt, doutputs);
  h.run();
  return {h.read(theta, base.size()), h.read(doutputs, outputs.size())};
}

}  // namespace

BOOST_AUTO_TEST_CASE(shared_shifts_agree_with_the_reference) {
  const ShareDesc desc = describe(kTensors);
  const std::size_t P = desc.target_size(), G = desc.output_size();
  BOOST_TEST(G == 5 + 5 + 4 + 5 + 4 + 1 + 59 + 5 + 1 + 1 + 162 + 3 + 3 + 3 + 1 + 40000u);
  const Vector base = exact_floats(P, 1), outputs = exact_floats(G, 2), dtheta = exact_floats(P, 3);
  const ShareRun run = run_share(desc, base, outputs, dtheta);
  const auto tensors = in_reference(desc);
  // A product below 3 and a sum below 4, rounded once each.
  check_close(run.theta, reference::share_forward(tensors, base, outputs), 4 * 0x1p-24, 0x1p-24,
              "theta");
  check_close(run.doutputs, reference::share_backward(tensors, dtheta, G), 3 * sum_tolerance(25000),
              1e-6, "doutputs");
}

// <shift(o), v> = <o, shift'(v)> on what the op itself returns.
BOOST_AUTO_TEST_CASE(shared_shifts_and_their_transpose_are_adjoint) {
  for (const Tensor1d& t : kTensors) {
    if (t.share == 0) continue;
    const ShareDesc desc = describe({t, {3, 0}});
    const std::size_t P = desc.target_size(), G = desc.output_size();
    const Vector o = exact_floats(G, 4), v = exact_floats(P, 5);
    const ShareRun run = run_share(desc, Vector(P, 0.0), o, v);
    const double left = reference::dot(run.theta, v), right = reference::dot(o, run.doutputs);
    BOOST_TEST(std::abs(left - right) <= sum_tolerance(t.share) * std::sqrt(double(P)),
               "L = " << t.share << ": " << left << ", " << right);
  }
}

BOOST_AUTO_TEST_CASE(no_shift_leaves_the_base_to_the_bit) {
  const ShareDesc desc = describe(kTensors);
  const Vector base = exact_floats(desc.target_size(), 6);
  const ShareRun run = run_share(desc, base, Vector(desc.output_size(), 0.0), base);
  BOOST_TEST((run.theta == base));
}

// Written down on a CPU; a GPU and any number of threads must find the same.
BOOST_AUTO_TEST_CASE(a_groups_sum_has_the_order_of_its_lanes) {
  const ShareDesc desc = describe(kTensors);
  const std::size_t P = desc.target_size(), G = desc.output_size();
  const Vector base = exact_floats(P, 7), outputs = exact_floats(G, 8), dtheta = exact_floats(P, 9);
  const ShareRun one = run_share(desc, base, outputs, dtheta, 1);
  const ShareRun three = run_share(desc, base, outputs, dtheta, 3);
  BOOST_TEST((one.theta == three.theta));
  BOOST_TEST((one.doutputs == three.doutputs));
  for (const ShareSpan& s : desc.spans)
    for (std::size_t g = 0; g < s.groups(); ++g) {
      std::vector<float> lanes(share_lanes(s.share));
      for (std::size_t j = g * s.share; j < std::min<std::size_t>(s.size, (g + 1) * s.share); ++j)
        lanes[(j - g * s.share) % lanes.size()] += static_cast<float>(dtheta[s.theta_offset + j]);
      for (std::size_t half = lanes.size() / 2; half > 0; half /= 2)
        for (std::size_t k = 0; k < half; ++k) lanes[k] += lanes[k + half];
      const float want = s.alpha * lanes[0];
      if (one.doutputs[s.output_offset + g] != static_cast<double>(want))
        BOOST_ERROR("L = " << s.share << ", group " << g);
    }
}
