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

fs::path json_file(const fs::path& folder, const std::string& id) {
  return folder / (id + ".json");
}

void write_json(const StoredReport& stored, const fs::path& folder) {
  write_file_atomic(json_file(folder, stored.id), stored.report.dump(2) + "\n");
}

/// `pictures`: what is shown at its end, in Markdown.
void write_markdown(const StoredReport& stored, const fs::path& folder,
                    const std::string& pictures = {}) {
  write_file_atomic(folder / (stored.id + ".md"), report_markdown(stored.report) + pictures);
}

/// Anybody may have written the report: its pictures are called by data sets, and are to lie beside
/// it.
void require_data_names(const json& report, const fs::path& file) {
  for (const json& entry : report["entries"]) {
    const std::string data = entry.at("data");
    if (data.find('/') != std::string::npos)
      fail(
          "{}: row {} has data '{}'; expected the name of a data set, without '/', by which "
          "pictures are called: correct it, or move the file away",
          file.string(), entry.at("row").get<std::string>(), data);
  }
}

std::string id_of(const Campaign& campaign) {
  return campaign.table->id + (campaign.quick ? "-quick" : "");
}

}  // namespace

bool is_report(const json& report) {
  if (!report.is_object() || report.value("schema", json()) != 1 ||
      !report.value("table", json()).is_string())
    return false;
  const auto entries = report.find("entries");
  const auto is_entry = [](const json& entry) {
    return entry.is_object() && entry.value("row", json()).is_string() &&
           entry.value("data", json()).is_string();
  };
  return entries != report.end() && entries->is_array() && !entries->empty() &&
         std::ranges::all_of(*entries, is_entry);
}

bool is_report_of(const json& report, const std::string& table, bool quick) {
  return is_report(report) && report["table"] == table && report.value("quick", json()) == quick;
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

json report_before(const Campaign& campaign, const fs::path& folder) {
  const fs::path file = json_file(folder, id_of(campaign));
  if (!fs::exists(file)) return nullptr;
  json before = json::parse(read_file(file), nullptr, false);
  if (before.is_discarded())
    fail("{}: is no JSON; its rows cannot be kept: move it away, or repair it", file.string());
  if (!is_report_of(before, campaign.table->id, campaign.quick))
    fail(
        "{}: expected a report of {}{}, found other JSON, which would be lost: move it away, or "
        "give another --out",
        file.string(), campaign.table->id, campaign.quick ? ", quick tier" : "");
  require_data_names(before, file);
  return before;
}

std::vector<StoredReport> write_reports(const std::vector<TableReport>& reports,
                                        const fs::path& folder) {
  std::vector<StoredReport> all;
  for (const TableReport& report : reports) {
    const Campaign& campaign = *report.campaign;
    all.push_back({id_of(campaign), report_json(report)});
    keep_other_entries(all.back().report, report_before(campaign, folder), *campaign.table);
  }
  for (const StoredReport& stored : all) write_json(stored, folder);
  for (const StoredReport& stored : all) write_markdown(stored, folder);
  return all;
}

void write_pictures(const std::vector<StoredReport>& reports, const fs::path& folder) {
  if (!has_gnuplot()) return;
  for (const StoredReport& stored : reports) {
    std::string shown;
    for (const auto& drawn :
         {pictures_of_trajectories(stored.report), pictures_of_reaches(stored.report)})
      for (const NamedPicture& picture : drawn) {
        const std::string file = stored.id + "-" + picture.name + ".svg";
        write_file_atomic(folder / file, as_file(picture.svg));
        shown += fmt::format("\n{0}\n\n![{1}]({1})\n", picture.caption, file);
      }
    if (!shown.empty()) write_markdown(stored, folder, "\n## Pictures\n" + shown);
  }
}

void redraw_reports(const fs::path& folder, const std::vector<Table>& tables) {
  if (!fs::is_directory(folder)) fail("{}: no folder of reports", folder.string());
  std::vector<StoredReport> all = stored_reports(folder);
  if (all.empty()) fail("{}: expected reports, ID.json, found none", folder.string());
  for (const StoredReport& stored : all)
    require_data_names(stored.report, json_file(folder, stored.id));
  std::vector<const StoredReport*> judged;
  for (StoredReport& stored : all) {
    const auto table = std::ranges::find(tables, stored.report.value("table", ""), &Table::id);
    if (table == tables.end()) continue;
    json report = judged_by(stored.report, *table);
    if (report["entries"].empty())
      fail(
          "{}: {} has none of the rows of its {} entries, and nothing of them would be left; call "
          "the rows as they were called, or redraw without --tables",
          json_file(folder, stored.id).string(), table->file.string(),
          stored.report["entries"].size());
    stored.report = std::move(report);
    judged.push_back(&stored);
  }
  for (const StoredReport* stored : judged) write_json(*stored, folder);
  for (const StoredReport& stored : all) write_markdown(stored, folder);
  write_pictures(all, folder);
  write_page(folder);
}

}  // namespace mapnet
