#include <cstdlib>

#include "fuzz/memory_file.hpp"
#include "fuzz/target.hpp"
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
  for (const Row& row : table.rows)
    for (const Entry& entry : row.entries)
      for (const Settings* settings : {&entry.settings, &entry.quick})
        command_line(words_of(*settings));
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
  fuzz::accepts([&] { make_commands(read_sweep(path)); });
  return 0;
}
