#pragma once

#include <cmath>

#include "mapping/map_harness.hpp"
#include "reference/net.hpp"
#include "train/session.hpp"

/// What the double-precision reference needs to repeat a session's first step.
namespace mapnet::test {

/// The batch as the session's epoch 0 orders it, scaled with its pixel statistics.
struct Batch {
  Vector x;
  std::vector<std::uint8_t> labels;
};

inline Batch first_batch(const Session& session, std::size_t n) {
  const SampleFeed& set = session.run_schedule().samples;
  std::vector<std::uint32_t> order(n);
  std::vector<std::uint8_t> labels(session.counts().total()), images(labels.size() * 784);
  session.program().read<std::uint32_t>(order, set.order);
  session.program().read<std::uint8_t>(labels, set.labels);
  session.program().read<std::uint8_t>(images, set.values);
  Batch batch;
  for (const std::uint32_t sample : order) {
    batch.labels.push_back(labels[sample]);
    for (std::size_t k = 0; k < 784; ++k) {
      const double pixel = images[sample * 784 + k];
      batch.x.push_back((pixel / 255 - session.pixels().mean[0]) / session.pixels().stddev[0]);
    }
  }
  return batch;
}

/// The reference map of one block of the session's theta.
inline reference::Map reference_map(const MapDesc& desc, std::size_t index) {
  const MapBlock& b = desc.blocks[index];
  reference::Map map{b.rows, b.latents, {}, {}, Vector(b.rows), Vector(b.rows, 0.0)};
  map.W = hadamard_map(b.rows, b.latents, desc.seed, Stream::map_outer_signs,
                       Stream::map_inner_signs, static_cast<std::uint32_t>(index));
  if (desc.modulation == Modulation::signed_) {
    map.modulation = reference::Modulation::signed_;
    map.S = hadamard_map(b.rows, b.latents, desc.seed, Stream::modulation_outer,
                         Stream::modulation_inner, static_cast<std::uint32_t>(index));
  } else if (desc.modulation == Modulation::scalar) {
    map.modulation = reference::Modulation::scalar;
  }
  map.alpha = static_cast<double>(desc.alpha);
  map.omega = static_cast<double>(desc.omega);
  if (desc.activation == Activation::tanh) map.activation = reference::Activation::tanh;
  if (desc.activation == Activation::sine) map.activation = reference::Activation::sine;
  for (const RowScale& s : desc.scales)
    for (std::size_t j = s.offset; j < s.offset + s.rows; ++j)
      if (j >= b.theta_offset && j < b.theta_offset + b.rows)
        map.scale[j - b.theta_offset] = static_cast<double>(s.scale);
  return map;
}

inline double largest(const Vector& v) {
  double most = 0;
  for (const double x : v) most = std::max(most, std::abs(x));
  return most;
}

}  // namespace mapnet::test
