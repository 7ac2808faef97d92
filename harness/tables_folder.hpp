#pragma once

#include <filesystem>

namespace mapnet {

/// The tables that come with the program: installed beside it, or those of the source tree.
std::filesystem::path tables_folder();

}  // namespace mapnet
