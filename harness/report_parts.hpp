#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "harness/verdict.hpp"

/// What the JSON of a report is made of, whether it was run now or is kept.
namespace mapnet {

/// "done", "no data", "failed", "not supported", "not run", and back.
std::string to_string(EntryState state);
EntryState state_called(const std::string& name);

/// All of a report but its entries and their summary.
nlohmann::json report_head(const Table& table, bool quick, const std::string& version);

/// Writes into an entry what the table says of it, in the place of what a table said before.
void describe(nlohmann::json& object, const Row& row, const Entry& entry);

/// An entry's figures and what came of them.
nlohmann::json metrics_json(const EntryVerdict& verdict);

}  // namespace mapnet
