#include "symbols.hpp"

#include <cxxabi.h>
#include <elf.h>
#include <link.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <vector>

namespace emulation {

namespace {

struct SharedArray {
  std::string name;  // "_ZZ", the function it stands in, "E", its own name
  Range range;
};

struct Symbols {
  std::map<std::size_t, std::string> functions;  // offset from where the program is loaded
  std::vector<SharedArray> shared;
};

template <class T>
const T* at(const std::vector<char>& file, std::size_t offset, std::size_t count = 1) {
  const bool inside = offset <= file.size() && count * sizeof(T) <= file.size() - offset;
  return inside ? reinterpret_cast<const T*>(file.data() + offset) : nullptr;
}

/// Neighbours become one range; the bytes between them are padding.
std::vector<Range> joined(std::vector<Range> ranges) {
  std::sort(ranges.begin(), ranges.end(),
            [](const Range& a, const Range& b) { return a.begin < b.begin; });
  std::vector<Range> result;
  for (const Range& r : ranges) {
    if (!result.empty() && r.begin == result.back().begin + result.back().bytes)
      result.back().bytes += r.bytes;
    else
      result.push_back(r);
  }
  return result;
}

Symbols read_symbols() {
  Symbols symbols;
  std::ifstream stream("/proc/self/exe", std::ios::binary);
  const std::vector<char> file{std::istreambuf_iterator<char>(stream), {}};
  const auto* header = at<ElfW(Ehdr)>(file, 0);
  if (header == nullptr || std::memcmp(header->e_ident, ELFMAG, SELFMAG) != 0) return symbols;
  const auto* sections = at<ElfW(Shdr)>(file, header->e_shoff, header->e_shnum);
  for (std::size_t i = 0; sections != nullptr && i < header->e_shnum; ++i) {
    const ElfW(Shdr)& table = sections[i];
    if (table.sh_type != SHT_SYMTAB || table.sh_link >= header->e_shnum) continue;
    const std::size_t count = table.sh_size / sizeof(ElfW(Sym));
    const auto* symbol = at<ElfW(Sym)>(file, table.sh_offset, count);
    const ElfW(Shdr)& names = sections[table.sh_link];
    if (symbol == nullptr || at<char>(file, names.sh_offset, names.sh_size) == nullptr) continue;
    for (std::size_t k = 0; k < count; ++k) {
      const char* name = file.data() + names.sh_offset + symbol[k].st_name;
      const int type = ELF64_ST_TYPE(symbol[k].st_info);
      if (type == STT_FUNC) symbols.functions.emplace(symbol[k].st_value, name);
      // Local to a function and thread_local: a __shared__ array.
      if (type == STT_TLS && std::strncmp(name, "_ZZ", 3) == 0)
        symbols.shared.push_back({name, {symbol[k].st_value, symbol[k].st_size}});
    }
  }
  return symbols;
}

const Symbols& symbols() {
  static const Symbols read = read_symbols();
  return read;
}

struct Program {
  std::size_t base = 0;
  char* thread_storage = nullptr;  // of the calling thread
};

Program find_program() {
  Program program;
  // The program itself comes first.
  ::dl_iterate_phdr(
      [](dl_phdr_info* info, std::size_t, void* result) {
        *static_cast<Program*>(result) = {info->dlpi_addr, static_cast<char*>(info->dlpi_tls_data)};
        return 1;
      },
      &program);
  return program;
}

thread_local char* thread_storage = nullptr;  // not local to a function: it would look like shared

/// As the compiler spells it; empty where no symbol is known.
std::string symbol_of(const void* address) {
  const std::size_t offset = reinterpret_cast<std::size_t>(address) - find_program().base;
  const auto found = symbols().functions.find(offset);
  return found == symbols().functions.end() ? "" : found->second;
}

std::vector<Range> find_shared_memory(const void* kernel) {
  const std::string name = symbol_of(kernel);
  const std::string own = name.starts_with("_Z") ? "_ZZ" + name.substr(2) + "E" : "";
  std::vector<Range> ranges;
  for (const SharedArray& array : symbols().shared) {
    const bool is_own = !own.empty() && array.name.starts_with(own);
    if (is_own || own.empty() || array.name.find("_kernel") == std::string::npos)
      ranges.push_back(array.range);
  }
  return joined(std::move(ranges));
}

}  // namespace

std::string function_name(const void* address) {
  const std::string name = symbol_of(address);
  if (name.empty()) {
    char text[32];
    std::snprintf(text, sizeof text, "%p", address);
    return text;
  }
  int status = 0;
  char* const demangled = abi::__cxa_demangle(name.c_str(), nullptr, nullptr, &status);
  const std::string result = status == 0 ? demangled : name;
  std::free(demangled);
  return result;
}

const std::vector<Range>& shared_memory_of(const void* kernel) {
  static std::map<const void*, std::vector<Range>> known;  // grids run one at a time
  const auto [at, is_new] = known.try_emplace(kernel);
  if (is_new) at->second = find_shared_memory(kernel);
  return at->second;
}

void poison(const std::vector<Range>& shared_memory) {
  if (thread_storage == nullptr) thread_storage = find_program().thread_storage;
  if (thread_storage == nullptr) return;
  for (const Range& r : shared_memory) std::memset(thread_storage + r.begin, 0xff, r.bytes);
}

}  // namespace emulation
