#include "reference/regularisation.hpp"

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include "common/compare.hpp"
#include "reference/adam.hpp"
#include "reference/augment.hpp"
#include "reference/kinks.hpp"
#include "reference/nets.hpp"
#include "train/model.hpp"
#include "train/pretrained_file.hpp"
#include "train/recipes.hpp"
#include "train/toy_data.hpp"
#include "train/train_run.hpp"

/// Augmentation and regularisation where they act: in a training, and in nothing else.
using namespace mapnet;
using namespace mapnet::test;
using reference::Vector;

namespace {

Regularisation everything(const std::string& strategy) {
  Regularisation r = {.shift = 3, .flip = true, .cutout = 8, .label_smoothing = 0.1, .ema = 0.8};
  r.weight_decay = 0.5;
  if (strategy != "direct") r.weight_decay_theta = 0.02;
  return r;
}

RunConfig regularised(const std::string& strategy) {
  RunConfig c = small_run(strategy);
  c.regularisation = everything(strategy);
  return c;
}

Vector widened(const std::vector<float>& values) { return Vector(values.begin(), values.end()); }

double largest(const Vector& values) {
  double most = 0;
  for (const double v : values) most = std::max(most, std::abs(v));
  return most;
}

/// Buffers are not shared, so that all of them can be read after a step.
struct Trained {
  explicit Trained(const RunConfig& config, std::size_t n_train = 64)
      : data(n_train, 10),
        recipe(recipe_of(config)),
        session(recipe, network(config.net), data.dataset, Purpose::train,
                plan_arena_without_reuse) {}
  ToyData data;
  Recipe recipe;
  Session session;
};

/// Batch `step` of epoch 0, augmented by the reference.
struct Batch {
  Vector x;
  std::vector<std::uint8_t> labels;
};

Batch augmented_batch(const Trained& run, int step) {
  const SampleFeed& set = run.session.run_schedule().samples;
  const std::size_t total = run.session.counts().total();
  std::vector<std::uint32_t> order(total);
  std::vector<std::uint8_t> labels(total), images(total * 784);
  run.session.program().read<std::uint32_t>(order, set.order);
  run.session.program().read<std::uint8_t>(labels, set.labels);
  run.session.program().read<std::uint8_t>(images, set.values);
  const AugmentDesc desc = run.recipe.regularisation.augment(run.recipe.seed);
  Batch batch;
  for (int row = 0; row < run.recipe.batch; ++row) {
    const std::size_t sample = order[static_cast<std::size_t>(step * run.recipe.batch + row)];
    const auto pixels = images.begin() + static_cast<std::ptrdiff_t>(sample * 784);
    const Augmentation a = draw_augmentation(desc, 28, 28, step, row);
    batch.labels.push_back(labels[sample]);
    for (const double p : reference::augment(Vector(pixels, pixels + 784), 28, 28,
                                             {a.flip, a.dx, a.dy, a.cut_x, a.cut_y, a.cut_size}, 0))
      batch.x.push_back((p / 255 - run.session.pixels().mean[0]) / run.session.pixels().stddev[0]);
  }
  return batch;
}

/// How near the net is to a kink, where a rounding may send a gradient another way. Equal values
/// are none: emptied pixels make equal patches, and it is the same which of them wins.
double kink_margin(const reference::Net& net, const reference::Trace& t, std::size_t n) {
  double margin = 1;
  const auto placed = reference::place(net);
  for (std::size_t l = 0; l < placed.size(); ++l) {
    const Vector& x = t.values[l];
    if (placed[l].layer.kind == reference::Layer::relu)
      margin = std::min(margin, reference::relu_margin(x));
    if (placed[l].layer.kind != reference::Layer::maxpool) continue;
    const reference::MaxPool2d s = placed[l].maxpool2d(n);
    for (std::size_t i = 0; i < t.sources[l].size(); ++i) {
      const std::size_t column = i % (s.w / 2), row = i / (s.w / 2) % (s.h / 2);
      const std::size_t corner = (i / (s.w / 2) / (s.h / 2) * s.h + 2 * row) * s.w + 2 * column;
      for (const std::size_t j : {corner, corner + 1, corner + s.w, corner + s.w + 1})
        if (const double lead = x[t.sources[l][i]] - x[j]; lead > 0)
          margin = std::min(margin, lead);
    }
  }
  return margin;
}

/// The gradient of theta that a step with everything on must have.
Vector wanted_dtheta(const Trained& run, const Vector& theta, const Batch& batch, double& loss) {
  const reference::Net net = reference::cnn2();
  const reference::Trace trace = reference::trace(net, theta, batch.x);
  const double margin = kink_margin(net, trace, batch.labels.size());
  BOOST_REQUIRE(margin > 3e-6);  // several times what rounds off the activations
  const Regularisation& r = run.recipe.regularisation;
  const auto ce = reference::cross_entropy(trace.logits(), batch.labels, 10, batch.labels.size(),
                                           r.label_smoothing);
  loss = ce.loss;
  Vector dtheta = reference::backward(net, theta, trace, ce.dlogits);
  const Vector decay = reference::l2_gradient(theta, r.weight_decay_theta);
  for (std::size_t j = 0; j < dtheta.size(); ++j) dtheta[j] += decay[j];
  return dtheta;
}

}  // namespace

// Step 2 is on a GPU the first that is replayed from a record: its draws must still be its own.
BOOST_AUTO_TEST_CASE(a_step_with_everything_on_agrees_with_the_reference) {
  for (const char* strategy : {"direct", "slvt"}) {
    RunConfig config = regularised(strategy);
    config.batch = 4;  // fewer values that could be near a kink
    Trained run(config);
    run.session.begin_epoch(0);
    Vector theta;
    double seen_loss = 0;
    for (int step = 0; step < 3; ++step) {
      seen_loss = run.session.control().loss_sum;
      if (run.recipe.mapping.strategy == Strategy::direct) theta = widened(run.session.values());
      run.session.train_step(step);
    }
    if (run.recipe.mapping.strategy != Strategy::direct) theta = widened(run.session.theta());
    double loss = 0;
    const Vector dtheta = wanted_dtheta(run, theta, augmented_batch(run, 2), loss);
    seen_loss = run.session.control().loss_sum - seen_loss;
    BOOST_TEST(std::abs(seen_loss / run.recipe.batch - loss) < 1e-4 * loss, strategy);
    // As in gradient_test: a few 1e-6 a layer.
    check_close(widened(run.session.dtheta()), dtheta, 1e-4 * largest(dtheta), 1e-4, "dtheta");
  }
}

// With identity and no base theta is linear in z, so the penalty W / 2 ||theta||^2 is homogeneous:
// z . d/dz of it is W ||theta||^2 (Euler). What it adds to the gradient is the difference of two
// runs' first steps.
BOOST_AUTO_TEST_CASE(decay_of_theta_reaches_the_latents_through_the_map) {
  for (const char* strategy : {"slvt", "lwt"}) {
    RunConfig config = small_run(strategy);
    Vector gradients[2], z, theta;
    for (const bool on : {false, true}) {
      config.regularisation.weight_decay_theta = on ? 0.5 : 0;
      Trained run(config);
      z = widened(run.session.values());
      run.session.begin_epoch(0);
      run.session.train_step(0);
      gradients[on] = widened(run.session.gradient());
      theta = widened(run.session.theta());
    }
    const double added = reference::dot(z, gradients[1]) - reference::dot(z, gradients[0]);
    const double want = 2 * reference::l2_loss(theta, 0.5);
    // Sums of 108618 float32 products, their roundings of either sign.
    BOOST_TEST(std::abs(added - want) < 1e-4 * want, strategy << ": " << added << ", " << want);
  }
}

BOOST_AUTO_TEST_CASE(trained_values_decay_and_their_average_follows_as_the_reference_says) {
  for (const char* strategy : {"direct", "slvt"}) {
    RunConfig config = regularised(strategy);
    config.epochs = 2;
    Trained run(config);
    BOOST_TEST((run.session.evaluated_values() == run.session.values()));  // before the first step
    reference::AdamState state;
    std::vector<Vector> after;
    for (int epoch = 0; epoch < 2; ++epoch) {
      run.session.begin_epoch(epoch);
      for (int step = 0; step < run.session.steps_per_epoch(); ++step) {
        Vector x = widened(run.session.values());
        run.session.train_step(step);
        const double lr =
            run.session.learning_rate_at(epoch * run.session.steps_per_epoch() + step);
        reference::adam_step(x, widened(run.session.gradient()), state,
                             {.lr = lr, .weight_decay = run.recipe.regularisation.weight_decay});
        after.push_back(widened(run.session.values()));
        // A step of Adam is off by 6e-5 of itself, which is at most a few lr; float32 rounds z.
        check_close(after.back(), x, 3 * lr * 6e-5, 1e-6, "values");
        // A few of the average's last roundings add up.
        check_close(widened(run.session.evaluated_values()),
                    reference::exponential_average(after, 0.8), 4 * 0x1p-24 * largest(x), 1e-6,
                    "average");
      }
    }
    BOOST_TEST(after.size() == 8u);
  }
}

BOOST_AUTO_TEST_CASE(an_evaluation_sees_whole_images_and_the_plain_loss) {
  for (const char* strategy : {"direct", "slvt"}) {
    Trained with(regularised(strategy)), without(small_run(strategy));
    for (const Split split : {Split::train, Split::test}) {
      const Metrics a = with.session.evaluate(split), b = without.session.evaluate(split);
      BOOST_TEST(a.loss == b.loss);
      BOOST_TEST(a.accuracy == b.accuracy);
    }
  }
}

BOOST_AUTO_TEST_CASE(a_regularised_run_has_the_same_bits_again_and_in_shared_memory) {
  const ToyData data(90, 20);
  for (const char* strategy : {"direct", "slvt", "lwt"}) {
    const Recipe recipe = recipe_of(regularised(strategy));
    std::vector<std::vector<float>> results;
    for (Plan (*planner)(std::vector<Lifetime>) :
         {plan_arena, plan_arena, plan_arena_without_reuse}) {
      Session session(recipe, network("cnn2"), data.dataset, Purpose::train, planner);
      session.train_epoch(0);
      session.evaluate(Split::test);
      session.train_epoch(1);
      results.push_back(session.evaluated_values());
    }
    BOOST_TEST((results[0] == results[1]), strategy);
    BOOST_TEST((results[0] == results[2]), strategy);
  }
}

BOOST_AUTO_TEST_CASE(the_latent_file_holds_the_average_that_was_evaluated) {
  for (const char* strategy : {"direct", "slvt", "lwt"}) {
    const ToyData data(200, 40);
    const Recipe recipe = recipe_of(regularised(strategy));
    const auto folder = data.folder() / "run";
    const RunResult result = train_run(recipe, network("cnn2"), data.dataset, {folder});
    const nlohmann::json json = to_json(result);
    BOOST_TEST(json["evaluated_values"] == "ema");
    BOOST_TEST(json["regularisation"]["cutout"] == 8);
    BOOST_TEST(json["regularisation"]["augment_flip"] == true);
    const Model model = open_model(folder);
    const DeviceChoice here = {testing_cuda() ? "cuda" : "cpu", 0};
    const Metrics test = evaluate_model(model, data.dataset, Split::test, here);
    BOOST_TEST(test.loss == result.test.loss);

    Session session(recipe, network("cnn2"), data.dataset, Purpose::train);
    session.train_epoch(0);
    BOOST_TEST((session.evaluated_values() == model.file.values));
    BOOST_TEST((session.values() != model.file.values));
    if (recipe.mapping.strategy == Strategy::direct)
      BOOST_TEST((expand_theta(model, here) == model.file.values));
  }
}

BOOST_AUTO_TEST_CASE(values_that_are_set_are_what_is_evaluated) {
  Trained run(regularised("slvt"));
  run.session.train_epoch(0);
  const std::vector<float> values(run.session.values().size(), 0.5f);
  run.session.set_values(values);
  BOOST_TEST((run.session.evaluated_values() == values));
}

BOOST_AUTO_TEST_CASE(an_average_begins_at_weights_that_were_given) {
  const Folder at;
  RunConfig config = regularised("direct");
  config.finetune.pretrained = write_pretrained(at, network("cnn2")).string();
  const Trained run(config);
  BOOST_TEST((run.session.values() == some_weights(network("cnn2"))));
  BOOST_TEST((run.session.evaluated_values() == run.session.values()));
}

// Stripes stay where they are under a flip; a shift by one row blurs the border of two classes.
BOOST_AUTO_TEST_CASE(regularised_runs_learn_the_toy_classes) {
  if (testing_emulated()) return;  // takes it minutes; its steps are the CPU's (parity_test.cpp)
  const ToyData data(2000, 300);
  for (const char* strategy : {"direct", "slvt"}) {
    RunConfig config = small_run(strategy);
    config.batch = 32;
    config.epochs = 3;
    config.regularisation = {.shift = 1,
                             .flip = true,
                             .cutout = 6,
                             .label_smoothing = 0.1,
                             .weight_decay = 0.01,
                             .ema = 0.9};
    if (config.strategy != "direct") config.regularisation.weight_decay_theta = 1e-4;
    Session session(recipe_of(config), network("cnn2"), data.dataset, Purpose::train);
    for (int epoch = 0; epoch < config.epochs; ++epoch) session.train_epoch(epoch);
    const double accuracy = session.evaluate(Split::test).accuracy;
    BOOST_TEST(accuracy > 0.9, strategy << ": " << accuracy);
  }
}
