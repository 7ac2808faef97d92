#include "harness/run_record.hpp"

#include <boost/test/unit_test.hpp>

#include "common/temporary.hpp"
#include "train/run_folder.hpp"

/// What makes a run the same as the one whose folder is there.
using namespace mapnet;
using namespace mapnet::test;

namespace {

struct RecordedRun {
  Folder folder;
  SeedRun run;

  explicit RecordedRun(std::vector<std::string> words) {
    run.folder = folder.path / "run";
    run.words = std::move(words);
    BOOST_TEST((prepare_folder(run) == FolderState::begins));
    BOOST_TEST(is_same_run(run));
  }
  bool is_same_with(const std::vector<std::string>& words) const {
    SeedRun other = run;
    other.words = words;
    return is_same_run(other);
  }
};

}  // namespace

// With another --jobs each run has other threads, and is what it was.
BOOST_AUTO_TEST_CASE(the_number_of_threads_makes_no_other_run) {
  const RecordedRun one({"train", "--device", "cpu", "--lr", "-1", "--threads", "4"});
  SeedRun again = one.run;
  again.words = {"train", "--device", "cpu", "--lr", "-1"};
  BOOST_TEST(is_same_run(again));
  BOOST_TEST((recorded_words(again) == one.run.words));
  BOOST_TEST((prepare_folder(again) == FolderState::goes_on));
  BOOST_TEST((recorded_words(again) == one.run.words));
  BOOST_TEST(!one.is_same_with({"train", "--device", "cpu", "--lr", "-2", "--threads", "4"}));
}

BOOST_AUTO_TEST_CASE(a_gpu_is_none_of_a_run_on_the_cpu) {
  const auto record = [](const std::string& device) {
    const RecordedRun one({"train", "--device", device});
    return nlohmann::json::parse(read_file(one.run.folder / "harness.json"));
  };
  BOOST_TEST(!record("cpu").contains("gpu"));
  BOOST_TEST(record("auto").contains("gpu"));
}

// Another file under the same name would give other results, and cannot be gone on with.
BOOST_AUTO_TEST_CASE(a_file_is_known_by_its_contents) {
  const Folder folder;
  for (const std::string flag : {"config", "features-weights", "init", "pretrained"}) {
    const std::string file = folder.write("named", "one");
    const RecordedRun run({"train", "--" + flag, file});
    folder.write("named", "another");
    BOOST_TEST(!is_same_run(run.run), flag);
    folder.write("named", "one");
    BOOST_TEST(is_same_run(run.run), flag);
    const std::string moved = folder.write("moved", "one");
    BOOST_TEST(run.is_same_with({"train", "--" + flag, moved}), flag);
    std::filesystem::remove(file);
    BOOST_TEST(!is_same_run(run.run), flag);
    // What the run has is not given up for one that cannot begin.
    write_file_atomic(run.run.folder / "result.json", "{}");
    check_fails([&] { prepare_folder(run.run); }, {file, "--" + flag});
    BOOST_TEST(std::filesystem::exists(run.run.folder / "result.json"), flag);
  }
  // A run's folder stands for its model.
  folder.write("earlier/model.latent", "one");
  const RecordedRun run({"train", "--init", (folder.path / "earlier").string()});
  folder.write("earlier/model.latent", "another");
  BOOST_TEST(!is_same_run(run.run));
}

// The weights of another run are exported anew for each that begins with them: that run tells them.
BOOST_AUTO_TEST_CASE(weights_of_another_run_are_known_by_that_run) {
  const Folder folder;
  const std::string file = folder.write("named", "one");
  SeedRun run;
  run.folder = folder.path / "run";
  run.source = folder.path / "source";
  run.source_words = {"train", "--lr", "1", "--threads", "1", "--init", file};
  run.words = {"train", "--pretrained", run.weights().string()};
  prepare_folder(run);
  folder.write("source/weights.safetensors", "exported");
  BOOST_TEST(is_same_run(run));
  run.source_words[4] = "2";
  BOOST_TEST(is_same_run(run));
  folder.write("named", "another");
  BOOST_TEST(!is_same_run(run));
  folder.write("named", "one");
  run.source_words[2] = "2";
  BOOST_TEST(!is_same_run(run));
}

BOOST_AUTO_TEST_CASE(a_folder_of_data_is_known_by_where_it_lies) {
  const RecordedRun run({"train", "--data-dir", "data"});
  BOOST_TEST(run.is_same_with({"train", "--data-dir", absolute_path("data").string()}));
  BOOST_TEST(!run.is_same_with({"train", "--data-dir", "/elsewhere/data"}));
}

// Hours of somebody else's training lie there.
BOOST_AUTO_TEST_CASE(a_folder_is_not_touched_while_another_trains_there) {
  const RecordedRun theirs({"train", "--lr", "1"});
  const RunFolder folder{theirs.run.folder};
  write_file_atomic(folder.checkpoint(), "theirs");
  write_file_atomic(folder.metrics(), "theirs\n");
  SeedRun ours = theirs.run;
  ours.words = {"train", "--lr", "2"};
  FolderClaim claim(folder.path);
  BOOST_TEST((prepare_folder(ours) == FolderState::taken));
  BOOST_TEST(std::filesystem::exists(folder.checkpoint()));
  BOOST_TEST(std::filesystem::exists(folder.metrics()));
  BOOST_TEST(is_same_run(theirs.run));
  claim = FolderClaim();
  BOOST_TEST((prepare_folder(ours) == FolderState::begins));
  BOOST_TEST(!std::filesystem::exists(folder.checkpoint()));
  BOOST_TEST(!std::filesystem::exists(folder.metrics()));
  BOOST_TEST(is_same_run(ours));
}

// The harness' own record stays as it was where somebody trains in the folder by hand.
BOOST_AUTO_TEST_CASE(a_result_is_the_runs_where_it_was_recorded) {
  const RecordedRun one({"train", "--lr", "1"});
  const RunFolder folder{one.run.folder};
  write_file_atomic(folder.result(), "{}\n");
  BOOST_TEST(
      (state_of(one.run) != RunState::done));  // the run says whether it is: nobody has recorded it
  BOOST_TEST((state_of(one.run) != RunState::replaced));
  record_result(one.run);
  BOOST_TEST((state_of(one.run) == RunState::done));
  BOOST_TEST(is_same_run(one.run));
  write_file_atomic(folder.result(), "{\"seconds\": 1}\n");
  BOOST_TEST((state_of(one.run) != RunState::done));
  BOOST_TEST((state_of(one.run) == RunState::replaced));
  SeedRun other = one.run;
  other.words = {"train", "--lr", "2"};
  record_result(other);  // of another run than the folder's: nothing is recorded
  BOOST_TEST((state_of(one.run) == RunState::replaced));
  std::filesystem::remove(folder.result());
  one.folder.write("run/result.json/unreadable", "");
  BOOST_TEST((state_of(one.run) != RunState::done));
  BOOST_TEST((state_of(one.run) == RunState::replaced));
  auto record = nlohmann::json::parse(read_file(folder.path / "harness.json"));
  record["result"] = nullptr;
  write_file_atomic(folder.path / "harness.json", record.dump());
  BOOST_TEST((state_of(one.run) != RunState::done));
  BOOST_TEST((state_of(one.run) != RunState::replaced));
}

// Whoever removes the result wants the run again. What is no run's stays.
BOOST_AUTO_TEST_CASE(a_run_without_its_result_is_begun_anew) {
  const RecordedRun one({"train", "--lr", "1"});
  const RunFolder folder{one.run.folder};
  const auto notes = one.folder.write("run/notes.txt", "mine");
  for (const auto& file : {folder.model(), folder.metrics(), folder.result()})
    write_file_atomic(file, "{}\n");
  record_result(one.run);
  BOOST_TEST((state_of(one.run) == RunState::done));
  std::filesystem::remove(folder.result());
  BOOST_TEST((prepare_folder(one.run) == FolderState::begins));
  for (const auto& file : {folder.model(), folder.metrics()})
    BOOST_TEST(!std::filesystem::exists(file), file);
  BOOST_TEST(read_file(notes) == "mine");
  BOOST_TEST(is_same_run(one.run));
  // One that was stopped goes on.
  write_file_atomic(folder.checkpoint(), "saved");
  write_file_atomic(folder.metrics(), "{}\n");
  BOOST_TEST((prepare_folder(one.run) == FolderState::goes_on));
  BOOST_TEST(std::filesystem::exists(folder.metrics()));
}
