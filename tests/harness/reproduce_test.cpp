#include <fmt/core.h>

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include "cli/process.hpp"
#include "cli/program.hpp"
#include "common/temporary.hpp"
#include "data/manifest.hpp"
#include "data/sha256.hpp"
#include "harness/gnuplot.hpp"
#include "harness/tables_folder.hpp"

/// `mapnet reproduce` as a user runs it, on a small table.
using namespace mapnet;
using namespace mapnet::test;

namespace {

/// A table of two rows, one of them on noise, which every machine has; and where its runs and
/// reports go. There is nothing to be learned: a tenth of the answers is right, more or less.
struct ToyTable {
  Folder folder;
  std::string at = folder.path.string();
  std::string head, row, licensed;  // more keys, a line each
  std::string paper = "paper.accuracy = 0.1\n";
  std::string reference = "mean = 10, tolerance = 10";  // empty: none
  std::string trainable = "256";
  std::string data = "noise-1x28x28x10", metrics = "accuracy", net = "cnn2";
  std::string settings = "strategy = \"slvt\", latent = 256";

  void write() const {
    write_file_atomic(
        folder.path / "tables" / "toy.toml",
        fmt::format("id = \"toy\"\ntitle = \"Toy\"\nrecipes = \"None.\"\nmetrics = [\"{}\"]\n"
                    "seeds = [1, 2]\nsettings = {{ net = \"{}\", batch = 16, epochs = 3 }}\n{}"
                    "[[rows]]\nname = \"mapped\"\nmethod = \"Ours*\"\nparams = \"256\"\n"
                    "trainable = {}\nsettings = {{ {} }}\n{}"
                    "[rows.data.{}]\n{}{}"
                    "[[rows]]\nname = \"licensed\"\nmethod = \"Ours*\"\nparams = \"256\"\n"
                    "trainable = 256\nsettings = {{ strategy = \"slvt\", latent = 256 }}\n"
                    "[rows.data.cityscapes]\npaper.{} = 30\n{}",
                    metrics, net, head, trainable, settings, row, data, paper, reference_line(),
                    metrics, licensed));
  }
  std::string reference_line() const {
    if (reference.empty()) return {};
    return "reference.accuracy = { " + reference +
           ", seeds = 2, device = \"cpu\", date = 2026-11-24, commit = \"abc\" }\n";
  }
  std::string command(const std::string& more = "") const {
    return fmt::format(
        "reproduce --tables {0}/tables --runs {0}/runs --out {0}/reports --device cpu --jobs 2 {1}",
        at, more);
  }
  nlohmann::json report() const {
    return nlohmann::json::parse(read_file(folder.path / "reports" / "toy.json"));
  }
  std::filesystem::path run(int seed) const {
    return folder.path / "runs" / "toy" / "mapped" / "noise-1x28x28x10" /
           fmt::format("seed{}", seed);
  }
  std::string model(int seed) const { return read_file(run(seed) / "model.latent"); }
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_table_is_trained_judged_and_not_trained_again) {
  const ToyTable table;
  table.write();
  check_outcome(table.command(), 0, {"toy: 1 exceeded, 1 without data, 1 held to their"});
  const auto first = table.report();
  const auto& entry = first["entries"][0];
  BOOST_TEST(entry["state"] == "done");
  BOOST_TEST(entry["trainable_params"] == 256);
  BOOST_TEST(entry["runs"].size() == 2u);
  BOOST_TEST(entry["runs"][0]["epochs"].size() == 3u);
  BOOST_TEST(entry["metrics"][0]["against_paper"] == "exceeded");
  BOOST_TEST(first["entries"][1]["state"] == "no data");
  BOOST_TEST(first["entries"][1]["message"].get<std::string>().find("--data-dir") !=
             std::string::npos);
  // The command behind each figure is one that runs, and gives that figure.
  const std::string command = entry["runs"][0]["command"];
  const Outcome again =
      mapnet_with(command.substr(std::string("mapnet ").size()) + " --out " + table.at + "/again");
  BOOST_TEST(again.code == 0, again.output);
  BOOST_TEST((read_file(table.at + "/again/model.latent") == table.model(1)));

  check_outcome(table.command(), 0, {"toy: 1 exceeded"});
  BOOST_TEST((table.report() == first));  // seconds too: nothing was trained
  // Nor with another number of threads; the command stays that of the figure.
  check_outcome(table.command("--threads 3"), 0, {"toy: 1 exceeded"});
  BOOST_TEST((table.report()["entries"][0]["runs"] == entry["runs"]));
}

BOOST_AUTO_TEST_CASE(the_exit_status_follows_the_reference_or_the_paper) {
  ToyTable table;
  table.reference = "mean = 200, tolerance = 5";
  table.write();
  check_outcome(table.command(), 1,
                {"regressed: mapped on noise-1x28x28x10", "worse than their ref"});
  table.reference = "mean = 0, tolerance = 0";
  table.write();
  check_outcome(table.command(), 0, {"1 exceeded"});
  check_outcome(table.command("--against paper"), 0, {"1 exceeded"});
  check_outcome(table.command("--rows mapped --lock"), 0, {"reference.accuracy = { mean = "});
}

// But where references are yet to be locked, and in a comparison, which claims nothing.
BOOST_AUTO_TEST_CASE(nothing_to_be_held_against_is_no_pass) {
  ToyTable table;
  table.reference.clear();
  table.write();
  const std::string command = table.command("--rows mapped --seeds 1 --threads 1 ");
  check_outcome(command, 1,
                {"toy: 1 exceeded (not judged: no references; --lock prints them)",
                 "nothing was judged: 1 of 1 entries are done, and there are no references"});
  check_outcome(command + "--lock", 0, {"\nreference.accuracy = { mean = ", "tolerance = 0.50,"});
  check_outcome(command + "--against paper", 0, {"toy: 1 exceeded"});
  table.head = "tolerance.accuracy = 2.25\n";
  table.write();
  check_outcome(command + "--lock", 0, {"\nreference.accuracy = { mean = ", "tolerance = 2.25,"});
  table.head.clear();
  table.paper.clear();
  table.write();
  check_outcome(command + "--against paper", 1, {"nothing was judged", "no figures of the paper"});
  table.head = "baseline = \"mapped\"\n";
  table.write();
  check_outcome(command, 0, {"toy: 1 done"});
}

// What is locked is held to the very figure, however small: in a report's digits it would be none.
BOOST_AUTO_TEST_CASE(a_figure_smaller_than_its_digits_is_locked_as_it_is) {
  ToyTable table;
  table.head = "tolerance.loss = 0\n";
  table.reference.clear();
  table.paper.clear();
  table.metrics = "loss";
  table.write();
  const std::string command = table.command("--rows mapped --seeds 1 --threads 1 ");
  check_outcome(command + "--lock", 0, {"reference.loss = "});
  const auto file = table.run(1) / "result.json";  // as if it had learned more than noise teaches
  nlohmann::json result = nlohmann::json::parse(read_file(file));
  result["test_loss"] = 0.0004321;
  write_file_atomic(file, result.dump());
  auto record = nlohmann::json::parse(read_file(table.run(1) / "harness.json"));
  record["result"] = sha256_hex(file);
  write_file_atomic(table.run(1) / "harness.json", record.dump());
  const Outcome locked = mapnet_with(command + "--lock");
  BOOST_TEST(locked.output.find("mean = 0.0004321") != std::string::npos, locked.output);
  const std::size_t begin = locked.output.find("\nreference.loss = ");
  BOOST_REQUIRE_MESSAGE(begin != std::string::npos, locked.output);
  table.paper = locked.output.substr(begin + 1, locked.output.find('\n', begin + 1) - begin);
  table.write();
  check_outcome(command, 0, {"toy: 1 held to their reference"});
}

// The line is pasted where it is read from. A quick figure has no such place.
BOOST_AUTO_TEST_CASE(a_reference_of_a_stand_in_is_locked_as_that) {
  ToyTable table;
  table.licensed = "in_quick_tier = true\nstand_in.data = \"noise-1x28x28x10\"\n";
  table.write();
  const std::string command = table.command("--rows licensed --stand-in --seeds 1 --threads 1 ");
  const Outcome locked = mapnet_with(command + "--lock");
  BOOST_TEST(locked.code == 0, locked.output);
  const std::size_t begin = locked.output.find("\nstand_in.reference.accuracy = ");
  BOOST_REQUIRE_MESSAGE(begin != std::string::npos, locked.output);
  table.licensed += locked.output.substr(begin + 1, locked.output.find('\n', begin + 1) - begin);
  table.write();
  check_outcome(command, 0, {"toy: 1 held to their reference"});
  const Outcome quick = mapnet_with(command + "--quick --lock");
  BOOST_TEST(quick.code == 0, quick.output);
  BOOST_TEST(quick.output.find("the quick tier has no references") != std::string::npos);
  BOOST_TEST(quick.output.find("reference.accuracy") == std::string::npos, quick.output);
  BOOST_TEST(quick.output.find("no worse") == std::string::npos, quick.output);
}

// Not even asked for data; never a pass.
BOOST_AUTO_TEST_CASE(what_is_not_supported_is_not_run) {
  ToyTable table;
  table.row = "unsupported = \"mapnet reads no such thing\"\n";
  table.write();
  check_outcome(table.command("--rows mapped"), 1,
                {"toy: 1 not supported", "nothing was judged", "1 not supported"});
  BOOST_TEST(!std::filesystem::exists(table.run(1)));
  const auto entry = table.report()["entries"][0];
  BOOST_TEST(entry["state"] == "not supported");
  BOOST_TEST(entry["message"] == "mapnet reads no such thing");
}

BOOST_AUTO_TEST_CASE(counts_are_asserted_before_training) {
  ToyTable table;
  table.trainable = "255";
  table.write();
  check_outcome(
      table.command(), 1,
      {"failed: mapped on noise-1x28x28x10: trainable_params is 256; the table says 255"});
  BOOST_TEST(!std::filesystem::exists(table.folder.path / "runs" / "toy" / "mapped"));
}

// Before hours are spent.
BOOST_AUTO_TEST_CASE(what_is_no_report_is_not_written_over) {
  const ToyTable table;
  table.write();
  const auto file = table.folder.write("reports/toy.json", "{}");
  check_outcome(table.command(), 1, {file.string(), "expected a report of toy"});
  BOOST_TEST(read_file(file) == "{}");
  // Nor is one whose pictures would lie elsewhere.
  table.folder.write("reports/toy.json",
                     R"({"schema": 1, "table": "toy", "quick": false,
                         "entries": [{"row": "mapped", "data": "../elsewhere"}]})");
  check_outcome(table.command(), 1, {file.string() + ": row mapped has data '../elsewhere'"});
  BOOST_TEST(!std::filesystem::exists(table.folder.path / "runs"));
}

BOOST_AUTO_TEST_CASE(a_run_that_fails_is_named_with_its_error) {
  ToyTable table;
  table.settings += ", lr = -1";
  table.write();
  check_outcome(table.command(), 1, {"failed: mapped on noise-1x28x28x10", "--lr"});
  BOOST_TEST(table.report()["entries"][0]["state"] == "failed");
}

// A mistake in a table is no regression.
BOOST_AUTO_TEST_CASE(a_setting_that_train_does_not_have_is_wrong_usage) {
  ToyTable table;
  table.settings = "strategy = \"slvt\", latnet = 256";
  table.write();
  check_outcome(table.command(), 2, {"toy.toml:12", "unknown setting 'latnet'"});
  for (const std::filesystem::path& folder :
       {tables_folder(), tables_folder().parent_path() / "study"})
    check_outcome("reproduce --rows nothing --tables " + folder.string(), 2, {"no row of these"});
}

// What is absent is not judged, and nothing judged is no pass.
BOOST_AUTO_TEST_CASE(data_that_is_absent_is_told_from_data_that_is_broken) {
  ToyTable table;
  table.write();
  check_outcome(table.command("--rows licensed"), 1,
                {"nothing was judged", "1 entries", "1 without data"});
  check_outcome(table.command("--rows licensed --data-dir cityscapes=/nonexistent"), 1,
                {"failed: licensed on cityscapes: /nonexistent", "/nonexistent/leftImg8bit/train"});
  BOOST_TEST(table.report()["entries"][0]["state"] == "failed");

  table.data = "mnist";
  table.write();
  const Folder store;
  const Environment stores("MAPNET_OBJECT_STORES", store.path.c_str());
  const Environment cache("XDG_CACHE_HOME", store.path.c_str());
  check_outcome(table.command("--rows mapped"), 1, {"nothing was judged", "1 without data"});
  const auto message = [&] { return table.report()["entries"][0]["message"].get<std::string>(); };
  BOOST_TEST(message().find("mapnet data fetch mnist") != std::string::npos, message());
  const ManifestFile& file = dataset_manifest("mnist").files[0];
  const auto object = store.write("SHA256/" + file.sha256, "not it");
  check_outcome(table.command("--rows mapped"), 1,
                {"failed: mapped on mnist: mnist: " + file.name});
  BOOST_TEST(message().find("damaged, " + object.string()) != std::string::npos, message());

  table.data = "mnits";
  table.write();
  check_outcome(table.command(), 2, {"toy.toml:", "mnits"});
}

// Another configuration of the same row is another run.
BOOST_AUTO_TEST_CASE(what_was_configured_otherwise_is_trained_again) {
  ToyTable table;
  table.write();
  check_outcome(table.command("--rows mapped"), 0, {"1 exceeded"});
  const std::string before = table.model(1);
  table.settings += ", lr = 0.01";
  table.write();
  mapnet_with(table.command("--rows mapped"));
  BOOST_TEST((table.model(1) != before));
}

// A run that cannot even begin leaves no result of another one to be taken for its own.
BOOST_AUTO_TEST_CASE(a_run_that_did_not_begin_is_not_done) {
  ToyTable table;
  table.write();
  const std::string command = table.command("--rows mapped --seeds 1 --threads 1");
  check_outcome(command, 0, {"1 exceeded"});
  const std::string before = table.model(1);
  table.settings += ", lr = 0.01";
  table.write();
  const auto output = table.folder.path / "runs/toy/mapped/noise-1x28x28x10/seed1/output.txt";
  std::filesystem::remove(output);
  std::filesystem::create_directory(output);
  check_outcome(command, 1, {"cannot be started"});
  std::filesystem::remove(output);
  check_outcome(command, 0, {"1 exceeded"});
  BOOST_TEST((table.model(1) != before));
}

// What a crash of the machine tore; a run that was asked for is what comes of it.
BOOST_AUTO_TEST_CASE(a_run_whose_results_are_damaged_is_trained_again) {
  const ToyTable table;
  table.write();
  const std::string command = table.command("--rows mapped --threads 1");
  check_outcome(command, 0, {"1 exceeded"});
  const std::string model = table.model(1);
  for (const char* name : {"metrics.jsonl", "result.json"}) {
    const auto file = table.run(1) / name;
    const std::string whole = read_file(file);
    write_file_atomic(file, whole.substr(0, whole.size() / 2));
    check_outcome(command, 0, {"1 exceeded"});
    BOOST_TEST(table.report()["entries"][0]["runs"][0]["epochs"].size() == 3u);
    BOOST_TEST((table.model(1) == model));
  }
}

BOOST_AUTO_TEST_CASE(a_memory_budget_reaches_every_run) {
  const ToyTable table;
  table.write();
  const std::string command = table.command("--rows mapped --seeds 1 --threads 1");
  check_outcome(command + " --memory-budget 64MiB", 0, {"1 exceeded"});
  const auto result =
      nlohmann::json::parse(read_file(table.folder.path / "runs" / "toy" / "mapped" /
                                      "noise-1x28x28x10" / "seed1" / "result.json"));
  BOOST_TEST(result.at("memory_budget_bytes") == 64 * 1024 * 1024);
  const Outcome small = mapnet_with(command + " --memory-budget 1MiB");
  BOOST_TEST(small.code == 1);
  BOOST_TEST(small.output.find("nothing fits") != std::string::npos, small.output);
}

// Of batches that a budget divides the statistics are others.
BOOST_AUTO_TEST_CASE(a_budget_divides_no_batch_of_a_network_that_normalises) {
  ToyTable table;
  table.net = "cnn3";
  table.data = "noise-3x128x128x11-pixels";
  table.write();
  const std::string command = table.command("--rows mapped --seeds 1 --threads 1 ");
  check_outcome(
      command + "--memory-budget 180MiB", 1,
      {"failed: mapped on noise-3x128x128x11-pixels", "--micro-batch", "another training"});
  BOOST_TEST(!std::filesystem::exists(table.folder.path / "runs" / "toy" / "mapped"));
}

// A mistyped call costs neither the runs nor the report of those that are done.
BOOST_AUTO_TEST_CASE(what_is_done_survives_a_call_that_cannot_begin) {
  ToyTable table;
  table.write();
  const std::string command = table.command("--rows mapped --seeds 1 --threads 1");
  check_outcome(command, 0, {"1 exceeded"});
  const auto entry = table.report()["entries"][0];
  const std::string model = table.model(1);
  std::string mistyped = command;
  mistyped.replace(mistyped.find("cpu"), 3, "gpu");
  check_outcome(mistyped, 2, {"--device is gpu", "auto, cpu or cuda"});
  check_outcome(command + " --memory-budget 1KiB", 1, {"1 failed", "nothing fits"});
  check_outcome(command + " --data-dir noise-1x28x28x10=/nonexistent", 1, {"1 failed"});
  BOOST_TEST((table.report()["entries"][0] == entry));
  BOOST_TEST((table.model(1) == model));
  table.settings += ", lr = -1";
  table.write();
  check_outcome(command, 1, {"1 failed", "--lr"});
  BOOST_TEST((table.model(1) == model));
}

// `mapnet plan`, which is asked before each row, has fewer flags than `mapnet train`.
BOOST_AUTO_TEST_CASE(a_row_may_say_how_its_runs_are_saved) {
  ToyTable table;
  table.settings += ", checkpoint-every = \"1min\", quiet = true";
  table.write();
  check_outcome(table.command("--rows mapped --seeds 1"), 0, {"1 exceeded"});
}

// Where a table says that its data lies, it has to lie.
BOOST_AUTO_TEST_CASE(the_folder_that_a_table_names_is_looked_into) {
  ToyTable table;
  table.data = "mnist";
  table.settings += ", data-dir = \"/nonexistent\"";
  table.write();
  check_outcome(table.command("--rows mapped"), 1,
                {"failed: mapped on mnist", "/nonexistent: no such folder"});
}

BOOST_AUTO_TEST_CASE(a_killed_reproduction_goes_on_where_it_stopped) {
  const ToyTable table, whole;
  table.write();
  whole.write();
  const auto done = table.folder.path / "runs/toy/mapped/noise-1x28x28x10/seed1/result.json";
  {
    Process process({"reproduce", "--tables", table.at + "/tables", "--runs", table.at + "/runs",
                     "--out", table.at + "/reports", "--device", "cpu", "--threads", "1"},
                    table.folder.path / "output");
    while (!process.over() && !std::filesystem::exists(done)) ::usleep(1000);
    process.signal(SIGKILL);
    process.wait();
  }
  const std::string first = read_file(done);
  check_outcome(table.command("--threads 1"), 0, {"1 exceeded"});
  BOOST_TEST(read_file(done) == first);  // as it was: seconds and all
  check_outcome(whole.command("--threads 1"), 0, {"1 exceeded"});
  BOOST_TEST((table.model(2) == whole.model(2)));
}

BOOST_AUTO_TEST_CASE(a_figure_shows_the_ways_of_its_runs) {
  const Folder folder;
  const std::string at = folder.path.string();
  write_file_atomic(
      folder.path / "tables" / "figure2.toml",
      "id = \"figure2\"\ntitle = \"Ways\"\nrecipes = \"None.\"\nmetrics = [\"accuracy\"]\n"
      "seeds = [1, 2]\nsettings = { net = \"cnn2\", batch = 32, epochs = 2 }\n"
      "trajectory = { snapshot_every = 2, perplexity = 5 }\n"
      "[[rows]]\nname = \"mapped\"\nmethod = \"Ours*\"\nparams = \"256\"\n"
      "trainable = 256\nsettings.latent = 256\n[rows.data.noise-1x28x28x10]\n");
  const std::string command = fmt::format(
      "reproduce --figure 2 --tables {0}/tables --runs {0}/runs --out {0}/reports --device cpu "
      "--jobs 2 --lock",
      at);
  check_outcome(command, 0, {"figure2: 1 done"});
  const std::string text = read_file(at + "/reports/figure2.json");
  const auto runs = nlohmann::json::parse(text)["entries"][0]["runs"];
  BOOST_TEST(runs[0]["trajectory"]["steps"].size() == 9u);  // 0, 2, ... 16
  BOOST_TEST(runs[0]["trajectory"]["tsne"]["perplexity"] == 5);
  BOOST_TEST(runs[0]["command"].get<std::string>().find("--snapshot-every 2") != std::string::npos);
  BOOST_TEST(runs[1]["trajectory"].contains("network"));
  BOOST_TEST(!runs[1]["trajectory"].contains("tsne"));  // the first seed is drawn, all are measured
  const std::string markdown = read_file(at + "/reports/figure2.md");
  BOOST_TEST(markdown.find("| mapped | fc1 | 102528 |") != std::string::npos, markdown);
  BOOST_TEST(markdown.find("| random walk |") != std::string::npos, markdown);
  const std::string page = read_file(at + "/reports/index.html");
  BOOST_TEST(page.find("<td>mapped<td>fc1<td>102528") != std::string::npos);
  for (const char* picture : {"layers", "pca", "shares", "tsne"}) {
    const std::string file = fmt::format("figure2-{}.svg", picture);
    BOOST_TEST(std::filesystem::exists(at + "/reports/" + file) == has_gnuplot());
    BOOST_TEST((markdown.find("![" + file + "](" + file + ")") != std::string::npos) ==
               has_gnuplot());
  }
  check_outcome(command, 0, {"figure2: 1 done"});
  BOOST_TEST(read_file(at + "/reports/figure2.json") == text);  // nothing was trained again
  // A row whose snapshots are gone has failed, and is no end of all reports.
  std::filesystem::remove_all(at + "/runs/figure2/mapped/noise-1x28x28x10/seed2/snapshots");
  check_outcome(command, 1,
                {"figure2: 1 failed", "failed: mapped on noise-1x28x28x10: ", "seed2/snapshots",
                 "to train it again"});
}

BOOST_AUTO_TEST_CASE(a_row_begins_with_anothers_weights) {
  const Folder folder;
  const std::string at = folder.path.string();
  const auto write = [&](const std::string& rate, const std::string& tuned = "") {
    write_file_atomic(
        folder.path / "tables" / "tuned.toml",
        "id = \"tuned\"\ntitle = \"Tuned\"\nrecipes = \"None.\"\nmetrics = [\"accuracy\"]\nseeds = "
        "[1, 2]\n"
        "settings = { net = \"cnn2\", batch = 64, epochs = 1 }\n"
        "[[rows]]\nname = \"tuned\"\nmethod = \"Ours*\"\nparams = \"256\"\ntrainable = 256\n"
        "pretrained_from = \"base\"\nsettings = { latent = 256, share = 2 " +
            tuned +
            "}\n"
            "[rows.data.noise-1x28x28x10]\nin_quick_tier = true\n"
            "[[rows]]\nname = \"base\"\nmethod = \"CNN2\"\nparams = \"all\"\ntrainable = 108618\n"
            "settings = { strategy = \"direct\", lr = " +
            rate + " }\n[rows.data.noise-1x28x28x10]\n");
  };
  const std::string command = fmt::format(
      "reproduce --tables {0}/tables --runs {0}/runs --out {0}/reports --device cpu --jobs 2 "
      "--lock ",
      at);
  const auto base = std::filesystem::path(at) / "runs/tuned/base/noise-1x28x28x10/seed1";
  const auto pretrained = [&](int seed) {
    return nlohmann::json::parse(
        read_file(fmt::format("{}/runs/tuned/tuned/noise-1x28x28x10/seed{}/result.json", at,
                              seed)))["pretrained"]["sha256"];
  };
  write("0.001");
  write_file_atomic(base / "weights.safetensors", "what an earlier base was exported to");
  check_outcome(command + "--rows tuned", 0,
                {"tuned: 2 done"});  // the base is trained though not named
  const std::string first = pretrained(1);
  BOOST_TEST(first != pretrained(2));  // each seed begins with its own
  const auto run =
      nlohmann::json::parse(read_file(at + "/reports/tuned.json"))["entries"][0]["runs"][0];
  BOOST_TEST(run["before"].get<std::string>().find("mapnet export --run") == 0);
  BOOST_TEST(run["source_command"].get<std::string>().find("mapnet train ") == 0);
  BOOST_TEST(run["command"].get<std::string>().find("weights.safetensors") != std::string::npos);
  check_outcome(command, 0, {"2 done"});
  BOOST_TEST(pretrained(1) == first);
  write("0.002");  // another base: what began with the old one is trained again
  check_outcome(command, 0, {"2 done"});
  BOOST_TEST(pretrained(1) != first);
  check_outcome(command + "--quick", 0, {"2 done"});
  write("0.003");
  std::filesystem::remove(base / "output.txt");  // it cannot begin; its weights went with it
  std::filesystem::create_directory(base / "output.txt");
  check_outcome(command, 1, {"cannot be started"});
  BOOST_TEST(!std::filesystem::exists(base / "weights.safetensors"));
  std::filesystem::remove(base / "output.txt");
  write("0.002", ", alpha = \"much\"");
  check_outcome(command, 1, {"failed: tuned", "--alpha"});
  write("-1");
  check_outcome(command, 1, {"failed: tuned", "its weights are those of base", "--lr"});
}

BOOST_AUTO_TEST_CASE(wrong_usage_is_named) {
  const ToyTable table;
  table.write();
  check_outcome(table.command("--table 12"), 2, {"--table", "toy"});
  check_outcome(table.command("--figure 99"), 2, {"--figure 99", "toy"});
  check_outcome(table.command("--table toy --figure 99"), 2, {"--figure 99", "toy"});
  check_outcome(table.command("--rows nothing"), 2, {"nothing"});
  check_outcome(table.command("--quick"), 2, {"quick tier"});
  check_outcome(table.command("--data-dir cityscapes"), 2, {"NAME=DIR"});
  check_outcome(table.command("--data-dir cityscape=/tmp"), 2,
                {"--data-dir 'cityscape=/tmp'", "unknown dataset 'cityscape'"});
  const std::string redraw = "reproduce --redraw --out " + table.at;
  for (const std::string ignored :
       {"--table 1", "--figure 2", "--rows toy", "--paper-rows", "--data mnist", "--seeds 1",
        "--quick", "--lock", "--threads 1", "--runs x"})
    check_outcome(redraw + " " + ignored, 2, {ignored.substr(0, ignored.find(' ')), "--redraw"});
  check_outcome(redraw + " --tables " + table.at + "/tables", 1, {"expected reports"});
  check_outcome(table.command("--quick --against paper"), 2, {"--against paper", "references"});
  check_outcome("reproduce --tables /nonexistent", 2, {"/nonexistent: no such folder"});
  const std::string file = table.at + "/tables/toy.toml";
  check_outcome("reproduce --tables " + file, 2, {file + ": is a file, expected a folder"});
  write_file_atomic(file, "id = \n");
  check_outcome(table.command(), 2, {file + ":1"});
}
