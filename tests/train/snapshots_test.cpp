#include "train/snapshots.hpp"

#include <boost/test/unit_test.hpp>
#include <fstream>

#include "train/checkpoint.hpp"
#include "train/model.hpp"
#include "train/recipes.hpp"
#include "train/stopped_run.hpp"
#include "train/toy_data.hpp"

/// theta along a training: what is kept, and that keeping it changes nothing.
using namespace mapnet;
using namespace mapnet::test;

namespace {

/// Two epochs of six steps.
struct Watched {
  ToyData data{90, 20};
  RunConfig config;
  Folder scratch;

  explicit Watched(const std::string& strategy = "slvt") : config(small_run(strategy)) {
    config.epochs = 2;
  }
  Network net() const { return network_of(config); }
  RunFolder folder(const char* name) const { return {scratch.path / name}; }
  RunControl control(const char* name, std::int64_t every) const {
    return {.folder = folder(name).path, .resume = true, .snapshot_every = every};
  }
  void train(const char* name, std::int64_t every) const {
    train_run(recipe_of(config), net(), data.dataset, control(name, every));
  }
  void stop(const char* name, std::int64_t every, int after) const {
    stop_after(recipe_of(config), net(), data.dataset, control(name, every), after);
  }
  std::vector<float> theta(const Snapshot& snapshot) const {
    std::vector<float> values(net().param_count());
    read_snapshot(snapshot, net(), values);
    return values;
  }
};

std::vector<std::int64_t> steps_of(const std::vector<Snapshot>& snapshots) {
  std::vector<std::int64_t> steps;
  for (const Snapshot& s : snapshots) steps.push_back(s.step);
  return steps;
}

std::vector<std::string> bytes_of(const RunFolder& folder) {
  std::vector<std::string> all;
  for (const Snapshot& s : find_snapshots(folder)) all.push_back(read_file(s.file));
  return all;
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_first_theta_and_each_so_many_are_kept) {
  const Watched run;
  run.train("run", 4);
  const std::vector<Snapshot> found = find_snapshots(run.folder("run"));
  BOOST_TEST((steps_of(found) == std::vector<std::int64_t>{0, 4, 8, 12}));
  const DeviceChoice here = {testing_cuda() ? "cuda" : "cpu", 0};
  BOOST_TEST((run.theta(found.back()) == expand_theta(open_model(run.folder("run").path), here)));
  BOOST_TEST((run.theta(found[0]) != run.theta(found[1])));
  const ParamTensor bias = run.net().param("conv1.bias");
  const std::vector<float> theta = run.theta(found[1]);
  std::vector<float> values(bias.size);
  read_snapshot(found[1], bias, values);
  BOOST_TEST(std::equal(values.begin(), values.end(), theta.begin() + long(bias.offset)));
}

// What an evaluation at that step would use: also where that is an average, and behind refreshes.
BOOST_AUTO_TEST_CASE(a_snapshot_is_the_theta_of_a_training_that_ends_there_and_changes_nothing) {
  for (const char* kind : {"direct", "direct ema", "slvt ema", "slvt refresh", "slvt prune"}) {
    BOOST_TEST_CONTEXT(kind) {
      const std::string text = kind;
      Watched run(text.substr(0, text.find(' ')));
      if (text.ends_with("ema")) run.config.regularisation.ema = 0.9;
      if (text.ends_with("refresh")) run.config.refresh.every = 3;
      if (text.ends_with("prune")) run.config.add_ons.prune = 0.5;
      run.train("without", 0);
      run.train("with", 1);
      check_same(left_in(run.folder("without")), left_in(run.folder("with")));
      const std::vector<Snapshot> found = find_snapshots(run.folder("with"));
      BOOST_TEST(found.size() == 13u);
      const Model model = open_model(run.folder("without").path);
      BOOST_TEST(
          (run.theta(found.back()) == expand_theta(model, {testing_cuda() ? "cuda" : "cpu", 0})));
    }
  }
}

BOOST_AUTO_TEST_CASE(a_stopped_run_has_the_same_snapshots_in_the_end) {
  const Watched run;
  run.train("whole", 2);
  const RunFolder parts = run.folder("parts");
  run.stop("parts", 2, 7);
  // As if it had been killed later, in the middle of a snapshot: further than its checkpoint.
  std::ofstream(parts.snapshots() / "step-0000000008.safetensors") << "of a run that was lost";
  std::ofstream(parts.snapshots() / "step-0000000008.safetensors.tmp7") << "half";
  run.stop("parts", 2, 1);
  BOOST_TEST((steps_of(find_snapshots(parts)) == std::vector<std::int64_t>{0, 2, 4, 6, 8}));
  run.train("parts", 2);
  BOOST_TEST((bytes_of(run.folder("whole")) == bytes_of(parts)));
  for (const auto& entry : std::filesystem::directory_iterator(parts.snapshots()))
    BOOST_TEST(entry.path().extension() == ".safetensors", entry.path());
}

BOOST_AUTO_TEST_CASE(a_series_that_would_not_be_whole_is_refused) {
  const Watched run;
  check_fails<UsageError>([&] { run.train("run", 13); }, {"--snapshot-every 13", "12 steps"});
  BOOST_TEST(!std::filesystem::exists(run.folder("run").path));  // before anything is written
  run.stop("run", 3, 7);
  check_fails([&] { run.train("run", 2); }, {"--snapshot-every 3", "--overwrite"});
  check_fails([&] { run.train("run", 0); }, {"--snapshot-every 3"});
  std::filesystem::remove(run.folder("run").snapshots() / "step-0000000003.safetensors");
  check_fails([&] { run.train("run", 3); }, {"step-0000000003.safetensors", "missing"});
  run.stop("without", 0, 7);
  check_fails([&] { run.train("without", 3); }, {"begun without --snapshot-every"});
  check_fails([&] { find_snapshots(run.folder("without")); }, {"no snapshots", "--snapshot-every"});
}

BOOST_AUTO_TEST_CASE(another_run_in_the_folder_leaves_none_of_the_old_ones) {
  const Watched run;
  run.train("run", 2);
  RunControl control = run.control("run", 6);
  control.resume = false;
  control.overwrite = true;
  train_run(recipe_of(run.config), run.net(), run.data.dataset, control);
  BOOST_TEST((steps_of(find_snapshots(run.folder("run"))) == std::vector<std::int64_t>{0, 6, 12}));
}

// 90 million of 2 MiB each.
BOOST_AUTO_TEST_CASE(a_series_that_has_no_room_leaves_the_run_it_was_to_replace) {
  Watched run;
  if (std::filesystem::space(std::filesystem::temp_directory_path()).available >> 47) {
    BOOST_TEST_MESSAGE("skipped: this disk has room for it");
    return;
  }
  run.train("run", 4);
  const auto before = contents_of(run.folder("run").path);
  run.config.net = "cnn1";
  run.config.epochs = 1'000'000;
  run.config.batch = 1;
  RunControl control = run.control("run", 1);
  control.resume = false;
  control.overwrite = true;
  bool set_up = false;  // which may have learned a map for hours
  control.begins = [&] { set_up = true; };
  check_fails([&] { train_run(recipe_of(run.config), run.net(), run.data.dataset, control); },
              {"90000001 snapshots take", "there is room for", "--snapshot-every 10"});
  BOOST_TEST(!set_up);
  BOOST_TEST((contents_of(run.folder("run").path) == before));
}

// They are needed as long as the model is used.
BOOST_AUTO_TEST_CASE(a_run_does_not_clear_the_weights_it_begins_with) {
  Watched run("direct");
  run.train("run", 4);
  const RunFolder folder = run.folder("run");
  run.config.finetune.pretrained = find_snapshots(folder).front().file.string();
  RunControl control = run.control("run", 0);
  control.resume = false, control.overwrite = true;
  check_fails<UsageError>(
      [&] { train_run(recipe_of(run.config), run.net(), run.data.dataset, control); },
      {"--pretrained", "own folder", "another --out"});
  BOOST_TEST(find_snapshots(folder).size() == 4u);
  BOOST_TEST(folder.finished());
}

BOOST_AUTO_TEST_CASE(a_snapshot_of_another_network_is_refused) {
  const Watched run;
  run.train("run", 6);
  const Snapshot snapshot = find_snapshots(run.folder("run")).front();
  const Network other = network("cnn1");
  std::vector<float> theta(other.param_count());
  check_fails([&] { read_snapshot(snapshot, other, theta); },
              {snapshot.file.string(), "conv1.weight"});
}
