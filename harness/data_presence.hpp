#pragma once

#include <string>

/// Whether what a table trains on is there.
namespace mapnet {

enum class DataState {
  there,
  absent,  ///< none of its files lies anywhere, or it is licensed and no folder was named
  broken,  ///< something of it is there, and cannot be trained on as it is
};

struct DataFinding {
  DataState state = DataState::there;
  std::string message;  ///< how to get what is absent, or what is wrong with what is broken
};

/// Throws UsageError for a name that no data set has.
void require_data_set(const std::string& name);

/// What there is of a data set; from `folder`, where it is not empty. Only looks, hashes nothing.
DataFinding look_for_data(const std::string& name, const std::string& folder);

/// The same, with what `mapnet data check` says of the contents.
DataFinding check_data(const std::string& name, const std::string& folder);

}  // namespace mapnet
