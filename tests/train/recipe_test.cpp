#include <boost/test/unit_test.hpp>
#include <cmath>
#include <functional>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>

#include "common/error.hpp"
#include "common/temporary.hpp"
#include "train/pretrained_file.hpp"
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
  refuses("--refresh", [](RunConfig& c) { c.strategy = "direct", c.refresh.every = 200; });
  refuses("--pretrained", [](RunConfig& c) { c.finetune.pretrained = "caf\xe9.safetensors"; });
  refuses("--init", [](RunConfig& c) { c.init = "caf\xe9"; });
  const double none = std::nan(""), endless = std::numeric_limits<double>::infinity();
  for (const double value : {none, endless}) {
    refuses("--lr", [&](RunConfig& c) { c.lr = value; });
    refuses("--warmup", [&](RunConfig& c) { c.warmup = value; });
    refuses("--latent-std", [&](RunConfig& c) { c.latent_std = value; });
    refuses("--alpha", [&](RunConfig& c) { c.modulation = "signed", c.alpha = value; });
    refuses("--omega", [&](RunConfig& c) { c.activation = "sine", c.omega = value; });
  }
  refuses("--refresh", [](RunConfig& c) { c.refresh.every = 0; });
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
    if (c.strategy == "lwt") {  // the two contradict each other
      c.refresh.every = 200;
      c.add_ons.prune.reset(), c.add_ons.prune_at.reset(), c.add_ons.prune_scope.reset();
    }
    const Recipe recipe = recipe_of(c);
    const nlohmann::json json = to_json(recipe);
    BOOST_TEST(to_json(recipe_from_json(json)).dump() == json.dump());
    nlohmann::json broken = json;
    broken.erase("lr");
    check_fails([&] { recipe_from_json(broken); }, {"lr"});
  }
}

BOOST_AUTO_TEST_CASE(rounded_factors_survive_json) {
  Recipe recipe = recipe_of(small_run("slvt"));
  for (const FastMath fast_math : {FastMath::off, FastMath::tf32, FastMath::bf16}) {
    recipe.fast_math = fast_math;
    BOOST_TEST((recipe_from_json(to_json(recipe)).fast_math == fast_math));
  }
  nlohmann::json json = to_json(recipe);
  json["fast_math"] = "fp8";
  check_fails([&] { recipe_from_json(json); }, {"fast_math", "off, tf32 or bf16", "found fp8"});
  json.erase("fast_math");  // of an older file
  BOOST_TEST((recipe_from_json(json).fast_math == FastMath::off));
}

namespace {

/// Of a run of CNN2, as `mapnet train` calls its folder.
template <class Change>
std::string name_of(Change&& change) {
  RunConfig c;
  c.device = "cpu";
  change(c);
  return default_run_name(recipe_of(c), network_of(c));
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_run_is_called_by_its_flags) {
  const auto is_called = [](const std::string& name, auto&& change) {
    BOOST_TEST(name_of(change) == name);
  };
  is_called("cnn2-fashion-mnist-slvt-2048-seed1", [](RunConfig&) {});
  is_called("cnn2-fashion-mnist-slvt-2048-seed1", [](RunConfig& c) { c.threads = 3; });
  is_called("cnn2-mnist-slvt-64-seed7",
            [](RunConfig& c) { c.data = "mnist", c.latent = 64, c.seed = 7; });
  is_called("cnn2-fashion-mnist-direct-seed1", [](RunConfig& c) { c.strategy = "direct"; });
  is_called("cnn2-fashion-mnist-lwt-2688-seed1", [](RunConfig& c) { c.strategy = "lwt"; });
  is_called("cnn2-fashion-mnist-slvt-lv-wmap-4096-seed1",
            [](RunConfig& c) { c.variant.name = "lv-wmap"; });
  is_called("cnn2-fashion-mnist-slvt-lv-fulldnn-543095-seed1",
            [](RunConfig& c) { c.variant.name = "lv-fulldnn"; });
  is_called("cnn2-fashion-mnist-slvt-2048-refresh200-seed1",
            [](RunConfig& c) { c.refresh.every = 200; });
  is_called("cnn2-fashion-mnist-slvt-2048-lrd-fc1-32-prune-0.9-seed1",
            [](RunConfig& c) { c.add_ons.low_rank = "fc1:32", c.add_ons.prune = 0.9; });
}

// Which it has no words for: else the second of them would find the first one's folder.
BOOST_AUTO_TEST_CASE(runs_of_other_flags_are_called_otherwise) {
  using Change = std::function<void(RunConfig&)>;
  const Change changes[] = {[](RunConfig& c) { c.epochs = 5; },
                            [](RunConfig& c) { c.lr = 0.01; },
                            [](RunConfig& c) { c.modulation = "signed"; },
                            [](RunConfig& c) { c.map = "dense"; },
                            [](RunConfig& c) { c.loss.terms = "task+align"; },
                            [](RunConfig& c) { c.validation = 500; },
                            [](RunConfig& c) { c.regularisation.flip = true; },
                            [](RunConfig& c) { c.footprint.samples = "file"; },
                            [](RunConfig& c) { c.add_ons.quantize = "int8"; }};
  const std::string plain = "cnn2-fashion-mnist-slvt-2048-seed1";
  std::set<std::string> names = {plain};
  for (const Change& change : changes) {
    const std::string name = name_of(change);
    BOOST_TEST(name.starts_with(plain + "-"), name);
    BOOST_TEST(name.size() == plain.size() + 7, name);
    BOOST_TEST(name_of(change) == name);
    names.insert(name);
  }
  const auto given = [](RunConfig& c) { c.strategy = "lwt", c.latents = {128, 640, 1280, 640}; };
  BOOST_TEST(name_of(given).starts_with("cnn2-fashion-mnist-lwt-2688-seed1-"), name_of(given));
  RunConfig c;
  c.device = "cpu";
  names.insert(default_run_name(recipe_of(c), network_of(c), "--snapshot-every 100"));
  names.insert(default_run_name(recipe_of(c), network_of(c), "--snapshot-every 200"));
  BOOST_TEST(names.size() == std::size(changes) + 3);
}

BOOST_AUTO_TEST_CASE(groups_that_contradict_each_other_are_refused_by_both_flags) {
  const auto refuses = [](std::initializer_list<std::string> parts, auto&& change) {
    RunConfig c = small_run("slvt");
    change(c);
    check_fails<UsageError>([&] { recipe_of(c); }, parts);
  };
  const auto refreshed = [](RunConfig& c) { c.refresh.every = 10; };
  refuses({"--refresh", "--prune"}, [&](RunConfig& c) { refreshed(c), c.add_ons.prune = 0.9; });
  refuses({"--refresh", "--ema"}, [&](RunConfig& c) { refreshed(c), c.regularisation.ema = 0.9; });
  refuses({"--refresh", "--loss"},
          [&](RunConfig& c) { refreshed(c), c.loss.terms = "task+align"; });
  refuses({"--refresh", "--variant"},
          [&](RunConfig& c) { refreshed(c), c.variant.name = "lv-wmap"; });
  refuses({"--loss", "lv-wmap"},
          [](RunConfig& c) { c.variant.name = "lv-wmap", c.loss.terms = "task+stab"; });
  refuses({"--prune", "smooth"},
          [](RunConfig& c) { c.add_ons.prune = 0.9, c.loss.terms = "task+smooth"; });
  const auto averaged = [](RunConfig& c) {
    c.strategy = "direct", c.latent.reset(), c.regularisation.ema = 0.9;
  };
  refuses({"--prune", "--ema"}, [&](RunConfig& c) { averaged(c), c.add_ons.prune = 0.9; });
  refuses({"--quantize", "--ema"}, [&](RunConfig& c) { averaged(c), c.add_ons.quantize = "int8"; });
}

BOOST_AUTO_TEST_CASE(contradictions_of_fine_tuning_are_refused_by_the_flags_name) {
  const Folder folder;
  const std::string file = write_pretrained(folder, network("cnn2")).string();
  const auto refuses = [&](std::initializer_list<std::string> parts, auto&& change) {
    RunConfig c = small_run("slvt");
    c.finetune.pretrained = file;
    change(c);
    check_fails<UsageError>([&] { recipe_of(c); }, parts);
  };
  refuses({"--finetune", "--pretrained"},
          [](RunConfig& c) { c.finetune.pretrained.reset(), c.finetune.layers = {"fc1"}; });
  refuses({"--share", "--pretrained"},
          [](RunConfig& c) { c.finetune.pretrained.reset(), c.finetune.share = 2; });
  refuses({"--finetune-alpha", "--pretrained"},
          [](RunConfig& c) { c.finetune.pretrained.reset(), c.finetune.alpha = {"1"}; });
  const auto direct = [](RunConfig& c) { c.strategy = "direct", c.latent.reset(); };
  refuses({"--finetune", "direct"}, [&](RunConfig& c) { direct(c), c.finetune.layers = {"all"}; });
  refuses({"--share", "direct"}, [&](RunConfig& c) { direct(c), c.finetune.share = 1; });
  refuses({"--finetune-alpha", "direct"},
          [&](RunConfig& c) { direct(c), c.finetune.alpha = {"1"}; });
  refuses({"--finetune fc3", "conv1, conv2, fc1, fc2"}, [](RunConfig& c) {
    c.finetune.layers = {"fc1", "fc3"};
  });
  refuses({"--share is 0"}, [](RunConfig& c) { c.finetune.share = 0; });
  for (const char* word : {"0", "-1", "x", "1x", "fc1:", ":1", "nan", "inf", "1e7", "fc9:1"})
    refuses({"--finetune-alpha"}, [&](RunConfig& c) { c.finetune.alpha = {word}; });
  refuses({"--finetune-alpha", "conv1"},
          [](RunConfig& c) { c.finetune.layers = {"fc1"}, c.finetune.alpha = {"conv1:2"}; });
  refuses({"--finetune-alpha"}, [](RunConfig& c) { c.finetune.alpha = {"1", "2"}; });
  refuses({"--base"}, [](RunConfig& c) { c.base = "normal"; });
  refuses({"--loss"}, [](RunConfig& c) { c.loss.terms = "task+align"; });
  refuses({"--map dense", "256 latents", "12"},
          [](RunConfig& c) { c.map = "dense", c.finetune.share = 25000; });
  refuses({"108618"}, [](RunConfig& c) { c.latent = 200000; });
  refuses({"2 layers"}, [](RunConfig& c) {
    c.strategy = "lwt", c.latent.reset(), c.latents = {1, 2, 3, 4};
    c.finetune.layers = {"fc1", "fc2"};
  });
  RunConfig c = small_run("slvt");
  c.finetune.pretrained = file;
  BOOST_TEST(recipe_of(c).latent_std == 0.0);
  BOOST_TEST(recipe_of(c).lr == 0.08);
  c.map = "dense-bf16", c.finetune.share = 250;
  BOOST_TEST(recipe_of(c).lr == 0.04);
}

BOOST_AUTO_TEST_CASE(a_fine_tuning_recipe_survives_json) {
  const Folder folder;
  const auto other = write_pretrained(folder, build_network("cnn2", {1, 28, 28, 4}));
  for (const char* strategy : {"direct", "slvt", "lwt"}) {
    RunConfig c;
    c.strategy = strategy;
    c.finetune.pretrained = other.string();
    if (c.strategy != "direct") {
      c.finetune.layers = {"fc1"};
      c.finetune.alpha = {"fc2:0.125"};
      c.finetune.share = 250;
    }
    const Recipe recipe = recipe_of(c);
    const nlohmann::json json = to_json(recipe);
    const Recipe back = recipe_from_json(json);
    BOOST_TEST(to_json(back).dump() == json.dump());
    BOOST_TEST((back.pretrained.fresh == recipe.pretrained.fresh));
    if (c.strategy == "direct") continue;
    BOOST_TEST(back.mapping.finetune.share == 250u);
    BOOST_TEST(make_map(network("cnn2"), back.mapping).target_size() == 410u + 1 + 1290);
    BOOST_TEST(json["finetune"]["layers"][1]["alpha"] == 0.125);
  }
}
