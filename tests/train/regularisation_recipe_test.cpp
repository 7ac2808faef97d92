#include <boost/test/unit_test.hpp>
#include <cmath>
#include <nlohmann/json.hpp>

#include "common/error.hpp"
#include "common/temporary.hpp"
#include "train/recipes.hpp"

using namespace mapnet;
using namespace mapnet::test;

BOOST_AUTO_TEST_CASE(what_is_out_of_range_is_refused_by_the_flags_name) {
  const auto refuses = [](std::initializer_list<std::string> parts, auto&& change,
                          const char* strategy = "slvt") {
    RunConfig c = small_run(strategy);
    change(c.regularisation, c);
    check_fails<UsageError>([&] { recipe_of(c); }, parts);
  };
  using R = Regularisation;
  refuses({"--augment-shift", "0 to 27"}, [](R& r, RunConfig&) { r.shift = 28; });
  refuses({"--augment-shift"}, [](R& r, RunConfig&) { r.shift = -1; });
  refuses({"--cutout", "0 to 28"}, [](R& r, RunConfig&) { r.cutout = 29; });
  refuses({"--label-smoothing"}, [](R& r, RunConfig&) { r.label_smoothing = 1; });
  refuses({"--weight-decay"}, [](R& r, RunConfig&) { r.weight_decay = -1; });
  refuses({"--weight-decay", "--lr"}, [](R& r, RunConfig& c) { r.weight_decay = 2, c.lr = 0.5; });
  refuses({"--weight-decay-theta"}, [](R& r, RunConfig&) { r.weight_decay_theta = -1; });
  refuses(
      {"--weight-decay-theta", "use --weight-decay"},
      [](R& r, RunConfig&) { r.weight_decay_theta = 1e-4; }, "direct");
  refuses({"--ema"}, [](R& r, RunConfig&) { r.ema = 1; });
  refuses({"--ema"}, [](R& r, RunConfig&) { r.ema = std::nan(""); });
}

BOOST_AUTO_TEST_CASE(regularisation_survives_json_and_says_only_what_is_on) {
  for (const char* strategy : {"direct", "slvt", "lwt"}) {
    RunConfig c = small_run(strategy);
    c.regularisation = {.shift = 3,
                        .flip = true,
                        .cutout = 8,
                        .label_smoothing = 0.1,
                        .weight_decay = 0.5,
                        .ema = 0.8};
    if (c.strategy != "direct") c.regularisation.weight_decay_theta = 0.02;
    const nlohmann::json json = to_json(recipe_of(c));
    BOOST_TEST(to_json(recipe_from_json(json)).dump() == json.dump());
    BOOST_TEST(json["regularisation"].contains("weight_decay_theta") == (c.strategy != "direct"));
    nlohmann::json plain = to_json(recipe_of(small_run(strategy)));
    BOOST_TEST(!plain.contains("regularisation"));
    BOOST_TEST(!recipe_from_json(plain).regularisation.any());
  }
}
