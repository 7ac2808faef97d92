#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "harness/verdict.hpp"

/// Reports of a table's runs: docs/harness.md has the JSON's schema.
namespace mapnet {

/// A table judged: its rows in the table's order.
struct TableReport {
  const Campaign* campaign = nullptr;
  std::vector<EntryVerdict> verdicts;
};
TableReport report_of(const Campaign& campaign);

nlohmann::json report_json(const TableReport& report);

/// The same for people, from the JSON alone.
std::string report_markdown(const nlohmann::json& report);

/// "2 exceeded, 1 reproduced, 6 not reached, 9 without data": nothing that is zero.
std::string tally_text(const Tally& tally);

/// Whether this is a report that has entries; keys of other JSON may hold anything.
bool is_report(const nlohmann::json& json);

/// Whether it is one of that table and tier.
bool is_report_of(const nlohmann::json& report, const std::string& table, bool quick);

/// Adds to a report the entries of `before`, one of the same table and tier, that it has none for:
/// rows that were not chosen this time; and what was done before in the place of what has no data,
/// is not supported or was not run now. They are judged by the table as it is, unless they were
/// trained with other settings, which they are marked with: `outdated`. Those of rows that the
/// table no longer has are left out.
void keep_other_entries(nlohmann::json& report, const nlohmann::json& before, const Table& table);

/// A report whose entries are all judged so.
nlohmann::json judged_by(const nlohmann::json& before, const Table& table);

/// A report as it lies in a folder: ID.json, ID being TABLE or TABLE-quick.
struct StoredReport {
  std::string id;
  nlohmann::json report;
};

/// A folder's reports, by name; other JSON files are passed over. Throws Error for a file that
/// cannot be read.
std::vector<StoredReport> stored_reports(const std::filesystem::path& folder);

/// The report of a campaign's table and tier that lies in the folder; null where there is none.
/// Throws Error for an ID.json that cannot be read or is something else: it would be lost. And for
/// one whose data sets are no names: its pictures would lie elsewhere.
nlohmann::json report_before(const Campaign& campaign, const std::filesystem::path& folder);

/// Writes ID.json and ID.md of each into the folder, with keep_other_entries of what is there, and
/// gives them back as they lie there. Throws Error as report_before does, before anything is
/// written.
std::vector<StoredReport> write_reports(const std::vector<TableReport>& reports,
                                        const std::filesystem::path& folder);

/// Of trajectories and comparisons their pictures, too, where there is gnuplot: ID-pca.svg ..., and
/// ID.md with them.
void write_pictures(const std::vector<StoredReport>& reports, const std::filesystem::path& folder);

/// Writes anew all that is made of a folder's ID.json: ID.md, pictures, index.html; before that the
/// JSON itself, judged by its table, of those there are `tables` for. Throws Error where there is
/// none, and before anything is written, where the data sets of one are no names, or nothing of it
/// would be left: a table whose rows are called otherwise by now has none of its entries.
void redraw_reports(const std::filesystem::path& folder, const std::vector<Table>& tables);

/// Writes index.html: all reports of the folder as one page that needs no other file, with pictures
/// where there is gnuplot.
void write_page(const std::filesystem::path& folder);

}  // namespace mapnet
