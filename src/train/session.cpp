#include "train/session.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "device/ops/adam.hpp"
#include "train/learning_rate.hpp"
#include "train/maps/learned_basis.hpp"
#include "train/objective.hpp"
#include "train/rank_share.hpp"
#include "train/sample_order.hpp"
#include "train/target_network.hpp"

namespace mapnet {

namespace {

/// Of batch `index` of samples first ... first + n of the order the positions that are one rank's.
RankShare share_of_batch(std::size_t index, std::size_t first, std::size_t n, int batch,
                         const Communicator& ranks) {
  const auto size = static_cast<std::size_t>(batch);
  const std::size_t at = index * size;
  const RankShare share = rank_share(std::min(size, n - at), ranks.rank(), ranks.size());
  return {first + at + share.begin, share.count};
}

/// The samples of each kind that a session for `purpose` has.
SampleCounts counts_for(const Recipe& recipe, const Network& net, const Dataset& dataset,
                        Purpose purpose) {
  if (purpose == Purpose::expand) return {};
  require_samples_for(net, dataset);
  return split_samples(recipe, dataset);
}

}  // namespace

/// Appends this rank's shares of the batches that cover samples first ... first + n of the order.
void Session::add_batches(std::vector<BatchInput>& batches, std::size_t first, std::size_t n,
                          int batch) const {
  for (std::size_t i = 0; i < batches_of(n, batch); ++i) {
    const RankShare share = share_of_batch(i, first, n, batch, *ranks_);
    BatchInput input;
    // What is read from a file lies at the beginning whenever it is read.
    input.first = file_ ? 0 : static_cast<std::int64_t>(share.begin);
    input.count = static_cast<std::int32_t>(share.count);
    input.row =
        static_cast<std::int32_t>(share.begin - first - i * static_cast<std::size_t>(batch));
    batches.push_back(input);
  }
}

Session::Session(const Recipe& recipe, const Network& net, const Dataset& dataset, Purpose purpose,
                 const Planner& planner, std::shared_ptr<Communicator> ranks)
    : recipe_(recipe),
      net_(net),
      counts_(counts_for(recipe, net, dataset, purpose)),
      ranks_(std::move(ranks)),
      run_(build_run_schedule(recipe, net, counts_, sample_format(dataset), purpose, ranks_)),
      // Before the run's own arena is there: learning has one, too.
      basis_(run_.map.given
                 ? std::make_unique<LearnedBasis>(recipe, net, dataset, run_.map,
                                                  LearnedRound{.process = ranks_->local_rank()})
                 : nullptr),
      program_(std::make_unique<Program>(run_.schedule, planner(run_.schedule.lifetimes()))) {
  write(StepControl());
  begin_mapping_loss();
  begin_state();
  if (purpose != Purpose::expand) {
    if (recipe.footprint.samples_in_file)
      file_ = std::make_unique<SampleFile>(counts_.total(), run_.samples.sample_bytes,
                                           labels_per_sample(dataset));
    begin_epoch(0);
    load(dataset, purpose);
    write_eval_batches();
  }
  program_->run(Phase::setup);
  program_->wait();
  if (basis_) load_map();
  if (run_.map.given && recipe.refresh.on()) learned_from_ = dataset;
  if (run_.base != kNoBuffer)
    load_pretrained(net, run_.base);
  else if (recipe.pretrained.given() && (purpose == Purpose::train || purpose == Purpose::sketch))
    load_pretrained(net, run_.theta);  // trained itself: otherwise the values are restored
}

Session::~Session() = default;

StepControl Session::control() const {
  StepControl c;
  program_->read<StepControl>({&c, 1}, run_.control);
  return c;
}

void Session::write(const StepControl& c) const {
  program_->write<StepControl>(run_.control, {&c, 1});
}

std::int64_t Session::steps_per_epoch() const {
  return static_cast<std::int64_t>(batches_of(counts_.train, recipe_.batch));
}

double Session::learning_rate_at(std::int64_t step) const {
  const std::int64_t total = steps_per_epoch() * recipe_.epochs;
  const auto warmup =
      static_cast<std::int64_t>(recipe_.warmup * static_cast<double>(steps_per_epoch()));
  return learning_rate(recipe_.lr, step, std::min(warmup, total), total);
}

Metrics metrics_of(const StepControl& sums) {
  Metrics m;
  m.samples = static_cast<std::size_t>(sums.seen);
  if (sums.seen == 0) return m;
  const auto scored = static_cast<double>(sums.scored > 0 ? sums.scored : sums.seen);
  m.loss = sums.loss_sum / scored;
  m.accuracy = static_cast<double>(sums.correct) / scored;
  return m;
}

/// Clears the sums; the next step takes batch `next`.
void Session::restart(std::int64_t next) {
  StepControl c = control();
  c.loss_sum = 0;
  c.correct = c.seen = c.scored = 0;
  c.next = next;
  write(c);
}

MappingLossState Session::mapping_loss() const {
  MappingLossState state;
  if (run_.loss != kNoBuffer) program_->read<MappingLossState>({&state, 1}, run_.loss);
  return state;
}

void Session::begin_mapping_loss() {
  if (run_.loss == kNoBuffer) return;
  MappingLossState state;
  const MappingLoss& loss = recipe_.loss;
  const LossTerm* terms[kLossTerms] = {&loss.stability, &loss.smoothness, &loss.alignment};
  for (int i = 0; i < kLossTerms; ++i)
    if (terms[i]->on) state.terms[i] = first_loss_term(loss.mode, terms[i]->lambda);
  program_->write<MappingLossState>(run_.loss, {&state, 1});
}

/// Begins new sums; the weights and what trains them go on.
void Session::clear_mapping_loss() {
  if (run_.loss == kNoBuffer) return;
  MappingLossState state = mapping_loss();
  for (LossTermState& term : state.terms) term.value_sum = 0;
  state.steps = 0;
  program_->write<MappingLossState>(run_.loss, {&state, 1});
}

void Session::write_eval_batches() {
  std::vector<BatchInput> batches;
  std::size_t first = 0;
  for (const std::size_t n : {counts_.train, counts_.validation, counts_.test}) {
    add_batches(batches, first, n, eval_batch());
    first += n;
  }
  program_->write<BatchInput>(run_.eval_batches, batches);
}

/// The device's order: the epoch's, or of samples that lie as they were read that they do.
void Session::write_order() const {
  if (!file_) return program_->write<std::uint32_t>(run_.samples.order, order_);
  std::vector<std::uint32_t> in_turn(run_.samples.n);
  std::iota(in_turn.begin(), in_turn.end(), 0u);
  program_->write<std::uint32_t>(run_.samples.order, in_turn);
}

void Session::begin_epoch(int epoch) {
  epoch_ = epoch;
  order_.resize(counts_.total());
  fill_sample_order(order_, counts_, recipe_.seed, static_cast<std::uint32_t>(epoch));
  write_order();

  std::vector<BatchInput> batches;
  add_batches(batches, 0, counts_.train, recipe_.batch);
  const AdamDesc adam;
  const double ema = recipe_.regularisation.ema;
  std::int64_t step = epoch * steps_per_epoch();
  for (BatchInput& b : batches) {
    const double t = static_cast<double>(step + 1);
    b.step = step;
    b.lr = static_cast<float>(learning_rate_at(step));
    if (ema > 0) b.ema_weight = static_cast<float>((1.0 - ema) / (1.0 - std::pow(ema, t)));
    b.adam_rate = static_cast<float>(learning_rate_at(step) /
                                     (1.0 - std::pow(static_cast<double>(adam.beta1), t)));
    b.adam_inverse_root =
        static_cast<float>(1.0 / std::sqrt(1.0 - std::pow(static_cast<double>(adam.beta2), t)));
    ++step;
  }
  program_->write<BatchInput>(run_.train_batches, batches);
  restart(0);
  clear_mapping_loss();
  next_ = 0;
}

void Session::train_step(std::int64_t index) {
  if (index != next_) {
    StepControl c = control();
    c.next = next_ = index;
    write(c);
  }
  const std::size_t end =
      static_cast<std::size_t>(index + 1) * static_cast<std::size_t>(recipe_.batch);
  prepare(0, epoch_ == 0 ? std::min(end, counts_.train) : counts_.train);
  run_parts(index);
  program_->run(Phase::train);
  state_shared_ = false;
  ++next_;
  if (recipe_.refresh.due(epoch_ * steps_per_epoch() + index, training_steps(recipe_, counts_)))
    refresh();
}

/// Of a step whose batch is cut into parts all but what comes behind them; of any other step what
/// it needs beforehand. A part without samples is not run, but a gradient needs one.
void Session::run_parts(std::int64_t index) {
  const RankShare share =
      share_of_batch(static_cast<std::size_t>(index), 0, counts_.train, recipe_.batch, *ranks_);
  if (!run_.in_parts) return read_window(share.begin, share.count);
  const auto size = static_cast<std::size_t>(run_.micro_batch);
  program_->run(Phase::step_begin);
  for (std::size_t at = 0; at == 0 || at < share.count; at += size) {
    read_window(share.begin + at, std::min(size, share.count - at));
    program_->run(Phase::micro_batch);
  }
}

void Session::refresh() {
  program_->run(Phase::refresh);
  ++refreshes_;
  if (run_.map.given) learn_map_again();  // where the round begins: its base
}

Metrics Session::train_epoch(int epoch, const Progress& progress) {
  begin_epoch(epoch);
  return finish_epoch(progress);
}

Metrics Session::finish_epoch(const Progress& progress, const std::function<void()>& after_step) {
  StepControl seen;
  for (std::int64_t index = next_; index < steps_per_epoch(); ++index) {
    prune_if_due(epoch_ * steps_per_epoch() + index);
    train_step(index);
    // A GPU's copy may be of the epoch before.
    if (progress && program_->peek(seen, run_.control) && seen.seen > 0 &&
        seen.now.step / steps_per_epoch() == epoch_)
      progress(seen.next, seen);
    if (after_step) after_step();
  }
  return metrics_of(totals());
}

Session::Batches Session::batches_of_split(Split split) const {
  const auto batches = [&](std::size_t n) {
    return static_cast<std::int64_t>(batches_of(n, eval_batch()));
  };
  const std::int64_t validation = batches(counts_.train);
  const std::int64_t test = validation + batches(counts_.validation);
  if (split == Split::train) return {0, validation};
  if (split == Split::validation) return {validation, test};
  return {test, test + batches(counts_.test)};
}

/// The positions of this rank's share of an evaluation's batch.
RankShare Session::eval_share(std::size_t index) const {
  std::size_t first = 0;
  for (const std::size_t n : {counts_.train, counts_.validation, counts_.test}) {
    const std::size_t batches = batches_of(n, eval_batch());
    if (index < batches) return share_of_batch(index, first, n, eval_batch(), *ranks_);
    index -= batches;
    first += n;
  }
  return {};
}

/// Runs an evaluation's phase over some of its batches; the sums are of them.
Metrics Session::walk(Phase phase, std::int64_t begin, std::int64_t end) {
  const auto classes = static_cast<std::size_t>(net_.classes);
  std::vector<std::uint64_t> confusion(run_.confusion == kNoBuffer ? 0 : classes * classes);
  if (!confusion.empty()) program_->write<std::uint64_t>(run_.confusion, confusion);
  restart(begin);
  next_ = -1;
  for (std::int64_t index = begin; index < end; ++index) {
    const RankShare share = eval_share(static_cast<std::size_t>(index));
    read_window(share.begin, share.count);
    program_->run(phase);
  }
  Metrics m = metrics_of(totals());
  if (!confusion.empty()) {
    program_->read<std::uint64_t>(confusion, run_.confusion);
    ranks_->sum(confusion);
    const ConfusionSummary summary = summarise(confusion, classes);
    m.mean_iou = summary.mean_iou;
    m.majority = summary.majority;
  }
  return m;
}

Metrics Session::evaluate(Split split) {
  share_state();
  prepare(split);
  expand();
  const auto [begin, end] = batches_of_split(split);
  return walk(Phase::eval, begin, end);
}

}  // namespace mapnet
