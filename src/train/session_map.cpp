#include "train/maps/learned_basis.hpp"
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
}

void Session::learn_map_again() {
  std::vector<float> base(run_.n_theta);
  program_->read<float>(base, run_.map_base);
  basis_ = std::make_unique<LearnedBasis>(recipe_, net_, *learned_from_, run_.map,
                                          LearnedRound{refreshes_, base, ranks_->local_rank()});
  load_map();
}

}  // namespace mapnet
