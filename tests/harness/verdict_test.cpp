#include <boost/test/unit_test.hpp>
#include <limits>

#include "common/temporary.hpp"
#include "harness/report.hpp"

/// What figures come to, without training anything.
using namespace mapnet;

namespace {

/// A table of one row that has these results.
struct Judged {
  Table table;
  Campaign campaign;

  Judged(const char* metric, std::optional<double> paper, Reference reference,
         std::vector<double> results) {
    table.id = "table9";
    table.metrics = {find_metric(metric)};
    table.tolerance[metric] = find_metric(metric)->tolerance;
    table.rows.resize(1);
    table.rows[0].name = "row";
    table.rows[0].entries.resize(1);
    Entry& entry = table.rows[0].entries[0];
    entry.data = "mnist";
    if (paper) entry.paper[metric] = *paper;
    if (reference.seeds > 0) entry.references[metric] = reference;
    campaign.table = &table;
    ChosenEntry chosen;
    chosen.row = &table.rows[0];
    chosen.entry = &entry;
    chosen.state = EntryState::done;
    for (const double value : results) {
      SeedRun run;
      run.done = true;
      run.result = {{std::string("test_") + metric, value}, {std::string("train_") + metric, 1.0}};
      run.metrics = nlohmann::json::array();
      chosen.runs.push_back(run);
    }
    campaign.entries.push_back(chosen);
  }
  MetricVerdict verdict() const { return judge(campaign, campaign.entries[0]).metrics[0]; }
};

Reference reference_of(double mean, double tolerance) {
  return {mean, tolerance, 3, "cpu", "2026-11-24", "abc"};
}

}  // namespace

// A run that diverged, or was measured otherwise, has no figure: the mean of the others is not the
// row's.
BOOST_AUTO_TEST_CASE(a_row_without_a_figure_of_every_seed_has_failed) {
  for (const bool diverged : {true, false}) {
    Judged judged("mse", 0.1, reference_of(0.1, 0.1), {0.1, 0.1});
    ChosenEntry& entry = judged.campaign.entries[0];
    entry.runs[1].seed = 2;
    nlohmann::json& result = entry.runs[1].result;
    if (diverged)
      result["test_mse"] =
          nlohmann::json::parse(nlohmann::json(std::numeric_limits<double>::quiet_NaN()).dump());
    else
      result.erase("test_mse");
    entry.state = EntryState::pending;
    settle(entry, judged.table);
    BOOST_TEST((entry.state == EntryState::failed));
    BOOST_TEST(entry.message ==
               "seed 2 has no test_mse: it diverged, or its mapnet does not measure it");
    const nlohmann::json report = report_json(report_of(judged.campaign));
    BOOST_TEST(report["summary"].get<std::string>() == "1 failed");
    BOOST_TEST(!report["entries"][0]["metrics"][0].contains("test"));
    entry.state = EntryState::pending;
    result["test_mse"] = 0.1;
    settle(entry, judged.table);
    BOOST_TEST((entry.state == EntryState::done));
    entry.state = EntryState::pending;
    entry.runs[1].done = false;
    settle(entry, judged.table);
    BOOST_TEST((entry.state == EntryState::pending));
  }
}

// Of logits that are NaN none is the largest: their accuracy is 0, a number as any other.
BOOST_AUTO_TEST_CASE(a_run_whose_loss_is_no_number_has_failed) {
  for (const char* loss : {"train_loss", "test_loss"}) {
    Judged judged("accuracy", 0.5, reference_of(90, 1), {0.9, 0.0});
    ChosenEntry& entry = judged.campaign.entries[0];
    entry.runs[1].seed = 2;
    entry.state = EntryState::pending;
    settle(entry, judged.table);
    BOOST_TEST((entry.state == EntryState::done));  // of an older mapnet, without the key
    entry.runs[1].result[loss] = nullptr;
    entry.state = EntryState::pending;
    settle(entry, judged.table);
    BOOST_TEST((entry.state == EntryState::failed));
    BOOST_TEST(entry.message == std::string("seed 2 diverged: its ") + loss + " is no number");
  }
}

BOOST_AUTO_TEST_CASE(a_row_is_held_against_the_paper) {
  const auto of = [](const char* metric, double paper, double ours) {
    return to_string(Judged(metric, paper, {}, {ours}).verdict().against_paper);
  };
  BOOST_TEST(of("accuracy", 90, 0.9051) == "exceeded");
  BOOST_TEST(of("accuracy", 90, 0.9049) == "reproduced");
  BOOST_TEST(of("accuracy", 90, 0.8951) == "reproduced");
  BOOST_TEST(of("accuracy", 90, 0.8949) == "not reached");
  BOOST_TEST(of("mse", 0.001, 0.00089) == "exceeded");  // less is better, by a tenth of the figure
  BOOST_TEST(of("mse", 0.001, 0.00109) == "reproduced");
  BOOST_TEST(of("mse", 0.001, 0.00111) == "not reached");
  BOOST_TEST(of("mean_iou", 0.48, 0.4591) == "not reached");
  BOOST_TEST(of("mean_iou", 0.48, 0.4601) == "reproduced");
  // Exactly on the edge, from where binary fractions lie a little beyond it.
  BOOST_TEST(of("accuracy", 90.67, 0.9017) == "reproduced");
  BOOST_TEST(of("accuracy", 80.1, 0.806) == "reproduced");
  BOOST_TEST(of("accuracy", 90.67, 0.901699) == "not reached");
  BOOST_TEST(of("mse", 0.00012, 0.000132) == "reproduced");
  BOOST_TEST(of("mse", 1.2e-11, 1.33e-11) == "not reached");
}

BOOST_AUTO_TEST_CASE(a_row_is_held_against_its_reference) {
  const auto of = [](const char* metric, const Reference& r, double ours) {
    return to_string(Judged(metric, 1, r, {ours}).verdict().against_reference);
  };
  BOOST_TEST(of("accuracy", reference_of(90, 0.3), 0.8969) == "regressed");
  BOOST_TEST(of("accuracy", reference_of(90, 0.3), 0.8971) == "held");
  BOOST_TEST(of("accuracy", reference_of(90, 0.3), 0.9031) == "improved");
  BOOST_TEST(of("mse", reference_of(0.001, 0.0001), 0.00111) == "regressed");
  BOOST_TEST(of("mse", reference_of(0.001, 0.0001), 0.00089) == "improved");
  BOOST_TEST(of("accuracy", reference_of(90.67, 0.5), 0.9017) == "held");
  BOOST_TEST(of("accuracy", reference_of(80, 0.3), 0.803) == "held");
  BOOST_TEST(of("accuracy", {}, 0.5) == "");
}

BOOST_AUTO_TEST_CASE(a_figure_is_the_mean_of_all_seeds_or_none) {
  Judged judged("accuracy", 90, {}, {0.90, 0.92, 0.91});
  BOOST_TEST(judged.verdict().test->mean == 91, boost::test_tools::tolerance(1e-12));
  BOOST_TEST(judged.verdict().test->least == 90);
  BOOST_TEST(judged.verdict().test->most == 92);
  BOOST_TEST(*judged.verdict().gap == 1, boost::test_tools::tolerance(1e-9));
  judged.campaign.entries[0].state = EntryState::failed;
  BOOST_TEST(!judged.verdict().test.has_value());
  BOOST_TEST(to_string(judged.verdict().against_paper) == "");
}

// A diverged run has no figure; what has none is not counted as passed.
BOOST_AUTO_TEST_CASE(what_is_not_done_is_never_counted_as_passed) {
  Judged judged("accuracy", 90, reference_of(90, 1), {0.95});
  for (const auto& [state, text] :
       {std::pair(EntryState::no_data, "1 without data"), std::pair(EntryState::failed, "1 failed"),
        std::pair(EntryState::pending, "1 not run")}) {
    judged.campaign.entries[0].state = state;
    BOOST_TEST(report_json(report_of(judged.campaign))["summary"].get<std::string>() == text);
  }
  judged.campaign.entries[0].state = EntryState::done;
  BOOST_TEST(report_json(report_of(judged.campaign))["summary"].get<std::string>() ==
             "1 exceeded, 1 held to their reference");
}

// A choice of nothing but ours beyond the paper says so, with and without references.
BOOST_AUTO_TEST_CASE(what_goes_beyond_the_paper_is_counted_as_that) {
  const auto summary = [](Judged judged) {
    judged.table.rows[0].beyond = "row";
    return report_json(report_of(judged.campaign))["summary"].get<std::string>();
  };
  BOOST_TEST(summary(Judged("accuracy", std::nullopt, {}, {0.95})) == "1 beyond the paper");
  BOOST_TEST(summary(Judged("accuracy", std::nullopt, reference_of(95, 1), {0.95})) ==
             "1 beyond the paper, 1 held to their reference");
}

BOOST_AUTO_TEST_CASE(a_stand_in_is_not_held_against_the_paper) {
  Judged judged("accuracy", 90, {}, {0.95});
  judged.table.rows[0].entries[0].stand_in = StandIn{"noise", {}, std::nullopt, {}};
  judged.campaign.entries[0].stand_in = true;
  BOOST_TEST(!judged.verdict().paper.has_value());
  BOOST_TEST(to_string(judged.verdict().against_paper) == "");
  const std::string text = report_markdown(report_json(report_of(judged.campaign)));
  BOOST_TEST(text.find("noise (stand-in for ") != std::string::npos, text);
}

BOOST_AUTO_TEST_CASE(the_report_shows_figure_gap_spread_and_verdict) {
  const Judged judged("accuracy", 90, reference_of(91, 1), {0.90, 0.92, 0.91});
  const nlohmann::json json = report_json(report_of(judged.campaign));
  BOOST_TEST(json["entries"][0]["metrics"][0]["train_test_drop"].get<double>() == 9,
             boost::test_tools::tolerance(1e-9));
  const std::string text = report_markdown(json);
  for (const char* part : {"| row |", "90.00", "91.00 (90.00 to 92.00)", "+1.00", "exceeded; held"})
    BOOST_TEST(text.find(part) != std::string::npos, part << " in\n" << text);
}

// `--seeds 1` of a table of three: a figure, and judged, but not the table's.
BOOST_AUTO_TEST_CASE(a_part_of_the_seeds_is_told_from_all) {
  Judged judged("accuracy", 90, reference_of(91, 1), {0.91});
  judged.table.rows[0].seeds = {1, 2, 3};
  nlohmann::json report = report_json(report_of(judged.campaign));
  BOOST_TEST(report["entries"][0]["seeds"] == 3);
  const auto says = [&](const char* part) {
    const std::string text = report_markdown(report);
    BOOST_TEST(text.find(part) != std::string::npos, part << " in\n" << text);
  };
  says("| exceeded; held; 1 of 3 seeds |");
  report["entries"][0]["seeds"] = 1;
  says("| exceeded; held |");
}
