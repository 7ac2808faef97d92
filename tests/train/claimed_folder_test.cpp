#include <boost/test/unit_test.hpp>

#include "train/model.hpp"
#include "train/recipes.hpp"
#include "train/snapshots.hpp"
#include "train/stopped_run.hpp"
#include "train/toy_data.hpp"
#include "train/train_run.hpp"

/// Which files a run takes for its own, and which it leaves alone.
using namespace mapnet;
using namespace mapnet::test;

namespace {

/// A run of two epochs of two steps, in a folder where other files may lie.
struct SmallRun {
  ToyData data{32, 20};
  RunConfig config = small_run("slvt");
  Folder scratch;
  RunFolder folder{scratch.path / "run"};

  SmallRun() { config.epochs = 2; }
  std::filesystem::path put(const std::string& name) const {
    return scratch.write("run/" + name, "mine");
  }
  void train(RunControl control = {}, const Watch& watch = {}) const {
    control.folder = folder.path;
    train_run(recipe_of(config), network_of(config), data.dataset, control, watch);
  }
  void stop(RunControl control, int after) const {
    control.folder = folder.path;
    stop_after(recipe_of(config), network_of(config), data.dataset, control, after);
  }
  /// As a signal that cannot be caught would end it, behind the first epoch.
  void kill(const RunControl& control = {}) const {
    struct Killed {};
    const auto die = [](const EpochReport& e) {
      if (e.finished) throw Killed();
    };
    BOOST_CHECK_THROW(train(control, die), Killed);
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE(files_that_are_no_runs_are_not_replaced_by_accident) {
  for (const std::string name : {"model.latent", "metrics.jsonl", "snapshots/thesis.docx"}) {
    const SmallRun run;
    const auto file = run.put(name);
    for (const bool resume : {false, true})
      check_fails([&] { run.train({.resume = resume}); },
                  {run.folder.path.string() + ": holds " + name.substr(0, name.find('/')),
                   "another --out", "--overwrite"});
    BOOST_TEST(read_file(file) == "mine");
    BOOST_TEST(!std::filesystem::exists(run.folder.mark()));
  }
  const SmallRun run;  // under no name of a run's
  const auto notes = run.put("notes.txt");
  run.train();
  BOOST_TEST(read_file(notes) == "mine");
}

BOOST_AUTO_TEST_CASE(what_is_overwritten_is_a_run_and_nothing_beside_it) {
  const SmallRun run;
  const auto thesis = run.put("snapshots/thesis.docx"), notes = run.put("snapshots/step-1.txt");
  const auto half = run.put("snapshots/step-0000000002.safetensors.tmp7");
  run.put("snapshots/step-0000000001.safetensors");
  run.train({.overwrite = true, .snapshot_every = 2});
  BOOST_TEST(find_snapshots(run.folder).size() == 3u);
  BOOST_TEST(!std::filesystem::exists(half));
  run.stop({.overwrite = true, .snapshot_every = 1}, 2);
  run.train({.resume = true, .snapshot_every = 1});
  BOOST_TEST(find_snapshots(run.folder).size() == 5u);
  run.train({.overwrite = true});
  for (const auto& file : {thesis, notes}) BOOST_TEST(read_file(file) == "mine");
  check_fails([&] { find_snapshots(run.folder); }, {"no snapshots"});
  std::filesystem::remove(thesis), std::filesystem::remove(notes);
  run.train({.overwrite = true});
  BOOST_TEST(!std::filesystem::exists(run.folder.snapshots()));
}

BOOST_AUTO_TEST_CASE(a_run_killed_before_its_first_checkpoint_leaves_a_folder_to_begin_in) {
  const SmallRun run, whole;
  run.kill({.snapshot_every = 1});
  BOOST_TEST(!run.folder.interrupted());
  BOOST_TEST(run.folder.begun());
  run.kill();
  run.kill({.resume = true});
  run.train({.resume = true});
  whole.train();
  check_same(left_in(whole.folder), left_in(run.folder));
  BOOST_TEST(!run.folder.begun());
  BOOST_TEST(!std::filesystem::exists(run.folder.mark()));
  BOOST_TEST(!std::filesystem::exists(run.folder.snapshots()));
}

BOOST_AUTO_TEST_CASE(a_model_whose_training_is_not_over_is_told_as_such) {
  const SmallRun run;
  run.kill();
  const auto open = [&] { open_model(run.folder.path); };
  check_fails(open, {run.folder.path.string(), "its training has not finished", "nothing of it"});
  run.stop({}, 3);
  check_fails(open, {"its training has not finished (it was saved in epoch 2, step 1)",
                     "mapnet train ... --resume"});
  write_file_atomic(run.folder.checkpoint(), "nonsense");
  check_fails(open, {"its training has not finished (its checkpoint cannot be read)"});
}
