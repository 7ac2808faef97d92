#include "train/train_run.hpp"

#include <fmt/core.h>
#include <sys/resource.h>

#include <chrono>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "common/error.hpp"
#include "common/file.hpp"
#include "memory/groups.hpp"
#include "train/latent_file.hpp"
#include "version.hpp"

namespace mapnet {

namespace fs = std::filesystem;

namespace {

class Stopwatch {
 public:
  double seconds() const { return std::chrono::duration<double>(Clock::now() - start_).count(); }

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point start_ = Clock::now();
};

std::size_t peak_rss_bytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<std::size_t>(usage.ru_maxrss) * 1024;
}

std::size_t map_bytes(const Plan& plan) {
  for (const Group& group : groups_of(plan))
    if (group.name == "map") return group.bytes;
  return 0;
}

/// The folder is claimed before hours are spent, and an old result never stands beside new files.
void prepare_folder(const fs::path& folder, bool overwrite) {
  const fs::path result = folder / "result.json";
  if (fs::exists(result) && !overwrite)
    fail("{}: already holds a finished run; give another --out, or --overwrite to replace it",
         folder.string());
  std::error_code ec;
  fs::create_directories(folder, ec);
  if (ec) fail("{}: cannot create the run's folder: {}", folder.string(), ec.message());
  fs::remove(result, ec);
  fs::remove(folder / "model.latent", ec);
}

class MetricsLog {
 public:
  explicit MetricsLog(const fs::path& path) : path_(path), out_(path, std::ios::trunc) { check(); }
  void add(const nlohmann::json& line) {
    out_ << line.dump() << std::endl;
    check();
  }

 private:
  void check() const {
    if (!out_) fail("{}: cannot write", path_.string());
  }
  fs::path path_;
  std::ofstream out_;
};

std::vector<LossTermReport> loss_terms(const Session& session) {
  const MappingLossState state = session.mapping_loss();
  const char* const names[kLossTerms] = {"stability", "smoothness", "alignment"};
  std::vector<LossTermReport> terms;
  for (int i = 0; i < kLossTerms; ++i) {
    const LossTermState& term = state.terms[i];
    if (!term.on) continue;
    const double mean = state.steps > 0 ? term.value_sum / static_cast<double>(state.steps) : 0.0;
    terms.push_back({names[i], static_cast<double>(term.lambda), mean});
  }
  return terms;
}

void add_loss_terms(nlohmann::json& json, const std::vector<LossTermReport>& terms) {
  for (const LossTermReport& term : terms) {
    json["lambda_" + term.name] = term.lambda;
    json[term.name] = term.value;
  }
}

nlohmann::json epoch_json(const EpochReport& e, Task task) {
  nlohmann::json json = {
      {"epoch", e.epoch}, {"learning_rate", e.learning_rate}, {"seconds", e.seconds}};
  add_metrics(json, task, "train_", e.running);
  if (e.validation.samples > 0) add_metrics(json, task, "validation_", e.validation);
  add_loss_terms(json, e.loss_terms);
  return json;
}

LatentFile describe_model(const Recipe& recipe, const Network& net, const Dataset& dataset,
                          const Session& session) {
  LatentFile file;
  file.recipe = recipe;
  file.channels = net.channels;
  file.height = net.height;
  file.width = net.width;
  file.classes = net.classes;
  file.class_names = dataset.class_names;
  file.pixels = session.pixels();
  file.refreshes = session.refreshes();
  file.values = session.rounds();
  file.stores_theta = file.values.empty();
  if (file.stores_theta) {
    session.expand();
    file.values = session.theta();
  }
  file.state = session.state();
  file.pruned = session.pruned();
  return file;
}

}  // namespace

RunResult train_run(const Recipe& recipe, const Network& net, const Dataset& dataset,
                    const fs::path& folder, bool overwrite, const Watch& watch) {
  prepare_folder(folder, overwrite);
  const Stopwatch setup;
  Session session(recipe, net, dataset, Purpose::train);
  RunResult r;
  r.setup_seconds = setup.seconds();

  MetricsLog log(folder / "metrics.jsonl");
  EpochReport e;
  e.steps = session.steps_per_epoch();
  for (int epoch = 0; epoch < recipe.epochs; ++epoch) {
    const Stopwatch watch_epoch;
    e.epoch = epoch + 1;
    e.finished = false;
    e.validation = {};
    const auto progress = [&](std::int64_t step, const StepControl& sums) {
      e.step = step;
      e.running = metrics_of(sums);
      e.seconds = watch_epoch.seconds();
      e.learning_rate = session.learning_rate_at(epoch * e.steps + step - 1);
      if (watch) watch(e);
    };
    e.running = session.train_epoch(epoch, progress);
    e.seconds = watch_epoch.seconds();
    e.loss_terms = loss_terms(session);
    r.seconds += e.seconds;
    if (recipe.validation > 0) e.validation = session.evaluate(Split::validation);
    e.finished = true;
    log.add(epoch_json(e, net.task));
    if (watch) watch(e);
  }

  r.task = net.task;
  r.loss_terms = e.loss_terms;
  session.prune_if_due(e.steps * recipe.epochs);
  r.recipe = recipe;
  r.trainable_params = trainable_params(recipe, net);
  r.target_params = net.param_count();
  r.train = session.evaluate(Split::train);
  if (recipe.validation > 0) r.validation = session.evaluate(Split::validation);
  r.test = session.evaluate(Split::test);
  r.add_ons = measure_add_ons(session, recipe, net);
  const Plan& plan = session.program().plan();
  r.arena_bytes = plan.total;
  r.arena_lower_bound_bytes = plan.lower_bound;
  r.map_bytes = map_bytes(plan);
  r.state_values = net.state_count();
  r.series = session.series();
  r.decode = session.decode_times();
  r.stored_value_bytes = r.trainable_params * sizeof(float);
  r.peak_rss_bytes = peak_rss_bytes();
  r.device = session.program().device().description();
  r.version = version_string();
  const LatentFile model = describe_model(recipe, net, dataset, session);
  r.stored_values = model.values.size();
  r.refreshes = model.refreshes;
  write_latent_file(folder / "model.latent", model);
  write_file_atomic(folder / "result.json", to_json(r).dump(2) + "\n");
  return r;
}

nlohmann::json to_json(const RunResult& r) {
  nlohmann::json json = to_json(r.recipe);
  if (r.recipe.regularisation.ema > 0) json["evaluated_values"] = "ema";
  json["trainable_params"] = r.trainable_params;
  json["target_params"] = r.target_params;
  json["stored_values"] = r.stored_values;
  json["refreshes"] = r.refreshes;
  if (r.state_values > 0) json["running_statistics"] = r.state_values;
  add_metrics(json, r.task, "train_", r.train);
  add_metrics(json, r.task, "test_", r.test);
  json["loss"] = r.test.loss;
  if (r.validation.samples > 0) add_metrics(json, r.task, "validation_", r.validation);
  if (r.task == Task::forecast) {
    json["persistence_mse_train"] = r.series.persistence_mse_train;
    json["persistence_mse_test"] = r.series.persistence_mse_test;
    json["missing_filled"] = r.series.missing;
    json["test_rmse_in_units"] = std::sqrt(r.test.loss) * r.series.target_range;
  }
  if (r.recipe.loss.any()) {
    add_loss_terms(json, r.loss_terms);
    json["trained_lambdas"] = trained_lambdas(r.recipe);
  }
  if (r.add_ons) add_to_json(json, *r.add_ons);
  json["seconds"] = r.seconds;
  json["seconds_per_epoch"] = r.recipe.epochs > 0 ? r.seconds / r.recipe.epochs : 0.0;
  json["setup_seconds"] = r.setup_seconds;
  if (r.decode.seconds > 0) {
    json["decode_seconds"] = r.decode.seconds;
    json["decode_wait_seconds"] = r.decode.waited_seconds;
  }
  json["arena_bytes"] = r.arena_bytes;
  json["arena_lower_bound_bytes"] = r.arena_lower_bound_bytes;
  json["map_bytes"] = r.map_bytes;
  json["stored_value_bytes"] = r.stored_value_bytes;
  json["peak_rss_bytes"] = r.peak_rss_bytes;
  json["device"] = r.device;
  json["version"] = r.version;
  return json;
}

std::string version_string() { return fmt::format("{} ({})", kVersion, kCommit); }

}  // namespace mapnet
