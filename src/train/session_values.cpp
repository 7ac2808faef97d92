#include <algorithm>

#include "train/session.hpp"

/// What is trained, what it generates and what goes along with it, read from the arena and written
/// into it.
namespace mapnet {

namespace {

std::vector<float> copy_of(const Program& program, BufferId buffer, std::size_t n) {
  std::vector<float> values(n);
  if (n > 0) program.read<float>(values, buffer);
  return values;
}

}  // namespace

std::vector<float> Session::values() const { return copy_of(*program_, run_.value, run_.n_values); }
std::vector<float> Session::evaluated_values() const {
  return copy_of(*program_, run_.evaluated(), run_.n_values);
}
std::vector<float> Session::theta() const { return copy_of(*program_, run_.theta, run_.n_theta); }
void Session::read_evaluated_theta(std::span<float> out) const {
  const bool direct = run_.theta == run_.value;
  if (!direct) expand();
  program_->read<float>(out, direct ? run_.evaluated() : run_.theta);
}
std::vector<float> Session::dtheta() const { return copy_of(*program_, run_.dtheta, run_.n_theta); }
std::vector<float> Session::gradient() const {
  return copy_of(*program_, run_.gradient, run_.n_values);
}
std::vector<float> Session::state() const {
  return copy_of(*program_, run_.state, net_.state_count());
}

std::vector<float> Session::evaluated_state() const {
  return copy_of(*program_, run_.evaluated_state(), net_.state_count());
}

void Session::set_state(std::span<const float> values) {
  if (values.empty()) return;
  program_->write<float>(run_.state, values);
  if (run_.state_average != kNoBuffer) program_->write<float>(run_.state_average, values);
}

void Session::begin_state() {
  std::vector<float> values(net_.state_count());
  for (const StateTensor& s : net_.state)
    std::fill_n(values.begin() + static_cast<std::ptrdiff_t>(s.offset), s.size, s.initial);
  set_state(values);
}

void Session::set_values(std::span<const float> values) {
  program_->write<float>(run_.value, values);
  if (run_.average != kNoBuffer) program_->write<float>(run_.average, values);
}

std::vector<float> Session::rounds() const {
  if (refreshes_ > 0 && run_.history == kNoBuffer) return {};
  std::vector<float> all(refreshes_ * run_.n_values);
  if (refreshes_ > 0) program_->read<float>(all, run_.history);
  const std::vector<float> present = evaluated_values();
  all.insert(all.end(), present.begin(), present.end());
  return all;
}

void Session::load_pretrained(const Network& net, BufferId into) {
  std::vector<float> staging;
  auto* in_place = program_->host<float>(into);
  if (!in_place) staging.resize(run_.n_theta);
  const std::span<float> theta(in_place ? in_place : staging.data(), run_.n_theta);
  std::vector<float> state(net.state_count());
  read_pretrained(recipe_.pretrained, net, recipe_.mapping.seed, theta, state);
  if (!in_place) program_->write<float>(into, theta);
  set_state(state);
  if (into == run_.value && run_.average != kNoBuffer)  // which begins there, too
    program_->write<float>(run_.average, theta);
}

}  // namespace mapnet
