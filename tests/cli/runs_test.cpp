#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "cli/program.hpp"
#include "common/file.hpp"
#include "common/temporary.hpp"
#include "train/toy_data.hpp"

/// Runs' folders, and the data that a run's model is used on.
using namespace mapnet;
using namespace mapnet::test;
namespace fs = std::filesystem;

namespace {

nlohmann::json json_of(const std::string& text) {
  return nlohmann::json::parse(text.substr(text.find('{')));
}

/// A run on files of the user's, in another folder than these.
struct OwnData {
  ToyData data{300, 50};
  Folder runs;
  std::string at = data.folder().string(), run = (runs.path / "run").string();

  OwnData() {
    check_outcome(
        "train --latent 64 --epochs 1 --batch 20 --quiet --data-dir " + at + " --out " + run, 0,
        {});
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE(wrong_usage_is_told_before_data_is_looked_for) {
  check_outcome("train --data-dir /nonexistent/data --checkpoint-every soon", 2,
                {"--checkpoint-every", "10min"});
  const Folder empty;
  const Environment stores("MAPNET_OBJECT_STORES", ""), cache("XDG_CACHE_HOME", empty.path.c_str());
  check_outcome("train --data mnist --snapshot-every 5000", 2,
                {"--snapshot-every 5000: the training has 4690 steps"});
  check_outcome("train --data mnist --validation 60000", 2, {"--validation sets 60000 of 60000"});
}

BOOST_AUTO_TEST_CASE(a_model_is_evaluated_on_the_files_it_was_trained_on) {
  const OwnData own;
  const auto result = nlohmann::json::parse(read_file(own.run + "/result.json"));
  BOOST_TEST(result.at("data_dir") == own.at);
  const Outcome eval = mapnet_with("eval --json --run " + own.run);
  BOOST_REQUIRE_MESSAGE(eval.code == 0, eval.output);
  BOOST_TEST(json_of(eval.output).at("accuracy") == result.at("test_accuracy"));
  BOOST_TEST(json_of(eval.output).at("samples") == 50);
  check_outcome("export --format onnx --dtype int8 --run " + own.run + " --out " +
                    (own.runs.path / "net.onnx").string(),
                0, {"net.onnx"});
  // A flag that is of no use is no lack of data.
  check_outcome("export --format onnx --dtype int8 --features-cache " + own.at + " --run " +
                    own.run + " --out " + (own.runs.path / "net.onnx").string(),
                2, {"mapnet: --features-cache is for data sets of videos"});
}

BOOST_AUTO_TEST_CASE(a_model_is_not_evaluated_on_other_data_without_a_word) {
  const OwnData own;
  const fs::path alone = own.runs.path / "alone.latent";
  fs::copy_file(own.run + "/model.latent", alone);
  check_outcome("eval --run " + alone.string(), 2,
                {"alone.latent: was trained on fashion-mnist (300 and 50 samples",
                 "not on the published fashion-mnist (60000 and 10000)", "--data-dir"});
  const std::string moved = own.at + "-moved", trained_on = "was trained on files in " + own.at;
  fs::rename(own.at, moved);
  check_outcome("eval --run " + own.run, 2,
                {trained_on, "not on the published fashion-mnist", "--data-dir"});
  check_outcome("export --format onnx --dtype int8 --run " + own.run + " --out " +
                    (own.runs.path / "net.onnx").string(),
                2, {"mapnet: int8 needs the training data; " + own.run + ": " + trained_on});
  fs::create_directory(own.at);  // as a disk that is not mounted leaves it
  check_outcome("eval --run " + own.run, 1, {trained_on + ", which is empty now", "--data-dir"});
  fs::remove(own.at);
  check_outcome("eval --run " + own.run + " --data-dir " + moved, 0, {"50 samples"});
  fs::rename(moved, own.at);
  const ToyData other(310, 40);
  for (const auto& file : fs::directory_iterator(other.folder()))
    fs::copy_file(file.path(), fs::path(own.at) / file.path().filename(),
                  fs::copy_options::overwrite_existing);
  check_outcome("eval --run " + own.run, 2, {trained_on, "now there are 310 and 40"});
  check_outcome("eval --run " + own.run + " --data-dir " + own.at, 0, {"40 samples"});
}

// Which samples are drawn goes by how many there are.
BOOST_AUTO_TEST_CASE(samples_set_aside_are_those_of_the_files_that_were_trained_on) {
  const ToyData data(60, 20), grown(61, 20);
  const Folder runs;
  const std::string run = (runs.path / "run").string(), at = data.folder().string();
  check_outcome("train --latent 16 --epochs 0 --batch 20 --validation 30 --quiet --data-dir " + at +
                    " --out " + run,
                0, {});
  const std::string eval = "eval --run " + run + " --split validation --data-dir ";
  check_outcome(eval + at, 0, {"30 samples"});
  check_outcome(eval + grown.folder().string(), 2,
                {"--split validation: " + run, "30 of 60 training samples of fashion-mnist",
                 "here are 61", "--data-dir"});
  check_outcome("eval --run " + run + " --data-dir " + grown.folder().string(), 0, {"20 samples"});
}

// One after another, as a user tries what there is.
BOOST_AUTO_TEST_CASE(runs_of_other_flags_have_folders_of_their_own) {
  const Folder folder;
  const auto train = [&](const std::string& flags) {
    return run_command("cd " + folder.path.string() +
                       " && " +
                       tested_program("train") + " --data noise-1x28x28x10 --epochs 1 --batch 128 --quiet " +
                       flags);
  };
  for (const char* flags :
       {"--latent 16", "--latent 16 --modulation signed", "--latent 16 --snapshot-every 1",
        "--latent 16 --memory-budget 1GiB", "--strategy direct --lrd fc1:32"}) {
    const Outcome first = train(flags);
    BOOST_TEST(first.code == 0, flags << "\n" << first.output);
    BOOST_TEST(first.output.find(" runs/cnn2-noise-1x28x28x10-") != std::string::npos,
               first.output);
    const Outcome again = train(flags);
    BOOST_TEST(again.code == 1, flags << "\n" << again.output);
    BOOST_TEST(again.output.find("already holds a finished run") != std::string::npos,
               again.output);
  }
  for (const auto& run : fs::directory_iterator(folder.path / "runs"))
    BOOST_TEST(run.path().string().find(':') == std::string::npos, run.path());
}

BOOST_AUTO_TEST_CASE(a_folder_with_files_of_the_users_is_not_trained_in) {
  const Folder folder;
  const auto thesis = folder.write("run/snapshots/thesis.docx", "mine");
  const std::string train = "train --data noise-1x28x28x10 --latent 16 --epochs 0 --quiet --out " +
                            (folder.path / "run").string();
  check_outcome(train, 1, {"run: holds snapshots", "--overwrite"});
  check_outcome(train + " --overwrite", 0, {});
  BOOST_TEST(read_file(thesis) == "mine");
}

BOOST_AUTO_TEST_CASE(what_a_run_tells_before_it_begins_is_on_standard_error) {
  const Folder folder;
  const std::string train =
      "train --data noise-1x28x28x10 --latent 16 --epochs 0 --batch 600 --quiet --out " +
      folder.path.string();
  check_outcome(train + "/a", 0, {"a: --batch 600: there are 256 training samples"});
  check_outcome(train + "/b 2>/dev/null | grep -c padding", 1, {"0"});
}
