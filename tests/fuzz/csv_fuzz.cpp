#include <cmath>
#include <cstdlib>

#include "data/csv.hpp"
#include "data/pm25.hpp"
#include "fuzz/memory_file.hpp"
#include "fuzz/target.hpp"

/// CSV: the bytes as a table of any columns, every field as text and as a number, and as the table
/// of PM2.5 that data sets are made of.
using namespace mapnet;

namespace {

void read_every_field(const std::filesystem::path& path) {
  CsvTable table(path);
  const std::size_t target = table.column("pm2.5");
  while (table.next()) {
    if (table.text(target).empty()) continue;
    if (!std::isfinite(table.number(target))) std::abort();  // what number() promises
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static fuzz::MemoryFile file;
  const auto& path = file.hold({data, size});
  fuzz::accepts([&] { read_every_field(path); });
  fuzz::accepts([&] { count_pm25_rows(path); });
  for (const bool multivariate : {false, true})
    for (const Missing missing : {Missing::previous, Missing::zero})
      fuzz::accepts([&] { read_pm25({path, 2, multivariate, missing}); });
  return 0;
}
