#include "train/run_ranks.hpp"

#include <cstdint>

#include "common/file.hpp"
#include "train/checksum.hpp"

namespace mapnet {

void require_shareable(const Recipe& r, int ranks) {
  if (ranks == 1) return;
  if (r.batch < ranks)
    fail<UsageError>("--batch {}: {} ranks share a batch; it takes a sample for each at least",
                     r.batch, ranks);
  if (r.loss.stability.on)
    fail<UsageError>(
        "--loss: the term stab compares the first samples of a batch, which are one rank's alone; "
        "leave it out, or train in one process");
}

void require_same(Communicator& ranks, std::string_view bytes, const std::string& what) {
  if (ranks.alone()) return;
  const std::uint32_t own = checksum(bytes);
  std::uint32_t first = own;
  ranks.broadcast(std::as_writable_bytes(std::span(&first, 1)));
  if (own != first)
    fail("rank {} of {}: {} (checksum {:08x} there, {:08x} here)", ranks.rank(), ranks.size(), what,
         first, own);
}

void broadcast(Communicator& ranks, std::string& text) {
  std::uint64_t size = text.size();
  ranks.broadcast(std::as_writable_bytes(std::span(&size, 1)));
  text.resize(size);
  ranks.broadcast(std::as_writable_bytes(std::span(text)));
}

std::optional<FoundCheckpoint> from_first(Communicator& ranks,
                                          std::optional<FoundCheckpoint> found) {
  if (ranks.alone()) return found;
  std::string path = found ? found->path.string() : std::string();
  broadcast(ranks, path);
  if (path.empty()) return std::nullopt;
  std::string bytes = found ? read_file(found->path) : std::string();
  broadcast(ranks, bytes);
  if (found) return found;
  return FoundCheckpoint{parse_checkpoint(std::move(bytes), path), {}, path};
}

}  // namespace mapnet
