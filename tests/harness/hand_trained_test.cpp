#include <fmt/core.h>

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include "cli/program.hpp"
#include "common/file.hpp"
#include "common/temporary.hpp"

/// Folders of the harness' runs that somebody has trained in by hand: its own record of them
/// stays as it was.
using namespace mapnet;
using namespace mapnet::test;

namespace {

/// A row of one run, on noise.
struct HandTrained {
  Folder folder;
  std::string at = folder.path.string();
  std::filesystem::path run = folder.path / "runs/toy/mapped/noise-1x28x28x10/seed1";

  HandTrained() {
    folder.write("tables/toy.toml",
                 "id = \"toy\"\ntitle = \"Toy\"\nrecipes = \"None.\"\nmetrics = [\"accuracy\"]\n"
                 "seeds = [1]\nsettings = { net = \"cnn2\", batch = 128, epochs = 1 }\n"
                 "[[rows]]\nname = \"mapped\"\nmethod = \"Ours*\"\nparams = \"256\"\n"
                 "trainable = 256\nsettings.latent = 256\n[rows.data.noise-1x28x28x10]\n");
  }
  std::string reproduce(const std::string& more = "") const {
    return fmt::format(
        "reproduce --tables {0}/tables --runs {0}/runs --out {0}/reports --device cpu --threads 1 "
        "--lock {1}",
        at, more);
  }
  /// What the row says, with more, into the run's folder.
  void train(const std::string& more) const {
    check_outcome(fmt::format("train --net cnn2 --data noise-1x28x28x10 --batch 128 --epochs 1 "
                              "--latent 256 --device cpu --quiet --overwrite --out {} "
                              "{}",
                              run.string(), more),
                  0, {});
  }
  std::string model() const { return read_file(run / "model.latent"); }
  std::string result() const { return read_file(run / "result.json"); }
  std::filesystem::path record() const { return run / "harness.json"; }
};

}  // namespace

BOOST_AUTO_TEST_CASE(what_was_trained_by_hand_with_other_settings_is_no_run_of_the_row) {
  const HandTrained hand;
  check_outcome(hand.reproduce(), 0, {"toy: 1 done"});
  const std::string model = hand.model();
  for (const char* flags : {"--lr 0.01", "--seed 2"}) {
    hand.train(std::string("--threads 1 ") + flags);
    BOOST_TEST((hand.model() != model), flags);
    check_outcome(hand.reproduce(), 0,
                  {hand.run.string() + ": its result.json is not the one", "toy: 1 done"});
    BOOST_TEST((hand.model() == model), flags);
  }
}

// As where the harness is killed between the run's end and its record of it: the run says itself
// that it was trained as it is told.
BOOST_AUTO_TEST_CASE(a_run_whose_end_was_not_recorded_is_not_trained_again) {
  const HandTrained hand;
  check_outcome(hand.reproduce(), 0, {"toy: 1 done"});
  auto record = nlohmann::json::parse(read_file(hand.record()));
  const std::string result = hand.result();
  const std::string whole = read_file(hand.record());
  BOOST_TEST(record.erase("result") == 1u);
  write_file_atomic(hand.record(), record.dump());
  check_outcome(hand.reproduce(), 0, {"toy: 1 done"});
  BOOST_TEST(hand.result() == result);
  BOOST_TEST(read_file(hand.record()) == whole);
}
