#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include "common/error.hpp"
#include "common/file.hpp"
#include "common/temporary.hpp"
#include "train/model.hpp"
#include "train/recipes.hpp"
#include "train/toy_data.hpp"
#include "train/train_run.hpp"

/// Table 7's variants from flags to files.
using namespace mapnet;
using namespace mapnet::test;

namespace {

RunConfig variant(const char* name) {
  RunConfig c = small_run("slvt");
  c.variant.name = name;
  if (c.variant.name->ends_with("dnn")) c.latent = 4;
  if (*c.variant.name == "full-dnn") c.variant.hidden = 3;
  return c;
}

const char* const kVariants[] = {"wm-off", "lv-wmap", "lv-fulldnn", "full-dnn"};

/// Values a schedule that was built trains; building it checks them against the recipe.
std::size_t planned(const RunConfig& c) {
  const RunSchedule run =
      build_run_schedule(recipe_of(c), network(c.net), {1000, 0, 100}, {}, Purpose::train);
  for (const BufferId id : {run.value, run.gradient})
    BOOST_TEST(run.schedule.buffer_bytes(id) == run.n_values * sizeof(float));
  return run.n_values;
}

}  // namespace

BOOST_AUTO_TEST_CASE(each_variant_trains_as_many_values_as_the_paper_says) {
  RunConfig c;
  c.device = small_run().device;
  const auto count = [&](const char* name) {
    c.variant.name = name;
    BOOST_TEST(trainable_params(recipe_of(c), network(c.net)) == planned(c));
    return planned(c);
  };
  BOOST_TEST(count("full-dnn") == 6753104u);
  BOOST_TEST(count("lv-fulldnn") == 543095u);
  c.latent = 15;
  BOOST_TEST(count("lv-fulldnn") == 1629285u);
  c.latent.reset();
  BOOST_TEST(count("wm-off") == 2048u);
  BOOST_TEST(count("lv-wmap") == 4096u);
  c.strategy = "lwt";
  BOOST_TEST(count("lv-wmap") == 2 * 2688u);
}

BOOST_AUTO_TEST_CASE(contradictions_of_a_variant_are_refused_by_the_flags_name) {
  const auto refuses = [](const char* name, const char* flag, auto&& change) {
    RunConfig c;
    c.variant.name = name;
    change(c);
    check_fails<UsageError>([&] { recipe_of(c); }, {flag});
  };
  refuses("lv-dnn", "wm-off, lv-wmap, lv-fulldnn, full-dnn", [](RunConfig&) {});
  for (const char* name : kVariants)
    refuses(name, "--variant", [](RunConfig& c) { c.strategy = "direct"; });
  refuses("wm-off", "--modulation", [](RunConfig& c) { c.modulation = "signed"; });
  refuses("wm-off", "--alpha", [](RunConfig& c) { c.alpha = 0.1; });
  refuses("lv-wmap", "--modulation", [](RunConfig& c) { c.modulation = "none"; });
  for (const char* name : {"wm-off", "lv-wmap", "lv-fulldnn"})
    refuses(name, "--hidden", [](RunConfig& c) { c.variant.hidden = 61; });
  for (const char* name : {"lv-fulldnn", "full-dnn"}) {
    refuses(name, "--strategy", [](RunConfig& c) { c.strategy = "lwt"; });
    refuses(name, "--latents", [](RunConfig& c) { c.latents = {1, 2, 3, 4}; });
    refuses(name, "--map", [](RunConfig& c) { c.map = "dense"; });
    refuses(name, "--modulation", [](RunConfig& c) { c.modulation = "none"; });
    refuses(name, "--alpha", [](RunConfig& c) { c.alpha = 1; });
    refuses(name, "--activation", [](RunConfig& c) { c.activation = "tanh"; });
    refuses(name, "--omega", [](RunConfig& c) { c.omega = 1; });
    refuses(name, "--base", [](RunConfig& c) { c.base = "normal"; });
    refuses(name, "--latent-std", [](RunConfig& c) { c.latent_std = 0; });
    refuses(name, "--loss", [](RunConfig& c) { c.loss.terms = "task+align"; });
  }
  refuses("full-dnn", "--hidden", [](RunConfig& c) { c.variant.hidden = 0; });
  for (const char* terms : {"task+stab", "task+smooth", "task+align"})
    refuses("lv-wmap", "--loss", [&](RunConfig& c) { c.loss.terms = terms; });
}

BOOST_AUTO_TEST_CASE(a_variants_recipe_survives_json) {
  for (const char* name : kVariants) {
    const Recipe recipe = recipe_of(variant(name));
    const nlohmann::json json = to_json(recipe);
    BOOST_TEST(json.at("variant") == name);
    const Recipe back = recipe_from_json(json);
    BOOST_TEST(to_json(back).dump() == json.dump());
    BOOST_TEST(trainable_params(back, network("cnn2")) ==
               trainable_params(recipe, network("cnn2")));
  }
  BOOST_TEST(!to_json(recipe_of(small_run())).contains("variant"));  // as files were before
}

BOOST_AUTO_TEST_CASE(without_modulation_there_is_still_a_mapping_loss) {
  RunConfig c = variant("wm-off");
  c.loss.terms = "task+stab+smooth+align";
  BOOST_TEST(recipe_of(c).loss.any());
  BOOST_TEST(planned(c) == 256u);
}

// theta_j = w_j . x with w_j ~ N(0, scale_j^2 / n): mean squares are scale_j^2 times that of x,
// which is z itself, or the hidden layer's output, 1 but for the chance of its own draws.
BOOST_AUTO_TEST_CASE(trained_maps_start_with_the_spread_of_he_initialisation) {
  const auto mean_square = [](reference::View x) {
    return reference::dot(x, x) / static_cast<double>(x.size());
  };
  for (const char* name : {"lv-fulldnn", "full-dnn"}) {
    RunConfig c;
    c.device = small_run().device;
    c.variant.name = name;
    const Recipe recipe = recipe_of(c);
    const Network net = network("cnn2");
    Session session(recipe, net, {}, Purpose::expand);
    session.expand();
    const std::vector<float> values = session.values(), theta = session.theta();
    reference::Vector x(values.begin(), values.begin() + 5);
    if (recipe.mapping.hidden > 0) {
      const std::size_t d = 307, hidden = 61;
      x.assign(hidden, 0.0);
      for (std::size_t k = 0; k < hidden; ++k) {
        for (std::size_t i = 0; i < d; ++i)
          x[k] += static_cast<double>(values[k * d + i] *
                                      random_normals(c.seed, Stream::latent_init, i / 4)[i % 4]);
        x[k] = std::max(0.0, x[k]);
        BOOST_TEST(values[hidden * d + k] == 0.0f);  // b1
      }
      // Rectified squares have a variance of 5 for a mean of 1; the mean square of z one of 2 / d.
      BOOST_TEST(std::abs(mean_square(x) - 1) < 5 * std::sqrt(5.0 / 61 + 2.0 / 307));
    }
    for (const ParamTensor& p : net.params) {
      const auto part = theta.begin() + static_cast<std::ptrdiff_t>(p.offset);
      const reference::Vector w(part, part + static_cast<std::ptrdiff_t>(p.size));
      const double want = (!p.is_weight() ? 1.0 / 3 : 2.0) / p.fan_in * mean_square(x);
      BOOST_TEST(std::abs(mean_square(w) / want - 1) < 5 * std::sqrt(2.0 / double(p.size)),
                 name << " " << p.name);
    }
  }
}

BOOST_AUTO_TEST_CASE(every_variant_learns_the_toy_classes_and_its_file_is_the_whole_model) {
  // Learning takes an emulated GPU minutes; a step of it agrees with the CPU's (parity_test.cpp).
  const bool learns = !testing_cuda();
  const ToyData data(learns ? 2000 : 80, learns ? 300 : 20);
  for (const char* name : kVariants) {
    RunConfig c = variant(name);
    c.epochs = learns ? 3 : 1;
    if (c.variant.hidden) c.latent = 20, c.variant.hidden = 16;
    const Recipe recipe = recipe_of(c);
    const std::filesystem::path folder = data.folder() / name;
    const RunResult result = train_run(recipe, network("cnn2"), data.dataset, {folder});
    if (learns) BOOST_TEST(result.test.accuracy > 0.95, name << ": " << result.test.accuracy);
    const auto json = nlohmann::json::parse(read_file(folder / "result.json"));
    BOOST_TEST(json.at("variant") == name);
    const std::size_t n = trainable_params(recipe, network("cnn2"));
    BOOST_TEST(json.at("trainable_params") == n);
    BOOST_TEST(json.at("stored_value_bytes") == 4 * n);

    const Model model = open_model(folder);
    BOOST_TEST(model.file.values.size() == n);
    const DeviceChoice here = {testing_cuda() ? "cuda" : "cpu", 0};
    const Metrics test = evaluate_model(model, data.dataset, Split::test, here);
    BOOST_TEST(test.loss == result.test.loss, name);
    BOOST_TEST(expand_theta(model, here).size() == 108618u);
  }
}
