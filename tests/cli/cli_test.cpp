#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include "cli/program.hpp"
#include "common/file.hpp"
#include "common/temporary.hpp"
#include "data/manifest.hpp"
#include "data/picture_files.hpp"
#include "data/store.hpp"
#include "train/toy_data.hpp"

/// The program as a user runs it: exit codes, messages, files.
using namespace mapnet;
using namespace mapnet::test;

namespace {

std::size_t lines_of(const std::string& text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

}  // namespace

BOOST_AUTO_TEST_CASE(wrong_usage_is_one_clear_line_and_exit_code_2) {
  const std::pair<const char*, const char*> cases[] = {
      {"", "subcommand"},
      {"tran --epochs 1", "subcommand"},
      {"tran --epochs 1", "'tran'; known: train, plan, eval, "},
      {"data", "known: list, fetch, check, features"},
      {"data chekc mnist", "'chekc'; known: list, fetch, check, features"},
      {"train --latnet 5", "unknown flag --latnet; did you mean --latent? See mapnet train --help"},
      {"train --latnet=5", "unknown flag --latnet; did you mean --latent?"},
      {"export --rum runs/demo --out x",
       "unknown flag --rum; did you mean --run? See mapnet export"},
      {"--verison", "unknown flag --verison; did you mean --version? See mapnet --help"},
      {"data check mnist --count-only", "did you mean --counts-only? See mapnet data check --help"},
      {"plan --nothing-like-it 5", "unknown flag --nothing-like-it; see mapnet plan --help"},
      {"plan cnn1", "unexpected 'cnn1'; see mapnet plan --help"},
      {"plan --latent -3", "--latent: expected a whole number of 0 or more, found -3"},
      {"plan --strategy lwt --latents 8,-1,8,8", "--latents: expected a whole number of 0"},
      {"plan --validation -1", "--validation: expected a whole number of 0 or more, found -1"},
      {"plan --variant full-dnn --hidden -61", "--hidden: expected"},
      {"plan --seed -1", "--seed: expected"},
      {"plan --map gradient --map-samples ' -1'", "--map-samples: expected"},
      {"train --epochs many", "--epochs"},
      {"train --net cnn9", "cnn1, cnn2"},
      {"train --data imagenet", "fashion-mnist"},
      {"train --strategy direct --latent 5", "--latent"},
      {"train --strategy direct --refresh 200", "--refresh"},
      {"train --strategy slvt --latents 1,2,3,4", "--latents"},
      {"train --alpha 0.5", "--modulation"},
      {"train --require-accuracy 90", "--require-accuracy is 90; expected a share of 1, as 0.90"},
      {"train --strategy direct --weight-decay-theta 1e-4", "--weight-decay"},
      {"train --ema 1", "--ema"},
      {"plan --latent 0", "latents"},
      {"train --share 250", "--pretrained"},
      {"plan --validation 60000", "--validation"},
      {"eval", "--run"},
      {"export --run x", "--out"},
      {"export --run x --out y --format tflite", "--format"},
      {"export --run x --out y --format c --dtype bf16", "--format c --dtype bf16"},
      {"export --run x --out y --format onnx --dtype bf16", "float32 or int8"},
      {"predict picture.png", "--run"},
      {"export --run x --out y --data mnist", "--data says where int8's"},
      {"export --run x --out y --format onnx --data-dir z", "--data-dir says where int8's"},
      {"export --run x --out y --features-weights z", "--features-weights says where int8's"},
      {"export --run x --out y --features-cache z", "--features-cache says where int8's"},
      {"eval --run x --threads -5", "--threads is -5"},
      {"eval --run x --threads 5000", "--threads is 5000"},
      {"export --run x --out y --threads 5000", "--threads is 5000"},
      {"predict --run x y.png --threads 5000", "--threads is 5000"},
      {"predict --run x", "images"},
      {"predict --run x y.png --top 0", "not in range 1 to 1000000"},
      {"data check nothing", "fashion-mnist"},
      {"train --config /nonexistent.toml", "/nonexistent.toml"},
      {"train --config /", "--config /: expected a file, found a folder"},
  };
  for (const auto& [arguments, part] : cases) {
    check_outcome(arguments, 2, {"mapnet: ", part});
    BOOST_TEST(lines_of(mapnet_with(arguments).output) == 1u, arguments);
  }
}

// Whether MPI is built in and sees only this process, or is not: training alone, each of them would
// write over the others' files.
BOOST_AUTO_TEST_CASE(one_of_several_processes_that_cannot_find_the_others_is_refused) {
  const Environment tasks("SLURM_STEP_NUM_TASKS", "2"), id("SLURM_PROCID", "0"),
      leaks("ASAN_OPTIONS", "detect_leaks=0");  // MPI's own
  check_outcome("train", 1, {"started as one of 2 processes"});
}

BOOST_AUTO_TEST_CASE(help_and_version_succeed) {
  check_outcome("--help", 0, {"train", "plan", "eval", "export", "predict", "data", "bench"});
  check_outcome("train --help", 0, {"--strategy", "--modulation", "--config"});
  check_outcome("bench --help", 0, {"--steps INT:INT in [1 - 1000000]=200", "=20", "not timed"});
  check_outcome("--version", 0,
                {"mapnet 0.1.0 (", "compilers: GCC ", "cpu: oneDNN ", "OpenBLAS ", "cuda: "});
}

BOOST_AUTO_TEST_CASE(what_is_missing_on_disk_is_exit_code_1) {
  check_outcome("eval --run /nonexistent/run", 1, {"/nonexistent/run"});
  check_outcome("train --data-dir /nonexistent/data", 1,
                {"--data-dir /nonexistent/data: no such folder"});
  for (const std::string name : {"cityscapes", "celeb-df", "cifar10"}) {
    check_outcome("data check " + name, 1,
                  {"mapnet: " + name + ": lies in no object store", "--data-dir"});
    BOOST_TEST(lines_of(mapnet_with("data check " + name).output) == 1u, name);
  }
  check_outcome("train --net resnet18-cifar --data cifar10", 1, {"lies in no object store"});
}

BOOST_AUTO_TEST_CASE(a_plan_is_printed_and_drawn_without_data) {
  const Folder folder;
  const std::string svg = (folder.path / "new" / "plan.svg").string();  // as every output
  check_outcome("plan --net cnn1 --strategy lwt --threads 2 --buffers --svg " + svg, 0,
                {"lower bound", "conv4", "theta"});
  BOOST_TEST(read_file(svg).find("</svg>") != std::string::npos);
  const Outcome json = mapnet_with("plan --json");
  BOOST_TEST(nlohmann::json::parse(json.output).at("total_bytes").get<double>() > 0);
}

BOOST_AUTO_TEST_CASE(train_eval_and_export_work_together) {
  const ToyData data(300, 50);
  const std::string at = data.folder().string(), run = at + "/run";
  const std::string flags = "train --data-dir " + at + " --latent 64 --epochs 1 --batch 20 --out ";
  check_outcome(flags + run, 0, {"test accuracy", "trainable parameters", "108618", "arena", run});
  check_outcome(flags + run, 1, {"--overwrite"});
  check_outcome(flags + run + " --overwrite --quiet", 0, {"test accuracy"});
  check_outcome(flags + at + "/strict --require-accuracy 1", 1, {"below the required"});
  const Outcome eval = mapnet_with("eval --json --run " + run + " --data-dir " + at);
  BOOST_TEST(eval.code == 0, eval.output);
  const auto result = nlohmann::json::parse(read_file(run + "/result.json"));
  BOOST_TEST(nlohmann::json::parse(eval.output).at("accuracy") == result.at("test_accuracy"));
  check_outcome("eval --split validation --run " + run + " --data-dir " + at, 2, {"--validation"});
  check_outcome("export --run " + run + " --out " + at + "/theta.safetensors", 0, {"8 tensors"});
}

// Pre-train, export, fine-tune from a TOML file, evaluate and export again.
BOOST_AUTO_TEST_CASE(an_exported_network_is_fine_tuned) {
  const ToyData data(300, 50);
  const std::string at = data.folder().string(), weights = at + "/theta.safetensors";
  const std::string flags = " --data-dir " + at + " --epochs 1 --batch 20 --out " + at;
  check_outcome("train --strategy direct" + flags + "/before", 0, {"test accuracy"});
  check_outcome("export --run " + at + "/before --out " + weights, 0, {"8 tensors"});
  const auto toml = data.folder() / "run.toml";
  write_file_atomic(toml, "pretrained = '" + weights +
                              "'\nlatent = 100\nshare = 250\nfinetune = ['fc1', 'fc2']\n"
                              "finetune-alpha = ['0.5', 'fc2:0.25']\n");
  check_outcome("train --config " + toml.string() + flags + "/after", 0,
                {"pre-trained weights", "fc1, fc2", "L = 250"});
  const auto result = nlohmann::json::parse(read_file(at + "/after/result.json"));
  BOOST_TEST(result.at("finetune").at("share") == 250);
  BOOST_TEST(result.at("finetune").at("layers").at(1).at("alpha") == 0.25);
  const Outcome eval = mapnet_with("eval --json --run " + at + "/after --data-dir " + at);
  BOOST_TEST(nlohmann::json::parse(eval.output).at("accuracy") == result.at("test_accuracy"));
  write_file_atomic(weights, read_file(weights) + "x");
  check_outcome("export --run " + at + "/after --out " + at + "/again", 1, {weights, "SHA-256"});
  check_outcome("train --pretrained " + weights, 1, {weights});
}

BOOST_AUTO_TEST_CASE(what_is_made_never_replaces_what_it_is_made_from) {
  const Folder folder;
  const std::string at = folder.path.string(), toml = folder.write("c.toml", "epochs = 0\n");
  check_outcome("plan --config " + toml + " --svg " + at + "/../" +
                    folder.path.filename().string() + "/c.toml",
                2, {"--svg", "would replace", "c.toml"});
  const std::string sweep =
      folder.write("s.toml", "settings = { epochs = 1, validation = 8 }\n[grid]\nlr = [1]\n");
  check_outcome("sweep " + sweep + " --out " + sweep, 2, {"--out", "would replace", "s.toml"});
  check_outcome("train --data noise-1x28x28x10 --epochs 0 --quiet --out " + at + "/run", 0, {});
  for (const std::string file : {"model.latent", "result.json"})
    check_outcome("export --run " + at + "/run --out " + at + "/run/" + file, 2,
                  {"--out", "would replace", file});
  check_outcome("eval --run " + at + "/run --data noise-1x28x28x10", 0, {"accuracy"});
}

BOOST_AUTO_TEST_CASE(output_that_is_lost_is_a_failure) {
  const Outcome lost = run_command("( " + tested_program("data list") + " > /dev/full )");
  BOOST_TEST(lost.code == 1);
  BOOST_TEST(lost.output.find("standard output could not be written") != std::string::npos);
  check_outcome("data list > /dev/null", 0, {});
}

BOOST_AUTO_TEST_CASE(a_config_file_gives_flags_and_the_command_line_wins) {
  const ToyData data(60, 10);
  const std::string at = data.folder().string();
  const auto toml = data.folder() / "run.toml";
  write_file_atomic(toml,
                    "strategy = 'lwt'\nlatents = [8, 16, 32, 8]\nepochs = 3\nbatch = 20\n"
                    "modulation = \"signed\"\nalpha = 0.05\nrefresh = 1\naugment-flip = true\n"
                    "label-smoothing = 0.125\n");
  check_outcome(
      "train --config " + toml.string() + " --epochs 1 --data-dir " + at + " --out " + at + "/run",
      0, {"lwt", "stored values", "192 (latents of every round, 2 refreshes)"});
  const auto result = nlohmann::json::parse(read_file(at + "/run/result.json"));
  BOOST_TEST(result.at("epochs") == 1);
  BOOST_TEST(result.at("batch") == 20);
  BOOST_TEST(result.at("alpha") == 0.05);
  BOOST_TEST(result.at("regularisation").at("augment_flip") == true);
  BOOST_TEST(result.at("regularisation").at("label_smoothing") == 0.125);
  BOOST_TEST((result.at("latents").get<std::vector<int>>() == std::vector<int>{8, 16, 32, 8}));

  const auto refuses = [&](const char* text, std::initializer_list<std::string> parts) {
    write_file_atomic(toml, text);
    check_outcome("train --config " + toml.string(), 2, parts);
  };
  refuses("epochs = 1\nlatnet = 5\n", {toml.string() + ":2", "latnet"});
  refuses("epochs = 'many'\n", {toml.string() + ":1", "epochs"});
  refuses("epochs = = 1\n", {toml.string() + ":1"});
  refuses("overwrite = true\nresume = true\n",
          {toml.string(), "--overwrite", "excludes", "--resume"});
  // The command line wins.
  write_file_atomic(toml, "overwrite = true\nepochs = 1\nbatch = 20\n");
  check_outcome("train --resume --quiet --config " + toml.string() + " --data-dir " + at +
                    " --out " + at + "/resumed",
                0, {"test accuracy"});
  refuses("epochs = 1\nlatent = -3\n", {toml.string() + ":2: latent: expected", "found -3"});
  refuses("config = 'other.toml'\n", {"config"});
  refuses("epochs = 1\nhelp = true\n", {toml.string() + ":2", "unknown key 'help'"});
}

BOOST_AUTO_TEST_CASE(data_sets_are_listed_checked_and_missed) {
  check_outcome("data list", 0, {"fashion-mnist", "mnist", "60000", "1 x 28 x 28"});
  const Folder folder;
  const Environment stores("MAPNET_OBJECT_STORES", "");
  const Environment cache("XDG_CACHE_HOME", folder.path.c_str());
  check_outcome("data list", 0, {"absent: mapnet data fetch mnist"});
  check_outcome("data check mnist", 1, {"mapnet data fetch mnist"});
  const ManifestFile& file = dataset_manifest("mnist").files[0];
  const auto object = folder.write("mapnet/objects/SHA256/" + file.sha256, "not it");
  check_outcome("data check mnist", 1,
                {"mnist: " + file.name + " is damaged, " + object.string(), "is absent",
                 "mapnet data fetch mnist"});
  std::filesystem::remove(object);
  check_outcome("train --data mnist", 1, {"mapnet data fetch mnist"});
  // It has no source: what is told leads somewhere.
  check_outcome("data list", 0, {"absent: mapnet data check beijing-pm25 --data-dir DIR"});
  for (const char* command : {"data check beijing-pm25", "train --net lstm --data beijing-pm25"}) {
    const Outcome outcome = mapnet_with(command);
    BOOST_TEST(outcome.code == 1);
    BOOST_TEST(outcome.output.find("archive.ics.uci.edu") != std::string::npos, outcome.output);
    BOOST_TEST(outcome.output.find("data fetch") == std::string::npos, outcome.output);
  }
}

BOOST_AUTO_TEST_CASE(a_folder_of_the_users_is_checked) {
  check_outcome("data check cityscapes --data-dir /nonexistent", 1,
                {"/nonexistent/leftImg8bit/train", "Register at"});
  const Folder folder;
  const std::string at = " --data-dir " + folder.path.string();
  for (const std::string name : {"train", "test"})
    folder.write(name + ".bin", std::string(3074, '\0'));
  check_outcome(
      "data check cifar100" + at, 1,
      {"1 samples to train on, 1 to test", "DIFFERS", "expected 50000 samples", "of your own"});
  for (const std::string split : {"train", "test"}) {
    write_png(folder.path / split / "images" / "a.png", plain(4, 4, 3, 90));
    write_png(folder.path / split / "labels" / "a.png", plain(4, 4, 1, 11));
  }
  check_outcome("data check camvid256" + at, 1,
                {"labels      of 11 classes  ok", "expected 367 samples"});
  const auto labels = folder.path / "test" / "labels" / "a.png";
  write_png(labels, plain(4, 4, 1, 12));
  check_outcome("data check camvid256" + at, 1, {labels.string(), "found 12 in row 0, column 0"});
  const auto records = folder.write("test.bin", std::string(3074, '\x64'));  // of class 100
  check_outcome("data check cifar100" + at, 1,
                {records.string(), "expected labels below 100, found 100 in record 0"});
  for (const std::string name :
       {"Celeb-real/id0_0000", "Celeb-synthesis/id0_id1_0000", "YouTube-real/00000"})
    folder.write(name + "/0.jpg", "");
  check_outcome("data check celeb-df" + at, 1, {"expected real and fake videos both"});
  // Of the weather it says nothing, which --multivariate asks for.
  std::string hours = "year,month,day,hour,pm2.5\n";
  for (int hour = 0; hour < 40; ++hour)
    hours += "2012,2," + std::to_string(28 + hour / 24) + "," + std::to_string(hour % 24) + ",7\n";
  folder.write("pollution.csv", hours);
  check_outcome("data check beijing-pm25" + at, 1,
                {"series      40 rows", "weather     REFUSED with --multivariate",
                 "expected a column 'DEWP'", "without --multivariate it can be trained on"});
}

// One pass over the real thing. Three seeds of ten epochs are in docs/performance.md; after one
// epoch seeds differ by about a point.
BOOST_AUTO_TEST_CASE(one_epoch_of_fashion_mnist_reaches_its_accuracy) {
  const auto is_here = [](const ManifestFile& file) {
    return find_object(file.sha256).has_value();
  };
  if (std::ranges::none_of(dataset_manifest("fashion-mnist").files, is_here)) {
    BOOST_TEST_MESSAGE("skipped: FashionMNIST is not here; mapnet data fetch fashion-mnist");
    return;
  }
  check_outcome("data check fashion-mnist", 0, {});
  const Folder folder;
  const std::string out = " --epochs 1 --quiet --out " + folder.path.string();
  check_outcome("train --strategy slvt --latent 2048 --require-accuracy 0.79" + out + "/slvt", 0,
                {"test accuracy"});
  check_outcome("train --strategy direct --require-accuracy 0.84" + out + "/direct", 0,
                {"test accuracy"});
}
