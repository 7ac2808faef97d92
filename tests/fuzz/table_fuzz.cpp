#include <cstdlib>

#include "fuzz/memory_file.hpp"
#include "fuzz/target.hpp"
#include "harness/campaign.hpp"
#include "harness/sweep.hpp"

/// The harness's TOML files: the bytes as a table of the paper and as a sweep, up to the command
/// lines of their runs.
using namespace mapnet;

namespace {

/// What the folders of runs and the files of reports rely on.
void check_name(const std::string& name) {
  if (name.empty() || name.front() == '.' || name.find('/') != std::string::npos) std::abort();
}

void make_commands(const Table& table) {
  CampaignOptions options;
  for (const bool quick : {false, true}) {
    options.quick = quick;
    for (const ChosenEntry& entry : choose(table, options).entries)
      for (const SeedRun& run : entry.runs) command_line(run.words);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static fuzz::MemoryFile file;
  const auto& path = file.hold({data, size});
  fuzz::accepts([&] {
    const Table table = read_table(path);
    check_name(table.id);
    for (const Row& row : table.rows) check_name(row.name);
    make_commands(table);
  });
  fuzz::accepts([&] { read_sweep(path); });
  return 0;
}
