#include <fmt/ranges.h>

#include <algorithm>
#include <cstring>

#include "common/error.hpp"
#include "train/session.hpp"

namespace mapnet {

std::vector<Session::Carried> Session::carried() const {
  std::vector<Carried> all = {{"values", run_.value},      {"adam_m", run_.adam_m},
                              {"adam_v", run_.adam_v},     {"average", run_.average},
                              {"state", run_.state},       {"state_average", run_.state_average},
                              {"mapping_loss", run_.loss}, {"latent_history", run_.history},
                              {"map_base", run_.map_base}, {"pruned", run_.pruned},
                              {"control", run_.control}};
  std::erase_if(all, [](const Carried& c) { return c.buffer == kNoBuffer; });
  return all;
}

/// The control block with the sums of all ranks.
StepControl Session::totals() const {
  StepControl c = control();
  std::uint64_t counts[] = {static_cast<std::uint64_t>(c.correct),
                            static_cast<std::uint64_t>(c.seen),
                            static_cast<std::uint64_t>(c.scored)};
  ranks_->sum(std::span(&c.loss_sum, 1));
  ranks_->sum(counts);
  c.correct = static_cast<std::int64_t>(counts[0]);
  c.seen = static_cast<std::int64_t>(counts[1]);
  c.scored = static_cast<std::int64_t>(counts[2]);
  return c;
}

/// Running statistics and their average become their means over the ranks. (They are means
/// themselves: whenever this is done, what they come to in the end is the same but for rounding.)
void Session::share_state() {
  if (ranks_->alone() || state_shared_) return;
  for (const BufferId buffer : {run_.state, run_.state_average}) {
    if (buffer == kNoBuffer) continue;
    std::vector<float> values(net_.state_count());
    program_->read<float>(values, buffer);
    ranks_->sum(values);
    for (float& v : values) v /= static_cast<float>(ranks_->size());
    program_->write<float>(buffer, values);
  }
  state_shared_ = true;
}

TrainingState Session::training_state() {
  share_state();
  TrainingState state;
  state.epoch = epoch_;
  state.step = next_;
  state.refreshes = refreshes_;
  state.pruned = !pruned_.empty();
  state.map_checksum = learned_map_.checksum;
  state.map_seconds = learned_map_.seconds;
  state.pixels = pixels_;
  state.series_checksum = series_checksum_;
  state.labels_checksum = labels_checksum_;
  for (const Carried& c : carried()) {
    std::string bytes(run_.schedule.buffer_bytes(c.buffer), '\0');
    program_->read<char>(bytes, c.buffer);
    if (c.buffer == run_.control) {
      const StepControl all = totals();
      std::memcpy(bytes.data(), &all, sizeof all);
    }
    state.buffers.push_back({c.name, std::move(bytes)});
  }
  return state;
}

/// Throws Error naming what a state holds that this training does not carry from step to step, or
/// the other way round.
void Session::require_buffers(const TrainingState& state) const {
  constexpr const char* advice = "it is of another mapnet or is damaged; --overwrite begins anew";
  const std::vector<Carried> own = carried();
  for (std::size_t i = 0; i < std::max(own.size(), state.buffers.size()); ++i) {
    const std::string expected =
        i < own.size()
            ? fmt::format("{} of {} bytes", own[i].name, run_.schedule.buffer_bytes(own[i].buffer))
            : "no further buffer";
    const std::string found =
        i < state.buffers.size()
            ? fmt::format("{} of {} bytes", state.buffers[i].name, state.buffers[i].bytes.size())
            : "no further buffer";
    if (expected != found) fail("expected {}, found {}; {}", expected, found, advice);
  }
  if (state.step > steps_per_epoch())
    fail("expected at most {} steps of an epoch, found {}; {}", steps_per_epoch(), state.step,
         advice);
}

/// Throws Error where the samples are not those that it was trained on.
void Session::require_data(const TrainingState& state) const {
  constexpr const char* advice = "resume it with the files it was begun with (--data-dir)";
  // Of the same videos another device makes features of other bits.
  constexpr const char* features_advice =
      "resume it with the cache that held them (--features-cache), or where the videos are others "
      "with those it was begun with (--data-dir)";
  const auto same = [&](const char* what, std::uint32_t then, std::uint32_t now,
                        const char* way_on) {
    if (then != 0 && then != now)
      fail("{} not the one it was trained on: checksum {:08x} then, {:08x} now; {}", what, then,
           now, way_on);
  };
  if (state.pixels.mean != pixels_.mean || state.pixels.stddev != pixels_.stddev)
    fail(
        "the training images are not those it was trained on: their means were [{}] and are [{}], "
        "their deviations [{}] and [{}]; {}",
        fmt::join(state.pixels.mean, ", "), fmt::join(pixels_.mean, ", "),
        fmt::join(state.pixels.stddev, ", "), fmt::join(pixels_.stddev, ", "), advice);
  const bool series = net_.task == Task::forecast;
  same(series ? "the series is" : "the set of features is", state.series_checksum, series_checksum_,
       series ? advice : features_advice);
  same("the set of labels is", state.labels_checksum, labels_checksum_, advice);
}

void Session::restore(const TrainingState& state) {
  require_data(state);
  require_buffers(state);
  begin_epoch(static_cast<int>(state.epoch));
  if (state.refreshes > 0) {
    // The present round, with its stored maps drawn; all else that a refresh does is written over.
    const auto before = static_cast<std::uint32_t>(state.refreshes - 1);
    program_->write<std::uint32_t>(run_.map_round, {&before, 1});
    program_->run(Phase::refresh);
  }
  const std::vector<Carried> own = carried();
  for (std::size_t i = 0; i < own.size(); ++i)
    program_->write<char>(own[i].buffer, state.buffers[i].bytes);
  refreshes_ = state.refreshes;
  if (run_.map.given && refreshes_ > 0) learn_map_again();
  require_map(state.map_checksum, "resume it so, or --overwrite begins anew");
  // All rounds so far; what was learned again to go on from here is no cost of the map.
  if (state.map_seconds > 0) learned_map_.seconds = state.map_seconds;
  next_ = state.step;
  if (!ranks_->first()) restart(next_);  // what was summed up so far is the first rank's to keep
  if (!state.pruned) return;
  pruned_.resize(run_.schedule.buffer_bytes(run_.pruned) / sizeof(std::uint32_t));
  program_->read<std::uint32_t>(pruned_, run_.pruned);
}

}  // namespace mapnet
