#include "train/run_files.hpp"

#include <fmt/core.h>

#include <nlohmann/json.hpp>

#include "common/file.hpp"
#include "train/budget/process_memory.hpp"
#include "train/build_info.hpp"
#include "train/resume.hpp"
#include "train/run_end.hpp"
#include "train/run_ranks.hpp"

namespace mapnet {

namespace {

/// What ranks tell each other after each step.
enum Flag : unsigned { kStop = 1, kSave = 2 };

}  // namespace

RunFiles::RunFiles(const RunControl& control, const Network& net, Standing& standing)
    : control_(control),
      net_(net),
      standing_(standing),
      ranks_(*control.ranks),
      folder_{control.folder} {}

std::optional<FoundCheckpoint> RunFiles::claim(Recipe& recipe, const Dataset& dataset) {
  require_same(ranks_,
               fmt::format("{} {} {} {} {} {} {} {}", program_identity(),
                           settings_of(to_json(recipe)).dump(), dataset.train.count,
                           dataset.test.count, control_.resume, control_.checkpoints.steps,
                           control_.checkpoints.seconds, control_.snapshot_every),
               "started with another program, settings or data than the first rank");
  if (ranks_.first()) claim_ = folder_.claim(control_.overwrite, control_.resume);
  refuse_own_files(recipe);
  std::optional<FoundCheckpoint> found;
  if (control_.resume) found = find_to_go_on_from(recipe);
  const std::int64_t steps = training_steps(recipe, split_samples(recipe, dataset));
  const std::int64_t done =
      found ? found->checkpoint.state.epoch * (steps / recipe.epochs) + found->checkpoint.state.step
            : 0;
  if (ranks_.first()) require_disk_room(folder_, net_, control_.snapshot_every, steps, done);
  return found;
}

std::optional<FoundCheckpoint> RunFiles::find_to_go_on_from(Recipe& recipe) {
  std::optional<FoundCheckpoint> found;
  if (ranks_.first()) {
    remove_unfinished(folder_.checkpoint());
    found = find_checkpoint(folder_);
  }
  found = from_first(ranks_, std::move(found));
  if (!found) return found;
  standing_.begun = true;
  take_replaced_init(recipe, found->checkpoint.recipe, folder_);
  take_order_of_init(recipe, found->checkpoint.recipe, folder_);
  check_same_recipe(found->checkpoint.recipe, to_json(recipe), folder_);
  return found;
}

/// Files that the model needs as long as it is used.
void RunFiles::refuse_own_files(const Recipe& recipe) const {
  const std::pair<const char*, std::string> given[] = {
      {"--pretrained", recipe.pretrained.file},
      {"--features-weights", recipe.features.weights.file}};
  for (const auto& [flag, file] : given)
    if (!file.empty() && folder_.clears(file))
      fail<UsageError>(
          "{} {}: lies in the run's own folder {}, which is cleared; give another --out", flag,
          file, folder_.path.string());
}

void RunFiles::go_on_from(const Checkpoint& checkpoint) {
  check_same_snapshots(checkpoint.snapshot_every, control_.snapshot_every, folder_);
  standing_.saved = position_text(checkpoint);
}

void RunFiles::begin(const Init& init, const std::optional<FoundCheckpoint>& found) {
  if (ranks_.first()) {
    // A model that this run replaces stays until it does: --resume needs it.
    if (!found) folder_.begin(replaces(folder_, init));
    log_.emplace(folder_, found ? found->checkpoint.metrics : std::string());
  }
  wait_for_first();
  standing_.begun = true;
  unsaved_ = {};
}

void RunFiles::begin_snapshots(const Session& session, std::int64_t done) {
  if (control_.snapshot_every == 0) return;
  if (ranks_.first()) snapshots_.emplace(folder_, net_, control_.snapshot_every, done);
  if (done == 0) take_snapshot(session, done);
}

void RunFiles::keep_snapshot(const Session& session, std::int64_t done) {
  if (control_.snapshot_every > 0 && done % control_.snapshot_every == 0)
    take_snapshot(session, done);
}

void RunFiles::take_snapshot(const Session& session, std::int64_t done) {
  if (snapshots_) {
    session.read_evaluated_theta(snapshots_->theta());
    ranks_.require_no_loss();  // what is read behind a sum that was given up is no state
    snapshots_->write(done);
  }
  wait_for_first();
}

/// Behind a file that it writes, which may last longer than ranks wait for one another's steps.
void RunFiles::wait_for_first() {
  std::byte written{};
  ranks_.broadcast({&written, 1});
}

void RunFiles::add(const nlohmann::json& epoch) {
  if (log_) log_->add(epoch);
}

RunFiles::Agreed RunFiles::agree_behind_step() {
  ++unsaved_steps_;
  const CheckpointInterval& every = control_.checkpoints;
  unsigned flags = control_.stop_requested && control_.stop_requested() ? kStop : 0u;
  // Clocks differ: the first rank's says when it is time, once for each checkpoint.
  if (ranks_.first() && !save_asked_ && every.seconds > 0 && unsaved_.seconds() >= every.seconds) {
    save_asked_ = true;
    flags |= kSave;
  }
  flags = ranks_.agree(flags);
  return {(flags & kStop) != 0,
          (flags & kSave) != 0 || (every.steps > 0 && unsaved_steps_ >= every.steps)};
}

/// What took but a moment is not worth a file.
bool RunFiles::is_worth_saving() {
  constexpr double kWorthSaving = 1;  // seconds
  const CheckpointInterval& every = control_.checkpoints;
  if (unsaved_steps_ == 0 || (every.steps == 0 && every.seconds == 0)) return false;
  bool worth = every.steps > 0 || unsaved_.seconds() >= kWorthSaving;
  ranks_.broadcast(std::as_writable_bytes(std::span(&worth, 1)));  // clocks differ
  return worth;
}

void RunFiles::save(Checkpoint c) {
  if (ranks_.first()) {
    c.metrics = log_->lines();
    write_checkpoint(folder_, c);
  }
  wait_for_first();
  standing_.saved = position_text(c);
  save_asked_ = false;
  unsaved_steps_ = 0;
  unsaved_ = {};
}

void RunFiles::finish(RunResult& r, const Dataset& dataset, const Session& session) {
  {
    const LatentFile model = describe_model(r.recipe, net_, dataset, session);
    r.stored_values = model.values.size() + model.theta.size();
    r.refreshes = model.refreshes;
    write_latent_file(folder_.model(), model);
  }
  log_->finish();
  r.memory = measure_process_memory();  // with the model's copy of its values
  write_file_atomic(folder_.result(), to_json(r).dump(2) + "\n");
  folder_.end();
}

std::string way_on(const RunFolder& folder, const Standing& standing) {
  std::string saved = standing.saved;
  try {
    if (const auto found = standing.begun ? find_checkpoint(folder) : std::nullopt)
      saved = position_text(found->checkpoint);
  } catch (const Error&) {  // none that can be read from here
  }
  if (saved.empty()) return "no checkpoint was written before; begin again";
  return fmt::format("{} is there, from {}: --resume goes on from it, with any number of ranks",
                     folder.checkpoint().string(), saved);
}

}  // namespace mapnet
