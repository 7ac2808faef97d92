#include "train/run_schedule.hpp"

#include <algorithm>

#include "common/error.hpp"
#include "data/dataset.hpp"
#include "train/rank_share.hpp"
#include "train/schedule/builder.hpp"

namespace mapnet {

std::int64_t training_steps(const Recipe& recipe, const SampleCounts& counts) {
  return static_cast<std::int64_t>(batches_of(counts.train, recipe.batch)) * recipe.epochs;
}

int micro_batch_of(const Recipe& recipe, int ranks) {
  const int share = largest_share(recipe.batch, ranks), micro = recipe.footprint.micro_batch;
  return micro > 0 ? std::min(micro, share) : share;
}

int eval_batch_of(const Recipe& recipe, int ranks) {
  return std::min(recipe.batch, micro_batch_of(recipe, ranks) * ranks);
}

SampleCounts split_samples(const Recipe& recipe, const Dataset& dataset) {
  const std::size_t train = dataset.train.count;
  if (train == 0)
    fail<UsageError>(
        "{}: expected training samples, found none; give another --data, or another folder with "
        "--data-dir",
        dataset.name);
  if (recipe.validation >= train)
    fail<UsageError>(
        "--validation sets {} of {} training samples aside; nothing is left to train on",
        recipe.validation, train);
  return {train - recipe.validation, recipe.validation, dataset.test.count,
          dataset.task == Task::forecast, recipe.split_seed.value_or(recipe.seed)};
}

RunSchedule build_run_schedule(const Recipe& recipe, const Network& net, const SampleCounts& counts,
                               const SampleFormat& format, Purpose purpose,
                               const std::shared_ptr<Communicator>& ranks) {
  RunSchedule run{Schedule(open_device(recipe, ranks->local_rank()))};
  ScheduleBuilder builder{recipe, net, format, ranks, run};
  builder.setup(counts, purpose);
  if (purpose == Purpose::train) {
    builder.keep_history(counts);
    builder.train();
  }
  if (purpose == Purpose::sketch) {
    builder.sketch();
    return run;
  }
  if (recipe.refresh.on()) builder.refresh();
  builder.eval(purpose);
  return run;
}

}  // namespace mapnet
