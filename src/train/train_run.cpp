#include "train/train_run.hpp"

#include <fmt/core.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "common/bytes.hpp"
#include "common/stopwatch.hpp"
#include "memory/arena.hpp"
#include "train/budget/process_memory.hpp"
#include "train/build_info.hpp"
#include "train/maps/map_source.hpp"
#include "train/model.hpp"
#include "train/run_end.hpp"
#include "train/run_files.hpp"
#include "train/run_notices.hpp"
#include "train/run_ranks.hpp"

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

/// A run under way: what trains, and where it stands.
class TrainingRun {
 public:
  TrainingRun(const Recipe& recipe, const Network& net, const Dataset& dataset,
              const RunControl& control, const Watch& watch, Standing& standing)
      : recipe_(recipe),
        net_(net),
        dataset_(dataset),
        control_(control),
        watch_(watch),
        ranks_(*control.ranks),
        files_(control, net, standing),
        found_(files_.claim(recipe_, dataset)),
        setup_(begin_setup()),
        session_(
            recipe_, net, dataset, Purpose::train,
            [this](std::vector<Lifetime> lifetimes) { return planned(std::move(lifetimes)); },
            control.ranks) {
    if (control_.begins) control_.begins();
    leave_out_implied(recipe_, dataset.train.count);
    result_.setup_seconds = setup_.seconds();
    report_.steps = session_.steps_per_epoch();
    if (found_)
      resume(found_->checkpoint);
    else if (recipe_.init.given())
      begin_with_model();
    wait_for_all();
    files_.begin(recipe_.init, found_);
    found_.reset();  // it holds as much as everything that is trained
    files_.begin_snapshots(session_, step_);
  }

  RunResult finish() {
    while (epoch_ < recipe_.epochs) {
      train_epoch();
      if (++epoch_ == recipe_.epochs) break;
      session_.begin_epoch(epoch_);
      earlier_ = 0;
    }
    make_result();
    if (ranks_.first()) files_.finish(result_, dataset_, session_);
    return result_;
  }

 private:
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
    tell(notice_of_init(recipe_, model.file, dataset_.train.count));
    begin_with(session_, model);
  }

  /// Whoever could not begin does not come.
  void wait_for_all() {
    float here = 1;
    ranks_.sum(std::span(&here, 1));
  }

  void resume(const Checkpoint& c) {
    if (!found_->problem.empty()) tell(found_->problem + "; the checkpoint before it is used");
    const std::string device = session_.program().device().description();
    try {
      session_.restore(c.state);
    } catch (const Error& e) {
      fail("{}: cannot resume: {}{}", files_.folder().path.string(), e.what(),
           device == c.device
               ? ""
               : fmt::format(" (the checkpoint is from {}, this is {})", c.device, device));
    }
    files_.go_on_from(c);
    epoch_ = static_cast<int>(c.state.epoch);
    step_ = epoch_ * report_.steps + c.state.step;
    result_.seconds = c.seconds;
    earlier_ = c.epoch_seconds;
    tell(fmt::format("going on from {}", files_.saved()));
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
    // Before any evaluation: a picture that cannot be read, a full disk or a second signal then
    // costs no training.
    if (epoch_ + 1 == recipe_.epochs && files_.is_worth_saving()) save();
    report_.step = report_.steps;
    report_.learning_rate = session_.learning_rate_at((epoch_ + 1) * report_.steps - 1);
    report_.loss_terms = loss_terms(session_);
    result_.seconds += report_.seconds;
    require_same_values();
    if (recipe_.validation > 0) report_.validation = session_.evaluate(Split::validation);
    report_.finished = true;
    files_.add(epoch_json(report_, net_.task));
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

  void after_step() {
    ++step_;
    files_.keep_snapshot(session_, step_);  // before a checkpoint that needs it
    const RunFiles::Agreed agreed = files_.agree_behind_step();
    if (agreed.stop || agreed.save) save();
    if (agreed.stop)
      throw Interrupted(fmt::format("stopped in {}; --resume goes on from there", files_.saved()));
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
    files_.save(std::move(c));
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

  Recipe recipe_;
  const Network& net_;
  const Dataset& dataset_;
  const RunControl& control_;
  const Watch& watch_;
  Communicator& ranks_;
  RunFiles files_;
  std::optional<FoundCheckpoint> found_;
  const Stopwatch setup_;
  Session session_;
  RunResult result_;
  EpochReport report_;
  int epoch_ = 0;
  std::int64_t step_ = 0;  // steps done in all
  double earlier_ = 0;     // seconds of the present epoch before the run was resumed
  Stopwatch watch_epoch_;
};

}  // namespace

RunResult train_run(const Recipe& recipe, const Network& net, const Dataset& dataset,
                    const RunControl& control, const Watch& watch) {
  require_shareable(recipe, control.ranks->size());
  require_learnable(recipe, net);
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
