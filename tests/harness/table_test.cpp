#include "harness/table.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <set>

#include "common/temporary.hpp"
#include "harness/campaign.hpp"
#include "harness/tables_folder.hpp"

/// Tables as data: what is read, and what is refused with file, line and key.
using namespace mapnet;
using namespace mapnet::test;

namespace {

const std::string kTable = R"(id = "table9"
title = "A table"
recipes = "As they come."
metrics = ["accuracy"]
seeds = [4, 5]
[tolerance]
accuracy = 1
[settings]
net = "cnn2"
epochs = 3
[quick]
epochs = 1
[[rows]]
name = "slvt"
method = "Ours*"
params = "2048"
trainable = 2048
settings = { strategy = "slvt", latent = 2048, augment-flip = true, lambdas = [0.5, 1] }
[rows.data.mnist]
paper.accuracy = 98.66
in_quick_tier = true
settings = { lr = 0.05, augment-flip = false }
reference.accuracy = { mean = 98.5, tolerance = 0.2, seeds = 3, device = "cpu", date = 2026-11-24, commit = "abc" }
)";

std::string replaced(std::string text, const std::string& what, const std::string& by) {
  const std::size_t at = text.find(what);
  BOOST_REQUIRE_MESSAGE(at != std::string::npos, what);
  return text.replace(at, what.size(), by);
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_table_is_read) {
  const Folder folder;
  const Table t = read_table(folder.write("table9.toml", kTable));
  BOOST_TEST(t.id == "table9");
  BOOST_TEST((t.seeds == std::vector<int>{4, 5}));
  BOOST_TEST((t.rows.at(0).seeds == t.seeds));
  const Table one_seed = read_table(folder.write(
      "one.toml", replaced(kTable, "trainable = 2048\n", "trainable = 2048\nseeds = [7]\n")));
  BOOST_TEST((one_seed.rows.at(0).seeds == std::vector<int>{7}));
  BOOST_TEST(t.tolerance.at("accuracy") == 1);
  const Entry& e = t.rows.at(0).entries.at(0);
  BOOST_TEST(e.data == "mnist");
  BOOST_TEST(e.trainable == 2048u);
  BOOST_TEST(e.paper.at("accuracy") == 98.66);
  BOOST_TEST(e.references.at("accuracy").mean == 98.5);
  BOOST_TEST(e.references.at("accuracy").date == "2026-11-24");
  BOOST_TEST(command_line(words_of(e.settings)) ==
             "--data mnist --epochs 3 --lambdas 0.5 1 --latent 2048 --lr 0.05 --net cnn2 "
             "--strategy slvt");
  BOOST_TEST(command_line(words_of(e.quick)) ==
             "--data mnist --epochs 1 --lambdas 0.5 1 --latent 2048 --lr 0.05 --net cnn2 "
             "--strategy slvt");
  // A command is read back, whatever its words hold.
  Settings odd = e.settings;
  odd["config"] = {"it's a \\ path"};
  odd["augment-flip"] = {};
  BOOST_TEST((settings_in("mapnet train " + command_line(words_of(odd))) == odd));
}

// Wherever it stands, and never as a word for `mapnet train`.
BOOST_AUTO_TEST_CASE(a_flag_that_is_false_is_taken_away) {
  const Folder folder;
  const auto read = [&](const std::string& text) {
    return read_table(folder.write("table9.toml", text)).rows.at(0).entries.at(0);
  };
  const std::string flips = replaced(kTable, "lr = 0.05, augment-flip = false", "lr = 0.05");
  const Entry of_row =
      read(replaced(replaced(flips, "epochs = 1", "epochs = 1\nwarmup = 2"), "[rows.data.mnist]",
                    "quick = { augment-flip = false, warmup = false }\n"
                    "[rows.data.mnist]"));
  BOOST_TEST(of_row.settings.contains("augment-flip"));
  BOOST_TEST(!of_row.quick.contains("augment-flip"));
  BOOST_TEST(!of_row.quick.contains("warmup"));
  const Entry again = read(replaced(flips, "in_quick_tier = true",
                                    "in_quick_tier = true\nquick = { augment-flip = false }"));
  BOOST_TEST(again.settings.contains("augment-flip"));
  BOOST_TEST(!again.quick.contains("augment-flip"));
  const Entry of_table = read(replaced(kTable, "epochs = 3", "epochs = 3\nmultivariate = false"));
  BOOST_TEST(!of_table.settings.contains("multivariate"));
  BOOST_TEST(!of_table.quick.contains("multivariate"));
}

BOOST_AUTO_TEST_CASE(a_mistake_is_named_with_file_line_and_key) {
  const Folder folder;
  const auto refuses = [&](const std::string& text, std::initializer_list<std::string> parts) {
    const auto file = folder.write("wrong.toml", text);
    check_fails<UsageError>([&] { read_table(file); }, parts);
  };
  refuses(replaced(kTable, "paper.accuracy", "papper.accuracy"), {"wrong.toml:20", "papper"});
  refuses(replaced(kTable, "mean = 98.5", "mean = \"98.5\""),
          {"wrong.toml:23", "mean", "a number"});
  refuses(replaced(kTable, "mean = 98.5, ", ""), {"wrong.toml:23", "'mean' is missing"});
  refuses(replaced(kTable, "tolerance = 0.2", "tolerance = -1"), {"wrong.toml:23", "tolerance"});
  refuses(replaced(kTable, "method = \"Ours*\"", "methods = 1"), {"wrong.toml:13", "'method'"});
  refuses(replaced(kTable, "trainable = 2048", "trainable = 2048.5"),
          {"wrong.toml:17", "trainable"});
  refuses(replaced(kTable, "trainable = 2048\n", ""), {"wrong.toml:18", "trainable"});
  refuses(replaced(kTable, "\"accuracy\"]", "\"accurcy\"]"), {"wrong.toml", "accurcy", "mean_iou"});
  refuses(replaced(kTable, "paper.accuracy", "paper.mse"), {"wrong.toml:20", "'mse'"});
  refuses(replaced(kTable, "name = \"slvt\"", "name = \"slvt/..\""), {"wrong.toml:13", "slvt/.."});
  refuses(replaced(kTable, "in_quick_tier = true", "in_quick_tier = 1"),
          {"wrong.toml:21", "true or"});
  refuses(replaced(kTable, "date = 2026-11-24", "date = \"today\""), {"wrong.toml:23", "a date"});
  refuses(kTable + "[[rows]]\nname = \"slvt\"\nmethod = \"\"\nparams = \"\"\n[rows.data]\n",
          {"two rows are called 'slvt'"});
  refuses(replaced(kTable, "seeds = [4, 5]", "seeds = [4, 5.5]"), {"wrong.toml:5", "seeds"});
  refuses(replaced(kTable, "seeds = [4, 5]", "seeds = [-1]"), {"wrong.toml:5", "seeds"});
  refuses(replaced(kTable, "seeds = [4, 5]", "seeds = [4, 5, 4]"),
          {"wrong.toml:5", "seeds", "once"});
  refuses(replaced(kTable, "data.mnist", "data.mnits"),
          {"wrong.toml:19", "mnits", "fashion-mnist"});
  refuses(replaced(kTable, "data.mnist", "data.noise-1x2"), {"wrong.toml:19", "noise-1x2"});
  refuses(kTable + "stand_in.data = \"mnits\"\n", {"wrong.toml:24", "stand_in", "mnits"});
  refuses(replaced(kTable, "trainable = 2048", "trainable = -1"), {"wrong.toml:17", "trainable"});
  refuses(replaced(kTable, "id = \"table9\"", "id = \"..\""), {"wrong.toml:1", "'..'"});
  const auto watched = [](const std::string& keys) {
    return replaced(kTable, "[quick]", "[trajectory]\n" + keys + "\n[quick]");
  };
  refuses(watched("snapshot_every = 0"), {"wrong.toml:11", "snapshot_every"});
  refuses(watched("perplexity = 30"), {"wrong.toml:11", "snapshot_every"});
  refuses(watched("snapshot_every = 5\nperplexity = 0.5"), {"wrong.toml:11", "perplexity"});
  refuses(watched("snapshot_every = 5\nsurplus = 1"), {"wrong.toml:13", "surplus"});
  refuses(kTable +
              "[[rows]]\nname = \"tuned\"\nmethod = \"\"\nparams = \"\"\ntrainable = 1\n"
              "pretrained_from = \"no\"\n[rows.data.mnist]\n"
              "[[rows]]\nname = \"no\"\nmethod = \"\"\nparams = \"\"\ntrainable = 1\n"
              "unsupported = \"it cannot\"\n[rows.data.mnist]\n",
          {"wrong.toml", "'tuned'", "'no', which is not supported"});
  for (const char* source : {"absent", "slvt"})  // another row, that begins with its seed
    refuses(replaced(kTable, "trainable = 2048",
                     "pretrained_from = \"" + std::string(source) + "\"\ntrainable = 2048"),
            {"wrong.toml", "'slvt'", source, "mnist"});
  // Beyond the paper: beside a row of the paper's, without a figure of the paper.
  for (const char* beside : {"absent", "slvt"})
    refuses(replaced(kTable, "trainable = 2048",
                     "beyond = \"" + std::string(beside) + "\"\ntrainable = 2048"),
            {"wrong.toml", "'slvt'", "beyond", beside});
  refuses(kTable +
              "[[rows]]\nname = \"more\"\nmethod = \"\"\nparams = \"\"\nbeyond = \"slvt\"\n"
              "trainable = 1\n[rows.data.mnist]\npaper.accuracy = 99\n",
          {"'more'", "beyond the paper", "mnist"});
  refuses(kTable +
              "[[rows]]\nname = \"more\"\nmethod = \"\"\nparams = \"\"\nbeyond = \"slvt\"\n"
              "trainable = 1\n[rows.data.fashion-mnist]\n",
          {"'more'", "beyond = 'slvt'", "has fashion-mnist"});
  refuses(replaced(kTable, "id = \"table9\"", "id = \"table9\"\nbaseline = \"absent\""),
          {"wrong.toml", "baseline", "'absent'"});
  refuses(kTable + "surplus = 1\n", {"surplus"});
  refuses("id = \n", {"wrong.toml:1"});
  check_fails([&] { read_table(folder.path / "absent.toml"); }, {"absent.toml"});
  // What every run is given anyway.
  for (const auto& [key, instead] :
       {std::pair("seed", "seeds = ["), std::pair("out", "--runs"),
        std::pair("resume", "by itself"), std::pair("config", "as settings"),
        std::pair("overwrite", "by itself")})
    refuses(replaced(kTable, "epochs = 3", std::string(key) + " = 3"),
            {"wrong.toml:10", std::string("'") + key + "' is no setting", instead});
  const Folder empty;
  check_fails<UsageError>([&] { read_tables(empty.path); }, {empty.path.string(), "no tables"});
  const auto file = folder.write("table9.toml", kTable);
  check_fails<UsageError>([&] { read_tables(file); }, {file.string() + ": is a file"});
  check_fails<UsageError>([&] { read_tables(file / "absent"); }, {"absent: no such folder"});
  check_fails<UsageError>(
      [&] { read_table(file, [](const std::string& flag) { return flag != "latent"; }); },
      {"table9.toml:18", "unknown setting 'latent'"});
}

BOOST_AUTO_TEST_CASE(the_papers_rows_are_chosen_alone) {
  const Folder folder;
  const Table t = read_table(folder.write(
      "table9.toml", kTable + "[[rows]]\nname = \"more\"\nmethod = \"\"\nparams = \"\"\nbeyond = "
                              "\"slvt\"\ntrainable = 1\n[rows.data.mnist]\n"));
  CampaignOptions options;
  BOOST_TEST(choose(t, options).entries.size() == 2u);
  options.paper_rows = true;
  const Campaign papers = choose(t, options);
  BOOST_TEST_REQUIRE(papers.entries.size() == 1u);
  BOOST_TEST(papers.entries[0].row->name == "slvt");
}

BOOST_AUTO_TEST_CASE(two_tables_of_one_id_are_refused) {
  const Folder folder;
  const std::string first = folder.write("a.toml", kTable), second = folder.write("b.toml", kTable);
  check_fails<UsageError>([&] { read_tables(folder.path); }, {second, "id = 'table9'", first});
}

// Every row of the paper's tables 1 to 8, and of the supplement.
BOOST_AUTO_TEST_CASE(the_tables_that_come_with_mapnet_are_read) {
  std::map<std::string, std::size_t> rows;
  std::ptrdiff_t unsupported = 0;
  for (const Table& table : read_tables(tables_folder())) {
    rows[table.id] = table.rows.size();
    unsupported +=
        std::ranges::count_if(table.rows, [](const Row& row) { return !row.unsupported.empty(); });
  }
  const std::map<std::string, std::size_t> expected = {
      {"table1", 15},      {"table2", 10},        {"table3", 3},  {"table4", 6},
      {"table5", 4},       {"table6", 29},        {"table7", 10}, {"table8", 9},
      {"table5-share", 6}, {"table-resnet18", 7}, {"figure2", 2}, {"smoke", 3}};
  for (const auto& [id, n] : expected) BOOST_TEST(rows[id] == n, id << ": " << rows[id]);
  BOOST_TEST(unsupported == 13);  // of videos, whose frames mapnet does not train on
  // The study of maps beyond the paper lies beside them, and is not run with them.
  std::set<std::string> studies;
  for (const Table& table : read_tables(tables_folder().parent_path() / "study")) {
    studies.insert(table.id);
    for (const Row& row : table.rows)
      for (const Entry& entry : row.entries) {
        BOOST_TEST(entry.paper.empty(), row.name);
        // Equal steps on the same images, or it is not compared.
        const bool equal = entry.settings.at("epochs") == std::vector<std::string>{"10"} &&
                           !entry.settings.contains("augment-shift");
        BOOST_TEST(equal == row.comparable, row.name);
      }
  }
  BOOST_TEST((studies == std::set<std::string>{"maps-cnn1", "maps-cnn2"}));
}
