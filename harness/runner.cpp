#include "harness/runner.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <deque>
#include <list>
#include <map>
#include <optional>
#include <thread>

#include "common/error.hpp"
#include "common/file.hpp"
#include "common/stopwatch.hpp"
#include "harness/checks.hpp"
#include "harness/complaint.hpp"
#include "harness/process.hpp"
#include "harness/run_record.hpp"
#include "train/run_folder.hpp"

namespace mapnet {

namespace fs = std::filesystem;

namespace {

struct Job {
  const Table* table;
  ChosenEntry* entry;
  SeedRun* run;

  std::string name() const {
    return fmt::format("{} {} seed {}", entry->row->name, entry->data(), run->seed);
  }
  /// For the progress alone: what is no number `mapnet train` refuses.
  int epochs() const {
    int count = 10;
    const auto found = entry->settings.find("epochs");
    if (found == entry->settings.end() || found->second.empty()) return count;
    const std::string& word = found->second.front();
    std::from_chars(word.data(), word.data() + word.size(), count);
    return count;
  }
};

// Seconds until a run whose folder another mapnet has fails: one that was stopped writes its
// checkpoint. Other runs go on meanwhile.
constexpr double kPatience = 10;

struct RunningJob {
  Job job;
  ChildProcess process;
  Stopwatch watch{};
  int epochs_before = 0;  // that an earlier process had finished

  int epochs_done() const {
    const fs::path file = job.run->folder / "metrics.jsonl";
    if (!fs::exists(file)) return 0;
    const std::string lines = read_file(file);
    return static_cast<int>(std::count(lines.begin(), lines.end(), '\n'));
  }
};

/// A folder that another mapnet was found in.
struct Taken {
  Stopwatch since, looked_at;
};

class Runner {
 public:
  Runner(std::vector<Campaign>& campaigns, const RunnerOptions& options) : options_(options) {
    for (Campaign& campaign : campaigns)
      for (ChosenEntry& entry : campaign.entries)
        for (SeedRun& run : entry.runs) {
          jobs_[run.folder] = {campaign.table, &entry, &run};
          if (entry.state != EntryState::pending) continue;
          ++progress_.total;
          if (run.done)
            ++progress_.done;
          else
            waiting_.push_back({campaign.table, &entry, &run});
        }
  }

  bool run() {
    while (!waiting_.empty() || !running_.empty()) {
      if (is_stopping(options_.stop_requested)) return stop();
      start_ready();
      collect();
      tell();
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    // A terminal's signal ends its children, too: what they failed of may be that.
    return !is_stopping(options_.stop_requested);
  }

 private:
  /// What needs a run that is not over yet, or a folder that is taken, keeps its place.
  void start_ready() {
    for (auto at = waiting_.begin(); at != waiting_.end() && has_room();) {
      if (!is_ready(*at)) {
        ++at;
        continue;
      }
      const Job job = *at;
      at = waiting_.erase(at);
      if (!start(job)) at = std::next(waiting_.insert(at, job));
    }
  }

  bool has_room() const { return running_.size() < static_cast<std::size_t>(options_.jobs); }

  bool is_ready(const Job& job) const {
    const Job* source = source_of(job);
    return !source || source->run->done || source->entry->state != EntryState::pending;
  }

  /// The run whose weights a run begins with; nullptr where there is none.
  const Job* source_of(const Job& job) const {
    const auto found = jobs_.find(job.run->source);
    return found == jobs_.end() ? nullptr : &found->second;
  }

  /// Whether its source is done; else the entry has failed like it.
  static bool take_weights(const Job& job, const Job& source) {
    ChosenEntry& entry = *job.entry;
    if (source.run->done) {
      prepare_weights(entry, *job.run);
    } else {
      entry.state = source.entry->state;
      entry.message = fmt::format("its weights are those of {}: {}", source.entry->row->name,
                                  source.entry->message);
    }
    return entry.state == EntryState::pending;
  }

  /// False where it is to be tried again: its folder is taken.
  bool start(const Job& job) {
    const Job* source = source_of(job);
    // Another seed of it failed: this one would, too.
    const bool lost = job.entry->state != EntryState::pending;
    const bool tried = taken_.contains(job.run->folder);  // with the weights there
    if (lost || (source && !tried && !take_weights(job, *source))) {
      ++progress_.done;
      return true;
    }
    FolderState state{};
    try {
      state = prepare_folder(*job.run);
      if (state == FolderState::taken) require_patience(*job.run);
    } catch (const Error& e) {
      fail_entry(job, e.what());
      tell_end(job);
      return true;
    }
    if (state == FolderState::taken) return false;
    run_child(job, state == FolderState::goes_on ? "--resume" : "--overwrite");
    return true;
  }

  /// Throws Error where a run has waited for its folder long enough: looking at it again and again,
  /// not for a place.
  void require_patience(const SeedRun& run) {
    constexpr double kNotLooking = 1;  // seconds, many turns
    Taken& taken = taken_[run.folder];
    if (taken.looked_at.seconds() > kNotLooking) taken = {};
    taken.looked_at = {};
    if (taken.since.seconds() >= kPatience)
      fail("{}: another mapnet is training there; wait for it, end it, or give another --runs",
           run.folder.string());
  }

  void run_child(const Job& job, const char* beginning) {
    const SeedRun& run = *job.run;
    std::vector<std::string> words = {kThisProgram};
    words.insert(words.end(), run.words.begin(), run.words.end());
    words.insert(words.end(), {"--out", run.folder.string(), beginning});
    running_.push_back({job, ChildProcess(words, output_of(run))});
    running_.back().epochs_before = running_.back().epochs_done();
  }

  static fs::path output_of(const SeedRun& run) { return run.folder / "output.txt"; }

  static void fail_entry(const Job& job, const std::string& why) {
    job.entry->state = EntryState::failed;
    job.entry->message = why;
  }

  /// Takes in what has ended.
  void collect() {
    for (auto running = running_.begin(); running != running_.end();) {
      const std::optional<int> code = running->process.exit_code();
      if (!code) {
        ++running;
        continue;
      }
      finish(*running, *code);
      running = running_.erase(running);
    }
  }

  void finish(RunningJob& running, int code) {
    seconds_.push_back(running.watch.seconds());
    SeedRun& run = *running.job.run;
    run.begun = RunFolder{run.folder}.begun() || RunFolder{run.folder}.finished();
    if (code != 0)
      fail_entry(running.job, why_it_failed(output_of(run), code));
    else
      take_results(running.job);
    tell_end(running.job);
  }

  /// Of a run that is over, begun or not.
  void tell_end(const Job& job) {
    ++progress_.done;
    progress_.finished = job.name();
    if (job.entry->state == EntryState::failed)
      progress_.finished += ": failed: " + job.entry->message;
    tell(true);
    progress_.finished.clear();
  }

  static void take_results(const Job& job) {
    try {
      read_results(*job.run);
      record_result(*job.run);
      settle(*job.entry, *job.table);
    } catch (const Error& e) {
      fail_entry(job, e.what());
    }
  }

  bool stop() {
    for (RunningJob& running : running_) running.process.stop();
    running_.clear();  // waits for them
    return false;
  }

  double seconds_left() const {
    double known = 0;
    for (const double s : seconds_) known += s;
    const double mean = seconds_.empty() ? 0 : known / static_cast<double>(seconds_.size());
    double left = 0;
    for (const RunningJob& r : running_) {
      const int done = r.epochs_done() - r.epochs_before;
      const int to_do = r.job.epochs() - r.epochs_before - done;
      if (done > 0)
        left += r.watch.seconds() / done * to_do;
      else
        left += std::max(0.0, expected(r.job, mean) - r.watch.seconds());
    }
    for (const Job& job : waiting_) left += expected(job, mean);
    return left / options_.jobs;
  }

  static double expected(const Job& job, double mean) {
    return job.entry->entry->seconds > 0 ? job.entry->entry->seconds : mean;
  }

  void tell(bool now = false) {
    if (!options_.progress || (!now && told_ && told_->seconds() < 1)) return;
    told_.emplace();
    progress_.running.clear();
    for (const RunningJob& r : running_)
      progress_.running.push_back(
          fmt::format("{}, epoch {}/{}", r.job.name(), r.epochs_done(), r.job.epochs()));
    progress_.seconds_left = seconds_left();
    options_.progress(progress_);
  }

  const RunnerOptions& options_;
  std::map<fs::path, Job> jobs_;  // by their folders
  std::deque<Job> waiting_;
  std::map<fs::path, Taken> taken_;  // folders
  std::list<RunningJob> running_;
  std::vector<double> seconds_;  // of the runs that have ended
  RunnerProgress progress_;
  std::optional<Stopwatch> told_;
};

}  // namespace

bool run_pending(std::vector<Campaign>& campaigns, const RunnerOptions& options) {
  return Runner(campaigns, options).run();
}

}  // namespace mapnet
