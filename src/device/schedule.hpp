#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "device/device.hpp"
#include "memory/plan.hpp"

namespace mapnet {

/// The stretches of a run, in the order they stand on the planning timeline.
enum class Phase {
  setup,        ///< once: data, fixed maps, initial latents
  step_begin,   ///< once a training step whose batch is cut into micro-batches: theta
  micro_batch,  ///< once for each of them
  train,        ///< once a training step; behind its micro-batches, where there are any
  refresh,      ///< every R training steps, where a run refreshes its map
  eval_begin,   ///< once before an evaluation: z -> theta
  eval,         ///< once a batch of an evaluation
  calibrate,    ///< once a batch whose activations' ranges are taken, before an int8 evaluation
  eval_int8,    ///< once a batch of an int8 evaluation
};
inline constexpr int kPhases = 9;

using BufferId = int;
inline constexpr BufferId kNoBuffer = -1;

/// Turns buffer ids into addresses, once the plan is made and the arena exists.
class Memory {
 public:
  Memory(std::byte* base, const std::vector<std::size_t>& offsets)
      : base_(base), offsets_(&offsets) {}
  template <class T>
  T* at(BufferId id, std::size_t byte_offset = 0) const {
    return reinterpret_cast<T*>(base_ + (*offsets_)[static_cast<std::size_t>(id)] + byte_offset);
  }

 private:
  std::byte* base_;
  const std::vector<std::size_t>* offsets_;
};

/// One entry of a schedule. `flops` and `bytes` are what its arithmetic needs at least; `mapnet
/// bench` divides them by the measured time.
struct Step {
  std::string name;
  std::vector<BufferId> reads = {};
  std::vector<BufferId> writes = {};
  double flops = 0;
  double bytes = 0;
  double streamed_bytes = 0;  ///< of these come from outside the device's memory
  double normals = 0;         ///< values it draws
  bool recordable = true;     ///< false: a GPU walks the step's phase each time it runs
  std::function<Run(const Memory&)> bind = {};
  Phase phase = Phase::setup;  ///< set by Schedule::add
};

/// The ordered list of steps of a run on one device, known before the first batch. Building one
/// allocates no arena and touches no data: it can be planned, printed, costed and thrown away.
/// (For a GPU its libraries are asked which algorithms and workspaces they want.)
class Schedule {
 public:
  explicit Schedule(std::shared_ptr<Device> device) : device_(std::move(device)) {}
  explicit Schedule(int cpu_threads) : Schedule(open_cpu(cpu_threads)) {}

  /// Steps added from here on belong to `phase`. Phases are begun in timeline order.
  void begin(Phase phase);

  /// A buffer that lives from its first use to its last. One that is used in several phases lives
  /// to the end of the timeline, since phases are run again in any order.
  BufferId buffer(std::string name, std::string group, std::size_t bytes);

  /// A buffer that lives from beginning to end.
  BufferId persistent_buffer(std::string name, std::string group, std::size_t bytes);

  /// Appends a step. Throws Error when it reads a buffer nothing has written.
  void add(Step step);

  /// Lifetimes of all buffers, in order of their ids: what the planner wants.
  std::vector<Lifetime> lifetimes() const;

  const std::vector<Step>& steps() const { return steps_; }
  const std::string& buffer_name(BufferId id) const { return info(id).name; }
  std::size_t buffer_bytes(BufferId id) const { return info(id).bytes; }
  const std::shared_ptr<Device>& device() const { return device_; }
  int n_threads() const { return device_->n_threads(); }

 private:
  struct Info {
    std::string name, group;
    std::size_t bytes = 0;
    bool persistent = false;
    int first = -1, last = -1;  // steps
    Phase used_in{};
    bool many_phases = false;
  };
  const Info& info(BufferId id) const { return buffers_[static_cast<std::size_t>(id)]; }
  void touch(BufferId id, bool write, const std::string& step);

  std::shared_ptr<Device> device_;
  Phase phase_ = Phase::setup;
  std::vector<Info> buffers_;
  std::vector<Step> steps_;
};

}  // namespace mapnet
