#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <vector>

#include "common/file.hpp"
#include "fuzz/target.hpp"

/// Runs a target on every file of a folder, without a fuzzer: what was once found stays fixed.
int main(int argc, char** argv) {
  namespace fs = std::filesystem;
  if (argc != 2) {
    std::fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
    return 2;
  }
  std::vector<fs::path> files;
  for (const fs::directory_entry& entry : fs::directory_iterator(argv[1]))
    files.push_back(entry.path());
  std::ranges::sort(files);
  for (const fs::path& file : files) {
    std::printf("%s\n", file.c_str());  // the last one printed is the one that crashed
    std::fflush(stdout);
    const std::string bytes = mapnet::read_file(file);
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  }
  std::printf("%zu inputs\n", files.size());
  return files.empty() ? 1 : 0;
}
