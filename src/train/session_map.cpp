#include "train/maps/learned_basis.hpp"
#include "train/session.hpp"

/// The learned map of a run: learned before the first step and, where it is refreshed, at each
/// round's beginning.
namespace mapnet {

void Session::load_map() {
  learned_map_.seconds += basis_->facts().seconds;
  learned_map_.samples += basis_->facts().samples;
  learned_map_.values = basis_->facts().values;
  learned_map_.checksum = basis_->facts().checksum;
  learned_map_.data_sha256 = basis_->facts().data_sha256;
  basis_->load_into(*program_, run_.map_state);
  basis_.reset();
}

void Session::learn_map_again() {
  std::vector<float> base(run_.n_theta);
  program_->read<float>(base, run_.map_base);
  basis_ = std::make_unique<LearnedBasis>(recipe_, net_, *learned_from_, run_.map,
                                          LearnedRound{refreshes_, base});
  load_map();
}

}  // namespace mapnet
