#pragma once

#include "device/ops/row_factors.hpp"
#include "device/ops/smoothness.hpp"

namespace mapnet {

/// The terms of the mapping loss that concern the map alone (eq. 29, 30), as steps of a schedule.
/// They work on a MappingLossState `loss` in the arena.
class MappingLossSteps {
 public:
  struct Terms {
    bool smoothness = false, alignment = false;
  };

  /// Adds the setup steps, behind map_setup's: what is fixed for the run. Asks map_forward, through
  /// `state`, to leave what backward will need.
  MappingLossSteps(Schedule& schedule, const MapDesc& desc, MapState& state, Terms terms,
                   BufferId loss, BufferId control);

  /// Adds the smoothness term's value, and its gradient as far as it runs through theta, to dtheta
  /// [P]: before map_backward.
  void add_to_dtheta(Schedule& schedule, BufferId z, BufferId dtheta);

  /// Adds what runs past theta, and the alignment term, to dz [d]: behind map_backward.
  void add_to_dz(Schedule& schedule, BufferId z, BufferId dz);

 private:
  bool modulated() const { return desc_.modulation == Modulation::signed_; }
  void add_probe(Schedule& schedule, BufferId z, BufferId dtheta);
  /// The map's mean row [d], of S in place of W where `second`.
  BufferId mean_row(Schedule& schedule, bool second) const;

  MapDesc desc_;
  const MapState* state_;
  Terms terms_;
  BufferId loss_, control_;

  BufferId row_norms_ = kNoBuffer;
  RowFactors factors_;                    // Hadamard map, signed modulation
  BufferId row_weights_ = kNoBuffer;      // likewise: of rho, between the two calls
  MapState linear_state_, second_state_;  // dense map, signed modulation
  BufferId probe_signs_ = kNoBuffer, probe_rows_ = kNoBuffer;  // likewise
  BufferId mean_w_ = kNoBuffer, mean_s_ = kNoBuffer;
};

}  // namespace mapnet
