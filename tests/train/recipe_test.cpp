#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include "common/error.hpp"
#include "common/temporary.hpp"
#include "train/recipes.hpp"

using namespace mapnet;
using namespace mapnet::test;

BOOST_AUTO_TEST_CASE(what_is_left_open_depends_on_the_strategy) {
  RunConfig c;
  const Recipe slvt = recipe_of(c);
  BOOST_TEST(slvt.mapping.latents.at(0) == 2048u);
  BOOST_TEST(slvt.lr == 0.08);
  BOOST_TEST(slvt.threads >= 1);
  c.strategy = "lwt";
  BOOST_TEST(trainable_params(recipe_of(c), network("cnn2")) == 2688u);
  c.strategy = "direct";
  BOOST_TEST(recipe_of(c).lr == 0.003);
  BOOST_TEST(trainable_params(recipe_of(c), network("cnn2")) == 108618u);
}

BOOST_AUTO_TEST_CASE(contradictions_are_refused_by_the_flags_name) {
  const auto refuses = [](const char* flag, auto&& change) {
    RunConfig c;
    change(c);
    check_fails<UsageError>([&] { recipe_of(c); }, {flag});
  };
  refuses("--latent", [](RunConfig& c) { c.strategy = "direct", c.latent = 10; });
  refuses("--latents", [](RunConfig& c) { c.strategy = "direct", c.latents = {1}; });
  refuses("--map", [](RunConfig& c) { c.strategy = "direct", c.map = "dense"; });
  refuses("--modulation", [](RunConfig& c) { c.strategy = "direct", c.modulation = "none"; });
  refuses("--activation", [](RunConfig& c) { c.strategy = "direct", c.activation = "tanh"; });
  refuses("--base", [](RunConfig& c) { c.strategy = "direct", c.base = "zero"; });
  refuses("--latent-std", [](RunConfig& c) { c.strategy = "direct", c.latent_std = 1; });
  refuses("--latents", [](RunConfig& c) { c.latents = {1, 2, 3, 4}; });
  refuses("--latent", [](RunConfig& c) {
    c.strategy = "lwt", c.latent = 100, c.latents = {1, 2, 3, 4};
  });
  refuses("--alpha", [](RunConfig& c) { c.alpha = 0.1; });
  refuses("--omega", [](RunConfig& c) { c.omega = 2; });
  refuses("--omega", [](RunConfig& c) { c.activation = "sine", c.omega = -1; });
  refuses("--base", [](RunConfig& c) { c.base = "one"; });
  refuses("--latent-std", [](RunConfig& c) { c.latent_std = 0; });
  refuses("--epochs", [](RunConfig& c) { c.epochs = -1; });
  refuses("--batch", [](RunConfig& c) { c.batch = 0; });
  refuses("--lr", [](RunConfig& c) { c.lr = 0; });
  refuses("--warmup", [](RunConfig& c) { c.warmup = -1; });
  refuses("--threads", [](RunConfig& c) { c.threads = -2; });
  refuses("--lrd", [](RunConfig& c) { c.add_ons.low_rank = "conv1:2"; });
  refuses("--prune", [](RunConfig& c) { c.add_ons.prune = 0; });
  refuses("--prune", [](RunConfig& c) { c.add_ons.prune = 1; });
  refuses("--prune-scope", [](RunConfig& c) { c.add_ons.prune_scope = "global"; });
  refuses("--prune-at", [](RunConfig& c) { c.add_ons.prune_at = 0.5; });
  refuses("--prune-at", [](RunConfig& c) { c.add_ons.prune = 0.9, c.add_ons.prune_at = 1.5; });
  refuses("global or tensor",
          [](RunConfig& c) { c.add_ons.prune = 0.9, c.add_ons.prune_scope = "layer"; });
  refuses("none or int8", [](RunConfig& c) { c.add_ons.quantize = "int4"; });
  refuses("35914", [](RunConfig& c) { c.add_ons.low_rank = "fc1:32", c.latent = 40000; });
  refuses("108618", [](RunConfig& c) { c.latent = 200000; });
  refuses("direct, slvt, lwt", [](RunConfig& c) { c.strategy = "both"; });
  refuses("dense, dense-bf16, hadamard", [](RunConfig& c) { c.map = "magic"; });
  refuses("none, scalar, signed", [](RunConfig& c) { c.modulation = "loud"; });
  refuses("identity, tanh, sine", [](RunConfig& c) { c.activation = "gelu"; });
}

BOOST_AUTO_TEST_CASE(a_recipe_survives_json) {
  for (const char* strategy : {"direct", "slvt", "lwt"}) {
    RunConfig c = small_run(strategy);
    if (c.strategy != "direct") {
      c.modulation = "signed";
      c.alpha = 0.25;
      c.activation = "sine";
      c.omega = 3;
      c.base = "normal";
      c.latent_std = 0.5;
      c.map = "dense-bf16";
    }
    c.add_ons = {"fc1:32,fc2:4", 0.9, 0.25, "tensor", "int8"};
    const Recipe recipe = recipe_of(c);
    const nlohmann::json json = to_json(recipe);
    BOOST_TEST(to_json(recipe_from_json(json)).dump() == json.dump());
    nlohmann::json broken = json;
    broken.erase("lr");
    check_fails([&] { recipe_from_json(broken); }, {"lr"});
  }
}
