#include "train/train_run.hpp"

#include <fmt/core.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "common/bytes.hpp"
#include "common/file.hpp"
#include "common/stopwatch.hpp"
#include "memory/arena.hpp"
#include "train/budget/process_memory.hpp"
#include "train/build_info.hpp"
#include "train/checkpoint.hpp"
#include "train/model.hpp"
#include "train/resume.hpp"
#include "train/run_end.hpp"
#include "train/run_folder.hpp"
#include "train/run_notices.hpp"
#include "train/run_ranks.hpp"
#include "train/snapshots.hpp"

namespace mapnet {

namespace {

nlohmann::json epoch_json(const EpochReport& e, Task task) {
  nlohmann::json json = {
      {"epoch", e.epoch}, {"learning_rate", e.learning_rate}, {"seconds", e.seconds}};
  add_metrics(json, task, "train_", e.running);
  if (e.validation.samples > 0) add_metrics(json, task, "validation_", e.validation);
  add_loss_terms(json, e.loss_terms);
  return json;
}

/// What ranks tell each other after each step.
enum Flag : unsigned { kStop = 1, kSave = 2 };

/// What is known of a run's files, also where it could not begin.
struct Standing {
  bool begun = false;  ///< what lies in the folder is its own
  std::string saved;   ///< where its last checkpoint is from; empty where none was written
};

/// A run under way: what trains, what it writes, and where it stands.
class TrainingRun {
 public:
  TrainingRun(const Recipe& recipe, const Network& net, const Dataset& dataset,
              const RunControl& control, const Watch& watch, Standing& standing)
      : recipe_(recipe),
        net_(net),
        dataset_(dataset),
        control_(control),
        watch_(watch),
        standing_(standing),
        ranks_(*control.ranks),
        folder_{control.folder},
        found_(claim()),
        setup_(begin_setup()),
        session_(
            recipe_, net, dataset, Purpose::train,
            [this](std::vector<Lifetime> lifetimes) { return planned(std::move(lifetimes)); },
            control.ranks) {
    if (control_.begins) control_.begins();
    result_.setup_seconds = setup_.seconds();
    report_.steps = session_.steps_per_epoch();
    if (found_)
      resume(found_->checkpoint);
    else if (recipe_.init.given())
      begin_with_model();
    wait_for_all();
    if (ranks_.first()) begin_files();
    wait_for_first();
    standing_.begun = true;
    found_.reset();  // it holds as much as everything that is trained
    begin_snapshots();
  }

  RunResult finish() {
    while (epoch_ < recipe_.epochs) {
      train_epoch();
      if (++epoch_ == recipe_.epochs) break;
      session_.begin_epoch(epoch_);
      earlier_ = 0;
    }
    make_result();
    if (ranks_.first()) write_files();
    return result_;
  }

 private:
  std::optional<FoundCheckpoint> claim() {
    require_same(ranks_,
                 fmt::format("{} {} {} {} {} {} {} {}", program_identity(),
                             settings_of(to_json(recipe_)).dump(), dataset_.train.count,
                             dataset_.test.count, control_.resume, control_.checkpoints.steps,
                             control_.checkpoints.seconds, control_.snapshot_every),
                 "started with another program, settings or data than the first rank");
    if (ranks_.first()) claim_ = folder_.claim(control_.overwrite, control_.resume);
    refuse_own_files();
    if (!control_.resume) return std::nullopt;
    std::optional<FoundCheckpoint> found;
    if (ranks_.first()) {
      remove_unfinished(folder_.checkpoint());
      found = find_checkpoint(folder_);
    }
    found = from_first(ranks_, std::move(found));
    if (!found) return found;
    standing_.begun = true;
    take_replaced_init(recipe_, found->checkpoint.recipe, folder_);
    check_same_recipe(found->checkpoint.recipe, to_json(recipe_), folder_);
    return found;
  }

  /// Files that the model needs as long as it is used.
  void refuse_own_files() const {
    const std::pair<const char*, std::string> given[] = {
        {"--pretrained", recipe_.pretrained.file},
        {"--features-weights", recipe_.features.weights.file}};
    for (const auto& [flag, file] : given)
      if (!file.empty() && folder_.clears(file))
        fail<UsageError>(
            "{} {}: lies in the run's own folder {}, which is cleared; give another --out", flag,
            file, folder_.path.string());
  }

  void tell(const std::string& text) const {
    if (control_.notice && !text.empty()) control_.notice(text);
  }

  Stopwatch begin_setup() const {
    for (const std::string& text : notices_before_setup(recipe_, net_, dataset_, ranks_))
      tell(text);
    return {};
  }

  Plan planned(std::vector<Lifetime> lifetimes) const {
    Plan plan = plan_arena(std::move(lifetimes));
    const auto here = static_cast<std::size_t>(ranks_.local_size());
    if (const auto available = available_memory(); available && recipe_.device == DeviceKind::cpu)
      tell(notice_of_memory(here * plan.total, *available, control_.memory_budget > 0));
    return plan;
  }

  void begin_with_model() {
    const Model model = open_model(recipe_.init.file);
    tell(notice_of_init(recipe_, model.file.recipe));
    begin_with(session_, model);
  }

  /// Whoever could not begin does not come.
  void wait_for_all() {
    float here = 1;
    ranks_.sum(std::span(&here, 1));
  }

  /// An earlier run goes when nothing is left that could keep this one from beginning.
  void begin_files() {
    require_disk_room(folder_, net_, control_.snapshot_every, report_.steps * recipe_.epochs,
                      step_);
    // A model that this run replaces stays until it does: --resume needs it.
    if (!found_) folder_.begin(replaces(folder_, recipe_.init));
    log_.emplace(folder_, found_ ? found_->checkpoint.metrics : std::string());
  }

  void resume(const Checkpoint& c) {
    if (!found_->problem.empty()) tell(found_->problem + "; the checkpoint before it is used");
    const std::string device = session_.program().device().description();
    try {
      session_.restore(c.state);
    } catch (const Error& e) {
      fail("{}: cannot resume: {}{}", folder_.path.string(), e.what(),
           device == c.device
               ? ""
               : fmt::format(" (the checkpoint is from {}, this is {})", c.device, device));
    }
    check_same_snapshots(c.snapshot_every, control_.snapshot_every, folder_);
    epoch_ = static_cast<int>(c.state.epoch);
    step_ = epoch_ * report_.steps + c.state.step;
    result_.seconds = c.seconds;
    earlier_ = c.epoch_seconds;
    standing_.saved = position_text(c);
    tell(fmt::format("going on from {}", standing_.saved));
    for (const std::string& text : notices_of_resuming(c, ranks_.size(), device)) tell(text);
  }

  void train_epoch() {
    watch_epoch_ = {};
    report_.epoch = epoch_ + 1;
    report_.finished = false;
    report_.validation = {};
    const auto progress = [&](std::int64_t step, const StepControl& sums) {
      report_.step = step;
      report_.running = metrics_of(sums);
      report_.seconds = epoch_seconds();
      report_.learning_rate = session_.learning_rate_at(epoch_ * report_.steps + step - 1);
      if (watch_) watch_(report_);
    };
    report_.running = session_.finish_epoch(progress, [&] { after_step(); });
    report_.seconds = epoch_seconds();
    if (epoch_ + 1 == recipe_.epochs) save_trained();
    report_.step = report_.steps;
    report_.learning_rate = session_.learning_rate_at((epoch_ + 1) * report_.steps - 1);
    report_.loss_terms = loss_terms(session_);
    result_.seconds += report_.seconds;
    require_same_values();
    if (recipe_.validation > 0) report_.validation = session_.evaluate(Split::validation);
    report_.finished = true;
    if (log_) log_->add(epoch_json(report_, net_.task));
    if (watch_) watch_(report_);
    session_.finish_loading();  // a picture that cannot be read is told after one epoch, not all
  }

  double epoch_seconds() const { return earlier_ + watch_epoch_.seconds(); }

  /// Ranks that compute the same from the same must have the same; whatever is the reason when they
  /// do not, what they would make of it is of no use.
  void require_same_values() {
    if (ranks_.alone()) return;
    const std::vector<float> values = session_.values();
    require_same(
        ranks_, bytes_of(values),
        fmt::format("after epoch {} its trained values are not the first rank's", epoch_ + 1));
  }

  void begin_snapshots() {
    if (control_.snapshot_every == 0) return;
    if (ranks_.first()) snapshots_.emplace(folder_, net_, control_.snapshot_every, step_);
    if (step_ == 0) take_snapshot();
  }

  void take_snapshot() {
    if (snapshots_) {
      session_.read_evaluated_theta(snapshots_->theta());
      ranks_.require_no_loss();  // what is read behind a sum that was given up is no state
      snapshots_->write(step_);
    }
    wait_for_first();
  }

  /// Behind a file that it writes, which may last longer than ranks wait for one another's steps.
  void wait_for_first() {
    std::byte written{};
    ranks_.broadcast({&written, 1});
  }

  void after_step() {
    ++step_;
    if (control_.snapshot_every > 0 && step_ % control_.snapshot_every == 0)
      take_snapshot();  // before a checkpoint that needs it
    ++unsaved_steps_;
    const CheckpointInterval& every = control_.checkpoints;
    unsigned flags = control_.stop_requested && control_.stop_requested() ? kStop : 0u;
    // Clocks differ: the first rank's says when it is time, once for each checkpoint.
    if (ranks_.first() && !save_asked_ && every.seconds > 0 &&
        unsaved_.seconds() >= every.seconds) {
      save_asked_ = true;
      flags |= kSave;
    }
    flags = ranks_.agree(flags);
    if (flags & kStop) {
      save();
      throw Interrupted(fmt::format("stopped in {}; --resume goes on from there", standing_.saved));
    }
    if ((flags & kSave) || (every.steps > 0 && unsaved_steps_ >= every.steps)) save();
  }

  /// Behind the last step, and before any evaluation: a picture that cannot be read, a full disk or
  /// a second signal then costs no training. What took but a moment is not worth a file.
  void save_trained() {
    constexpr double kWorthSaving = 1;  // seconds
    const CheckpointInterval& every = control_.checkpoints;
    if (unsaved_steps_ == 0 || (every.steps == 0 && every.seconds == 0)) return;
    bool worth = every.steps > 0 || unsaved_.seconds() >= kWorthSaving;
    ranks_.broadcast(std::as_writable_bytes(std::span(&worth, 1)));  // clocks differ
    if (worth) save();
  }

  void save() {
    Checkpoint c;
    c.program = program_identity();
    c.ranks = ranks_.size();
    c.recipe = to_json(recipe_);
    c.snapshot_every = control_.snapshot_every;
    c.device = session_.program().device().description();
    c.state = session_.training_state();
    ranks_.require_no_loss();
    c.seconds = result_.seconds;
    c.epoch_seconds = c.state.step > 0 ? epoch_seconds() : 0;
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

  void make_result() {
    session_.prune_if_due(report_.steps * recipe_.epochs);
    measure(result_, session_, recipe_, net_);
    if (!std::isfinite(result_.train.loss))
      tell("the loss is no number: the training diverged; a smaller --lr may help");
    result_.loss_terms = report_.loss_terms;
    result_.ranks = ranks_.size();
    result_.memory_budget = control_.memory_budget;
  }

  /// Of all shares, but by one rank.
  void write_files() {
    RunResult& r = result_;
    {
      const LatentFile model = describe_model(recipe_, net_, dataset_, session_);
      r.stored_values = model.values.size() + model.theta.size();
      r.refreshes = model.refreshes;
      write_latent_file(folder_.model(), model);
    }
    r.memory = measure_process_memory();  // with the model's copy of its values
    write_file_atomic(folder_.result(), to_json(r).dump(2) + "\n");
    folder_.end();
  }

  Recipe recipe_;
  const Network& net_;
  const Dataset& dataset_;
  const RunControl& control_;
  const Watch& watch_;
  Standing& standing_;
  Communicator& ranks_;
  const RunFolder folder_;
  FolderClaim claim_;  // the first rank's
  std::optional<FoundCheckpoint> found_;
  const Stopwatch setup_;
  Session session_;
  std::optional<MetricsLog> log_;            // the first rank's
  std::optional<SnapshotWriter> snapshots_;  // likewise
  RunResult result_;
  EpochReport report_;
  int epoch_ = 0;
  std::int64_t step_ = 0;  // steps done in all
  double earlier_ = 0;     // seconds of the present epoch before the run was resumed
  Stopwatch watch_epoch_, unsaved_;
  std::int64_t unsaved_steps_ = 0;
  bool save_asked_ = false;
};

/// What is left of a run for whoever lost a rank. Where the folder is seen from here it knows best,
/// if it is the run's: the first rank may have been lost right behind writing a checkpoint.
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

}  // namespace

RunResult train_run(const Recipe& recipe, const Network& net, const Dataset& dataset,
                    const RunControl& control, const Watch& watch) {
  require_shareable(recipe, control.ranks->size());
  count_snapshots(control.snapshot_every, training_steps(recipe, split_samples(recipe, dataset)));
  Standing standing;
  standing.begun = control.resume;  // nothing is replaced then
  std::optional<TrainingRun> run;
  try {
    return run.emplace(recipe, net, dataset, control, watch, standing).finish();
  } catch (const Error& e) {
    if (const std::string loss = control.ranks->loss(); !loss.empty())
      fail<LostRank>("{}; {}", loss, way_on(RunFolder{control.folder}, standing));
    if (dynamic_cast<const NoArena*>(&e))
      fail("{}; {}", e.what(), advice_on_memory(control.memory_budget > 0));
    throw;
  }
}

}  // namespace mapnet
