#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <memory>
#include <set>

#include "cli/commands.hpp"
#include "cli/runner_progress.hpp"
#include "cli/stop_signals.hpp"
#include "cli/threads.hpp"
#include "cli/train_flags.hpp"
#include "common/error.hpp"
#include "harness/campaign.hpp"
#include "harness/checks.hpp"
#include "harness/data_presence.hpp"
#include "harness/report.hpp"
#include "harness/report_figures.hpp"
#include "harness/runner.hpp"
#include "harness/tables_folder.hpp"
#include "train/train_run.hpp"

namespace mapnet {

namespace {

namespace fs = std::filesystem;

struct ReproduceOptions {
  CampaignOptions campaign;
  std::vector<std::string> tables, figures, data_folders;
  std::string folder, out = "reports", runs = "runs/reproduce", against = "reference";
  int jobs = 1;
  bool lock = false, redraw = false;
};

/// The id of a table that was asked for: of --table "1" and "table1" are table1, of --figure "2" is
/// figure2. Throws UsageError where there is none.
std::string id_of(const std::vector<Table>& all, const char* kind, const std::string& name,
                  const fs::path& folder) {
  std::string ids;
  for (const Table& table : all) {
    if (table.id == name || table.id == kind + name) return table.id;
    ids += (ids.empty() ? "" : ", ") + table.id;
  }
  fail<UsageError>("--{} {}: {} has {}", kind, name, folder.string(), ids);
}

std::vector<Table> tables_of(const CLI::App& app, const ReproduceOptions& o) {
  const fs::path folder = o.folder.empty() ? tables_folder() : fs::path(o.folder);
  std::vector<Table> all = read_tables(folder, flags_of_train(app));
  if (o.tables.empty() && o.figures.empty()) return all;
  std::set<std::string> asked;
  for (const std::string& name : o.tables) asked.insert(id_of(all, "table", name, folder));
  for (const std::string& name : o.figures) asked.insert(id_of(all, "figure", name, folder));
  std::erase_if(all, [&](const Table& table) { return !asked.contains(table.id); });
  return all;
}

void read_data_folders(ReproduceOptions& o) {
  for (const std::string& text : o.data_folders) {
    const std::size_t at = text.find('=');
    if (at == std::string::npos || at == 0 || at + 1 == text.size())
      fail<UsageError>("--data-dir '{}': expected NAME=DIR, as cityscapes=/data/cityscapes", text);
    const std::string name = text.substr(0, at);
    try {
      require_data_set(name);
    } catch (const UsageError& e) {
      fail<UsageError>("--data-dir '{}': {}", text, e.what());
    }
    o.campaign.data_folders[name] = text.substr(at + 1);
  }
}

/// What a table calls the reference of an entry; the quick tier has none of a stand-in.
const char* reference_key(const ChosenEntry& entry, bool quick) {
  if (entry.stand_in) return quick ? nullptr : "stand_in.reference";
  return quick ? "quick_reference" : "reference";
}

/// In the report's digits where these say it all: what is locked is held to the very figure.
std::string exact_figure(const Metric& metric, double value) {
  const std::string text = format_figure(metric, value);
  return std::stod(text) == value ? text : fmt::format("{}", value);
}

/// What a maintainer copies into a table once its figures are to be held.
void print_references(const TableReport& report) {
  const Campaign& campaign = *report.campaign;
  const auto today = std::chrono::year_month_day(
      std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now()));
  for (const EntryVerdict& verdict : report.verdicts)
    for (const MetricVerdict& m : verdict.metrics) {
      if (!m.test) continue;
      fmt::print("# {} {}{}\n", verdict.entry->row->name, verdict.entry->entry->data,
                 verdict.entry->stand_in ? " (on " + verdict.entry->data() + ")" : "");
      const char* key = reference_key(*verdict.entry, campaign.quick);
      if (!key) {
        fmt::print("# on a stand-in, of which the quick tier has no references\n");
        break;
      }
      const nlohmann::json& result = verdict.entry->runs.front().result;
      const double room =
          slack(*m.metric, campaign.table->tolerance.at(m.metric->name), m.test->mean);
      fmt::print(
          "{}.{} = {{ mean = {}, tolerance = {}, seeds = {}, device = \"{}\", date = "
          "{:04}-{:02}-{:02}, commit = \"{}\" }}\n",
          key, m.metric->name, exact_figure(*m.metric, m.test->mean),
          exact_figure(*m.metric, std::max(room, m.test->most - m.test->least)), m.test->n,
          result.value("device", ""), static_cast<int>(today.year()),
          static_cast<unsigned>(today.month()), static_cast<unsigned>(today.day()),
          commit_of(result.value("version", "")));
    }
}

/// How many entries have the kind of verdict that decides the exit status.
std::size_t judged(const Tally& t, const std::string& against) {
  return against == "paper" ? t.against_paper() : t.against_reference();
}

/// What there is none of where nothing was judged.
const char* missing_figures(const std::string& against) {
  return against == "paper" ? "no figures of the paper" : "no references; --lock prints them";
}

/// Whether nothing of it claims to be judged: a comparison is with a row of its own.
bool claims_nothing(const Campaign& campaign) {
  return campaign.entries.empty() || !campaign.table->baseline.empty();
}

/// What a table's entries came to; where some are done and none is judged, why.
std::string tally_line(const Campaign& campaign, const Tally& t, const ReproduceOptions& o) {
  std::string line = tally_text(t);
  if (t.done > 0 && judged(t, o.against) == 0 && !o.lock && !claims_nothing(campaign))
    line += fmt::format(" (not judged: {})", missing_figures(o.against));
  return line;
}

/// The exit status of entries that came to this: throws Error where it is no pass. Nothing judged
/// is none, but for comparisons and for what is to be locked, which has nothing to be held to yet.
void decide(const Tally& t, std::size_t all, const std::vector<Campaign>& campaigns,
            const ReproduceOptions& o) {
  if (t.failed > 0) fail("{} of {} entries failed", t.failed, all);
  if (t.done == 0) fail("nothing was judged: none of {} entries is done ({})", all, tally_text(t));
  if (o.against == "reference" && t.regressed > 0)
    fail("{} of {} entries are worse than their references", t.regressed, all);
  if (o.against == "paper" && t.not_reached > 0)
    fail("{} of {} entries do not reach the paper's figures", t.not_reached, all);
  if (judged(t, o.against) == 0 && !o.lock && !std::ranges::all_of(campaigns, claims_nothing))
    fail("nothing was judged: {} of {} entries are done, and there are {}", t.done, all,
         missing_figures(o.against));
}

/// What came of a table's entries, and of which not what should.
void print_outcome(const TableReport& report, const nlohmann::json& entries,
                   const ReproduceOptions& o) {
  const Campaign& campaign = *report.campaign;
  fmt::print("{}: {}\n", campaign.table->id, tally_line(campaign, tally(entries), o));
  for (const EntryVerdict& v : report.verdicts)
    for (const MetricVerdict& m : v.metrics)
      if (m.against_reference == AgainstReference::regressed)
        fmt::print("  regressed: {} on {}: {} {}, reference {} - {}\n", v.entry->row->name,
                   v.entry->data(), m.metric->name, format_figure(*m.metric, m.test->mean),
                   format_figure(*m.metric, m.reference->mean),
                   format_figure(*m.metric, m.reference->tolerance));
  for (const EntryVerdict& v : report.verdicts)
    if (v.entry->state == EntryState::failed)
      fmt::print("  failed: {} on {}: {}\n", v.entry->row->name, v.entry->data(), v.entry->message);
  if (o.lock) print_references(report);
}

/// Writes the reports and judges what came out this time, whatever the reports keep.
void report_all(const std::vector<Campaign>& campaigns, const ReproduceOptions& o) {
  std::vector<TableReport> reports;
  for (const Campaign& campaign : campaigns)
    if (!campaign.entries.empty()) reports.push_back(report_of(campaign));
  const std::vector<StoredReport> stored = write_reports(reports, o.out);
  nlohmann::json all = nlohmann::json::array();
  for (const TableReport& report : reports) {
    const nlohmann::json entries = report_json(report)["entries"];
    print_outcome(report, entries, o);
    all.insert(all.end(), entries.begin(), entries.end());
  }
  std::fflush(stdout);
  write_pictures(stored, o.out);
  write_page(o.out);
  fmt::print("reports in {0}: {0}/index.html\n", o.out);
  std::fflush(stdout);
  decide(tally(all), all.size(), campaigns, o);
}

void reproduce(const CLI::App& app, ReproduceOptions& o) {
  if (o.campaign.quick && o.against == "paper")
    fail<UsageError>(
        "--quick --against paper: a few epochs are not what the paper trained, and are held to "
        "quick references alone");
  read_data_folders(o);
  require_device(o.campaign);
  o.campaign.runs = fs::absolute(o.runs);
  o.campaign.threads_of_a_job = threads_of_a_job(o.jobs);
  const std::vector<Table> tables = tables_of(app, o);
  std::vector<Campaign> campaigns;
  std::size_t chosen = 0;
  for (const Table& table : tables) {
    campaigns.push_back(choose(table, o.campaign));
    chosen += campaigns.back().entries.size();
  }
  if (chosen == 0)
    fail<UsageError>("no row of these tables is called '{}'{}{}{}", o.campaign.rows,
                     o.campaign.paper_rows ? " and is the paper's" : "",
                     o.campaign.data.empty() ? "" : " and runs on " + o.campaign.data,
                     o.campaign.quick ? " and is in the quick tier" : "");
  for (const Campaign& campaign : campaigns)
    if (!campaign.entries.empty()) report_before(campaign, o.out);  // refused now, not after hours
  listen_for_stop_signals();
  const StopRequested stop_requested = [] { return stop_signal() != 0; };
  for (Campaign& campaign : campaigns) {
    check_before_training(campaign, o.campaign, stop_requested);
    find_done(campaign);
  }
  const RunnerOptions options = {
      .jobs = o.jobs, .stop_requested = stop_requested, .progress = show_progress};
  if (stop_requested() || !run_pending(campaigns, options))
    throw Interrupted("stopped; the same command goes on from here");
  for (Campaign& campaign : campaigns) follow_trajectories(campaign);
  report_all(campaigns, o);
}

void redraw(const CLI::App& app, const CLI::App& command, const ReproduceOptions& o) {
  const std::set<std::string> known = {"--redraw", "--out", "--tables"};
  for (const CLI::Option* option : command.get_options())
    if (option->count() > 0 && !known.contains(option->get_name()))
      fail<UsageError>("{} has no meaning with --redraw, which trains and chooses nothing",
                       option->get_name());
  // Whose the tables that come with mapnet are cannot be told from their names alone.
  redraw_reports(
      o.out, o.folder.empty() ? std::vector<Table>() : read_tables(o.folder, flags_of_train(app)));
  fmt::print("reports in {0}: {0}/index.html\n", o.out);
}

}  // namespace

void add_reproduce_command(CLI::App& app) {
  auto o = std::make_shared<ReproduceOptions>();
  CLI::App* command =
      app.add_subcommand("reproduce", "train the paper's tables and judge every row");
  command->add_option("--table", o->tables, "1, table6, ...  [all]")->delimiter(',');
  command->add_option("--figure", o->figures, "2: instead of tables, or beside those asked for")
      ->delimiter(',');
  command->add_option("--rows", o->campaign.rows, "glob over the rows' names, as 'cnn2-*'")
      ->capture_default_str();
  command->add_flag("--paper-rows", o->campaign.paper_rows,
                    "the paper's rows alone, none of ours beyond it");
  command->add_option("--data", o->campaign.data, "rows' figures on this data set alone  [all]");
  command->add_option("--seeds", o->campaign.seeds, "how many of the table's seeds  [all]")
      ->check(CLI::Range(1, 100));
  command->add_option("--jobs", o->jobs, "runs at a time")
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
  command->add_flag("--quick", o->campaign.quick,
                    "the quick tier: few epochs, held to references of its own");
  command->add_flag("--stand-in", o->campaign.stand_in,
                    "where a licensed data set is absent, run on what may stand in for it");
  command->add_option("--device", o->campaign.device, "auto, cpu, cuda  [the table's, else auto]");
  command->add_option("--memory-budget", o->campaign.memory_budget,
                      "of each run, as mapnet train takes it  [the table's, else none]");
  command
      ->add_option("--threads", o->campaign.threads,
                   "of a run on a CPU  [the table's, else cores / jobs]")
      ->check(CLI::Range(1, 1024));
  command->add_option("--data-dir", o->data_folders, "NAME=DIR: where data set NAME lies");
  command->add_option("--tables", o->folder, "folder of tables  [those of mapnet]");
  command->add_option("--runs", o->runs, "folder of the runs, which are gone on with")
      ->capture_default_str();
  command->add_option("--out", o->out, "folder of the reports")->capture_default_str();
  command->add_option("--against", o->against, "reference, paper: what decides the exit status")
      ->check(CLI::IsMember({"reference", "paper"}))
      ->capture_default_str();
  command->add_flag("--lock", o->lock, "print the figures as references for the tables");
  command->add_flag("--redraw", o->redraw,
                    "train nothing: Markdown, pictures and page of --out anew from its JSON, which "
                    "--tables, where given, judges anew");
  command->callback(
      [&app, command, o] { o->redraw ? redraw(app, *command, *o) : reproduce(app, *o); });
}

}  // namespace mapnet
