#include "cli/outputs.hpp"

#include "common/error.hpp"

namespace mapnet {

void refuse_replacing(const char* flag, const std::filesystem::path& out,
                      std::span<const std::filesystem::path> sources) {
  std::error_code ec;
  if (!std::filesystem::exists(out, ec)) return;
  for (const std::filesystem::path& source : sources)
    if (std::filesystem::equivalent(out, source, ec))
      fail<UsageError>("{}: {} would replace {}, which it is made from; give another name", flag,
                       out.string(), source.string());
}

}  // namespace mapnet
