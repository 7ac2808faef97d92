#include <fmt/core.h>

#include <algorithm>

#include "common/error.hpp"
#include "common/file.hpp"
#include "harness/gnuplot.hpp"
#include "harness/reach/pictures.hpp"
#include "harness/report.hpp"
#include "harness/trajectory/pictures.hpp"

namespace mapnet {

namespace {

namespace fs = std::filesystem;
using nlohmann::json;

/// What people read of a report: ID.md, and of trajectories and comparisons ID-NAME.svg.
void write_readable(const json& report, const fs::path& folder, const std::string& id) {
  std::string markdown = report_markdown(report);
  std::vector<NamedPicture> pictures;
  if (has_gnuplot())
    for (const auto& drawn : {pictures_of_trajectories(report), pictures_of_reaches(report)})
      pictures.insert(pictures.end(), drawn.begin(), drawn.end());
  if (!pictures.empty()) markdown += "\n## Pictures\n";
  for (const NamedPicture& picture : pictures) {
    const std::string file = id + "-" + picture.name + ".svg";
    write_file_atomic(folder / file, as_file(picture.svg));
    markdown += fmt::format("\n{0}\n\n![{1}]({1})\n", picture.caption, file);
  }
  write_file_atomic(folder / (id + ".md"), markdown);
}

}  // namespace

bool is_report(const json& report) {
  if (!report.is_object() || report.value("schema", json()) != 1 ||
      !report.value("table", json()).is_string())
    return false;
  const auto entries = report.find("entries");
  return entries != report.end() && entries->is_array() && !entries->empty();
}

std::vector<StoredReport> stored_reports(const fs::path& folder) {
  std::vector<StoredReport> all;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() != ".json") continue;
    json report = json::parse(read_file(entry.path()), nullptr, false);
    if (is_report(report)) all.push_back({entry.path().stem().string(), std::move(report)});
  }
  std::ranges::sort(all, {}, &StoredReport::id);
  return all;
}

void write_reports(const TableReport& report, const fs::path& folder) {
  json object = report_json(report);
  const std::string id = report.campaign->table->id + (report.campaign->quick ? "-quick" : "");
  const fs::path file = folder / (id + ".json");
  if (fs::exists(file)) {
    const json before = json::parse(read_file(file), nullptr, false);
    if (before.is_discarded())
      fail("{}: is no JSON; its rows cannot be kept: move it away, or repair it", file.string());
    keep_other_entries(object, before, *report.campaign->table);
  }
  write_file_atomic(file, object.dump(2) + "\n");
  write_readable(object, folder, id);
}

void redraw_reports(const fs::path& folder, const std::vector<Table>& tables) {
  if (!fs::is_directory(folder)) fail("{}: no folder of reports", folder.string());
  std::vector<StoredReport> all = stored_reports(folder);
  if (all.empty()) fail("{}: expected reports, ID.json, found none", folder.string());
  const auto file_of = [&](const StoredReport& stored) { return folder / (stored.id + ".json"); };
  std::vector<const StoredReport*> judged;
  for (StoredReport& stored : all) {
    const auto table = std::ranges::find(tables, stored.report.value("table", ""), &Table::id);
    if (table == tables.end()) continue;
    json report = judged_by(stored.report, *table);
    if (report["entries"].empty())
      fail(
          "{}: {} has none of the rows of its {} entries, and nothing of them would be left; call "
          "the rows as they were called, or redraw without --tables",
          file_of(stored).string(), table->file.string(), stored.report["entries"].size());
    stored.report = std::move(report);
    judged.push_back(&stored);
  }
  for (const StoredReport* stored : judged)
    write_file_atomic(file_of(*stored), stored->report.dump(2) + "\n");
  for (const StoredReport& stored : all) write_readable(stored.report, folder, stored.id);
  write_page(folder);
}

}  // namespace mapnet
