#include "reference/mapping_loss.hpp"

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include "common/compare.hpp"
#include "common/file.hpp"
#include "common/temporary.hpp"
#include "reference/nets.hpp"
#include "train/normalised_network.hpp"
#include "train/recipes.hpp"
#include "train/reference_step.hpp"
#include "train/toy_data.hpp"
#include "train/train_run.hpp"

/// Training with the whole mapping loss: one step against the reference, and a run.
using namespace mapnet;
using namespace mapnet::test;

namespace {

Vector perturbed(const Vector& z, const Recipe& recipe) {
  Vector moved = z;
  for (std::size_t i = 0; i < z.size(); ++i)
    moved[i] += static_cast<double>(static_cast<float>(recipe.loss.stability_std)) *
                static_cast<double>(random_normals(recipe.seed, Stream::stability, i / 4)[i % 4]);
  return moved;
}

struct Mapped {
  std::vector<MapBlock> blocks;
  std::vector<reference::Map> maps;

  reference::View part(const Vector& z, std::size_t i) const {
    return reference::View(z).subspan(blocks[i].latent_offset, blocks[i].latents);
  }
  Vector theta(const Vector& z) const {
    Vector all;
    for (std::size_t i = 0; i < maps.size(); ++i) {
      const Vector rows = reference::map_forward(maps[i], part(z, i));
      all.insert(all.end(), rows.begin(), rows.end());
    }
    return all;
  }
  Vector dz(const Vector& dtheta, const Vector& z) const {
    Vector all;
    for (std::size_t i = 0; i < maps.size(); ++i) {
      const Vector rows = reference::map_backward(
          maps[i], reference::View(dtheta).subspan(blocks[i].theta_offset, blocks[i].rows),
          part(z, i));
      all.insert(all.end(), rows.begin(), rows.end());
    }
    return all;
  }
};

void add(Vector& to, const Vector& from, double scale) {
  for (std::size_t i = 0; i < to.size(); ++i) to[i] += scale * from[i];
}

void check_step(const RunConfig& config) {
  const ToyData data(64, 10);
  const Recipe recipe = recipe_of(config);
  const Network net = network(config.net);
  Session session(recipe, net, data.dataset, Purpose::train, plan_arena_without_reuse);
  const std::vector<float> values = session.values();
  const Vector z(values.begin(), values.end());
  const MappingLossState before = session.mapping_loss();
  session.begin_epoch(0);
  session.train_step(0);
  const MappingLossState after = session.mapping_loss();

  const MapDesc desc = make_map(net, recipe.mapping);
  Mapped mapped{desc.blocks, {}};
  for (std::size_t i = 0; i < desc.blocks.size(); ++i)
    mapped.maps.push_back(reference_map(desc, i));
  const auto n = static_cast<std::size_t>(config.batch);
  const Batch batch = first_batch(session, n);
  const auto lambda = [&](LossTermIndex term) {
    return static_cast<double>(before.terms[term].lambda);
  };
  const reference::Net ref_net = reference::cnn2();

  const Vector theta = mapped.theta(z);
  const auto trace = reference::trace(ref_net, theta, batch.x);
  auto ce = reference::cross_entropy(trace.logits(), batch.labels, 10, n);
  Vector want(z.size());
  if (recipe.loss.stability.on) {
    const auto rows = static_cast<std::size_t>(recipe.loss.stability_fraction * double(n));
    const Vector moved = perturbed(z, recipe), theta2 = mapped.theta(moved);
    const auto trace2 =
        reference::trace(ref_net, theta2, reference::View(batch.x).first(rows * 784));
    auto s = reference::stability(trace.logits(), trace2.logits(), 10, 1, n);
    add(ce.dlogits, s.dlogits, lambda(kStability));
    for (double& d : s.dperturbed) d *= lambda(kStability);
    add(want, mapped.dz(reference::backward(ref_net, theta2, trace2, s.dperturbed), moved), 1);
    BOOST_TEST(std::abs(after.terms[kStability].value_sum - s.value) < 1e-4 * s.value);
  }
  add(want, mapped.dz(reference::backward(ref_net, theta, trace, ce.dlogits), z), 1);
  double smooth = 0, align = 0;
  Vector dsmooth, dalign;
  for (std::size_t i = 0; i < mapped.maps.size(); ++i) {
    const auto s = reference::smoothness(mapped.maps[i], mapped.part(z, i));
    const auto a = reference::alignment(mapped.maps[i], mapped.part(z, i));
    smooth += s.value, align += a.value / double(mapped.maps.size());
    dsmooth.insert(dsmooth.end(), s.gradient.begin(), s.gradient.end());
    dalign.insert(dalign.end(), a.gradient.begin(), a.gradient.end());
  }
  if (recipe.loss.smoothness.on) {
    add(want, dsmooth, lambda(kSmoothness));
    BOOST_TEST(std::abs(after.terms[kSmoothness].value_sum - smooth) < 1e-4 * smooth);
  }
  if (recipe.loss.alignment.on) {
    add(want, dalign, lambda(kAlignment) / double(mapped.maps.size()));
    BOOST_TEST(std::abs(after.terms[kAlignment].value_sum - align) < 1e-4 * align);
  }
  BOOST_TEST(after.steps == 1);
  // As for the task alone; each term here is of the task's size.
  check_close(session.gradient(), want, 1e-4 * largest(want), 1e-4, "dz");
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_step_of_the_whole_mapping_loss_agrees_with_the_reference) {
  RunConfig c = small_run("slvt");
  c.latent = 48;  // columns are missing: the rows' lengths differ
  c.modulation = "signed";
  c.activation = "sine";
  c.loss.terms = "task+stab+smooth+align";
  c.loss.lambdas = {0.1, 1e-4, 1.0};
  c.loss.stability_fraction = 0.5;
  check_step(c);
  c.loss.mode = "uncertainty";
  c.modulation = "scalar";
  c.activation = "tanh";
  check_step(c);
}

BOOST_AUTO_TEST_CASE(a_layer_wise_step_of_some_terms_agrees_with_the_reference) {
  RunConfig c = small_run("lwt");
  c.latents = {16, 20, 40, 16};
  c.modulation = "signed";
  c.activation = "tanh";
  c.loss.terms = "task+align+stab";
  c.loss.lambdas = {1.0, 0.1};
  check_step(c);
  c.loss.terms = "task+smooth";
  c.loss.lambdas = {1e-4};
  check_step(c);
}

BOOST_AUTO_TEST_CASE(a_run_with_the_mapping_loss_reports_its_terms_and_weights) {
  const ToyData data(200, 60);
  RunConfig c = small_run("slvt");
  c.epochs = 3;
  c.modulation = "signed";
  c.loss.terms = "task+stab+smooth+align";
  const Recipe recipe = recipe_of(c);
  const Folder folder;
  const RunResult result = train_run(recipe, network("cnn2"), data.dataset, {folder.path / "run"});
  BOOST_TEST(result.train.accuracy > 0.5);  // ten classes
  const auto json = nlohmann::json::parse(read_file(folder.path / "run" / "result.json"));
  BOOST_TEST(json["trainable_params"] == 256);
  BOOST_TEST(json["trained_lambdas"] == 3);
  BOOST_TEST(json["mapping_loss"]["lambda_mode"] == "floor");
  std::istringstream lines(read_file(folder.path / "run" / "metrics.jsonl"));
  std::string line;
  nlohmann::json last;
  while (std::getline(lines, line)) last = nlohmann::json::parse(line);
  for (const char* term : {"stability", "smoothness", "alignment"}) {
    BOOST_TEST(json[term].get<double>() > 0);
    BOOST_TEST(json[std::string("lambda_") + term].get<double>() > 0);
    BOOST_TEST(last[term] == json[term]);
  }
  BOOST_TEST((recipe_from_json(to_json(recipe)).loss.stability_std == recipe.loss.stability_std));
  BOOST_TEST(recipe_from_json(to_json(recipe)).loss.smoothness.lambda ==
             recipe.loss.smoothness.lambda);
}

BOOST_AUTO_TEST_CASE(a_mapping_loss_that_makes_no_sense_is_refused_by_its_flag) {
  const auto refuses = [](const char* what, auto&& change) {
    RunConfig c;
    change(c);
    check_fails<UsageError>([&] { recipe_of(c); }, {what});
  };
  refuses("unknown term 'stable'", [](RunConfig& c) { c.loss.terms = "task+stable"; });
  refuses("begin with task", [](RunConfig& c) { c.loss.terms = "stab"; });
  refuses("twice", [](RunConfig& c) { c.loss.terms = "task+stab+stab"; });
  refuses("--loss", [](RunConfig& c) { c.strategy = "direct", c.loss.terms = "task+align"; });
  refuses("--lambdas", [](RunConfig& c) { c.loss.terms = "task+stab", c.loss.lambdas = {1, 2}; });
  refuses("--lambdas", [](RunConfig& c) { c.loss.terms = "task+stab", c.loss.lambdas = {0}; });
  refuses("--lambdas", [](RunConfig& c) { c.loss.terms = "task+stab", c.loss.lambdas = {1e300}; });
  refuses("--lambda-mode", [](RunConfig& c) { c.loss.mode = "floor"; });
  refuses("lambda mode", [](RunConfig& c) { c.loss.terms = "task+stab", c.loss.mode = "free"; });
  refuses("--stab-std", [](RunConfig& c) { c.loss.stability_std = 0.1; });
  refuses("--stab-fraction", [](RunConfig& c) { c.loss.stability_fraction = 0.5; });
  refuses("--stab-fraction",
          [](RunConfig& c) { c.loss.terms = "task+stab", c.loss.stability_fraction = 1.5; });
}

// Logits would differ by what they are normalised by, whatever z is.
BOOST_AUTO_TEST_CASE(a_share_of_a_batch_is_compared_only_where_nothing_normalises) {
  const Network net = normalised_network();
  RunConfig c = small_run("slvt");
  c.loss.terms = "task+stab";
  for (const std::optional<double> share : {std::optional<double>(), std::optional(1.0)}) {
    c.loss.stability_fraction = share;
    BOOST_CHECK_NO_THROW(resolve(c, net));
  }
  c.loss.stability_fraction = 0.5;
  BOOST_CHECK_NO_THROW(recipe_of(c));
  check_fails<UsageError>([&] { resolve(c, net); }, {"--stab-fraction", "below 1", "normalises"});
}
