#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "train/budget/search.hpp"

namespace mapnet {

/// Candidates that no other beats in both time and memory, fastest first, and the chosen one.
std::vector<std::size_t> worth_showing(const BudgetSearch& search);

/// For people: a row for each of these, the chosen one marked, and what that means.
std::string budget_table(const BudgetSearch& search);

/// For tools: the budget, the chosen flags and every candidate, under "memory_budget".
nlohmann::json budget_json(const BudgetSearch& search);

/// A picture: each candidate at its time and its memory, both growing by factors, and the budget.
std::string budget_svg(const BudgetSearch& search);

}  // namespace mapnet
