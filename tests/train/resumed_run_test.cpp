#include <boost/test/unit_test.hpp>
#include <functional>

#include "train/build_info.hpp"
#include "train/checkpoint.hpp"
#include "train/recipes.hpp"
#include "train/stopped_run.hpp"
#include "train/toy_data.hpp"
#include "train/toy_tasks.hpp"

/// What a run saves before its last evaluations, and what one that is gone on with compares and
/// tells.
using namespace mapnet;
using namespace mapnet::test;

namespace {

/// Of six steps two are done.
struct HalfDone {
  ToyData data{96, 20};
  Recipe recipe = recipe_of(small_run("slvt"));
  Network net = network("cnn2");
  Folder scratch;
  RunFolder folder{scratch.path / "run"};

  HalfDone() { stop_after(recipe, net, data.dataset, {.folder = folder.path}, 2); }

  void change(const std::function<void(Checkpoint&)>& how) const {
    Checkpoint checkpoint = read_checkpoint(folder.checkpoint());
    how(checkpoint);
    write_checkpoint(folder, checkpoint);
  }

  /// What it tells.
  std::string resume() const {
    std::string told;
    RunControl control{.folder = folder.path, .resume = true};
    control.notice = [&](const std::string& text) { told += text + "\n"; };
    train_run(recipe, net, data.dataset, control);
    return told;
  }
};

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

/// Pictures of which one to test cannot be read.
struct OneBrokenPicture {
  ToyPictures pictures{16, 8, 2};
  RunConfig config = toy_run("cnn3", pictures.dataset, "slvt");
  Network net;
  std::filesystem::path broken = pictures.folder() / "test" / "images" / "picture108.png";
  std::string whole = read_file(broken);

  explicit OneBrokenPicture(int epochs) {
    config.batch = 4;
    config.epochs = epochs;
    net = network_for(config, pictures.dataset);
    write_file_atomic(broken, whole.substr(0, whole.size() / 2));
  }
  void train(const RunControl& control, const Watch& watch = {}) const {
    train_run(resolve(config, net), net, pictures.dataset, control, watch);
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE(what_was_trained_outlives_an_evaluation_that_fails) {
  const OneBrokenPicture run(1);
  const Folder scratch;
  const RunFolder whole{scratch.path / "whole"}, parts{scratch.path / "parts"},
      never{scratch.path / "never"};
  RunControl control{.folder = parts.path, .resume = true};
  control.checkpoints.steps = 1000;
  check_fails([&] { run.train(control); }, {run.broken.string()});
  BOOST_TEST(position_text(read_checkpoint(parts.checkpoint())) == "epoch 1, step 2");
  check_fails([&] { run.train({.folder = never.path}); }, {run.broken.string()});
  BOOST_TEST(!never.interrupted());  // as asked
  write_file_atomic(run.broken, run.whole);
  run.train(control);
  run.train({.folder = whole.path});
  check_same(left_in(whole), left_in(parts));
  BOOST_TEST(!std::filesystem::exists(parts.checkpoint()));
}

// With a split set aside the last epoch ends with an evaluation of it.
BOOST_AUTO_TEST_CASE(a_run_that_was_saved_behind_its_last_step_ends_as_any) {
  const ToyData data(90, 20);
  RunConfig config = small_run("slvt");
  config.validation = 10;
  config.epochs = 2;
  const Network net = network("cnn2");
  const Folder scratch;
  const RunFolder whole{scratch.path / "whole"}, parts{scratch.path / "parts"};
  train_run(recipe_of(config), net, data.dataset, {.folder = whole.path});
  struct Killed {};
  RunControl control{.folder = parts.path, .resume = true};
  control.checkpoints.steps = 7;
  const auto die = [](const EpochReport& e) {
    if (e.finished && e.epoch == 2) throw Killed();
  };
  BOOST_CHECK_THROW(train_run(recipe_of(config), net, data.dataset, control, die), Killed);
  BOOST_TEST(position_text(read_checkpoint(parts.checkpoint())) == "epoch 2, step 5");
  train_run(recipe_of(config), net, data.dataset, control);
  check_same(left_in(whole), left_in(parts));
}

BOOST_AUTO_TEST_CASE(a_picture_that_cannot_be_read_is_told_after_the_first_epoch) {
  const OneBrokenPicture run(3);
  const Folder scratch;
  int epochs = 0;
  const Watch count = [&](const EpochReport& e) { epochs += e.finished; };
  check_fails([&] { run.train({.folder = scratch.path / "run"}, count); }, {run.broken.string()});
  BOOST_TEST(epochs == 1);
}

BOOST_AUTO_TEST_CASE(other_labels_of_the_same_pictures_are_refused) {
  const HalfDone run;
  const auto file = run.data.folder() / "train-labels-idx1-ubyte";
  const std::string labels = read_file(file);
  std::string others = labels;
  others.back() = static_cast<char>((others.back() + 1) % 10);
  write_file_atomic(file, others);
  check_fails([&] { run.resume(); }, {"cannot resume", "the set of labels is not the one"});
  write_file_atomic(file, labels);
  BOOST_CHECK_NO_THROW(run.resume());
}

BOOST_AUTO_TEST_CASE(labels_of_pictures_that_are_decoded_are_compared_too) {
  const ToyPictures pictures(16, 8, 2);
  RunConfig config = toy_run("cnn3", pictures.dataset, "slvt");
  config.batch = 4;
  const Network net = network_for(config, pictures.dataset);
  const Recipe recipe = resolve(config, net);
  for (const char* samples : {"memory", "file"}) {
    Recipe other = recipe;
    other.footprint.samples_in_file = samples == std::string("file");
    Session session(other, net, pictures.dataset, Purpose::train);
    TrainingState state = session.training_state();
    BOOST_TEST(state.labels_checksum != 0u, samples);
    ++state.labels_checksum;
    check_fails([&] { session.restore(state); }, {"the set of labels is not the one"});
  }
}

// Files were written before labels were compared, and before they said by which program.
BOOST_AUTO_TEST_CASE(another_programs_checkpoint_is_gone_on_with_and_told) {
  const HalfDone run;
  BOOST_TEST(read_checkpoint(run.folder.checkpoint()).program == program_identity());
  run.change([](Checkpoint& c) { c.program = "mapnet 0.0.1 (abc)\ncompilers: none"; });
  const std::string told = run.resume();
  BOOST_TEST(holds(told, "another mapnet (mapnet 0.0.1 (abc)): the end may not be the same"), told);

  const HalfDone older;
  older.change([](Checkpoint& c) { c.program.clear(), c.state.labels_checksum = 0; });
  const std::string of_older = older.resume();
  BOOST_TEST(holds(of_older, "another mapnet: the end may not be the same"), of_older);
  const std::string of_own = HalfDone().resume();
  BOOST_TEST(!holds(of_own, "another mapnet"), of_own);
}

BOOST_AUTO_TEST_CASE(what_keeps_a_run_from_going_on_is_told_with_what_differs) {
  const HalfDone run;
  const std::string good = read_file(run.folder.checkpoint());
  const auto refuses = [&](const std::function<void(Checkpoint&)>& how,
                           std::initializer_list<std::string> parts) {
    run.change(how);
    check_fails([&] { run.resume(); }, parts);
    write_file_atomic(run.folder.checkpoint(), good);
  };
  refuses([](Checkpoint& c) { c.state.pixels.mean[0] = 0.125; },
          {"cannot resume", "their means were [0.125] and are [0.3", "--data-dir"});
  refuses([](Checkpoint& c) { c.state.buffers[0].bytes += "x"; },
          {"cannot resume", "expected values of 1024 bytes, found values of 1025 bytes",
           "--overwrite"});
  refuses([](Checkpoint& c) { c.state.buffers.pop_back(); },
          {"expected control of", "found no further buffer", "--overwrite"});
  refuses([](Checkpoint& c) { c.state.step = 7; }, {"at most 6 steps", "found 7", "--overwrite"});
  refuses(
      [](Checkpoint& c) {
        c.device = "cpu (another processor, 9 threads)";
        c.state.labels_checksum += 1;
      },
      {"labels", "the checkpoint is from cpu (another processor, 9 threads), this is "});
  refuses([](Checkpoint& c) { c.state.map_checksum = 1; },
          {"its map was learned to other bits", "00000001 then", "--threads", "--overwrite"});
}
