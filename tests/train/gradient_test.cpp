#include <boost/test/unit_test.hpp>

#include "common/compare.hpp"
#include "mapping/map_harness.hpp"
#include "reference/nets.hpp"
#include "reference/trained_map.hpp"
#include "train/recipes.hpp"
#include "train/session.hpp"
#include "train/toy_data.hpp"

/// One real training step, from pixels through the mapping, the network and the loss to the
/// gradient of the latents, against the double-precision reference.
using namespace mapnet;
using namespace mapnet::test;

namespace {

struct Wanted {
  Vector theta, dtheta, dz;
  double loss;
};

/// The batch as the session's epoch 0 orders it, scaled with its pixel statistics.
struct Batch {
  Vector x;
  std::vector<std::uint8_t> labels;
};

Batch first_batch(const Session& session, std::size_t n) {
  const ImageBuffers& set = session.run_schedule().samples;
  std::vector<std::uint32_t> order(n);
  std::vector<std::uint8_t> labels(session.counts().total()), images(labels.size() * 784);
  session.program().read<std::uint32_t>(order, set.order);
  session.program().read<std::uint8_t>(labels, set.labels);
  session.program().read<std::uint8_t>(images, set.images);
  Batch batch;
  for (const std::uint32_t sample : order) {
    batch.labels.push_back(labels[sample]);
    for (std::size_t k = 0; k < 784; ++k) {
      const double pixel = images[sample * 784 + k];
      batch.x.push_back((pixel / 255 - session.pixels().mean) / session.pixels().stddev);
    }
  }
  return batch;
}

/// The reference map of one block of the session's theta.
reference::Map reference_map(const MapDesc& desc, std::size_t index) {
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

/// Its latents, and where it has one its modulator, out of the trained values.
Vector latents_of(const MapDesc& desc, std::size_t index, const Vector& values) {
  const MapBlock& b = desc.blocks[index];
  const auto at = values.begin() + static_cast<std::ptrdiff_t>(b.latent_offset);
  return Vector(at, at + static_cast<std::ptrdiff_t>(b.latents));
}
reference::Map modulated(reference::Map map, const MapDesc& desc, std::size_t index,
                         const Vector& values) {
  const auto second = values.begin() + static_cast<std::ptrdiff_t>(desc.modulator_offset());
  if (desc.own_modulator) map.v = latents_of(desc, index, Vector(second, values.end()));
  return map;
}

/// theta from the trained values and back, all in double precision.
struct ReferenceMapping {
  MapDesc desc;
  reference::TrainedMap trained;  // of a variant that trains its map

  ReferenceMapping(const Recipe& recipe, const Network& net) {
    const MappingConfig& m = recipe.mapping;
    if (m.strategy == Strategy::direct) return;
    if (!trains_map(m.variant)) {
      desc = make_map(net, m);
      return;
    }
    trained = {m.latents[0], m.hidden, net.param_count()};
    for (std::size_t i = 0; i < m.latents[0]; ++i)
      trained.fixed_z.push_back(
          static_cast<double>(random_normals(m.seed, Stream::latent_init, i / 4)[i % 4]));
  }

  Vector theta(const Vector& values) const {
    if (trained.params > 0) return reference::trained_map_forward(trained, values);
    Vector all;
    for (std::size_t i = 0; i < desc.blocks.size(); ++i) {
      const Vector rows = reference::map_forward(modulated(reference_map(desc, i), desc, i, values),
                                                 latents_of(desc, i, values));
      all.insert(all.end(), rows.begin(), rows.end());
    }
    return desc.blocks.empty() ? values : all;
  }

  Vector gradient(const Vector& values, const Vector& dtheta) const {
    if (trained.params > 0) return reference::trained_map_backward(trained, values, dtheta);
    Vector dz, dv;
    for (std::size_t i = 0; i < desc.blocks.size(); ++i) {
      const MapBlock& b = desc.blocks[i];
      const Vector part = reference::map_backward(
          modulated(reference_map(desc, i), desc, i, values),
          reference::View(dtheta).subspan(b.theta_offset, b.rows), latents_of(desc, i, values));
      const auto middle = part.begin() + static_cast<std::ptrdiff_t>(b.latents);
      dz.insert(dz.end(), part.begin(), middle);
      dv.insert(dv.end(), middle, part.end());
    }
    dz.insert(dz.end(), dv.begin(), dv.end());
    return desc.blocks.empty() ? dtheta : dz;
  }
};

void check_step(const RunConfig& config, const reference::Net& net) {
  const ToyData data(64, 10);
  const Recipe recipe = recipe_of(config);
  const Network network_ = network(config.net);
  Session session(recipe, network_, data.dataset, Purpose::train, plan_arena_without_reuse);
  const std::vector<float> values = session.values();
  const Vector z(values.begin(), values.end());
  session.begin_epoch(0);
  session.train_step(0);

  const std::size_t n = static_cast<std::size_t>(config.batch);
  const Batch batch = first_batch(session, n);
  const bool direct = recipe.mapping.strategy == Strategy::direct;
  const ReferenceMapping mapping(recipe, network_);
  const Vector theta = mapping.theta(z);
  const auto want = reference::loss_and_gradient(net, theta, batch.x, batch.labels);
  const Vector dz = mapping.gradient(z, want.dtheta);

  const StepControl sums = session.control();
  BOOST_TEST(std::abs(sums.loss_sum / double(n) - want.loss) < 1e-4 * want.loss);
  BOOST_TEST(sums.correct == static_cast<std::int64_t>(want.correct));
  // Activations and weights carry relative errors of about sqrt(terms) 2^-24 a layer, a few 1e-6 in
  // all; the floor is that share of the largest gradient.
  const auto largest = [](const Vector& v) {
    double most = 0;
    for (double x : v) most = std::max(most, std::abs(x));
    return most;
  };
  if (!direct) {
    check_close(session.theta(), theta, 1e-5, 1e-5, "theta");
    check_close(session.gradient(), dz, 1e-4 * largest(dz), 1e-4, "dz");
  }
  check_close(session.dtheta(), want.dtheta, 1e-4 * largest(want.dtheta), 1e-4, "dtheta");
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_direct_step_of_each_network_agrees_with_the_reference) {
  RunConfig c = small_run("direct");
  check_step(c, reference::cnn2());
  c.net = "cnn1";
  c.batch = 4;
  check_step(c, reference::cnn1());
}

BOOST_AUTO_TEST_CASE(a_mapped_step_agrees_with_the_reference) {
  RunConfig c = small_run("slvt");
  c.latent = 64;
  c.modulation = "signed";
  c.activation = "sine";
  check_step(c, reference::cnn2());
  c.modulation = "scalar";
  c.activation = "tanh";
  check_step(c, reference::cnn2());
}

BOOST_AUTO_TEST_CASE(a_layer_wise_step_agrees_with_the_reference) {
  RunConfig c = small_run("lwt");
  c.latents = {16, 20, 40, 16};
  c.modulation = "signed";
  check_step(c, reference::cnn2());
}

BOOST_AUTO_TEST_CASE(a_step_with_a_modulator_of_its_own_agrees_with_the_reference) {
  RunConfig c = small_run("slvt");
  c.variant.name = "lv-wmap";
  c.latent = 64;
  c.alpha = 0.01;  // scalar
  check_step(c, reference::cnn2());
  c = small_run("lwt");
  c.variant.name = "lv-wmap";
  c.latents = {16, 20, 40, 16};
  c.modulation = "signed";
  c.activation = "tanh";
  check_step(c, reference::cnn2());
}

BOOST_AUTO_TEST_CASE(a_step_that_trains_its_map_agrees_with_the_reference) {
  RunConfig c = small_run("slvt");
  c.variant.name = "lv-fulldnn";
  c.latent = 5;
  check_step(c, reference::cnn2());
  c.variant = {"full-dnn", 13};
  c.latent = 31;
  check_step(c, reference::cnn2());
}
