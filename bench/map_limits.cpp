#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "common/error.hpp"
#include "common/processors.hpp"
#include "device/program.hpp"
#include "mapping/names.hpp"
#include "train/build_info.hpp"

/// The fixed maps beside what memory allows: each pass against the time a copy of its bytes takes.
using namespace mapnet;

namespace {

constexpr double kDenseGoal = 0.85;    // of the measured copy bandwidth
constexpr double kHadamardGoal = 1.5;  // times the copy's time

struct Options {
  std::string device = built_for_cuda() ? "cuda" : "cpu";
  int threads = usable_processors();
  int log2_parameters = 26;
  std::size_t max_points = std::size_t{1} << 26;
  std::size_t dense_parameters = 108'618, dense_latents = 2048;  // CNN2, slvt
  int samples = 9;
  double sample_seconds = 2e-3;
  bool json = false;
};

struct Case {
  MapKind kind;
  Modulation modulation;
  std::size_t parameters, latents;  // of a Hadamard map: its points, all in use
};

struct Pass {
  std::string name;
  double seconds, bytes;
};

struct Outcome {
  Case what;
  std::vector<Pass> passes;
  std::string skipped;  // why, where there are no passes
};

std::vector<Case> cases(const Options& o) {
  std::vector<Case> all;
  for (const MapKind kind : {MapKind::dense, MapKind::dense_bf16})
    all.push_back({kind, Modulation::none, o.dense_parameters, o.dense_latents});
  for (int log = 10; log <= 26 && (std::size_t{1} << log) <= o.max_points; ++log) {
    const std::size_t points = std::size_t{1} << log;
    const std::size_t parameters = std::max(points, std::size_t{1} << o.log2_parameters);
    all.push_back({MapKind::hadamard, Modulation::none, parameters, points});
    // A modulated map goes the same way as a plain one: a few sizes tell.
    if (log % 5 == 0) all.push_back({MapKind::hadamard, Modulation::signed_, parameters, points});
  }
  return all;
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

/// Seconds of one step: the median of samples long enough for the clock.
double time_step(const Program& program, const Run& run, const Options& o) {
  const double once = program.seconds({run}, 1);
  const int repeats = static_cast<int>(std::clamp(o.sample_seconds / once, 1.0, 200.0));
  std::vector<double> samples;
  for (int i = 0; i < o.samples; ++i) samples.push_back(program.seconds({run}, repeats));
  return median(std::move(samples));
}

Outcome measure(const std::shared_ptr<Device>& device, const Case& c, const Options& o) {
  MapDesc desc;
  desc.kind = c.kind;
  desc.modulation = c.modulation;
  desc.alpha = 0.1f;
  desc.seed = 1;
  desc.blocks = {{"all", 0, c.parameters, 0, c.latents}};
  desc.scales = {{0, c.parameters, 1.0f}};
  Schedule schedule(device);
  const auto buffer = [&](const char* name, std::size_t n) {
    return schedule.persistent_buffer(name, "bench", n * sizeof(float));
  };
  const BufferId z = buffer("z", c.latents), dz = buffer("dz", c.latents);
  const BufferId theta = buffer("theta", c.parameters);
  fill_normal(schedule, "z", z, c.latents, desc.seed, Stream::latent_init, 1.0f);
  MapState map = map_setup(schedule, desc);
  schedule.begin(Phase::train);
  map_forward(schedule, desc, map, z, theta, true);
  map_backward(schedule, desc, map, z, theta, dz);  // theta stands for its gradient

  Outcome outcome{c, {}, {}};
  std::unique_ptr<Program> program;
  try {
    program = std::make_unique<Program>(schedule, plan_arena(schedule.lifetimes()));
  } catch (const Error& e) {  // what does not fit: the message says how much was there
    outcome.skipped = e.what();
    return outcome;
  }
  program->run(Phase::setup);
  program->run(Phase::train);
  program->wait();
  const char* names[] = {"forward", "backward"};
  for (std::size_t k = 0; k < 2; ++k)
    outcome.passes.push_back({names[k], time_step(*program, program->runs(Phase::train)[k], o),
                              program->steps(Phase::train)[k].bytes});
  return outcome;
}

/// A pass beside a copy that reads and writes `copy_gb_per_s` together.
struct Verdict {
  double gb_per_s, copy_share, copy_times;
  bool met;
};
Verdict judge(const Case& c, const Pass& p, double copy_gb_per_s) {
  Verdict v{};
  v.gb_per_s = p.bytes / p.seconds * 1e-9;
  v.copy_share = v.gb_per_s / copy_gb_per_s;
  v.copy_times = 1 / v.copy_share;
  v.met = c.kind == MapKind::hadamard ? v.copy_times <= kHadamardGoal : v.copy_share >= kDenseGoal;
  return v;
}

nlohmann::json to_json(const Outcome& o, double copy_gb_per_s) {
  nlohmann::json json = {{"map", to_string(o.what.kind)},
                         {"modulation", to_string(o.what.modulation)},
                         {"parameters", o.what.parameters},
                         {"latents", o.what.latents}};
  if (!o.skipped.empty()) json["skipped"] = o.skipped;
  for (const Pass& p : o.passes) {
    const Verdict v = judge(o.what, p, copy_gb_per_s);
    json["passes"].push_back({{"pass", p.name},
                              {"seconds", p.seconds},
                              {"bytes", p.bytes},
                              {"gb_per_s", v.gb_per_s},
                              {"copy_share", v.copy_share},
                              {"copy_times", v.copy_times},
                              {"met", v.met}});
  }
  return json;
}

void print_row(const Outcome& o, double copy_gb_per_s) {
  const std::string what =
      fmt::format("{} {}", to_string(o.what.kind), to_string(o.what.modulation));
  const std::string head =
      fmt::format("{:<18}{:>10}{:>11}", what, o.what.latents, o.what.parameters);
  if (!o.skipped.empty()) fmt::print("{}  skipped: {}\n", head, o.skipped);
  for (const Pass& p : o.passes) {
    const Verdict v = judge(o.what, p, copy_gb_per_s);
    fmt::print("{}  {:<9}{:>12.1f}{:>12.1f}{:>10.1f}{:>7.0f}%{:>9.2f}  {}\n", head, p.name,
               1e6 * p.seconds, p.bytes * 1e-6, v.gb_per_s, 100 * v.copy_share, v.copy_times,
               v.met ? "met" : "missed");
  }
  std::fflush(stdout);
}

void run(const Options& o) {
  const std::shared_ptr<Device> device =
      o.device == "cuda" ? open_cuda(FastMath::off) : open_cpu(std::max(1, o.threads));
  const Peak peak = device->measure_peak();
  nlohmann::json json = {
      {"device", device->description()},     {"version", version_string()},
      {"peak_gflops", peak.gflops},          {"peak_copy_gb_per_s", peak.copy_gb_per_s},
      {"goal_dense_copy_share", kDenseGoal}, {"goal_hadamard_copy_times", kHadamardGoal},
      {"cases", nlohmann::json::array()}};
  if (!o.json) {
    fmt::print("{}, copy {:.1f} GB/s\n", device->description(), peak.copy_gb_per_s);
    fmt::print("goals: dense {:.0f}% of the copy's bandwidth, hadamard {:.1f} times its time\n\n",
               100 * kDenseGoal, kHadamardGoal);
    fmt::print("{:<18}{:>10}{:>11}  {:<9}{:>12}{:>12}{:>10}{:>8}{:>9}\n", "map", "latents",
               "parameters", "pass", "us", "MB", "GB/s", "copy", "times");
  }
  for (const Case& c : cases(o)) {
    const Outcome outcome = measure(device, c, o);
    if (o.json)
      json["cases"].push_back(to_json(outcome, peak.copy_gb_per_s));
    else
      print_row(outcome, peak.copy_gb_per_s);
  }
  if (o.json) fmt::print("{}\n", json.dump(1));
}

}  // namespace

int main(int argc, char** argv) {
  Options o;
  CLI::App app("Times the fixed maps against a copy of the bytes they move, each once.");
  app.add_option("--device", o.device)
      ->check(CLI::IsMember({"cpu", "cuda"}))
      ->capture_default_str();
  app.add_option("--threads", o.threads, "of a CPU")->capture_default_str();
  app.add_option("--log2-parameters", o.log2_parameters, "parameters of a Hadamard map, at least")
      ->check(CLI::Range(4, 28))
      ->capture_default_str();
  app.add_option("--max-points", o.max_points, "largest Hadamard transform, from 1024 on")
      ->capture_default_str();
  app.add_option("--dense-parameters", o.dense_parameters)->capture_default_str();
  app.add_option("--dense-latents", o.dense_latents)->capture_default_str();
  app.add_option("--samples", o.samples)->check(CLI::Range(1, 1000))->capture_default_str();
  app.add_option("--sample-seconds", o.sample_seconds)->capture_default_str();
  app.add_flag("--json", o.json, "for tools");
  try {
    app.parse(argc, argv);
    run(o);
  } catch (const CLI::ParseError& e) {  // --help is one too
    return app.exit(e) == 0 ? 0 : 2;
  } catch (const std::exception& e) {
    fmt::print(stderr, "bench_map_limits: {}\n", e.what());
    return 1;
  }
  return 0;
}
