#include <boost/test/unit_test.hpp>
#include <chrono>

#include "train/pretrained_file.hpp"
#include "train/session.hpp"
#include "train/toy_tasks.hpp"

/// The paper's largest case: a ResNet-50 fine-tuned (eq. 25) on photographs of 224 x 224. A step
/// takes a CPU about a second, so this is a program of its own.
using namespace mapnet;
using namespace mapnet::test;

namespace {

constexpr std::uint32_t kSide = 224;

/// Noise photographs. There is no published set of this shape, so a description is made by hand:
/// an IDX file of 3 * 224 rows holds the same bytes as three planes.
struct Photographs : Folder {
  explicit Photographs(std::uint32_t n) {
    const reference::Vector noise =
        reference::uniform(std::size_t{n} * 3 * kSide * kSide, 9, 0, 256);
    std::string labels;
    for (std::uint32_t i = 0; i < n; ++i) labels += static_cast<char>(i * 7 % 10);
    const IdxSplit split = {
        write("images", idx({images_magic, n, 3 * kSide, kSide}, {noise.begin(), noise.end()})),
        write("labels", idx({labels_magic, n}, labels)), n};
    dataset.name = "photographs";
    dataset.channels = 3;
    dataset.height = dataset.width = kSide;
    dataset.classes = 10;
    dataset.train = dataset.test = {n, split};
  }
  Dataset dataset;
};

struct Case {
  std::vector<std::string> layers;
  std::size_t latents, share;
  int steps;
};

struct Fixture {
  Photographs data{20};
  Network net = build_network("resnet50", {3, kSide, kSide, 10});
  Folder folder;
  std::filesystem::path file = folder.path / "resnet50.safetensors";

  /// Gammas of 1, variances of 1; the other weights as He initialisation draws them. A file of a
  /// thousand classes, so that the head is a new one, as in any fine-tuning.
  Fixture() {
    const Network published = build_network("resnet50", {3, kSide, kSide, 1000});
    std::vector<float> weights = some_weights(published), state(published.state_count());
    for (const ParamTensor& p : published.params)
      for (float& w : std::span(weights).subspan(p.offset, p.size))
        w += static_cast<float>(p.center());
    std::vector<NamedTensor> tensors = named_tensors(published, weights);
    for (const StateTensor& s : published.state) {
      const auto values = std::span(state).subspan(s.offset, s.size);
      std::fill(values.begin(), values.end(), s.initial);
      tensors.push_back({s.name, {static_cast<int>(s.size)}, values});
    }
    write_safetensors(file, tensors);
  }

  void check(const Case& c) const {
    RunConfig config = toy_run("resnet50", data.dataset, "slvt");
    config.latent = c.latents;
    config.finetune.pretrained = file.string();
    config.finetune.layers = c.layers;
    config.finetune.share = c.share;
    config.batch = 2;
    const Recipe recipe = resolve(config, net);
    Session session(recipe, net, data.dataset, Purpose::train);
    session.expand();
    const std::vector<float> values = session.values(), theta = session.theta();
    session.begin_epoch(0);
    const auto start = std::chrono::steady_clock::now();
    for (int step = 0; step < c.steps; ++step) session.train_step(step);
    const Metrics metrics = metrics_of(session.control());
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    const Plan& plan = session.program().plan();
    BOOST_TEST_MESSAGE((c.layers.empty() ? "all layers" : "layer4, fc")
                       << ", L = " << c.share << ", d = " << c.latents << ": " << c.steps
                       << " steps in " << seconds.count() << " s, mean loss " << metrics.loss
                       << ", arena " << plan.total << " bytes, "
                       << double(plan.total) / double(plan.lower_bound) << " of the lower bound");
    BOOST_TEST(metrics.samples == static_cast<std::size_t>(2 * c.steps));
    BOOST_TEST(std::isfinite(metrics.loss));
    BOOST_TEST(metrics.loss > 0);
    BOOST_TEST(double(plan.total) <= 1.02 * double(plan.lower_bound));
    check_moved(session, recipe, values, theta);
  }

  void check_moved(const Session& session, const Recipe& recipe, const std::vector<float>& values,
                   const std::vector<float>& theta) const {
    const std::vector<float> after = session.values();
    BOOST_REQUIRE(after.size() == values.size());
    std::size_t moved = 0;
    for (std::size_t i = 0; i < after.size(); ++i) {
      BOOST_REQUIRE(std::isfinite(after[i]));
      moved += after[i] != values[i];
    }
    BOOST_TEST(moved == after.size());  // Adam moves whatever has a gradient
    session.expand();
    const std::vector<float> theta_after = session.theta();
    for (const ParamTensor& p : net.params) {
      const bool same = std::equal(theta.begin() + static_cast<std::ptrdiff_t>(p.offset),
                                   theta.begin() + static_cast<std::ptrdiff_t>(p.offset + p.size),
                                   theta_after.begin() + static_cast<std::ptrdiff_t>(p.offset));
      const auto& chosen = recipe.mapping.finetune.layers;
      const bool frozen = std::none_of(chosen.begin(), chosen.end(),
                                       [&](const ChosenLayer& l) { return l.name == p.layer; });
      BOOST_TEST(same == frozen, p.name);
    }
  }
};

}  // namespace

BOOST_FIXTURE_TEST_CASE(a_resnet50_is_fine_tuned, Fixture) {
  if (testing_emulated()) return;
  check({{}, 2048, 1, 2});
  check({{}, 2048, 250, 10});
  check({{}, 2048, 25000, 2});
  for (const std::size_t share : {1u, 250u, 25000u}) check({{"layer4", "fc"}, 1024, share, 2});
}
