#include "train/checkpoint.hpp"

#include <sys/resource.h>

#include <boost/test/unit_test.hpp>
#include <csignal>

#include "train/pretrained_file.hpp"
#include "train/recipes.hpp"
#include "train/stopped_run.hpp"
#include "train/toy_data.hpp"
#include "train/toy_tasks.hpp"

/// A training that is stopped and goes on ends with the bits of one that was not.
using namespace mapnet;
using namespace mapnet::test;

namespace {

/// Stops behind each of these steps in turn, of the whole training, and compares.
void check_resumes(const Recipe& recipe, const Network& net, const Dataset& dataset,
                   const std::vector<int>& stops) {
  const Folder scratch;
  const RunFolder whole{scratch.path / "whole"}, parts{scratch.path / "parts"};
  train_run(recipe, net, dataset, {.folder = whole.path});
  int done = 0;
  for (const int stop : stops) {
    stop_after(recipe, net, dataset, {.folder = parts.path, .resume = true}, stop - done);
    BOOST_TEST(!parts.finished());
    done = stop;
  }
  train_run(recipe, net, dataset, {.folder = parts.path, .resume = true});
  check_same(left_in(whole), left_in(parts));
  BOOST_TEST(!std::filesystem::exists(parts.checkpoint()));
  BOOST_TEST(!std::filesystem::exists(parts.previous_checkpoint()));
}

/// Two epochs, of three steps on 42 samples.
RunConfig two_epochs(const std::string& strategy) {
  RunConfig config = small_run(strategy);
  config.epochs = 2;
  return config;
}

std::vector<RunConfig> every_kind_of_run(const std::string& pretrained) {
  std::vector<RunConfig> runs = {two_epochs("direct"), two_epochs("slvt"), two_epochs("lwt"),
                                 two_epochs("slvt"),   two_epochs("slvt"), two_epochs("slvt"),
                                 two_epochs("direct"), two_epochs("slvt")};
  runs[2].modulation = "signed";
  runs[2].activation = "sine";
  runs[2].regularisation = {.shift = 2, .flip = true, .cutout = 8, .ema = 0.9};
  runs[3].refresh.every = 4;
  runs[4].refresh.every = 2;
  runs[4].map = "dense";
  runs[4].latent = 32;
  runs[5].modulation = "signed";
  runs[5].loss.terms = "task+stab+smooth+align";
  runs[6].add_ons.prune = 0.5;
  runs[7].add_ons.prune = 0.9;
  runs[7].validation = 4;
  for (const char* variant : {"lv-wmap", "lv-fulldnn"}) {
    runs.push_back(two_epochs("slvt"));
    runs.back().variant.name = variant;
    runs.back().latent = 10;
  }
  runs.push_back(two_epochs("slvt"));
  runs.back().finetune.pretrained = pretrained;
  runs.back().finetune.share = 20;
  return runs;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_stopped_training_goes_on_to_the_same_bits) {
  const ToyData data(42, 20);
  const Folder weights;
  const std::string pretrained = write_pretrained(weights, network("cnn2")).string();
  for (const RunConfig& config : every_kind_of_run(pretrained))
    BOOST_TEST_CONTEXT(config.strategy << " " << config.variant.name.value_or("")
                                       << config.map.value_or("") << config.loss.terms << " "
                                       << config.finetune.pretrained.value_or(""))
  check_resumes(recipe_of(config), network_of(config), data.dataset, {1, 3, 5});
}

// The end of an epoch, the beginning of the next, the last step.
BOOST_AUTO_TEST_CASE(it_may_be_stopped_behind_any_step) {
  const ToyData data(90, 20);
  RunConfig config = two_epochs("slvt");
  config.validation = 10;
  config.batch = 20;
  const Recipe recipe = recipe_of(config);
  check_resumes(recipe, network_of(config), data.dataset, {1, 2, 3, 4, 5, 6, 7, 8});
}

BOOST_AUTO_TEST_CASE(running_statistics_and_recurrent_networks_go_on_too) {
  const ToySeries series(24 * 6);
  const ToyPictures pictures(16, 12, 2);
  for (const auto& [net_name, dataset] :
       {std::pair("lstm-1x8", &series.dataset), std::pair("cnn3", &pictures.dataset)}) {
    RunConfig config = toy_run(net_name, *dataset, "slvt");
    config.batch = 4;
    config.epochs = 2;
    const Network net = network_for(config, *dataset);
    check_resumes(resolve(config, net), net, *dataset, {2, 4});
  }
}

BOOST_AUTO_TEST_CASE(checkpoints_are_written_as_often_as_asked) {
  const ToyData data(96, 20);
  const Recipe recipe = recipe_of(two_epochs("slvt"));
  const Folder scratch;
  const RunFolder folder{scratch.path};
  RunControl control{.folder = folder.path};
  control.checkpoints.steps = 4;
  stop_after(recipe, network("cnn2"), data.dataset, control, 10);
  BOOST_TEST(position_text(read_checkpoint(folder.checkpoint())) == "epoch 2, step 4");
  BOOST_TEST(position_text(read_checkpoint(folder.previous_checkpoint())) == "epoch 2, step 2");
}

BOOST_AUTO_TEST_CASE(intervals_are_read_as_users_write_them) {
  BOOST_TEST(parse_checkpoint_interval("200").steps == 200);
  BOOST_TEST(parse_checkpoint_interval("90s").seconds == 90);
  BOOST_TEST(parse_checkpoint_interval("1.5min").seconds == 90);
  BOOST_TEST(parse_checkpoint_interval("2h").seconds == 7200);
  BOOST_TEST(parse_checkpoint_interval("never").steps == 0);
  for (const char* wrong : {"", "0", "-3", "1.5", "10m", "min", "nan", "inf", "5 s", "1e30"})
    check_fails<UsageError>([&] { parse_checkpoint_interval(wrong); },
                            {"--checkpoint-every", "10min"});
}

namespace {

/// A run with two checkpoints, stopped in its second epoch.
struct StoppedRun {
  ToyData data{96, 20};
  RunConfig config = two_epochs("slvt");
  Network net = network("cnn2");
  Folder scratch;
  RunFolder folder{scratch.path / "run"};

  StoppedRun() {
    RunControl control{.folder = folder.path};
    control.checkpoints.steps = 4;
    stop_after(recipe_of(config), net, data.dataset, control, 9);
  }
  RunResult resume(const RunConfig& with, std::vector<std::string>* notices = nullptr) const {
    RunControl control{.folder = folder.path, .resume = true};
    if (notices) control.notice = [=](const std::string& text) { notices->push_back(text); };
    return train_run(recipe_of(with), net, data.dataset, control);
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE(another_configuration_is_refused_and_named) {
  const StoppedRun run;
  const std::string before = read_file(run.folder.checkpoint());
  RunConfig other = run.config;
  other.lr = 0.5;
  other.modulation = "signed";
  check_fails([&] { run.resume(other); }, {run.folder.path.string(), "lr was 0.08, is 0.5",
                                           "modulation was \"none\"", "--overwrite"});
  other = run.config;
  other.refresh.every = 3;
  check_fails([&] { run.resume(other); }, {"refresh was not set, is 3"});
  const ToyData elsewhere(95, 20);
  RunControl control{.folder = run.folder.path, .resume = true};
  check_fails([&] { train_run(recipe_of(run.config), run.net, elsewhere.dataset, control); },
              {"cannot resume", "images"});
  BOOST_TEST(read_file(run.folder.checkpoint()) == before);
  other = run.config;
  other.threads = 1;
  BOOST_CHECK_NO_THROW(run.resume(other));
}

// A series has no pixels whose means would tell.
BOOST_AUTO_TEST_CASE(another_series_of_the_same_length_is_refused) {
  const ToySeries series(24 * 6), other(24 * 6, {}, 4);
  RunConfig config = toy_run("lstm-1x8", series.dataset, "slvt");
  config.batch = 4;
  const Network net = network_for(config, series.dataset);
  const Recipe recipe = resolve(config, net);
  const Folder scratch;
  RunControl control{.folder = scratch.path / "run"};
  stop_after(recipe, net, series.dataset, control, 3);
  control.resume = true;
  check_fails([&] { train_run(recipe, net, other.dataset, control); },
              {"cannot resume", "the series is not the one"});
  BOOST_CHECK_NO_THROW(train_run(recipe, net, series.dataset, control));
}

BOOST_AUTO_TEST_CASE(an_interrupted_run_is_not_lost_by_accident) {
  const StoppedRun run;
  const auto begin = [&](bool overwrite) {
    train_run(recipe_of(run.config), run.net, run.data.dataset, {run.folder.path, overwrite});
  };
  check_fails([&] { begin(false); }, {run.folder.path.string(), "--resume", "--overwrite"});
  BOOST_TEST(run.folder.interrupted());
  begin(true);
  BOOST_TEST(run.folder.finished());
}

BOOST_AUTO_TEST_CASE(a_damaged_checkpoint_gives_way_to_the_one_before) {
  const StoppedRun run;
  const std::string good = read_file(run.folder.checkpoint());
  const std::string before = read_file(run.folder.previous_checkpoint());
  const std::string name = run.folder.checkpoint().string();
  std::string flipped = good, newer = good;
  flipped[good.size() / 2] ^= 1;
  newer[8] = 9;
  const std::pair<std::string, std::string> damages[] = {
      {good.substr(0, good.size() / 3), "checksum"},
      {flipped, "checksum"},
      {"GIF89a", "MAPNETCK"},
      {"", "MAPNETCK"},
      {newer, "version 9"}};
  for (const auto& [bytes, what] : damages) {
    write_file_atomic(run.folder.checkpoint(), bytes);
    check_fails([&] { read_checkpoint(run.folder.checkpoint()); }, {name, what});
    const auto found = find_checkpoint(run.folder);
    BOOST_REQUIRE(found.has_value());
    BOOST_TEST(position_text(found->checkpoint) == "epoch 2, step 2");
    BOOST_TEST(found->problem.find(what) != std::string::npos);
    write_file_atomic(run.folder.previous_checkpoint(), "nonsense");
    check_fails([&] { run.resume(run.config); },
                {"no checkpoint to resume from", name, what, "--overwrite"});
    write_file_atomic(run.folder.previous_checkpoint(), before);
  }
  std::vector<std::string> notices;
  run.resume(run.config, &notices);
  BOOST_TEST(notices.at(0).find("the checkpoint before it is used") != std::string::npos);
  BOOST_TEST(notices.at(1) == "going on from epoch 2, step 2");
  const Folder scratch;
  const RunFolder whole{scratch.path};
  train_run(recipe_of(run.config), run.net, run.data.dataset, {whole.path});
  check_same(left_in(whole), left_in(run.folder));
}

// A limit on the size of files stands in for a disk that is full.
BOOST_AUTO_TEST_CASE(a_full_disk_leaves_the_last_good_checkpoint) {
  const StoppedRun run;
  const std::string before = read_file(run.folder.checkpoint());
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit old{};
  getrlimit(RLIMIT_FSIZE, &old);
  const rlimit small{1024, old.rlim_max};
  RunControl control{.folder = run.folder.path, .resume = true};
  control.checkpoints.steps = 1;
  BOOST_REQUIRE(setrlimit(RLIMIT_FSIZE, &small) == 0);
  std::string message;
  try {
    train_run(recipe_of(run.config), run.net, run.data.dataset, control);
  } catch (const Error& e) {
    message = e.what();
  }
  setrlimit(RLIMIT_FSIZE, &old);
  std::signal(SIGXFSZ, handler);
  BOOST_TEST(message.find(run.folder.checkpoint().string() + ": write failed") != std::string::npos,
             message);
  BOOST_TEST(read_file(run.folder.checkpoint()) == before);
  BOOST_CHECK_NO_THROW(run.resume(run.config));
}

BOOST_AUTO_TEST_CASE(what_a_killed_writer_left_is_removed) {
  const StoppedRun run;
  const std::filesystem::path half = run.folder.checkpoint().string() + ".tmp12345";
  write_file_atomic(half, "half of a checkp");
  run.resume(run.config);
  BOOST_TEST(!std::filesystem::exists(half));
}

BOOST_AUTO_TEST_CASE(where_there_is_nothing_to_resume_a_run_begins) {
  const ToyData data(96, 20);
  const Recipe recipe = recipe_of(two_epochs("slvt"));
  const Folder scratch;
  const RunFolder fresh{scratch.path / "fresh"}, resumed{scratch.path / "resumed"};
  train_run(recipe, network("cnn2"), data.dataset, {.folder = fresh.path});
  train_run(recipe, network("cnn2"), data.dataset, {.folder = resumed.path, .resume = true});
  check_same(left_in(fresh), left_in(resumed));
}
