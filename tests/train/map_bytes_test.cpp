#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include "common/temporary.hpp"
#include "train/learned_runs.hpp"
#include "train/train_run.hpp"

/// What a result says is stored of a fixed map: all that its seed does not give, and nothing else.
using namespace mapnet;
using namespace mapnet::test;

namespace {

constexpr std::size_t kParams = 108'618;  // of cnn2

RunResult trained(RunConfig config) {
  const Folder scratch;
  return train_run(recipe_of(config), network_of(config), digits().dataset, {scratch.path / "run"});
}

/// In floats.
template <class Change>
void check_stored(std::size_t expected, RunConfig config, Change&& change) {
  config.epochs = 0;
  change(config);
  const RunResult result = trained(config);
  BOOST_TEST(result.map_bytes == 4 * expected);
  BOOST_TEST(to_json(result).at("map_bytes") == 4 * expected);
}

}  // namespace

BOOST_AUTO_TEST_CASE(of_a_map_that_follows_from_its_seed_nothing_is_stored) {
  const auto nothing = [](const char* what, auto&& change) {
    BOOST_TEST_CONTEXT(what) check_stored(0, small_run("slvt"), change);
  };
  nothing("hadamard", [](RunConfig&) {});
  nothing("its base is drawn", [](RunConfig& c) { c.base = "normal"; });
  nothing("its loss has tables", [](RunConfig& c) {
    c.modulation = "signed", c.activation = "sine", c.loss.terms = "task+smooth+align";
  });
  nothing("no refresh is due", [](RunConfig& c) { c.epochs = 1, c.refresh.every = 1000; });
  if (testing_emulated()) return;
  for (const char* kind : {"dense", "dense-bf16"})
    nothing(kind, [&](RunConfig& c) { c.map = kind, c.latent = 16; });
  nothing("regenerated", [](RunConfig& c) {
    c.map = "dense", c.latent = 16, c.footprint.map_storage = "regenerated";
  });
}

BOOST_AUTO_TEST_CASE(where_there_is_no_fixed_map_nothing_is_stored_of_it) {
  check_stored(0, small_run("direct"), [](RunConfig&) {});
  check_stored(0, small_run("slvt"),
               [](RunConfig& c) { c.variant.name = "lv-fulldnn", c.latent = 10; });
}

BOOST_AUTO_TEST_CASE(a_base_that_a_refresh_left_is_stored) {
  check_stored(kParams, small_run("slvt"), [](RunConfig& c) { c.epochs = 1, c.refresh.every = 2; });
}

BOOST_AUTO_TEST_CASE(a_learned_map_is_stored_wherever_it_is_kept) {
  const RunConfig gradient = learned_run("gradient");
  check_stored(kParams * *gradient.latent, gradient, [](RunConfig&) {});
  if (testing_emulated()) return;  // as these
  check_stored(kParams * *gradient.latent, gradient,
               [](RunConfig& c) { c.footprint.map_storage = "streamed"; });
  check_stored(kParams * (*gradient.latent + 1), gradient,
               [](RunConfig& c) { c.epochs = 1, c.refresh.every = 2; });

  RunConfig kronecker = learned_run("kronecker");
  kronecker.epochs = 0;
  const RunResult result = trained(kronecker);
  std::size_t values = 0;
  for (const KroneckerMatrix& m : make_map(network("cnn2"), result.recipe.mapping).matrices)
    values += m.rows * m.left + m.cols * m.right;
  BOOST_TEST(result.map_bytes == 4 * values);
}
