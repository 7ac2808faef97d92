#include <fmt/core.h>

#include "common/error.hpp"
#include "train/maps/learned_basis.hpp"
#include "train/run_ranks.hpp"
#include "train/session.hpp"

/// The learned map of a run: learned before the first step and, where it is refreshed, at each
/// round's beginning.
namespace mapnet {

void Session::load_map() {
  const double seconds = learned_map_.seconds;
  learned_map_ = basis_->facts();
  learned_map_.seconds += seconds;
  basis_->load_into(*program_, run_.map_state);
  basis_.reset();
  // The same z would be other weights on each of them, and nothing would show it.
  require_same(*ranks_, fmt::format("{:08x}", learned_map_.checksum),
               "its map was learned to other bits than the first rank's: ranks that learn need the "
               "same --device, on CPUs of one kind and with as many --threads");
}

void Session::require_map(std::uint32_t checksum, std::string_view way_on) const {
  if (learned_map_.checksum != checksum)
    fail(
        "its map was learned to other bits than now (checksum {:08x} then, {:08x} now): a learned "
        "map has the same bits only with as many --threads, on a machine of one kind, by the same "
        "libraries, settings and data; {}",
        checksum, learned_map_.checksum, way_on);
}

void Session::learn_map_again() {
  std::vector<float> base(run_.n_theta);
  program_->read<float>(base, run_.map_base);
  basis_ = std::make_unique<LearnedBasis>(recipe_, net_, *learned_from_, run_.map,
                                          LearnedRound{refreshes_, base, ranks_->local_rank()});
  load_map();
}

}  // namespace mapnet
