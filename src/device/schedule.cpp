#include "device/schedule.hpp"

#include <algorithm>
#include <utility>

#include "common/error.hpp"

namespace mapnet {

void Schedule::begin(Phase phase) {
  if (phase < phase_) fail("schedule: phase {} begun after phase {}", int(phase), int(phase_));
  phase_ = phase;
}

BufferId Schedule::buffer(std::string name, std::string group, std::size_t bytes) {
  Info info;
  info.name = std::move(name);
  info.group = std::move(group);
  info.bytes = bytes;
  buffers_.push_back(std::move(info));
  return static_cast<BufferId>(buffers_.size()) - 1;
}

BufferId Schedule::persistent_buffer(std::string name, std::string group, std::size_t bytes) {
  const BufferId id = buffer(std::move(name), std::move(group), bytes);
  buffers_.back().persistent = true;
  return id;
}

void Schedule::touch(BufferId id, bool write, const std::string& step) {
  Info& b = buffers_.at(static_cast<std::size_t>(id));
  if (b.first < 0 && !write && !b.persistent)
    fail("schedule: step '{}' reads buffer '{}' before any step writes it", step, b.name);
  const int now = static_cast<int>(steps_.size());
  if (b.first >= 0 && b.used_in != phase_) b.many_phases = true;
  if (b.first < 0) b.first = now;
  b.last = now;
  b.used_in = phase_;
}

void Schedule::add(Step step) {
  step.phase = phase_;
  // Writes first: a step may fill a buffer and go on reading it.
  for (BufferId id : step.writes) touch(id, true, step.name);
  for (BufferId id : step.reads) touch(id, false, step.name);
  steps_.push_back(std::move(step));
}

std::vector<Lifetime> Schedule::lifetimes() const {
  // What cuBLAS's and cuDNN's fastest kernels ask for.
  const std::size_t alignment = device_->kind() == DeviceKind::cuda ? 256 : kArenaAlignment;
  const int end = std::max(0, static_cast<int>(steps_.size()) - 1);
  std::vector<Lifetime> lifetimes;
  lifetimes.reserve(buffers_.size());
  for (const Info& b : buffers_) {
    Lifetime life;
    life.name = b.name;
    life.group = b.group;
    life.bytes = b.bytes;
    life.alignment = alignment;
    life.first = b.persistent ? 0 : std::max(b.first, 0);
    life.last = b.persistent || b.many_phases ? end : std::max(b.last, 0);
    lifetimes.push_back(std::move(life));
  }
  return lifetimes;
}

}  // namespace mapnet
