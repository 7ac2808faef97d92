#pragma once

#include <array>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "device/schedule.hpp"
#include "memory/plan.hpp"

namespace mapnet {

/// A schedule with its plan and its one arena: every step bound to addresses, ready to be walked.
class Program {
 public:
  /// Allocates the arena on the schedule's device and binds the steps. Runs nothing.
  Program(const Schedule& schedule, Plan plan);

  /// Runs the steps of one phase, in order. A GPU is only asked to: see wait and read.
  void run(Phase phase) const {
    const auto index = static_cast<std::size_t>(phase);
    executor_->run(static_cast<int>(phase), runs_[index], recordable_[index]);
  }
  void wait() const { executor_->wait(); }

  /// Copies values into a buffer, from its byte `offset` on.
  template <class T>
  void write(BufferId to, std::span<const T> values, std::size_t offset = 0) const {
    executor_->write(memory_.at<std::byte>(to, offset), values.data(), values.size_bytes());
  }

  /// Copies a buffer's values out, behind all that was asked for so far.
  template <class T>
  void read(std::span<T> values, BufferId from, std::size_t offset = 0) const {
    executor_->read(values.data(), memory_.at<const std::byte>(from, offset), values.size_bytes());
  }

  /// A buffer's memory where the host may use it, else null: on a GPU.
  template <class T>
  T* host(BufferId id) const {
    return device_->kind() == DeviceKind::cpu ? memory_.at<T>(id) : nullptr;
  }

  /// True when a copy of a buffer's first value, not older than the last call, lies in `to`; never
  /// waits.
  template <class T>
  bool peek(T& to, BufferId from) const {
    return executor_->peek(&to, memory_.at<const std::byte>(from), sizeof(T));
  }

  /// Seconds a pass over some of its steps takes, the mean of up to `repeats` in a row.
  double seconds(const std::vector<Run>& steps, int repeats) const {
    return executor_->seconds(steps, repeats);
  }

  /// What a step is called and what its arithmetic needs, in the order of `runs`.
  struct Bound {
    std::string name;
    double flops = 0, bytes = 0;
  };
  const std::vector<Bound>& steps(Phase phase) const {
    return steps_[static_cast<std::size_t>(phase)];
  }
  const std::vector<Run>& runs(Phase phase) const { return runs_[static_cast<std::size_t>(phase)]; }

  const Memory& memory() const { return memory_; }
  const Plan& plan() const { return plan_; }
  Device& device() const { return *device_; }
  Program(const Program&) = delete;  // bound steps hold addresses into the arena
  Program& operator=(const Program&) = delete;

 private:
  Plan plan_;
  std::shared_ptr<Device> device_;
  std::array<std::vector<Bound>, kPhases> steps_;
  std::array<std::vector<Run>, kPhases> runs_;
  std::array<bool, kPhases> recordable_;
  // Behind what its graphs were captured from, so that it ends first: a connection to other ranks,
  // which a run holds, cannot be closed while a graph has sums of it.
  std::unique_ptr<Executor> executor_;
  Memory memory_;
};

}  // namespace mapnet
