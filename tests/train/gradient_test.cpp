#include <boost/test/unit_test.hpp>

#include "common/compare.hpp"
#include "mapping/map_harness.hpp"
#include "reference/nets.hpp"
#include "reference/share.hpp"
#include "train/pretrained_file.hpp"
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

/// Where the outputs of a fine-tuning map go.
std::vector<reference::Shared> shared_tensors(const Network& net, const Finetune& finetune) {
  std::vector<reference::Shared> tensors;
  std::size_t output = 0;
  for (const ParamTensor& p : net.params)
    for (const ChosenLayer& layer : finetune.layers)
      if (p.layer == layer.name) {
        tensors.push_back({p.offset, p.size, output, finetune.share, layer.alpha});
        output += (p.size + finetune.share - 1) / finetune.share;
      }
  return tensors;
}

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
  Vector theta = z, dz;
  const bool direct = recipe.mapping.strategy == Strategy::direct;
  const MapDesc desc = direct ? MapDesc{} : make_map(network_, recipe.mapping);
  if (!direct) {
    theta.clear();
    for (std::size_t i = 0; i < desc.blocks.size(); ++i) {
      const auto part =
          reference::View(z).subspan(desc.blocks[i].latent_offset, desc.blocks[i].latents);
      const Vector rows = reference::map_forward(reference_map(desc, i), part);
      theta.insert(theta.end(), rows.begin(), rows.end());
    }
  }
  const bool finetune = recipe.mapping.finetune.on();
  const auto shared = shared_tensors(network_, recipe.mapping.finetune);
  const std::size_t n_outputs = theta.size();
  if (finetune) {
    std::vector<float> base(network_.param_count());
    read_pretrained(recipe.pretrained, network_, recipe.seed, base);
    theta = reference::share_forward(shared, Vector(base.begin(), base.end()), theta);
  }
  const auto want = reference::loss_and_gradient(net, theta, batch.x, batch.labels);
  const Vector doutputs =
      finetune ? reference::share_backward(shared, want.dtheta, n_outputs) : want.dtheta;
  if (!direct)
    for (std::size_t i = 0; i < desc.blocks.size(); ++i) {
      const MapBlock& b = desc.blocks[i];
      const Vector part = reference::map_backward(
          reference_map(desc, i), reference::View(doutputs).subspan(b.theta_offset, b.rows),
          reference::View(z).subspan(b.latent_offset, b.latents));
      dz.insert(dz.end(), part.begin(), part.end());
    }

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
  if (finetune && recipe.mapping.finetune.layers.size() < 4) return;  // frozen layers have none
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

BOOST_AUTO_TEST_CASE(a_fine_tuning_step_agrees_with_the_reference) {
  const Folder folder;
  RunConfig c = small_run("slvt");
  c.latent = 64;
  c.latent_std = 0.5;  // at z = 0 a modulation would have no gradient
  c.modulation = "signed";
  c.activation = "tanh";
  c.finetune.pretrained = write_pretrained(folder, network("cnn2")).string();
  c.finetune.share = 50;
  c.finetune.alpha = {"0.5", "fc1:0.25"};
  check_step(c, reference::cnn2());
  c.finetune.layers = {"fc1", "fc2"};
  c.finetune.share = 25000;  // 7 outputs from 64 latents
  check_step(c, reference::cnn2());
  c = small_run("lwt");
  c.latents = {16, 40, 16};
  c.latent_std = 0.5;
  c.finetune.pretrained = write_pretrained(folder, network("cnn2")).string();
  c.finetune.layers = {"fc2", "conv2", "fc1"};
  c.finetune.alpha = {"conv2:2"};
  c.finetune.share = 7;
  check_step(c, reference::cnn2());
}
