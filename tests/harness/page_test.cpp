#include <boost/test/unit_test.hpp>

#include "common/temporary.hpp"
#include "harness/gnuplot.hpp"
#include "harness/pictures.hpp"
#include "harness/reach/pictures.hpp"
#include "harness/reach/reach.hpp"
#include "harness/report.hpp"

/// The page of all reports.
using namespace mapnet;
using namespace mapnet::test;

namespace {

/// A report of two rows, one done and one without data.
nlohmann::json report() {
  return nlohmann::json::parse(R"JSON({
    "schema": 1, "table": "table9", "title": "A <title>", "quick": false, "recipes": "None.",
    "version": "0.1.0", "summary": "1 exceeded, 1 without data", "tolerance": {"accuracy": 0.5},
    "entries": [
      {"row": "slvt", "method": "Ours*", "params": "2,048", "data": "mnist", "state": "done",
       "trainable_params": 2048, "target_params": 108618, "device": "cpu (a <name>)",
       "version": "0.1.0 (abc)", "paper_train": 99.0,
       "seconds": {"mean": 12.3, "min": 12, "max": 13, "n": 2},
       "plan": {"total_bytes": 1048576, "lower_bound_bytes": 1048576,
                "peak_bytes": {"activations": 1000000, "data": 500000}},
       "metrics": [{"metric": "accuracy", "paper": 98.66, "gap": 0.34, "train_test_drop": 0.5,
                    "test": {"mean": 99.0, "min": 98.9, "max": 99.1, "n": 2},
                    "against_paper": "exceeded"}],
       "runs": [{"seed": 1, "command": "mapnet train --net cnn2",
                 "result": {"device": "cpu (a <name>)", "version": "0.1.0"},
                 "epochs": [{"epoch": 1, "train_accuracy": 0.9}, {"epoch": 2, "train_accuracy": 0.95}]
}]
},
      {"row": "licensed", "method": "Ours", "params": "25M", "data": "cityscapes",
       "state": "no data", "message": "ask for it & wait", "runs": [],
       "metrics": [{"metric": "accuracy", "paper": 97}]}]
})JSON");
}

void check_holds(const std::string& text, const std::string& part) {
  BOOST_TEST(text.find(part) != std::string::npos, "expected '" << part << "'");
}

}  // namespace

// Ours beyond the paper stand beside the paper's row, in columns of their own, and are no row.
BOOST_AUTO_TEST_CASE(what_goes_beyond_the_paper_has_columns_of_its_own) {
  nlohmann::json r = report();
  nlohmann::json more = r["entries"][0];
  more["row"] = "learned <map>";
  more["beyond"] = r["entries"][0]["row"];
  more["map_values"] = 777;
  more["map_samples"] = 480000;
  more["runs"][0]["result"]["map_seconds"] = 37.6;
  more["trainable_params"] = 128;
  more["metrics"][0] = {{"metric", "accuracy"},
                        {"against_reference", "regressed"},
                        {"test", {{"mean", 99.55}, {"min", 99.5}, {"max", 99.6}, {"n", 2}}}};
  more["seeds"] = 3;
  BOOST_TEST(report_markdown(r).find("beyond") == std::string::npos);
  r["entries"].push_back(more);
  const std::string text = report_markdown(r);
  check_holds(text,
              "| beyond the paper | its figure | its verdict | trained at a time | its map learned "
              "from | it ran on |\n");
  check_holds(text,
              "| learned <map> | 99.55 (99.50 to 99.60) | regressed; 1 of 3 seeds | "
              "128 + 777 of the map | 480000 samples, 38 s | a |\n");
  check_holds(text, "A learned map is not free");
  BOOST_TEST(text.find("\n| learned") == std::string::npos);
  const Folder folder;
  folder.write("table9.json", r.dump());
  write_page(folder.path);
  const std::string page = read_file(folder.path / "index.html");
  check_holds(page,
              "<td>learned &lt;map&gt;</td><td>99.55 (99.50 to 99.60)</td>"
              "<td><span class=\"regressed\">regressed</span> "
              "<small>1 of 3 seeds</small></td>");
  BOOST_TEST(page.find("<tr><td>learned") == std::string::npos);
  // One that failed says so; one whose row of the paper is not there is a line of its own.
  r["entries"][2]["state"] = "failed";
  check_holds(report_markdown(r), "| learned <map> | 99.55 (99.50 to 99.60) | failed |");
  r["entries"][2]["state"] = "done";
  r["entries"].erase(0);
  check_holds(report_markdown(r), "\n| learned <map> (beyond slvt) | Ours* | mnist |");
  BOOST_TEST(report_markdown(r).find("trained at a time") == std::string::npos);
  folder.write("table9.json", r.dump());
  write_page(folder.path);
  check_holds(read_file(folder.path / "index.html"),
              "<tr><td>learned &lt;map&gt; (beyond slvt)</td>");
  r["entries"][1].erase("beyond");  // of a study: a row as any, with what its map stores
  check_holds(report_markdown(r), "| 128 + 777 of the map | 480000 samples, 38 s |");
}

// What a reader needs to judge a figure stands in its line: what it ran on, what the paper's own
// runs show, whether the reference says anything that the figure does not.
BOOST_AUTO_TEST_CASE(a_line_says_what_its_figure_is_worth) {
  nlohmann::json r = report();
  nlohmann::json& done = r["entries"][0];
  done["persistence_mse_test"] = 0.5;
  done["metrics"][0]["reference"] = {{"mean", 99.0}, {"tolerance", 0.5}, {"commit", "def"}};
  nlohmann::json other = done;
  other["row"] = "other";
  other["device"] = "cuda";
  other["metrics"][0]["reference"]["commit"] = "abc";  // the commit that it ran on
  other["metrics"][0]["test"] = {{"mean", 99.0}, {"min", 99.0}, {"max", 99.0}, {"n", 1}};
  r["entries"].push_back(other);
  const std::string text = report_markdown(r);
  check_holds(text,
              "| 99.00 (98.90 to 99.10) | +0.34 | exceeded | 99.00 | 0.50 (paper 0.34) | 0.50 |");
  check_holds(text, "| 99.00 (1 seed) | +0.34 | exceeded | 99.00 (same version) |");
  check_holds(text, "| a |\n");
  check_holds(text, "| b |\n");
  check_holds(text, "\n- a: cpu (a <name>), mapnet 0.1.0 (abc)\n- b: cuda, mapnet 0.1.0 (abc)\n");
  check_holds(text, "Reproduced: within 0.50 points of accuracy of the paper's figure");
  nlohmann::json changed = r;  // what was not committed then is another version
  changed["entries"][2]["version"] = "0.1.0 (abc-dirty)";
  BOOST_TEST(report_markdown(changed).find("99.00 (same version)") == std::string::npos);
  // Columns that say nothing of any row are left out.
  BOOST_TEST(text.find("map learned from") == std::string::npos);
  r["entries"].erase(2), r["entries"].erase(0);
  BOOST_TEST(report_markdown(r).find("| seconds |") == std::string::npos);
}

// A comparison: how few trained values reach 99% of the baseline, by method and data set, and with
// more of them still do.
BOOST_AUTO_TEST_CASE(a_comparison_says_how_few_values_reach_its_baseline) {
  nlohmann::json r = report();
  const nlohmann::json done = r["entries"][0];
  r["entries"] = nlohmann::json::array();
  r["baseline"] = "direct";
  const auto add = [&](const char* row, const char* method, std::size_t trained, double mean) {
    nlohmann::json entry = done;
    entry["row"] = row;
    entry["method"] = method;
    entry["trainable_params"] = trained;
    entry["map_values"] = 10 * trained;
    entry["map_samples"] = 2 * trained;
    entry["metrics"][0] = {{"metric", "accuracy"},
                           {"test", {{"mean", mean}, {"min", mean}, {"max", mean}, {"n", 3}}}};
    r["entries"].push_back(entry);
  };
  add("direct", "direct", 1000, 90);
  add("b-64", "b", 64, 89.11);
  add("b-8", "b", 8, 89.2);
  add("b-16", "b", 16, 89.09);  // 99% are 89.10: 8 were luck
  add("b-32", "b", 32, 89.10);
  add("c-32", "c", 32, 89.0);
  const std::vector<Reach> all = reaches(r);
  BOOST_TEST_REQUIRE(all.size() == 2u);
  BOOST_TEST_REQUIRE(all[0].enough.has_value());
  BOOST_TEST(all[0].points[*all[0].enough].trained == 32u);
  BOOST_TEST(!all[1].enough.has_value());
  const std::string text = report_markdown(r);
  check_holds(text, "## Trained values that reach 99% of direct");
  check_holds(text, "| b | mnist | 32 | 320 | 64 samples | 89.10 | 3 | 8 to 64 | 89.11 | 90.00 |");
  check_holds(text, "| c | mnist | none of those tried |  |  |  |  | 32 | 89.00 | 90.00 |");
  const Folder folder;
  folder.write("study.json", r.dump());
  write_page(folder.path);
  const std::string page = read_file(folder.path / "index.html");
  check_holds(page, "<td>32<td>320<td>64 samples<td>89.10<td>");
  check_holds(page, "<h1>Ours beyond the paper</h1>");
  if (has_gnuplot()) {
    BOOST_TEST_REQUIRE(pictures_of_reaches(r).size() == 1u);
    nlohmann::json more = r;
    more["entries"].push_back(r["entries"].back());
    more["entries"].back()["method"] = "another whole network";
    more["entries"].back()["trainable_params"] = 1000;
    const std::string svg = pictures_of_reaches(more)[0].svg;
    for (const char* part : {"99% of it", ">direct<", ">c<", "trained values", ">80<"})
      check_holds(svg, part);
    BOOST_TEST(svg.find("another") == std::string::npos);
  }
  // A figure that is better where it is lower.
  for (nlohmann::json& entry : r["entries"]) entry["metrics"][0]["metric"] = "mse";
  BOOST_TEST(*reaches(r)[0].enough == 0u);
  BOOST_TEST(least_near(*find_metric("mse"), 0.99) == 1.0, boost::test_tools::tolerance(1e-12));
  r["entries"][1]["outdated"] = true;  // of other settings: no point of the comparison
  BOOST_TEST(reaches(r)[0].points.size() == all[0].points.size() - 1);
  r["entries"][1].erase("outdated");
  r["entries"][1]["comparable"] = false;  // of other images or more epochs: neither
  BOOST_TEST(reaches(r)[0].points.size() == all[0].points.size() - 1);
  r.erase("baseline");
  BOOST_TEST(reaches(r).empty());
  BOOST_TEST(report_markdown(r).find("99%") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(the_page_has_every_report_and_needs_no_other_file) {
  const Folder folder;
  folder.write("table9.json", report().dump());
  folder.write("other.json", "{\"not\": \"a report\"}");
  folder.write("broken.json", "{");
  write_page(folder.path);
  const std::string page = read_file(folder.path / "index.html");
  for (const char* part : {"A &lt;title&gt;", "99.00", "98.90 to 99.10", "+0.34",
                           "<span class=\"exceeded\">", "<span class=\"no-data\">no data</span>",
                           "ask for it &amp; wait", "mapnet train --net cnn2",
                           "cpu (a &lt;name&gt;)", "prefers-color-scheme: dark", "1.00 MiB"})
    check_holds(page, part);
  for (const char* outside : {"src=", "http-equiv", "@import", "<script"})
    BOOST_TEST(page.find(outside) == std::string::npos, outside);
  BOOST_TEST((page.find("<svg") != std::string::npos) == has_gnuplot());
}

// Both tiers of a table may stand on it.
BOOST_AUTO_TEST_CASE(a_table_is_told_from_its_quick_tier) {
  const Folder folder;
  nlohmann::json quick = report();
  quick["quick"] = true;
  folder.write("table9.json", report().dump());
  folder.write("table9-quick.json", quick.dump());
  write_page(folder.path);
  const std::string page = read_file(folder.path / "index.html");
  check_holds(page, "<a href=\"#table9\">A &lt;title&gt;</a>");
  check_holds(page, "<h2 id=\"table9\">A &lt;title&gt;</h2>");
  check_holds(page, "<a href=\"#table9-quick\">A &lt;title&gt; (quick tier)</a>");
  check_holds(page, "<h2 id=\"table9-quick\">A &lt;title&gt; (quick tier)</h2>");
}

// Anybody may have written the JSON.
BOOST_AUTO_TEST_CASE(what_a_report_says_is_text_on_the_page) {
  const Folder folder;
  nlohmann::json r = report();
  r["entries"][1]["state"] = "<i>\"done\"</i>";
  nlohmann::json& trained = r["entries"][0];
  trained["data"] = "<i>mnist</i>";
  r["entries"].push_back(trained);
  r["entries"].back()["row"] = "direct";
  r["entries"].back()["trainable_params"] = 4096;
  r["baseline"] = "direct";
  folder.write("table9.json", r.dump());
  write_page(folder.path);
  const std::string page = read_file(folder.path / "index.html");
  BOOST_TEST(page.find("<i>") == std::string::npos);
  check_holds(page, "&lt;i&gt;&quot;done&quot;&lt;/i&gt;</span>");
  if (has_gnuplot()) check_holds(page, "<figcaption>On &lt;i&gt;mnist&lt;/i&gt;: test samples");
}

// What is made of the JSON can be made again without a run, and the JSON stays as it was.
BOOST_AUTO_TEST_CASE(reports_are_redrawn_from_their_json) {
  const Folder folder;
  check_fails([&] { redraw_reports(folder.path / "none", {}); }, {"none", "no folder"});
  check_fails([&] { redraw_reports(folder.path, {}); }, {folder.path.string(), "expected reports"});
  const std::string before = report().dump();
  folder.write("table9-quick.json", before);
  folder.write("other.json", "[1]");
  folder.write("another.json", R"({"schema": 1, "table": "table9", "entries": [1]})");
  folder.write("table9-quick.md", "old");
  redraw_reports(folder.path, {});
  BOOST_TEST(read_file(folder.path / "table9-quick.md") == report_markdown(report()));
  BOOST_TEST(read_file(folder.path / "table9-quick.json") == before);
  check_holds(read_file(folder.path / "index.html"), "A &lt;title&gt;");
  BOOST_TEST(!std::filesystem::exists(folder.path / "other.md"));
}

// Pictures are called by data sets.
BOOST_AUTO_TEST_CASE(a_report_draws_nothing_outside_its_folder) {
  const Folder folder;
  nlohmann::json r = report();
  nlohmann::json& done = r["entries"][0];
  done["data"] = "../../../elsewhere";
  r["entries"].push_back(done);
  r["entries"].back()["row"] = "direct";
  r["entries"].back()["trainable_params"] = 4096;
  r["baseline"] = "direct";
  const auto file = folder.write("reports/table9.json", r.dump());
  check_fails([&] { redraw_reports(folder.path / "reports", {}); },
              {file.string() + ": row slvt has data '../../../elsewhere'", "without '/'"});
  BOOST_TEST(!std::filesystem::exists(folder.path / "reports/table9.md"));
  BOOST_TEST(!std::filesystem::exists(folder.path / "elsewhere.svg"));
}

BOOST_AUTO_TEST_CASE(pictures_are_drawn_of_what_there_is) {
  if (!has_gnuplot()) {
    BOOST_TEST_MESSAGE("no gnuplot here: pictures are not drawn");
    return;
  }
  for (const auto picture :
       {picture_of_counts, picture_of_training, picture_of_drop, picture_of_memory}) {
    const std::string svg = picture(report());
    BOOST_TEST(svg.starts_with("<svg"));
    for (const char* black : {"rgb(0,0,0)", "\"black\""})  // on a dark page
      BOOST_TEST(svg.find(black) == std::string::npos, black);
    check_holds(svg, "currentColor");
  }
  check_holds(picture_of_counts(report()), "mnist, ours");
  BOOST_TEST(picture_of_counts(report()).find("beyond") == std::string::npos);
  nlohmann::json more = report();
  more["entries"].push_back(more["entries"][0]);
  more["entries"].back()["beyond"] = "slvt";
  check_holds(picture_of_counts(more), "mnist, beyond the paper");
  check_holds(picture_of_memory(report()), "activations");
  nlohmann::json outdated = report();  // of other settings: no figures of this row
  outdated["entries"][0]["outdated"] = true;
  BOOST_TEST(picture_of_training(outdated).empty());
  BOOST_TEST(picture_of_drop(outdated).empty());
  nlohmann::json empty = report();
  empty["entries"].erase(0);
  BOOST_TEST(picture_of_training(empty).empty());
  BOOST_TEST(picture_of_drop(empty).empty());
  BOOST_TEST(picture_of_memory(empty).empty());
  BOOST_CHECK_NO_THROW(picture_of_counts(empty));
  check_fails([] { draw("plot nonsense\n"); }, {"gnuplot"});
}
